"""What is wrong with a roster, said so that the person who keeps it can mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _


class Severity(StrEnum):
    """An error blocks the import; a warning is shown and imported."""

    ERROR = "ERROR"
    WARNING = "WARNING"


@dataclass(frozen=True)
class Problem:
    """One problem in one cell. `row` is the row's number in the sheet; personal numbers arrive masked."""

    row: int
    column: str
    value: str
    kind: str
    say: str
    severity: Severity = Severity.ERROR
    staff_number: str = ""
    name: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity == Severity.ERROR

    def sentence(self) -> str:
        """The whole as one line, for the command line."""
        value = _("，现为“%s”") % self.value if self.value else ""
        return _("第 %(row)d 行“%(column)s”%(value)s：%(say)s") % {
            "row": self.row,
            "column": self.column,
            "value": value,
            "say": self.say,
        }


@dataclass(frozen=True)
class Group:
    """Equal problems counted, so that a hundred rows with one cause read as one."""

    severity: str
    column: str
    kind: str
    count: int
    first_row: int


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Errors before warnings, the most frequent first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], int] = {}
    for problem in problems:
        key = (problem.severity.value, problem.column, problem.kind)
        counts[key] += 1
        first.setdefault(key, problem.row)
    ordered = sorted(counts, key=lambda key: (key[0] != Severity.ERROR, -counts[key], first[key]))
    return [Group(*key, count=counts[key], first_row=first[key]) for key in ordered]
