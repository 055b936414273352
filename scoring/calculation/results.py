"""Above the period: a quarter or a year made of the totals below it (scoring.md §2).

Matrices have a row per period (or quarter) of the span and a column per account; amounts are hundredths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from scoring.calculation.amounts import FINE, Column, Matrix, divide, round_points
from scoring.calculation.book import RuleBook


@dataclass(frozen=True)
class Periods:
    """Totals of the periods in a span; `scored` is 1 where the account was scored at all: left out is not 0."""

    totals: Matrix
    scored: Matrix

    @property
    def count(self) -> Column:
        return cast(Column, self.scored.sum(axis=0))


def _sum(periods: Periods, full: int, ceiling: int) -> Column:
    return cast(Column, (periods.totals * periods.scored).sum(axis=0)) * FINE


def _mean(periods: Periods, full: int, ceiling: int) -> Column:
    """Of the periods in scope."""
    return divide(_sum(periods, full, ceiling), np.maximum(periods.count, 1))


def _last(periods: Periods, full: int, ceiling: int) -> Column:
    """The total of the last period in scope."""
    value = np.zeros(periods.totals.shape[1], dtype=np.int64)
    for totals, scored in zip(periods.totals, periods.scored, strict=True):
        value = np.where(scored > 0, totals, value)
    return value * FINE


def _scaled(periods: Periods, full: int, ceiling: int) -> Column:
    """The mean of the periods in scope, out of the ceiling, as a share of N: a quarter of 25."""
    total = (periods.totals * periods.scored).sum(axis=0) * FINE
    return divide(cast(Column, total * full), np.maximum(periods.count, 1) * ceiling)


ABOVE: dict[str, Callable[[Periods, int, int], Column]] = {
    "SUM": _sum,
    "MEAN": _mean,
    "LAST": _last,
    "SCALED": _scaled,
}


def combined(book: RuleBook, periods: Periods, method: str, full: int | None, opening: Column | None = None) -> Column:
    """Totals of a span in hundredths, rounded to the rule set's decimals. An opening balance belongs to a sum."""
    value = ABOVE[method](periods, full or 0, book.ceiling or 1)
    if opening is not None and method == "SUM":
        value = value + opening * FINE
    return round_points(value, book.decimals)


def quarter_of(book: RuleBook, periods: Periods) -> Column:
    return combined(book, periods, book.quarter_value, book.quarter_full)


def year_of(book: RuleBook, periods: Periods, opening: Column | None = None) -> Column:
    """The year from its periods or from its quarters, as the rules say. Rows are periods in calendar order."""
    if book.year_of == "QUARTERS" and book.period == "MONTH":
        quarters = [Periods(periods.totals[i : i + 3], periods.scored[i : i + 3]) for i in range(0, 12, 3)]
        totals = np.stack([quarter_of(book, quarter) for quarter in quarters])
        scored = np.stack([(quarter.count > 0).astype(np.int64) for quarter in quarters])
        periods = Periods(totals, scored)
    return combined(book, periods, book.year_value, book.year_full, opening)
