"""Figures of many totals: counted in whole hundredths of a point, rounded once, last. Without database or clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from scoring.calculation.amounts import HUNDREDTHS, from_hundredths

CENT = Decimal("0.01")
# More bands than this are too narrow to read on a phone.
MOST_BANDS = 12
# Widths people count in, in hundredths of a point.
_WIDTHS = [base * 10**power for power in range(1, 9) for base in (1, 2, 5)]


@dataclass(frozen=True)
class MonthFigures:
    """What the totals of one month come to. The spread is the standard deviation over everyone scored."""

    month: int
    count: int
    mean: Decimal
    median: Decimal
    lowest: Decimal
    highest: Decimal
    spread: Decimal


@dataclass(frozen=True)
class Sums:
    """Totals of one month added up, in hundredths: `middle` are the two in the middle, the same one twice if odd."""

    count: int
    total: int
    squares: int
    lowest: int
    highest: int
    middle: tuple[int, int]


def rounded(value: Decimal, unit: Decimal = CENT) -> Decimal:
    """Half away from zero, as everywhere."""
    return value.quantize(unit, rounding=ROUND_HALF_UP)


def mean(total: Decimal, count: int) -> Decimal:
    return rounded(total / count)


def share(part: Decimal | int, whole: Decimal | int) -> Decimal:
    """Percent with one decimal; of nothing it is 0."""
    return rounded(Decimal(part) * 100 / Decimal(whole), Decimal("0.1")) if whole else Decimal(0)


def month_figures(month: int, sums: Sums) -> MonthFigures:
    # n·Σx² − (Σx)² is n² times the variance, and a whole number.
    deviation = Decimal(sums.count * sums.squares - sums.total**2).sqrt() / sums.count
    return MonthFigures(
        month,
        sums.count,
        mean=mean(Decimal(sums.total) / HUNDREDTHS, sums.count),
        median=rounded(Decimal(sum(sums.middle)) / 2 / HUNDREDTHS),
        lowest=from_hundredths(sums.lowest),
        highest=from_hundredths(sums.highest),
        spread=rounded(deviation / HUNDREDTHS),
    )


@dataclass(frozen=True)
class Band:
    """From `start` to below `end`, and how many totals lie there."""

    start: Decimal
    end: Decimal
    count: int


def bands(counts: Mapping[int, int]) -> list[Band]:
    """Totals (hundredths) counted in bands of one round width, from the lowest to the highest, empty ones too."""
    if not counts:
        return []
    lowest, highest = min(counts), max(counts)
    width = next(wide for wide in _WIDTHS if highest // wide - lowest // wide < MOST_BANDS)
    found = dict.fromkeys(range(lowest // width, highest // width + 1), 0)
    for total, count in counts.items():
        found[total // width] += count
    return [
        Band(from_hundredths(place * width), from_hundredths((place + 1) * width), n) for place, n in found.items()
    ]


def is_inflated(now: MonthFigures, before: MonthFigures) -> bool:
    """More points for everyone and less difference between them: scoring has become lenient."""
    return now.mean > before.mean and now.spread < before.spread
