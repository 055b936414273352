"""Vetoes that nobody moves on: who is told, when, and that it is once."""

import datetime

import pytest
from django.utils import timezone

from config.waiting import send_reminders
from evaluations.services import vetoes as services
from members.models import Message
from scoring.services.months import set_policy
from tests.evaluations.vetoing import vetoing

pytestmark = pytest.mark.django_db


def told(day_after: int) -> list[tuple[str, str]]:
    """Who is told what by the reminders of so many days from now."""
    Message.objects.all().delete()
    send_reminders(timezone.localdate() + datetime.timedelta(days=day_after))
    rows = Message.objects.select_related("user__member").order_by("user__member__name")
    lines = [(row.user.member.name, text) for row in rows for text in (row.text, *(line[0] for line in row.lines))]
    return [(name, text) for name, text in lines if "一票否决" in text]


def test_meeting_is_reminded_after_the_days_set_and_once():
    made = vetoing("支部党员大会表决")
    services.answer_veto(made.case(), by=made.cast.member, answer="甲")
    text = "1 件一票否决等党员大会表决，最久已等 %d 天"
    assert told(2) == []
    assert told(3) == [(name, text % 3) for name in ("吴海涛", "郑雪", "陈志远")]
    assert told(3) == []


def test_committee_is_reminded_of_decisions_and_appeals_but_not_who_acted_before():
    made = vetoing()
    case = services.answer_veto(made.case(by=made.second), by=made.cast.member, answer="甲")
    assert told(4) == [("冯志刚", "1 件一票否决等您决定，最久已等 4 天")]
    case = services.confirm_veto(case, by=made.cast.committee_member, decision="属实")
    services.appeal_veto(case, by=made.cast.member, appeal="过重")
    assert told(4) == [("卫国平", "1 件一票否决的申诉等您处理，最久已等 4 天")]


def test_days_until_the_reminder_are_the_committees_own():
    made = vetoing()
    set_policy(made.cast.committee, by=made.cast.business_admin, answer_days=3, remind_days=10)
    services.answer_veto(made.case(by=made.second), by=made.cast.member, answer="甲")
    assert told(9) == []
    assert len(told(10)) == 1


def test_case_in_its_answer_days_waits_for_nobody():
    made = vetoing(answer_days=5)
    made.case()
    # Five days to answer, then three until somebody is reminded.
    assert told(8) == []
    assert [name for name, _text in told(9)] == ["冯志刚", "卫国平"]
