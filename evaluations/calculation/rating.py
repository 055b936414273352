"""One candidate's total from the year's points and the tallies of the stages (domain.md §7, P4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from evaluations.calculation.ballots import Part, Whole, combined, mean_of_grades, rounded


@dataclass(frozen=True)
class StageRule:
    """A stage with ballots: its weight, its form, and its pools with their weights."""

    name: str
    weight: Fraction
    is_graded: bool
    # Grades with their points, or dimensions with their full marks.
    lines: tuple[tuple[str, Decimal], ...]
    pools: tuple[tuple[str, Fraction], ...]


# What was counted about one candidate in one stage: (pool, line, mark) -> how many.
Counts = Mapping[tuple[str, int, str], int]


@dataclass(frozen=True)
class StageValue:
    """Out of a hundred; None where nobody rated. `missing`: pools whose weight the others took over."""

    name: str
    weight: Fraction
    value: Fraction | None
    missing: tuple[str, ...]


def value_of(rule: StageRule, counts: Counts, merged: Mapping[str, str]) -> StageValue:
    """A stage about one candidate. A pool that was merged weighs together with the one it went into."""
    weights: dict[str, Fraction] = {}
    for pool, weight in rule.pools:
        weights[merged.get(pool, pool)] = weights.get(merged.get(pool, pool), Fraction(0)) + weight
    whole = combined([Part(pool, weight, _pool_value(rule, pool, counts)) for pool, weight in weights.items()])
    return StageValue(rule.name, rule.weight, whole.value, whole.missing)


def _pool_value(rule: StageRule, pool: str, counts: Counts) -> Fraction | None:
    if rule.is_graded:
        own = {mark: many for (name, _line, mark), many in counts.items() if name == pool}
        return mean_of_grades(own, dict(rule.lines))
    means = [_mean_of_line(pool, line, counts) for line in range(len(rule.lines))]
    if any(mean is None for mean in means):
        return None
    full = sum((Fraction(most) for _name, most in rule.lines), Fraction(0))
    return sum((mean for mean in means if mean is not None), Fraction(0)) * 100 / full


def _mean_of_line(pool: str, line: int, counts: Counts) -> Fraction | None:
    own = {int(mark): many for (name, place, mark), many in counts.items() if (name, place) == (pool, line)}
    ballots = sum(own.values())
    return Fraction(sum(mark * many for mark, many in own.items()), ballots) if ballots else None


@dataclass(frozen=True)
class Total:
    """`value` is None where nothing at all is known, or where a stage without ballots has to be decided by people."""

    value: Decimal | None
    daily: Fraction | None
    review: Whole
    stages: tuple[StageValue, ...]


def total_of(
    daily: Decimal | None,
    stages: Sequence[StageValue],
    *,
    daily_weight: Decimal,
    daily_full: Decimal | None,
    must_be_complete: bool = False,
) -> Total:
    """Daily points and stages by their weights; exact until the last rounding to two decimals.

    `daily_full`: the full marks of the year's points where they are not out of a hundred. `must_be_complete`: a stage
    that counts and has no ballots leaves the total open instead of handing its weight to the others.
    """
    scaled = None if daily is None else Fraction(daily) * 100 / Fraction(daily_full or 100)
    review = combined([Part(stage.name, stage.weight, stage.value) for stage in stages])
    share = Fraction(daily_weight) / 100
    whole = combined([Part("daily", share, scaled), Part("review", 1 - share, review.value)])
    is_open = must_be_complete and bool(review.missing)
    value = None if whole.value is None or is_open else rounded(whole.value)
    return Total(value, scaled, review, tuple(stages))
