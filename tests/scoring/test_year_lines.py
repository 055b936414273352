"""加扣分明细: what stands on a member's sheet of a year, what it comes to, and the same on paper."""

import datetime
import io
import uuid
from decimal import Decimal

import openpyxl
import pytest
from pypdf import PdfReader

from members.errors import Refused
from members.models import AuditEvent
from scoring.models import Item, LedgerEntry
from scoring.services import year_lines
from scoring.services.claims import advance_claim
from scoring.services.deductions import answer_deduction, propose_deduction
from scoring.services.year_lines import Amounts, amounts_of, sheets_of, subject_of, subjects_of
from tests import factories
from tests.scoring.claiming import claiming
from tests.scoring.factories import MONTH, account, item, rule_set
from tests.scoring.ledger import entry, reversal
from tests.scoring.living import RULES, Life

pytestmark = pytest.mark.django_db
Source = LedgerEntry.Source
YEAR = 2026


class Made:
    """The member of the cast under the short rules of S3."""

    def __init__(self):
        self.cast = factories.cast()
        self.rules = rule_set(self.cast.committee)
        self.own = account(self.cast.member.member)

    def add(self, code, points, month=MONTH, **fields):
        return entry(self.own, item(self.rules, code) if code else None, points, month=month, **fields)

    def sheet(self, year=YEAR):
        return sheets_of([subject_of(self.own)], year)[0]


def told(lines):
    return [(line.day, line.clause, line.happened, line.amount or line.points, line.origin) for line in lines]


def summed(sheet):
    return [(one.section, one.plus, one.minus, one.total) for one in sheet.sums]


def test_lines_say_day_clause_what_happened_points_and_origin():
    made = Made()
    day = datetime.date(2026, 9, 12)
    made.add("加-3", 4, reason="抢修", level="厂级", source=Source.GROUP_EVENT, happened_on=day)
    made.add("减-1", -2, remark="交接班记录漏填", source=Source.GRID, happened_on=datetime.date(2026, 9, 30))
    made.add(
        None, "1.5", reason="漏记", source=Source.ADJUSTMENT, rule_set=made.rules, corrects_month=202606,
        happened_on=datetime.date(2026, 9, 20),
    )  # fmt: skip
    sheet = made.sheet()
    assert told(sheet.plus) == [
        ("09-12", "加-3 个人评优评先", "抢修；厂级", 4, "集体事项"),
        ("09-20", "调整", "漏记；更正 2026 年 6 月", Decimal("1.5"), "调整"),
    ]
    # A month sheet knows the month and no day.
    assert told(sheet.minus) == [("9 月", "减-1 工作履职不认真", "交接班记录漏填", -2, "月度录入")]
    assert summed(sheet) == [("加分", 4, 0, 4), ("减分", 0, -2, -2), ("调整", Decimal("1.5"), 0, Decimal("1.5"))]
    assert (sheet.total.plus, sheet.total.minus, sheet.total.total) == (Decimal("5.5"), -2, Decimal("3.5"))


def test_months_that_say_nothing_but_points_are_one_line_per_clause():
    made = Made()
    for month, points in ((202607, 60), (202608, 58), (202609, 60)):
        made.add("基-1", points, month, source=Source.GRID)
    made.add("加-1", 3, 202608, source=Source.GRID)
    made.add("加-1", 5, 202609, source=Source.GRID, remark="主变抢修")
    sheet = made.sheet()
    assert told(sheet.plus) == [
        ("7—9 月", "基-1 四讲四有", "7 月 +60，8 月 +58，9 月 +60", 178, "月度录入"),
        ("8 月", "加-1 出色完成本职工作", "", 3, "月度录入"),
        ("9 月", "加-1 出色完成本职工作", "主变抢修", 5, "月度录入"),
    ]
    assert [part.points for part in sheet.plus[0].parts] == [60, 58, 60]
    assert summed(sheet) == [("基础分", 178, 0, 178), ("加分", 8, 0, 8)]


