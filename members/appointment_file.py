"""The workbook of appointments: which row holds the headings, and how text stays text on the way out."""

from __future__ import annotations

from typing import IO, Any

import tablib
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export.formats.base_formats import Format

from members.errors import Refused
from members.resources import HEADINGS, NUMBER, REQUIRED, ROW, SINCE, UNTIL
from members.roster.cells import text_of
from members.spreadsheet import XLSX, Column, stamp, write_table
from members.tabular import read_table

MAX_ROWS = 2_000
_FOOTER = "导出人"


class AppointmentXlsx(Format):
    """xlsx only. Reading goes through the same door as every foreign table; written text never becomes a formula."""

    def create_dataset(self, file_name: str, content: bytes) -> tablib.Dataset:
        """The rows under our headings, each with its number in the file; blank rows and our footer are left out."""
        rows = read_table(file_name, content)[0].rows
        start, places = _headings(rows)
        dataset = tablib.Dataset(headers=[*HEADINGS, ROW])
        for number, cells in enumerate(rows[start + 1 :], start=start + 2):
            if not _says_nothing(cells):
                dataset.append([*(_cell(cells, places.get(heading)) for heading in HEADINGS), number])
        if not 0 < len(dataset) <= MAX_ROWS:
            raise Refused(_("表中须有 1 至 %d 行任职，请检查文件，行数多的请分开。") % MAX_ROWS)
        return dataset

    def export_data(self, dataset: tablib.Dataset, *, target: IO[bytes], by: object, **options: Any) -> None:
        columns = [
            Column(heading, 14, is_date=heading in (SINCE, UNTIL), is_code=heading == NUMBER) for heading in HEADINGS
        ]
        footer = stamp(by, timezone.localtime())
        write_table(target, sheet=_("任职"), title=_("任职名册"), columns=columns, rows=list(dataset), footer=footer)

    def get_extension(self) -> str:
        return "xlsx"

    def get_content_type(self) -> str:
        return XLSX

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True


def _headings(rows: list[list[Any]]) -> tuple[int, dict[str, int]]:
    """The row of the headings, and where each of ours stands in it."""
    for start, row in enumerate(rows[:20]):
        found = [text_of(cell).replace(" ", "") for cell in row]
        if NUMBER in found:
            missing = [heading for heading in REQUIRED if heading not in found]
            if missing:
                raise Refused(_("表头缺少：%s。请补上这些列，或使用导出的表格作模板。") % "、".join(missing))
            return start, {heading: found.index(heading) for heading in HEADINGS if heading in found}
    raise Refused(_("前 20 行里没有找到“工号”一列，请使用导出的表格作模板。"))


def _says_nothing(row: list[Any]) -> bool:
    """A blank row, or our own footer."""
    texts = [text_of(cell) for cell in row]
    return not any(texts) or texts[0].startswith(_FOOTER)


def _cell(cells: list[Any], place: int | None) -> Any:
    return cells[place] if place is not None and place < len(cells) else ""
