"""What a file would change in a month, or why it cannot be taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from scoring.models import Month
from scoring.services.drafts import Change
from scoring.sheets.heading import SheetColumn
from scoring.sheets.people import Problem


@dataclass(frozen=True)
class PlannedChange:
    """One cell that will be different. `item` is None for the remark column."""

    row: int
    account: int
    item: int | None
    version: int
    who: str
    column: str
    old: str
    new: str

    @property
    def old_shown(self) -> str:
        return self._shown(self.old)

    @property
    def new_shown(self) -> str:
        return self._shown(self.new)

    def _shown(self, text: str) -> str:
        """On screen a deduction has a real minus sign; a remark stays as it is."""
        return text.replace("-", "−") if self.item and text.startswith("-") else text

    @property
    def is_cleared(self) -> bool:
        return not self.new

    @property
    def is_new(self) -> bool:
        return not self.old


@dataclass
class SheetPlan:
    """What a file would change in a month, or why it cannot be taken."""

    month: Month
    sheet: str
    people: int = 0
    problems: list[Problem] = field(default_factory=list)
    changes: list[PlannedChange] = field(default_factory=list)
    unchanged: int = 0
    left_aside: list[tuple[SheetColumn, str]] = field(default_factory=list)
    untouched: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def new(self) -> int:
        return sum(change.is_new for change in self.changes)

    @property
    def cleared(self) -> int:
        return sum(change.is_cleared for change in self.changes)

    @property
    def changed(self) -> int:
        return len(self.changes) - self.new - self.cleared

    def summary(self) -> str:
        return _("新填 %(new)d 格，修改 %(changed)d 格，清空 %(cleared)d 格，不变 %(unchanged)d 格") % {
            "new": self.new,
            "changed": self.changed,
            "cleared": self.cleared,
            "unchanged": self.unchanged,
        }

    def confirmed(self) -> list[Change]:
        """What a confirmation writes."""
        return [Change(each.account, each.item, each.new, each.version) for each in self.changes]
