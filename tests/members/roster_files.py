"""Rosters to test with: tables as people keep them, as xlsx, xls or csv bytes."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import openpyxl
import xlwt
from django.conf import settings
from stdnum.cn import ric

HEADING = tuple("工号 姓名 性别 公民身份号码 人员类别 所在党支部 党小组 入党日期 转正日期 联系电话".split())
CLEAN = "党员花名册.xlsx"
MESSY = "党员花名册（基层上报原样）.xlsx"


def sample(name: str) -> bytes:
    return (settings.SAMPLE_DIR / name).read_bytes()


def id_number(born: str = "19820612", order: int = 358) -> str:
    """A number with a right check digit; odd orders are men's."""
    head = f"232303{born}{order:03d}"
    return head + ric.calc_check_digit(head + "0")


def row(**cells: Any) -> list[Any]:
    """One person under HEADING; keywords by position: number, name, gender, id, category, branch, group, …"""
    values = {
        "number": "10001",
        "name": "苏堃",
        "gender": "女",
        "id": id_number(),
        "category": "正式党员",
        "branch": "检修部党支部",
        "group": "第一党小组",
        "joined": "2008-06-24",
        "regular": "2009-06-24",
        "phone": "13941473104",
    } | cells
    return list(values.values())


def xlsx(
    *rows: Sequence[Any], merged: Sequence[str] = (), more: dict[str, list[Sequence[Any]]] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for cells in rows:
        sheet.append(list(cells))
    for cells in sheet.iter_rows():
        for cell in cells:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    for area in merged:
        sheet.merge_cells(area)
    for title, others in (more or {}).items():
        added = book.create_sheet(title)
        for cells in others:
            added.append(list(cells))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xls(*rows: Sequence[Any]) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("花名册")
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            sheet.write(i, j, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def text(*rows: Sequence[Any], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue().encode(encoding)


def repacked(content: bytes, change: Callable[[str, bytes], bytes] | None = None, **added: bytes) -> bytes:
    """The same archive with its parts changed, and others added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(name, part) if change else part)
        for name, part in added.items():
            new.writestr(name.replace("__", "/").replace("_dot_", "."), part)
    return file.getvalue()
