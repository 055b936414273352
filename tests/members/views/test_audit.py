import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import AuditEvent
from members.services.audit import record
from tests import factories
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST = reverse("members:audit-list")


@pytest.fixture
def auditor(client):
    person = factories.user(username="audit", duty="AUDIT")
    client.force_login(person)
    return person


def listed(client, query: str = "") -> list[tuple[str, str]]:
    return [(line["event"].actor, line["action"]) for line in client.get(LIST + query).context["lines"]]


def test_list_names_actions_in_chinese_and_narrows_down(client, auditor):
    worker = factories.user(factories.member(factories.branch(), name="王建国"))
    record(worker, "members.change_member", detail="姓名")
    record(worker, "members.view_audit", result="REFUSED")
    record(None, "members.import_roster")
    today = f"{timezone.localdate():%Y-%m-%d}"
    assert listed(client) == [
        ("系统", "导入花名册"),
        ("王建国", "查看操作日志"),
        ("王建国", "修改党员信息"),
        ("audit", "登录"),
    ]
    assert listed(client, "?q=wjg&action=members.change_member") == [("王建国", "修改党员信息")]
    assert listed(client, "?result=REFUSED") == [("王建国", "查看操作日志")]
    assert len(listed(client, f"?since={today}&until={today}")) == 4
    assert (listed(client, "?since=2100-01-01"), listed(client, "?until=2000-01-01")) == ([], [])
    assert len(listed(client, "?since=gestern&action=no&page=x")) == 4


def test_list_asks_the_same_number_of_queries_for_one_and_for_three_lines(client, auditor, queries):
    one = queries_of(client, queries, LIST)
    for _ in range(2):
        record(auditor, "members.sign_in")
    three = queries_of(client, queries, LIST)
    assert (one == three, three <= 12) == (True, True)


def test_export_writes_the_same_lines_and_leaves_one_of_its_own(client, auditor):
    record(None, "members.import_roster", detail="=1+1")
    answer = client.get(reverse("members:audit-export"), {"action": "members.import_roster"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
    assert [row[2:] for row in rows[:-1]] == [["系统", None, "导入花名册", None, "成功", "=1+1"]]
    assert rows[-1][0].startswith("导出人：audit")
    assert AuditEvent.objects.first().action == "members.export_audit"
