"""The monthly grid as plain values: what one page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from members.models import Member
from scoring.calculation.pricing import show
from scoring.models import Item, Month, RuleSet, Section
from scoring.services.columns import GridColumn


def points_text(points: int | None) -> str:
    return "" if points is None else show(points)


@dataclass
class GridCell:
    column: GridColumn
    text: str = ""
    remark: str = ""
    version: int = 0
    points: int | None = None
    files: int = 0

    @property
    def lacks(self) -> str:
        """What the rule still asks for before the month can be submitted."""
        if not self.text or not self.points:
            return ""
        if self.column.rule.reason_required and not self.remark:
            return _("须写理由")
        if self.column.item.evidence == Item.EvidenceRule.REQUIRED and not self.files:
            return _("须附佐证")
        return ""

    @property
    def aside(self) -> str:
        """The points, where they are not already what stands in the cell."""
        if not self.text:
            return ""
        shown = points_text(self.points)
        number = self.text.removesuffix(self.column.rule.unit_label).replace("-", "−")
        return "" if shown == number else shown

    @property
    def mark(self) -> str:
        """`fed` by other records, `lacking` something, or `noted` with a remark or files."""
        if not self.column.is_editable:
            return "fed"
        if self.lacks:
            return "lacking"
        return "noted" if self.remark or self.files else ""

    @property
    def shown(self) -> str:
        return f"−{self.text[1:]}" if self.text.startswith("-") else self.text


@dataclass
class GridRow:
    account: int
    member: Member
    cells: list[GridCell]
    remark: str = ""
    remark_version: int = 0
    total: int = 0

    @property
    def total_text(self) -> str:
        return points_text(self.total)

    @property
    def state(self) -> str:
        """`lacking` a reason or a file, `filled` where every member is expected to have something, or `empty`."""
        if any(cell.lacks for cell in self.cells):
            return "lacking"
        expected = [cell for cell in self.cells if cell.column.is_expected]
        done = all(cell.text for cell in expected) if expected else any(cell.text for cell in self.cells)
        return "filled" if done else "empty"


@dataclass
class Grid:
    month: Month
    rule_set: RuleSet
    sections: Sequence[tuple[Section, int]]
    columns: Sequence[GridColumn]
    rows: list[GridRow]
    left_out: int = 0

    def means(self) -> list[int | None]:
        """Per column the mean of the cells that are filled in."""
        found = [[row.cells[i].points for row in self.rows] for i in range(len(self.columns))]
        return [_mean([value for value in values if value is not None]) for values in found]

    def mean_total(self) -> int | None:
        return _mean([row.total for row in self.rows])


def _mean(values: list[int]) -> int | None:
    """Half away from zero."""
    if not values:
        return None
    total, count = sum(values), len(values)
    size = (2 * abs(total) + count) // (2 * count)
    return -size if total < 0 else size
