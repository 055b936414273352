"""A branch with months in it, and workbooks read back: for tests of what leaves as a sheet."""

import io

import openpyxl

from scoring.services import sheets
from scoring.services.drafts import Change
from scoring.services.grid import build_grid, save_cells
from scoring.services.months import check_month, close_month, month_of_unit, submit_month
from tests import factories
from tests.scoring import factories as scoring_factories

JULY, AUGUST, SEPTEMBER = 202607, 202608, 202609
# 四讲四有, 出色完成本职工作, 积极参加党建活动, 个人评优评先, 工作履职不认真, 纪律规矩不严明
TEXTS = {
    "苏堃": ("60", "3", "2次", "4", "", "-2"),
    "胡桂娟": ("60", "2.5", "", "", "-1", ""),
    "=1+1": ("58.25", "", "3", "", "", ""),
}


class Entered:
    """A branch of its own with three members and their months."""

    def __init__(self, cast, name="热控党支部"):
        self.cast, self.branch = cast, factories.branch(cast.committee, name)
        for number, person in enumerate(TEXTS, start=1):
            factories.member(self.branch, name=person, staff_number=f"{self.branch.pk}0{number}")
        scoring_factories.open_member_accounts()
        self.secretary = factories.official(self.branch, factories.Post.BRANCH_SECRETARY, cast.branch)
        self.deputy = factories.official(self.branch, factories.Post.BRANCH_DEPUTY, cast.branch)

    def enter(self, month, texts=TEXTS, remarks=()):
        row = month_of_unit(self.branch, month)
        grid = build_grid(row)
        changes = [
            Change(line.account, cell.column.item.pk, text, cell.version)
            for line in grid.rows
            for cell, text in zip(line.cells, texts.get(line.member.name, ()), strict=False)
            if text
        ]
        accounts = {line.member.name: line.account for line in grid.rows}
        changes += [Change(accounts[name], None, text, 0) for name, text in remarks]
        saved, _totals = save_cells(row, changes, by=self.secretary)
        assert [one for one in saved if one.refusal or one.conflict] == []
        return month_of_unit(self.branch, month)

    def submit(self, month, **options):
        submit_month(self.enter(month, **options), by=self.secretary)

    def close(self, month, **options):
        self.submit(month, **options)
        check_month(month_of_unit(self.branch, month), by=self.deputy)
        close_month(month_of_unit(self.branch, month), by=self.cast.committee_member)


def new_cast():
    people = factories.cast()
    scoring_factories.rule_set(people.committee)
    return people


def written(write, *arguments, **options):
    file = io.BytesIO()
    write(file, *arguments, **options)
    return openpyxl.load_workbook(file)


def rows_of(sheet, first, last=None):
    return [list(row) for row in sheet.iter_rows(min_row=first, max_row=last, values_only=True)]


def ledger(entered, month=SEPTEMBER, **options):
    return written(sheets.write_ledger, entered.branch, month, by=entered.secretary, **options)
