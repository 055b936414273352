"""Which pools are opened, and what comes out: nothing of a group under the threshold, by no way round."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluations.calculation.counting import Ballot, count, grouped


def votes(pool, number, candidates=(1, 2), mark="A", but=None):
    """So many ballots of a pool; `but` is the candidate the voters do not mark: themselves."""
    return [Ballot(pool, {pk: (mark,) for pk in candidates if pk != but}) for _n in range(number)]


@pytest.mark.parametrize("size", range(13))
def test_group_under_the_threshold_is_not_opened(size):
    counted = count(votes("M", size), ["M"], [1, 2], threshold=5)
    assert counted.is_opened == (size >= 5)
    assert sum(counted.tallies.values()) == (2 * size if size >= 5 else 0)


def test_votes_about_oneself_are_missing_and_count_against_the_threshold():
    ballots = [*votes("M", 4), *votes("M", 1, but=1)]
    assert not count(ballots, ["M"], [1, 2], threshold=5).is_opened
    assert count([*ballots, *votes("M", 1)], ["M"], [1, 2], threshold=5).is_opened


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"A": 5, "B": 5}, [["A"], ["B"]]),
        ({"A": 2, "B": 5}, [["A", "B"]]),
        ({"A": 5, "B": 2}, [["A", "B"]]),
        ({"A": 2, "B": 2, "C": 2}, [["A", "B", "C"]]),
        ({"A": 2, "B": 2}, []),
        ({"A": 6, "B": 0, "C": 6}, [["A"], ["C"]]),
        ({"A": 5, "B": 1, "C": 5}, [["A"], ["B", "C"]]),
        ({"A": 5, "B": 5, "C": 1}, [["A"], ["B", "C"]]),
        ({}, []),
    ],
)
def test_small_pools_are_merged_with_the_next(sizes, expected):
    ballots = [one for pool, number in sizes.items() for one in votes(pool, number)]
    assert grouped(ballots, ["A", "B", "C"], [1, 2], threshold=5) == expected


def test_merged_pools_are_counted_under_one_name():
    counted = count([*votes("A", 2), *votes("B", 4, mark="B")], ["A", "B"], [1, 2], threshold=5)
    assert counted.tallies == {(1, "A", 0, "A"): 2, (1, "A", 0, "B"): 4, (2, "A", 0, "A"): 2, (2, "A", 0, "B"): 4}
    assert counted.merged == {"B": "A"}


drawn = st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from([None, 1, 2, 3])), max_size=30)


@given(drawn, st.integers(3, 7))
def test_every_group_that_is_opened_hides_each_voter_about_each_candidate(rows, threshold):
    ballots = [Ballot(pool, {pk: ("A",) for pk in (1, 2, 3) if pk != own}) for pool, own in rows]
    counted = count(ballots, ["A", "B", "C"], [1, 2, 3], threshold)
    about = Counter()
    for (candidate, pool, _line, _mark), many in counted.tallies.items():
        about[candidate, pool] += many
    pools = {pool for _candidate, pool in about}
    # Every pool that is shown holds enough about each candidate; what is not shown anywhere cannot be had by
    # subtraction, because either everything is counted or nothing.
    assert all(about[candidate, pool] >= threshold for candidate in (1, 2, 3) for pool in pools)
    total = sum(about.values())
    assert total in (0, sum(len(ballot.marks) for ballot in ballots))


@given(drawn)
def test_order_of_the_ballots_does_not_matter(rows):
    ballots = [Ballot(pool, {pk: ("A",) for pk in (1, 2, 3) if pk != own}) for pool, own in rows]
    forward, backward = (count(one, ["A", "B", "C"], [1, 2, 3], 5) for one in (ballots, ballots[::-1]))
    assert (forward, list(forward.tallies)) == (backward, list(backward.tallies))
