"""Tallies: the facts of one item, month by month, into the item's value over the period to date.

Every function takes `Months` — matrices with a row per month of one period and a column per account — and returns
the running value: row m is the tally over the period up to and including month m. Amounts are
ten-thousandths. Found by name in TALLY.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.calculation.amounts import FINE, LIMIT, Matrix, divide, hundredths

Table = Mapping[str, Any]
NOTHING = -LIMIT


@dataclass
class Months:
    """One item's ledger groups: sums and highest in ten-thousandths, count in entries, quantities in hundredths."""

    total: Matrix
    highest: Matrix
    latest: Matrix
    count: Matrix
    quantity: Matrix
    held: Matrix
    in_scope: Matrix

    @classmethod
    def empty(cls, months: int, accounts: int) -> Months:
        def zeros(value: int = 0) -> Matrix:
            return np.full((months, accounts), value, dtype=np.int64)

        return cls(zeros(), zeros(NOTHING), zeros(NOTHING), zeros(), zeros(), zeros(), zeros(1))

    def rows(self, first: int, last: int) -> Months:
        """The months of one period, out of all months in view."""
        return Months(*(getattr(self, name)[first:last] for name in self.__dataclass_fields__))


def _sum(months: Months, table: Table) -> Matrix:
    return np.cumsum(months.total, axis=0)


def _highest(months: Months, table: Table) -> Matrix:
    """Only the highest of the whole period counts; no entry is 0."""
    running = np.maximum.accumulate(months.highest, axis=0)
    return np.where(running == NOTHING, 0, running)


def _latest(months: Months, table: Table) -> Matrix:
    """A grade given anew replaces the old one."""
    running = months.latest.copy()
    for row in range(1, len(running)):
        running[row] = np.where(running[row] == NOTHING, running[row - 1], running[row])
    return np.where(running == NOTHING, 0, running)


def _mean_of_months(months: Months, table: Table) -> Matrix:
    """Mean of the months in scope."""
    scope = np.cumsum(months.in_scope, axis=0)
    total = np.cumsum(months.total * months.in_scope, axis=0)
    return divide(total, np.maximum(scope, 1))


def _steps(months: Months, table: Table) -> Matrix:
    """A table by count: the row with the largest count reached gives the points (1 → −3, 2 → −5)."""
    count = np.cumsum(months.quantity, axis=0)
    value = np.zeros_like(count)
    for times, points in sorted(table["steps"], key=lambda row: hundredths(row[0])):
        value = np.where(count >= hundredths(times), hundredths(points) * FINE, value)
    return value


def _ratio(months: Months, table: Table) -> Matrix:
    """Σ attended ÷ Σ held × full marks; nothing held is full marks."""
    attended = np.cumsum(months.quantity, axis=0)
    held = np.cumsum(months.held, axis=0)
    full = hundredths(table["full"]) * FINE
    return np.where(held == 0, full, divide(attended * full, np.maximum(held, 1)))


TALLY: dict[str, Callable[[Months, Table], Matrix]] = {
    "sum": _sum,
    "highest": _highest,
    "latest": _latest,
    "mean_of_months": _mean_of_months,
    "steps": _steps,
    "ratio": _ratio,
}
# What each of them reads of the ledger: nothing else is fetched (scoring/groups.py).
READS: dict[str, frozenset[str]] = {
    "sum": frozenset({"total"}),
    "highest": frozenset({"highest"}),
    "latest": frozenset({"latest"}),
    "mean_of_months": frozenset({"total", "scope"}),
    "steps": frozenset({"quantity"}),
    "ratio": frozenset({"quantity", "held"}),
}
