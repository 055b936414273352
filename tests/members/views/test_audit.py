"""The log for the auditor: found by person, object and sentence, narrowed down, paged by key, downloaded."""

import datetime
import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from members import paging
from members.models import AuditEvent, Member, OrgUnit
from members.paging import LogPage, Place, log_page
from members.services import audit_export
from members.services.audit import record
from members.views import audit
from tests import factories
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST, EXPORT = reverse("members:audit-list"), reverse("members:audit-export")
NOON = datetime.datetime(2026, 9, 15, 4, tzinfo=datetime.UTC)


@pytest.fixture
def auditor(client):
    person = factories.user(username="audit", duty="AUDIT")
    client.force_login(person)
    return person


def listed(client, query: str = "") -> list[tuple[str, str]]:
    return [(line["event"].actor, line["action"]) for line in client.get(LIST + query).context["lines"]]


def told(client, **query: object) -> list[str]:
    return [line["event"].detail for line in client.get(LIST, query).context["lines"]]


def lines(*moments: datetime.datetime) -> list[AuditEvent]:
    """Lines of these moments, in this order; their numbers are their sentences."""
    rows = [
        AuditEvent(actor="系统", action="members.sign_in", detail=str(number))
        for number, _at in enumerate(moments, start=1)
    ]
    field = AuditEvent._meta.get_field("at")
    field.auto_now_add = False
    try:
        for row, at in zip(rows, moments, strict=True):
            row.at = at
        return AuditEvent.objects.bulk_create(rows)
    finally:
        field.auto_now_add = True


# --- filters -------------------------------------------------------------------------------------
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
    assert len(listed(client, "?since=gestern&action=no&unit=x&page=x&before=x")) == 4


def _case_world() -> None:
    home = factories.branch(name="检修部党支部")
    member = factories.member(home, name="王建国", staff_number="20001", pinyin="wang jian guo", initials="wjg")
    worker = factories.user(member)
    record(worker, "scoring.save_claim", "申报 志愿服务", detail="甲")
    record(None, "scoring.month_closed", "支部月份 检修部党支部 2026 年 9 月", detail="乙")
    record(None, "scoring.export_ledger", "组织 机关党支部", detail="丙 三百行")
    record(None, "scoring.export_ledger", "组织 机关党支部", detail="丁", result="REFUSED")
    record(None, "scoring.download_evidence", "佐证材料 100%_证明.pdf", detail="戊")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "王建国"}, ["甲"]),
        ({"q": "20001"}, ["甲"]),
        ({"q": "wang jian"}, ["甲"]),
        ({"q": "志愿"}, ["甲"]),
        ({"q": "三百行"}, ["丙 三百行"]),
        ({"q": "100%_"}, ["戊"]),
        ({"q": "%"}, ["戊"]),
        ({"q": "'; DROP"}, []),
        ({"result": "FILE"}, ["戊", "丙 三百行"]),
        ({"result": "REFUSED"}, ["丁"]),
        ({"unit": "检修部党支部"}, ["乙", "甲"]),
        ({"unit": "机关党支部"}, ["丁", "丙 三百行"]),
        ({"unit": "检修部党支部", "action": "scoring.save_claim"}, ["甲"]),
        ({"action": "scoring.export_ledger", "result": "DONE"}, ["丙 三百行"]),
    ],
)
def test_log_is_found_by_who_what_sentence_unit_and_result(client, auditor, query, found):
    _case_world()
    factories.branch(name="机关党支部")
    if "unit" in query:
        query = query | {"unit": OrgUnit.objects.get(name=query["unit"]).pk}
    assert told(client, **query) == found


def test_unit_finds_what_its_people_did_before_they_left(client, auditor):
    home, away = factories.branch(name="甲支部"), factories.branch(name="乙支部")
    member = factories.member(name="王建国")
    factories.membership(member, home, ended_on=datetime.date(2026, 3, 1), ending="TRANSFER")
    factories.membership(member, away, started_on=datetime.date(2026, 3, 1))
    record(factories.user(member), "members.sign_in", detail="甲")
    factories.appointment(Member.objects.get(), home.parent, "COMMITTEE_MEMBER")
    found = {unit.name: told(client, unit=unit.pk) for unit in (home, away, home.parent, away.parent)}
    assert found == {"甲支部": ["甲"], "乙支部": ["甲"], home.parent.name: ["甲"], away.parent.name: ["甲"]}


def test_days_begin_at_midnight_of_the_local_calendar(client, auditor):
    hour = datetime.timedelta(hours=1)
    midnight = datetime.datetime(2026, 9, 14, 16, tzinfo=datetime.UTC)
    lines(midnight - hour, midnight, midnight + 23 * hour, midnight + 24 * hour)
    assert told(client, since="2026-09-15", until="2026-09-15") == ["3", "2"]


def test_list_tells_apart_what_was_done_refused_and_taken_out(client, auditor):
    for action, result in (("export_ledger", "DONE"), ("export_ledger", "REFUSED"), ("enter_month", "DONE")):
        record(None, f"scoring.{action}", result=result)
    page = client.get(LIST, {"q": "系统"}).content.decode()
    assert [page.count(f'<span class="tag {tag}">') for tag in ("ok", "error", "info")] == [1, 1, 1]


