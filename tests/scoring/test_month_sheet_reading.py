"""The month sheet as units send it: what is recognised, what is refused, and with which sentences."""

import datetime
import re

import openpyxl
import pytest

from members.errors import Refused
from scoring.models import Month
from scoring.services.month_sheet import read_month_sheet
from tests import factories
from tests.scoring import factories as scoring_factories
from tests.scoring.month_sheets import (
    HEAD,
    LOWER,
    PERSON,
    SEPTEMBER,
    SU,
    TITLE,
    UPPER,
    problems,
    read,
    saved,
    small_branch,
    taken,
)


@pytest.fixture
def branch(db):
    return small_branch()


# --- what a sheet may look like ------------------------------------------------------------------
@pytest.mark.parametrize(
    "heading",
    [
        ["工号", "出色完成本职工作"],
        ["工号", "加-1"],
        ["工号", "加—１ 出色完成本职工作"],
        ["工号", "出色完成本职工作（0～5）"],
        ["工号", "出色完成本职工作\n(0-5分)"],
        ["工号", "出色完成本职工作 0～5分"],
        ["工号", "1.出色完成本职工作*"],
        ["员工编号：", "（一）出色完成\n本职工作"],
        ["职工号", "出色 完成 本职工作"],
    ],
)
def test_heading_is_recognised_by_name_clause_number_or_name_with_hint(branch, heading):
    assert taken(read(branch, heading, ["10001", 3])) == [SU]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([TITLE, UPPER, LOWER, [1, "苏堃", "10001", "", 3]], id="merged cells read as blanks"),
        pytest.param([["姓名", "加-1"], ["苏　堃", 3]], id="blank inside a name"),
        pytest.param([["工号", "加-1"], [10001, 3]], id="staff number as a figure"),
        pytest.param([["姓名", "加-1"], ["满分", 5], ["苏堃", 3], ["合计", 3]], id="row of full marks, row of sums"),
        pytest.param([["序号", "姓名", "加-1"], [1, "苏堃", 3], [2, "", ""], [3, "", ""]], id="numbered blank rows"),
        pytest.param(
            [["姓名", "加-1"], ["苏堃", 3], ["姓名", "加-1"], ["填表人：王建国", ""], ["说明：每月一张", ""]],
            id="heading on the next page, notes",
        ),
        pytest.param([["单位：热控党支部", "2026年9月"], [], ["姓名", "加-1"], ["苏堃", 3]], id="title in two cells"),
        pytest.param([["热控党支部二〇二六年九月积分表"], ["姓名", "加-1"], ["苏堃", 3]], id="month in words"),
        pytest.param([["填表日期：2026年10月3日"], ["姓名", "加-1"], ["苏堃", 3]], id="a day is no month"),
        pytest.param(
            [["党员", "党员", "加分"], ["姓名", "工号", "加-1"], ["苏堃", "10001", 3]], id="name below a group"
        ),
    ],
)
def test_sheet_is_read_in_the_shapes_units_send(branch, rows):
    if rows[0] is TITLE:
        rows = [["热控党支部党员积分登记表（2026年9月）"], *rows[1:]]
    assert taken(read(branch, *rows)) == [SU]


@pytest.mark.parametrize(
    ("typed", "text"),
    [(3, "3"), ("３", "3"), (" 3分 ", "3"), (2.5, "2.5"), ("2.50", "2.5"), (0.1 + 0.2, "0.3"), (3.0, "3"), (0, "0")],
)
def test_figures_are_taken_as_typed(branch, typed, text):
    assert taken(read(branch, ["姓名", "加-1"], ["苏堃", typed])) == [("苏堃", "出色完成本职工作", text)]


@pytest.mark.parametrize(
    ("column", "typed", "text"),
    [
        ("加-2", "2次", "2次"),
        ("加-2", 2, "2次"),
        ("加-2", "２ 次", "2次"),
        ("减-1", "−2", "-2"),
        ("减-1", 2, "-2"),
        ("减-1", -2, "-2"),
    ],
)
def test_counters_and_signs_are_taken_as_in_the_grid(branch, column, typed, text):
    assert [change.new for change in read(branch, ["姓名", column], ["苏堃", typed]).changes] == [text]


