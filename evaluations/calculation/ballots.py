"""From ballots to one value per person: means of grades or points, pools of raters, shares of stages (domain.md §7).

Exact fractions all the way; whoever shows a value rounds it, last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True)
class Part:
    """One share of a whole: a pool of raters, or a stage. `value` is None when nobody rated."""

    name: str
    weight: Fraction
    value: Fraction | None


@dataclass(frozen=True)
class Whole:
    """What the parts come to. `missing`: parts without a value; the weights of the others were scaled up to make
    good for them, and whoever shows the value says so."""

    value: Fraction | None
    missing: tuple[str, ...]


def mean_of_grades(counts: Mapping[str, int], points: Mapping[str, Decimal]) -> Fraction | None:
    """The mean of ballots by grade: 18/9/2/1 at 100/85/70/50 are 2755/30. None without a ballot."""
    ballots = sum(counts.values())
    if not ballots:
        return None
    return sum((Fraction(points[grade]) * count for grade, count in counts.items()), Fraction(0)) / ballots


def mean_of_points(given: Iterable[Decimal]) -> Fraction | None:
    """The mean of points. None without a ballot."""
    values = [Fraction(one) for one in given]
    return sum(values, Fraction(0)) / len(values) if values else None


def combined(parts: Sequence[Part]) -> Whole:
    """Parts by their weights. A part without a value loses its weight to the others, never to nobody; a part that
    weighs nothing is heard and not counted."""
    known = [part for part in parts if part.value is not None and part.weight > 0]
    missing = tuple(part.name for part in parts if part.value is None and part.weight > 0)
    weights = sum((part.weight for part in known), Fraction(0))
    if not weights:
        return Whole(None, missing)
    total = sum((part.weight * part.value for part in known if part.value is not None), Fraction(0))
    return Whole(total / weights, missing)


def rounded(value: Fraction, decimals: int = 2) -> Decimal:
    """Half away from zero, as everywhere in this product."""
    scale = 10**decimals
    doubled = value * scale * 2
    whole = (abs(doubled.numerator) + doubled.denominator) // (2 * doubled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-decimals)
