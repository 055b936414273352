"""Amounts, months, tallies: the small parts of the calculation, as tables. The order has `test_order.py`."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import months
from scoring.calculation.amounts import FINE, divide, from_fine, from_hundredths, hundredths, round_points
from scoring.calculation.tally import NOTHING, READS, TALLY, Months
from scoring.groups import facts_of
from tests.scoring.reference import half_up


def column(*values):
    return np.array(values, dtype=np.int64)


# --- amounts --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("3", 300),
        ("2.5", 250),
        ("-0.05", -5),
        ("+1", 100),
        (7, 700),
        (Decimal("1.10"), 110),
        ("0", 0),
        (Decimal("-3"), -300),
    ],
)
def test_hundredths_are_exact(written, amount):
    assert hundredths(written) == amount


@pytest.mark.parametrize(
    "written",
    ["2.505", "", "abc", "nan", "inf", "1_000", "1e2", "٣", "1 000", "１", Decimal("NaN"), Decimal("0.001"), "9" * 16],
)
def test_hundredths_refuse_what_is_not_a_plain_number_of_two_decimals(written):
    with pytest.raises(ValueError):
        hundredths(written)


def test_amounts_come_back_as_they_were():
    assert [str(from_hundredths(n)) for n in (0, 5, -250, 9317)] == ["0.00", "0.05", "-2.50", "93.17"]
    assert [str(from_fine(n)) for n in (0, 13333, -25000, 100)] == ["0.00", "1.3333", "-2.50", "0.01"]


@pytest.mark.parametrize(
    ("fine", "decimals", "expected"),
    [
        (10_0050, 2, 1001),
        (10_0049, 2, 1000),
        (-10_0050, 2, -1001),
        (-10_0049, 2, -1000),
        (25000, 0, 300),
        (-25000, 0, -300),
        (24999, 0, 200),
        (12500, 1, 130),
        (-12500, 1, -130),
        (0, 2, 0),
        (49, 2, 0),
        (-50, 2, -1),
    ],
)
def test_rounding_is_half_away_from_zero(fine, decimals, expected):
    assert round_points(column(fine), decimals).tolist() == [expected]


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_division_rounds_the_exact_quotient(numerator, denominator):
    exact = Fraction(abs(numerator), denominator)
    nearest = int(exact + Fraction(1, 2))
    assert divide(column(numerator), denominator).tolist() == [nearest if numerator > 0 else -nearest]


@given(st.integers(-(10**9), 10**9), st.integers(0, 2))
def test_rounding_is_that_of_decimal(fine, decimals):
    assert from_hundredths(round_points(column(fine), decimals)[0]) == half_up(Decimal(fine).scaleb(-4), decimals)


# --- months ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("month", "by", "expected"),
    [
        (202609, 1, 202610),
        (202612, 1, 202701),
        (202601, -1, 202512),
        (202603, -15, 202412),
        (202605, 0, 202605),
        (202602, 23, 202801),
    ],
)
def test_months_shift_over_years(month, by, expected):
    assert months.shift(month, by) == expected


@pytest.mark.parametrize(
    ("month", "period", "start", "end"),
    [
        (202605, "MONTH", 202605, 202605),
        (202601, "QUARTER", 202601, 202603),
        (202606, "QUARTER", 202604, 202606),
        (202607, "QUARTER", 202607, 202609),
        (202612, "QUARTER", 202610, 202612),
        (202601, "YEAR", 202601, 202612),
        (202612, "YEAR", 202601, 202612),
    ],
)
def test_periods_follow_the_calendar(month, period, start, end):
    assert (months.period_start(month, period), months.period_end(month, period)) == (start, end)


def test_months_have_their_days_and_names():
    assert months.first_day(202402) == datetime.date(2024, 2, 1)
    assert months.last_day(202402) == datetime.date(2024, 2, 29)
    assert months.last_day(202612) == datetime.date(2026, 12, 31)
    assert months.month_of(datetime.date(2026, 9, 30)) == 202609
    assert months.span(202611, 202702) == [202611, 202612, 202701, 202702]
    assert months.span(202611, 202610) == []
    assert months.label(202609) == "2026 年 9 月"
    assert [months.quarter_label(m)[-4:] for m in (202603, 202604, 202609, 202612)] == [
        "第一季度",
        "第二季度",
        "第三季度",
        "第四季度",
    ]


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (202601, True),
        (202612, True),
        (202613, False),
        (202600, False),
        (189912, False),
        (299912, True),
        (300001, False),
        (0, False),
    ],
)
def test_months_are_known_by_their_number(value, known):
    assert months.is_month(value) is known


# --- tallies: one account, month by month ---------------------------------------------------
def running(tally, table=None, **rows):
    """The running value in points; each row of facts is given per month."""
    length = len(next(iter(rows.values())))
    facts = Months.empty(length, 1)
    for name, values in rows.items():
        unit = FINE * 100 if name in ("total", "highest", "latest") else 100 if name in ("quantity", "held") else 1
        for place, value in enumerate(values):
            if value is not None:
                getattr(facts, name)[place, 0] = Decimal(str(value)) * unit
    return [str(from_fine(value)) for value in TALLY[tally](facts, table or {})[:, 0].tolist()]


TALLIES = [
    ("sum", None, {"total": [3, 0, -1]}, ["3.00", "3.00", "2.00"]),
    ("highest", None, {"highest": [4, None, 6]}, ["4.00", "4.00", "6.00"]),
    ("highest", None, {"highest": [None, -3, -5]}, ["0.00", "-3.00", "-3.00"]),
    ("latest", None, {"latest": [None, 16, None]}, ["0.00", "16.00", "16.00"]),
    ("latest", None, {"latest": [20, None, 12]}, ["20.00", "20.00", "12.00"]),
    ("mean_of_months", None, {"total": [0, 4, 0]}, ["0.00", "2.00", "1.3333"]),
    ("mean_of_months", None, {"total": [2, 1, 4]}, ["2.00", "1.50", "2.3333"]),
    ("mean_of_months", None, {"total": [9, 4, 0], "in_scope": [0, 1, 1]}, ["0.00", "4.00", "2.00"]),
    ("mean_of_months", None, {"total": [-1, -1, 0]}, ["-1.00", "-1.00", "-0.6667"]),
    (
        "steps",
        {"steps": [["1", "-3"], ["2", "-5"], ["3", "-10"]]},
        {"quantity": [1, 0, 1]},
        ["-3.00", "-3.00", "-5.00"],
    ),
    (
        "steps",
        {"steps": [["1", "-3"], ["2", "-5"], ["3", "-10"]]},
        {"quantity": [0, 7, 0]},
        ["0.00", "-10.00", "-10.00"],
    ),
    # However the rows of the table stand, the largest count reached decides.
    (
        "steps",
        {"steps": [["3", "-10"], ["1", "-3"], ["2", "-5"]]},
        {"quantity": [1, 1, 1]},
        ["-3.00", "-5.00", "-10.00"],
    ),
    ("ratio", {"full": "12"}, {"quantity": [3, 4, 0], "held": [4, 4, 0]}, ["9.00", "10.50", "10.50"]),
    ("ratio", {"full": "10"}, {"quantity": [0, 2, 0], "held": [0, 3, 0]}, ["10.00", "6.6667", "6.6667"]),
]


@pytest.mark.parametrize(("tally", "table", "facts", "expected"), TALLIES)
def test_tally_runs_from_month_to_month(tally, table, facts, expected):
    assert running(tally, table, **facts) == expected


def test_every_tally_has_a_table_and_says_what_it_reads():
    assert {row[0] for row in TALLIES} == set(TALLY) == set(READS)
    assert facts_of([]) == {"total"}


def test_months_without_entries_hold_nothing():
    empty = Months.empty(2, 1)
    assert empty.highest.tolist() == [[NOTHING], [NOTHING]]
    assert {name: running(name, {"steps": [], "full": "0"}, total=[0, 0]) for name in TALLY} == {
        name: ["0.00", "0.00"] for name in TALLY
    }
