"""The night counts what is due, once, and forgets who mistyped a code."""

import datetime

import pytest
from django.utils import timezone

from config.celery import app
from evaluations.models import Poll, RollEntry, Tally, WrongCode
from evaluations.services.ballots import cast
from evaluations.tasks import count_due_polls
from tests.evaluations.campaigning import after_the_last_day, marks_of, rating

pytestmark = pytest.mark.django_db


def test_task_stands_in_the_timetable():
    assert count_due_polls.name in {one["task"] for one in app.conf.beat_schedule.values()}


def test_task_run_twice_counts_once(settings, tmp_path):
    settings.POLL_KEYS = tmp_path / "keys"
    made = rating(members=0)
    poll = made.poll()
    for entry in RollEntry.objects.filter(poll=poll).select_related("poll"):
        cast(entry, marks_of(entry))
    count_due_polls()
    assert Poll.objects.get().state == "OPEN"
    WrongCode.objects.create(address="a")
    WrongCode.objects.update(at=timezone.now() - datetime.timedelta(hours=1))
    with after_the_last_day():
        count_due_polls()
        rows = list(Tally.objects.values_list("pk", flat=True))
        count_due_polls()
    assert Poll.objects.get().state == "COUNTED"
    assert list(Tally.objects.values_list("pk", flat=True)) == rows
    assert not WrongCode.objects.exists()
