"""Sharing out: exact, fair to a hundredth, the same every time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.calculation.sharing import shares

CASES = [
    ([], 1000, []),
    ([1], 1000, [1000]),
    ([1, 1, 1], 1000, [334, 333, 333]),
    ([0, 0, 0], 200, [67, 67, 66]),
    ([3, 2, 1], 1000, [500, 333, 167]),
    ([1, 0, 1], 101, [51, 0, 50]),
    ([1, 1, 1], -1000, [-334, -333, -333]),
    ([7, 7, 7, 7], 2, [1, 1, 0, 0]),
    ([5, 1], 0, [0, 0]),
]


@pytest.mark.parametrize(("weights", "total", "expected"), CASES)
def test_shares_go_by_weight_and_the_rest_to_the_largest_remainder(weights, total, expected):
    assert shares(total, weights) == expected


def test_shares_refuse_a_negative_weight():
    with pytest.raises(ValueError, match="negative"):
        shares(100, [1, -1])


@given(st.integers(-(10**8), 10**8), st.lists(st.integers(0, 10**6), min_size=1, max_size=60))
def test_shares_add_up_and_stay_within_one_hundredth_of_the_exact_share(total, weights):
    counted = weights if any(weights) else [1] * len(weights)
    found = shares(total, weights)
    assert sum(found) == total
    whole = sum(counted)
    assert all(abs(share * whole - total * weight) < whole for share, weight in zip(found, counted, strict=True))
    assert [-share for share in found] == shares(-total, weights)
