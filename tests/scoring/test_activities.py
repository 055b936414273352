"""Organisation life: attendance entered once, the entries that follow, what is corrected, what is missing."""

import datetime

import pytest

from members.errors import Refused
from members.models import OrgUnit
from scoring import life as pages
from scoring.models import Activity, Attendance, LedgerEntry, Score
from scoring.services import months
from scoring.services.activities import (
    Plan,
    Presence,
    cancel_activity,
    expected_accounts,
    hold_activity,
    plan_activity,
)
from scoring.services.activity_checks import checks_of, lacking
from scoring.services.activity_sheet import Line, read_marks, rows_of_text, sheet_of
from scoring.services.seals import verify_ledger
from scoring.todo import waiting_for
from tests.factories import exclusion, group, member, user
from tests.scoring.factories import MONTH, account
from tests.scoring.living import DAY, RULES, Life


def refused(act, words):
    with pytest.raises(Refused) as refusal:
        act()
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("PRESENT", [("基-1", 0, 1, 1)]),
        ("MADE_UP", [("基-1", 0, 1, 1)]),
        ("LEAVE", [("减-2", -0.5, 1, None), ("基-1", 0, 0, 1)]),
        ("ABSENT", [("减-1", -2, 1, None), ("基-1", 0, 0, 1)]),
        # On duty elsewhere: not expected, so nothing for and nothing against.
        ("OFFICIAL", []),
    ],
)
def test_mark_becomes_what_the_rules_make_of_it(db, mark, expected):
    life = Life()
    life.hold(member=mark)
    assert life.entries(life.cast.member) == expected
    assert {row.source for row in LedgerEntry.objects.all()} == {"ACTIVITY"}


def test_share_of_attendance_counts_over_all_that_was_held(db):
    life = Life()
    life.hold()
    life.hold(life.plan("LECTURE"), member="ABSENT")
    score = Score.objects.get(account=life.account(life.cast.member), month=MONTH)
    assert score.total == 10 / 2 - 2
    assert Score.objects.get(account=life.account(life.cast.colleague), month=MONTH).total == 10 + 2


def test_sheet_entered_again_corrects_only_what_has_changed(db):
    life = Life()
    activity, posted = life.hold(member="ABSENT")
    before = LedgerEntry.objects.count()
    assert posted == before
    assert life.hold(activity, member="ABSENT")[1] == 0
    # From absent to made up: two entries are reversed, one is written anew.
    assert life.hold(activity, member="MADE_UP")[1] == 3
    assert life.entries(life.cast.member) == [("基-1", 0, 1, 1)]
    assert LedgerEntry.objects.count() == before + 3
    assert life.hold(activity, member="ABSENT")[1] == 3
    assert life.entries(life.cast.member) == [("减-1", -2, 1, None), ("基-1", 0, 0, 1)]
    assert Attendance.objects.get(account=life.account(life.cast.member)).mark == "ABSENT"


def test_item_for_one_class_leaves_the_others_alone(db):
    only = "来源: 组织生活, 活动类型: [党课]"
    life = Life(RULES.replace(only, f"适用分类: [骨干类], {only}"))
    who = life.cast.colleague.member
    who.member_class = "骨干类"
    who.save()
    life.hold(life.plan("LECTURE"))
    lecture = [("加-1", 2, 1, None), ("基-1", 0, 1, 1)]
    assert [life.entries(one) for one in (life.cast.colleague, life.cast.member)] == [lecture, lecture[1:]]


def test_month_that_somebody_has_checked_takes_no_attendance(db):
    life = Life()
    activity, _posted = life.hold()
    months.submit_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.secretary)
    assert life.hold(activity, member="LEAVE")[1] == 3
    months.check_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.commissioner)
    refused(lambda: life.hold(activity, member="ABSENT"), "先退回")
    months.close_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.committee_member)
    assert verify_ledger() == []


def test_who_is_expected_depends_on_the_kind(db):
    life = Life()
    home, day = life.cast.branch, DAY
    out = member(home)
    account(out)
    exclusion(out, user(), started_on=datetime.date(2026, 1, 1))
    everyone = expected_accounts(home, "THEME_DAY", None, day)
    assert len(everyone) == 6
    committee = expected_accounts(home, "COMMITTEE_MEETING", None, day)
    assert set(committee) == {
        life.account(life.cast.by_role()[role]) for role in ("secretary", "deputy", "commissioner")
    }
    in_group = expected_accounts(home, "GROUP_MEETING", life.cast.group, day)
    assert set(in_group) == {
        life.account(life.cast.by_role()[role]) for role in ("member", "colleague", "group_leader")
    }


