"""The two workbooks a roster import hands out: an empty roster to fill in, and the list of all problems."""

from __future__ import annotations

from typing import IO

import openpyxl
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from members.models import Member, User
from members.roster.examine import Examination
from members.roster.fields import DATES, FIELDS, FLAGS
from members.roster.report import errors_first
from members.spreadsheet import Column, stamp, write_table

# Rows of the template that carry formats and lists to choose from.
TEMPLATE_ROWS = 2_000
_HINTS = {"born_on": "yyyy-mm-dd", "joined_on": "yyyy-mm-dd", "regular_on": "yyyy-mm-dd", "id_number": "18 位"}


def write_problems(target: IO[bytes], found: Examination, *, by: User | None) -> None:
    """All problems, one a row, errors first; personal numbers masked."""
    columns = [
        Column(_("级别"), 8),
        Column(_("行号"), 8),
        Column(_("列"), 14),
        Column(_("现在的内容"), 24, is_code=True),
        Column(_("问题"), 24),
        Column(_("怎么改"), 70),
        Column(_("工号"), 14, is_code=True),
        Column(_("姓名"), 12),
    ]
    rows = (
        (
            _("问题") if problem.is_error else _("提醒"),
            problem.row,
            problem.column,
            problem.value,
            problem.kind,
            problem.say,
            problem.staff_number,
            problem.name,
        )
        for problem in errors_first(found.roster)
    )
    write_table(
        target,
        sheet=_("问题清单"),
        title=_("党员花名册导入问题清单"),
        columns=columns,
        rows=rows,
        footer=stamp(by or _("系统"), timezone.localtime()),
    )


def write_template(target: IO[bytes]) -> None:
    """An empty 花名册 in which numbers stay text, dates are dates, and choices are chosen from a list."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    sheet = book.create_sheet(_("花名册"))
    sheet.append([_("序号"), *(_heading(field.key, str(field.label)) for field in FIELDS)])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="F3E3E3")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    sheet.row_dimensions[1].height = 34
    sheet.freeze_panes = "D2"
    sheet.column_dimensions["A"].width = 6
    for number, field in enumerate(FIELDS, 2):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = field.width
        style = "yyyy-mm-dd" if field.key in DATES else "@"
        for line in range(2, TEMPLATE_ROWS + 2):
            sheet.cell(line, number).number_format = style
        _offer(sheet, field.key, letter)
    book.save(target)


def _heading(key: str, label: str) -> str:
    return f"{label}\n({_HINTS[key]})" if key in _HINTS else label


def _offer(sheet: Worksheet, key: str, letter: str) -> None:
    choices: dict[str, list[str]] = {
        "gender": [str(label) for label in Member.Gender.labels],
        "category": [str(label) for label in Member.Category.labels],
        **{flag: [_("是"), _("否")] for flag in FLAGS},
    }
    if key in choices:
        offered = DataValidation(type="list", formula1=f'"{",".join(choices[key])}"', allow_blank=True)
        sheet.add_data_validation(offered)
        offered.add(f"{letter}2:{letter}{TEMPLATE_ROWS + 1}")
