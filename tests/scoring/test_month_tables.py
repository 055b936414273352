"""The month table, and the month sheet to fill in."""

import io
from decimal import Decimal

import openpyxl
import pytest

from members.errors import Refused
from scoring.models import Score
from scoring.services import sheets
from scoring.services.month_sheet import read_month_sheet
from tests import factories
from tests.scoring import factories as scoring_factories
from tests.scoring.entered import AUGUST, SEPTEMBER, Entered, new_cast, rows_of, written


@pytest.fixture
def cast(db):
    return new_cast()


@pytest.fixture
def entered(cast):
    return Entered(cast)


# --- 月度积分表 ------------------------------------------------------------------------------------
HEADINGS = [
    ["序号", "姓名", "工号", "基础分（60分）", "加分", None, None, "减分", None, "合计", "名次", "备注"],
    [
        None, None, None, "四讲四有", "出色完成本职工作", "积极参加党建活动", "个人评优评先", "工作履职不认真",
        "纪律规矩不严明", None, None, None,
    ],
]  # fmt: skip


def month_rows(entered, first=2, last=6):
    book = written(sheets.write_month_table, entered.branch, SEPTEMBER, by=entered.secretary)
    return rows_of(book.active, first, last)


def test_month_table_shows_every_item_total_and_rank_as_computed(entered):
    entered.submit(SEPTEMBER, remarks=[("苏堃", "讲党课")])
    number = entered.branch.pk
    assert month_rows(entered) == [
        *HEADINGS,
        [1, "=1+1", f"{number}03", 58.25, None, 3, None, None, None, 61.25, 3, None],
        [2, "胡桂娟", f"{number}02", 60, 2.5, None, None, -1, None, 61.5, 2, None],
        [3, "苏堃", f"{number}01", 60, 3, 2, 4, None, -2, 67, 1, "讲党课"],
    ]
    scores = dict(Score.objects.values_list("account__member__name", "rank_in_branch"))
    assert {row[1]: row[10] for row in month_rows(entered, 4)} == scores


def test_month_table_of_an_open_month_shows_the_drafts_without_rank(entered):
    entered.enter(SEPTEMBER)
    assert [row[9:11] for row in month_rows(entered, 4)] == [[61.25, None], [61.5, None], [67, None]]
    assert month_rows(entered, 7, 8)[1][0] == "本月尚未提交，表中是录入中的分值，不排名次。"
    table = sheets.month_table(entered.branch, SEPTEMBER)
    assert (table.state, [row[9] for row in table.rows]) == ("暂定（录入中）", [Decimal("61.25"), Decimal("61.5"), 67])


def test_month_table_is_what_a_cap_left_of_an_item(cast):
    entered = Entered(cast)
    # Its own examples speak of months.
    content = scoring_factories.preset_text("s3-short").split("示例:")[0]
    content = content.replace("周期: 月", "周期: 季").replace("每月上限: 3", "每季上限: 4")
    scoring_factories.rule_set(entered.branch, content)
    entered.submit(AUGUST)
    entered.submit(SEPTEMBER)
    # Quarter to date: 2 + 2 visits reach the cap of 4; 3 + 3 are cut to it.
    assert [row[5] for row in month_rows(entered, 4)] == [4, None, 4]
    assert month_rows(entered, 8, 8)[0][0] == "本办法按季计分，各项为本期截至当月的累计。"


def test_month_table_of_a_committee_holds_only_what_was_handed_in(entered):
    Entered(entered.cast, "化水党支部").enter(SEPTEMBER)
    entered.submit(SEPTEMBER)
    book = written(sheets.write_month_table, entered.cast.committee, SEPTEMBER, by=None)
    assert book.sheetnames == ["汇总", "热控党支部"]


def test_month_table_of_a_committee_where_nothing_was_handed_in_is_refused(cast):
    with pytest.raises(Refused, match="还没有积分。请先在“月度录入”提交该月"):
        written(sheets.write_month_table, cast.committee, SEPTEMBER, by=None)


# --- the month sheet to fill in ------------------------------------------------------------------
def template(entered, month=SEPTEMBER):
    file = io.BytesIO()
    sheets.write_template(file, entered.branch, month, by=entered.secretary)
    return file.getvalue()