# --- pages ---------------------------------------------------------------------------------------
def walk(narrow: Callable | None = None, size: int = 2) -> list[LogPage]:
    pages, after = [], None
    while not pages or after:
        page = log_page(AuditEvent.objects.all(), narrow, after=after, size=size)
        pages.append(page)
        after = Place.read(str(page.older)) if page.older else None
    return pages


def numbers(pages: list[LogPage]) -> list[list[str]]:
    return [[event.detail for event in page.events] for page in pages]


def test_pages_go_on_by_key_also_among_lines_of_one_moment():
    lines(NOON, NOON, NOON, NOON, NOON + datetime.timedelta(microseconds=1))
    pages = walk()
    assert numbers(pages) == [["5", "4"], ["3", "2"], ["1"]]
    assert [page.looked_to for page in pages] == [None, None, None]


def test_page_stays_what_it_was_when_lines_are_added(client, auditor, monkeypatch):
    monkeypatch.setattr(audit, "PAGE", 2)
    lines(*(NOON + datetime.timedelta(minutes=minute) for minute in range(6)))
    first = client.get(LIST, {"until": "2026-09-15"}).context["page"]
    lines(NOON + datetime.timedelta(minutes=9))
    assert told(client, until="2026-09-15", before=str(first.older)) == ["4", "3"]


def test_search_looks_through_so_many_lines_and_says_how_far(monkeypatch):
    monkeypatch.setattr(paging, "LOOK", 3)
    made = lines(*(NOON + datetime.timedelta(minutes=minute) for minute in range(7)))
    pages = walk(lambda events: events.filter(detail__in=["4", "1"]))
    # The line where the search stops is looked through as well.
    assert numbers(pages) == [["4"], ["1"]]
    assert [page.looked_to for page in pages] == [made[3].at, None]


def test_search_parts_no_lines_of_one_moment(monkeypatch):
    monkeypatch.setattr(paging, "LOOK", 2)
    lines(NOON, NOON, NOON, NOON, NOON + datetime.timedelta(minutes=1))
    assert numbers(walk(lambda events: events.exclude(detail="3"), size=9)) == [["5", "4", "2", "1"], []]


def test_page_offers_older_lines_and_the_way_back(client, auditor, monkeypatch):
    monkeypatch.setattr(audit, "PAGE", 2)
    lines(*(NOON + datetime.timedelta(minutes=minute) for minute in range(3)))
    first = client.get(LIST, {"until": "2026-09-15"})
    older = f"?until=2026-09-15&amp;before={first.context['page'].older}"
    assert (older in first.content.decode(), "回到最新" in first.content.decode()) == (True, False)
    last = client.get(LIST, {"until": "2026-09-15", "before": str(first.context["page"].older)}).content.decode()
    assert ("没有更早的记录了" in last, "回到最新" in last) == (True, True)


@pytest.mark.parametrize("text", ["", "1", "-", "1-", "x-1", "1-x", "9" * 18 + "-1", "1-" + "9" * 19, "١-١", "-1-1"])
def test_place_that_is_none_is_ignored(text):
    assert Place.read(text) in (None, Place.read("1-1"))


def test_list_asks_the_same_number_of_queries_for_one_and_for_three_lines(client, auditor, queries):
    query = f"?q=系统&unit={factories.branch().pk}&action=members.sign_in&result=DONE&since=2026-01-01"
    for address in (LIST, LIST + query):
        one = queries_of(client, queries, address)
        for _ in range(2):
            record(None, "members.sign_in")
        three = queries_of(client, queries, address)
        assert (one == three, three <= 12) == (True, True)


@pytest.mark.parametrize(
    "rows",
    [
        lambda events: events,
        lambda events: events.before(NOON, 7),
        lambda events: events.between(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)).search("没有"),
    ],
)
def test_log_is_read_in_the_order_of_its_index(rows):
    """Neither sorted nor skipped over, however long it is."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # In a small table it would rather read everything.
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = rows(AuditEvent.objects.all()).newest_first()[:101].explain()
    assert re.search(r"(Backward using|USING INDEX) members_auditevent_at_", plan), plan
    assert "TEMP B-TREE" not in plan


# --- export --------------------------------------------------------------------------------------
def test_export_writes_the_same_lines_and_leaves_one_of_its_own(client, auditor):
    record(None, "members.import_roster", detail="=1+1")
    answer = client.get(EXPORT, {"action": "members.import_roster"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "操作日志（动作：导入花名册）"
    assert [row[2:] for row in rows[2:-1]] == [["系统", None, "导入花名册", None, "成功", "=1+1"]]
    assert rows[-1][0].startswith("导出人：audit")
    event = AuditEvent.objects.newest_first()[0]
    assert (event.action, event.detail) == ("members.export_audit", "1 条，动作：导入花名册")


def test_export_of_too_much_says_so_and_is_noted(client, auditor, monkeypatch):
    monkeypatch.setattr(audit_export, "MOST", 2)
    for _ in range(3):
        record(None, "members.sign_in")
    page = client.get(EXPORT, {"q": "系统"}, follow=True)
    sentence = "符合条件的记录超过 2 条，请缩小时间范围或增加条件，分几次下载。"
    assert [str(message) for message in page.context["messages"]] == [sentence]
    assert page.redirect_chain == [(f"{LIST}?q=%E7%B3%BB%E7%BB%9F", 302)]
    event = AuditEvent.objects.newest_first()[0]
    assert (event.user, event.action, event.result, event.detail) == (
        auditor, "members.export_audit", "REFUSED", sentence,
    )  # fmt: skip
