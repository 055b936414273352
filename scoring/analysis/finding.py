"""One answer of the analysis: a chart, the same numbers as a table, and what they say in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring import months
from scoring.sheets.tables import Column, Table, Value

# A longer table is read in the workbook.
MOST_ROWS = 50


@dataclass(frozen=True)
class Subject:
    """What is asked about: a unit with everything below it, up to a month."""

    unit: OrgUnit
    month: int

    @property
    def is_branch(self) -> bool:
        return self.unit.kind == OrgUnit.Kind.BRANCH

    def table(self, heading: str, columns: Sequence[Column], rows: list[tuple[Value, ...]], *notes: str) -> Table:
        """A table that says itself what it is of: it leaves the house as a sheet."""
        title = _("%(unit)s%(heading)s（%(month)s）") % {
            "unit": self.unit, "heading": heading, "month": months.label(self.month).replace(" ", ""),
        }  # fmt: skip
        return Table(heading, title, columns, rows, notes=[note for note in notes if note])


@dataclass(frozen=True)
class Finding:
    """`kind` and `chart` go to static/js/analysis.js; without a chart there is nothing to draw."""

    key: str
    table: Table
    kind: str = ""
    chart: dict[str, Any] | None = None
    lead: str = ""
    warning: str = ""
    is_wide: bool = False
    # The unit whose page a row leads to, row by row.
    leads_to: Sequence[int] = ()
    # Where to look instead, when a unit is too big for the question.
    offers: Sequence[OrgUnit] = field(default=())

    @property
    def heading(self) -> str:
        return self.table.unit

    def lines(self) -> Iterator[tuple[int | None, list[tuple[Column, Value]]]]:
        """The rows for the screen, each with the unit it leads to."""
        for place, cells in enumerate(self.table.cells()):
            if place == MOST_ROWS:
                return
            yield (self.leads_to[place] if place < len(self.leads_to) else None), cells

    @property
    def hidden(self) -> int:
        """How many rows stand in the workbook only."""
        return max(len(self.table.rows) - MOST_ROWS, 0)
