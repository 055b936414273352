"""`import_roster FILE`: the same problems and preview as the page, for administrators and scripts."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from members.models import Member, OrgUnit, RosterImport
from tests import factories
from tests.members import roster_files as files

pytestmark = pytest.mark.django_db


@pytest.fixture
def top() -> OrgUnit:
    return factories.committee(name="热电公司党委")


@pytest.fixture
def write_file(tmp_path: Path) -> Any:
    def write(*rows: list[Any]) -> str:
        path = tmp_path / "花名册.xlsx"
        path.write_bytes(files.xlsx(files.HEADING, *rows))
        return str(path)

    return write


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("import_roster", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def test_without_commit_nothing_is_written(top: OrgUnit) -> None:
    said = run(str(settings.SAMPLE_DIR / files.MESSY))
    assert said.splitlines()[0] == "工作表“花名册”，表头在第 3 行，360 行数据。"
    assert "新增 360，变更 0，转移 0，不变 0，名册中有而文件中没有的 0（不受影响）。" in said
    assert said.splitlines()[-1] == "校验通过，尚未写入。加上 --commit 即写入名册。"
    assert (Member.objects.count(), RosterImport.objects.get().state) == (0, "DROPPED")


def test_commit_writes_and_a_second_time_has_nothing_to_change(top: OrgUnit) -> None:
    sample = str(settings.SAMPLE_DIR / files.CLEAN)
    assert run(sample, "--commit", "--started-on", "2026-07-01").splitlines()[-1] == "已写入名册。"
    assert run(sample, "--commit").splitlines()[-1] == "没有需要变更的内容。"
    assert Member.objects.count() == 360
    first = Member.objects.get(staff_number="10001").memberships.get()
    assert str(first.started_on) == "2026-07-01"


def test_problems_are_printed_and_end_with_an_error(top: OrgUnit, write_file: Any) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError, match="有 2 个问题，没有写入"):
        call_command("import_roster", write_file(files.row(gender="x", phone="1")), "--commit", stdout=out)
    assert "问题：第 2 行“性别”，现为“x”：性别请填“男”或“女”。" in out.getvalue()
    assert Member.objects.count() == 0


def test_unit_is_named(top: OrgUnit, write_file: Any) -> None:
    factories.branch(top, "检修部党支部")
    factories.committee(name="另一党委")
    path = write_file(files.row())
    with pytest.raises(CommandError, match="有不止一个组织符合，请用 --unit 写明"):
        run(path)
    assert "党小组“第一党小组”（检修部党支部）：新建" in run(path, "--unit", "检修部党支部")
    with pytest.raises(CommandError, match="没有名为“热控党支部”的党委、党总支或党支部，请先在“组织”页面新建"):
        run(path, "--unit", "热控党支部")


def test_without_any_unit_it_says_what_to_do_first(write_file: Any) -> None:
    with pytest.raises(CommandError, match="还没有任何组织，请先在“组织”页面新建"):
        run(write_file(files.row()))


def test_file_that_cannot_be_read_is_said(top: OrgUnit, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="无法读取文件"):
        run(str(tmp_path / "没有.xlsx"))
    empty = tmp_path / "空.xlsx"
    empty.write_bytes(b"")
    with pytest.raises(CommandError, match="文件是空的"):
        run(str(empty))


def test_day_that_is_no_day_is_refused(top: OrgUnit, write_file: Any) -> None:
    with pytest.raises(CommandError, match="2026-13-01"):
        run(write_file(files.row()), "--started-on", "2026-13-01")
