"""Quarters and years: by hand, against the reference on random periods, and through the database."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import cards, months
from scoring.calculation.book import RuleBook
from scoring.calculation.results import Periods, quarter_of, year_of
from scoring.models import Opening, Result, Score, StaleScore, Standing, YearTotal
from scoring.services.rules import load_rule_set, publish_rule_set
from scoring.services.scores import compute_units
from scoring.services.standings import refresh_standings
from tests.factories import branch, committee, group, member, membership, user
from tests.scoring import reference
from tests.scoring.factories import account
from tests.scoring.ledger import entry

METHODS = ("SUM", "MEAN", "LAST", "SCALED")


def periods_of(*columns):
    """One column per account; None where it was not scored."""
    rows = list(zip(*columns, strict=True))
    totals = np.array([[0 if value is None else value for value in row] for row in rows], dtype=np.int64)
    return Periods(totals, np.array([[value is not None for value in row] for row in rows], dtype=np.int64))


# --- by hand --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "periods", "expected"),
    [
        ("SUM", [8000, 9000, 10000], 27000),
        ("SUM", [None, 9000, None], 9000),
        ("MEAN", [8000, 9000, 10000], 9000),
        # Of the periods in scope alone.
        ("MEAN", [None, 9000, 8000], 8500),
        ("MEAN", [8000, 8000, 8001], 8000),
        ("LAST", [8000, 9000, None], 9000),
        # A quarter of 25 out of 100: the mean of 80, 90, 100 is 22.5.
        ("SCALED", [8000, 9000, 10000], 2250),
        ("SCALED", [None, None, 10000], 2500),
    ],
)
def test_quarter_from_months(method, periods, expected):
    book = RuleBook(quarter_value=method, quarter_full=2500, ceiling=10000)
    assert quarter_of(book, periods_of(periods)).tolist() == [expected]


def test_year_of_four_quarters_of_25():
    """Each month of 100; a quarter is scaled to 25, the year adds four quarters."""
    book = RuleBook(quarter_value="SCALED", quarter_full=2500, ceiling=10000, year_of="QUARTERS")
    months_of_one = [8000] * 3 + [9000] * 3 + [10000] * 3 + [6000] * 3
    assert year_of(book, periods_of(months_of_one)).tolist() == [2000 + 2250 + 2500 + 1500]


def test_opening_belongs_to_a_sum_and_to_nothing_else():
    opening = np.array([5000], dtype=np.int64)
    twelve = periods_of([1000] * 12)
    assert year_of(RuleBook(year_value="SUM"), twelve, opening).tolist() == [17000]
    assert year_of(RuleBook(year_value="MEAN"), twelve, opening).tolist() == [1000]


def test_rounding_is_to_the_decimals_of_the_rules_half_away_from_zero():
    book = RuleBook(year_value="MEAN", decimals=1)
    assert year_of(book, periods_of([8005, 8000] + [None] * 10)).tolist() == [8000]
    assert year_of(book, periods_of([8010, 8000] + [None] * 10)).tolist() == [8010]
    assert year_of(book, periods_of([-8010, -8000] + [None] * 10)).tolist() == [-8010]


# --- random periods -------------------------------------------------------------------------
totals = st.none() | st.integers(-20000, 20000)


@given(
    st.sampled_from(["MONTH", "QUARTER", "YEAR"]),
    st.sampled_from(METHODS),
    st.sampled_from(METHODS),
    st.sampled_from(["PERIODS", "QUARTERS"]),
    st.integers(0, 2),
    st.lists(totals, min_size=12, max_size=12),
    st.integers(-5000, 5000),
)
def test_results_equal_the_reference(period, quarter, year, of, decimals, values, opening):
    book = RuleBook(
        period=period, decimals=decimals, ceiling=9000, quarter_value=quarter, quarter_full=2500,
        year_value=year, year_full=10000, year_of=of,
    )  # fmt: skip
    count = 12 // months.PERIOD_MONTHS[period]
    own = values[:count]
    as_points = [None if value is None else Decimal(value) / 100 for value in own]
    found = year_of(book, periods_of(own), np.array([opening], dtype=np.int64))
    assert Decimal(int(found[0])) / 100 == reference.result(book, as_points, "YEAR", Decimal(opening) / 100)
    if period == "MONTH":
        found = quarter_of(book, periods_of(own[:3]))
        assert Decimal(int(found[0])) / 100 == reference.result(book, as_points[:3], "QUARTER")


# --- through the database -------------------------------------------------------------------
RULES = """
代号: r
名称: 办法
周期: {period}
生效月份: 202401
总分上限: 100
{more}
板块:
  - {{代号: 基, 名称: 基础, 类别: 基础, 上限: 100, {section}条款: [
      {{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 100}},
      {{条款号: 年-1, 名称: 年度项, 计价: 打分, 最低: 0, 最高: 100{annual}}}]}}