def test_reversed_lines_other_years_and_other_members_are_left_out():
    made = Made()
    reversal(made.add("减-1", -2))
    made.add("减-1", -3, 202512)
    made.add("减-1", 0, source=Source.GRID)
    entry(account(made.cast.colleague.member), item(made.rules, "减-1"), -1)
    assert (made.sheet().count, summed(made.sheet())) == (0, [])
    assert told(made.sheet(2025).minus) == [("12 月", "减-1 工作履职不认真", "", -3, "表格导入")]


@pytest.mark.parametrize(
    ("mark", "plus", "minus"),
    [
        # What was attended changes nothing; what was missed lowers the share and may take points.
        ("PRESENT", [], []),
        ("ABSENT", [], [("基-1", "0/1 次"), ("减-1", -2)]),
        ("LEAVE", [], [("基-1", "0/1 次"), ("减-2", Decimal("-0.5"))]),
        ("OFFICIAL", [], []),
    ],
)
def test_attendance_stands_where_it_speaks_against_the_member(mark, plus, minus):
    made = Life()
    made.hold(member=mark)
    (sheet,) = sheets_of([subject_of(account(made.cast.member.member))], YEAR)
    assert [
        [(line.clause.split()[0], line.amount or line.points) for line in lines] for lines in (sheet.plus, sheet.minus)
    ] == [plus, minus]
    assert {(line.day, line.happened, line.origin) for line in sheet.minus} <= {
        ("09-18", "主题党日 重温入党誓词", "组织生活")
    }


_DEDUCTION = "  - 代号: 减\n    名称: 减分\n    类别: 扣分\n    条款:\n"
STEPS = """
      - {条款号: 减-3, 名称: 迟到, 计价: 每次定分, 分值: 0, 单位: 次, 汇总: 按次数分档, 分档: [[1, -3], [2, -5]]}
      - 条款号: 减-4
        名称: 心得
        计价: 每次定分
        分值: 0
        单位: 篇
        汇总: 按比例
        比例满分: 10
        比例分母: 应完成次数
        应完成次数: 4
"""


def test_times_that_the_rules_tally_stand_without_points():
    made = Life(RULES.replace(_DEDUCTION, _DEDUCTION + STEPS.lstrip("\n")))
    own = account(made.cast.member.member)
    for code, quantity in (("减-3", 2), ("减-4", 1), ("减-4", 0)):
        entry(own, Item.objects.get(code=code), 0, quantity=quantity)
    (sheet,) = sheets_of([subject_of(own)], YEAR)
    assert [(line.clause, line.amount) for line in sheet.minus] == [("减-3 迟到", "2 次"), ("减-4 心得", "1 篇")]


def test_deduction_stands_with_what_the_member_said_to_it():
    made = claiming()
    deed = made.deed("减-1", "1次", reason="九月主题党日无故缺席")
    own = made.account(made.cast.member)
    claim = propose_deduction(own, deed, by=made.cast.commissioner, key=uuid.uuid4(), answer_days=3)
    answer_deduction(claim, by=made.cast.member, answer="当天在现场抢修。")
    advance_claim(claim, by=made.cast.secretary, opinion="未见请假记录，按规定扣分。")
    approved = made.claim()
    for role in ("group_leader", "commissioner", "secretary"):
        approved = advance_claim(approved, by=made.cast.by_role()[role])
    (sheet,) = sheets_of([subject_of(own)], YEAR)
    assert told(sheet.plus) == [("09-12", "加-1 志愿服务", "周末社区义诊", 2, "个人申报")]
    assert told(sheet.minus) == [("09-12", "减-1 无故缺席", "九月主题党日无故缺席", -2, "扣分提议")]
    assert (sheet.minus[0].answer, sheet.minus[0].decision) == ("当天在现场抢修。", "未见请假记录，按规定扣分。")


# --- a branch ------------------------------------------------------------------------------------
def test_branch_has_everybody_of_today_by_name_and_by_group():
    made = Made()
    named = [(one.name, one.branch, one.group) for one in subjects_of(made.cast.branch)]
    first, branch = "第一党小组", "检修部党支部"
    assert named == [
        ("陈志远", branch, ""), ("李静怡", branch, first), ("王建国", branch, first), ("吴海涛", branch, ""),
        ("郑雪", branch, ""), ("周敏", branch, first),
    ]  # fmt: skip
    assert [one.name for one in subjects_of(made.cast.branch, made.cast.group)] == ["李静怡", "王建国", "周敏"]


