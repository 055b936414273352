import datetime

import pytest
from django.utils import timezone

from members.errors import Refused
from members.models import Appointment, AuditEvent, Exclusion, Member, Membership, User
from members.services import people
from members.signals import members_admitted, membership_changed
from tests import factories
from tests.factories import LONG_AGO, Kind, Post

pytestmark = pytest.mark.django_db
Ending = Membership.Ending


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def history(member: Member) -> list[tuple[object, ...]]:
    rows = member.memberships.order_by("started_on", "pk")
    return list(rows.values_list("branch__name", "group__name", "started_on", "ended_on", "ending"))


@pytest.fixture
def heard():
    """The signals that were sent, as (name, first day)."""
    calls: list[tuple[str, object]] = []

    def hear_admitted(**kwargs):
        calls.append(("admitted", None))

    def hear_changed(**kwargs):
        calls.append(("changed", kwargs["from_day"]))

    members_admitted.connect(hear_admitted, weak=False)
    membership_changed.connect(hear_changed, weak=False)
    yield calls
    members_admitted.disconnect(hear_admitted)
    membership_changed.disconnect(hear_changed)


# --- admit -----------------------------------------------------------------------------------
def test_admit_opens_a_membership_and_tells_the_apps_above(heard):
    branch = factories.branch(name="检修部党支部")
    group = factories.group(branch, "第一党小组")
    member = people.admit(
        Member(staff_number="10001", name="曾小红"),
        branch=branch,
        group=group,
        started_on=day("2026-03-01"),
        by=factories.user(),
    )
    assert (member.pinyin, member.initials) == ("zeng xiao hong", "zxh")
    assert history(member) == [("检修部党支部", "第一党小组", day("2026-03-01"), None, "")]
    assert heard == [("admitted", None), ("changed", day("2026-03-01"))]
    assert AuditEvent.objects.get().detail == "检修部党支部第一党小组，自 2026-03-01"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"staff_number": "10001", "name": "甲"}, "工号 10001 已属于另一名党员，请核对。"),
        ({"staff_number": " ", "name": "甲"}, "姓名和工号不能为空，请填写。"),
        (
            {"staff_number": "1", "name": "甲", "id_number": "11010519491231002X"},
            "这个公民身份号码已属于另一名党员，请核对。",
        ),
        (
            {"staff_number": "1", "name": "甲", "joined_on": day("2020-01-01"), "regular_on": day("2019-01-01")},
            "转正日期早于入党日期，请核对人事档案。",
        ),
    ],
)
def test_admit_refuses_with_a_sentence(values, sentence):
    known = factories.member(factories.branch(), staff_number="10001")
    known.id_number = "11010519491231002X"
    known.save()
    fresh = Member()
    for name, value in values.items():
        setattr(fresh, name, value)
    with pytest.raises(Refused, match=f"^{sentence}$"):
        people.admit(fresh, branch=factories.branch(), group=None, started_on=LONG_AGO, by=factories.user())
    assert list(Member.objects.all()) == [known]


def test_admit_refuses_places_that_cannot_take_members():
    top = factories.committee(name="党委")
    branch, other = factories.branch(top, "甲支部"), factories.branch(top, "乙支部")
    group = factories.group(other, "乙一组")
    closed = factories.unit(Kind.BRANCH, top, "旧支部", closed_on=LONG_AGO)
    said = []
    for place in (
        {"branch": top, "group": None},
        {"branch": branch, "group": group},
        {"branch": closed, "group": None},
    ):
        with pytest.raises(Refused) as refusal:
            people.admit(Member(staff_number="1", name="甲"), **place, started_on=LONG_AGO, by=factories.user())
        said.append(str(refusal.value))
    assert said == [
        "“党委”不是党支部，请选择党支部。",
        "“乙一组”不是“甲支部”的党小组，请重新选择。",
        "“旧支部”已撤销，请另选。",
    ]


def test_admit_refuses_a_day_to_come():
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with pytest.raises(Refused, match="还没有到，请到当天再办理。$"):
        people.admit(
            Member(staff_number="1", name="甲"),
            branch=factories.branch(),
            group=None,
            started_on=tomorrow,
            by=factories.user(),
        )


# --- change ----------------------------------------------------------------------------------
def test_change_member_notes_old_and_new_but_never_a_number(heard):
    member = factories.member(factories.branch(), name="王建国", job="")
    values = {
        "name": "王建中",
        "job": "检修工",
        "is_floating": True,
        "gender": "MALE",
        "id_number": "11010519491231002X",
        "phone": "13160351650",
    }
    lines = people.change_member(member, values, by=factories.user())
    assert lines == [
        "姓名：王建国 → 王建中",
        "工作岗位：空 → 检修工",
        "是否流动：否 → 是",
        "性别：空 → 男",
        "公民身份号码已更改",
        "联系电话已更改",
    ]
    assert AuditEvent.objects.get().detail == "；".join(lines)
    fresh = Member.objects.get(pk=member.pk)
    assert {name: getattr(fresh, name) for name in values} == values
    assert (fresh.pinyin, heard) == ("wang jian zhong", [("changed", timezone.localdate())])


