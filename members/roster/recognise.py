"""Which sheet is the roster, where its heading is, and what each column means. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from members.errors import Refused
from members.roster.cells import text_of
from members.roster.fields import BY_KEY, FIELDS, RUNNING_NUMBER
from members.tabular import Cell, Sheet, column_letter

# Titles, reporting unit, instructions: the heading stands within the first rows, or there is none.
SEARCH_ROWS = 40
_HINT = re.compile(r"[（(\[【].*?[）)\]】]")
_NOISE = re.compile(r"[\s*＊:：、,，;；]+")


@dataclass(frozen=True)
class Column:
    """One column of the file. `field` is "" when it is not imported; `rival` names the column that won."""

    index: int
    heading: str
    field: str
    is_exact: bool = False
    rival: str = ""

    @property
    def letter(self) -> str:
        return column_letter(self.index)


@dataclass(frozen=True)
class Recognised:
    """The heading of a sheet. Rows count from 0; the people begin at `first_row`."""

    sheet: Sheet
    heading_row: int
    first_row: int
    columns: tuple[Column, ...]

    @property
    def fields(self) -> dict[str, Column]:
        return {column.field: column for column in self.columns if column.field}


def recognise(sheets: list[Sheet], corrections: dict[str, str] | None = None, sheet: str = "") -> Recognised:
    """Choose the sheet and read its heading.

    In: the sheets; the corrections of the person (column number as text -> field or ""), complete or none;
    the name of the sheet to take, when the person chose one.
    Raise Refused when no sheet has a heading that could be a roster's.
    """
    candidates = [_best_heading(found) for found in sheets if not sheet or found.name == sheet]
    best = max(candidates, key=lambda found: len(found.fields), default=None)
    if best is None or len(best.fields) < 2:
        raise Refused(
            _("没有找到花名册的表头。请在前 %d 行内用一行写明各列名称，例如：工号、姓名、公民身份号码、所在党支部。")
            % SEARCH_ROWS
        )
    return corrected(best, corrections) if corrections else best


def rosters(sheets: list[Sheet]) -> list[str]:
    """The names of all sheets that look like a roster; a workbook may have one per branch."""
    headings = [_best_heading(sheet) for sheet in sheets]
    return [found.sheet.name for found in headings if {"name", "staff_number"} <= found.fields.keys()]


def corrected(found: Recognised, corrections: dict[str, str]) -> Recognised:
    """The same heading with the columns as the person assigned them."""
    columns = tuple(
        Column(column.index, column.heading, corrections.get(str(column.index), ""), is_exact=True)
        for column in found.columns
    )
    chosen = [column.field for column in columns if column.field]
    for key in chosen:
        if key not in BY_KEY:
            raise Refused(_("列的选择有误，请重新选择。"))
        if chosen.count(key) > 1:
            letters = "、".join(column.letter for column in columns if column.field == key)
            raise Refused(
                _("%(letters)s 列都选成了“%(label)s”，请只留一列。") % {"letters": letters, "label": BY_KEY[key].label}
            )
    return Recognised(found.sheet, found.heading_row, found.first_row, columns)


def _best_heading(sheet: Sheet) -> Recognised:
    """The row in which most fields are recognised, the uppermost when several tie.

    Two rows only where they say more together than any row alone, and the lower one is no person.
    """
    rows = sheet.rows[:SEARCH_ROWS]
    best = Recognised(sheet, 0, 1, ())
    for depth in (1, 2):
        for index in range(len(rows) - depth + 1):
            pair = rows[index : index + depth]
            if depth == 2 and not _looks_like_heading(pair[1]):
                continue
            found = Recognised(sheet, index, index + depth, _columns(_stacked(pair)))
            if len(found.fields) > len(best.fields):
                best = found
    return best


def _stacked(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Per column the cells above one another; an area merged downwards says its text once."""
    columns: list[list[Cell]] = []
    for index in range(max(map(len, rows))):
        cells = [row[index] for row in rows if index < len(row)]
        columns.append(list(dict.fromkeys(cells)))
    return columns


def _looks_like_heading(row: list[Cell]) -> bool:
    """Rows of people have numbers and dates in them, headings have not."""
    texts = [cell for cell in row if isinstance(cell, str)]
    if len(texts) < len(row) or any(re.search(r"[0-9]{4}", bare(text)) for text in texts):
        return False
    return sum(bool(_field(text, exact=True)) for text in set(texts)) >= 2


def _columns(headings: list[list[Cell]]) -> tuple[Column, ...]:
    columns = [_column(index, cells) for index, cells in enumerate(headings)]
    winners: dict[str, Column] = {}
    for column in columns:
        held = winners.get(column.field)
        if column.field and (held is None or (column.is_exact and not held.is_exact)):
            winners[column.field] = column
    kept = []
    for column in columns:
        winner = winners.get(column.field)
        if winner is not None and winner is not column:
            rival = winner.letter if winner.is_exact == column.is_exact else ""
            column = Column(column.index, column.heading, "", rival=rival)
        kept.append(column)
    while kept and not kept[-1].heading:
        kept.pop()
    return tuple(kept)


def _column(index: int, cells: list[Cell]) -> Column:
    """The lowest heading speaks first ("日期"), then the two together ("入党" over "日期")."""
    texts = [text_of(cell) for cell in cells if isinstance(cell, str)]
    texts = [text for text in texts if text]
    heading = " ".join(texts)[:60]
    for attempt in (*reversed(texts), "".join(texts)):
        field = _field(attempt, exact=True)
        if field:
            return Column(index, heading, field, is_exact=True)
    for attempt in (*reversed(texts), "".join(texts)):
        field = _field(attempt, exact=False)
        if field:
            return Column(index, heading, field)
    return Column(index, heading, "")


def bare(heading: str) -> str:
    """A heading without hints in brackets, marks of required fields and lay-out: 入党时间(yyyy) -> 入党时间."""
    return _NOISE.sub("", _HINT.sub("", heading))


_EXACT = {name: field.key for field in FIELDS for name in field.headings}


def _field(heading: str, *, exact: bool) -> str:
    text = bare(heading)
    # A sentence is a title or an instruction, not a heading.
    if not text or len(text) > 20 or text in RUNNING_NUMBER:
        return ""
    if exact:
        return _EXACT.get(text, "")
    for field in FIELDS:
        if any(word in text for word in field.words):
            return field.key
    return ""
