"""Published rules stay as they were published: triggers say so, on both engines.

A rule set becomes published, superseded or ended only while `gate` is open, and only
`services.rules.publish_rule_set` opens it. Sections and clauses of a rule set that is no draft are neither changed
nor added nor removed; what a unit may add of its own (自定义条款) joins and ends.
The triggers come off before every migration (SQLite reads all of them when it rebuilds a table) and return after it.
They make tampering hard, not impossible: whoever owns the database can drop a trigger.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from scoring.models import Item, RuleSet, Section

_RULES, _SECTIONS, _ITEMS = (model._meta.db_table for model in (RuleSet, Section, Item))
TABLES = [_RULES, _SECTIONS, _ITEMS]
_STATE = "积分办法只能在积分办法页面发布，未经检查的不能发布"
_FIXED = "已发布的积分办法不能修改，请另建新版本"
_FUNCTION = "scoring_gate_is_open"
_SETTING = "scoring.gate"
_here = threading.local()


# --- the gate -------------------------------------------------------------------------------
@contextmanager
def gate() -> Iterator[None]:
    """Published rules may be written in this block. An exception takes back what was written, and closes the gate."""
    with transaction.atomic():
        _turn("on")
        try:
            yield
        except BaseException:
            _here.is_open = False
            raise
        _turn("off")


def _turn(to: str) -> None:
    _here.is_open = to == "on"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Local to the transaction: a rollback takes it back.
            cursor.execute("SELECT set_config(%s, %s, true)", [_SETTING, to])


def _gate_is_open() -> int:
    return int(getattr(_here, "is_open", False))


def teach(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Every connection to SQLite knows the gate. One that does not cannot write rules at all."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(_FUNCTION, 0, _gate_is_open)


# --- what is refused ------------------------------------------------------------------------
def _is_fixed(section: str) -> str:
    """A condition: the section belongs to a rule set that is no draft."""
    return (
        f"EXISTS (SELECT 1 FROM {_SECTIONS} s JOIN {_RULES} r ON r.id = s.rule_set_id "
        f"WHERE s.id = {section} AND r.state <> 'DRAFT')"
    )


def _rules_fixed(rule_set: str) -> str:
    return f"EXISTS (SELECT 1 FROM {_RULES} r WHERE r.id = {rule_set} AND r.state <> 'DRAFT')"


def _changed(model: type[RuleSet] | type[Item], but: set[str], differs: str) -> str:
    """A condition: a column other than these has another value than before."""
    columns = [field.column for field in model._meta.concrete_fields if field.column not in but]
    return "(" + " OR ".join(f'OLD."{name}" {differs} NEW."{name}"' for name in columns) + ")"


def _taken(table: str, unique: str) -> str:
    """A condition: a row of published rules has the new row's id or unique values. REPLACE would remove it unheard."""
    fixed = {_RULES: "t.state <> 'DRAFT'", _SECTIONS: _rules_fixed("t.rule_set_id"), _ITEMS: _is_fixed("t.section_id")}
    same = " AND ".join(f't."{name}" = NEW."{name}"' for name in unique.split())
    return f"EXISTS (SELECT 1 FROM {table} t WHERE (t.id = NEW.id OR ({same})) AND {fixed[table]})"


# Table, what is done to it, when that is refused, and the sentence.
Refusal = tuple[str, str, str, str]


