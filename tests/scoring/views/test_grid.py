"""The pages of the monthly grid: who gets in, what they are offered, what the script is answered."""

import json
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEvent
from scoring import months
from scoring.models import DraftCell, Evidence, Item, Month, MonthPolicy
from scoring.services.grid import Change, save_cells
from scoring.services.months import check_month, month_of_unit, return_month, submit_month
from tests.factories import cast, committee, official
from tests.scoring import factories
from tests.scoring.factories import MONTH

PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
def ground(db, client):
    people = cast()
    rules = factories.rule_set(people.committee)
    account = factories.account(people.member.member)
    items = {item.code: item for item in Item.objects.filter(section__rule_set=rules)}

    def url(name: str, month: int = MONTH, unit=people.branch) -> str:
        return reverse(f"scoring:{name}", args=[unit.pk, month])

    def sign_in(user) -> None:
        client.force_login(user, backend="members.backends.SignInBackend")

    def send(*changes: dict, month: int = MONTH):
        body = json.dumps({"changes": list(changes)})
        return client.post(url("month-cells", month), body, content_type="application/json")

    def fill(code: str = "基-1", text: str = "60") -> None:
        change = Change(account.pk, items[code].pk, text, 0)
        save_cells(month_of_unit(people.branch, MONTH), [change], by=people.secretary)

    sign_in(people.secretary)
    return SimpleNamespace(
        people=people, account=account, items=items, url=url, sign_in=sign_in, send=send, fill=fill, client=client
    )


def offered(page) -> set[str]:
    """The steps a page offers, by the names of their addresses."""
    text = page.content.decode()
    steps = ("submit", "recall", "check", "return", "close", "import", "template")
    return {step for step in steps if f"/months/{MONTH}/{step}/" in text}


def client_data(page) -> dict:
    _before, rest = page.content.decode().split('<script id="grid-data" type="application/json">')
    return json.loads(rest.split("</script>")[0])


# --- who gets in -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "view", "enter"),
    [
        ("secretary", 200, 200),
        ("deputy", 200, 200),
        ("commissioner", 200, 200),
        ("committee_member", 200, 403),
        ("business_admin", 200, 403),
        ("member", 403, 403),
        ("group_leader", 403, 403),
        ("stranger", 403, 403),
        ("auditor", 404, 404),
    ],
)
def test_pages_let_in_whoever_works_with_the_month(ground, role, view, enter):
    ground.sign_in(getattr(ground.people, role))
    assert ground.client.get(ground.url("month-grid")).status_code == view
    assert ground.client.get(ground.url("month-last")).status_code == view
    assert ground.send().status_code == enter


def test_pages_hide_the_branches_of_another_organisation(ground):
    elsewhere = committee()
    ground.sign_in(official(elsewhere, "COMMITTEE_SECRETARY", elsewhere))
    for name in ("month-grid", "month-last"):
        assert ground.client.get(ground.url(name)).status_code == 404
    assert ground.send().status_code == 404


def test_pages_of_files_are_as_closed_as_the_month(ground):
    ground.fill()
    cell = DraftCell.objects.get()
    add = {"account": cell.account_id, "item": cell.item_id, "file": SimpleUploadedFile("a.pdf", PDF)}
    assert ground.client.post(ground.url("evidence-add"), add).status_code == 200
    file = Evidence.objects.get()
    for role, seen, removed in (("stranger", 404, 404), ("member", 404, 404), ("committee_member", 200, 403)):
        ground.sign_in(getattr(ground.people, role))
        assert ground.client.get(reverse("scoring:evidence-file", args=[file.pk])).status_code == seen
        assert ground.client.post(reverse("scoring:evidence-remove", args=[file.pk])).status_code == removed
        add["file"] = SimpleUploadedFile("b.pdf", PDF + b"b")
        assert ground.client.post(ground.url("evidence-add"), add).status_code == 403
    assert Evidence.objects.get().removed_at is None


@pytest.mark.parametrize(
    ("unit", "month"), [("committee", MONTH), ("group", MONTH), ("branch", 202613), ("branch", 20)]
)
def test_page_is_there_for_branches_and_months_only(ground, unit, month):
    ground.sign_in(ground.people.committee_member)
    unit = getattr(ground.people, unit)
    assert ground.client.get(ground.url("month-grid", month, unit)).status_code == 404


