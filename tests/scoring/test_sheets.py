"""The ledger as a workbook: every figure is re-read from the file."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from members.errors import Refused
from members.models import AuditEvent
from scoring.models import Account, LedgerEntry, RuleSet, Score, Veto
from scoring.services import sheets
from scoring.services.scores import compute_units
from scoring.services.seals import latest_seal
from scoring.sheets.workbook import SheetNames
from tests.scoring import factories as scoring_factories
from tests.scoring.entered import AUGUST, JULY, SEPTEMBER, Entered, ledger, new_cast, rows_of, written


@pytest.fixture
def cast(db):
    return new_cast()


@pytest.fixture
def entered(cast):
    return Entered(cast)


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


# --- the log -------------------------------------------------------------------------------------
def test_every_export_leaves_a_line(entered):
    entered.submit(SEPTEMBER)
    ledger(entered)
    written(sheets.write_month_table, entered.branch, SEPTEMBER, by=entered.secretary)
    sheets.write_template(io.BytesIO(), entered.branch, SEPTEMBER, by=entered.secretary)
    sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)
    lines = AuditEvent.objects.filter(action__startswith="scoring.export").order_by("id")
    assert [(line.user, line.action, line.detail) for line in lines] == [
        (entered.secretary, "scoring.export_ledger", "2026年9月，3 行"),
        (entered.secretary, "scoring.export_month_sheet", "2026年9月，3 行"),
        (entered.secretary, "scoring.export_template", "2026年9月，3 行"),
        (entered.secretary, "scoring.export_ledger_pdf", "2026年9月，3 行"),
    ]


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
