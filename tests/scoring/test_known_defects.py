"""Defects seen in other point systems (domain.md §7), and the tests that show they are not here.

The cap is tested before the insert and then overshot:
    test_entry_that_reaches_a_cap_does_not_overshoot_it
"Highest only" swallows a separate item:
    test_highest_of_one_clause_leaves_the_others_alone
    test_highest_of_an_occasion_leaves_other_occasions_alone
Recalculation overwrites what a person decided:
    test_recalculation_leaves_what_people_decided
    test_scores.test_closed_month_is_not_computed_again
Bands with gaps:
    test_bands_with_a_gap_or_an_overlap_are_refused
    test_every_number_lies_in_exactly_one_band
Floats for points:
    test_calculation_knows_no_float
    test_thirty_tenths_are_three
A published quarter changes afterwards:
    test_closed_quarter_stays_as_it_was_shown
The self-score becomes final because later stages are empty:
    test_ranking.test_month_that_is_not_closed_has_no_rank
    test_months.test_submitter_never_checks_and_never_closes
An empty rater group silently loses its weight: belongs to the ratings.
"""

import ast
import importlib
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.errors import Refused
from scoring import calculation
from scoring.calculation.book import ItemRule
from scoring.calculation.pricing import Fact, price
from scoring.models import LedgerEntry, Month, Result, Score, Veto
from scoring.months import first_day
from scoring.rulebook.file import parse
from scoring.rulebook.tryout import Record, try_records
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set
from scoring.services.scores import compute_units
from tests.factories import branch, exclusion, member, user
from tests.scoring.factories import MONTH, account, item, rule_set
from tests.scoring.ledger import entry


def total(code, *records, month=202601):
    return str(try_records(parse(preset_text(code)), [Record(*one) for one in records], month).total)


def test_every_test_named_above_exists():
    names = re.findall(r"(?:(test_\w+)\.)?(test_\w+)", __doc__)
    missing = [
        name
        for module, name in names
        if not hasattr(importlib.import_module(f"tests.scoring.{module or 'test_known_defects'}"), name)
    ]
    assert (len(names), missing) == (12, [])


# --- caps -----------------------------------------------------------------------------------
def test_entry_that_reaches_a_cap_does_not_overshoot_it():
    """Each entry counts in full in the ledger; the sum stops at the cap, whichever entry passes it."""
    assert [total("s3-short", *[("加-2", "2次")] * times) for times in (1, 2, 3)] == ["2.00", "3.00", "3.00"]
    assert total("s3-short", ("加-2", "9次")) == "3.00"


# --- highest --------------------------------------------------------------------------------
def test_highest_of_one_clause_leaves_the_others_alone():
    assert total("s3", ("加5-1", "州级"), ("加5-1", "局级"), ("加5-2", "一等奖"), ("加5-2", "三等奖")) == "9.00"


def test_highest_of_an_occasion_leaves_other_occasions_alone():
    one, other = ("加1-4", "省级", 202601, "甲"), ("加1-4", "局级", 202601, "乙")
    again = ("加1-4", "州级", 202601, "甲")
    assert [total("s3", one), total("s3", one, again), total("s3", one, again, other)] == ["6.00", "6.00", "8.00"]


# --- recalculation --------------------------------------------------------------------------
def test_recalculation_leaves_what_people_decided(db):
    """A veto, an adjustment and a decision to leave somebody out stand however often the month is computed."""
    home, by = branch(), user()
    rules = rule_set(home.parent)
    vetoed, adjusted, left_out = people = [member(home) for _ in range(3)]
    for who in people:
        entry(account(who), item(rules, "基-1"), 50)
    Veto.objects.create(
        account=account(vetoed), level="LIGHT", effect="CAP", cap=30, ground="纪律", reason="违纪",
        from_month=MONTH, decided_on=first_day(MONTH), by=by,
    )  # fmt: skip
    entry(
        account(adjusted), None, "2.5", rule_set=rules, source=LedgerEntry.Source.ADJUSTMENT,
        reason="更正", corrects_month=202512,
    )  # fmt: skip
    exclusion(left_out, by)
    expected = {account(vetoed).pk: Decimal(30), account(adjusted).pk: Decimal("52.5")}
    for _ in range(2):
        entry(account(vetoed), item(rules, "加-2"), 1)
        compute_units([home.pk], MONTH)
        assert dict(Score.objects.values_list("account", "total")) == expected


