"""A rule set as a workbook (细则) with the sheets 办法, 板块, 条款 and 示例, and such a workbook read back.

Headings are the words of rule files, so both say the same. Tables stand in one cell as lines of text (`rulelines`).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import IO, Any

from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from members.errors import Refused
from members.tabular import Cell, Sheet, column_letter
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.rulebook.fields import CHOICE, EXAMPLE, HEAD, ITEM, LONG, NUMBER, SECTION, YES, Field
from scoring.rulebook.file import read_rules
from scoring.rulebook.lines import from_lines, to_lines
from scoring.rulebook.reader import Lined, Wrong
from scoring.rulebook.writer import Document
from scoring.sheets.workbook import new_book, put, set_up_page

RULES_SHEET, SECTIONS_SHEET, ITEMS_SHEET, EXAMPLES_SHEET = "办法", "板块", "条款", "示例"
_KEY, _CONTENT = "字段", "内容"
_OF, _OF_NAME = Field("板块代号"), Field("板块名称")
_ITEM_COLUMNS = (_OF, _OF_NAME, *ITEM)
_WIDE = {"标准": 44, "说明": 44, "名称": 24, "级别": 20, "分数段": 18, "记录": 30, "别名": 18, "适用职务": 16}
# As far as a list of choices reaches below the last row, for the clauses that are added.
_MORE_ROWS = 200


# --- writing --------------------------------------------------------------------------------
def write_rules(target: str | IO[bytes], document: Document, *, stamp: str) -> None:
    """Write the whole document as a workbook."""
    book = new_book()
    head = book.create_sheet(RULES_SHEET)
    _headings(head, [_KEY, _CONTENT], [18, 60])
    for row, field in enumerate(HEAD, start=2):
        put(head, row, 1, field.key, "text-cell")
        _put_value(head, row, 2, field, document.get(field.key, field.default))
        if field.kind == CHOICE:
            _offer(head, field, f"B{row}")
    set_up_page(head, 2, stamp)
    sections = document["板块"]
    items = [
        item | {_OF.key: section["代号"], _OF_NAME.key: section["名称"]}
        for section in sections
        for item in section.get("条款", [])
    ]
    _write_table(book.create_sheet(SECTIONS_SHEET), SECTION, sections, stamp)
    _write_table(book.create_sheet(ITEMS_SHEET), _ITEM_COLUMNS, items, stamp)
    _write_table(book.create_sheet(EXAMPLES_SHEET), EXAMPLE, document.get("示例", []), stamp)
    book.save(target)


def _headings(sheet: Worksheet, headings: Sequence[str], widths: Sequence[float]) -> None:
    sheet.row_dimensions[1].height = 34
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True), start=1):
        put(sheet, 1, column, heading, "heading-cell")
        sheet.column_dimensions[get_column_letter(column)].width = width


def _write_table(sheet: Worksheet, fields: Sequence[Field], rows: Iterable[Document], stamp: str) -> None:
    _headings(sheet, [field.key for field in fields], [_WIDE.get(field.key, 11) for field in fields])
    last = 1
    for last, row in enumerate(rows, start=2):
        for column, field in enumerate(fields, start=1):
            _put_value(sheet, last, column, field, row.get(field.key, ""))
    for column, field in enumerate(fields, start=1):
        if field.kind in (CHOICE, YES):
            letter = get_column_letter(column)
            _offer(sheet, field, f"{letter}2:{letter}{last + _MORE_ROWS}")
    set_up_page(sheet, 2, stamp)


def _put_value(sheet: Worksheet, row: int, column: int, field: Field, value: Any) -> None:
    text = to_lines(field, value) if value not in ("", None) else ""
    style = "long-cell" if field.kind == LONG or field.is_list else "text-cell"
    put(sheet, row, column, _number(text) if field.kind == NUMBER else text, style)


def _number(text: str) -> Decimal | str:
    try:
        return from_hundredths(hundredths(text)).normalize()
    except ValueError:
        return text


def _offer(sheet: Worksheet, field: Field, where: str) -> None:
    """A list to choose from; what else is typed is told by the reader."""
    offered = DataValidation(type="list", formula1='"' + ",".join(field.words) + '"', allow_blank=True)
    offered.showErrorMessage = False
    sheet.add_data_validation(offered)
    offered.add(where)


# --- reading --------------------------------------------------------------------------------
class _Row(Lined):
    """One row: it knows which column each field stood in."""

    def __init__(self, place: str, letters: dict[str, str] | None = None) -> None:
        super().__init__()
        self.place, self.letters = place, letters or {}

    def place_of(self, key: str) -> str:
        return f"{self.place} {_('%s 列') % self.letters[key]}" if key in self.letters else self.place


class _Head(Lined):
    """The sheet 办法: every field has a row of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, int] = {}

    def place_of(self, key: str) -> str:
        return _place(RULES_SHEET, self.rows[key]) if key in self.rows else _("工作表“%s”") % RULES_SHEET