@pytest.mark.parametrize("blank", ["", "—", "——", "/", "无", "-", "  "])
def test_signs_for_nothing_are_blanks(branch, blank):
    plan = read(branch, ["姓名", "加-1", "减-1", "备注"], ["苏堃", blank, blank, blank], ["胡桂娟", 1])
    assert taken(plan) == [("胡桂娟", "出色完成本职工作", "1")]


def test_csv_in_gb18030_is_read_like_a_workbook(branch):
    lines = [
        ",".join(map(str, row))
        for row in (["热控党支部（2026年9月）"], UPPER, LOWER, [1, "苏堃", "10001", 60, 3, "2次"])
    ]
    plan = read_month_sheet(branch, SEPTEMBER, "表.csv", "\r\n".join(lines).encode("gb18030"))
    assert taken(plan) == [("苏堃", "四讲四有", "60"), SU, ("苏堃", "积极参加党建活动", "2次")]


def test_columns_that_are_not_taken_are_named_with_the_reason(branch):
    plan = read(
        branch, ["序号", "姓名", "党小组", "加-1", "学习强国", "合计", "名次"], [1, "苏堃", "一组", 3, 40, 43, 1]
    )
    assert taken(plan) == [SU]
    assert [(column.letter, column.heading, reason) for column, reason in plan.left_aside] == [
        ("C", "党小组", "党员信息以花名册为准"),
        ("E", "学习强国", "不是本月积分办法的条款，请核对列名"),
        ("F", "合计", "合计和名次由系统计算"),
        ("G", "名次", "合计和名次由系统计算"),
    ]
    assert plan.untouched == [
        "基-1 四讲四有",
        "加-2 积极参加党建活动",
        "加-3 个人评优评先",
        "减-1 工作履职不认真",
        "减-2 纪律规矩不严明",
    ]
    assert plan.absent == ["胡桂娟"]


def test_name_spread_over_two_columns_is_no_note(branch):
    rows = [["序号", "姓名", "", "加-1"], [1, "苏堃", "", 3]]
    assert taken(read(branch, *rows, merged=["B1:C1", "B2:C2"])) == [SU]


def test_merged_line_below_is_no_person(branch):
    rows = [["序号", "姓名", "加-1"], [1, "苏堃", 3], ["本表经支委会审议", "", ""]]
    assert taken(read(branch, *rows, merged=["A3:C3"])) == [SU]


def test_same_names_are_told_apart_by_staff_number(branch):
    for number in ("20001", "20002"):
        factories.member(branch, name="张伟", staff_number=number)
    scoring_factories.open_member_accounts()
    plan = read(branch, ["姓名", "工号", "加-1"], ["张伟", "20002", 3])
    assert [(change.who, change.account) for change in plan.changes] == [
        ("张伟", scoring_factories.Account.objects.get(member__staff_number="20002").pk)
    ]


def test_leading_zeros_dropped_by_the_spreadsheet_are_found_again(branch):
    factories.member(branch, name="方远", staff_number="000420")
    scoring_factories.open_member_accounts()
    assert taken(read(branch, ["工号", "加-1"], [420, 3])) == [("方远", "出色完成本职工作", "3")]


def test_section_above_decides_between_items_of_the_same_name(branch):
    content = (
        scoring_factories.preset_text("s3-short").replace("个人评优评先", "其他").replace("纪律规矩不严明", "其他")
    )
    scoring_factories.rule_set(branch, content)
    plan = read(branch, ["姓名", "加分", "减分"], ["", "其他", "其他"], ["苏堃", 4, 2])
    assert [change.new for change in plan.changes] == ["4", "-2"]


def test_workbook_with_a_sheet_per_month_gives_the_one_asked_for(branch):
    workbook = openpyxl.Workbook()
    for month, points in [(8, 1), (9, 3)]:
        sheet = workbook.create_sheet(f"{month}月")
        sheet.append(["姓名", "加-1"])
        sheet.append(["苏堃", points])
    assert taken(read_month_sheet(branch, SEPTEMBER, "全年.xlsx", saved(workbook))) == [SU]


