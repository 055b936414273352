"""参加情况: what counts as held, attended, exempt; the branch's table; targets of the period and of the year."""

import datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest

from members.models import AuditEvent
from members.services.people import transfer
from scoring.models import ExpectedCount, Item
from scoring.services.activities import undo_activity
from scoring.services.turnout import branch_targets, turnout_of, write_turnout
from scoring.targets import targets_of
from scoring.turnout import Turnout, attended_counts
from tests.factories import exclusion, user
from tests.scoring.factories import MONTH, account
from tests.scoring.ledger import entry
from tests.scoring.living import RULES, Life, with_study

pytestmark = pytest.mark.django_db


def on(month, day=5):
    return datetime.date(2026, month, day)


def hold(made, kind="THEME_DAY", day=None, group=None, **marks):
    day = day or on(9)
    return made.hold(made.plan(kind, planned_on=day, group=group), day=day, **marks)[0]


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("PRESENT", Turnout(1, 1, 0)),
        ("MADE_UP", Turnout(1, 1, 0)),
        ("LEAVE", Turnout(1, 0, 0)),
        ("ABSENT", Turnout(1, 0, 0)),
        ("OFFICIAL", Turnout(1, 0, 1)),
    ],
)
def test_mark_counts_as_attended_missed_or_exempt(mark, expected):
    made = Life()
    hold(made, member=mark)
    own = made.account(made.cast.member)
    assert attended_counts([own], 2026) == {own: {"THEME_DAY": expected}}


def test_counts_are_by_account_kind_and_year_and_only_of_what_is_held():
    made = Life()
    hold(made)
    hold(made, day=on(8), member="ABSENT")
    hold(made, "GROUP_MEETING", group=made.cast.group)
    undo_activity(hold(made, "LECTURE"), by=made.cast.secretary, reason="没有开展")
    made.plan("GENERAL_MEETING")
    own, deputy = made.account(made.cast.member), made.account(made.cast.deputy)
    stranger = made.account(made.cast.stranger)
    assert attended_counts([own, deputy, stranger], 2026) == {
        own: {"THEME_DAY": Turnout(2, 1, 0), "GROUP_MEETING": Turnout(1, 1, 0)},
        deputy: {"THEME_DAY": Turnout(2, 2, 0)},
        stranger: {},
    }
    assert attended_counts([own], 2025) == {own: {}}


def test_counts_take_one_query_for_any_number_of_accounts(django_assert_num_queries):
    made = Life()
    hold(made)
    everybody = sorted(made.accounts(*made.cast.by_role().keys() & {"member", "colleague", "deputy", "secretary"}))
    for accounts in (everybody[:1], everybody):
        with django_assert_num_queries(1):
            assert attended_counts(accounts, 2026) == {own: {"THEME_DAY": Turnout(1, 1, 0)} for own in accounts}


# --- targets -------------------------------------------------------------------------------------
def told(targets):
    return [(one.item.code, one.period.done, one.period.expected, one.year.done, one.year.expected) for one in targets]


def test_own_target_comes_before_that_of_the_rules_and_the_year_adds_up():
    made = Life(with_study())
    own, other = account(made.cast.member.member), account(made.cast.colleague.member)
    ExpectedCount.objects.create(account=own, code="基-2", year=2026, count=2, by=made.cast.business_admin)
    study = Item.objects.get(code="基-2")
    entry(own, study, 0, quantity=2)
    entry(own, study, 0)
    entry(own, study, 0, month=202608, quantity=5)
    entry(own, study, 0, month=202512, quantity=9)
    found = targets_of([own.pk, other.pk], made.cast.branch, MONTH)
    assert {pk: told(one) for pk, one in found.items()} == {
        own.pk: [("基-2", 3, 2, 8, 24)],
        other.pk: [("基-2", 0, 4, 0, 48)],
    }
    assert [(one.period.is_reached, one.year.is_reached) for one in found[own.pk]] == [(True, False)]


@pytest.mark.parametrize(
    ("period", "done", "first", "last", "year"),
    [("月", 2, 202609, 202609, 48), ("季", 7, 202607, 202609, 16), ("年", 10, 202601, 202612, 4)],
)
def test_year_expects_as_often_as_each_of_its_periods(period, done, first, last, year):
    made = Life(with_study(RULES.replace("周期: 月", f"周期: {period}")))
    own, study = account(made.cast.member.member), Item.objects.get(code="基-2")
    for month, quantity in ((202609, 2), (202607, 5), (202602, 3)):
        entry(own, study, 0, month=month, quantity=quantity)
    (target,) = targets_of([own.pk], made.cast.branch, MONTH)[own.pk]
    assert (target.first, target.last, target.is_yearly) == (first, last, period == "年")
    assert told([target]) == [("基-2", done, 4, 10, year)]


def test_year_expects_nothing_before_the_rules_or_out_of_scope():
    made = Life(with_study(RULES.replace("生效月份: 202601", "生效月份: 202605")))
    own = account(made.cast.member.member)
    assert told(targets_of([own.pk], made.cast.branch, MONTH)[own.pk]) == [("基-2", 0, 4, 0, 32)]
    exclusion(made.cast.member.member, user(), started_on=on(7, 1), ended_on=on(9, 1))
    assert told(targets_of([own.pk], made.cast.branch, MONTH)[own.pk]) == [("基-2", 0, 4, 0, 24)]