def _place(sheet: str, row: int) -> str:
    return _("工作表“%(sheet)s”第 %(row)d 行") % {"sheet": sheet, "row": row}


class _Problems:
    """Sentences in the order they were found; what was told of a cell is not told twice."""

    def __init__(self) -> None:
        self.told: dict[str, str] = {}

    def add(self, row: Lined, key: str, sentence: str) -> None:
        place = _("%(place)s“%(key)s”：") % {"place": row.place_of(key), "key": key}
        self.told.setdefault(place, place + sentence)

    def with_those_of(self, sentences: Iterable[str]) -> list[str]:
        known = tuple(self.told)
        return [*self.told.values(), *(one for one in sentences if not known or not one.startswith(known))]


def read_sheets(sheets: Sequence[Sheet]) -> Lined:
    """The workbook as the mapping that `rulefile` reads. Raise Refused with every mistake: where, and the cure."""
    by_name = {sheet.name.strip(): sheet for sheet in sheets}
    lacking = [name for name in (RULES_SHEET, SECTIONS_SHEET, ITEMS_SHEET) if name not in by_name]
    if lacking:
        told = _("缺少工作表“%s”。请从一份办法的“下载 Excel 细则”改起，工作表名称不要改。")
        raise Refused(told % "”“".join(lacking))
    problems = _Problems()
    document = _read_head(by_name[RULES_SHEET], problems)
    sections: list[Lined] = list(_read_table(by_name[SECTIONS_SHEET], SECTIONS_SHEET, SECTION, problems))
    _read_items(by_name[ITEMS_SHEET], sections, problems)
    document["板块"] = sections
    if EXAMPLES_SHEET in by_name:
        document["示例"] = list(_read_table(by_name[EXAMPLES_SHEET], EXAMPLES_SHEET, EXAMPLE, problems))
    if problems.told:
        raise Refused("\n".join(problems.with_those_of(read_rules(document)[1])))
    return document


def _read_head(sheet: Sheet, problems: _Problems) -> _Head:
    document = _Head()
    known = {field.key: field for field in HEAD}
    for number, row in enumerate(sheet.rows, start=1):
        key, content = (*(_text(cell) for cell in row[:2]), "", "")[:2]
        if not key or key == _KEY:
            continue
        if key in document.rows:
            document.repeated = (*document.repeated, key)
        document.rows[key] = number
        field = known.get(key, Field(key))
        _take(document, field, content if key in known else content or " ", problems)
    return document


def _read_items(sheet: Sheet, sections: list[Lined], problems: _Problems) -> None:
    by_code = {section.get("代号"): section for section in sections}
    for row in _read_table(sheet, ITEMS_SHEET, _ITEM_COLUMNS, problems):
        code = row.pop(_OF.key, "")
        row.pop(_OF_NAME.key, None)
        if code in by_code:
            by_code[code].setdefault("条款", []).append(row)
        elif code:
            problems.add(row, _OF.key, _("没有代号为“%s”的板块，请改成“板块”表里的代号。") % code)
        else:
            problems.add(row, _OF.key, _("没有填写，请写“板块”表里的代号。"))


def _read_table(sheet: Sheet, name: str, fields: Sequence[Field], problems: _Problems) -> Iterator[_Row]:
    """Every filled row below the headings."""
    known = {field.key: field for field in fields}
    start = next((number for number, row in enumerate(sheet.rows) if any(_text(cell) for cell in row)), 0)
    headings = [_text(cell) for cell in sheet.rows[start]] if sheet.rows else []
    letters = {heading: column_letter(place) for place, heading in enumerate(headings) if heading}
    heading_row = _Row(_place(name, start + 1), letters)
    for heading in letters:
        if heading not in known:
            problems.add(heading_row, heading, _("不认识这个表头，请检查拼写，或删去这一列。"))
        elif headings.count(heading) > 1:
            problems.add(heading_row, heading, _("写了不止一次，请只保留一列。"))
    for number, cells in enumerate(sheet.rows[start + 1 :], start=start + 2):
        row = _Row(_place(name, number), letters)
        for heading, cell in zip(headings, cells, strict=False):
            if heading in known:
                _take(row, known[heading], _text(cell, is_month="月份" in heading), problems)
        if row:
            yield row


def _take(row: Lined, field: Field, text: str, problems: _Problems) -> None:
    if not text.strip() and text != " ":
        return
    try:
        row[field.key] = from_lines(field, text)
    except Wrong as wrong:
        problems.add(row, field.key, str(wrong))


def _text(cell: Cell, *, is_month: bool = False) -> str:
    """A cell as it is read on the screen; a date, where a month is wanted, as its month."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, datetime.date):
        return f"{cell:%Y%m}" if is_month else cell.isoformat()[:10]
    return str(int(cell)) if cell == int(cell) else format(Decimal(repr(cell)), "f")