# --- what is refused as a whole ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [["热控党支部党员积分登记表（2026年7月）"], HEAD, PERSON],
            "表中写的是 2026 年 7 月，而现在录入的是 2026 年 9 月。请换成当月的表，或到那个月份去导入。",
        ),
        (
            [["7月份积分表"], HEAD, PERSON],
            "表中写的是 7 月，而现在录入的是 2026 年 9 月。请换成当月的表，或到那个月份去导入。",
        ),
        (
            [["检修部党支部党员积分登记表（2026年9月）"], HEAD, PERSON],
            "表中写的是“检修部党支部”，而现在录入的是“热控党支部”。请换成本支部的表，或到那个支部去导入。",
        ),
        (
            [["中共某某公司热控二党支部（2026年9月）"], HEAD, PERSON],
            "表中写的是“中共某某公司热控二党支部”，而现在录入的是“热控党支部”。请换成本支部的表，或到那个支部去导入。",
        ),
        (
            [["张三", 60], ["李四", 60]],
            "没有找到表头。请用一行写明“姓名”或“工号”，并按积分办法写明各条款的名称，"
            "例如：四讲四有、出色完成本职工作、积极参加党建活动；也可以下载本月模板填写后上传。",
        ),
        ([HEAD], "表头以下没有任何党员的行，请检查是否选错了文件或工作表。"),
    ],
)
def test_file_that_is_not_this_month_of_this_branch_is_refused(branch, rows, sentence):
    with pytest.raises(Refused, match="^" + re.escape(sentence) + "$"):
        read(branch, *rows)


def test_two_sheets_that_both_fit_are_refused(branch):
    workbook = openpyxl.Workbook()
    for sheet in (workbook.active, workbook.create_sheet("Sheet2")):
        sheet.append(HEAD)
        sheet.append(PERSON)
    with pytest.raises(Refused, match="有 2 张工作表都像.*“Sheet”、“Sheet2”。请只保留要导入的一张"):
        read_month_sheet(branch, SEPTEMBER, "表.xlsx", saved(workbook))


@pytest.mark.parametrize(
    ("month", "sentence"),
    [(202713, "不是月份"), (209901, "还没有开始，不能录入"), (202512, "没有生效的积分办法")],
)
def test_month_that_cannot_be_entered_is_refused(branch, month, sentence):
    with pytest.raises(Refused, match=sentence):
        read(branch, HEAD, PERSON, month=month)


def test_month_already_submitted_is_refused(branch):
    Month.objects.create(unit=branch, month=SEPTEMBER, state=Month.State.SUBMITTED)
    with pytest.raises(Refused, match="已提交（待审核）"):
        read(branch, HEAD, PERSON)


def test_what_is_no_table_is_refused(branch):
    with pytest.raises(Refused, match="文件是空的"):
        read_month_sheet(branch, SEPTEMBER, "表.xlsx", b"")


# --- problems of rows and cells, all at once -----------------------------------------------------
NOT_A_FIGURE = "不是规定的写法，请填数字，最多两位小数，例如 3 或 2.5。"