# --- bands ----------------------------------------------------------------------------------
BANDS = '[["", 60, 0], [60, 80, 10], [80, 90, 15], [90, 95, 18], [95, "", 20]]'


@pytest.mark.parametrize(
    ("bands", "sentence"),
    [
        (BANDS.replace("[95,", "[96,"), "95.00 到 96.00 之间没有分数段"),
        (BANDS.replace("[60, 80", "[60, 85"), "分数段在 80.00 到 85.00 之间重叠"),
        (BANDS.replace("[80, 90, 15], ", ""), "80.00 到 90.00 之间没有分数段"),
    ],
)
def test_bands_with_a_gap_or_an_overlap_are_refused(bands, sentence):
    assert BANDS in preset_text("s2")
    with pytest.raises(Refused, match=sentence):
        parse(preset_text("s2").replace(BANDS, bands))


@given(st.integers(0, 100_00))
def test_every_number_lies_in_exactly_one_band(number):
    rows = [("", 60, 0), (60, 80, 10), (80, 90, 15), (90, 95, 18), (95, "", 20)]
    table = {"bands": [[None if end == "" else str(end) for end in row[:2]] + [str(row[2])] for row in rows]}
    fits = [
        worth
        for low, high, worth in rows
        if (low == "" or low * 100 <= number) and (high == "" or number < high * 100)
    ]
    assert [price(ItemRule(1, "象-1", "满意率", "bands", table), Fact(quantity=number)) // 100] == fits


# --- floats ---------------------------------------------------------------------------------
@pytest.mark.parametrize("path", sorted(Path(calculation.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_calculation_knows_no_float(path):
    """No float is written, asked for or made by a division in what computes points."""
    found = [
        (node.lineno, ast.unparse(node))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Attribute) and node.attr.startswith("float"))
        or (isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div))
    ]
    assert found == []


def test_thirty_tenths_are_three():
    assert total("starter", *[("基-1", "0.1")] * 30) == "3.00"


# --- what was shown -------------------------------------------------------------------------
def test_closed_quarter_stays_as_it_was_shown(db):
    """Neither a late entry, a veto, an exclusion nor new rules change a quarter whose months are closed."""
    home, by = branch(), user()
    rules = rule_set(home.parent)
    who, other = member(home), member(home)
    for month in (202607, 202608, 202609):
        entry(account(who), item(rules, "基-1"), 60, month=month)
        entry(account(other), item(rules, "基-1"), 50, month=month)
        compute_units([home.pk], month)
        Month.objects.update_or_create(unit=home, month=month, defaults={"state": "CLOSED", "closed_by": by})

    def shown():
        scores = Score.objects.order_by("month", "account").values_list("month", "account", "total", "rank_in_branch")
        return list(scores), list(Result.objects.order_by("span", "month", "account").values_list("month", "total"))

    before = shown()
    entry(account(other), item(rules, "加-1"), 5)
    exclusion(who, by)
    Veto.objects.create(
        account=account(other), level="SEVERE", effect="ZERO", ground="纪律", reason="违纪",
        from_month=202607, decided_on=first_day(202607), by=by,
    )  # fmt: skip
    text = preset_text("s3-short").replace("生效月份: 202601", "生效月份: 202610").replace("最高: 60", "最高: 40")
    publish_rule_set(load_rule_set(text.split("示例:")[0], owner=home.parent, by=None), by=None)
    for month in (202607, 202608, 202609):
        assert compute_units([home.pk], month) == 0
    assert shown() == before
    assert [row[2] for row in before[0]] == [Decimal(60), Decimal(50)] * 3
