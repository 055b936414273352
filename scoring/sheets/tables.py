"""A table as people expect it on paper: title, columns under sections, rows, notes below. Pure.

Workbook, PDF and page are three ways to show the same table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby

from django.utils.translation import gettext as _

Value = str | int | Decimal | None

TEXT, COUNT, POINTS = "text", "count", "points"
# Where a column stands when the columns of several rule sets are put together.
HEAD, BODY, TAIL = 0, 1, 2


@dataclass(frozen=True)
class Column:
    """`key` finds the same column in the tables of other branches; `section` stands above neighbouring columns."""

    key: str
    heading: str
    kind: str = TEXT
    width: float = 10
    section: str = ""
    place: int = HEAD

    @property
    def full_heading(self) -> str:
        return " ".join(f"{self.section} {self.heading}".split())


@dataclass(frozen=True)
class HeadingCell:
    """A cell of the two heading rows."""

    text: str
    across: int = 1
    down: int = 1


@dataclass
class Table:
    """One sheet. `unit` is whose it is; rows follow the columns."""

    unit: str
    title: str
    columns: Sequence[Column]
    rows: list[tuple[Value, ...]]
    notes: list[str] = field(default_factory=list)
    signatures: str = ""
    state: str = ""

    @property
    def has_sections(self) -> bool:
        return any(column.section for column in self.columns)

    def upper_headings(self) -> list[HeadingCell]:
        """The first heading row: sections over their columns, other columns over both rows."""
        cells = []
        for section, group in groupby(self.columns, key=lambda column: column.section or column.key):
            columns = list(group)
            if section == columns[0].section:
                cells.append(HeadingCell(section, across=len(columns)))
            else:
                cells.append(HeadingCell(columns[0].heading, down=2 if self.has_sections else 1))
        return cells

    def lower_headings(self) -> list[str]:
        return [column.heading for column in self.columns if column.section] if self.has_sections else []

    def cells(self) -> Iterator[list[tuple[Column, Value]]]:
        """Rows whose cells know their column, for templates."""
        for row in self.rows:
            yield list(zip(self.columns, row, strict=True))


def signature_line(*roles: str) -> str:
    """Room to sign by hand, and to date it."""
    room = "\u3000" * 8
    signed = "".join(_("%s（签字）：") % role + room for role in roles)
    return signed + _("日期：%(room)s年%(short)s月%(short)s日") % {"room": "\u3000" * 4, "short": "\u3000" * 2}


def decimals_needed(values: Iterable[Value]) -> int:
    """How many decimals a column of figures must show so that none is cut."""
    needed = 0
    for value in values:
        if isinstance(value, Decimal):
            exponent = value.normalize().as_tuple().exponent
            needed = max(needed, -exponent if isinstance(exponent, int) else 0)
    return needed


def union(tables: Iterable[Sequence[Column]]) -> list[Column]:
    """The columns of all tables, each once: what all begin with, then the bodies, then what all end with."""
    found: dict[str, Column] = {}
    for columns in tables:
        for column in columns:
            found.setdefault(column.key, column)
    return sorted(found.values(), key=lambda column: column.place)