def test_change_member_without_a_difference_writes_nothing(heard):
    member = factories.member(factories.branch(), name="王建国")
    assert people.change_member(member, {"name": "王建国"}, by=factories.user()) == []
    assert (AuditEvent.objects.count(), heard) == (0, [])


def test_change_member_of_a_remark_does_not_recompute_points(heard):
    member = factories.member(factories.branch())
    people.change_member(member, {"remark": "转岗"}, by=factories.user())
    assert heard == []


# --- transfer --------------------------------------------------------------------------------
def test_transfer_keeps_the_months_before_with_the_old_branch(heard):
    top = factories.committee()
    old, new = factories.branch(top, "甲"), factories.branch(top, "乙")
    member = factories.member(old)
    people.transfer(member, branch=new, group=None, on=day("2026-05-10"), reason="工作调动", by=factories.user())
    assert history(member) == [
        ("甲", None, LONG_AGO, day("2026-05-10"), Ending.TRANSFER),
        ("乙", None, day("2026-05-10"), None, ""),
    ]
    assert heard == [("changed", day("2026-05-10"))]
    assert AuditEvent.objects.get().detail == "甲 → 乙，自 2026-05-10；工作调动"
    at = Membership.objects.filter(member=member)
    assert [at.at(day(text)).get().branch for text in ("2026-05-09", "2026-05-10")] == [old, new]


def test_transfer_to_another_group_is_a_regroup():
    branch = factories.branch(name="甲")
    first, second = factories.group(branch, "一组"), factories.group(branch, "二组")
    member = factories.member(branch, first)
    people.transfer(member, branch=branch, group=second, on=day("2026-05-10"), by=factories.user())
    assert history(member) == [
        ("甲", "一组", LONG_AGO, day("2026-05-10"), Ending.REGROUP),
        ("甲", "二组", day("2026-05-10"), None, ""),
    ]


@pytest.mark.parametrize(("moves_branch", "ended"), [(True, {"old", "group"}), (False, {"group"})])
def test_transfer_ends_the_posts_left_behind(moves_branch, ended):
    top = factories.committee()
    old = factories.branch(top)
    group = factories.group(old)
    member = factories.member(old, group)
    posts = {
        "old": factories.appointment(member, old, Post.ORG_COMMISSIONER),
        "group": factories.appointment(member, group, Post.GROUP_LEADER),
        "top": factories.appointment(member, top, Post.COMMITTEE_MEMBER),
    }
    target = factories.branch(top) if moves_branch else old
    people.transfer(member, branch=target, group=None, on=day("2026-05-10"), by=factories.user())
    still = Appointment.objects.in_bulk([post.pk for post in posts.values()])
    assert {name for name, post in posts.items() if still[post.pk].ended_on == day("2026-05-10")} == ended


def test_transfer_refuses_the_past_of_the_present_membership():
    top = factories.committee()
    member = factories.member(factories.branch(top), started_on=day("2026-05-10"))
    with pytest.raises(Refused, match="^转入日期不能早于 2026-05-10：在此之前的组织关系已经记录在案，请改日期。$"):
        people.transfer(member, branch=factories.branch(top), group=None, on=day("2026-05-09"), by=factories.user())


def test_transfer_refuses_where_the_member_is_already():
    branch = factories.branch(name="检修部党支部")
    member = factories.member(branch, name="王建国")
    with pytest.raises(Refused, match="^王建国已经在检修部党支部，不必转移。$"):
        people.transfer(member, branch=branch, group=None, on=day("2026-05-10"), by=factories.user())


def test_transfer_brings_back_who_had_left():
    branch = factories.branch(name="甲")
    member = factories.member(branch)
    by = factories.user()
    people.leave(member, ending=Ending.LEFT, on=day("2026-01-01"), by=by)
    people.transfer(member, branch=branch, group=None, on=day("2026-06-01"), by=by)
    assert history(member) == [
        ("甲", None, LONG_AGO, day("2026-01-01"), Ending.LEFT),
        ("甲", None, day("2026-06-01"), None, ""),
    ]


@pytest.mark.parametrize("ending", [Ending.DECEASED, Ending.EXPELLED])
def test_transfer_refuses_who_cannot_come_back(ending):
    branch = factories.branch()
    member = factories.member(branch, name="王建国")
    people.leave(member, ending=ending, on=day("2026-01-01"), by=factories.user())
    with pytest.raises(Refused, match=f"^王建国已{ending.label}，不能再转入。$"):
        people.transfer(member, branch=branch, group=None, on=day("2026-06-01"), by=factories.user())


