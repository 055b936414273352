import datetime
import io

import openpyxl
import pytest
import tablib

from members.appointment_file import AppointmentXlsx
from members.errors import Refused
from members.models import Appointment, AuditEvent
from members.resources import HEADINGS, ROW, AppointmentResource, import_rows, problems_of
from tests import factories
from tests.factories import Post

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 5, 10)


def dataset(*rows: tuple[object, ...]) -> tablib.Dataset:
    return tablib.Dataset(*((*row, number) for number, row in enumerate(rows, start=3)), headers=[*HEADINGS, ROW])


def row(member, unit, post="记分员", since="2026-05-10", until="", name=None, above=""):
    return (member.staff_number, member.name if name is None else name, above, unit.name, post, since, until)


def said(*rows, by, dry_run=True) -> list[dict[str, str]]:
    read = dataset(*rows)
    return problems_of(import_rows(read, by=by, dry_run=dry_run), read)


def test_import_appoints_through_the_service():
    cast = factories.cast()
    assert said(row(cast.member.member, cast.branch), by=cast.business_admin, dry_run=False) == []
    held = cast.member.member.appointments.get()
    assert (held.unit, held.post, held.started_on, held.ended_on) == (cast.branch, Post.SCORE_CLERK, DAY, None)
    assert AuditEvent.objects.filter(action="members.appoint_member", user=cast.business_admin).count() == 1


def test_trial_writes_nothing():
    cast = factories.cast()
    before = Appointment.objects.count(), AuditEvent.objects.count()
    assert said(row(cast.member.member, cast.branch), by=cast.business_admin) == []
    assert (Appointment.objects.count(), AuditEvent.objects.count()) == before


def test_same_file_again_changes_nothing():
    cast = factories.cast()
    rows = dataset(row(cast.member.member, cast.branch, since="2026年5月10日"))
    import_rows(rows, by=cast.business_admin, dry_run=False)
    again = import_rows(rows, by=cast.business_admin, dry_run=False)
    assert [done.is_skip() for done in again.rows] == [True]
    assert cast.member.member.appointments.count() == 1


def test_import_ends_an_open_post_and_cannot_reopen_one():
    cast = factories.cast()
    held = factories.appointment(cast.member.member, cast.branch, Post.SCORE_CLERK)
    line = row(cast.member.member, cast.branch, since="2020-01-01", until="2026-05-10")
    assert said(line, by=cast.business_admin, dry_run=False) == []
    assert Appointment.objects.get(pk=held.pk).ended_on == DAY
    assert said(row(cast.member.member, cast.branch, since="2020-01-01"), by=cast.business_admin) == [
        {"where": "第 3 行", "text": "这个任职已经免去，不能改回；再次任命请另写一行，填写新的任职日期。"}
    ]


def test_all_problems_of_all_rows_come_at_once_and_nothing_is_written():
    cast = factories.cast()
    member = cast.member.member
    rows = [
        ("99999", "", "", cast.branch.name, "记分员", "2026-05-10", ""),
        row(member, cast.branch, name="李四"),
        row(member, cast.branch, post="班长"),
        ("", "", "", "没有的支部", "记分员", "昨天", ""),
        row(member, cast.branch, post="党委书记"),
        row(member, cast.branch, post="支部书记"),
        row(member, cast.branch),
    ]
    before = Appointment.objects.count()
    found = said(*rows, by=cast.business_admin, dry_run=False)
    assert [(line["where"], line["text"].split("，")[0]) for line in found] == [
        ("第 3 行", "没有工号为“99999”的党员"),
        ("第 4 行", f"工号 {member.staff_number} 是王建国"),
        ("第 5 行", "没有“班长”这个职务"),
        ("第 6 行", "工号不能为空"),
        ("第 6 行", "没有名为“没有的支部”的组织"),
        ("第 6 行", "请写成 2008-06-24、2008.06.24 或 2008年6月24日 的样子"),
        ("第 7 行", "党委书记不能在“检修部党支部”（党支部）任职"),
        ("第 8 行", "“检修部党支部”已有支部书记 陈志远"),
    ]
    assert Appointment.objects.count() == before


def test_units_of_the_same_name_are_told_apart_by_the_one_above():
    cast = factories.cast()
    other = factories.committee(cast.committee, "第二公司党委")
    twin = factories.branch(other, cast.branch.name)
    member = cast.member.member
    assert said(row(member, twin), by=cast.business_admin) == [
        {"where": "第 3 行", "text": "有几个组织都叫“检修部党支部”，请在“上级组织”一列写明上级。"}
    ]
    import_rows(dataset(row(member, twin, above=other.name)), by=cast.business_admin, dry_run=False)
    assert member.appointments.get().unit == twin


def test_units_out_of_reach_are_not_found():
    cast = factories.cast()
    foreign = factories.branch(factories.committee(name="别的党委"), "外支部")
    assert said(row(cast.member.member, foreign), by=cast.business_admin) == [
        {"where": "第 3 行", "text": "没有名为“外支部”的组织，请核对名称和上级组织。"}
    ]


def test_export_is_an_import_without_changes():
    cast = factories.cast()
    rows = Appointment.objects.select_related("member", "unit__parent").in_order()
    file = io.BytesIO()
    exported = AppointmentResource(cast.business_admin).export(rows)
    AppointmentXlsx().export_data(exported, target=file, by=cast.business_admin)
    sheet = openpyxl.load_workbook(file).active
    assert [cell.value for cell in sheet[2]] == list(HEADINGS)
    read = AppointmentXlsx().create_dataset("任职.xlsx", file.getvalue())
    result = import_rows(read, by=cast.business_admin, dry_run=True)
    assert problems_of(result, read) == []
    assert [done.is_skip() for done in result.rows] == [True] * rows.count()


def test_file_without_our_headings_is_refused():
    book = openpyxl.Workbook()
    book.active.append(["工号", "姓名", "职务"])
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(Refused, match="^表头缺少：任职组织、任职日期。请补上这些列，或使用导出的表格作模板。$"):
        AppointmentXlsx().create_dataset("任职.xlsx", file.getvalue())
    with pytest.raises(Refused, match="^前 20 行里没有找到“工号”一列"):
        AppointmentXlsx().create_dataset("任职.csv", "甲,乙\n1,2\n".encode())
