"""When a vote of a meeting counts and carries: half of 应到 there, more than half of 应到 in favour."""

import pytest

from evaluations.calculation.votes import Count, judge, miscounted


@pytest.mark.parametrize(
    ("due", "present", "yes", "strict", "expected"),
    [
        # 应到 21: 11 there and 11 in favour (domain.md §3).
        (21, 11, 11, False, (True, True)),
        (21, 10, 10, False, (False, False)),
        (21, 21, 10, False, (True, False)),
        # More than half of those who should attend, not of those present.
        (20, 11, 10, False, (True, False)),
        (20, 11, 11, False, (True, True)),
        # Half is enough to be quorate; for admission, conversion and disposal it is not.
        (20, 10, 10, False, (True, False)),
        (20, 10, 10, True, (False, False)),
        (20, 11, 11, True, (True, True)),
        (21, 11, 11, True, (True, True)),
        (1, 1, 1, True, (True, True)),
        (2, 1, 1, False, (True, False)),
        (3, 2, 2, False, (True, True)),
    ],
)
def test_vote_counts_and_carries(due, present, yes, strict, expected):
    verdict = judge(Count(due, present, yes, present - yes, 0), strict=strict)
    assert (verdict.is_valid, verdict.is_carried) == expected


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (Count(21, 10, 10, 0, 0), "应到 21 人，须到 11 人，实到 10 人，不足法定人数，表决无效。"),
        (Count(21, 12, 10, 1, 1), "应到 21 人，实到 12 人，赞成 10 票，未超过应到人数的一半（须 11 票），未通过。"),
        (Count(21, 11, 11, 0, 0), "应到 21 人，实到 11 人，赞成 11 票，超过应到人数的一半（须 11 票），通过。"),
    ],
)
def test_verdict_says_why(count, sentence):
    assert judge(count).sentence == sentence


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (Count(5, 6, 6, 0, 0), "实到 6 人多于应到 5 人，请核对名单。"),
        (Count(5, 5, 3, 1, 0), "赞成、反对、弃权合计 4 票，与实到 5 人不符，请核对。"),
        (Count(0, 0, 0, 0, 0), "人数不能为负，应到至少 1 人，请核对。"),
        (Count(5, 3, 4, -1, 0), "人数不能为负，应到至少 1 人，请核对。"),
        (Count(5, 5, 3, 1, 1), ""),
    ],
)
def test_numbers_that_cannot_be_right_are_named(count, sentence):
    assert miscounted(count) == sentence
