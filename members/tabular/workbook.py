"""xlsx and xls, read by a process that may die without taking this one along (`child.py`)."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from members.errors import Refused
from members.tabular.sheet import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, Cell, Sheet, check_size, fill_merged

_CHILD = Path(__file__).with_name("child.py")
_SECONDS = 60


def read_workbook(content: bytes) -> list[Sheet]:
    answer = _ask_child(content)
    if answer.get("refused") == "password":
        raise Refused(_("文件设有打开密码，请在 Excel 中去掉密码后重新上传。"))
    return [_sheet(found) for found in answer["sheets"]]


def _ask_child(content: bytes) -> dict[str, Any]:
    limits = {"rows": MAX_ROWS, "columns": MAX_COLUMNS, "cells": MAX_CELLS, "sheets": MAX_SHEETS}
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", str(_CHILD), json.dumps(limits)],
            input=content,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused(_("文件读取超时，请删除无关的工作表、行和列，另存为新的 xlsx 后重新上传。")) from None
    if child.returncode < 0 or b"MemoryError" in child.stderr:
        raise Refused(_("文件里有极远处的单元格（例如最末一行或一列），无法读取。请把名册复制到新的工作簿后上传。"))
    if child.returncode:
        raise Refused(_("文件不完整或已损坏，请用 Excel 或 WPS 打开、另存为 xlsx 后重新上传。"))
    answer: dict[str, Any] = json.loads(child.stdout)
    return answer


def _sheet(found: dict[str, Any]) -> Sheet:
    if "size" in found:
        check_size(*found["size"])
        raise Refused(_("工作簿内容过多，请只保留要导入的工作表，另存为新文件后上传。"))
    rows = found["rows"]
    # Branches, dates and the like stand in thousands of cells: one object each will do.
    once: dict[Cell, Cell] = {}
    for row in rows:
        for index, cell in enumerate(row):
            if type(cell) is list:
                cell = _date(cell[0])
            row[index] = once.setdefault(cell, cell) if type(cell) is not float else cell
    areas = [tuple(area) for area in found["merged"]]
    fill_merged(rows, areas)
    return Sheet(name=found["name"], rows=rows, merged=areas)


def _date(text: str) -> datetime.date:
    moment = datetime.datetime.fromisoformat(text)
    return moment.date() if len(text) == 10 or moment.time() == datetime.time() else moment
