"""Classes, posts and expected counts as they were on the first day of the month; what the veto rules ask."""

import datetime

import pytest

from members.services.appointments import appoint, end_appointment
from members.services.people import change_member
from scoring import months
from scoring.models import ExpectedCount, Month, Score, Veto
from scoring.services.rules import load_rule_set, publish_rule_set
from scoring.services.scores import compute_units
from tests.factories import appointment, branch, committee, member, user
from tests.scoring.factories import account
from tests.scoring.ledger import entry

RULES = """
代号: r
名称: 办法
周期: {period}
生效月份: 202401
{more}
板块:
  - {{代号: 基, 名称: 基础, 类别: 基础, 条款: [
      {{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 100}},
      {item}]}}
"""

STARTING = "{{条款号: 乙-1, 名称: 乙, 计价: 打分, 最低: 0, 最高: 9, {}}}"


def scene(item, period="月", more=""):
    top = committee()
    home = branch(top)
    text = RULES.format(period=period, more=more, item=item)
    made = publish_rule_set(load_rule_set(text, owner=top, by=None), by=None)
    items = {one.code: one for part in made.sections.all() for one in part.items.all()}
    who = member(home)
    return home, who, account(who), items


def totals(home, *wanted):
    for month in wanted:
        Month.objects.get_or_create(unit=home, month=month, defaults={"state": "SUBMITTED"})
        compute_units([home.pk], month)
    return list(Score.objects.order_by("month").values_list("total", flat=True))


def test_class_of_an_earlier_month_is_what_it_was_then(db, monkeypatch):
    home, who, _own, _items = scene(
        "{条款号: 类-1, 名称: 骨干, 计价: 打分, 最低: 0, 最高: 9, 起始分: 5, 适用分类: [骨干类]}"
    )
    for day, name in ((datetime.date(2026, 7, 15), "骨干类"), (datetime.date(2026, 9, 1), "普通类")):
        monkeypatch.setattr("django.utils.timezone.localdate", lambda day=day: day)
        change_member(who, {"member_class": name}, by=user())
    # In July it was given after the first day; on September 1st it was gone.
    assert totals(home, 202607, 202608, 202609) == [0, 5, 0]


def test_item_of_a_post_counts_for_who_holds_it_on_the_first_day(db):
    home, who, own, _items = scene(STARTING.format("起始分: 2, 适用职务: [支部书记, 组织委员]"))
    appointment(who, home, "ORG_COMMISSIONER", datetime.date(2026, 8, 1), ended_on=datetime.date(2026, 9, 1))
    assert totals(home, 202607, 202608, 202609) == [0, 2, 0]
    assert own.kind == "MEMBER"


def test_item_of_a_class_or_a_post_needs_one_of_them(db):
    item = STARTING.format("起始分: 2, 适用分类: [骨干类], 适用职务: [支部书记]")
    home, who, _own, _items = scene(item)
    other = member(home, member_class="骨干类")
    account(other)
    appointment(who, home, "BRANCH_SECRETARY", datetime.date(2026, 1, 1))
    account(member(home))
    Month.objects.create(unit=home, month=202609, state="SUBMITTED")
    compute_units([home.pk], 202609)
    assert list(Score.objects.order_by("account").values_list("total", flat=True)) == [2, 2, 0]


def test_appointment_marks_the_months_of_the_branch(db):
    home, who, _own, _items = scene(
        "{条款号: 职-1, 名称: 支委, 计价: 打分, 最低: 0, 最高: 9, 起始分: 2, 适用职务: [支部书记]}"
    )
    elsewhere = branch(home.parent)
    for unit in (home, elsewhere):
        Month.objects.create(unit=unit, month=202609)
    row = appoint(who, unit=home, post="BRANCH_SECRETARY", started_on=datetime.date(2026, 9, 1), by=user())
    assert list(Month.objects.filter(is_stale=True).values_list("unit", flat=True)) == [home.pk]
    Month.objects.update(is_stale=False)
    end_appointment(row, on=datetime.date(2026, 9, 1), by=user())
    assert list(Month.objects.filter(is_stale=True).values_list("unit", flat=True)) == [home.pk]


def test_expected_count_of_the_account_goes_before_that_of_the_rules(db):
    home, _who, own, items = scene(
        "{条款号: 次-1, 名称: 党课, 计价: 按数量, 单价: 0, 单位: 次, "
        "汇总: 按比例, 比例满分: 10, 比例分母: 应完成次数, 应完成次数: 4}",
        period="年",
    )
    entry(own, items["次-1"], 0, month=202607, quantity=2)
    assert totals(home, 202607) == [5]
    ExpectedCount.objects.create(account=own, code="次-1", year=2026, count=2, by=user())
    ExpectedCount.objects.create(account=own, code="次-1", year=2025, count=100, by=user())
    assert totals(home, 202607) == [10]
    # More than expected is not more than full.
    entry(own, items["次-1"], 0, month=202608, quantity=7)
    assert totals(home, 202608)[-1] == 10


@pytest.mark.parametrize(("until", "expected"), [("解除为止", [0, 0, 0]), ("当年年底", [0, 0, 10])])
def test_veto_holds_until_lifted_or_until_its_year_ends(db, until, expected):
    home, _who, own, items = scene(
        "{条款号: 乙, 名称: 乙, 计价: 打分, 最低: 0, 最高: 1}", more=f"一票否决有效至: {until}"
    )
    Veto.objects.create(
        account=own, level="SEVERE", effect="ZERO", ground="廉洁纪律", reason="违纪", from_month=202511,
        decided_on=months.first_day(202511), by=user(),
    )  # fmt: skip
    for month in (202511, 202512, 202601):
        entry(own, items["基-1"], 10, month=month)
    assert totals(home, 202511, 202512, 202601) == expected


def test_highest_of_each_occasion_is_added_and_of_none_stands_for_itself(db):
    home, _who, own, items = scene(
        "{条款号: 奖-1, 名称: 表彰, 计价: 按级别, 级别: [[省, 8], [市, 4]], 汇总: 取最高, 最高范围: 同一事项}",
        period="年",
    )
    for month, points, occasion in (
        (202607, 4, "抢险"),
        (202608, 8, "抢险"),
        (202608, 1, "抢险"),
        (202608, 4, "竞赛"),
        (202609, 1, ""),
        (202609, 1, ""),
    ):
        entry(own, items["奖-1"], points, month=month, occasion=occasion)
    assert totals(home, 202607, 202608, 202609) == [4, 12, 14]
