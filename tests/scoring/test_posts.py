"""What a post brings: entered when the month is submitted, nothing twice, corrected when holders change."""

import datetime
import uuid

import pytest

from members.errors import Refused
from members.models import Appointment
from scoring.models import Grant, LedgerEntry
from scoring.services import granting
from scoring.services.posting import reverse_entry
from tests.factories import appointment
from tests.scoring.granting import house

FIRST = datetime.date(2026, 9, 1)
SECRETARY, COMMISSIONER = ("陈志远", "基-3", "5.00"), ("郑雪", "基-3", "5.00")


def test_holders_of_the_first_day_get_it_with_the_submission(db):
    made = house()
    appointment(made.cast.colleague.member, made.cast.branch, "BRANCH_SECRETARY", FIRST + datetime.timedelta(days=1))
    made.submit()
    grant = Grant.objects.get()
    by = made.cast.secretary
    assert (grant.kind, grant.item, grant.reason, grant.by) == ("POST", made.item("基-3"), "任职履责", by)
    assert made.standing() == [SECRETARY, COMMISSIONER]
    assert set(grant.entries.values_list("source", "quantity")) == {("GROUP_EVENT", 1)}


def test_two_posts_bring_it_once(db):
    made = house()
    appointment(made.cast.secretary.member, made.cast.branch, "ORG_COMMISSIONER")
    made.submit()
    assert made.standing() == [SECRETARY, COMMISSIONER]


def test_again_enters_only_what_has_changed(db):
    made = house()
    made.submit()
    made.recall()
    made.submit()
    assert LedgerEntry.objects.count() == 2
    made.recall()
    Appointment.objects.filter(member=made.cast.commissioner.member).update(ended_on=FIRST)
    appointment(made.cast.member.member, made.cast.branch, "ORG_COMMISSIONER", FIRST)
    made.submit()
    assert made.standing() == [SECRETARY, ("王建国", "基-3", "5.00")]
    assert (LedgerEntry.objects.count(), Grant.objects.count()) == (4, 1)


def test_given_again_after_the_system_took_it_back(db):
    made = house()
    held = Appointment.objects.filter(member=made.cast.commissioner.member)
    for ended_on in (None, FIRST, None, FIRST, None):
        held.update(ended_on=ended_on)
        made.submit()
        made.recall()
    assert made.standing() == [SECRETARY, COMMISSIONER]
    assert LedgerEntry.objects.count() == 1 + 5


def test_what_a_person_reversed_stays_reversed_and_can_be_entered_by_hand(db):
    made = house()
    made.submit()
    entry = LedgerEntry.objects.get(account=made.account(made.cast.commissioner))
    reverse_entry(entry, by=made.cast.secretary, reason="当月未履职")
    made.recall()
    made.submit()
    assert made.standing() == [SECRETARY]
    made.recall()
    given = {"text": "1", "reason": "经查已履职", "by": made.cast.secretary}
    accounts = [made.account(made.cast.commissioner).pk]
    granting.grant_group_event(made.month(), made.item("基-3"), accounts, key=entry.key, **given)
    made.submit()
    assert made.standing() == [SECRETARY, COMMISSIONER]


def test_by_hand_it_is_not_given_a_second_time(db):
    made = house()
    made.submit()
    made.recall()
    given = {"text": "1", "reason": "任职", "by": made.cast.secretary, "key": uuid.uuid4()}
    with pytest.raises(Refused, match="陈志远本月已有基-3 任职履责的记录"):
        granting.grant_group_event(made.month(), made.item("基-3"), [made.account(made.cast.secretary).pk], **given)


def test_entered_by_hand_before_the_submission_it_is_not_added(db):
    made = house()
    given = {"text": "1", "reason": "任职", "by": made.cast.secretary, "key": uuid.uuid4()}
    granting.grant_group_event(made.month(), made.item("基-3"), [made.account(made.cast.secretary).pk], **given)
    made.submit()
    assert made.standing() == [SECRETARY, COMMISSIONER]