def test_page_refuses_a_future_month_and_leads_to_this_one(ground):
    now = months.month_of(timezone.localdate())
    page = ground.client.get(ground.url("month-grid", months.shift(now, 1)))
    assert "还没有开始，不能录入。" in page.content.decode()
    assert f'<a class="btn btn-ghost" href="{ground.url("month-grid", now)}">打开本月</a>' in page.content.decode()


def test_page_refuses_where_no_rules_are_in_force(ground):
    page = ground.client.get(ground.url("month-grid", 202512))
    assert "没有生效的积分办法，请先由党务工作者发布积分办法。" in page.content.decode()
    assert 'id="grid-table"' not in page.content.decode()


def test_page_of_a_branch_without_members_says_what_to_do(ground):
    page = ground.client.get(ground.url("month-grid", 202601))
    assert 'id="grid-table"' in page.content.decode()
    empty = ground.people.other_branch
    ground.people.stranger.member.memberships.update(started_on="2026-10-01")
    ground.sign_in(ground.people.committee_member)
    page = ground.client.get(ground.url("month-grid", MONTH, empty)).content.decode()
    assert "本支部这个月没有列入积分的党员" in page
    assert 'id="grid-table"' not in page


# --- what is offered -------------------------------------------------------------------------------
def test_page_offers_each_step_to_whoever_may_take_it(ground):
    people = ground.people

    def seen() -> dict[str, set[str]]:
        found = {}
        for role in ("secretary", "commissioner", "committee_member"):
            ground.sign_in(getattr(people, role))
            found[role] = offered(ground.client.get(ground.url("month-grid")))
        return found

    sheets = {"submit", "import", "template"}
    assert seen() == {"secretary": sheets, "commissioner": sheets, "committee_member": set()}
    ground.fill()
    submit_month(month_of_unit(people.branch, MONTH), by=people.secretary)
    assert seen() == {
        "secretary": {"recall"},
        "commissioner": {"recall", "check", "return"},
        "committee_member": {"return"},
    }
    check_month(Month.objects.get(), by=people.commissioner)
    assert seen() == {"secretary": set(), "commissioner": set(), "committee_member": {"return", "close"}}
    MonthPolicy.objects.create(unit=people.committee, closed_by="BRANCH")
    assert seen() == {"secretary": {"close"}, "commissioner": {"close"}, "committee_member": {"return"}}
    return_month(Month.objects.get(), by=people.committee_member, reason="数据有误")
    assert seen() == {"secretary": sheets, "commissioner": sheets, "committee_member": set()}


@pytest.mark.parametrize(("role", "editable"), [("secretary", True), ("committee_member", False)])
def test_page_is_editable_for_whoever_enters_the_open_month(ground, role, editable):
    ground.sign_in(getattr(ground.people, role))
    page = ground.client.get(ground.url("month-grid"))
    assert client_data(page)["editable"] is editable
    assert ('id="grid-last"' in page.content.decode()) is editable
    submit_month(month_of_unit(ground.people.branch, MONTH), by=ground.people.deputy)
    assert client_data(ground.client.get(ground.url("month-grid")))["editable"] is False


def test_page_shows_steps_with_names_days_and_deadlines(ground):
    ground.fill()
    page = ground.client.get(ground.url("month-grid"))
    assert [(step["label"], step["state"]) for step in page.context["steps"]] == [
        ("支部录入", "now"), ("支委会审核", "todo"), ("党委结账", "todo"), ("已结账", "todo"),
    ]  # fmt: skip
    assert [step["note"] for step in page.context["steps"]] == ["已过期，截止 10-05", "截止 10-08", "截止 10-10", ""]
    submit_month(month_of_unit(ground.people.branch, MONTH), by=ground.people.secretary)
    page = ground.client.get(ground.url("month-grid"))
    today = f"{timezone.localdate():%m-%d}"
    first, second = page.context["steps"][:2]
    assert first == {"label": "支部录入", "note": f"陈志远 {today}", "state": "done"}
    assert second == {"label": "支委会审核", "note": "已过期，截止 10-08", "state": "now"}


