"""Tables as a formatted workbook: print-ready A4 landscape, text kept as text, figures as figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import IO, cast

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem
from openpyxl.worksheet.worksheet import Worksheet

from scoring.sheets.tables import COUNT, POINTS, Column, Table, Value, decimals_needed

FONT = "宋体"
_LINE = Side(style="thin", color="808080")
_GRID = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
_HEADING_FILL = PatternFill("solid", fgColor="F3E9D8")
_CENTRE = Alignment(horizontal="center", vertical="center", wrap_text=True)
_LEFT = Alignment(horizontal="left", vertical="center", wrap_text=True)
STYLES = (
    NamedStyle("title-line", font=Font(name=FONT, size=16, bold=True), alignment=_CENTRE),
    NamedStyle(
        "heading-cell", font=Font(name=FONT, size=10.5, bold=True), alignment=_CENTRE, border=_GRID, fill=_HEADING_FILL
    ),
    NamedStyle("figure-cell", font=Font(name=FONT, size=10.5), alignment=_CENTRE, border=_GRID),
    NamedStyle("text-cell", font=Font(name=FONT, size=10.5), alignment=_CENTRE, border=_GRID),
    NamedStyle("long-cell", font=Font(name=FONT, size=10.5), alignment=_LEFT, border=_GRID),
    NamedStyle("note-line", font=Font(name=FONT, size=9, color="404040"), alignment=_LEFT),
    NamedStyle("signature-line", font=Font(name=FONT, size=10.5), alignment=_LEFT),
)
_STARTS_A_FORMULA = ("=", "+", "-", "@")
# A remark column is read, the others are scanned.
_LONG = 20


def write_book(target: str | IO[bytes], tables: Iterable[Table], *, stamp: str, front: Table | None = None) -> int:
    """Write one sheet per table, `front` before them. Out: how many rows of people."""
    book = new_book()
    names = SheetNames()
    rows = 0
    if front is not None:
        write_sheet(book.create_sheet(names.free(front.unit)), front, stamp)
    for table in tables:
        write_sheet(book.create_sheet(names.free(table.unit)), table, stamp)
        rows += len(table.rows)
    book.save(target)
    return rows


def new_book() -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    for style in STYLES:
        book.add_named_style(style)
    return book


class SheetNames:
    """Names a workbook accepts: short, without its own signs, each once."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def free(self, wish: str) -> str:
        plain = re.sub(r"[\[\]:*?/\\]", " ", clean(wish)).strip(" '")[:31] or _("表")
        name, number = plain, 2
        while name.casefold() in self.taken:
            ending = f"({number})"
            name, number = plain[: 31 - len(ending)] + ending, number + 1
        self.taken.add(name.casefold())
        return name


def clean(text: str) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("", text)


def put(sheet: Worksheet, row: int, column: int, value: Value, style: str) -> Cell:
    """Write one cell. Text stays text, whatever it looks like; Excel keeps it so when the cell is edited, too."""
    cell = cast(Cell, sheet.cell(row, column))
    cell.style = style
    text = clean(value) if isinstance(value, str) else ""
    cell.value = value if not isinstance(value, str) else text or None
    if text:
        cell.data_type = "s"
    if text.startswith(_STARTS_A_FORMULA):
        cell.quotePrefix = True
    return cell


def write_sheet(sheet: Worksheet, table: Table, stamp: str) -> None:
    width = len(table.columns)
    title_line(sheet, table.title, width)
    heading_rows = put_headings(sheet, table, top=2)
    first = 2 + heading_rows
    formats = _formats(table)
    for offset, row in enumerate(table.rows):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True), start=1):
            cell = put(sheet, first + offset, place, value, _style_of(column))
            if column.key in formats:
                cell.number_format = formats[column.key]
    below = first + len(table.rows)
    lines = [*table.notes, stamp]
    for offset, line in enumerate(lines):
        wide_line(sheet, below + offset, line, width, "note-line")
    if table.signatures:
        sheet.row_dimensions[below + len(lines)].height = 36
        wide_line(sheet, below + len(lines), table.signatures, width, "signature-line")
    for place, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    set_up_page(sheet, first, stamp)


def title_line(sheet: Worksheet, title: str, width: int) -> None:
    sheet.row_dimensions[1].height = 34
    wide_line(sheet, 1, title, width, "title-line")


def wide_line(sheet: Worksheet, row: int, text: str, width: int, style: str) -> None:
    put(sheet, row, 1, text, style)
    if width > 1:
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)


def put_headings(sheet: Worksheet, table: Table, top: int) -> int:
    """One heading row, or two with the sections above their columns. Out: how many."""
    place = 1
    lower = top + 1 if table.has_sections else top
    for cell in table.upper_headings():
        across, down = cell.across, cell.down
        put(sheet, top, place, cell.text, "heading-cell")
        for offset in range(across):
            for row in range(top, lower + 1):
                sheet.cell(row, place + offset).style = "heading-cell"
        if across > 1 or down > 1:
            sheet.merge_cells(start_row=top, start_column=place, end_row=top + down - 1, end_column=place + across - 1)
        place += across
    if table.has_sections:
        for place, column in enumerate(table.columns, start=1):
            if column.section:
                put(sheet, lower, place, column.heading, "heading-cell")
        sheet.row_dimensions[lower].height = 44
    else:
        sheet.row_dimensions[top].height = 34
    return lower - top + 1


def _style_of(column: Column) -> str:
    if column.kind in (POINTS, COUNT):
        return "figure-cell"
    return "long-cell" if column.width >= _LONG else "text-cell"


def _formats(table: Table) -> dict[str, str]:
    """As many decimals as the column needs, and a real minus sign."""
    formats = {}
    for place, column in enumerate(table.columns):
        if column.kind == POINTS:
            needed = decimals_needed(row[place] for row in table.rows)
            plain = "0" + ("." + "0" * needed if needed else "")
            formats[column.key] = f'{plain};"−"{plain};{plain}'
    return formats


def set_up_page(sheet: Worksheet, first_row: int, stamp: str) -> None:
    """A4 landscape, one page wide, headings on every page, pages numbered."""
    sheet.freeze_panes = f"C{first_row}"
    sheet.print_title_rows = f"1:{first_row - 1}"
    setup = sheet.page_setup
    setup.orientation, setup.paperSize, setup.fitToWidth, setup.fitToHeight = "landscape", "9", 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    sheet.print_options.horizontalCentered = True
    margins = sheet.page_margins
    margins.left = margins.right = 0.5
    margins.top, margins.bottom = 0.6, 0.7
    footer = cast(HeaderFooterItem, sheet.oddFooter)
    footer.left.text, footer.left.size = stamp.replace("&", "&&"), 8
    footer.right.text = _("第 %(page)s 页，共 %(pages)s 页") % {"page": "&P", "pages": "&N"}
    footer.right.size = 8


def long_rows(tables: Iterable[Table], columns: Sequence[Column]) -> Iterable[list[str | int | float | None]]:
    """The rows of all tables behind each other, each with its unit in front and its figures where they belong."""
    for table in tables:
        for row in table.rows:
            values = dict(zip((column.key for column in table.columns), row, strict=True))
            yield [table.unit, *(_plain(values.get(column.key)) for column in columns), table.state]


def _plain(value: Value) -> str | int | float | None:
    """For the writer of big tables, which knows no Decimal: up to 15 digits a figure stays exactly what it was."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return clean(value) if isinstance(value, str) else value