"""


def rules(top, period="月", more="", section="", annual=""):
    text = RULES.format(period=period, more=more, section=section, annual=annual)
    made = publish_rule_set(load_rule_set(text, owner=top, by=None), by=None)
    return {item.code: item for part in made.sections.all() for item in part.items.all()}


def fill(home, accounts, item, first, last, points=10):
    for month in months.span(first, last):
        for place, own in enumerate(accounts):
            entry(own, item, points + place, month=month)
        compute_units([home.pk], month)


def results(span, month):
    rows = Result.objects.filter(span=span, month=month).order_by("account")
    return [(row.total, row.periods, row.rank_in_branch, row.rank_in_group) for row in rows]


def test_quarter_and_year_are_stored_with_their_last_month_and_ranked(db):
    top = committee()
    home = branch(top)
    people = [account(member(home, group(home))), account(member(home))]
    item = rules(top, more="季度积分: 平均")["基-1"]
    fill(home, people, item, 202601, 202602)
    assert not Result.objects.exists()
    fill(home, people, item, 202603, 202603)
    assert results("QUARTER", 202603) == [(10, 3, 2, 1), (11, 3, 1, None)]
    fill(home, people, item, 202604, 202612)
    assert results("YEAR", 202612) == [(120, 12, 2, 1), (132, 12, 1, None)]
    assert Result.objects.count() == 10
    refresh_standings([top], 202612)
    rows = Standing.objects.filter(unit=top, month=202612).order_by("span", "rank")
    assert list(rows.values_list("span", "total", "rank")) == [
        ("MONTH", 11, 1), ("MONTH", 10, 2), ("QUARTER", 11, 1), ("QUARTER", 10, 2), ("YEAR", 132, 1), ("YEAR", 120, 2),
    ]  # fmt: skip


def test_months_in_another_branch_count_and_the_result_stands_where_the_member_is(db):
    top = committee()
    old, new = branch(top), branch(top)
    who = member(old)
    own = account(who)
    item = rules(top)["基-1"]
    stay = who.memberships.get()
    fill(old, [own], item, 202607, 202608)
    stay.ended_on, stay.ending = months.first_day(202609), "TRANSFER"
    stay.save()
    membership(who, new, started_on=months.first_day(202609))
    fill(new, [own], item, 202609, 202609)
    assert [(row.unit, row.total, row.periods) for row in Result.objects.all()] == [(new, 30, 3)]
    compute_units([old.pk], 202609)
    assert Result.objects.count() == 1


def test_period_of_a_quarter_is_its_own_result(db):
    top = committee()
    home = branch(top)
    own = account(member(home))
    item = rules(top, period="季")["基-1"]
    fill(home, [own], item, 202601, 202606)
    assert results("QUARTER", 202603) == [(30, 1, 1, None)]
    assert results("QUARTER", 202606) == [(30, 1, 1, None)]


def test_opening_counts_in_the_year_from_its_month(db):
    top = committee()
    home = branch(top)
    own = account(member(home))
    Opening.objects.create(account=own, year=2026, from_month=202607, points=55, kind="ENTERED", by=user())
    item = rules(top)["基-1"]
    fill(home, [own], item, 202607, 202612)
    assert results("YEAR", 202612) == [(115, 6, 1, None)]


def test_opening_is_inside_the_score_where_the_year_is_one_period(db):
    top = committee()
    home = branch(top)
    own = account(member(home))
    Opening.objects.create(account=own, year=2026, from_month=202608, points=55, kind="ENTERED", by=user())
    item = rules(top, period="年")["基-1"]
    fill(home, [own], item, 202607, 202612)
    assert list(Score.objects.order_by("month").values_list("total", flat=True)) == [10, 75, 85, 95, 100, 100]
    assert results("YEAR", 202612) == [(100, 1, 1, None)]


def test_carry_over_starts_the_first_period_in_scope_and_no_later_one(db):
    """P2: 20 % of last year's 88 becomes this year's start, whole, in January; a newcomer of March has it in March."""
    top = committee()
    home = branch(top)
    early, late = account(member(home)), account(member(None))
    membership(late.member, home, started_on=months.first_day(202603))
    for own in (early, late):
        YearTotal.objects.create(account=own, year=2025, total=88, by=user())
    item = rules(top, section="上年结转: 20, ")["基-1"]
    for month in (202601, 202602, 202603, 202604):
        entry(early, item, 1, month=month, unit=home)
        compute_units([home.pk], month)
    rows = Score.objects.order_by("account", "month").values_list("account", "month", "total")
    assert list(rows) == [
        (early.pk, 202601, Decimal("18.6")), (early.pk, 202602, 1), (early.pk, 202603, 1), (early.pk, 202604, 1),
        (late.pk, 202603, Decimal("17.6")), (late.pk, 202604, 0),
    ]  # fmt: skip


def test_carry_over_of_a_computed_year_marks_the_year_after_when_it_changes(db):
    top = committee()
    home = branch(top)
    own = account(member(home))
    item = rules(top, section="上年结转: 20, ")["基-1"]
    fill(home, [own], item, 202501, 202512)
    fill(home, [own], item, 202601, 202602)
    assert list(Score.objects.filter(month__gte=202601).order_by("month").values_list("total", flat=True)) == [34, 10]
    StaleScore.objects.all().delete()
    entry(own, item, 50, month=202512)
    compute_units([home.pk], 202512)
    assert list(StaleScore.objects.order_by("month").values_list("month", flat=True)) == [202601, 202602]
    compute_units([home.pk], 202601)
    assert Score.objects.get(month=202601).total == 44


def test_annual_item_counts_in_the_last_period_with_all_of_the_year(db):
    top = committee()
    home = branch(top)
    own = account(member(home))
    items = rules(top, annual=", 年末计入: 是")
    fill(home, [own], items["基-1"], 202609, 202610)
    entry(own, items["年-1"], 30, month=202603)
    entry(own, items["年-1"], 20, month=202611)
    fill(home, [own], items["基-1"], 202611, 202612)
    assert list(Score.objects.order_by("month").values_list("total", flat=True)) == [10, 10, 10, 60]


def test_revision_inside_a_year_goes_on_counting_by_clause_number(db):
    """Entries filed under the first version count under the second; a clause that it dropped does not any more."""
    top = committee()
    home = branch(top)
    own = account(member(home))
    first = rules(top, period="年")
    entry(own, first["基-1"], 10, month=202601)
    entry(own, first["年-1"], 7, month=202601)
    compute_units([home.pk], 202601)
    text = (
        RULES.format(period="年", more="", section="", annual="").replace("202401", "202602").replace("年-1", "新-1")
    )
    second = publish_rule_set(load_rule_set(text, owner=top, by=None), by=None)
    items = {item.code: item for part in second.sections.all() for item in part.items.all()}
    entry(own, items["基-1"], 5, month=202602)
    entry(own, items["新-1"], 1, month=202602)
    compute_units([home.pk], 202602)
    assert list(Score.objects.order_by("month").values_list("month", "total")) == [(202601, 17), (202602, 16)]


def test_whoever_left_in_the_quarter_has_no_result_of_it(db):
    top = committee()
    home = branch(top)
    stays, leaves = member(home), member(home)
    item = rules(top)["基-1"]
    fill(home, [account(stays), account(leaves)], item, 202607, 202608)
    row = leaves.memberships.get()
    row.ended_on, row.ending = months.first_day(202609), "LEFT"
    row.save()
    fill(home, [account(stays)], item, 202609, 202609)
    assert list(Result.objects.values_list("account__member", flat=True)) == [stays.pk]


def test_reference_and_product_agree_that_nothing_scored_is_nothing():
    book = replace(RuleBook(), year_value="MEAN")
    assert year_of(book, periods_of([None] * 12)).tolist() == [0]


# --- on pages -------------------------------------------------------------------------------
def test_score_page_figures_are_the_stored_results(db):
    top = committee()
    home = branch(top)
    own = account(member(home))
    Opening.objects.create(account=own, year=2026, from_month=202601, points=5, kind="ENTERED", by=user())
    item = rules(top, more="季度积分: 平均")["基-1"]
    fill(home, [own], item, 202601, 202612)
    shown = cards.history(own, 202612)
    assert [(one.name, one.total) for one in cards.to_date(shown)] == [("本季平均", 10), ("本年合计", 125)]
    assert [(one.name, one.total) for one in cards.to_date(shown[:8])] == [("本季平均", 10), ("本年合计", 85)]
    assert results("YEAR", 202612)[0][0] == 125