def test_page_shows_why_and_by_whom_a_month_came_back(ground):
    submit_month(month_of_unit(ground.people.branch, MONTH), by=ground.people.secretary)
    return_month(Month.objects.get(), by=ground.people.commissioner, reason="王建国的加分<请核对>")
    page = ground.client.get(ground.url("month-grid"))
    today = f"{timezone.localdate():%m-%d}"
    assert f"郑雪 {today} 退回：王建国的加分&lt;请核对&gt;" in page.content.decode()
    assert page.context["steps"][0]["state"] == "back"


def test_page_tells_its_script_what_stands(ground):
    ground.fill("加-2", "3")
    data = client_data(ground.client.get(ground.url("month-grid")))
    [name] = [row for row in data["rows"] if row[0] == ground.account.pk]
    assert name == [ground.account.pk, "王建国", ground.people.member.member.staff_number, "wjg", "wangjianguo", "3"]
    place = data["rows"].index(name)
    assert data["cells"] == [[place, 2, "3次", 1, "3", "", 0]]
    assert data["columns"][2] == {
        "item": ground.items["加-2"].pk, "code": "加-2", "name": "积极参加党建活动", "aliases": [], "section": "加分",
        "kind": "bonus", "hint": "每次 1 分，月限 3",
        "standard": "参加主题党日、讲党课或作辅导报告，每次加 1 分，每月最多 3 分。",
        "notes": ["填写：每次 1 分，月限 3"], "unit": "次", "editable": True, "expected": False,
        "reason": False, "evidence": "optional", "deduction": False, "pricing": "times", "rate": "1.00",
    }  # fmt: skip


def test_page_escapes_what_people_wrote(ground):
    ground.account.member.name = "<script>alert(1)</script>"
    ground.account.member.save()
    change = Change(ground.account.pk, None, "</script><b>", 0)
    save_cells(month_of_unit(ground.people.branch, MONTH), [change], by=ground.people.secretary)
    page = ground.client.get(ground.url("month-grid"))
    assert "<script>alert" not in page.content.decode()
    assert "</script><b>" not in page.content.decode()
    assert [0, 6, "</script><b>", 1, "", "", 0] in client_data(page)["cells"]


def test_page_asks_the_same_few_queries_for_one_row_and_for_three(ground, queries):
    ground.client.get(ground.url("month-grid"))  # the rules are read once per process
    counts = []
    for number in (1, 3):
        for account in factories.accounts(ground.people.branch, number):
            change = Change(account.pk, ground.items["基-1"].pk, "60", 0, "有备注")
            save_cells(month_of_unit(ground.people.branch, MONTH), [change], by=ground.people.deputy)
        with queries() as asked:
            assert ground.client.get(ground.url("month-grid")).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12


# --- what the script is answered -------------------------------------------------------------------
def test_cells_answers_each_change(ground):
    account, item = ground.account.pk, ground.items["减-2"].pk
    answer = ground.send(
        {"account": account, "item": item, "text": "2", "version": 0, "remark": "缺席"},
        {"account": account, "item": ground.items["加-2"].pk, "text": "9", "version": 0},
        {"account": account, "item": None, "text": "备注", "version": 0},
    )
    nothing = {"remark": "", "refusal": "", "conflict": ""}
    assert answer.json() == {
        "cells": [
            nothing | {"account": account, "item": item, "version": 1, "text": "-2", "points": "−2", "remark": "缺席"},
            nothing | {"account": account, "item": ground.items["加-2"].pk, "version": 0, "text": "9", "points": "",
                       "refusal": "加-2 积极参加党建活动 每月最多 3 分。"},
            nothing | {"account": account, "item": None, "version": 1, "text": "备注", "points": ""},
        ],
        "totals": {str(account): "0"},
    }  # fmt: skip


