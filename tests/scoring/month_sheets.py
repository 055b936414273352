"""Month sheets made for tests, and a small branch to import them into."""

import io

import openpyxl

from scoring.services.month_sheet import read_month_sheet, write_changes
from tests import factories
from tests.scoring import factories as scoring_factories

SEPTEMBER = 202609
TITLE = ["检修部党支部党员积分登记表（2026年9月）"]
UPPER = ["序号", "姓名", "工号", "基础分", "加分", "", "", "减分", "", "备注"]
LOWER = [
    "",
    "",
    "",
    "四讲四有",
    "出色完成本职工作",
    "积极参加党建活动",
    "个人评优评先",
    "工作履职不认真",
    "纪律规矩不严明",
    "",
]
HEAD = ["姓名", "加-1"]
PERSON = ["苏堃", 3]
# What PERSON under HEAD comes to.
SU = ("苏堃", "出色完成本职工作", "3")


def book(*rows, name="Sheet1", merged=()):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = name
    for row in rows:
        sheet.append([None if cell == "" else cell for cell in row])
    for area in merged:
        sheet.merge_cells(area)
    return saved(workbook)


def saved(workbook):
    file = io.BytesIO()
    workbook.save(file)
    return file.getvalue()


def small_branch():
    """热控党支部 with 苏堃 10001 and 胡桂娟 10013; its secretary is kept at hand."""
    cast = factories.cast()
    scoring_factories.rule_set(cast.committee)
    home = factories.branch(cast.committee, "热控党支部")
    for number, name in [("10001", "苏堃"), ("10013", "胡桂娟")]:
        factories.member(home, name=name, staff_number=number)
    scoring_factories.open_member_accounts()
    home.secretary = cast.secretary
    return home


def read(branch, *rows, month=SEPTEMBER, **options):
    return read_month_sheet(branch, month, "积分表.xlsx", book(*rows, **options))


def taken(plan):
    """What would be written: (who, column, text)."""
    assert problems(plan) == []
    return [(change.who, change.column, change.new) for change in plan.changes]


def problems(plan):
    return [str(problem) for problem in plan.problems]


def write(branch, plan):
    return write_changes(branch, SEPTEMBER, plan.confirmed(), by=branch.secretary)