def test_every_problem_is_said_at_once_with_row_and_column(branch):
    for number in ("20001", "20002"):
        factories.member(branch, name="张伟", staff_number=number)
    factories.member(factories.branch(branch.parent), name="外人", staff_number="30001")
    scoring_factories.open_member_accounts()
    plan = read(
        branch,
        ["姓名", "工号", "四讲四有", "加-1", "加-2", "减-1", "备注"],
        ["苏堃", "10001", 61, 6, "4次", -6, "字" * 201],
        ["胡桂娟", "10013", "六十", "1_000", "1.5.2", "1e2", ""],
        ["外人", "30001", 60],
        ["苏坤", "10001", 60],
        ["苏堃", "10001", 60],
        ["张伟", "", 60],
        ["何人", "", 60],
        ["", "", 60],
        ["张伟", "20001", datetime.date(2026, 3, 2), True, "-1", "3.333"],
    )
    assert problems(plan) == [
        "第 2 行 C 列“四讲四有”：苏堃：基-1 四讲四有：须在 0 到 60 分之间。",
        "第 2 行 D 列“加-1”：苏堃：加-1 出色完成本职工作：须在 0 到 5 分之间。",
        "第 2 行 E 列“加-2”：苏堃：加-2 积极参加党建活动 每月最多 3 分。",
        "第 2 行 F 列“减-1”：苏堃：减-1 工作履职不认真：须在 −5 到 0 分之间。",
        "第 2 行 G 列“备注”：苏堃：备注有 201 个字，最多 200 个，请缩短。",
        "第 3 行 C 列“四讲四有”：胡桂娟：基-1 四讲四有：“六十”" + NOT_A_FIGURE,
        "第 3 行 D 列“加-1”：胡桂娟：加-1 出色完成本职工作：“1_000”" + NOT_A_FIGURE,
        "第 3 行 E 列“加-2”：胡桂娟：加-2 积极参加党建活动：“1.5.2”" + NOT_A_FIGURE,
        "第 3 行 F 列“减-1”：胡桂娟：减-1 工作履职不认真：“1e2”" + NOT_A_FIGURE,
        "第 4 行 B 列：工号“30001”不在热控党支部 2026 年 9 月的积分名单中，请核对工号；"
        "已调出或本月不列入积分的党员，请删去这一行。",
        "第 5 行 B 列：工号“10001”是苏堃，表中写的是“苏坤”，请核对工号和姓名，改正其中一个。",
        "第 6 行 B 列：苏堃在第 2 行已经出现过，请合并成一行。",
        "第 7 行 B 列：有 2 名党员叫“张伟”（工号 20001、20002），请在“工号”列写明是哪一位。",
        "第 8 行 B 列：“何人”不在热控党支部 2026 年 9 月的积分名单中，请核对姓名；"
        "已调出或本月不列入积分的党员，请删去这一行。",
        "第 9 行 B 列：这一行填了分，但没有姓名和工号，请补上；不是党员的行请删去。",
        "第 10 行 C 列“四讲四有”：张伟：单元格被表格软件变成了日期，请把格式改为“常规”后重填，例如 3。",
        "第 10 行 D 列“加-1”：张伟：单元格里是逻辑值，请改填数字，例如 3。",
        "第 10 行 E 列“加-2”：张伟：加-2 积极参加党建活动：数量不能为负。",
        "第 10 行 F 列“减-1”：张伟：减-1 工作履职不认真：“3.333”" + NOT_A_FIGURE,
    ]


def test_headings_that_say_two_things_or_one_thing_twice_are_named(branch):
    content = (
        scoring_factories.preset_text("s3-short").replace("个人评优评先", "其他").replace("纪律规矩不严明", "其他")
    )
    scoring_factories.rule_set(branch, content)
    plan = read(branch, ["姓名", "其他", "加-1", "出色完成本职工作"], ["苏堃", 1, 2, 3])
    assert problems(plan) == [
        "第 1 行 B 列“其他”：“其他”可能是：加-3 其他、减-2 其他。请在列名中写上条款号。",
        "第 1 行 D 列“出色完成本职工作”：与 C 列是同一条款“出色完成本职工作”，请只保留一列。",
    ]


def test_items_fed_by_other_records_are_left_aside(branch):
    scoring_factories.rule_set(branch, scoring_factories.ALL_KINDS)
    plan = read(branch, ["姓名", "组织生活", "等次"], ["苏堃", 3, "优秀"])
    assert taken(plan) == [("苏堃", "等次", "优秀")]
    assert [(column.heading, reason) for column, reason in plan.left_aside] == [("组织生活", "由其他记录自动计入")]


def test_level_that_is_not_in_the_table_names_those_that_are(branch):
    scoring_factories.rule_set(branch, scoring_factories.ALL_KINDS)
    assert problems(read(branch, ["姓名", "等次"], ["苏堃", "良好"])) == [
        "第 2 行 B 列“等次”：苏堃：基-2 等次：“良好”不是规定的等级，可填：优秀、合格。"
    ]
