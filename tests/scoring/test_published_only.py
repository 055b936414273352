"""Published rules stay as they were published, whatever the program or the database offers."""

import re
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from config import guards
from members.errors import Refused
from scoring import published_only
from scoring.models import Item, RuleSet, Section
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set
from tests.factories import cast
from tests.scoring.factories import item, rule_set

STATE = "积分办法只能在积分办法页面发布，未经检查的不能发布"
FIXED = "已发布的积分办法不能修改，请另建新版本"
TABLES = ["scoring_ruleset", "scoring_section", "scoring_item"]
MODELS = (RuleSet, Section, Item)
postgresql = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL has TRUNCATE")
sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite has REPLACE")


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def contents():
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


def refused(act, sentence=FIXED):
    """Whatever is tried, nothing changes, and the database says what to do instead."""
    before = contents()
    with pytest.raises(DatabaseError, match=sentence), transaction.atomic():
        act()
    assert contents() == before


def save(row, **changes):
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


PUBLISHED = {"state": "PUBLISHED", "checked_digest": "0" * 64, "published_at": timezone.now()}


def bulk_update(row):
    for name, value in PUBLISHED.items():
        setattr(row, name, value)
    RuleSet.objects.bulk_update([row], list(PUBLISHED))


@pytest.mark.parametrize(
    "publish",
    [
        lambda row: RuleSet.objects.filter(pk=row.pk).update(**PUBLISHED),
        lambda row: save(row, **PUBLISHED),
        bulk_update,
        lambda row: sql(
            "UPDATE scoring_ruleset SET state = 'PUBLISHED', checked_digest = 'x', published_at = CURRENT_TIMESTAMP"
        ),
        lambda row: sql("UPDATE scoring_ruleset SET state = 'SUPERSEDED', checked_digest = 'x'"),
        lambda row: RuleSet.objects.create(
            owner=row.owner, code="other", name="甲", effective_from=202601, **PUBLISHED
        ),
        lambda row: RuleSet.objects.bulk_create(
            [RuleSet(owner=row.owner, code="other", name="甲", effective_from=202601, **PUBLISHED)]
        ),
    ],
)
def test_draft_is_published_by_nothing_but_the_service(db, publish):
    row = rule_set(cast().committee, published=False)
    refused(lambda: publish(row), STATE)


def test_service_publishes_and_supersedes(db):
    people = cast()
    first = rule_set(people.committee)
    content = preset_text("s3-short").replace("生效月份: 202601", "生效月份: 202701")
    second = publish_rule_set(load_rule_set(content, owner=people.committee, by=None), by=None)
    first.refresh_from_db()
    assert [(row.state, row.effective_from, row.effective_to) for row in (first, second)] == [
        ("SUPERSEDED", 202601, 202612),
        ("PUBLISHED", 202701, None),
    ]


def test_only_the_service_opens_the_gate():
    root = Path(__file__).resolve().parents[2]
    apps = ("members", "scoring", "evaluations", "publicity", "config", "benchmarks", "bin")
    opening = {
        str(path.relative_to(root))
        for app in apps
        for path in (root / app).rglob("*.py")
        if re.search(r"published_only\.gate\(|import gate", path.read_text())
    }
    assert opening == {"scoring/services/rules.py"}


def test_gate_is_closed_again_after_a_refused_publication(db):
    people = cast()
    rule_set(people.committee)
    again = load_rule_set(preset_text("s3-short"), owner=people.committee, by=None)
    with pytest.raises(Refused, match="已有从同一月份或更晚月份起生效的版本"):
        publish_rule_set(again, by=None)
    refused(lambda: RuleSet.objects.filter(pk=again.pk).update(**PUBLISHED), STATE)
    with pytest.raises(ValueError, match="broken"), published_only.gate():
        raise ValueError("broken")
    refused(lambda: RuleSet.objects.filter(pk=again.pk).update(**PUBLISHED), STATE)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda row: RuleSet.objects.update(name="乙"), FIXED),
        (lambda row: RuleSet.objects.update(state="DRAFT"), STATE),
        (lambda row: RuleSet.objects.update(effective_to=202612), STATE),
        (lambda row: save(row, ceiling=Decimal(1)), FIXED),
        (lambda row: sql("UPDATE scoring_ruleset SET version = 9"), FIXED),
        (lambda row: RuleSet.objects.all()._raw_delete("default"), FIXED),
        (lambda row: row.delete(), FIXED),
        (lambda row: Section.objects.update(cap=None), FIXED),
        (lambda row: save(row.sections.first(), cap=Decimal(1)), FIXED),
        (lambda row: sql("DELETE FROM scoring_section"), FIXED),
        (lambda row: Section.objects.create(rule_set=row, code="新", name="新", kind="bonus"), FIXED),
        (lambda row: Item.objects.update(cap_month=1), FIXED),
        (lambda row: save(item(row, "加-2"), name="乙"), FIXED),
        (lambda row: Item.objects.bulk_update([item(row, "加-2")], ["name"]), FIXED),
        (lambda row: sql("DELETE FROM scoring_item"), FIXED),
        (lambda row: Item.objects.create(section=row.sections.first(), code="新", name="新", pricing="fixed"), FIXED),
        (lambda row: Item.objects.all()._raw_delete("default"), FIXED),
    ],
)
def test_published_rules_are_neither_changed_nor_deleted(db, act, sentence):
    row = rule_set(cast().committee)
    refused(lambda: act(row), sentence)


