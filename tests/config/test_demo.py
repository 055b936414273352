"""The demo organisation: what its pages have to show, and that showing it changes no points."""

import pytest
from django.db.models import Count
from django.utils import timezone

from config import demo
from members.models import OrgUnit, User
from scoring.models import Activity, LedgerEntry, Month
from scoring.services.activity_checks import checks_of
from scoring.services.seals import verify_ledger
from scoring.services.turnout import turnout_of
from scoring.todo import waiting_for

pytestmark = pytest.mark.django_db


def test_demo_shows_organisation_life_and_its_points_are_those_of_the_sheets():
    assert list(demo.load())[-1] == "开通演示账号"
    # Nothing of the ledger comes from a meeting: the demo's rules leave attendance to the sheets.
    assert set(LedgerEntry.objects.values_list("source", flat=True).distinct()) == {"GRID"}
    assert verify_ledger() == []
    branch = OrgUnit.objects.get(name=demo.SHOWN_BRANCH)
    states = Month.objects.filter(unit=branch).order_by("month").values_list("month", "state")
    assert list(states) == [(month, "CLOSED") for month in demo.MONTHS]

    held = Activity.objects.filter(state="HELD")
    assert set(held.values_list("unit", flat=True)) == set(OrgUnit.objects.branches().values_list("pk", flat=True))
    assert {day.year * 100 + day.month for day in held.dates("held_on", "month")} == set(demo.MONTHS)
    assert not held.annotate(people=Count("attendances")).filter(people=0).exists()
    table = turnout_of(branch, demo.MONTHS[0] // 100)
    assert len(table.rows) > 20
    missing = [one for checks in checks_of(OrgUnit.objects.branches(), demo.MONTHS[-1]).values() for one in checks]
    assert {one.is_missing for one in missing} == {True, False}

    planned = Activity.objects.filter(unit=branch, state="PLANNED").order_by("planned_on")
    assert [one.planned_on > timezone.localdate() for one in planned] == [False, True, True]
    secretary = User.objects.get(username=demo.sign_ins()[2].username)
    assert [todo.due for todo in waiting_for(secretary, timezone.localdate()) if "到会" in todo.title] == [
        planned[0].planned_on
    ]
