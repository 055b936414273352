"""Rows become people; every problem of every row at once. No database."""

import datetime
from typing import Any

import pytest

from members.roster.problems import grouped
from members.roster.recognise import recognise
from members.roster.validate import Roster, file_problems, is_footer, read_roster
from members.tabular import Sheet
from tests.members import roster_files as files

TODAY = datetime.date(2026, 11, 20)


def read(*rows: list[Any], heading: tuple[str, ...] = files.HEADING) -> Roster:
    return read_roster(recognise([Sheet("花名册", [list(heading), *rows])]), TODAY)


def said(roster: Roster) -> list[tuple[int, str, str, str]]:
    return [(p.row, p.column, p.kind, p.severity.value) for p in roster.problems]


def test_sound_row_gives_all_its_values() -> None:
    roster = read(files.row())
    assert roster.people[0].values == {
        "staff_number": "10001",
        "name": "苏堃",
        "gender": "FEMALE",
        "id_number": files.id_number(),
        "category": "FULL",
        "branch": "检修部党支部",
        "group": "第一党小组",
        "joined_on": datetime.date(2008, 6, 24),
        "regular_on": datetime.date(2009, 6, 24),
        "phone": "13941473104",
    }
    assert said(roster) == []


def test_blank_cells_give_nothing() -> None:
    roster = read(files.row(group="无", phone="—", joined="", regular=" "))
    assert {"group", "phone", "joined_on", "regular_on"}.isdisjoint(roster.people[0].values)


def test_all_problems_of_all_rows_come_at_once() -> None:
    roster = read(
        files.row(gender="x", phone="123", joined="去年"),
        files.row(number="10002", name="", id=2.3e17),
    )
    assert said(roster) == [
        (2, "性别", "性别无法识别", "ERROR"),
        (2, "入党日期", "日期无法识别", "ERROR"),
        (2, "联系电话", "联系电话格式不对", "ERROR"),
        (3, "公民身份号码", "身份证号是数字格式", "ERROR"),
        (3, "姓名", "姓名为空", "ERROR"),
    ]


def test_problem_names_row_column_value_and_cure() -> None:
    [problem] = read(files.row(gender="x")).problems
    assert problem.sentence() == "第 2 行“性别”，现为“x”：性别请填“男”或“女”。"