# --- leave -----------------------------------------------------------------------------------
def test_leave_ends_membership_posts_and_sign_in(heard):
    branch = factories.branch(name="甲")
    account = factories.official(branch, Post.BRANCH_SECRETARY, branch)
    people.leave(account.member, ending=Ending.LEFT, on=day("2026-05-10"), reason="调往外省", by=factories.user())
    assert history(account.member) == [("甲", None, LONG_AGO, day("2026-05-10"), Ending.LEFT)]
    assert Appointment.objects.get().ended_on == day("2026-05-10")
    assert User.objects.get(pk=account.pk).is_active is False
    assert heard == [("changed", day("2026-05-10"))]
    assert AuditEvent.objects.get().detail == "转出本单位，自 2026-05-10；调往外省"


def test_leave_refuses_twice_and_other_endings():
    member = factories.member(factories.branch(), name="王建国")
    by = factories.user()
    with pytest.raises(Refused, match="^请选择离开的原因：转出本单位、去世或出党。$"):
        people.leave(member, ending=Ending.TRANSFER, on=day("2026-05-10"), by=by)
    people.leave(member, ending=Ending.DECEASED, on=day("2026-05-10"), by=by)
    with pytest.raises(Refused, match="^王建国已不在本单位，不必再办理。$"):
        people.leave(member, ending=Ending.LEFT, on=day("2026-05-11"), by=by)


# --- exclusion -------------------------------------------------------------------------------
def exclude(member: Member, start: str, end: str | None = None, reason: str = "长期病休") -> Exclusion:
    return people.exclude(
        member,
        reason=reason,
        decided_on=day("2026-01-05"),
        started_on=day(start),
        ended_on=end and day(end),
        by=factories.user(),
    )


def test_exclude_and_end_exclusion_tell_the_first_day_affected(heard):
    member = factories.member(factories.branch())
    row = exclude(member, "2026-02-01")
    people.end_exclusion(row, on=day("2026-06-01"), by=factories.user())
    assert Exclusion.objects.get().ended_on == day("2026-06-01")
    assert heard == [("changed", day("2026-02-01")), ("changed", day("2026-06-01"))]


@pytest.mark.parametrize(
    ("start", "end", "clashes"),
    [
        ("2026-01-01", "2026-02-01", False),
        ("2026-01-01", "2026-02-02", True),
        ("2026-03-01", None, True),
        ("2026-04-30", "2026-05-10", True),
        ("2026-05-01", None, False),
    ],
)
def test_exclude_refuses_days_that_are_excluded_already(start, end, clashes):
    member = factories.member(factories.branch(), name="王建国")
    exclude(member, "2026-02-01", "2026-05-01")
    if clashes:
        with pytest.raises(Refused, match="^王建国自 2026-02-01 起已有一条不列入积分的决定，请先结束那一条。$"):
            exclude(member, start, end)
    else:
        exclude(member, start, end)
        assert member.exclusions.count() == 2


@pytest.mark.parametrize(
    ("start", "end", "reason", "sentence"),
    [
        ("2026-02-01", "2026-02-01", "病休", "结束日期须晚于开始日期，请改日期。"),
        ("2026-02-01", None, "  ", "不列入积分须写明理由，请填写理由。"),
    ],
)
def test_exclude_refuses_with_a_sentence(start, end, reason, sentence):
    with pytest.raises(Refused, match=f"^{sentence}$"):
        exclude(factories.member(factories.branch()), start, end, reason)


def test_end_exclusion_refuses_what_has_ended():
    row = exclude(factories.member(factories.branch()), "2026-02-01", "2026-05-01")
    with pytest.raises(Refused, match="^这条决定已于 2026-05-01 结束，不必再办。$"):
        people.end_exclusion(row, on=day("2026-06-01"), by=factories.user())


# --- reveal ----------------------------------------------------------------------------------
def test_reveal_gives_the_numbers_and_leaves_a_line_without_them():
    member = factories.member(factories.branch(), name="王建国")
    people.change_member(member, {"id_number": "11010519491231002X", "phone": "13160351650"}, by=factories.user())
    member = Member.objects.get(pk=member.pk)
    by = factories.user()
    assert people.reveal(member, by=by) == ("11010519491231002X", "13160351650")
    line = AuditEvent.objects.first()
    assert (line.user, line.action, line.target, line.detail) == (
        by,
        "members.reveal_member",
        f"党员 王建国 #{member.pk}",
        "查看公民身份号码和联系电话",
    )
