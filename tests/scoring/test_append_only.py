"""Ledger, seals and moves are written once: nothing the program or the database offers changes or removes a row."""

import uuid
from dataclasses import dataclass

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.utils import timezone

from members import append_only
from members.models import AuditEvent
from scoring.models import ArchivedYear, Claim, ClaimMove, DraftCell, Grant, LedgerEntry, MonthMove, Seal
from tests.scoring.world import world

TABLES = [
    "members_auditevent", "scoring_archivedyear", "scoring_claimmove", "scoring_grant",
    "scoring_ledgerentry", "scoring_monthmove", "scoring_seal",
]  # fmt: skip
MODELS = {
    "members_auditevent": AuditEvent,
    "scoring_archivedyear": ArchivedYear,
    "scoring_claimmove": ClaimMove,
    "scoring_grant": Grant,
    "scoring_ledgerentry": LedgerEntry,
    "scoring_monthmove": MonthMove,
    "scoring_seal": Seal,
}
postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL has TRUNCATE")
sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite has REPLACE and rebuilds tables")


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def contents():
    return {table: list(model.objects.order_by("pk").values()) for table, model in MODELS.items()}


def full_world():
    """A row in every table that is written once."""
    made = world(closed=True)
    clause = made.entry(made.cast.member, "加-2").item
    Grant.objects.create(
        kind="GROUP_EVENT", unit=made.cast.branch, month=202609, item=clause, reason="抢险", at=timezone.now()
    )
    ArchivedYear.objects.create(unit=made.cast.committee, year=2025, by=made.cast.committee_member)
    member = made.cast.member
    claim = Claim.objects.create(
        account=made.account(member), unit=made.cast.branch, item=clause, month=202609, happened_on="2026-09-12",
        text="1次", points=1, reason="义诊", filed_by=member,
    )  # fmt: skip
    for step in ("", "CHECK"):
        move = {"from_state": "DRAFT", "to_state": "CLAIMED", "by": member, "at": timezone.now(), "step": step}
        ClaimMove.objects.create(claim=claim, round=1, **move)


@dataclass
class Refusal:
    """Whatever is tried, nothing changes, and the database says what to do instead."""

    def __call__(self, act):
        before = contents()
        with pytest.raises(DatabaseError, match="只增不改") as refusal, transaction.atomic():
            act()
        assert contents() == before
        return str(refusal.value)


refused = Refusal()


def test_tables_that_are_written_once():
    below = [table for table in append_only.append_only_tables() if not table.startswith("evaluations_")]
    assert below == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_neither_changed_nor_deleted(db, table):
    full_world()
    # Otherwise Django itself refuses, because the cell protects its entry.
    DraftCell.objects.update(entry=None)
    model = MODELS[table]
    row = model.objects.first()
    texts = [field.name for field in model._meta.fields if isinstance(field, models.CharField) and not field.choices]
    text = texts[0] if texts else "year"
    refused(lambda: model.objects.filter(pk=row.pk).update(**{text: "7"}))
    refused(lambda: model.objects.filter(pk=row.pk).delete())
    refused(lambda: model.objects.all()._raw_delete("default"))
    refused(lambda: row.save())
    refused(lambda: row.delete())
    refused(lambda: model.objects.bulk_update([row], [text]))
    refused(lambda: sql(f"UPDATE {table} SET id = id"))
    refused(lambda: sql(f"UPDATE {table} SET {text} = '7' WHERE id = %s", row.pk))
    assert "请用冲正" in refused(lambda: sql(f"DELETE FROM {table} WHERE id = %s", row.pk))


@postgresql
@pytest.mark.parametrize("table", TABLES)
def test_tables_are_not_truncated(real_db, table):
    full_world()
    for statement in (f"TRUNCATE {table} CASCADE", f"TRUNCATE {', '.join(TABLES)} CASCADE"):
        refused(lambda statement=statement: sql(statement))


