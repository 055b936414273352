"""申报: choosing a clause, filing with files, the three lists, one claim with its buttons, batch approval."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import User
from scoring.models import Claim, Evidence, LedgerEntry, Month
from scoring.services.claims import advance_claim, return_claim, submit_claim
from scoring.todo import waiting_for
from tests import factories
from tests.members.views.counting import queries_of
from tests.scoring.claiming import DAY, claiming
from tests.scoring.factories import MONTH
from tests.scoring.test_evidence import PDF, picture

pytestmark = pytest.mark.django_db
NEW, LIST = reverse("scoring:claim-create"), reverse("scoring:claim-list")


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def upload(body: bytes = PDF, name: str = "证明.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body)


def fields(**given):
    return {
        "text": "1", "happened_on": f"{DAY}", "month": "", "reason": "周末社区义诊", "key": str(uuid.uuid4()),
        "submit": "1",
    } | given  # fmt: skip


def file_claim(made, code="加-1", by=None, **given):
    return client_of(by or made.cast.member).post(f"{NEW}?item={code}", fields(**given), follow=True)


def verb(claim, name, by, **given):
    return client_of(by).post(reverse(f"scoring:claim-{name}", args=[claim.pk]), given, follow=True)


def detail(claim, by):
    return client_of(by).get(reverse("scoring:claim-detail", args=[claim.pk]))


# --- choosing and filling in ------------------------------------------------------------------
def test_chooser_offers_what_this_member_may_claim():
    made = claiming()
    page = client_of(made.cast.member).get(NEW)
    offered = [(section.name, [one.item.code for one in choices]) for section, choices in page.context["sections"]]
    assert offered == [("加分", ["加-1", "加-2", "加-5", "加-6"])]
    made.cast.colleague.member.member_class = "骨干类"
    made.cast.colleague.member.save()
    page = client_of(made.cast.colleague).get(NEW)
    assert [one.item.code for one in page.context["sections"][0][1]] == ["加-1", "加-2", "加-3", "加-5", "加-6"]


def test_chooser_says_what_is_missing():
    homeless = factories.user(factories.member(None))
    assert client_of(homeless).get(NEW).context["refusal"] == "目前没有组织关系，不能申报；请联系支部书记。"
    ruleless = factories.user(factories.member(factories.branch()))
    assert "没有生效的积分办法" in client_of(ruleless).get(NEW).context["refusal"]


@pytest.mark.parametrize(
    ("code", "label", "choices", "initial"),
    [
        ("加-1", "数量（次）", None, ""),
        ("加-2", "级别", ["", "国家级", "市级"], None),
        ("加-5", "数量（次）", None, "1"),
    ],
)
def test_form_asks_for_the_content_as_the_clause_does(code, label, choices, initial):
    made = claiming()
    field = client_of(made.cast.member).get(NEW, {"item": code}).context["form"].fields["text"]
    assert (field.label, [key for key, _name in getattr(field, "choices", [])] or None) == (label, choices)
    assert field.initial == initial


def test_claim_is_filed_with_its_photos():
    made = claiming()
    page = file_claim(made, text="2", files=[upload(picture("JPEG"), "现场.jpg"), upload()])
    claim = Claim.objects.get()
    assert page.redirect_chain == [(reverse("scoring:claim-detail", args=[claim.pk]), 302)]
    assert said(page) == ["已提交，办理结果会在首页和站内消息里告诉您。"]
    assert (claim.state, claim.text, claim.points, claim.month, claim.reason) == (
        "CLAIMED", "2次", 4, MONTH, "周末社区义诊",
    )  # fmt: skip
    assert [file.name for file in page.context["files"]] == ["现场.jpg", "证明.pdf"]
    assert [(one["label"], one["state"]) for one in page.context["steps"]] == [
        ("申报", "done"), ("初核", "now"), ("审核", "todo"), ("审定", "todo"),
    ]  # fmt: skip


def test_month_that_takes_no_entries_is_passed_over():
    made = claiming()
    Month.objects.create(unit=made.cast.branch, month=MONTH, state="CHECKED")
    file_claim(made)
    assert Claim.objects.get().month == MONTH + 1
    form = client_of(made.cast.member).get(NEW, {"item": "加-1"}).context["form"]
    assert str(MONTH) not in dict(form.fields["month"].choices)


def test_draft_waits_for_nobody_and_is_handed_in_later():
    made = claiming()
    given = fields(draft="1")
    del given["submit"]
    page = client_of(made.cast.member).post(f"{NEW}?item=加-1", given, follow=True)
    claim = Claim.objects.get()
    assert (claim.state, said(page)) == ("DRAFT", ["已存为草稿。"])
    assert verb(claim, "submit", made.cast.member).context["claim"].state == "CLAIMED"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"text": "很多"}, "不是规定的写法"),
        ({"happened_on": "2099-01-01"}, "发生日期还没有到"),
        ({"month": "202610", "happened_on": "2025-09-12"}, "须与发生日期在同一年"),
        ({"reason": ""}, None),
        ({"happened_on": "九月"}, None),
    ],
)
def test_refused_claim_stays_on_the_page_as_it_was_typed(given, sentence):
    made = claiming()
    page = file_claim(made, **given)
    form = page.context["form"]
    assert page.status_code == 200
    assert not Claim.objects.exists()
    typed = fields(**given)
    names = ("text", "happened_on", "month", "reason")
    assert {name: form[name].value() for name in names} == {name: typed[name] for name in names}
    assert sentence is None or sentence in form.non_field_errors()[0]


def test_claim_that_lacks_its_proof_is_kept_as_a_draft():
    made = claiming()
    page = file_claim(made, "加-2", text="市级")
    claim = Claim.objects.get()
    assert page.redirect_chain == [(reverse("scoring:claim-edit", args=[claim.pk]), 302)]
    assert (claim.state, said(page)) == ("DRAFT", ["加-2 表彰须附佐证材料，请先上传照片或文件。", "已存为草稿。"])
    edit = reverse("scoring:claim-edit", args=[claim.pk])
    again = fields(text="市级", key=str(claim.key), files=[upload()])
    client_of(made.cast.member).post(edit, again)
    claim.refresh_from_db()
    assert (claim.state, Claim.objects.count()) == ("CLAIMED", 1)


def test_file_that_is_refused_keeps_the_claim_back():
    made = claiming()
    page = file_claim(made, files=[upload(b"GIF89a", "动图.gif"), upload()])
    claim = Claim.objects.get()
    assert (claim.state, [file.name for file in page.context["files"]]) == ("DRAFT", ["证明.pdf"])
    assert said(page)[0].startswith("动图.gif：只接受图片")


def test_second_tap_makes_no_second_claim():
    made = claiming()
    key = str(uuid.uuid4())
    pages = [file_claim(made, key=key, files=[upload()]) for _time in range(2)]
    claim = Claim.objects.get()
    assert {page.redirect_chain[-1][0] for page in pages} == {reverse("scoring:claim-detail", args=[claim.pk])}
    assert Evidence.objects.filter(claim=claim).count() == 1


def test_returned_claim_is_mended_under_another_clause_and_filed_anew():
    made = claiming("审核")
    claim = return_claim(made.claim(text="2次"), by=made.cast.commissioner, reason="次数不符")
    edit = reverse("scoring:claim-edit", args=[claim.pk])
    client = client_of(made.cast.member)
    page = client.get(edit)
    assert (page.context["form"]["text"].value(), "次数不符" in page.content.decode()) == ("2", True)
    choices = client.get(f"{edit}?item=").context["sections"][0][1]
    assert [one.item.code for one in choices] == ["加-1", "加-2", "加-5", "加-6"]
    client.post(f"{edit}?item=加-5", fields(key=str(claim.key)), follow=True)
    claim.refresh_from_db()
    assert (claim.state, claim.round, claim.item.code, claim.text) == ("CLAIMED", 2, "加-5", "1")
    page = client.get(edit, follow=True)
    assert said(page) == ["这件申报已在办理中，不能修改；需要修改请办理人退回，或撤回后重新申报。"]


def test_file_is_taken_off_a_draft_alone():
    made = claiming()
    claim = made.draft()
    client = client_of(made.cast.member)
    add = reverse("scoring:claim-evidence-add", args=[claim.pk])
    client.post(add, {"files": [upload()]}, follow=True)
    file = Evidence.objects.get()
    submit_claim(claim, by=made.cast.member)
    remove = reverse("scoring:claim-evidence-remove", args=[file.pk])
    assert "不能移除" in said(client.post(remove, follow=True))[0]
    return_claim(Claim.objects.get(), by=made.cast.group_leader, reason="看不清")
    assert said(client.post(remove, follow=True)) == ["已移除“证明.pdf”。"]
    assert not Evidence.objects.standing().exists()
    assert said(client.post(add, follow=True)) == ["没有选择文件。"]


# --- lists ------------------------------------------------------------------------------------
def test_tabs_are_those_that_make_sense_for_the_person():
    made = claiming()
    tabs = {
        role: list(client_of(user).get(LIST).context["tabs"].values())
        for role, user in made.cast.by_role().items()
        if user.member_id
    }
    decides = ["我的申报", "待我办理"]
    assert tabs == {
        "member": ["我的申报"],
        "colleague": ["我的申报"],
        "stranger": ["我的申报"],
        "business_admin": ["我的申报"],
        "group_leader": [*decides, "本小组"],
        "secretary": [*decides, "本支部"],
        "deputy": [*decides, "本支部"],
        "commissioner": [*decides, "本支部"],
        "committee_member": [*decides, "各支部"],
    }


def test_list_of_the_branch_holds_what_may_be_seen_but_drafts():
    made = claiming("审定")
    made.draft()
    made.claim(by=made.cast.colleague)
    made.claim(by=made.cast.deputy)
    for user in made.cast.by_role().values():
        fresh = User.objects.get(pk=user.pk)
        seen = Claim.objects.visible_to(fresh).exclude(state="DRAFT").exclude(account__member=fresh.member_id or 0)
        own = Claim.objects.filter(account__member=fresh.member_id or 0)
        assert set(Claim.objects.handed_in_to(fresh)) - set(own) == set(seen)


def listed(page) -> list[str]:
    return [claim.account.member.name for claim in page.context["page"]]


def test_branch_is_narrowed_down_by_name_state_and_month():
    made = claiming("审定")
    advance_claim(made.claim(), by=made.cast.secretary)
    made.claim(by=made.cast.colleague, month=202610)
    made.draft(by=made.cast.deputy)
    client = client_of(made.cast.secretary)
    found = {
        query: listed(client.get(f"{LIST}?tab=branch&{query}"))
        for query in ("", "q=ljy", "q=王建国", "state=APPROVED", "state=DRAFT", "month=202610", "month=abc", "page=9")
    }
    assert found == {
        "": ["李静怡", "王建国"],
        "q=ljy": ["李静怡"],
        "q=王建国": ["王建国"],
        "state=APPROVED": ["王建国"],
        # A value that makes no sense is ignored.
        "state=DRAFT": ["李静怡", "王建国"],
        "month=202610": ["李静怡"],
        "month=abc": ["李静怡", "王建国"],
        "page=9": ["李静怡", "王建国"],
    }


def test_own_list_shows_drafts_and_the_reason_of_a_return():
    made = claiming()
    made.draft()
    return_claim(made.claim(), by=made.cast.group_leader, reason="请补照片")
    made.claim(by=made.cast.colleague)
    page = client_of(made.cast.member).get(LIST)
    assert [claim.state for claim in page.context["page"]] == ["RETURNED", "DRAFT"]
    assert "退回原因：请补照片" in page.content.decode()


def test_queue_shows_the_oldest_first_and_what_to_know():
    made = claiming("审定")
    advance_claim(made.claim(text="2次"), by=made.cast.secretary)
    first, second = made.claim(text="1次"), made.claim(by=made.cast.colleague, text="1次")
    lines = client_of(made.cast.secretary).get(f"{LIST}?tab=waiting").context["lines"]
    note = "该条款每月最多 4 分，本月已入账 4 分：可以申报并留下记录，超出部分不计分。"
    assert lines == [(first, note), (second, "")]


def test_ticked_claims_are_decided_with_their_exceptions():
    made = claiming("审定")
    good = [made.claim(), made.claim(by=made.cast.colleague)]
    own = made.claim(by=made.cast.secretary)
    gone = made.claim(by=made.cast.deputy)
    Claim.objects.filter(pk=gone.pk).update(state="WITHDRAWN", next_step="")
    unseen = made.draft()
    ticked = [claim.pk for claim in (*good, own, gone, unseen)]
    page = client_of(made.cast.secretary).post(
        reverse("scoring:claims-advance"), {"claim": [*ticked, "x", "9" * 30]}, follow=True
    )
    assert said(page) == [
        "已办理 2 件。",
        "陈志远“志愿服务 周末社区义诊”：不能办理自己的申报，请由其他人办理。",
        "吴海涛“志愿服务 周末社区义诊”：这件申报现在不用办理，请刷新页面查看最新状态。",
    ]
    assert LedgerEntry.objects.count() == 2
    unseen.refresh_from_db()
    assert unseen.state == "DRAFT"


def test_nothing_ticked_says_so():
    made = claiming()
    page = client_of(made.cast.secretary).post(reverse("scoring:claims-advance"), follow=True)
    assert said(page) == ["没有勾选申报。"]


# --- one claim --------------------------------------------------------------------------------
FLAGS = ("may_decide", "may_edit", "may_withdraw", "may_attach")


def flags_of(made, claim) -> dict[str, str]:
    """What each role that sees the claim may do with it now."""
    found = {}
    for role, user in made.cast.by_role().items():
        page = detail(claim, user)
        if page.status_code == 200:
            found[role] = " ".join(name.removeprefix("may_") for name in FLAGS if page.context[name])
    return found


def test_buttons_are_those_of_whoever_can_do_something_now():
    made = claiming()
    draft, claim = made.draft(), made.claim()
    assert flags_of(made, draft) == {"member": "edit withdraw attach"}
    nobody = dict.fromkeys(("secretary", "deputy", "commissioner", "committee_member"), "")
    assert flags_of(made, claim) == nobody | {"member": "withdraw", "group_leader": "decide"}
    claim = advance_claim(claim, by=made.cast.group_leader)
    decides = dict.fromkeys(("secretary", "deputy", "commissioner"), "decide")
    assert flags_of(made, claim) == {"member": "withdraw", "group_leader": "", "committee_member": ""} | decides
    done = advance_claim(advance_claim(claim, by=made.cast.commissioner), by=made.cast.secretary)
    assert not any(flags_of(made, done).values())


def test_whoever_has_acted_is_told_why_not_again():
    made = claiming("审核, 审定")
    claim = advance_claim(made.claim(), by=made.cast.secretary)
    assert detail(claim, made.cast.secretary).context["refusal"].startswith("你已办理过这件申报的前一步")


def test_steps_are_done_one_after_the_other_with_names():
    made = claiming()
    claim = made.claim()
    for role in ("group_leader", "commissioner", "secretary"):
        page = verb(claim, "advance", made.cast.by_role()[role], opinion="属实")
    assert page.redirect_chain == [(f"{LIST}?tab=waiting", 302)]
    assert said(page) == ["王建国“志愿服务”已入账。"]
    steps = detail(claim, made.cast.member).context["steps"]
    assert [(one["label"], one["state"], one["note"].split(" ")[0]) for one in steps] == [
        ("申报", "done", "王建国"), ("初核", "done", "周敏"), ("审核", "done", "郑雪"), ("审定", "done", "陈志远"),
    ]  # fmt: skip


def test_return_needs_a_reason_and_shows_where_it_came_back():
    made = claiming()
    claim = made.claim()
    assert said(verb(claim, "return", made.cast.group_leader)) == ["请写明退回的原因，让申报人知道要补什么。"]
    assert said(verb(claim, "return", made.cast.group_leader, opinion="请补照片")) == [
        "已退回，申报人会收到退回的原因。"
    ]
    steps = detail(claim, made.cast.member).context["steps"]
    assert [(one["label"], one["state"]) for one in steps] == [
        ("申报", "now"), ("初核", "back"), ("审核", "todo"), ("审定", "todo"),
    ]  # fmt: skip


def test_withdrawn_claim_stops_where_it_was():
    made = claiming()
    claim = advance_claim(made.claim(), by=made.cast.group_leader)
    page = verb(claim, "withdraw", made.cast.member)
    assert said(page) == ["已撤回。"]
    assert [(one["label"], one["state"]) for one in page.context["steps"]] == [
        ("申报", "done"), ("初核", "done"), ("撤回", "back"),
    ]  # fmt: skip
    assert said(verb(claim, "advance", made.cast.commissioner)) == ["这件申报现在不用办理，请刷新页面查看最新状态。"]


def test_claim_without_a_secretary_says_who_decides():
    made = claiming("审定")
    claim = made.claim(by=made.cast.secretary)
    assert detail(claim, made.cast.secretary).context["steps"][1]["note"] == "由副书记或上级党委办理"


def test_entry_leads_back_to_its_claim_for_those_who_see_it():
    made = claiming("审定")
    done = advance_claim(made.claim(), by=made.cast.secretary)
    url = reverse("scoring:entry", args=[done.entry_id])
    found = {
        role: client_of(made.cast.by_role()[role]).get(url).context["claim"]
        for role in ("member", "secretary", "business_admin")
    }
    assert found == {"member": done.pk, "secretary": done.pk, "business_admin": None}


def test_rule_of_a_claim_equals_what_lists_show():
    made = claiming("审定")
    made.draft()
    made.claim(by=made.cast.colleague)
    made.claim(by=made.cast.secretary)
    rows = list(Claim.objects.select_related("account", "unit", "group"))
    for user in made.cast.by_role().values():
        fresh = User.objects.get(pk=user.pk)
        shown = set(Claim.objects.visible_to(fresh))
        assert {claim for claim in rows if fresh.has_perm("scoring.view_claim", claim)} == shown


# --- files ------------------------------------------------------------------------------------
def test_file_of_a_claim_is_for_the_claimant_and_who_sees_the_claim():
    made = claiming("审定")
    file_claim(made, files=[upload()])
    url = reverse("scoring:evidence-file", args=[Evidence.objects.get().pk])

    def allowed() -> set[str]:
        roles = made.cast.by_role().items()
        return {role for role, user in roles if client_of(user).get(url).status_code == 200}

    deciding = {"member", "group_leader", "secretary", "deputy", "commissioner", "committee_member"}
    assert allowed() == deciding
    advance_claim(Claim.objects.get(), by=made.cast.secretary)
    # In the ledger it is for whoever sees the entry.
    assert allowed() == deciding | {"business_admin"}


# --- to-dos -----------------------------------------------------------------------------------
def todos(user) -> list[tuple[str, int]]:
    fresh = User.objects.get(pk=user.pk)
    found = waiting_for(fresh, timezone.localdate())
    return [(todo.title, todo.count) for todo in found if "申报" in todo.title or "扣分" in todo.title]


def test_claims_wait_on_the_home_page_of_whoever_comes_next():
    made = claiming()
    for _number in range(2):
        made.claim()
    returned = return_claim(made.claim(), by=made.cast.group_leader, reason="请补照片")
    found = {role: todos(user) for role, user in made.cast.by_role().items() if todos(user)}
    assert found == {
        "group_leader": [("待办理的申报", 2)], "member": [("补正被退回的申报“志愿服务”", 1)],
    }  # fmt: skip
    fresh = User.objects.get(pk=made.cast.member.pk)
    assert waiting_for(fresh)[0].url == reverse("scoring:claim-detail", args=[returned.pk])


# --- queries ----------------------------------------------------------------------------------
@pytest.mark.parametrize("tab", ["mine", "waiting", "branch"])
def test_lists_take_as_many_queries_for_one_row_as_for_three(tab, queries):
    made = claiming()
    user = made.cast.member if tab == "mine" else made.cast.group_leader
    made.claim()
    client, asked = client_of(user), []
    for _round in range(2):
        asked.append(queries_of(client, queries, f"{LIST}?tab={tab}"))
        made.claim()
        made.claim()
    assert asked[0] == asked[1] <= 12


def test_pages_of_a_claim_stay_within_twelve_queries(queries):
    made = claiming()
    claim = advance_claim(made.claim(), by=made.cast.group_leader)
    draft = made.draft()
    asked = {
        "detail": queries_of(
            client_of(made.cast.commissioner), queries, reverse("scoring:claim-detail", args=[claim.pk])
        ),
        "choose": queries_of(client_of(made.cast.member), queries, NEW),
        "form": queries_of(client_of(made.cast.member), queries, f"{NEW}?item=加-1"),
        "edit": queries_of(client_of(made.cast.member), queries, reverse("scoring:claim-edit", args=[draft.pk])),
        "deduction": queries_of(
            client_of(made.cast.secretary),
            queries,
            f"{reverse('scoring:deduction-create', args=[made.cast.branch.pk])}?item=减-1",
        ),
    }
    assert {name: count for name, count in asked.items() if count > 12} == {}
