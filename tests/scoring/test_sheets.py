"""What leaves as a sheet: ledger, month table, template. Every figure is re-read from the file."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pypdf import PdfReader

from members import pdf
from members.errors import Refused
from members.models import AuditEvent
from scoring.models import Account, LedgerEntry, RuleSet, Score, Veto
from scoring.services import sheets
from scoring.services.drafts import Change
from scoring.services.grid import build_grid, save_cells
from scoring.services.month_sheet import read_month_sheet
from scoring.services.months import check_month, close_month, month_of_unit, submit_month
from scoring.services.scores import compute_units
from scoring.services.seals import latest_seal
from scoring.sheets.workbook import SheetNames
from tests import factories
from tests.scoring import factories as scoring_factories

JULY, AUGUST, SEPTEMBER = 202607, 202608, 202609
# 四讲四有, 出色完成本职工作, 积极参加党建活动, 个人评优评先, 工作履职不认真, 纪律规矩不严明
TEXTS = {
    "苏堃": ("60", "3", "2次", "4", "", "-2"),
    "胡桂娟": ("60", "2.5", "", "", "-1", ""),
    "=1+1": ("58.25", "", "3", "", "", ""),
}


@pytest.fixture
def cast(db):
    people = factories.cast()
    scoring_factories.rule_set(people.committee)
    return people


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


@pytest.fixture
def entered(cast):
    return Entered(cast)


def written(write, *arguments, **options):
    file = io.BytesIO()
    write(file, *arguments, **options)
    return openpyxl.load_workbook(file)


def rows_of(sheet, first, last=None):
    return [list(row) for row in sheet.iter_rows(min_row=first, max_row=last, values_only=True)]


def ledger(entered, month=SEPTEMBER, **options):
    return written(sheets.write_ledger, entered.branch, month, by=entered.secretary, **options)


# --- 台账 ----------------------------------------------------------------------------------------
def test_ledger_shows_every_score_exactly(entered):
    entered.submit(SEPTEMBER, remarks=[("苏堃", "讲党课")])
    sheet = ledger(entered).active
    assert rows_of(sheet, 1, 5) == [
        ["热控党支部党员积分台账(2026年9月)", None, None, None, None, None, None, None],
        ["序号", "党员姓名", "总分", "基础分（60分）", "加分项", "扣分项", "有无一票否决", "备注"],
        [1, "=1+1", 61.25, 58.25, 3, 0, "无", None],
        [2, "胡桂娟", 61.5, 60, 2.5, -1, "无", None],
        [3, "苏堃", 67, 60, 9, -2, "无", "讲党课"],
    ]
    scores = {
        score.account.member.name: (score.total, *(Decimal(section) / 10_000 for section in score.sections))
        for score in Score.objects.select_related("account__member")
    }
    shown = {row[1]: tuple(Decimal(str(row[i])) for i in (2, 3, 4, 5)) for row in rows_of(sheet, 3, 5)}
    assert shown == scores


def test_ledger_keeps_text_as_text_and_figures_as_figures(entered):
    entered.submit(SEPTEMBER, remarks=[("苏堃", "=HYPERLINK(1)"), ("胡桂娟", "#N/A")])
    sheet = ledger(entered).active
    assert [(sheet.cell(row, 2).data_type, sheet.cell(row, 8).data_type) for row in (3, 4, 5)] == [
        ("s", "n"),
        ("s", "s"),
        ("s", "s"),
    ]
    assert [sheet.cell(row, 8).value for row in (4, 5)] == ["#N/A", "=HYPERLINK(1)"]
    assert [sheet.cell(row, 3).data_type for row in (3, 4, 5)] == ["n", "n", "n"]
    # As many decimals as the column needs.
    assert [sheet.cell(3, column).number_format for column in (3, 4, 5, 6)] == [
        '0.00;"−"0.00;0.00',
        '0.00;"−"0.00;0.00',
        '0.0;"−"0.0;0.0',
        '0;"−"0;0',
    ]


def test_ledger_is_ready_to_print(entered):
    entered.submit(SEPTEMBER)
    sheet = ledger(entered).active
    setup = sheet.page_setup
    assert (setup.orientation, setup.paperSize, setup.fitToWidth, setup.fitToHeight) == ("landscape", 9, 1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.print_title_rows, sheet.freeze_panes) == ("$1:$2", "C3")
    assert "A1:H1" in [str(area) for area in sheet.merged_cells.ranges]


def test_ledger_of_an_open_count_is_provisional_and_says_who_and_when(entered):
    entered.submit(SEPTEMBER)
    sheet = ledger(entered).active
    assert sheet.cell(6, 1).value == "积分办法：党员积分登记表（简表） v1    状态：暂定（待审核）"
    assert sheet.cell(7, 1).value.startswith(f"导出人：{entered.secretary}  导出时间：20")
    assert sheet.cell(8, 1).value.startswith("支部书记（签字）：")
    assert sheet.oddFooter.left.text.startswith("导出人：")


def test_ledger_of_a_closed_month_carries_its_seal(entered):
    entered.close(SEPTEMBER)
    seal = latest_seal(entered.branch.pk, SEPTEMBER).short
    assert ledger(entered).active.cell(6, 1).value == (
        f"积分办法：党员积分登记表（简表） v1    状态：已结账    封签：{seal}"
    )


def test_ledger_shows_vetoes_and_names_adjustments(entered):
    entered.submit(SEPTEMBER)
    account = Account.objects.get(member__name="苏堃")
    Veto.objects.create(
        account=account, level="SEVERE", effect="ZERO", ground="违纪", reason="违纪", from_month=SEPTEMBER,
        decided_on="2026-09-20", by=entered.secretary,
    )  # fmt: skip
    LedgerEntry.objects.create(
        account=Account.objects.get(member__name="胡桂娟"), unit=entered.branch, rule_set=RuleSet.objects.get(),
        happened_on="2026-09-30", month=SEPTEMBER, points=Decimal("-1.5"), source="ADJUSTMENT", corrects_month=AUGUST,
        filed_by=entered.secretary, filed_at="2026-09-30T00:00:00Z",
    )  # fmt: skip
    compute_units([entered.branch.pk], SEPTEMBER)
    assert [row[1:3] + row[6:] for row in rows_of(ledger(entered).active, 4, 5)] == [
        ["胡桂娟", 60, "无", "调整 −1.5（更正 2026 年 8 月）"],
        ["苏堃", 0, "有", None],
    ]


def test_ledger_without_scores_is_refused_with_what_to_do(entered):
    with pytest.raises(Refused, match="^热控党支部 2026年9月还没有积分。请先在“月度录入”提交该月"):
        ledger(entered)


def test_ledger_of_a_quarter_shows_the_months_side_by_side_and_their_sum(entered):
    entered.close(JULY, remarks=[("苏堃", "抢修")])
    entered.submit(AUGUST, texts={"苏堃": ("60", "1"), "胡桂娟": ("60",)}, remarks=[("苏堃", "讲党课")])
    sheet = ledger(entered, AUGUST, period="quarter").active
    assert rows_of(sheet, 1, 5) == [
        ["热控党支部党员积分台账(2026年第三季度)", *[None] * 10],
        [
            "序号", "党员姓名", "7月", "8月", "9月", "季度合计", "基础分（每月60分）", "加分项", "扣分项",
            "有无一票否决", "备注",
        ],
        [1, "=1+1", 61.25, 0, None, 61.25, 58.25, 3, 0, "无", None],
        [2, "胡桂娟", 61.5, 60, None, 121.5, 120, 2.5, -1, "无", None],
        [3, "苏堃", 67, 61, None, 128, 120, 10, -2, "无", "7 月：抢修；8 月：讲党课"],
    ]  # fmt: skip
    seal = latest_seal(entered.branch.pk, JULY).short
    assert sheet.cell(6, 1).value == (
        f"积分办法：党员积分登记表（简表） v1    状态：暂定（待审核、录入中）    封签：7 月：{seal}"
    )
    assert sheet.cell(7, 1).value == "季度合计为各月总分之和，各板块、加分项、扣分项为各月之和。"


def test_ledger_of_a_quarter_leaves_months_elsewhere_to_the_other_branch(entered):
    entered.submit(JULY)
    entered.submit(AUGUST, texts={})
    Score.objects.filter(month=AUGUST, account__member__name="苏堃").delete()
    rows = rows_of(ledger(entered, JULY, period="quarter").active, 5, 5)
    assert rows == [[3, "苏堃", 67, None, None, 67, 60, 9, -2, "无", "在本支部计 1 个月"]]


def test_quarter_of_a_rule_set_that_runs_to_date_takes_the_last_month(cast):
    entered = Entered(cast)
    content = scoring_factories.preset_text("s3-short").replace("周期: 月", "周期: 季")
    scoring_factories.rule_set(entered.branch, content)
    entered.submit(JULY)
    entered.submit(AUGUST)
    sheet = ledger(entered, AUGUST, period="quarter").active
    assert rows_of(sheet, 2, 5)[0][2:7] == ["至7月", "至8月", "至9月", "总分", "基础分（60分）"]
    assert rows_of(sheet, 5, 5) == [[3, "苏堃", 67, 130, None, 130, 120, 14, -4, "无", None]]
    assert sheet.cell(7, 1).value == "总分为本季度截至当月的累计积分。"


# --- committees ----------------------------------------------------------------------------------
def test_ledger_of_a_committee_has_a_sheet_per_branch_and_says_who_is_missing(entered):
    other = Entered(entered.cast, "化水党支部")
    entered.close(SEPTEMBER)
    other.submit(SEPTEMBER)
    book = written(sheets.write_ledger, entered.cast.committee, SEPTEMBER, by=None)
    assert book.sheetnames == ["汇总", "热控党支部", "化水党支部"]
    seal = latest_seal(entered.branch.pk, SEPTEMBER).short
    assert rows_of(book["汇总"], 1, 7) == [
        ["华东能源集团有限公司党委党员积分台账(2026年9月)", None, None, None, None],
        ["序号", "党支部", "人数", "状态", "封签"],
        [1, "机关党支部", 0, "暂定（录入中）", None],
        [2, "检修部党支部", 0, "暂定（录入中）", None],
        [3, "运行部党支部", 0, "暂定（录入中）", None],
        [4, "热控党支部", 3, "已结账", seal],
        [5, "化水党支部", 3, "暂定（待审核）", None],
    ]
    assert rows_of(book["汇总"], 8, 8)[0][0].startswith("导出人：系统")
    assert [book[name].cell(1, 1).value for name in book.sheetnames[1:]] == [
        "热控党支部党员积分台账(2026年9月)",
        "化水党支部党员积分台账(2026年9月)",
    ]


def test_exports_ask_the_same_number_of_queries_for_more_branches_and_members(entered, queries):
    def asked(write):
        with queries() as found:
            written(write, entered.cast.committee, SEPTEMBER, by=None)
        return len(found)

    entered.submit(SEPTEMBER)
    one = asked(sheets.write_ledger), asked(sheets.write_month_table)
    for name in ("化水党支部", "燃料党支部"):
        Entered(entered.cast, name).submit(SEPTEMBER)
    assert (asked(sheets.write_ledger), asked(sheets.write_month_table)) == one
    assert max(one) <= 20


def test_more_rows_than_a_formatted_book_holds_become_one_long_table(entered, monkeypatch):
    monkeypatch.setattr(sheets, "BIG_ROWS", 3)
    other = Entered(entered.cast, "化水党支部")
    scoring_factories.rule_set(other.branch, scoring_factories.ALL_KINDS)
    entered.submit(SEPTEMBER)
    other.submit(SEPTEMBER, texts={"苏堃": ("50", "优秀")})
    sheet = written(sheets.write_ledger, entered.cast.committee, SEPTEMBER, by=None).active
    head = ["党支部", "党员姓名", "总分", "基础分（60分）", "加分项", "扣分项", "有无一票否决", "备注", "状态"]
    assert rows_of(sheet, 2, 8) == [
        head,
        ["热控党支部", "=1+1", 61.25, 58.25, 3, 0, "无", None, "暂定（待审核）"],
        ["热控党支部", "胡桂娟", 61.5, 60, 2.5, -1, "无", None, "暂定（待审核）"],
        ["热控党支部", "苏堃", 67, 60, 9, -2, "无", None, "暂定（待审核）"],
        ["化水党支部", "=1+1", 0, 0, 0, 0, "无", None, "暂定（待审核）"],
        ["化水党支部", "胡桂娟", 0, 0, 0, 0, "无", None, "暂定（待审核）"],
        ["化水党支部", "苏堃", 70, 70, 0, 0, "无", None, "暂定（待审核）"],
    ]
    assert sheet.cell(3, 2).data_type == "s"
    assert sheet.cell(9, 1).value.startswith("导出人：系统")
    table = written(sheets.write_month_table, entered.cast.committee, SEPTEMBER, by=None).active
    assert [row[:2] + row[-5:] for row in rows_of(table, 5, 8)] == [
        ["热控党支部", "苏堃", None, 67, 1, None, "暂定（待审核）"],
        ["化水党支部", "=1+1", None, 0, 2, None, "暂定（待审核）"],
        ["化水党支部", "胡桂娟", None, 0, 2, None, "暂定（待审核）"],
        ["化水党支部", "苏堃", None, 70, 1, None, "暂定（待审核）"],
    ]


@pytest.mark.parametrize(
    ("wishes", "names"),
    [
        (["检修部党支部", "检修部党支部"], ["检修部党支部", "检修部党支部(2)"]),
        (["a/b[1]:*?\\", "'引号'"], ["a b 1", "引号"]),
        (["长" * 40, "长" * 40], ["长" * 31, "长" * 28 + "(2)"]),
        (["", "A", "a"], ["表", "A", "a(2)"]),
    ],
)
def test_sheet_names_are_such_as_a_workbook_accepts(wishes, names):
    taken = SheetNames()
    assert [taken.free(wish) for wish in wishes] == names


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
    content = (
        scoring_factories.preset_text("s3-short").replace("周期: 月", "周期: 季").replace("每月上限: 3", "每季上限: 4")
    )
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


# --- the log -------------------------------------------------------------------------------------
def test_every_export_leaves_a_line(entered):
    entered.submit(SEPTEMBER)
    ledger(entered)
    month_rows(entered)
    template(entered)
    sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)
    lines = AuditEvent.objects.filter(action__startswith="scoring.export").order_by("id")
    assert [(line.user, line.action, line.detail) for line in lines] == [
        (entered.secretary, "scoring.export_ledger", "2026年9月，3 行"),
        (entered.secretary, "scoring.export_month_sheet", "2026年9月，3 行"),
        (entered.secretary, "scoring.export_template", "2026年9月，3 行"),
        (entered.secretary, "scoring.export_ledger_pdf", "2026年9月，3 行"),
    ]


# --- PDF -----------------------------------------------------------------------------------------
RARE = "喆玥堃镕祎翀䶮𠮷"


def pages(content):
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def test_pdf_holds_the_ledger_with_rare_characters_lying_on_a4(entered):
    factories.member(entered.branch, name=RARE, staff_number="9001")
    scoring_factories.open_member_accounts()
    entered.close(SEPTEMBER, remarks=[("苏堃", "<b>讲党课</b> & 抢修")])
    content = sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)
    (text,) = pages(content)
    for expected in (
        "热控党支部党员积分台账(2026年9月)", "基础分（60分）", RARE, "61.25", "−2", "<b>讲党课</b> & 抢修", "已结账",
        latest_seal(entered.branch.pk, SEPTEMBER).short, f"导出人：{entered.secretary}", "第 1 页，共 1 页",
    ):  # fmt: skip
        assert expected in text
    box = PdfReader(io.BytesIO(content)).pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (842, 595)


def test_pdf_repeats_its_heading_and_begins_a_page_with_each_branch(entered):
    for number in range(40):
        factories.member(entered.branch, name=f"党员{number:02}")
    scoring_factories.open_member_accounts()
    entered.submit(SEPTEMBER)
    Entered(entered.cast, "化水党支部").submit(SEPTEMBER)
    found = pages(sheets.ledger_pdf(entered.cast.committee, SEPTEMBER, by=entered.secretary))
    assert len(found) == 4
    assert all("有无一票否决" in text and "导出人：" in text for text in found)
    assert ["化水党支部党员积分台账" in text for text in found] == [False, False, False, True]


def test_pdf_of_too_many_rows_says_what_to_do(entered, monkeypatch):
    monkeypatch.setattr(sheets, "PDF_ROWS", 2)
    entered.submit(SEPTEMBER)
    with pytest.raises(Refused, match="共 3 行，一份 PDF 最多 2 行。请按支部导出 PDF，或导出 Excel。"):
        sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)


def test_pdf_without_the_libraries_of_the_system_names_the_packages(entered, monkeypatch):
    monkeypatch.setattr(pdf, "HTML", None)
    entered.submit(SEPTEMBER)
    with pytest.raises(
        pdf.PdfUnavailable, match="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
    ):
        sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)
    assert not AuditEvent.objects.filter(action="scoring.export_ledger_pdf").exists()


# --- the command ---------------------------------------------------------------------------------
def test_command_writes_the_ledger(entered, tmp_path):
    entered.submit(SEPTEMBER)
    out, path = io.StringIO(), tmp_path / "台账.xlsx"
    call_command("export_ledger", str(path), "--branch", "热控党支部", "--month", "2026-09", stdout=out)
    assert out.getvalue() == f"已导出 3 行到 {path}。\n"
    assert openpyxl.load_workbook(path).active.cell(1, 1).value == "热控党支部党员积分台账(2026年9月)"
    assert AuditEvent.objects.get(action="scoring.export_ledger").actor == "系统"


@pytest.mark.parametrize(
    ("branch", "month", "sentence"),
    [
        ("热控党支部", "2026-08", "2026年8月还没有积分"),
        ("热控", "2026-09", "没有名为“热控”的组织"),
        ("热控党支部", "2026-13", "不是月份"),
    ],
)
def test_command_says_why_it_wrote_nothing(entered, tmp_path, branch, month, sentence):
    path = tmp_path / "台账.xlsx"
    with pytest.raises(CommandError, match=sentence):
        call_command("export_ledger", str(path), "--branch", branch, "--month", month)
    assert not path.exists()