@pytest.mark.parametrize(
    ("role", "kind", "allowed"),
    [
        ("secretary", "THEME_DAY", True),
        ("deputy", "THEME_DAY", True),
        ("commissioner", "THEME_DAY", True),
        ("group_leader", "THEME_DAY", False),
        ("group_leader", "GROUP_MEETING", True),
        ("member", "GROUP_MEETING", False),
        ("committee_member", "THEME_DAY", False),
        ("stranger", "THEME_DAY", False),
    ],
)
def test_branch_keeps_its_organisation_life_and_the_leader_the_meetings_of_the_group(db, role, kind, allowed):
    life = Life()
    own = life.cast.group if kind == "GROUP_MEETING" else None
    by = life.cast.by_role()[role]
    if allowed:
        assert life.hold(life.plan(kind, by=by, group=own), by=by)[0].pk
    else:
        refused(lambda: life.plan(kind, by=by, group=own), "可以记录组织生活")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": " "}, "主题"),
        ({"title": "长" * 101}, "100 字"),
        ({"kind": "PARTY"}, "类型"),
        ({"kind": "GROUP_MEETING"}, "须选择党小组"),
    ],
)
def test_plan_that_is_not_complete_is_refused(db, fields, words):
    life = Life()
    refused(lambda: life.plan(**fields), words)
    assert not Activity.objects.exists()


def test_what_cannot_be_held_is_refused(db):
    life = Life()
    activity = life.plan()
    sheet = {life.account(life.cast.member): Presence("PRESENT")}
    by = life.cast.secretary
    refused(lambda: hold_activity(activity, datetime.date(2099, 1, 1), sheet, by=by), "还没有到")
    refused(lambda: hold_activity(activity, DAY, {}, by=by), "空的")
    refused(
        lambda: hold_activity(activity, DAY, {life.account(life.cast.stranger): Presence("PRESENT")}, by=by), "名单"
    )
    refused(lambda: hold_activity(activity, DAY, {life.account(life.cast.member): Presence("LATE")}, by=by), "只能是")
    hold_activity(activity, DAY, sheet, by=by)
    refused(lambda: hold_activity(activity, datetime.date(2026, 8, 20), sheet, by=by), "另一个月")
    refused(lambda: cancel_activity(activity, by=by), "已开展")
    other = life.plan()
    cancel_activity(other, by=by)
    refused(lambda: hold_activity(other, DAY, sheet, by=by), "已取消")
    refused(lambda: plan_activity(life.cast.branch, Plan("LECTURE", "改", DAY), by=by, activity=activity), "不能再改")


def test_what_the_branch_owes_is_told_kind_by_kind(db):
    life = Life()
    life.hold()
    life.hold(life.plan("GENERAL_MEETING", planned_on=datetime.date(2026, 7, 3)), day=datetime.date(2026, 7, 3))
    branches = [life.cast.branch, life.cast.other_branch]
    found = checks_of(branches, MONTH)
    assert [(one.kind, one.held, one.expected, one.is_missing) for one in found[life.cast.branch.pk]] == [
        ("GENERAL_MEETING", 1, 1, False), ("COMMITTEE_MEETING", 0, 1, True), ("GROUP_MEETING", 0, 1, True),
        ("LECTURE", 0, 1, True), ("THEME_DAY", 1, 1, False),
    ]  # fmt: skip
    # Without groups there are no meetings of groups.
    assert [one.kind for one in found[life.cast.other_branch.pk]] == [
        "GENERAL_MEETING", "COMMITTEE_MEETING", "LECTURE", "THEME_DAY",
    ]  # fmt: skip


def test_every_group_holds_its_own_meeting_and_those_without_are_named(db):
    life = Life()
    second = group(life.cast.branch, "第二党小组")
    group(life.cast.branch, "空的党小组")
    life.cast.deputy.member.memberships.update(group=second)
    life.hold(life.plan("GROUP_MEETING", group=life.cast.group))
    life.hold(life.plan("GROUP_MEETING", group=life.cast.group))

    def told():
        checks = {one.kind: one for one in checks_of([life.cast.branch], MONTH)[life.cast.branch.pk]}
        check = checks["GROUP_MEETING"]
        return check.held, check.expected, check.without, str(check)

    assert told() == (1, 2, ("第二党小组",), "党小组会（第二党小组）")
    life.hold(life.plan("GROUP_MEETING", group=second))
    assert told() == (2, 2, (), "党小组会")


