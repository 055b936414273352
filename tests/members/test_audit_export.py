"""The log as a workbook: what was filtered, as the page shows it, whole or not at all."""

import io

import openpyxl
import pytest
from django.utils import timezone

from members.errors import Refused
from members.models import AuditEvent
from members.services import audit_export
from members.services.audit import record
from members.services.audit_export import write_audit
from tests import factories

pytestmark = pytest.mark.django_db


def read(content: bytes) -> list[list[object]]:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_export_reads_like_the_page_and_notes_itself():
    by = factories.user(username="audit")
    record(None, "members.import_roster", "名册", detail="300 人")
    record(factories.user(username="10001"), "members.sign_in", result="REFUSED", detail="=1")
    file = io.BytesIO()
    assert write_audit(file, events=AuditEvent.objects.all(), by=by, said="自：2026-09-01") == 2
    rows = read(file.getvalue())
    assert rows[0][0] == "操作日志（自：2026-09-01）"
    assert rows[1] == ["编号", "时间", "人员", "来源地址", "动作", "对象", "结果", "说明"]
    assert [row[2:] for row in rows[2:4]] == [
        ["10001", None, "登录", None, "被拒绝", "=1"],
        ["系统", None, "导入花名册", "名册", "成功", "300 人"],
    ]
    assert rows[4][0] == f"导出人：audit  导出时间：{timezone.localtime():%Y-%m-%d %H:%M}"
    last = AuditEvent.objects.newest_first()[0]
    assert (last.user, last.action, last.detail) == (by, "members.export_audit", "2 条，自：2026-09-01")


def test_export_of_too_many_lines_is_refused_and_writes_nothing(monkeypatch):
    monkeypatch.setattr(audit_export, "MOST", 2)
    by, file = factories.user(username="audit"), io.BytesIO()
    for _ in range(3):
        record(None, "members.sign_in")
    with pytest.raises(Refused, match="^符合条件的记录超过 2 条，请缩小时间范围或增加条件，分几次下载。$"):
        write_audit(file, events=AuditEvent.objects.all(), by=by)
    assert (file.getvalue(), AuditEvent.objects.filter(action="members.export_audit").count()) == (b"", 0)


def test_export_says_when_nothing_was_narrowed_down():
    write_audit(io.BytesIO(), events=AuditEvent.objects.none(), by=factories.user(username="audit"))
    assert AuditEvent.objects.get().detail == "0 条，没有筛选"