def test_target_is_only_for_whom_the_clause_is():
    rules = with_study().replace("        应完成次数: 4", "        应完成次数: 4\n        适用分类: [骨干类]")
    made = Life(rules)
    who = made.cast.member.member
    who.member_class = "骨干类"
    who.save()
    accounts = [account(who).pk, made.account(made.cast.colleague)]
    found = targets_of(accounts, made.cast.branch, MONTH)
    assert [len(found[pk]) for pk in accounts] == [1, 0]


def test_rules_without_targets_expect_nothing():
    made = Life()
    own = made.account(made.cast.member)
    assert targets_of([own], made.cast.branch, MONTH) == {own: []}
    assert targets_of([own], made.cast.branch, 202001) == {own: []}
    assert targets_of([], made.cast.branch, MONTH) == {}


def test_targets_take_the_same_queries_for_one_and_for_many(queries):
    made = Life(with_study())
    accounts = sorted(made.accounts("member", "colleague", "deputy"))
    asked = []
    for chosen in (accounts[:1], accounts[:1], accounts):
        with queries() as found:
            targets_of(chosen, made.cast.branch, MONTH)
        asked.append(len(found))
    assert asked[1] == asked[2] <= 7


# --- the branch's table --------------------------------------------------------------------------
def test_table_names_members_by_kinds():
    made = Life()
    hold(made, member="ABSENT")
    hold(made, "LECTURE", member="OFFICIAL")
    hold(made, "GROUP_MEETING", group=made.cast.group, colleague="LEAVE")
    table = turnout_of(made.cast.branch, 2026)
    assert table.title == "检修部党支部党员参加组织生活情况（2026年）"
    section = "组织生活（参加/应到）"
    assert [column.full_heading for column in table.columns] == [
        "序号", "党员姓名", "工号", f"{section} 党小组会", f"{section} 党课", f"{section} 主题党日", f"{section} 合计",
        f"{section} 参加率",
    ]  # fmt: skip
    assert {row[1]: row[3:] for row in table.rows} == {
        "王建国": ("1/1", "0/0", "0/1", "1/2", "50%"),
        "李静怡": ("0/1", "1/1", "1/1", "2/3", "66.7%"),
        "陈志远": (None, "1/1", "1/1", "2/2", "100%"),
        "吴海涛": (None, "1/1", "1/1", "2/2", "100%"),
        "郑雪": (None, "1/1", "1/1", "2/2", "100%"),
        "周敏": ("1/1", "1/1", "1/1", "3/3", "100%"),
    }
    assert turnout_of(made.cast.branch, 2025) is None


@pytest.mark.parametrize(
    ("period", "headings", "cells"),
    [
        ("月", ["9 月", "全年"], ("1.5/4", "1.5/48")),
        ("季", ["7—9 月", "全年"], ("1.5/4", "1.5/16")),
        ("年", ["全年"], ("1.5/4",)),
    ],
)
def test_table_of_targets_has_the_period_and_the_year(period, headings, cells):
    made = Life(with_study(RULES.replace("周期: 月", f"周期: {period}")))
    assert branch_targets(made.cast.branch, 2025, MONTH) is None
    entry(account(made.cast.member.member), Item.objects.get(code="基-2"), 0, quantity=Decimal("1.5"))
    table = branch_targets(made.cast.branch, 2026, MONTH)
    assert [column.full_heading for column in table.columns[3:]] == [f"基-2 学习心得 {one}" for one in headings]
    assert {row[1]: row[3:] for row in table.rows}["王建国"] == cells
    # A year that is over shows its last period.
    later = branch_targets(made.cast.branch, 2026, 202702)
    assert later.columns[3].heading == {"月": "12 月", "季": "10—12 月", "年": "全年"}[period]


def test_table_is_of_those_who_belong_to_the_branch_today():
    made = Life()
    hold(made)
    transfer(
        made.cast.colleague.member,
        branch=made.cast.other_branch,
        group=None,
        on=on(11, 1),
        by=made.cast.business_admin,
    )
    names = [row[1] for row in turnout_of(made.cast.branch, 2026).rows]
    assert "李静怡" not in names
    assert {row[1]: row[3] for row in turnout_of(made.cast.other_branch, 2026).rows}["李静怡"] == "1/1"


def test_workbook_keeps_the_counts_as_text_and_names_who_took_it():
    made = Life()
    hold(made)
    file = BytesIO()
    table = turnout_of(made.cast.branch, 2026)
    assert write_turnout(file, made.cast.branch, table, by=made.cast.secretary) == 6
    sheet = openpyxl.load_workbook(file).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "检修部党支部党员参加组织生活情况（2026年）"
    assert rows[3][3:] == ["1/1", "1/1", "100%"]
    assert [row[0] for row in rows if str(row[0]).startswith("导出人：陈志远")]
    line = AuditEvent.objects.get(action="scoring.export_turnout")
    assert (line.user, line.detail) == (made.cast.secretary, f"{table.title}，6 人")
