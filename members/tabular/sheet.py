"""What a table is made of, and how big one may be."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from members.errors import Refused

# What stands in a cell. A formula gives its last computed value, an empty or faulty cell the empty text.
Cell = str | float | bool | datetime.datetime | datetime.date
# First row, first column, last row, last column; counted from 0.
Area = tuple[int, int, int, int]

MAX_ROWS = 200_000
MAX_COLUMNS = 200
# Rows times columns over all sheets: what a sparse file may unfold to.
MAX_CELLS = 4_000_000
MAX_SHEETS = 50
MAX_TEXT = 32_767


@dataclass(frozen=True)
class Sheet:
    """One sheet. Row 1 of the file is `rows[0]`; rows may differ in length; empty rows keep their place.

    A merged area carries its value in each of its cells, as a reader sees it.
    """

    name: str
    rows: list[list[Cell]]
    merged: list[Area] = field(default_factory=list)


def column_letter(index: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA: the column as the spreadsheet names it."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def check_size(height: int, width: int) -> None:
    """Raise Refused when a sheet is larger than anything this product reads."""
    if height > MAX_ROWS:
        raise Refused(_("工作表超过 %d 行，请分成几个文件上传。") % MAX_ROWS)
    if width > MAX_COLUMNS:
        raise Refused(
            _("工作表超过 %d 列。若右侧看不到内容，请删除 %s 列以右的所有列后另存再上传。")
            % (MAX_COLUMNS, column_letter(MAX_COLUMNS - 1))
        )
    if height * width > MAX_CELLS:
        raise Refused(_("工作表内容过多，请删除无关的行和列，或分成几个文件上传。"))


def fill_merged(rows: list[list[Cell]], areas: Iterable[Area]) -> None:
    """Repeat the value of each merged area in all its cells, in place."""
    budget = MAX_CELLS
    for top, left, bottom, right in areas:
        bottom, right = min(bottom, len(rows) - 1), min(right, MAX_COLUMNS - 1)
        budget -= max(0, bottom - top + 1) * max(0, right - left + 1)
        if budget < 0:
            raise Refused(_("工作表的合并单元格过多，请取消合并后重新上传。"))
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
        if value == "":
            continue
        for row in rows[top : bottom + 1]:
            row.extend([""] * (right + 1 - len(row)))
            row[left : right + 1] = [value] * (right + 1 - left)
