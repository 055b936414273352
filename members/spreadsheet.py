"""Big tables as xlsx in bounded memory: rows go to the file as they come. Formatted sheets use openpyxl.

Text is written as text, so `=1+1` stays five characters and an ID number keeps its digits.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.http import FileResponse
from rustpy_xlsxwriter import FastExcel, Format

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TITLE_ROWS = 1


@dataclass(frozen=True)
class Column:
    heading: str
    width: float = 12
    is_date: bool = False
    # Digits that are no number: without this the spreadsheet marks every cell as a mistake.
    is_code: bool = False


def write_table(
    target: str | IO[bytes],
    *,
    sheet: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    footer: str,
) -> None:
    """Write one table: a merged title row, the headings, the rows and a footer in the first column.

    In: at least two columns, whose headings differ; rows of text, numbers, dates and None.
    """
    bold = Format().set_bold().set_align("center")
    day = Format().set_num_format("yyyy-mm-dd")
    headings = [column.heading for column in columns]
    (
        FastExcel(target)  # type: ignore[arg-type]
        .freeze(row=_TITLE_ROWS + 1)
        .sheet(
            sheet,
            _records(headings, rows, footer),
            header_row=_TITLE_ROWS,
            merge_ranges=[(0, 0, 0, len(columns) - 1, title, bold)],
            header_format=bold,
            column_widths={column.heading: column.width for column in columns},
            column_formats={column.heading: day for column in columns if column.is_date},
            ignore_errors=[column.heading for column in columns if column.is_code],
            page_setup={"landscape": True, "paper_size": 9, "repeat_rows": (0, _TITLE_ROWS), "fit_to_pages": (1, 0)},
        )
        .save()
    )


def _records(headings: list[str], rows: Iterable[Sequence[Any]], footer: str) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield dict(zip(headings, row, strict=True))
    # With every key: in an empty table this record is the first, and the first one gives the headings.
    yield {**dict.fromkeys(headings), headings[0]: footer}


def download(name: str, file: IO[bytes]) -> FileResponse:
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX)


def stamp(by: object, at: datetime.datetime) -> str:
    """Who and when, for the footer of every export."""
    return f"导出人：{by}  导出时间：{at:%Y-%m-%d %H:%M}"


def scratch_file() -> IO[bytes]:
    """A nameless file that is gone when it is closed; it may hold personal numbers."""
    return tempfile.TemporaryFile()
