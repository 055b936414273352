"""Bad input from end to end: each file is answered with Chinese sentences, and nothing of it is written."""

import re
from typing import Any

import pytest

from members.errors import Refused
from members.models import Member, Membership, OrgUnit, RosterImport
from members.services import roster
from tests import factories
from tests.members import roster_files as files
from tests.members.test_tabular import BAD

ROWS: dict[str, tuple[list[list[Any]], str]] = {
    "numeric id numbers": ([files.row(id=232303198206123580)], "末几位已丢失，请把该列设为文本后重新填写。"),
    "formula as a name": ([files.row(name="=1+1")], "姓名里只能有汉字"),
    "formula as a job": ([files.row(group="=cmd|' /C calc'!A0")], "文字不能以“=”开头（会被当成公式）"),
    "underscore in a number": ([files.row(phone="1_3941473104")], "请填 11 位手机号"),
    "digits of another script": ([files.row(number="١٠٠٠١")], "工号只能由数字、字母、汉字"),
    "same person twice": ([files.row(), files.row()], "与第 3 行的工号相同"),
    "same id number twice": ([files.row(), files.row(number="10002")], "与第 3 行的公民身份号码相同"),
    "huge cell": ([files.row(name="苏" * 30_000)], "共 30000 个字，最多 60 个，请缩短。"),
    "huge branch name": ([files.row(branch="支" * 81)], "共 81 个字，最多 80 个"),
    "old id number": ([files.row(id="232303820612358")], "请按现在的身份证填写 18 位号码"),
    "wrong check digit": ([files.row(id=files.id_number()[:-1] + "1")], "至少有一位写错，请逐位核对"),
    "masked id number": ([files.row(id="232303********3580")], "请填写完整号码"),
    "no such day": ([files.row(joined="2008-02-30")], "且日期存在"),
    "future day": ([files.row(joined="2099-06-24", regular="")], "还没有到，请核对年份"),
    "regular before joined": ([files.row(regular="2001-01-01")], "早于入党日期 2008-06-24，请按人事档案更正"),
    "no staff number": ([files.row(number="", id="")], "工号为空，请填写"),
    "no name": ([files.row(name="")], "请填写姓名；不是党员的行请删去"),
    "no branch": ([files.row(branch="", group="")], "新党员须写明所在党支部"),
    "not a member": ([files.row(category="入党积极分子")], "还不是党员，请把这一行从名册中删去"),
}


def standing() -> tuple[int, int, int]:
    return Member.objects.count(), Membership.objects.count(), OrgUnit.objects.count()


@pytest.fixture
def top(db: None) -> OrgUnit:
    return factories.committee()


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_refused_and_nothing_is_kept(top: OrgUnit, case: str) -> None:
    with pytest.raises(Refused) as refusal:
        roster.check_upload(top, "花名册.xlsx", BAD[case][0], by=None)
    assert re.search("[一-鿿].*。$", str(refusal.value))
    assert (standing(), RosterImport.objects.count()) == ((0, 0, 1), 0)


@pytest.mark.parametrize("case", ROWS)
def test_bad_rows_are_told_and_nothing_is_written(top: OrgUnit, case: str) -> None:
    rows, words = ROWS[case]
    row = roster.check_upload(top, "花名册.xlsx", files.xlsx(files.HEADING, *rows), by=None)
    assert any(words in problem["say"] for problem in row.report["problems"])
    with pytest.raises(Refused, match="还有问题没有解决"):
        roster.confirm_import(row, row.plan_digest, by=None)
    roster.run_import(row.pk)
    assert standing() == (0, 0, 1)


def test_one_bad_row_among_good_ones_stops_all(top: OrgUnit) -> None:
    people = [files.row(number=str(n), id="") for n in range(50)]
    row = roster.check_upload(top, "a.xlsx", files.xlsx(files.HEADING, *people, files.row(gender="x")), by=None)
    assert (row.report["counts"]["new"], row.report["counts"]["errors"], row.plan_digest) == (50, 1, "")


def test_formula_text_as_a_remark_stays_text(top: OrgUnit) -> None:
    content = files.xlsx(["工号", "姓名", "党支部", "备注"], ["1", "苏堃", "检修部党支部", "=1+1"])
    row = roster.check_upload(top, "a.xlsx", content, by=None)
    roster.confirm_import(row, row.plan_digest, by=None)
    roster.run_import(row.pk)
    assert Member.objects.get().remark == "=1+1"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_every_usual_encoding_is_imported(top: OrgUnit, encoding: str) -> None:
    row = roster.check_upload(top, "a.csv", files.text(files.HEADING, files.row(), encoding=encoding), by=None)
    assert (row.report["counts"]["new"], row.report["problems"]) == (1, [])
