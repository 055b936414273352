"""The month sheet to fill in: people and items of one branch's month, with what is already entered."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _
from openpyxl.styles import Protection
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from members.errors import Refused
from scoring import months
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.book import ItemRule
from scoring.calculation.cells import read_cell
from scoring.calculation.pricing import show
from scoring.services.columns import GridColumn
from scoring.services.drafts import REMARK_LENGTH
from scoring.services.sheet import Grid, GridCell
from scoring.sheets.tables import COUNT, POINTS, Column, Table, Value
from scoring.sheets.workbook import new_book, put, put_headings, set_up_page, title_line, wide_line

_FIRST = 4
_BEFORE = 3
# What a list inside a validation may hold, by the file format.
_LIST_LIMIT = 255


def template_book(grid: Grid, stamp: str) -> Workbook:
    """A workbook that comes back through the import as it went out.

    Only the cells to fill in are open; the protection has no password, it only keeps names and numbers in place.
    """
    book = new_book()
    sheet = book.create_sheet(_("%d月") % (grid.month.month % 100))
    columns = _columns(grid)
    month = months.label(grid.month.month).replace(" ", "")
    title = _("%(unit)s党员积分登记表（%(month)s）") % {"unit": grid.month.unit, "month": month}
    title_line(sheet, title, len(columns))
    put_headings(sheet, Table(str(grid.month.unit), title, columns, []), top=2)
    for offset, row in enumerate(grid.rows):
        identity: list[Value] = [offset + 1, row.member.name, row.member.staff_number]
        for place, value in enumerate(identity, start=1):
            put(sheet, _FIRST + offset, place, value, "text-cell")
        for place, cell in enumerate(row.cells, start=_BEFORE + 1):
            _put_cell(sheet, _FIRST + offset, place, cell)
        remark = put(sheet, _FIRST + offset, len(columns), row.remark, "long-cell")
        remark.protection = Protection(locked=False)
    _guide(sheet, grid)
    guide = _("说明：只填白色单元格，填好后在“月度录入”中上传；空白表示没有，请勿改动姓名和工号。")
    for offset, line in enumerate([guide, _("说明：%s") % stamp]):
        wide_line(sheet, _FIRST + len(grid.rows) + offset, line, len(columns), "note-line")
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = column.width
    set_up_page(sheet, _FIRST, stamp)
    sheet.freeze_panes = f"{get_column_letter(_BEFORE + 1)}{_FIRST}"
    _protect(sheet)
    return book


def _columns(grid: Grid) -> list[Column]:
    return [
        Column("number", _("序号"), COUNT, 6),
        Column("name", _("姓名"), width=10),
        Column("staff_number", _("工号"), width=11),
        *(
            Column(f"item:{column.item.code}", _heading(column), POINTS, 13, column.section.name)
            for column in grid.columns
        ),
        Column("remark", _("备注"), width=28),
    ]


def _heading(column: GridColumn) -> str:
    hint = column.hint if column.is_editable else _("自动计入")
    return f"{column.item.name}\n（{hint}）" if hint else column.item.name


def _put_cell(sheet: Worksheet, row: int, place: int, cell: GridCell) -> None:
    """A figure is written as a figure, with its counter as format: 2 that shows as 2次."""
    rule = cell.column.rule
    figure = _figure(rule, cell.text)
    written = put(sheet, row, place, cell.text if figure is None else figure, "figure-cell")
    if rule.unit_label and rule.pricing != "range":
        written.number_format = f'General"{rule.unit_label}"'
    written.protection = Protection(locked=not cell.column.is_editable)
    if not cell.column.is_editable:
        written.style = "heading-cell"


def _figure(rule: ItemRule, text: str) -> Decimal | None:
    try:
        fact = read_cell(rule, text)
    except Refused:
        return None
    if fact is None or fact.level:
        return None
    amount = fact.chosen if fact.chosen is not None else fact.quantity
    return None if amount is None else from_hundredths(amount)


def _guide(sheet: Worksheet, grid: Grid) -> None:
    """What each column takes: the spreadsheet refuses the rest, and shows the standard when a cell is entered."""
    if not grid.rows:
        return
    last = _FIRST + len(grid.rows) - 1
    for place, column in enumerate(grid.columns, start=_BEFORE + 1):
        if not column.is_editable:
            continue
        letter = get_column_letter(place)
        guide = _validation(column.rule)
        guide.promptTitle = str(column.item)[:32]
        guide.prompt = "\n".join(filter(None, [column.hint, column.item.standard]))[:255] or None
        guide.showInputMessage = bool(guide.prompt)
        guide.errorTitle = str(column.item)[:32]
        guide.error = (_("请按规定填写：%s") % column.hint)[:225]
        guide.showErrorMessage = guide.type is not None
        guide.add(f"{letter}{_FIRST}:{letter}{last}")
        sheet.add_data_validation(guide)
    letter = get_column_letter(_BEFORE + len(grid.columns) + 1)
    length = DataValidation(
        "textLength", operator="lessThanOrEqual", formula1=str(REMARK_LENGTH), showErrorMessage=True
    )
    length.error = _("备注最多 %d 个字。") % REMARK_LENGTH
    length.add(f"{letter}{_FIRST}:{letter}{last}")
    sheet.add_data_validation(length)


def _validation(rule: ItemRule) -> DataValidation:
    if rule.pricing == "range":
        least, most = hundredths(str(rule.pricing_table["min"])), hundredths(str(rule.pricing_table["max"]))
        # In a column of deductions "1" means one point off.
        most = max(most, -least) if rule.is_deduction else most
        low, high = _figure_text(least), _figure_text(most)
        return DataValidation("decimal", operator="between", formula1=low, formula2=high, allow_blank=True)
    if rule.pricing in ("level", "grade"):
        levels = [str(name) for name, _points in rule.pricing_table["levels"]]  # type: ignore[attr-defined]
        listed = ",".join(levels)
        if len(listed) <= _LIST_LIMIT and not any("," in level or '"' in level for level in levels):
            return DataValidation("list", formula1=f'"{listed}"', allow_blank=True)
        return DataValidation()
    return DataValidation("decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=True)


def _figure_text(amount: int) -> str:
    return show(amount).replace("−", "-")


def _protect(sheet: Worksheet) -> None:
    protection = sheet.protection
    protection.sheet = True
    # These switches name what stays forbidden.
    protection.formatColumns = protection.formatRows = protection.formatCells = protection.autoFilter = False
