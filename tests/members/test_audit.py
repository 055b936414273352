import re
from pathlib import Path

import pytest
import rules
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction

from members import append_only
from members.audit_labels import LABELS
from members.models import AuditEvent
from members.services.audit import Origin, origin, record
from tests import factories

pytestmark = pytest.mark.django_db
TABLE = AuditEvent._meta.db_table


def line() -> AuditEvent:
    return record(factories.user(username="10001"), "members.sign_in", detail="从前")


def test_record_notes_who_when_from_where_what_and_result():
    by, member = factories.user(username="10001"), factories.member(name="王建国")
    token = origin.set(Origin("10.1.2.3"))
    record(by, "members.change_member", member, detail="姓名")
    origin.reset(token)
    event = AuditEvent.objects.get()
    assert (event.user, event.actor, event.address, event.action, event.target, event.result, event.detail) == (
        by,
        "10001",
        "10.1.2.3",
        "members.change_member",
        f"党员 王建国 #{member.pk}",
        "DONE",
        "姓名",
    )


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET detail = '' WHERE id = %s",
        f"DELETE FROM {TABLE} WHERE id = %s",
    ],
)
def test_database_refuses_to_change_or_delete_a_line(statement):
    event = line()
    with pytest.raises(DatabaseError, match="只增不改"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [event.pk])
    assert AuditEvent.objects.get().detail == "从前"


def test_database_refuses_to_replace_or_empty():
    event = line()
    statement = (
        f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE} WHERE id = {event.pk}"
        if connection.vendor == "sqlite"
        else f"TRUNCATE {TABLE}"
    )
    # PostgreSQL would not get as far as the trigger with foreign keys still to be checked.
    connection.check_constraints()
    with pytest.raises((DatabaseError, IntegrityError), match="只增不改"), transaction.atomic():
        connection.cursor().execute(statement)
    assert list(AuditEvent.objects.all()) == [event]


def test_orm_is_refused_as_well():
    event = line()
    for change in (lambda: AuditEvent.objects.update(detail=""), event.delete, lambda: event.save()):
        with pytest.raises(DatabaseError, match="只增不改"), transaction.atomic():
            change()


def test_missing_triggers_are_found_and_put_back():
    drop = {
        "sqlite": f"DROP TRIGGER {TABLE}_keep_update",
        "postgresql": f"DROP TRIGGER {TABLE}_keep_rows ON {TABLE}",
    }
    connection.cursor().execute(drop[connection.vendor])
    assert append_only.missing(connection) == [TABLE]
    append_only.install()
    assert append_only.missing(connection) == []


@pytest.mark.parametrize("app", ["members", "scoring", "evaluations", "publicity", "site"])
def test_every_permission_and_every_action_has_a_chinese_name(app):
    """A code in the log that nobody can read is a line lost."""
    called = re.compile(r"""record\(\s*[^,()]+(?:\([^()]*\))?,\s*["']([a-z_]+\.[a-z_]+)["']""")
    folders = ("members", "scoring", "evaluations", "publicity", "config")
    sources = [path for folder in folders for path in Path(settings.BASE_DIR, folder).rglob("*.py")]
    done = {code for path in sources for code in called.findall(path.read_text())}
    codes = done | set(rules.permissions.permissions)
    assert {"members.admit_member", "members.close_unit", "members.assign_duty"} <= done
    assert {code for code in codes if code.split(".")[0] == app} - set(LABELS) == set()
