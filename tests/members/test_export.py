import datetime
import io
import resource
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from members.models import AuditEvent, Member
from members.services.export import write_roster
from members.spreadsheet import Column, write_table
from tests import factories

HEADINGS = [
    "序号", "工号", "姓名", "性别", "民族", "公民身份号码", "出生日期", "学历", "人员类别",
    "所在党支部", "党小组", "入党日期", "转正日期", "工作岗位", "联系电话", "是否流动", "是否失联", "备注",
]  # fmt: skip
DAY = datetime.datetime(2008, 6, 24)


def read(content: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def roster(**options) -> list[list[object]]:
    file = io.BytesIO()
    write_roster(file, **{"unit": None, "in_full": False, "by": None, **options})
    return read(file.getvalue())


def a_member(branch, group=None, **fields) -> Member:
    member = factories.member(
        branch,
        group,
        **{
            "name": "苏堃",
            "staff_number": "00123",
            "gender": "FEMALE",
            "ethnicity": "汉族",
            "born_on": datetime.date(1982, 6, 12),
            "education": "硕士研究生",
            "joined_on": DAY.date(),
            "regular_on": None,
            "job": "司机",
            "is_floating": True,
            "remark": "=1+1",
            **fields,
        },
    )
    member.id_number, member.phone = "232303198206123580", "13941473104"
    member.save()
    return member


@pytest.mark.django_db
def test_roster_has_the_published_columns_and_keeps_text_as_text():
    branch = factories.branch(name="检修部党支部")
    a_member(branch, factories.group(branch, "第一党小组"))
    rows = roster(in_full=True)
    assert rows[0][0] == "党员花名册"
    assert rows[1] == HEADINGS
    assert rows[2] == [
        1, "00123", "苏堃", "女", "汉族", "232303198206123580", datetime.datetime(1982, 6, 12),
        "硕士研究生", "正式党员", "检修部党支部", "第一党小组", DAY, None, "司机", "13941473104", "是", "否", "=1+1",
    ]  # fmt: skip
    assert len(rows) == 4


@pytest.mark.django_db
def test_roster_masks_numbers_unless_asked_for():
    a_member(factories.branch())
    assert [row[5:15:9] for row in roster()[2:3]] == [["232303********3580", "139****3104"]]


@pytest.mark.django_db
def test_roster_ends_with_who_and_when_and_leaves_a_line():
    branch = factories.branch(name="甲")
    a_member(branch)
    by = factories.user(factories.member(name="陈志远"))
    last = roster(unit=branch, by=by)[-1]
    assert last == [f"导出人：陈志远  导出时间：{timezone.localtime():%Y-%m-%d %H:%M}", *[None] * 17]
    event = AuditEvent.objects.get()
    assert (event.user, event.action, event.target, event.detail) == (
        by,
        "members.export_roster",
        f"组织 甲 #{branch.pk}",
        "1 名党员，身份证号和电话已遮挡",
    )


@pytest.mark.django_db
def test_roster_holds_current_members_of_the_unit_in_order():
    top = factories.committee()
    first, second = factories.branch(top, "甲"), factories.branch(top, "乙")
    for branch, name in ((second, "孙立新"), (first, "王建国"), (first, "曾小红")):
        factories.member(branch, name=name)
    gone = factories.member(name="已走")
    factories.membership(gone, first, ended_on=datetime.date(2026, 1, 1), ending="LEFT")
    names = {unit.name: [row[2] for row in roster(unit=unit)[2:-1]] for unit in (top, first, second)}
    assert names == {top.name: ["王建国", "曾小红", "孙立新"], "甲": ["王建国", "曾小红"], "乙": ["孙立新"]}


@pytest.mark.django_db
def test_roster_of_an_empty_unit_has_its_headings():
    rows = roster(unit=factories.branch())
    assert (rows[1], len(rows)) == (HEADINGS, 3)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "a\x08b", "_x0041_", "00123"]
)
def test_table_writes_text_as_text(text):
    file = io.BytesIO()
    write_table(file, sheet="表", title="题", columns=[Column("甲"), Column("乙")], rows=[(text, None)], footer="=尾")
    sheet = openpyxl.load_workbook(file).active
    cells = [(cell.value, cell.data_type) for row in sheet.iter_rows(min_row=3, max_col=1) for cell in row]
    shown = {"a\x08b": "a_x0008_b", "_x0041_": "_x005F_x0041_"}.get(text, text)
    assert cells == [(shown, "s"), ("=尾", "s")]


def test_table_of_many_rows_takes_bounded_memory(tmp_path: Path):
    columns = [Column(f"列{n}") for n in range(20)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = (tuple(f"{row}-{n}" for n in range(20)) for row in range(40_000))
    write_table(str(tmp_path / "t.xlsx"), sheet="表", title="题", columns=columns, rows=rows, footer="尾")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 30_000, f"{grown} KB"


@pytest.mark.django_db
def test_command_writes_a_file(tmp_path, capsys):
    branch = factories.branch(name="甲")
    a_member(branch)
    file = tmp_path / "花名册.xlsx"
    call_command("export_roster", str(file), unit="甲")
    assert capsys.readouterr().out == f"已导出 1 名党员：{file}\n"
    assert read(file.read_bytes())[2][5] == "232303********3580"
    call_command("export_roster", str(file), unit="甲", full=True)
    assert read(file.read_bytes())[2][5] == "232303198206123580"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "sentence"), [("无", "没有名为“无”的组织，请核对名称。"), ("同名", "有 2 个组织叫“同名”，请改用编号：")]
)
def test_command_refuses_a_unit_it_cannot_tell(tmp_path, name, sentence):
    for _ in range(2):
        factories.branch(name="同名")
    with pytest.raises(CommandError, match=f"^{sentence}"):
        call_command("export_roster", str(tmp_path / "x.xlsx"), unit=name)
    assert not (tmp_path / "x.xlsx").exists()