def test_list_knows_what_each_year_comes_to():
    made = Made()
    made.add("加-1", 3)
    made.add("加-3", "4.5", 202608)
    made.add("减-1", -2)
    reversal(made.add("减-1", -5))
    other = account(made.cast.colleague.member)
    assert amounts_of([made.own.pk, other.pk], YEAR) == {made.own.pk: Amounts(2, Decimal("7.5"), 1, Decimal(-2))}


def test_sheets_take_one_query_for_one_and_for_many(django_assert_num_queries):
    made = Made()
    for who in (made.cast.member, made.cast.colleague, made.cast.deputy):
        entry(account(who.member), item(made.rules, "加-1"), 2)
    people = subjects_of(made.cast.branch)
    for chosen in (people[:1], people):
        with django_assert_num_queries(1):
            sheets_of(chosen, YEAR)


# --- paper ---------------------------------------------------------------------------------------
def pages(content):
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def test_pdf_begins_a_page_with_each_member_and_leaves_room_to_write():
    made = Made()
    made.add("加-3", 4, reason="<b>抢修</b> & 值守", source=Source.GROUP_EVENT)
    people = subjects_of(made.cast.branch)
    content = year_lines.year_lines_pdf(made.cast.branch, people, YEAR, by=made.cast.secretary)
    found = pages(content)
    assert [one.name in text for one, text in zip(people, found, strict=True)] == [True] * 6
    for text in found:
        for expected in ("自我批评", "互相批评意见", "本人（签字）", f"导出人：{made.cast.secretary}"):
            assert expected in text
    for expected in ("王建国 2026 年加扣分明细", "<b>抢修</b> & 值守", "+4", "各板块合计", "第 3 页，共 6 页"):
        assert expected in found[2]
    assert "没有加分、扣分记录" in found[0]
    box = PdfReader(io.BytesIO(content)).pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (595, 842)
    line = AuditEvent.objects.get(action="scoring.export_year_lines")
    assert (line.user, line.detail) == (made.cast.secretary, "2026 年，PDF，6 人，1 行")


def test_pdf_of_too_many_lines_is_refused_with_its_cure(monkeypatch):
    made = Made()
    made.add("加-1", 3), made.add("减-1", -3)
    monkeypatch.setattr(year_lines, "PDF_LINES", 1)
    with pytest.raises(Refused, match="共 2 行，一份 PDF 最多 1 行。请按党小组导出 PDF，或导出 Excel。"):
        year_lines.year_lines_pdf(made.cast.branch, subjects_of(made.cast.branch), YEAR, by=made.cast.secretary)
    assert not AuditEvent.objects.filter(action="scoring.export_year_lines").exists()


def test_workbook_has_a_row_for_each_line():
    made = Made()
    made.add("加-3", "4.5", reason="=1+1", source=Source.GROUP_EVENT, happened_on=datetime.date(2026, 9, 12))
    made.add("减-1", -2, source=Source.GRID)
    file = io.BytesIO()
    assert year_lines.write_year_lines(file, made.own, [subject_of(made.own)], YEAR, by=made.cast.member) == 2
    rows = [list(row) for row in openpyxl.load_workbook(file).active.iter_rows(values_only=True)]
    number = made.cast.member.member.staff_number
    assert rows[0][0] == "王建国加扣分明细（2026年）"
    assert rows[2:4] == [
        [1, "王建国", number, "加分", "09-12", "加分", "加-3 个人评优评先", "=1+1", 4.5, None, "集体事项", None, None],
        [2, "王建国", number, "扣分", "9 月", "减分", "减-1 工作履职不认真", None, -2, None, "月度录入", None, None],
    ]
    assert rows[-1][0].startswith(f"导出人：{made.cast.member}")
    assert AuditEvent.objects.get(action="scoring.export_year_lines").detail == "2026 年，Excel，1 人，2 行"
