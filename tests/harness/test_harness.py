"""The ground the other tests stand on."""

import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction

from members import append_only
from members.models import AuditEvent, OrgUnit
from tests.harness.threads import race, wait_until


def new_unit(name: str) -> OrgUnit:
    return OrgUnit.objects.create(kind=OrgUnit.Kind.PARTY_COMMITTEE, name=name, path=f"{name}.")


def unit_names() -> list[str]:
    return list(OrgUnit.objects.order_by("name").values_list("name", flat=True))


@pytest.mark.parametrize("run", [1, 2])
def test_real_db_starts_empty_every_time(real_db, run):
    assert unit_names() == []
    new_unit("committed")
    assert unit_names() == ["committed"]


def test_real_db_is_seen_by_other_threads(real_db):
    new_unit("main")
    seen = []

    def look():
        seen.extend(unit_names())
        connections.close_all()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == ["main"]


def test_real_db_keeps_the_triggers_of_append_only_tables(real_db):
    line = AuditEvent.objects.create(actor="甲", action="test")
    assert append_only.missing(connection) == []
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.filter(pk=line.pk).update(actor="乙")
    assert AuditEvent.objects.get().actor == "甲"


def test_db_rolls_back_what_a_test_wrote(db):
    assert unit_names() == []
    new_unit("gone")


def test_db_is_still_empty_after_clones(db):
    assert unit_names() == []


def test_race_runs_all_threads_and_returns_results_and_exceptions(real_db):
    def act(number):
        return new_unit("same" if number < 3 else "other").name

    def key(number):
        with transaction.atomic():
            return OrgUnit.objects.create(id=7, kind="BRANCH", name=str(number), path="7.").name

    assert sorted(race(4, act)) == ["other", "same", "same", "same"]
    outcomes = race(4, key)
    assert sorted(isinstance(outcome, DatabaseError) for outcome in outcomes) == [False, True, True, True]


def test_wait_until_fails_with_its_reason():
    with pytest.raises(AssertionError, match="the reason"):
        wait_until(lambda: False, seconds=0.1, what=lambda: "the reason")


def test_queries_counts_what_was_asked(db, queries):
    with queries() as asked:
        unit_names()
        unit_names()
    assert len(asked) == 2
