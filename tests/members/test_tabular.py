"""Foreign files: what is read, and the sentence for what is not."""

import datetime
import io
import zipfile

import openpyxl
import pytest

from members.errors import Refused
from members.tabular import Sheet, column_letter, read_table
from members.tabular.sheet import fill_merged
from tests.members import roster_files as files

TABLE = [["工号", "姓名"], ["10001", "苏堃"]]


def rows_of(content: bytes) -> list[list[object]]:
    [sheet] = read_table("a", content)
    return sheet.rows


# --- what is read -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "content",
    [
        files.xlsx(*TABLE),
        files.xls(*TABLE),
        files.text(*TABLE),
        files.text(*TABLE, encoding="utf-8"),
        files.text(*TABLE, encoding="gb18030"),
        files.text(*TABLE, encoding="utf-16", delimiter="\t"),
        files.text(*TABLE, delimiter=";"),
        files.text(*TABLE, encoding="gb18030", delimiter="\t"),
    ],
)
def test_read_table_reads_every_kind(content: bytes) -> None:
    assert rows_of(content) == TABLE


def test_read_table_goes_by_content_not_by_name() -> None:
    [sheet] = read_table("名册.csv", files.xlsx(*TABLE))
    assert sheet == Sheet(name="Sheet", rows=TABLE, merged=[])


def test_read_table_keeps_types_and_places() -> None:
    day, moment = datetime.date(2008, 6, 24), datetime.datetime(2008, 6, 24, 8, 30)
    rows = rows_of(files.xlsx([], [None, "甲", 3, 2.5, True], [], [day, moment]))
    assert rows == [[], ["", "甲", 3.0, 2.5, True], [], [day, moment]]


def test_read_table_reads_a_whole_number_too_long_for_a_number_as_a_number() -> None:
    [[cell]] = rows_of(files.xlsx([232315200107261510]))
    assert isinstance(cell, float)


def test_read_table_takes_the_cached_value_of_a_formula() -> None:
    def with_value(name: str, part: bytes) -> bytes:
        return part.replace(b"<v></v>", b"<v>7</v>").replace(b"<v />", b"<v>7</v>").replace(b"<v/>", b"<v>7</v>")

    book = openpyxl.Workbook()
    book.active.append(["甲", "=3+4"])
    assert rows_of(files.repacked(files.saved(book), with_value)) == [["甲", 7.0]]


def test_read_table_keeps_text_that_looks_like_a_formula() -> None:
    assert rows_of(files.xlsx(["=1+1", "@甲"])) == [["=1+1", "@甲"]]


def test_read_table_repeats_merged_values() -> None:
    content = files.xlsx(["支部", "姓名"], ["检修部", "甲"], [None, "乙"], merged=["A2:A3"])
    assert rows_of(content) == [["支部", "姓名"], ["检修部", "甲"], ["检修部", "乙"]]


def test_read_table_skips_hidden_and_empty_sheets() -> None:
    book = openpyxl.Workbook()
    book.active.append(["甲"])
    hidden = book.create_sheet("代码表")
    hidden.append(["汉族"])
    hidden.sheet_state = "hidden"
    book.create_sheet("空")
    assert [sheet.name for sheet in read_table("a", files.saved(book))] == ["Sheet"]


def test_read_table_unquotes_text_protected_for_excel_in_csv() -> None:
    assert rows_of('工号,姓名\r\n="0012","苏,堃"\r\n'.encode()) == [["工号", "姓名"], ["0012", "苏,堃"]]


@pytest.mark.parametrize(("index", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (199, "GR")])
def test_column_letter_is_the_spreadsheets(index: int, letter: str) -> None:
    assert column_letter(index) == letter


# --- what is refused ----------------------------------------------------------------------------
def far_cell(where: str) -> bytes:
    book = openpyxl.Workbook()
    book.active["A1"] = "姓名"
    book.active[where] = "x"
    return files.saved(book)


def bomb(name: str = "xl/worksheets/sheet1.xml", size: int = 60 << 20) -> bytes:
    return files.repacked(files.xlsx(*TABLE), lambda part, old: b"<a>" + b" " * size if part == name else old)


def lying_bomb() -> bytes:
    """A directory that says the part is small."""
    content = bytearray(bomb(size=1 << 20))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    return bytes(content).replace(size.to_bytes(4, "little"), (100).to_bytes(4, "little"))


