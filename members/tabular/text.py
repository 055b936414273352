"""csv as it arrives: UTF-8 or GB18030 or what Excel calls Unicode text; commas, semicolons or tabs."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from django.utils.translation import gettext as _

from members.errors import Refused
from members.tabular.sheet import MAX_ROWS, MAX_TEXT, Cell, Sheet, check_size

# Exports write ="0012" so that Excel keeps the zeros.
_QUOTED_FORMULA = re.compile(r'="([^"]*)"')


def read_text(name: str, content: bytes) -> list[Sheet]:
    text = _decoded(content)
    csv.field_size_limit(MAX_TEXT)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)):
            if len(rows) >= MAX_ROWS:
                check_size(len(rows) + 1, 1)
            rows.append([_plain(cell) for cell in row])
    except csv.Error:
        raise Refused(
            _("第 %d 行附近有过长的文字或没有成对的引号，请用 Excel 打开、另存为 xlsx 后上传。") % (len(rows) + 1)
        ) from None
    while rows and not any(rows[-1]):
        rows.pop()
    check_size(len(rows), max(map(len, rows), default=0))
    return [Sheet(name=name, rows=rows)]


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Refused(_("文件不是表格，或文字编码无法识别。请用 Excel 或 WPS 打开、另存为 xlsx 后上传。"))


def _delimiter(text: str) -> str:
    """The candidate that cuts most of the first lines into the same number of pieces, at least two."""
    lines = text.splitlines()[:50]

    def agreement(mark: str) -> tuple[int, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        return count * (width > 1), width

    return max(",\t;", key=agreement)


def _plain(cell: str) -> str:
    quoted = _QUOTED_FORMULA.fullmatch(cell)
    return quoted[1] if quoted else cell