def _refusals(vendor: str) -> list[Refusal]:
    differs = {"sqlite": "IS NOT", "postgresql": "IS DISTINCT FROM"}[vendor]
    state = f"OLD.state <> NEW.state OR (OLD.state <> 'DRAFT' AND OLD.effective_to {differs} NEW.effective_to)"
    content = _changed(RuleSet, {"state", "effective_to", "custom_changed_at"}, differs)
    ended = _changed(Item, {"to_month"}, differs)
    fixed_item = _is_fixed("OLD.section_id")
    refusals = [
        (_RULES, "INSERT", "NEW.state <> 'DRAFT'", _STATE),
        (_RULES, "UPDATE", state, _STATE),
        (_RULES, "UPDATE", f"OLD.state <> 'DRAFT' AND {content}", _FIXED),
        (_RULES, "DELETE", "OLD.state <> 'DRAFT'", _FIXED),
        (_SECTIONS, "INSERT", _rules_fixed("NEW.rule_set_id"), _FIXED),
        (_SECTIONS, "UPDATE", f"{_rules_fixed('OLD.rule_set_id')} OR {_rules_fixed('NEW.rule_set_id')}", _FIXED),
        (_SECTIONS, "DELETE", _rules_fixed("OLD.rule_set_id"), _FIXED),
        (_ITEMS, "INSERT", f"NEW.unit_id IS NULL AND {_is_fixed('NEW.section_id')}", _FIXED),
        (_ITEMS, "UPDATE", f"{fixed_item} AND (OLD.unit_id IS NULL OR {ended})", _FIXED),
        (_ITEMS, "UPDATE", f"OLD.section_id <> NEW.section_id AND {_is_fixed('NEW.section_id')}", _FIXED),
        (_ITEMS, "DELETE", fixed_item, _FIXED),
    ]
    if vendor == "sqlite":
        replaced = {_RULES: "owner_id code version", _SECTIONS: "rule_set_id code", _ITEMS: "section_id unit_id code"}
        refusals += [(table, "INSERT", _taken(table, unique), _FIXED) for table, unique in replaced.items()]
        # An id is never changed; UPDATE OR REPLACE could take the place of another row by it.
        refusals += [(table, "UPDATE", "OLD.id <> NEW.id", _FIXED) for table in TABLES]
    return refusals


def _names(vendor: str) -> list[tuple[str, Refusal]]:
    return [(f"{refusal[0]}_hold_{place}", refusal) for place, refusal in enumerate(_refusals(vendor))]


def _sqlite(name: str, refusal: Refusal) -> list[str]:
    table, act, when, sentence = refusal
    return [
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN ({when}) AND NOT {_FUNCTION}() "
        f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
    ]


def _postgresql(name: str, refusal: Refusal) -> list[str]:
    table, act, when, sentence = refusal
    row = "OLD" if act == "DELETE" else "NEW"
    # The conditions look at other tables, which only the body of a function may.
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF ({when}) AND coalesce(current_setting('{_SETTING}', true), '') <> 'on' THEN "
        f"RAISE EXCEPTION '{sentence}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$",
        f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def _truncate() -> list[str]:
    statements = [
        f"CREATE OR REPLACE FUNCTION scoring_rules_hold_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{_FIXED}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    ]
    for table in TABLES:
        statements.append(
            f"CREATE TRIGGER {table}_hold_all BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION scoring_rules_hold_all()"
        )
    return statements


# --- on and off -----------------------------------------------------------------------------
_STANDING = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
}


def _expected(vendor: str) -> dict[str, str]:
    """Trigger -> table."""
    found = {name: refusal[0] for name, refusal in _names(vendor)}
    return found | ({f"{table}_hold_all": table for table in TABLES} if vendor == "postgresql" else {})


def remove(using: str = "default") -> None:
    """Take the triggers off, for a migration."""
    database = connections[using]
    with database.cursor() as cursor:
        present = set(database.introspection.table_names(cursor))
        for name, table in _expected(database.vendor).items():
            if table in present:
                on = f" ON {table}" if database.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def install(using: str = "default") -> None:
    """Put the triggers on, if the tables stand."""
    database = connections[using]
    with database.cursor() as cursor:
        if not set(TABLES) <= set(database.introspection.table_names(cursor)):
            return
    remove(using)
    make = {"sqlite": _sqlite, "postgresql": _postgresql}[database.vendor]
    statements = [statement for name, refusal in _names(database.vendor) for statement in make(name, refusal)]
    statements += _truncate() if database.vendor == "postgresql" else []
    with database.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def missing(using: BaseDatabaseWrapper) -> list[str]:
    """Tables of the rules that lack a trigger."""
    with using.cursor() as cursor:
        cursor.execute(_STANDING[using.vendor])
        standing = {name for (name,) in cursor.fetchall()}
    return sorted({table for name, table in _expected(using.vendor).items() if name not in standing})


def require(using: str = "default") -> None:
    """Called when a server or a worker starts. Raise ImproperlyConfigured when published rules are unguarded."""
    tables = missing(connections[using])
    if tables:
        raise ImproperlyConfigured(
            f"数据表 {'、'.join(tables)} 缺少保护已发布办法的触发器，不能启动。请运行 manage.py migrate 重新装上。"
        )