def test_template_comes_back_as_it_went_out(entered):
    entered.enter(SEPTEMBER, remarks=[("苏堃", "讲党课")])
    plan = read_month_sheet(entered.branch, SEPTEMBER, "模板.xlsx", template(entered))
    assert (plan.problems, plan.changes, plan.people) == ([], [], 3)
    assert plan.unchanged == 11


def test_template_filled_in_is_taken(entered):
    book = openpyxl.load_workbook(io.BytesIO(template(entered)))
    sheet = book.active
    sheet["D4"], sheet["F4"], sheet["L4"] = 60, 2, "新"
    sheet["D5"], sheet["H6"] = "５９", -1
    file = io.BytesIO()
    book.save(file)
    plan = read_month_sheet(entered.branch, SEPTEMBER, "模板.xlsx", file.getvalue())
    assert [(change.who, change.column, change.new) for change in plan.changes] == [
        ("=1+1", "四讲四有", "60"),
        ("=1+1", "积极参加党建活动", "2次"),
        ("胡桂娟", "四讲四有", "59"),
        ("苏堃", "工作履职不认真", "-1"),
    ]


def test_template_holds_people_headings_with_hints_and_what_each_column_takes(entered):
    entered.enter(SEPTEMBER)
    sheet = openpyxl.load_workbook(io.BytesIO(template(entered))).active
    number = entered.branch.pk
    assert rows_of(sheet, 1, 5)[0][0] == "热控党支部党员积分登记表（2026年9月）"
    assert [sheet.cell(3, column).value for column in (4, 6, 8)] == [
        "四讲四有\n（0～60）",
        "积极参加党建活动\n（每次 1 分，月限 3）",
        "工作履职不认真\n（−5～0）",
    ]
    assert rows_of(sheet, 4, 6)[2] == [3, "苏堃", f"{number}01", 60, 3, 2, 4, None, -2, None]
    assert (sheet["B4"].data_type, sheet["C4"].data_type, sheet["F6"].number_format) == ("s", "s", 'General"次"')
    assert (sheet.protection.sheet, sheet["B4"].protection.locked, sheet["D4"].protection.locked) == (
        True,
        True,
        False,
    )
    taken = {str(v.sqref): (v.type, v.operator, v.formula1, v.formula2) for v in sheet.data_validations.dataValidation}
    assert taken == {
        "D4:D6": ("decimal", "between", "0", "60"),
        "E4:E6": ("decimal", "between", "0", "5"),
        "F4:F6": ("decimal", "greaterThanOrEqual", "0", None),
        "G4:G6": ("decimal", "between", "0", "10"),
        "H4:H6": ("decimal", "between", "-5", "5"),
        "I4:I6": ("decimal", "between", "-10", "10"),
        "J4:J6": ("textLength", "lessThanOrEqual", "200", None),
    }
    assert sheet.freeze_panes == "D4"


def test_template_of_every_kind_of_item_comes_back_unchanged(cast):
    entered = Entered(cast)
    scoring_factories.rule_set(entered.branch, scoring_factories.ALL_KINDS)
    entered.enter(SEPTEMBER, texts={"苏堃": ("50.5", "优秀", "", "2", "1.5小时", "3", "75", "-1")})
    plan = read_month_sheet(entered.branch, SEPTEMBER, "模板.xlsx", template(entered))
    assert ([str(problem) for problem in plan.problems], plan.changes, plan.unchanged) == ([], [], 7)
    sheet = openpyxl.load_workbook(io.BytesIO(template(entered))).active
    lists = [v.formula1 for v in sheet.data_validations.dataValidation if v.type == "list"]
    assert lists == ['"优秀,合格"']
    assert (sheet["F4"].protection.locked, sheet["F3"].value) == (True, "组织生活\n（自动计入）")


def test_template_of_a_branch_without_rules_is_refused(db):
    branch = factories.branch()
    with pytest.raises(Refused, match="没有生效的积分办法"):
        sheets.write_template(io.BytesIO(), branch, SEPTEMBER, by=factories.user())
