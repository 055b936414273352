"""Run as a process of its own: workbook on stdin, JSON on stdout.

A few kilobytes can make a workbook reader ask for half a terabyte and take its process down with it (one
cell far right, one far down). So the reading happens here, under limits the system enforces.
Imports nothing of the product: it starts in a few hundredths of a second.
"""

import datetime
import io
import json
import resource
import sys

import python_calamine as calamine

MEMORY = 1 << 30
SECONDS = 30


def encoded(cell):
    """JSON has no dates: a date travels as a list of one or two texts (kind, value)."""
    if isinstance(cell, datetime.datetime | datetime.date):
        return [cell.isoformat()]
    if isinstance(cell, datetime.time | datetime.timedelta):
        return str(cell)
    return cell


def trimmed(rows):
    """Without the empty cells right and the empty rows below."""
    for row in rows:
        while row and row[-1] == "":
            row.pop()
    while rows and not rows[-1]:
        rows.pop()
    return rows


def read(content, limits):
    try:
        book = calamine.load_workbook(io.BytesIO(content))
    except calamine.PasswordError:
        return {"refused": "password"}
    sheets, left = [], limits["cells"]
    plain = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    for name in plain[: limits["sheets"]]:
        sheet = book.get_sheet_by_name(name)
        height, width = sheet.total_height + 1, sheet.total_width + 1
        left -= height * width
        if height > limits["rows"] + 1 or width > limits["columns"] + 1 or left < 0:
            sheets.append({"name": name, "size": [height - 1, width - 1]})
            left += height * width
            continue
        rows = trimmed(sheet.to_python(skip_empty_area=False))
        plain_rows = [[encoded(cell) for cell in row] for row in rows]
        areas = [[*start, *end] for start, end in sheet.merged_cell_ranges or []]
        sheets.append({"name": name, "rows": plain_rows, "merged": areas})
    return {"sheets": sheets}


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limits = json.loads(sys.argv[1])
    json.dump(read(sys.stdin.buffer.read(), limits), sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