def test_nothing_moves_from_a_draft_into_published_rules(db):
    people = cast()
    published = rule_set(people.committee)
    draft = load_rule_set(preset_text("starter"), owner=people.committee, by=None)
    section = published.sections.first()
    refused(lambda: draft.sections.update(rule_set=published))
    refused(lambda: Item.objects.filter(section__rule_set=draft).update(section=section))
    refused(lambda: Item.objects.filter(section__rule_set=published).update(section=draft.sections.first()))


def test_draft_is_changed_freely(db):
    row = rule_set(cast().committee, published=False)
    RuleSet.objects.update(name="乙")
    Section.objects.update(cap=None)
    Item.objects.update(cap_month=1)
    Section.objects.create(rule_set=row, code="新", name="新", kind="bonus", position=9)
    row.delete()
    assert contents() == [[], [], []]


def test_item_of_a_unit_joins_published_rules_and_ends(db):
    people = cast()
    row = rule_set(people.committee)
    own = Item.objects.create(
        section=row.sections.first(), code="自-1", name="自定义", pricing="fixed", pricing_table={"points": "1"},
        unit=people.branch, from_month=202609,
    )  # fmt: skip
    Item.objects.filter(pk=own.pk).update(to_month=202612)
    RuleSet.objects.filter(pk=row.pk).update(custom_changed_at=timezone.now())
    own.refresh_from_db()
    assert own.to_month == 202612
    refused(lambda: Item.objects.filter(pk=own.pk).update(from_month=202601))
    refused(lambda: Item.objects.filter(pk=own.pk).update(unit=None))
    refused(own.delete)


@sqlite
def test_rows_are_not_replaced(db):
    people = cast()
    published = rule_set(people.committee)
    draft = load_rule_set(preset_text("starter"), owner=people.committee, by=None)
    for table, model in zip(TABLES, MODELS, strict=True):
        columns = ", ".join(field.column for field in model._meta.fields)
        for verb in ("INSERT OR REPLACE", "REPLACE"):
            statement = f"{verb} INTO {table} ({columns}) SELECT {columns} FROM {table} LIMIT 1"
            refused(lambda statement=statement: sql(statement), f"{STATE}|{FIXED}")
    taken = published.sections.first().pk
    mine = draft.sections.first().pk
    refused(lambda: sql("UPDATE OR REPLACE scoring_section SET id = %s WHERE id = %s", taken, mine))


@sqlite
def test_connection_that_does_not_know_the_gate_writes_no_rules(real_db):
    rule_set(cast().committee)
    with (
        sqlite3.connect(connection.settings_dict["NAME"]) as other,
        pytest.raises(sqlite3.OperationalError, match="scoring_gate_is_open"),
    ):
        other.execute("UPDATE scoring_item SET cap_month = 1")
    other.close()


@postgresql
@pytest.mark.parametrize("table", TABLES)
def test_tables_are_not_truncated(real_db, table):
    rule_set(cast().committee)
    refused(lambda: sql(f"TRUNCATE {table} CASCADE"), "已发布的积分办法不能修改|只增不改")


# --- the triggers themselves ----------------------------------------------------------------
def drop_a_trigger():
    on = " ON scoring_item" if connection.vendor == "postgresql" else ""
    sql(f"DROP TRIGGER scoring_item_hold_7{on}")


def test_start_is_refused_while_a_trigger_is_missing(real_db):
    guards.require()
    drop_a_trigger()
    assert guards.missing(connection) == ["scoring_item"]
    with pytest.raises(ImproperlyConfigured, match="scoring_item 缺少保护已发布办法的触发器"):
        guards.require()
    call_command("migrate", verbosity=0)
    assert guards.missing(connection) == []


@pytest.mark.parametrize("model", MODELS)
def test_tables_can_be_altered_by_a_migration_and_are_guarded_after_it(real_db, model):
    published_only.remove()
    name = "code"
    old = model._meta.get_field(name)
    new = models.CharField(max_length=60)
    new.set_attributes_from_name(name)
    new.model = model
    with connection.schema_editor() as editor:
        editor.alter_field(model, old, new)
    assert published_only.missing(connection) == sorted(TABLES)
    call_command("migrate", verbosity=0)
    assert published_only.missing(connection) == []
