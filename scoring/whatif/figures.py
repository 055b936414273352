"""What an outcome says: who gains, who loses, by how much, and which sections did it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from scoring.analysis.figures import bands, mean, rounded
from scoring.calculation.amounts import FINE, Column, from_hundredths
from scoring.calculation.pricing import show
from scoring.models import Account, Span
from scoring.whatif.run import Outcome


@dataclass(frozen=True)
class Line:
    """One account: as published, under the rules tried, and its place in the branch."""

    account: Account
    unit: str
    before: Decimal
    after: Decimal
    rank_before: int
    rank_after: int

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class SectionLine:
    """A section: the mean per account before and after."""

    name: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


class Figures:
    def __init__(self, outcome: Outcome, units: dict[int, str]) -> None:
        self.outcome, self._units = outcome, units
        self._change = outcome.change

    @property
    def count(self) -> int:
        return len(self.outcome.accounts)

    @property
    def gaining(self) -> int:
        return int((self._change > 0).sum())

    @property
    def losing(self) -> int:
        return int((self._change < 0).sum())

    @property
    def same(self) -> int:
        return int((self._change == 0).sum())

    @property
    def mean_before(self) -> Decimal:
        return _mean(self.outcome.before)

    @property
    def mean_after(self) -> Decimal:
        return _mean(self.outcome.after)

    @property
    def mean_change(self) -> Decimal:
        return _mean(self._change)

    @property
    def chart(self) -> dict[str, Any] | None:
        """How many change by how much; those who do not change are left out. None when nobody does."""
        counts = Counter(self._change[self._change != 0].tolist())
        found = bands(counts)
        if not found:
            return None
        labels = [f"{_signed(band.start)}～{_signed(band.end)}" for band in found]
        return {"labels": labels, "series": [{"name": _("人数"), "values": [str(band.count) for band in found]}]}

    @cached_property
    def sections(self) -> list[SectionLine]:
        """Per account, of all periods of the span; the rest is what ceilings, vetoes and adjustments do."""
        count = max(self.count, 1)
        lines = [
            SectionLine(one.name, _share(one.before, count), _share(one.after, count))
            for one in self.outcome.sections.values()
            if one.before or one.after
        ]
        if self.outcome.asked.span == Span.MONTH:
            before, after = (int(column.sum()) * FINE for column in (self.outcome.before, self.outcome.after))
            sums = self.outcome.sections.values()
            rest_before, rest_after = before - sum(s.before for s in sums), after - sum(s.after for s in sums)
            if rest_before or rest_after:
                name = _("总分上下限、一票否决、调整和取整")
                lines.append(SectionLine(name, _share(rest_before, count), _share(rest_after, count)))
        return lines

    @cached_property
    def order(self) -> Column:
        """Places of the accounts, the biggest change first; equal ones by branch."""
        return np.lexsort((self.outcome.accounts, self.outcome.units, -np.abs(self._change)))

    def lines(self, places: Sequence[int]) -> list[Line]:
        """These rows of the order, each with its person. One query."""
        outcome, chosen = self.outcome, self.order[list(places)].tolist()
        wanted = [int(outcome.accounts[place]) for place in chosen]
        people = Account.objects.select_related("member", "unit").in_bulk(wanted)
        rank_before, rank_after = outcome.rank_before, outcome.rank_after
        return [
            Line(
                people[int(outcome.accounts[place])],
                self._units[int(outcome.units[place])],
                from_hundredths(int(outcome.before[place])),
                from_hundredths(int(outcome.after[place])),
                int(rank_before[place]),
                int(rank_after[place]),
            )
            for place in chosen
        ]


def _mean(totals: Column) -> Decimal:
    return mean(from_hundredths(int(totals.sum())), len(totals)) if len(totals) else Decimal(0)


def _share(fine: int, count: int) -> Decimal:
    return rounded(Decimal(fine).scaleb(-4) / count)


def _signed(amount: Decimal) -> str:
    text = show(int(amount * 100))
    return f"+{text}" if amount > 0 else text