@sqlite
@pytest.mark.parametrize("table", TABLES)
def test_rows_are_not_replaced_by_their_id(db, table):
    full_world()
    columns = ", ".join(field.column for field in MODELS[table]._meta.fields)
    for verb in ("INSERT OR REPLACE", "REPLACE", "INSERT"):
        refused(lambda verb=verb: sql(f"{verb} INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT 1"))


@sqlite
@pytest.mark.parametrize(("table", "unique"), [("scoring_ledgerentry", "key"), ("scoring_seal", "unit_id, number")])
def test_rows_are_not_replaced_by_another_unique_value(db, table, unique):
    """REPLACE removes whatever stands in its way, whichever constraint it is, and fires no delete trigger."""
    world(closed=True)
    columns = [field.column for field in MODELS[table]._meta.fields if field.column != "id"]
    others = ", ".join(columns)
    refused(lambda: sql(f"INSERT OR REPLACE INTO {table} ({others}) SELECT {others} FROM {table} LIMIT 1"))
    assert set(unique.split(", ")) <= set(columns)


@sqlite
def test_reversal_is_not_replaced_by_another_reversal(db):
    world(closed=True)
    columns = [
        field.column
        for field in LedgerEntry._meta.fields
        if field.column not in ("id", "key", "source", "reverses_id")
    ]
    others = ", ".join(columns)
    first = LedgerEntry.objects.first()

    def reverse():
        sql(
            f"INSERT OR REPLACE INTO scoring_ledgerentry ({others}, key, source, reverses_id) "
            f"SELECT {others}, %s, 'REVERSAL', id FROM scoring_ledgerentry WHERE id = %s",
            uuid.uuid4().hex,
            first.pk,
        )

    reverse()
    refused(reverse)


def test_ordinary_duplicate_is_an_integrity_error(db):
    made = world(closed=True)
    row = made.entry(made.cast.member, "加-2")
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


# --- the triggers themselves ----------------------------------------------------------------
def drop_a_trigger(table):
    name = {"sqlite": f"DROP TRIGGER {table}_keep_delete", "postgresql": f"DROP TRIGGER {table}_keep_rows ON {table}"}
    sql(name[connection.vendor])


@pytest.mark.parametrize("table", TABLES)
def test_start_is_refused_while_a_trigger_is_missing(real_db, table):
    append_only.require()
    drop_a_trigger(table)
    assert append_only.missing(connection) == [table]
    with pytest.raises(
        ImproperlyConfigured,
        match=f"数据表 {table} 缺少只增不改的触发器，不能启动。请运行 manage.py migrate 重新装上。",
    ):
        append_only.require()
    call_command("migrate", verbosity=0)
    assert append_only.missing(connection) == []


@pytest.mark.parametrize("call", [{}, {"app_label": "scoring"}])
def test_every_migrate_puts_the_triggers_back(real_db, call):
    for table in TABLES:
        drop_a_trigger(table)
    call_command("migrate", verbosity=0, **call)
    assert append_only.missing(connection) == []


@postgresql
def test_disabled_trigger_counts_as_missing(real_db):
    sql("ALTER TABLE scoring_seal DISABLE TRIGGER scoring_seal_keep_rows")
    assert append_only.missing(connection) == ["scoring_seal"]


def test_triggers_survive_or_return_after_a_table_is_altered(real_db):
    """SQLite rebuilds the table for this and drops its triggers without a word."""
    old = LedgerEntry._meta.get_field("reason")
    new = models.CharField(max_length=300, blank=True)
    new.set_attributes_from_name("reason")
    new.model = LedgerEntry
    with connection.schema_editor() as editor:
        editor.alter_field(LedgerEntry, old, new)
    assert append_only.missing(connection) == ([] if connection.vendor == "postgresql" else ["scoring_ledgerentry"])
    call_command("migrate", verbosity=0)
    assert append_only.missing(connection) == []


def test_worker_does_not_start_while_a_trigger_is_missing(start_worker):
    drop_a_trigger("scoring_ledgerentry")
    with pytest.raises(AssertionError, match="scoring_ledgerentry 缺少只增不改的触发器"):
        start_worker()
