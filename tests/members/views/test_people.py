import datetime

import pytest
from django.urls import reverse

from members.models import AuditEvent, Exclusion, Member, Membership
from members.services import people
from tests import factories
from tests.factories import Post
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST = reverse("members:member-list")
CREATE = reverse("members:member-create")
ID_NUMBER = "11010519491231002X"


def page(name: str, member: Member) -> str:
    return reverse(f"members:{name}", args=[member.pk])


def listed(client, query: str = "") -> list[str]:
    return [line["member"].name for line in client.get(LIST + query).context["lines"]]


def numbered(member: Member) -> Member:
    member.id_number, member.phone = ID_NUMBER, "13160351650"
    member.save()
    return member


# --- list ------------------------------------------------------------------------------------
def test_list_shows_who_one_sees_sorted_by_pinyin(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    assert listed(client) == ["陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]
    client.force_login(cast.group_leader)
    assert listed(client) == ["李静怡", "王建国", "周敏"]


def test_list_narrows_down_by_every_filter(client):
    cast = factories.cast()
    day = datetime.date(2026, 1, 1)
    marked = factories.member(
        cast.branch,
        name="标记",
        category="PROBATIONARY",
        is_floating=True,
        is_missing=True,
        is_retired=True,
        is_suspended=True,
        member_class="骨干类",
    )
    factories.exclusion(marked, cast.secretary)
    gone = factories.member(name="已走")
    factories.membership(gone, cast.branch, ended_on=day, ending="LEFT")
    client.force_login(cast.secretary)
    for query in (
        "category=PROBATIONARY",
        "state=floating",
        "state=missing",
        "state=retired",
        "state=suspended",
        "state=excluded",
        "member_class=骨干类",
        "q=bj",
        f"unit={cast.branch.pk}&q=标记",
    ):
        assert (query, listed(client, f"?{query}")) == (query, ["标记"])
    assert listed(client, "?state=left") == ["已走"]
    assert listed(client, f"?unit={cast.branch.pk}&group={cast.group.pk}") == ["李静怡", "王建国", "周敏"]
    assert listed(client, f"?unit={cast.other_branch.pk}") == []
    assert len(listed(client, "?unit=x&category=NO&state=no&page=99")) == 7


def test_list_says_who_is_left_out_and_who_holds_a_post(client):
    cast = factories.cast()
    factories.exclusion(cast.member.member, cast.secretary)
    client.force_login(cast.secretary)
    lines = {line["member"].name: line for line in client.get(LIST).context["lines"]}
    assert (lines["王建国"]["row"].is_excluded, lines["李静怡"]["row"].is_excluded) == (True, False)
    assert (lines["陈志远"]["posts"], lines["王建国"]["posts"]) == (["支部书记"], [])


@pytest.mark.parametrize("query", ["", "?q=wang", "?unit={branch}", "?unit={branch}&group={group}&state=floating"])
def test_list_asks_the_same_number_of_queries_for_one_and_for_three_rows(client, queries, query):
    cast = factories.cast()
    query = query.format(branch=cast.branch.pk, group=cast.group.pk)
    factories.member(cast.branch, cast.group, is_floating=True)
    client.force_login(cast.secretary)
    one = queries_of(client, queries, LIST + query)
    for _ in range(2):
        factories.member(cast.branch, cast.group, is_floating=True)
    three = queries_of(client, queries, LIST + query)
    assert (one == three, three <= 12) == (True, True)


def test_list_shows_no_personal_number(client):
    cast = factories.cast()
    numbered(cast.member.member)
    client.force_login(cast.secretary)
    assert ID_NUMBER not in client.get(LIST).content.decode()


def test_list_shows_late_pages_like_early_ones(client, queries, monkeypatch):
    monkeypatch.setattr("members.querysets.MembershipQuerySet._FAR", 10)
    monkeypatch.setattr("members.views.people.PAGE_SIZE", 2)
    cast = factories.cast()
    client.force_login(cast.secretary)
    for number in range(20):
        factories.member(cast.branch, name="王海", staff_number=f"B{number:02}")
    whole = [name for number in range(1, 14) for name in listed(client, f"?page={number}")]
    assert whole == ["陈志远", "李静怡", *["王海"] * 20, "王建国", "吴海涛", "郑雪", "周敏"]
    assert queries_of(client, queries, LIST + "?page=13") <= 12


def test_list_pages_by_fifty(client):
    cast = factories.cast()
    Member.objects.bulk_create([Member(staff_number=f"B{n:03}", name="批量", pinyin="pi liang") for n in range(50)])
    Membership.objects.bulk_create(
        [
            Membership(member=member, branch=cast.branch, started_on=datetime.date(2026, 1, 1))
            for member in Member.objects.filter(name="批量")
        ]
    )
    client.force_login(cast.secretary)
    assert [len(listed(client, f"?page={number}")) for number in (1, 2)] == [50, 6]


# --- one member ------------------------------------------------------------------------------
def test_page_masks_the_numbers(client):
    cast = factories.cast()
    member = numbered(cast.member.member)
    for person in (cast.secretary, cast.member):
        client.force_login(person)
        shown = client.get(page("member-detail", member)).content.decode()
        assert ("110105********002X" in shown, "131****1650" in shown) == (True, True)
        assert ID_NUMBER not in shown


def test_page_asks_at_most_twelve_queries_whatever_the_history(client, queries):
    cast = factories.cast()
    client.force_login(cast.secretary)
    address = page("member-detail", cast.member.member)
    short = queries_of(client, queries, address)
    member = cast.member.member
    for start in ("2018-01-01", "2019-01-01"):
        factories.membership(member, cast.branch, started_on=start, ended_on="2019-06-01", ending="REGROUP")
        factories.appointment(member, cast.branch, Post.SCORE_CLERK, started_on=start, ended_on="2019-06-01")
    factories.exclusion(member, cast.secretary)
    long = queries_of(client, queries, address)
    assert (short == long, long <= 12) == (True, True)


def test_reveal_shows_the_numbers_and_leaves_a_line(client):
    cast = factories.cast()
    member = numbered(cast.member.member)
    client.force_login(cast.secretary)
    answer = client.post(page("member-reveal", member))
    assert (ID_NUMBER in answer.content.decode(), "13160351650" in answer.content.decode()) == (True, True)
    assert "no-store" in answer["Cache-Control"]
    line = AuditEvent.objects.first()
    assert (line.user, line.action, line.address) == (cast.secretary, "members.reveal_member", "127.0.0.1")


def test_reveal_refuses_get_and_whoever_does_not_run_the_branch(client):
    cast = factories.cast()
    member = numbered(cast.member.member)
    client.force_login(cast.secretary)
    assert client.get(page("member-reveal", member)).status_code == 405
    codes = {}
    for role in ("member", "colleague", "stranger", "group_leader", "committee_member", "auditor"):
        client.force_login(getattr(cast, role))
        answer = client.post(page("member-reveal", member))
        codes[role] = (answer.status_code, ID_NUMBER in answer.content.decode())
    assert codes == {
        "member": (403, False),
        "colleague": (404, False),
        "stranger": (404, False),
        "group_leader": (403, False),
        "committee_member": (403, False),
        "auditor": (404, False),
    }


# --- verbs -----------------------------------------------------------------------------------
def filled(**values) -> dict[str, object]:
    return {"staff_number": "90001", "name": "曾 小红", "category": "FULL", **values}


def test_create_admits_into_ones_own_branch(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    form = filled(branch=cast.branch.pk, group=cast.group.pk, started_on="2026-09-01", id_number=ID_NUMBER.lower())
    assert client.post(CREATE, form).status_code == 302
    member = Member.objects.get(staff_number="90001")
    assert (member.name, member.id_number) == ("曾小红", ID_NUMBER)
    assert (member.last_membership.branch, member.last_membership.group) == (cast.branch, cast.group)


def test_create_refuses_another_branch_and_says_what_is_wrong(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    form = filled(branch=cast.other_branch.pk, started_on="2026-09-01", id_number="110105194912310021", phone="12")
    answer = client.post(CREATE, form)
    assert answer.context["place"].errors == {"branch": ["请从列表中选择。"]}
    assert answer.context["form"].errors == {
        "id_number": ["末位与前 17 位算出的校验位不符，至少有一位写错，请逐位核对。"],
        "phone": ["请填 11 位手机号，或“区号-号码”的固定电话；一格只填一个号码。"],
    }
    assert not Member.objects.filter(staff_number="90001").exists()


def test_create_shows_the_refusal_of_the_service(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    taken = cast.stranger.member.staff_number
    answer = client.post(CREATE, filled(branch=cast.branch.pk, started_on="2026-09-01", staff_number=taken))
    assert answer.context["form"].non_field_errors() == [f"工号 {taken} 已属于另一名党员，请核对。"]


def test_groups_follow_the_branch(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    options = client.get(reverse("members:group-options"), {"branch": cast.branch.pk}).content.decode()
    assert ("第一党小组" in options, f'value="{cast.group.pk}"' in options) == (True, True)
    assert "第一党小组" not in client.get(reverse("members:group-options"), {"branch": "x"}).content.decode()


def test_edit_changes_what_was_typed_and_keeps_numbers_left_empty(client):
    cast = factories.cast()
    member = numbered(cast.member.member)
    client.force_login(cast.secretary)
    address = page("member-edit", member)
    initial = client.get(address).context["form"].initial
    form = {name: value for name, value in initial.items() if value not in (None, False)}
    assert client.post(address, form | {"job": "检修工"}).status_code == 302
    fresh = Member.objects.get(pk=member.pk)
    assert (fresh.job, fresh.id_number, fresh.joined_on) == ("检修工", ID_NUMBER, member.joined_on)
    assert AuditEvent.objects.filter(action="members.change_member").get().detail == "工作岗位：空 → 检修工"


def test_transfer_moves_and_shows_refusals(client):
    cast = factories.cast()
    member = cast.member.member
    client.force_login(cast.business_admin)
    address = page("member-transfer", member)
    early = client.post(address, {"branch": cast.other_branch.pk, "on": "2019-01-01"})
    assert early.context["form"].non_field_errors() == [
        "转入日期不能早于 2020-01-01：在此之前的组织关系已经记录在案，请改日期。"
    ]
    assert client.post(address, {"branch": cast.other_branch.pk, "on": "2026-09-01"}).status_code == 302
    assert Membership.objects.current().get(member=member).branch == cast.other_branch


def test_secretary_moves_only_inside_the_own_branch(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    address = page("member-transfer", cast.member.member)
    away = client.post(address, {"branch": cast.other_branch.pk, "on": "2026-09-01"})
    assert away.context["form"].errors == {"branch": ["请从列表中选择。"]}
    assert client.post(address, {"branch": cast.branch.pk, "group": "", "on": "2026-09-01"}).status_code == 302
    assert Membership.objects.current().get(member=cast.member.member).group is None


def test_leave_takes_the_member_out(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    address = page("member-leave", cast.member.member)
    assert client.post(address, {"ending": "LEFT", "on": "2026-09-01"}).status_code == 302
    assert list(Membership.objects.current().filter(member=cast.member.member)) == []


def test_exclusion_is_made_and_ended(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    form = {"reason": "长期病休", "decided_on": "2026-08-30", "started_on": "2026-09-01"}
    assert client.post(page("member-exclude", cast.member.member), form).status_code == 302
    row = Exclusion.objects.get()
    assert (row.by, row.ended_on) == (cast.secretary, None)
    end = reverse("members:exclusion-end", args=[row.pk])
    early = client.post(end, {"on": "2026-08-01"})
    assert early.context["form"].non_field_errors() == ["结束日期不能早于开始日期 2026-09-01，请改日期。"]
    assert client.post(end, {"on": "2026-10-01"}).status_code == 302
    assert Exclusion.objects.get().ended_on == datetime.date(2026, 10, 1)


@pytest.mark.parametrize("name", ["member-edit", "member-transfer", "member-leave", "member-exclude"])
def test_stranger_finds_nothing_and_group_leader_may_not(client, name):
    cast = factories.cast()
    for role, code in (("stranger", 404), ("colleague", 404), ("group_leader", 403)):
        client.force_login(getattr(cast, role))
        assert client.post(page(name, cast.member.member), {}).status_code == code


def test_page_of_a_member_who_left_stays_readable(client):
    cast = factories.cast()
    people.leave(cast.member.member, ending="LEFT", on=datetime.date(2026, 9, 1), by=cast.business_admin)
    client.force_login(cast.secretary)
    answer = client.get(page("member-detail", cast.member.member))
    assert (answer.status_code, "转出本单位" in answer.content.decode()) == (200, True)