def test_lacking_are_the_branches_of_which_a_check_says_so(db):
    life = Life()
    branches = OrgUnit.objects.branches()
    days = {"GENERAL_MEETING": datetime.date(2026, 7, 3), "LECTURE": datetime.date(2026, 8, 3)}
    everything = ["THEME_DAY", "COMMITTEE_MEETING", "GENERAL_MEETING", "LECTURE", "GROUP_MEETING"]
    for kind in everything:
        assert life.cast.branch in lacking(branches, MONTH)
        day = days.get(kind, DAY)
        own = life.cast.group if kind == "GROUP_MEETING" else None
        life.hold(life.plan(kind, planned_on=day, group=own), day=day)
        told = {pk for pk, checks in checks_of(branches, MONTH).items() if any(one.is_missing for one in checks)}
        assert set(lacking(branches, MONTH).values_list("pk", flat=True)) == told
    assert life.cast.branch not in lacking(branches, MONTH)
    # What was held in August says nothing for the theme day of September, and nothing of October.
    assert life.cast.branch in lacking(branches, 202610)
    # A second group owes its own meeting.
    second = group(life.cast.branch, "第二党小组")
    life.cast.deputy.member.memberships.update(group=second)
    assert life.cast.branch in lacking(branches, MONTH)
    life.hold(life.plan("GROUP_MEETING", group=second))
    assert life.cast.branch not in lacking(branches, MONTH)
    # Without groups nobody asks for their meetings.
    for kind in everything[:4]:
        held_on = days.get(kind, DAY)
        Activity.objects.create(
            unit=life.cast.other_branch, kind=kind, title="开过", planned_on=held_on, held_on=held_on, state="HELD",
            by=life.cast.secretary,
        )  # fmt: skip
    assert [unit.name for unit in lacking(branches, MONTH)] == ["机关党支部"]


def test_activities_are_seen_by_the_branch_and_those_above(db):
    life = Life()
    activity = life.plan()
    seen = {role for role, who in life.cast.by_role().items() if activity in Activity.objects.visible_to(who)}
    assert seen == {
        "member", "colleague", "group_leader", "secretary", "deputy", "commissioner", "committee_member",
        "business_admin",
    }  # fmt: skip


