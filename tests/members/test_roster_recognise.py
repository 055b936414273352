"""Headings: found below titles, read by meaning, corrected by hand."""

import pytest

from members.errors import Refused
from members.roster.fields import FIELDS
from members.roster.recognise import recognise, rosters
from members.tabular import Sheet, read_table
from tests.members import roster_files as files

PERSON = ["10001", "苏堃", "女"]


def fields_of(*rows: list[object], **corrections: str) -> dict[str, str]:
    """Column letter -> field of what is imported."""
    found = recognise([Sheet("花名册", [list(row) for row in rows])], corrections or None)
    return {column.letter: column.field for column in found.columns if column.field}


def test_clean_sample_is_recognised_whole() -> None:
    found = recognise(read_table("a", files.sample(files.CLEAN)))
    assert [column.field for column in found.columns] == [
        *("", "staff_number", "name", "gender", "ethnicity", "id_number", "born_on", "education", "category"),
        *("branch", "group", "joined_on", "regular_on", "job", "phone", "is_floating", "is_missing", "remark"),
    ]
    assert (found.heading_row, found.first_row) == (2, 3)


def test_messy_sample_is_recognised_whole() -> None:
    found = recognise(read_table("a", files.sample(files.MESSY)))
    assert [column.field for column in found.columns] == [
        *("", "name", "staff_number", "gender", "id_number", "ethnicity", "education", "born_on"),
        *("joined_on", "regular_on", "category", "branch", "group", "job", "phone", "remark"),
    ]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("身份证号\n（18位）", "id_number"),
        ("入党时间\n(yyyy-MM-dd)", "joined_on"),
        ("＊姓 名：", "name"),
        ("员工编号", "staff_number"),
        ("所属党组织", "branch"),
        ("组织关系所在支部", "branch"),
        ("本人身份证号码", "id_number"),
        ("何时转正", "regular_on"),
        ("手机", "phone"),
        ("是否流动党员", "is_floating"),
        ("序号", ""),
        ("年龄", ""),
        ("家庭住址", ""),
    ],
)
def test_heading_is_read_by_meaning(heading: str, field: str) -> None:
    assert fields_of(["民族", "学历", heading], ["汉", "大学", "x"]).get("C", "") == field


def test_every_usual_heading_names_one_field() -> None:
    headings = [heading for field in FIELDS for heading in field.headings]
    assert len(headings) == len(set(headings))


def test_title_rows_above_are_skipped() -> None:
    title = ["检修部党支部党员花名册"] * 3
    found = recognise([Sheet("a", [title, [], ["填报单位：党委"], ["工号", "姓名", "性别"], PERSON])])
    assert (found.heading_row, found.first_row, [c.heading for c in found.columns]) == (3, 4, ["工号", "姓名", "性别"])


def test_heading_of_two_rows_is_read_together() -> None:
    upper = ["工号", "姓名", "入党", "入党", "联系方式", "联系方式"]
    lower = ["工号", "姓名", "日期", "介绍人", "手机", "邮箱"]
    person = ["1", "苏堃", "2008-06-24", "某某", "13941473104", "x"]
    found = recognise([Sheet("a", [upper, lower, person])])
    assert {c.letter: c.field for c in found.columns if c.field} == {
        "A": "staff_number",
        "B": "name",
        "C": "joined_on",
        "E": "phone",
    }
    assert found.first_row == 2


def test_first_person_is_no_second_heading() -> None:
    found = recognise([Sheet("a", [["工号", "姓名", "状态"], ["7", "苏堃", "退休"], ["8", "何宇", "退休"]])])
    assert found.first_row == 1


def test_unknown_columns_are_kept_apart() -> None:
    found = recognise([Sheet("a", [["工号", "姓名", "家庭住址"], PERSON])])
    assert [(c.heading, c.field) for c in found.columns] == [
        ("工号", "staff_number"),
        ("姓名", "name"),
        ("家庭住址", ""),
    ]


def test_exact_heading_beats_a_likely_one() -> None:
    rows = [["工号", "姓名", "原手机", "联系电话"], ["1", "苏堃", "x", "y"]]
    assert fields_of(*rows) == {"A": "staff_number", "B": "name", "D": "phone"}


def test_same_heading_twice_names_the_rival() -> None:
    found = recognise([Sheet("a", [["工号", "姓名", "联系电话", "联系电话"], ["1", "苏堃", "x", "y"]])])
    assert [(c.letter, c.field, c.rival) for c in found.columns][2:] == [("C", "phone", ""), ("D", "", "C")]


def test_corrections_replace_what_was_recognised() -> None:
    rows = [["工号", "姓名", "甲", "备注"], ["1", "苏堃", "x", "y"]]
    sheet = Sheet("a", [list(row) for row in rows])
    found = recognise([sheet], {"0": "staff_number", "1": "name", "2": "job", "3": ""})
    assert [c.field for c in found.columns] == ["staff_number", "name", "job", ""]


def test_corrections_refuse_one_field_twice() -> None:
    sheet = Sheet("a", [["工号", "姓名", "甲"], ["1", "苏堃", "x"]])
    with pytest.raises(Refused, match="B、C 列都选成了“姓名”，请只留一列。"):
        recognise([sheet], {"0": "staff_number", "1": "name", "2": "name"})


def test_corrections_refuse_a_field_that_does_not_exist() -> None:
    sheet = Sheet("a", [["工号", "姓名"], ["1", "苏堃"]])
    with pytest.raises(Refused, match="列的选择有误"):
        recognise([sheet], {"0": "staff_number", "1": "pinyin"})


def test_best_sheet_is_taken_and_the_others_are_told() -> None:
    codes = Sheet("代码", [["民族", "代码"], ["汉族", "01"]])
    first = Sheet("检修部", [["工号", "姓名"], ["1", "苏堃"]])
    second = Sheet("运行部", [["工号", "姓名", "性别"], PERSON])
    assert recognise([codes, first, second]).sheet.name == "运行部"
    assert recognise([codes, first, second], sheet="检修部").sheet.name == "检修部"
    assert rosters([codes, first, second]) == ["检修部", "运行部"]


@pytest.mark.parametrize("rows", [[["甲", "乙"], ["1", "2"]], [["党员花名册"]], [[]]])
def test_sheet_without_heading_is_refused_with_the_cure(rows: list[list[str]]) -> None:
    with pytest.raises(Refused, match="没有找到花名册的表头。请在前 40 行内用一行写明各列名称"):
        recognise([Sheet("a", rows)])