def entities(part_name: str, part: bytes) -> bytes:
    laugh = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
    if not part_name.endswith("sheet1.xml"):
        return part
    head, mark, rest = part.partition(b"?>")
    return head + mark + laugh + rest if mark else laugh + part


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), part)
    return file.getvalue()


def ole(*names: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + b"".join(n.encode("utf-16-le") for n in names)


def encrypted_zip() -> bytes:
    content = bytearray(files.xlsx(*TABLE))
    start = 0
    while (start := content.find(b"PK\x01\x02", start)) >= 0:
        content[start + 8] |= 1
        start += 4
    return bytes(content)


BAD = {
    "empty": (b"", "文件是空的"),
    "renamed exe": (b"MZ\x90\x00\x03\x00\x00\x00" * 20, "文件不是表格，或内容已损坏"),
    "pdf": (b"%PDF-1.7 something", "文件不是表格"),
    "png": (b"\x89PNG\r\n\x1a\n\x00\x00", "文件不是表格，或内容已损坏"),
    "web page named xls": (b"<html><table><tr><td>1</td></tr></table></html>", "文件其实是网页"),
    "csv with NUL": ("工号,姓名\n1000\x001,苏\n".encode(), "文件不是表格，或内容已损坏"),
    "csv in no encoding": (b"\xff\xff\xfe\x81\x30", "文字编码无法识别"),
    "csv with a huge cell": (("姓名\n" + "苏" * 40_000 + "\n").encode(), "过长的文字"),
    "csv of 300 columns": ((",".join("x" * 300) + "\n").encode(), "超过 200 列"),
    "csv of too many rows": (b"a\n" * 200_001, "超过 200000 行"),
    "truncated xlsx": (files.xlsx(*TABLE)[:3000], "不完整或已损坏"),
    "truncated xls": (files.xls(*TABLE)[:1500], "文件不是 Excel 表格"),
    "xls torn in the middle": (files.xls(*TABLE)[:2100] + b"\xd0" * 3000, "文件不是 Excel 表格"),
    "300 columns": (files.xlsx(["姓名"] * 300), "超过 200 列"),
    "cell far down": (far_cell("A1000000"), "超过 200000 行"),
    "cell at the end of the sheet": (far_cell("XFD1048576"), "极远处的单元格"),
    "zip bomb": (bomb(), "解压后过大"),
    "zip bomb that lies": (lying_bomb(), "无法解压|不完整或已损坏|解压后过大"),
    "thousands of parts": (zipped(**{f"a{i}": b"" for i in range(2_001)}), "解压后过大"),
    "macros": (files.repacked(files.xlsx(*TABLE), xl__vbaProject_dot_bin=b"x"), "带有宏"),
    "macros by content type": (
        files.repacked(
            files.xlsx(*TABLE), lambda n, p: p.replace(b"sheet.main", b"macroEnabled.main") if "Content" in n else p
        ),
        "带有宏",
    ),
    "macros in xls": (ole("Workbook", "_VBA_PROJECT"), "带有宏"),
    "password": (ole("EncryptedPackage"), "打开密码"),
    "password on the archive": (encrypted_zip(), "设有密码"),
    "entities": (files.repacked(files.xlsx(*TABLE), entities), "外部实体声明"),
    "xlsb": (zipped(xl__workbook_dot_bin=b"x"), "二进制工作簿"),
    "ods": (zipped(mimetype=b"x", content_dot_xml=b"<a/>"), "ODS"),
    "docx": (zipped(word__document_dot_xml=b"<a/>"), "Word"),
    "some zip": (zipped(a_dot_txt=b"x"), "压缩包"),
    "word document": (ole("WordDocument"), "文件不是 Excel 表格"),
    "empty workbook": (files.xlsx(), "没有内容"),
    "blank csv": (b"\n\n", "没有内容"),
}


@pytest.mark.parametrize("case", BAD)
def test_read_table_refuses_with_a_sentence(case: str) -> None:
    content, words = BAD[case]
    with pytest.raises(Refused, match=words):
        read_table("名册", content)


def test_read_table_refuses_by_size_before_looking(settings) -> None:
    settings.ROSTER_FILE_LIMIT = 1 << 20
    with pytest.raises(Refused, match="文件有 2 MB，超过 1 MB"):
        read_table("名册", b"PK" + b"x" * (2 << 20))


def test_fill_merged_refuses_areas_laid_over_each_other_without_end() -> None:
    with pytest.raises(Refused, match="合并单元格过多"):
        fill_merged([["甲"] for _row in range(1000)], [(0, 0, 999, 199)] * 21)