# --- the sheet -------------------------------------------------------------------------------------
def test_sheet_proposes_everybody_as_present_and_keeps_what_is_recorded(db):
    life = Life()
    activity = life.plan()
    proposed = [(line.name, line.mark, line.is_recorded) for line in sheet_of(activity, DAY)]
    names = ["陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]
    assert proposed == [(name, "PRESENT", False) for name in names]
    life.hold(activity, member="ABSENT")
    late = member(life.cast.branch, name="赵新来")
    account(late)
    again = {line.name: (line.mark, line.is_recorded) for line in sheet_of(activity, DAY)}
    assert again == dict.fromkeys(names, ("PRESENT", True)) | {
        "王建国": ("ABSENT", True), "赵新来": ("PRESENT", False),
    }  # fmt: skip


def test_whoever_is_not_on_the_sheet_any_more_loses_mark_and_entries(db):
    life = Life()
    activity, _posted = life.hold(member="ABSENT")
    kept = {row.account_id: Presence(row.mark) for row in Attendance.objects.all()}
    del kept[life.account(life.cast.member)]
    assert hold_activity(activity, DAY, kept, by=life.cast.secretary) == 2
    assert life.entries(life.cast.member) == []
    assert set(Attendance.objects.values_list("account", flat=True)) == set(kept)


def test_later_save_over_somebody_elses_change_is_refused(db):
    life = Life()
    activity = life.plan()
    seen = activity.at
    sheet = {life.account(life.cast.member): Presence("PRESENT")}
    hold_activity(activity, DAY, sheet, by=life.cast.deputy, seen=seen)
    refused(lambda: hold_activity(activity, DAY, sheet, by=life.cast.secretary, seen=seen), "刚刚由吴海涛改过")


PEOPLE = [
    Line(1, "王建国", "1001", "wang jian guo", "wjg"),
    Line(2, "李静怡", "1002", "li jing yi", "ljy"),
    Line(3, "李  明", "1003", "li ming", "lm"),
    Line(4, "赵伟", "1004", "zhao wei", "zw"),
    Line(5, "赵伟", "1005", "zhao wei", "zw"),
]


@pytest.mark.parametrize(
    ("text", "marks", "unmatched"),
    [
        ("王建国\t请假\n1002\t缺席", {1: "LEAVE", 2: "ABSENT"}, []),
        ("姓名,到会情况\n王建国，√\n李明 出差", {1: "PRESENT", 3: "OFFICIAL"}, []),
        ("１００１　补课", {1: "MADE_UP"}, []),
        # The serial number in front is somebody else's staff number: the name decides.
        ("1002\t王建国\t旷会", {1: "ABSENT"}, []),
        ("赵伟 到会\n赵伟\t1005\t病假", {5: "LEAVE"}, [(1, "赵伟 到会", "同名的有 2 人，请改用工号。")]),
        ("孙立新 到会", {}, [(1, "孙立新 到会", "名单里没有这个人。")]),
        ("王建国 迟到", {}, [(1, "王建国 迟到", "没有看懂到会情况，请写：到会、请假、公差、缺席、补课。")]),
        ("王建国 到会\n\n1001 缺席", {1: "PRESENT"}, [(3, "1001 缺席", "这个人前面已经有一行，只取前一行。")]),
        ("", {}, []),
    ],
)
def test_pasted_rows_become_marks_and_what_was_left_over_is_told(text, marks, unmatched):
    reading = read_marks(rows_of_text(text), PEOPLE)
    assert (reading.marks, [(one.row, one.text, one.why) for one in reading.unmatched]) == (marks, unmatched)


def test_numbers_of_a_workbook_are_staff_numbers():
    assert read_marks([[None, None], [1003.0, "到会"], [1004, "缺"]], PEOPLE).marks == {3: "PRESENT", 4: "ABSENT"}


# --- what pages say ----------------------------------------------------------------------------------
def test_what_the_rules_make_of_each_mark_is_told_by_kind(db):
    branch = Life().cast.branch
    told = {
        kind: {one.label: one.words for one in pages.consequences(branch, MONTH, kind)}
        for kind in ("THEME_DAY", "LECTURE")
    }
    counted, missed = "基-1 组织生活参加率：应到、实到各计 1 次", "基-1 组织生活参加率：应到计 1 次，不算实到"
    absent = [missed, "减-1 无故缺席：−2 分"]
    assert told == {
        "THEME_DAY": {
            "到会": [counted], "请假": [missed, "减-2 请假：−0.5 分"], "公差": [], "缺席": absent, "补课": [counted],
        },
        "LECTURE": {
            "到会": [counted, "加-1 讲党课：+2 分"], "请假": [missed], "公差": [], "缺席": absent, "补课": [counted],
        },
    }  # fmt: skip
    assert pages.consequences(branch, 202512, "LECTURE") is None


def test_share_leaves_out_whoever_was_on_duty_elsewhere(db):
    made = Life()
    activity, _posted = made.hold(member="OFFICIAL", colleague="ABSENT", group_leader="MADE_UP")
    assert pages.shares_of([activity, made.plan()]) == {activity.pk: pages.Share(4, 5)}
    assert str(pages.Share(4, 5).ratio) == "0.8"
    assert pages.Share(0, 0).ratio is None


def test_keepers_are_reminded_of_days_that_passed_without_a_sheet(db):
    made = Life()
    made.plan(title="九月主题党日")
    made.plan("GROUP_MEETING", title="小组会", group=made.cast.group, planned_on=datetime.date(2026, 9, 10))
    made.plan(title="将来", planned_on=datetime.date(2026, 10, 4))
    made.plan(title="太久以前", planned_on=datetime.date(2026, 5, 4))
    made.hold(made.plan(title="记过了"))
    cancel_activity(made.plan(title="取消了"), by=made.cast.secretary)
    today = datetime.date(2026, 10, 4)
    told = {
        role: [(todo.title, todo.due) for todo in waiting_for(who, today) if "到会" in todo.title]
        for role, who in made.cast.by_role().items()
    }
    in_group = ("记录“小组会”的到会情况", datetime.date(2026, 9, 10))
    both = [in_group, ("记录“九月主题党日”的到会情况", DAY)]
    assert {role: lines for role, lines in told.items() if lines} == {
        "secretary": both, "deputy": both, "commissioner": both, "group_leader": [in_group],
    }  # fmt: skip