def test_cells_refuses_a_submitted_month_with_a_sentence(ground):
    submit_month(month_of_unit(ground.people.branch, MONTH), by=ground.people.secretary)
    answer = ground.send({"account": ground.account.pk, "item": None, "text": "x", "version": 0})
    assert answer.status_code == 409
    assert answer.json()["refusal"].endswith("已提交（待审核），不能再改；请先撤回或请审核人退回。")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nothing",
        "[]",
        "{}",
        '{"changes": 1}',
        '{"changes": [1]}',
        '{"changes": [{"account": 1}]}',
        '{"changes": [{"account": "1", "item": 1, "text": "3", "version": 0}]}',
        '{"changes": [{"account": true, "item": 1, "text": "3", "version": 0}]}',
        '{"changes": [{"account": 1, "item": 1.5, "text": "3", "version": 0}]}',
        '{"changes": [{"account": 1, "item": 1, "text": 3, "version": 0}]}',
        '{"changes": [{"account": 1, "item": 1, "text": "3", "version": -1}]}',
        '{"changes": [{"account": 99999999999999999999, "item": 1, "text": "3", "version": 0}]}',
        '{"changes": [{"account": 1, "item": 1, "text": "3\\u0000", "version": 0}]}',
        json.dumps({"changes": [{"account": 1, "item": 1, "text": "长" * 1001, "version": 0}]}),
        json.dumps({"changes": [{"account": 1, "item": 1, "text": "3", "version": 0}] * 2001}),
    ],
)
def test_cells_refuses_a_malformed_request(ground, body):
    answer = ground.client.post(ground.url("month-cells"), body, content_type="application/json")
    assert (answer.status_code, answer.json()) == (400, {"refusal": "保存请求的格式不对，请刷新页面后重试。"})


def test_cells_wants_a_token(ground):
    ground.client.handler.enforce_csrf_checks = True
    assert ground.send().status_code == 403


def test_last_month_is_a_list(ground):
    ground.fill()
    following = months.shift(MONTH, 1)
    answer = ground.client.get(ground.url("month-last", following))
    assert answer.json() == [[ground.account.pk, ground.items["基-1"].pk, "60"]]


# --- files -----------------------------------------------------------------------------------------
def test_files_are_listed_added_downloaded_and_removed(ground):
    cell = {"account": ground.account.pk, "item": ground.items["加-1"].pk}
    page = ground.client.get(ground.url("evidence-list"), cell).content.decode()
    assert "还没有佐证材料。" in page
    upload = SimpleUploadedFile("表彰决定.html", PDF, content_type="text/html")
    page = ground.client.post(ground.url("evidence-add"), cell | {"file": upload}).content.decode()
    assert "表彰决定.pdf" in page
    file = Evidence.objects.get()

    answer = ground.client.get(reverse("scoring:evidence-file", args=[file.pk]))
    assert b"".join(answer.streaming_content) == PDF
    assert {name: answer[name] for name in ("Content-Type", "X-Content-Type-Options", "Cache-Control")} == {
        "Content-Type": "application/pdf",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert AuditEvent.objects.filter(action="scoring.download_evidence", user=ground.people.secretary).count() == 1

    page = ground.client.post(reverse("scoring:evidence-remove", args=[file.pk])).content.decode()
    assert "还没有佐证材料。" in page
    assert ground.client.get(reverse("scoring:evidence-file", args=[file.pk])).status_code == 404


def test_files_say_which_upload_was_refused(ground):
    cell = {"account": ground.account.pk, "item": ground.items["加-1"].pk}
    upload = SimpleUploadedFile("图.svg", b"<svg/>", content_type="image/png")
    page = ground.client.post(ground.url("evidence-add"), cell | {"file": upload}).content.decode()
    assert "图.svg：只接受图片（JPG、PNG、WEBP）、PDF、Word（docx）和 Excel（xlsx）" in page
    assert "没有选择文件。" in ground.client.post(ground.url("evidence-add"), cell).content.decode()
    assert not Evidence.objects.exists()


@pytest.mark.parametrize("cell", [{}, {"account": "1"}, {"account": "x", "item": "1"}])
def test_files_want_to_know_the_cell(ground, cell):
    answer = ground.client.get(ground.url("evidence-list"), cell)
    assert (answer.status_code, answer.content.decode()) == (400, "没有说明是哪个单元格，请刷新页面后重试。")
    assert ground.client.post(ground.url("evidence-add"), cell).status_code == 400


@pytest.mark.parametrize("name", ["month-cells", "evidence-add"])
def test_changes_are_posted(ground, name):
    assert ground.client.get(ground.url(name)).status_code == 405
