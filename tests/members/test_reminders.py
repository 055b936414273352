"""提醒 as rows: each thing once for each stretch, one message for each person."""

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.models import Message, Reminder
from members.services.reminders import Summary, forget_reminders, remind
from tests.factories import user
from tests.harness.threads import race

ONE, TWO = ("1 件申报等您初核，最久已等 3 天", "/claims/1/"), ("2 份月度积分等您审核", "/months/")


def summary(*slots, lines=(ONE,)):
    return Summary(frozenset(slots), lines)


def told(person) -> list[tuple[str, str, list[list[str]]]]:
    return [(one.text, one.url, one.lines) for one in Message.objects.filter(user=person).order_by("pk")]


def test_single_thing_is_the_message_itself(db):
    person = user()
    assert remind({person.pk: summary("a")}) == 1
    assert told(person) == [(*ONE, [])]


def test_several_kinds_of_things_are_one_message_with_their_addresses(db):
    person = user()
    remind({person.pk: summary("a", "b", lines=(ONE, TWO))})
    assert told(person) == [("提醒：有 2 类事项等您办理", "", [list(ONE), list(TWO)])]


def test_nobody_is_told_twice_but_of_a_new_slot(db):
    person, other = user(), user()
    runs = [
        {person.pk: summary("a")},
        {person.pk: summary("a"), other.pk: summary("a")},
        {person.pk: summary("a", "b")},
    ]
    assert [remind(run) for run in (*runs, *runs)] == [1, 1, 1, 0, 0, 0]
    assert (len(told(person)), len(told(other))) == (2, 1)
    assert sorted(Reminder.objects.values_list("user", "slot")) == [
        (person.pk, "a"), (person.pk, "b"), (other.pk, "a"),
    ]  # fmt: skip


def test_locked_account_is_not_told(db):
    person = user(is_active=False)
    assert (remind({person.pk: summary("a")}), told(person)) == (0, [])


def test_eight_runs_at_once_tell_each_person_once(real_db):
    people = [user() for _number in range(10)]
    outcomes = race(8, lambda _number: remind({person.pk: summary("a", "b") for person in people}))
    assert sum(outcomes) == 10
    assert [len(told(person)) for person in people] == [1] * 10


def test_slot_stands_once_for_each_person(db):
    person = user()
    Reminder.objects.create(user=person, slot="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.create(user=person, slot="a")


def test_telling_takes_as_many_queries_for_one_as_for_three(db, queries):
    asked = []
    for slot, count in (("a", 1), ("b", 3)):
        people = {user().pk: summary(slot) for _number in range(count)}
        with queries() as found:
            remind(people)
        asked.append(len(found))
    assert asked[0] == asked[1] <= 7


def test_old_rows_are_dropped(db):
    person, now = user(), timezone.now()
    for slot, days in (("new", 59), ("old", 61)):
        Reminder.objects.create(user=person, slot=slot, at=now - datetime.timedelta(days=days))
    assert forget_reminders() == 1
    assert Reminder.objects.get().slot == "new"
