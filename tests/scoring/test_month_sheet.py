"""The month sheet from a spreadsheet: the samples, what would change, what is written, the command."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from members.errors import Refused
from members.models import AuditEvent, Membership
from scoring.models import DraftCell, DraftRemark, Month
from scoring.services.drafts import Change
from scoring.services.grid import build_grid, save_cells
from scoring.services.month_sheet import read_month_sheet, write_changes
from scoring.services.months import month_of_unit
from tests import factories
from tests.scoring import factories as scoring_factories
from tests.scoring.month_sheets import HEAD, PERSON, SEPTEMBER, book, read, small_branch, write

SAMPLES = {
    202607: "检修部党支部7月积分登记表.xlsx",
    202608: "检修部党支部8月积分登记表.xlsx",
    202609: "检修部党支部9月积分登记表.xlsx",
}


def sample(month):
    return (settings.SAMPLE_DIR / SAMPLES[month]).read_bytes()


def raw_rows(month):
    """The rows of a sample as its cells have them: number, name, staff number, six items, remark."""
    sheet = openpyxl.load_workbook(io.BytesIO(sample(month))).active
    return [row for row in sheet.iter_rows(min_row=4, values_only=True) if row[1]]


def total_by_hand(row):
    """基础分 + 加分 − 减分: attendance one point each time and at most three, the rest as it stands."""

    def figure(cell):
        return Decimal(str(cell).removesuffix("次")) if cell is not None else Decimal(0)

    return figure(row[3]) + figure(row[4]) + min(figure(row[5]), 3) + figure(row[6]) + figure(row[7]) + figure(row[8])


@pytest.fixture
def maintenance(db):
    """The branch of the samples with its thirty members, under the short sheet."""
    cast = factories.cast()
    scoring_factories.rule_set(cast.committee)
    for row in raw_rows(202607):
        factories.member(cast.branch, name=row[1], staff_number=row[2])
    scoring_factories.open_member_accounts()
    return cast


@pytest.mark.parametrize("month", SAMPLES)
def test_sample_imports_without_help_and_totals_are_those_counted_by_hand(maintenance, month):
    plan = read_month_sheet(maintenance.branch, month, SAMPLES[month], sample(month))
    assert [str(problem) for problem in plan.problems] == []
    assert plan.people == 30
    write_changes(maintenance.branch, month, plan.confirmed(), by=maintenance.secretary)
    grid = build_grid(month_of_unit(maintenance.branch, month))
    found = {row.member.staff_number: Decimal(row.total) / 100 for row in grid.rows}
    remarks = {row.member.staff_number: row.remark for row in grid.rows}
    assert {row[2]: found[row[2]] for row in raw_rows(month)} == {
        row[2]: total_by_hand(row) for row in raw_rows(month)
    }
    assert {row[2]: remarks[row[2]] for row in raw_rows(month)} == {row[2]: row[9] or "" for row in raw_rows(month)}


@pytest.fixture
def branch(db):
    return small_branch()


# --- comparing and writing -----------------------------------------------------------------------
def drafts():
    return sorted(DraftCell.objects.values_list("account__member__name", "item__code", "text", "version"))


def test_plan_tells_new_changed_cleared_and_unchanged_apart(branch):
    write(branch, read(branch, ["姓名", "加-1", "加-2", "减-1", "备注"], ["苏堃", 3, 2, 1, "抢修"], ["胡桂娟", 5]))
    plan = read(branch, ["姓名", "加-1", "加-2", "减-1", "备注"], ["苏堃", 4, "2次", "", "讲党课"], ["胡桂娟", 5, 1])
    assert [(c.row, c.who, c.column, c.old, c.new) for c in plan.changes] == [
        (2, "苏堃", "出色完成本职工作", "3", "4"),
        (2, "苏堃", "工作履职不认真", "-1", ""),
        (2, "苏堃", "备注", "抢修", "讲党课"),
        (3, "胡桂娟", "积极参加党建活动", "", "1次"),
    ]
    assert (plan.new, plan.changed, plan.cleared, plan.unchanged) == (1, 2, 1, 2)
    assert plan.summary() == "新填 1 格，修改 2 格，清空 1 格，不变 2 格"


def test_same_file_again_changes_nothing(maintenance):
    plan = read_month_sheet(maintenance.branch, 202607, SAMPLES[202607], sample(202607))
    write_changes(maintenance.branch, 202607, plan.confirmed(), by=maintenance.secretary)
    again = read_month_sheet(maintenance.branch, 202607, SAMPLES[202607], sample(202607))
    assert (again.changes, again.unchanged) == ([], len(plan.changes))


def test_reading_writes_nothing(branch):
    read(branch, HEAD, PERSON)
    assert (drafts(), Month.objects.count()) == ([], 0)


def test_columns_and_people_absent_from_the_file_stay_untouched(branch):
    write(branch, read(branch, ["姓名", "加-1", "减-1", "备注"], ["苏堃", 3, 1, "甲"], ["胡桂娟", 5, "", "乙"]))
    write(branch, read(branch, ["姓名", "加-1"], ["苏堃", 4]))
    assert drafts() == [("胡桂娟", "加-1", "5", 1), ("苏堃", "减-1", "-1", 1), ("苏堃", "加-1", "4", 2)]
    assert sorted(DraftRemark.objects.values_list("text", flat=True)) == ["乙", "甲"]


def test_cell_changed_since_the_preview_stops_the_whole_import(branch):
    plan = read(branch, ["姓名", "加-1", "备注"], ["苏堃", 3, "抢修"], ["胡桂娟", 5])
    month = month_of_unit(branch, SEPTEMBER)
    account = plan.changes[0].account
    save_cells(month, [Change(account, plan.changes[0].item, "1", 0)], by=branch.secretary)
    with pytest.raises(Refused) as refusal:
        write(branch, plan)
    assert str(refusal.value).split("\n") == [
        "没有写入任何内容。",
        "苏堃的“出色完成本职工作”在预览之后被陈志远改成了“1”，请重新上传核对。",
    ]
    assert (drafts(), DraftRemark.objects.count()) == ([("苏堃", "加-1", "1", 1)], 0)


def test_month_submitted_since_the_preview_stops_the_import(branch):
    plan = read(branch, HEAD, PERSON)
    Month.objects.create(unit=branch, month=SEPTEMBER, state=Month.State.SUBMITTED)
    with pytest.raises(Refused, match="已提交（待审核）"):
        write(branch, plan)
    assert drafts() == []


def test_member_transferred_since_the_preview_stops_the_import(branch):
    plan = read(branch, HEAD, PERSON, ["胡桂娟", 5])
    Membership.objects.filter(member__name="苏堃").update(branch=factories.branch(branch.parent))
    with pytest.raises(Refused, match="没有写入任何内容。\n：该党员本月不在本支部的积分名单中"):
        write(branch, plan)
    assert drafts() == []


def test_import_leaves_a_line_in_the_log(branch):
    write(branch, read(branch, HEAD, PERSON))
    line = AuditEvent.objects.get(action="scoring.import_month")
    assert (line.user, line.target, line.detail) == (
        branch.secretary,
        f"组织 热控党支部 #{branch.pk}",
        "2026 年 9 月：1 格",
    )


def test_query_count_does_not_grow_with_people(branch, queries):
    write(branch, read(branch, HEAD, ["胡桂娟", 1]))

    def asked(rows):
        with queries() as reading:
            plan = read(branch, ["姓名", "加-1", "备注"], *rows)
        with queries() as writing:
            write(branch, plan)
        return len(reading), len(writing)

    one = asked([["苏堃", 3, "甲"]])
    for number in range(8):
        factories.member(branch, name=f"党员{number}")
    scoring_factories.open_member_accounts()
    names = (
        Membership.objects.filter(branch=branch)
        .exclude(member__name__in=["苏堃", "胡桂娟"])
        .values_list("member__name", flat=True)
    )
    assert asked([[name, 3, "甲"] for name in names]) == one


# --- the command ---------------------------------------------------------------------------------
def run(branch, path, *options):
    out = io.StringIO()
    call_command("import_month", str(path), "--branch", branch.name, "--month", "2026-09", *options, stdout=out)
    return out.getvalue()


def test_command_imports_and_says_what_it_did(branch, tmp_path):
    factories.user(username="admin", duty="SYSTEM")
    path = tmp_path / "表.xlsx"
    path.write_bytes(book(["姓名", "加-1", "合计"], ["苏堃", 3, 63]))
    assert run(branch, path, "--by", branch.secretary.username) == (
        "不导入 C 列“合计”：合计和名次由系统计算\n"
        "表中没有的条款（保持不变）：基-1 四讲四有、加-2 积极参加党建活动、加-3 个人评优评先、"
        "减-1 工作履职不认真、减-2 纪律规矩不严明\n"
        "表中没有的党员（保持不变）：胡桂娟\n"
        "热控党支部 2026 年 9 月：新填 1 格，修改 0 格，清空 0 格，不变 0 格\n"
    )
    assert DraftCell.objects.get().edited_by == branch.secretary
    assert run(branch, path).endswith("没有需要变更的内容。\n")


def test_command_exits_with_the_same_sentences(branch, tmp_path):
    path = tmp_path / "表.xlsx"
    path.write_bytes(book(HEAD, ["苏堃", 6], ["何人", 1]))
    with pytest.raises(CommandError) as error:
        run(branch, path, "--by", branch.secretary.username)
    assert error.value.returncode == 1
    assert str(error.value) == (
        "有 2 处需要修改，没有写入任何内容：\n"
        "第 2 行 B 列“加-1”：苏堃：加-1 出色完成本职工作：须在 0 到 5 分之间。\n"
        "第 3 行 A 列：“何人”不在热控党支部 2026 年 9 月的积分名单中，请核对姓名；"
        "已调出或本月不列入积分的党员，请删去这一行。"
    )
    assert drafts() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"branch": "没有的支部"}, "没有名为“没有的支部”的组织"),
        ({"month": "2026年9月"}, "不是月份，请写成 2026-09"),
        ({"file": "没有.xlsx"}, "读不到文件“没有.xlsx”"),
        ({"by": "nobody"}, "没有登录名为“nobody”的有效账号"),
    ],
)
def test_command_names_what_it_was_told_wrong(branch, tmp_path, options, sentence):
    path = tmp_path / "表.xlsx"
    path.write_bytes(book(HEAD, PERSON))
    told = {"file": str(path), "branch": branch.name, "month": "2026-09", "by": branch.secretary.username} | options
    with pytest.raises(CommandError, match=sentence):
        call_command(
            "import_month",
            told["file"],
            f"--branch={told['branch']}",
            f"--month={told['month']}",
            f"--by={told['by']}",
        )
    assert drafts() == []
