"""What waits and until when, by role: on the home page, and in the daily mail."""

import datetime
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import tasks
from config.waiting import waiting_for
from members.models import Digest, Message, User
from scoring import months
from scoring.models import Activity, CustomItem, Month
from scoring.services.claims import return_claim
from scoring.services.deductions import answer_deduction, propose_deduction
from scoring.services.months import deadlines, policy_of
from tests.factories import appointment
from tests.harness.smtp import mail_is_on
from tests.scoring.claiming import Claiming, claiming

DAY = datetime.timedelta(days=1)
WAITS = 3 * DAY


def everything() -> Claiming:
    """Of everything that can wait for somebody, one."""
    made, today = claiming(), timezone.localdate()
    people = made.cast
    made.claim()
    return_claim(made.claim(), by=people.group_leader, reason="请补照片")
    deed = made.deed("减-1", "1次", reason="九月主题党日无故缺席")
    for who in (people.member, people.colleague):
        propose_deduction(made.account(who), deed, by=people.commissioner, key=uuid.uuid4(), answer_days=2)
    answered = made.account(people.colleague).claims.get(kind="DEDUCTION")
    answer_deduction(answered, by=people.colleague, answer="已请假。")
    for group in (None, people.group):
        kind = "GROUP_MEETING" if group else "THEME_DAY"
        Activity.objects.create(
            unit=people.branch,
            group=group,
            kind=kind,
            title=f"学习{kind}",
            planned_on=today - DAY,
            by=people.secretary,
        )
    fields = {"section": made.item("加-1").section, "unit": people.branch, "content": {}, "from_month": 202610}
    CustomItem.objects.create(**fields, proposed_by=people.secretary, proposed_at=timezone.now())
    last = months.shift(months.month_of(today), -1)
    states = ("SUBMITTED", "CHECKED", "OPEN")
    for ago, state in enumerate(states, start=1):
        Month.objects.create(
            unit=people.branch, month=months.shift(last, -ago), state=state, submitted_by=people.secretary,
            return_reason="缺依据" if state == "OPEN" else "",
        )  # fmt: skip
    Message.objects.all().delete()
    Message.objects.create(user=people.auditor, text="请查看")
    return made


def lines(who: User) -> list[tuple[str, int, datetime.date | None]]:
    fresh = User.objects.get(pk=who.pk)
    return [(todo.title, todo.count, todo.due) for todo in waiting_for(fresh, timezone.localdate())]


def test_each_role_sees_what_waits_and_until_when(db):
    made, today = everything(), timezone.localdate()
    last = months.shift(months.month_of(today), -1)
    limits = [deadlines(policy_of(made.cast.branch), months.shift(last, -ago)) for ago in range(4)]
    name = [months.label(months.shift(last, -ago)) for ago in range(4)]
    claim = ("待办理的申报", 1, today + WAITS)
    meeting, theme_day = ((f"记录“学习{kind}”的到会情况", 1, today - DAY) for kind in ("GROUP_MEETING", "THEME_DAY"))
    entry = [
        (f"录入检修部党支部 {name[0]}积分", 1, limits[0].submit_by),
        (f"更正被退回的{name[3]}", 1, limits[3].submit_by),
    ]
    check = (f"审核检修部党支部 {name[1]}", 1, limits[1].check_by)
    close = (f"{name[2]}待结账", 1, limits[2].close_by)
    custom = ("审定“申报办法”的自定义条款", 1, today + WAITS)
    expected = {
        "member": [("可以说明的扣分提议“无故缺席”", 1, today + 2 * DAY), ("补正被退回的申报“志愿服务”", 1, None)],
        "group_leader": [claim, meeting],
        "secretary": [*entry, ("待决定的扣分提议", 1, today + WAITS), meeting, theme_day],
        "deputy": [*entry, check, meeting, theme_day],
        "commissioner": [*entry, check, meeting, theme_day],
        "committee_member": [close, custom],
        "business_admin": [custom, ("党支部尚未任命书记", 2, None)],
        "auditor": [("未读消息", 1, None)],
    }
    for role, who in made.cast.by_role().items():
        found = [line for line in lines(who) if not line[0].startswith("首次设置")]
        assert sorted(found, key=str) == sorted(expected.get(role, []), key=str), role


def test_most_urgent_comes_first_and_overdue_is_marked(db):
    made = everything()
    days = [due for _title, _count, due in lines(made.cast.secretary)]
    assert days == sorted(days)
    client = Client()
    client.force_login(made.cast.secretary)
    page = client.get(reverse("home-todo"))
    overdue = [todo for todo in page.context["waiting"] if todo.due < timezone.localdate()]
    assert page.content.decode().count("已逾期") == len(overdue) > 0


@pytest.mark.parametrize("role", ["secretary", "deputy", "group_leader", "committee_member", "business_admin"])
def test_home_stays_within_twelve_queries_whatever_waits(db, queries, role):
    made = everything()
    who, asked = made.cast.by_role()[role], []
    client = Client()
    client.force_login(who)
    client.get(reverse("home-todo"))
    for _round in range(2):
        with queries() as found:
            client.get(reverse("home-todo"))
        asked.append(len(found))
        for _number in range(2):
            made.claim()
    assert asked[0] == asked[1] <= 12


# --- the daily mail -------------------------------------------------------------------------------
def test_task_mails_what_waits_once(db, settings):
    made = everything()
    User.objects.filter(pk=made.cast.member.pk).update(email="wang@example.cn")
    with mail_is_on(settings) as server:
        for _time in range(2):
            tasks.send_digests()
    (letter,) = server.letters
    day = timezone.localdate() + 2 * DAY
    found = [line for line in letter.get_content().splitlines() if line.startswith("·")]
    assert found == [f"· 可以说明的扣分提议（1），{day.month} 月 {day.day} 日 前", "· 补正被退回的申报（1）"]
    assert [digest.state for digest in Digest.objects.all()] == ["SENT"]


def test_mail_names_no_person_claim_activity_and_points(db, settings):
    made = everything()
    appointment(made.cast.secretary.member, made.cast.committee, "PARTY_WORKER")
    User.objects.filter(pk=made.cast.secretary.pk).update(email="chen@example.cn")
    with mail_is_on(settings) as server:
        tasks.send_digests()
    (letter,) = server.letters
    named = [
        "检修部",
        "学习",
        "志愿服务",
        "无故缺席",
        "申报办法",
        "分，",
        made.cast.member.member.name,
    ]
    assert [words for words in named if words in letter.get_content()] == []
