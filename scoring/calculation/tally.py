"""Tallies: the facts of one item, month by month, into the item's value over the period to date.

Every function takes `Months` — matrices with a row per month of one period and a column per account — and returns
the running value: row m is the tally over the period up to and including month m. Amounts are
ten-thousandths. Found by name in TALLY.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from scoring.calculation.amounts import FINE, LIMIT, Column, Matrix, divide, hundredths

Table = Mapping[str, Any]
NOTHING = -LIMIT


@dataclass
class Occasions:
    """Facts that name an occasion: row of the month, place of the account, number of the occasion, ten-thousandths."""

    month: Column
    account: Column
    occasion: Column
    points: Column

    @classmethod
    def none(cls) -> Occasions:
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(4)))

    def rows(self, first: int, last: int) -> Occasions:
        chosen = (self.month >= first) & (self.month < last)
        return Occasions(self.month[chosen] - first, self.account[chosen], self.occasion[chosen], self.points[chosen])


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
    # How often it is expected in the period, in hundredths; 0 where nobody said.
    expected: Column
    occasions: Occasions = field(default_factory=Occasions.none)

    @classmethod
    def empty(cls, months: int, accounts: int) -> Months:
        def zeros(value: int = 0) -> Matrix:
            return np.full((months, accounts), value, dtype=np.int64)

        expected = np.zeros(accounts, dtype=np.int64)
        return cls(zeros(), zeros(NOTHING), zeros(NOTHING), zeros(), zeros(), zeros(), zeros(1), expected)

    def rows(self, first: int, last: int) -> Months:
        """The months of one period, out of all months in view."""
        rows = {name: getattr(self, name)[first:last] for name in self._BY_MONTH}
        return Months(**rows, expected=self.expected, occasions=self.occasions.rows(first, last))

    _BY_MONTH: ClassVar = ("total", "highest", "latest", "count", "quantity", "held", "in_scope")


def _sum(months: Months, table: Table) -> Matrix:
    return np.cumsum(months.total, axis=0)


def _highest(months: Months, table: Table) -> Matrix:
    """Only the highest of the whole period counts; no entry is 0. Or of each occasion, and occasions are added."""
    if table.get("of") == "occasion":
        return _highest_of_each(months)
    running = np.maximum.accumulate(months.highest, axis=0)
    return np.where(running == NOTHING, 0, running)


# Farther apart than any two amounts of one entry, so that running maxima of neighbours do not mix.
_APART = 10**10


def _highest_of_each(months: Months) -> Matrix:
    """What a month adds to an occasion is by how much it tops the months before."""
    found, added = months.occasions, np.zeros_like(months.total)
    if not len(found.points):
        return added
    order = np.lexsort((found.month, found.occasion, found.account))
    month, account, points = found.month[order], found.account[order], found.points[order]
    occasion = found.occasion[order]
    begins = np.r_[True, (account[1:] != account[:-1]) | (occasion[1:] != occasion[:-1])]
    apart = (np.cumsum(begins) - 1) * _APART
    running = np.maximum.accumulate(points + apart) - apart
    before = np.where(begins, 0, np.r_[0, running[:-1]])
    np.add.at(added, (month, account), running - before)
    return np.cumsum(added, axis=0)


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
    """Σ attended ÷ Σ held × full marks; nothing held is full marks. Or done ÷ expected × full, never above full."""
    attended = np.cumsum(months.quantity, axis=0)
    full = hundredths(table["full"]) * FINE
    if table.get("of") == "expected":
        expected = np.broadcast_to(months.expected, attended.shape)
        share = divide(attended * full, np.maximum(expected, 1))
        return np.where(expected == 0, full, np.minimum(share, full))
    held = np.cumsum(months.held, axis=0)
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
