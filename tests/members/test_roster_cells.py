"""One cell at a time: what is read, what is doubted, what is refused. Tables on paper."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.roster.cells import (
    Doubtful,
    Wrong,
    read_category,
    read_ethnicity,
    read_flag,
    read_gender,
    read_name,
    read_phone,
    read_staff_number,
    read_text_line,
    text_of,
)
from members.roster.dates import read_date
from members.roster.fields import FIELDS
from members.roster.id_number import birth_date, gender, read_id_number
from tests.members.roster_files import id_number


def outcome(read: Any, cell: Any) -> Any:
    """The value; or how it is doubted or refused, as the page counts it."""
    try:
        value = read(cell)
    except Wrong as wrong:
        return f"✗ {wrong.kind}"
    return f"? {value.kind} {value.value}" if isinstance(value, Doubtful) else value


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  苏\u3000堃 ", "苏 堃"),
        ("１２３ＡＢ（甲）", "123AB(甲)"),
        ("一行\n两行", "一行 两行"),
        ("\ufeff甲\u200b乙\x07", "甲乙"),
        ("②³", "②³"),
        (3.0, "3"),
        (3.5, "3.5"),
        (1e15, "1000000000000000.0"),
        (True, "是"),
        (datetime.date(2008, 6, 24), "2008-06-24"),
        *[(blank, "") for blank in ("", "无", "—", "——", "-", "/", "N/A", "　", "暂无")],
    ],
)
def test_text_of_cleans(cell: Any, text: str) -> None:
    assert text_of(cell) == text


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2008.06.24", day("2008-06-24")),
        ("2008-6-24", day("2008-06-24")),
        ("2008/06/24", day("2008-06-24")),
        ("20080624", day("2008-06-24")),
        (20080624.0, day("2008-06-24")),
        ("2008年6月24日", day("2008-06-24")),
        ("２００８年６月２４日", day("2008-06-24")),
        ("2008 年 6 月 24 号", day("2008-06-24")),
        ("2008-06-24 00:00:00", day("2008-06-24")),
        ("2008/6/24 8:30", day("2008-06-24")),
        (39623.0, day("2008-06-24")),
        (39623.75, day("2008-06-24")),
        ("39623", day("2008-06-24")),
        (datetime.date(2008, 6, 24), day("2008-06-24")),
        (datetime.datetime(2008, 6, 24, 9), day("2008-06-24")),
        ("1982-02-29", "✗ 日期无法识别"),
        ("2008年6月", "? 日期没有写到日 2008-06-01"),
        ("2008.6", "? 日期没有写到日 2008-06-01"),
        (2008.6, "? 日期没有写到日 2008-06-01"),
        (200806.0, "? 日期没有写到日 2008-06-01"),
        (2008.12, "? 日期没有写到日 2008-12-01"),
        (2008.1, "✗ 日期有两种读法"),
        (2008.0, "✗ 日期无法识别"),
        (3.0, "✗ 日期无法识别"),
        (99999999.0, "✗ 日期无法识别"),
        ("08.6.24", "✗ 日期无法识别"),
        ("24/06/2008", "✗ 日期无法识别"),
        ("2008", "✗ 日期无法识别"),
        ("2_008-06-24", "✗ 日期无法识别"),
        ("٢٠٠٨-٠٦-٢٤", "✗ 日期无法识别"),
        ("2008-06-24x", "✗ 日期无法识别"),
        (True, "✗ 日期无法识别"),
        ("=TODAY()", "✗ 日期无法识别"),
        ("无", None),
        ("", None),
    ],
)
def test_read_date_reads_spellings_and_never_guesses(cell: Any, expected: Any) -> None:
    assert outcome(read_date, cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("232303198206123580", "232303198206123580"),
        ("23230919860826283x", "23230919860826283X"),
        ("２３２３０３１９８２０６１２３５８０", "232303198206123580"),
        ("'232303198206123580", "232303198206123580"),
        (" 232303 19820612 3580 ", "232303198206123580"),
        (2.3230319820612358e17, "✗ 身份证号是数字格式"),
        ("2.32303E+17", "✗ 身份证号是数字格式"),
        ("232303198206123581", "✗ 身份证号校验位不对"),
        ("23230319820612358", "✗ 身份证号不是 18 位"),
        ("232303820612358", "✗ 15 位旧身份证号"),
        ("232303198213123580", "✗ 身份证号中的出生日期不存在"),
        ("232303********3580", "✗ 身份证号被遮挡"),
        ("２３٢٣٠٣198206123580", "✗ 身份证号不是 18 位"),
        ("无", None),
    ],
)
def test_read_id_number(cell: Any, expected: Any) -> None:
    assert outcome(read_id_number, cell) == expected


def test_read_id_number_says_how_to_mend_a_numeric_cell() -> None:
    with pytest.raises(Wrong, match="身份证号是数字格式，末几位已丢失，请把该列设为文本后重新填写。"):
        read_id_number(2.3230319820612358e17)


def test_id_number_tells_birth_and_gender() -> None:
    number = id_number("20000229", 357)
    assert (birth_date(number), gender(number)) == (day("2000-02-29"), "MALE")


READERS: dict[Any, dict[Any, Any]] = {
    read_name: {
        "苏\u3000堃": "苏堃",
        " 欧 阳 明 ": "欧阳明",
        "买买提•艾力": "买买提·艾力",
        "买买提 ． 艾力": "买买提·艾力",
        "𠮷田": "𠮷田",
        "John  Smith": "John Smith",
        "〇一": "〇一",
        "=1+1": "✗ 姓名有不该出现的字符",
        "张三2": "✗ 姓名有不该出现的字符",
        "张三（借调）": "✗ 姓名有不该出现的字符",
        "张□": "✗ 姓名有不该出现的字符",
        "张?": "✗ 姓名有不该出现的字符",
        3.0: "✗ 姓名不是文字",
        "张\ue863": "? 姓名含造字 张\ue863",
        "苏" * 61: "✗ 文字过长",
        "无": None,
    },
    read_staff_number: {
        "10001": "10001",
        10001.0: "10001",
        "Ａ－0012": "A-0012",
        " 00 12 ": "0012",
        "临001": "临001",
        10001.5: "✗ 工号不是整数",
        1e16: "✗ 工号不是整数",
        "=1": "✗ 工号有不该出现的字符",
        "10001\n": "10001",
        "1" * 31: "✗ 文字过长",
        "٣": "✗ 工号有不该出现的字符",
    },
    read_gender: {"男": "MALE", "女 ": "FEMALE", "女性": "FEMALE", "N": "✗ 性别无法识别", "—": None},
    read_category: {
        "正式党员": "FULL",
        "预备": "PROBATIONARY",
        "中共预备党员": "PROBATIONARY",
        "入党积极分子": "✗ 不是党员",
        "干部": "✗ 人员类别无法识别",
    },
    read_flag: {
        "是": True,
        "√": True,
        "Y": True,
        1.0: True,
        "否": False,
        "无": False,
        "0": False,
        "×": False,
        "n": False,
        "": None,
        "—": None,
        "也许": "✗ 是否无法识别",
    },
    read_ethnicity: {
        "汉": "汉族",
        "汉族": "汉族",
        "土家族": "土家族",
        "穿青人": "? 民族名称少见 穿青人",
        "=1": "✗ 以公式符号开头",
    },
    read_phone: {
        "13941473104": "13941473104",
        13941473104.0: "13941473104",
        "139 4147 3104": "13941473104",
        "139-4147-3104": "13941473104",
        "+86 13941473104": "13941473104",
        "0455-8321234": "0455-8321234",
        "（0455）8321234": "0455-8321234",
        "8321234": "8321234",
        "1394147310": "✗ 联系电话格式不对",
        "13941473104/8321234": "✗ 联系电话格式不对",
        "139****3104": "✗ 电话被遮挡",
        "1_3941473104": "✗ 联系电话格式不对",
        1.5: "✗ 联系电话是小数",
        "无": None,
    },
    read_text_line(5): {"班长": "班长", "一二三四五六": "✗ 文字过长", "@甲": "✗ 以公式符号开头", "-": None},
    read_text_line(20, keeps_signs=True): {"=1+1": "=1+1", "-3 度": "-3 度"},
}


@pytest.mark.parametrize(
    ("read", "cell", "expected"), [(read, cell, want) for read, rows in READERS.items() for cell, want in rows.items()]
)
def test_readers(read: Any, cell: Any, expected: Any) -> None:
    assert outcome(read, cell) == expected


CELLS = (
    st.text(max_size=60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.dates()
    | st.datetimes()
)


@given(cell=CELLS)
def test_every_reader_answers_or_refuses_whatever_stands_in_the_cell(cell: Any) -> None:
    for field in FIELDS:
        read = outcome(field.read, cell)
        assert read is None or isinstance(read, str | bool | datetime.date)
