"""A table of 20 columns as xlsx: our adapter (members/spreadsheet.py) beside openpyxl's write-only mode and
xlsxwriter's constant-memory mode.

Times are taken in this process, the writers taking turns. Memory is the peak of a process that writes one file
and does nothing else: `python -m benchmarks.export WRITER ROWS`.
"""

from __future__ import annotations

import datetime
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import xlsxwriter
from openpyxl import Workbook

from benchmarks.measure import Setting, note, peak_memory, seconds
from benchmarks.report import Line, middle
from members.spreadsheet import Column, write_table

COLUMNS = 20
SECONDS = 4.0
# A writer whose memory is bounded may still fill its buffers: MB from a tenth of the rows to all of them.
GROWTH = 32.0
_DATES = {5, 10, 11}


def rows(count: int) -> Iterator[tuple[Any, ...]]:
    """Text, numbers, dates and empty cells, about as in the 花名册."""
    day = datetime.date(1980, 5, 17)
    for i in range(count):
        yield (
            i + 1, str(70_000_000 + i), "王建国", "男", "汉族", day, "大学本科", "正式党员",
            f"第{i // 40}党支部", f"第{i // 10}党小组", day, day, "检修工", f"139{i:08d}", "否", "否",
            i % 100, i / 4, None, "备注",
        )  # fmt: skip


def ours(path: str, count: int) -> None:
    columns = [Column(f"列{i}", is_date=i in _DATES, is_code=i in (1, 13)) for i in range(COLUMNS)]
    write_table(path, sheet="花名册", title="党员花名册", columns=columns, rows=rows(count), footer="")


def openpyxl(path: str, count: int) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("花名册")
    sheet.append([f"列{i}" for i in range(COLUMNS)])
    for row in rows(count):
        sheet.append(row)
    book.save(path)


def constant_memory(path: str, count: int) -> None:
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet, day = book.add_worksheet("花名册"), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(0, 0, [f"列{i}" for i in range(COLUMNS)])
    for number, row in enumerate(rows(count), start=1):
        for column, value in enumerate(row):
            if isinstance(value, datetime.date):
                sheet.write_datetime(number, column, value, day)
            else:
                sheet.write(number, column, value)
    book.close()


WRITERS: dict[str, Callable[[str, int], None]] = {
    "xlsxwriter constant-memory": constant_memory,
    "openpyxl write-only": openpyxl,
    "our adapter": ours,
}


def measure(setting: Setting) -> Iterator[Line]:
    times: dict[str, list[float]] = {name: [] for name in WRITERS}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(setting.runs):
            for name, write in WRITERS.items():
                path = str(Path(folder) / "table.xlsx")
                times[name].append(seconds(write, path, setting.size))
            note(f"round {number + 1}")
    size = f"{setting.size:,} × {COLUMNS}"
    bound = middle(times["xlsxwriter constant-memory"])
    for name, taken in times.items():
        peak = _peak(name, setting.size)
        growth = peak - _peak(name, setting.size // 10)
        found, target, is_met = middle(taken), "", None
        if name == "our adapter":
            target, is_met = f"≤ {SECONDS:.0f} s, bounded", found <= SECONDS and growth <= GROWTH
        remark = f"{growth:+.0f} MB from {setting.size // 10:,} rows"
        yield Line(f"export, {name}", size, found, found / bound, target, is_met, peak, remark)


def _peak(name: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.export", name, str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        WRITERS[sys.argv[1]](str(Path(folder) / "table.xlsx"), int(sys.argv[2]))
    print(peak_memory())
