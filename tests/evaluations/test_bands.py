"""Stars: any points belong to exactly one band; quotas are rounded down, never forced, and say their ties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.calculation.bands import Band, Placed, band_of, place, problems_of, seats


def bands(*rows, quotas=()):
    """(name, low, high), highest first."""
    found = [Band(name, Decimal(low), None if high is None else Decimal(high)) for name, low, high in rows]
    return [Band(one.name, one.low, one.high, dict(quotas).get(one.name)) for one in found]


STARS = [("五星", 96, None), ("四星", 90, 96), ("三星", 80, 90), ("二星", 70, 80), ("一星", 60, 70)]


# --- P8 -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("59.99", None), ("60", 4), ("69.99", 4), ("70", 3), ("80", 2), ("90", 1), ("95.5", 1), ("95.99", 1),
        ("96", 0), ("120", 0), ("-3", None),
    ],
)  # fmt: skip
def test_p8_points_belong_to_exactly_one_band(points, expected):
    assert band_of(Decimal(points), bands(*STARS)) == expected


def test_p8_ten_percent_of_thirty_are_three_pioneers_and_the_fourth_is_qualified():
    table = bands(("先锋", 90, None), ("合格", 60, 90), quotas=[("先锋", Decimal(10))])
    points = {number: Decimal(70) for number in range(30)} | {
        0: Decimal(97),
        1: Decimal(95),
        2: Decimal(93),
        3: Decimal(91),
    }
    placed = place(points, table)
    assert [account for account, band in placed.bands.items() if band == 0] == [0, 1, 2]
    assert (placed.bands[3], placed.tied) == (1, {})


# --- quotas -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quota", "people", "expected"),
    [("10", 30, 3), ("10", 29, 2), ("33.33", 25, 8), ("33.34", 27, 9), ("0", 30, 0), (None, 30, None), ("100", 7, 7)],
)
def test_quota_is_rounded_down(quota, people, expected):
    assert seats(None if quota is None else Decimal(quota), people) == expected


def test_free_seats_stay_free():
    table = bands(("先锋", 90, None), ("合格", 60, 90), quotas=[("先锋", Decimal(50))])
    placed = place({1: Decimal(95), 2: Decimal(80), 3: Decimal(80), 4: Decimal(80)}, table)
    assert placed == Placed({1: 0, 2: 1, 3: 1, 4: 1}, {})


def test_equal_points_at_the_line_are_listed_and_nobody_passes_by_chance():
    table = bands(("先锋", 90, None), ("合格", 60, 90), quotas=[("先锋", Decimal(50))])
    placed = place({1: Decimal(97), 2: Decimal(93), 3: Decimal(93), 4: Decimal(70)}, table)
    assert placed == Placed({1: 0, 2: 1, 3: 1, 4: 1}, {0: (2, 3)})


def test_full_band_hands_on_to_the_next_which_has_a_quota_too():
    table = bands(("甲", 90, None), ("乙", 80, 90), ("丙", 0, 80), quotas=[("甲", Decimal(25)), ("乙", Decimal(25))])
    placed = place({1: Decimal(97), 2: Decimal(96), 3: Decimal(95), 4: Decimal(85)}, table)
    assert placed == Placed({1: 0, 2: 1, 3: 2, 4: 2}, {})


def test_quota_is_a_share_of_the_people_given():
    table = bands(("先锋", 90, None), ("合格", 60, 90), quotas=[("先锋", Decimal(10))])
    assert place({1: Decimal(95), 2: Decimal(94)}, table, people=10).bands == {1: 0, 2: 1}


# --- tables that cannot be ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [("五星", 96, None), ("四星", 90, 95), ("三星", 80, 90)],
            "“四星”到 95 分为止，“五星”从 96 分起，中间有缺口，请补齐。",
        ),
        ([("五星", 95, None), ("四星", 90, 96)], "“四星”到 96 分为止，“五星”从 95 分起，互相重叠，请改正。"),
        ([("五星", 90, 100)], "最高等次“五星”没有包括更高的分数，请去掉它的上限。"),
        ([("五星", 90, None), ("四星", 90, 90)], "等次“四星”从 90 分到 90 分，起点须低于终点，请改正。"),
        ([("五星", 90, None), ("五星", 80, 90)], "等次“五星”出现了不止一次，请改名。"),
        ([("五星", 90, None), ("四星", 80, None)], "只有最高等次可以没有上限，请给“四星”写明上限。"),
        ([], "请至少写一个等次。"),
    ],
)
def test_table_with_gaps_or_overlaps_is_refused_with_the_cure(rows, sentence):
    assert problems_of(bands(*rows)) == [sentence]


def test_table_of_the_examples_is_fine():
    assert problems_of(bands(*STARS)) == []


# --- whatever the points ------------------------------------------------------------------------
points = st.dictionaries(st.integers(1, 40), st.decimals(0, 110, places=1), max_size=40)
quota = st.none() | st.decimals(0, 100, places=0)


@given(points, quota, quota)
def test_quota_is_never_overrun_and_order_is_never_turned_round(given_points, first, second):
    table = bands(*STARS, quotas=[("五星", first), ("四星", second)])
    placed = place(given_points, table)
    for number, limit in enumerate((first, second)):
        free = seats(limit, len(given_points))
        inside = [account for account, band in placed.bands.items() if band == number]
        assert free is None or len(inside) <= free
    order = {None: len(table)}
    for one, band in placed.bands.items():
        for other, below in placed.bands.items():
            if given_points[one] > given_points[other]:
                assert order.get(band, band) <= order.get(below, below)
            if given_points[one] == given_points[other]:
                assert band == below
