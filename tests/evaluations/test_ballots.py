"""The worked examples of ratings, and what must hold for any ballots."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.calculation.ballots import Part, Whole, combined, mean_of_grades, mean_of_points, rounded

GRADES = {"优秀": Decimal(100), "合格": Decimal(85), "基本合格": Decimal(70), "不合格": Decimal(50)}


def part(name, weight, value):
    return Part(name, Fraction(weight), None if value is None else Fraction(value))


def test_p4_daily_and_ballots():
    ballots = mean_of_grades({"优秀": 18, "合格": 9, "基本合格": 2, "不合格": 1}, GRADES)
    assert rounded(ballots) == Decimal("91.83")
    daily = Fraction(97)
    assert (rounded(daily * 60 / 100), rounded(ballots * 40 / 100)) == (Decimal("58.20"), Decimal("36.73"))
    whole = combined([part("日常积分", 60, daily), part("民主测评", 40, ballots)])
    assert rounded(whole.value) == Decimal("94.93")


def test_p5_pools_of_raters():
    pools = [
        part("书记", 30, "90.00"), part("组长", 25, "88.40"), part("部门", 25, "86.67"), part("党员", 20, "93.25"),
    ]  # fmt: skip
    assert rounded(combined(pools).value) == Decimal("89.42")
    without = combined([*pools[:3], part("党员", 20, None)])
    assert (rounded(without.value), without.missing) == (Decimal("88.46"), ("党员",))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], Whole(None, ())),
        ([part("甲", 100, None)], Whole(None, ("甲",))),
        ([part("甲", 0, 50), part("乙", 100, 90)], Whole(Fraction(90), ())),
        ([part("甲", 0, None), part("乙", 100, 90)], Whole(Fraction(90), ())),
        ([part("甲", 50, 80), part("乙", 50, None)], Whole(Fraction(80), ("乙",))),
    ],
)
def test_empty_parts_are_named_and_their_weight_goes_to_the_others(parts, expected):
    assert combined(parts) == expected


def test_nobody_rated_is_nothing_not_zero():
    assert (mean_of_grades({}, GRADES), mean_of_points([])) == (None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("91.835", "91.84"), ("91.8349", "91.83"), ("-91.835", "-91.84"), ("0", "0.00"), ("0.005", "0.01")],
)
def test_rounding_is_half_away_from_zero(value, expected):
    assert rounded(Fraction(value)) == Decimal(expected)


values = st.decimals(min_value=0, max_value=100, places=2)


@given(st.lists(values, min_size=1, max_size=30))
def test_mean_lies_between_the_least_and_the_most(points):
    assert min(points) <= mean_of_points(points) <= max(points)


@given(st.lists(st.tuples(st.integers(0, 100), st.none() | values), min_size=1, max_size=6))
def test_whole_lies_between_its_parts_whatever_is_missing(drawn):
    parts = [part(str(number), weight, value) for number, (weight, value) in enumerate(drawn)]
    known = [Fraction(value) for weight, value in drawn if value is not None and weight]
    whole = combined(parts)
    assert (whole.value is None) == (not known)
    if known:
        assert min(known) <= whole.value <= max(known)