def test_personal_numbers_are_masked_in_problems() -> None:
    wrong = files.id_number()[:-1] + "1"
    roster = read(files.row(id=wrong, phone="139414731041"))
    assert [problem.value for problem in roster.problems] == ["232303********3581", "139*******41"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"gender": "男"}, [("性别", "性别与身份证号不一致", "ERROR")]),
        ({"regular": "2007-01-01"}, [("转正日期", "转正日期早于入党日期", "ERROR")]),
        ({"category": "预备党员"}, [("转正日期", "预备党员有转正日期", "ERROR")]),
        ({"joined": "2027-01-01", "regular": ""}, [("入党日期", "日期在将来", "ERROR")]),
        ({"joined": "1911-01-01"}, [("入党日期", "日期过早", "ERROR")]),
        ({"category": "预备党员", "regular": ""}, []),
    ],
)
def test_values_must_fit_each_other(cells: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert [(p.column, p.kind, p.severity.value) for p in read(files.row(**cells)).problems] == expected


BIRTH = ("工号", "姓名", "出生日期", "公民身份号码", "入党日期")


@pytest.mark.parametrize(
    ("born", "joined", "expected"),
    [
        ("1982-06-12", "2008-06-24", []),
        ("1981-06-12", "2008-06-24", [("出生日期", "出生日期与身份证号不一致", "WARNING")]),
        ("1982年6月", "2008-06-24", []),
        (
            "1982年7月",
            "2008-06-24",
            [("出生日期", "日期没有写到日", "WARNING"), ("出生日期", "出生日期与身份证号不一致", "WARNING")],
        ),
        ("1982-06-12", "2000-06-11", [("入党日期", "入党时未满 18 周岁", "WARNING")]),
        ("1982-06-12", "2000-06-12", []),
    ],
)
def test_birth_is_compared_with_the_id_number(born: str, joined: str, expected: list[tuple[str, str, str]]) -> None:
    roster = read(["1", "苏堃", born, files.id_number(), joined], heading=BIRTH)
    assert [(p.column, p.kind, p.severity.value) for p in roster.problems] == expected


def test_month_of_birth_takes_its_day_from_the_id_number() -> None:
    roster = read(["1", "苏堃", "1982.06", files.id_number(), ""], heading=BIRTH)
    assert roster.people[0].values["born_on"] == datetime.date(1982, 6, 12)


def test_mismatch_names_both_values() -> None:
    roster = read(["1", "苏堃", "1981-06-12", files.id_number(), ""], heading=BIRTH)
    assert roster.problems[0].say.startswith("出生日期是 1981-06-12，身份证号中是 1982-06-12。")


def test_same_number_twice_names_both_rows() -> None:
    other = files.id_number(order=360)
    roster = read(files.row(), files.row(name="何宇", id=other), files.row(number="10003"))
    assert [(p.row, p.kind, p.say[:9]) for p in roster.problems] == [
        (2, "工号重复", "与第 3 行的工号"),
        (2, "身份证号重复", "与第 4 行的公民"),
        (3, "工号重复", "与第 2 行的工号"),
        (4, "身份证号重复", "与第 2 行的公民"),
    ]


def test_same_names_are_two_people() -> None:
    roster = read(files.row(), files.row(number="10002", id=files.id_number(order=360)))
    assert (len(roster.people), said(roster)) == (2, [])


def test_blank_rows_footers_and_repeated_headings_are_skipped() -> None:
    roster = read(
        files.row(),
        [],
        ["", "　", None or ""],
        list(files.HEADING),
        files.row(number="10002", id=""),
        ["合计", "2 人"],
        ["党支部书记（签字）：", "", "", "填表人："],
        ["注：工号按人事系统填写"],
    )
    assert ([person.row for person in roster.people], roster.footers) == ([2, 6], [7, 8, 9])


def test_rows_with_a_running_number_only_are_blank() -> None:
    roster = read([1.0, "10001", "苏堃"], [2.0, "", ""], heading=("序号", "工号", "姓名"))
    assert [person.row for person in roster.people] == [2]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["党支部书记（签字）：", "", "填表人："], True),
        (["合计", 360.0], True),
        (["导出人：系统  导出时间：2026-11-20 10:00"], True),
        (["10001", "苏堃"], False),
        (["", "注册"], False),
        (["书记", "1", "2", "3", "4", "5"], False),
    ],
)
def test_is_footer(row: list[Any], expected: bool) -> None:
    assert is_footer(row) is expected


def test_missing_columns_are_told_once() -> None:
    found = recognise([Sheet("a", [["性别", "民族", "联系电话", "联系电话"], ["男", "汉", "", ""]])])
    assert list(file_problems(found)) == [
        "没有认出“姓名”列，请在“核对列”中指定。",
        "没有认出“工号”列，请在“核对列”中指定。没有工号的单位请在表中加一列“工号”，给每名党员编一个不重复的号码。",
        "D 列和 C 列的表头都是“联系电话”，请在“核对列”中选定一列，另一列选“不导入”。",
    ]


def test_problems_are_counted_by_cause_errors_first() -> None:
    rows = [files.row(number=str(n), id="", phone="1", category="") for n in range(3)]
    roster = read(*rows, files.row(number="9", id="", gender="x", joined="2008.6", regular=""))
    assert [(g.severity, g.column, g.kind, g.count, g.first_row) for g in grouped(roster.problems)] == [
        ("ERROR", "联系电话", "联系电话格式不对", 3, 2),
        ("ERROR", "性别", "性别无法识别", 1, 5),
        ("WARNING", "入党日期", "日期没有写到日", 1, 5),
    ]
