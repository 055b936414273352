"""Rows that are written once: triggers refuse to change or delete them, on both engines.

A model says `append_only = True`. The triggers are installed after every migration (SQLite rebuilds a table
on most alterations and silently drops its triggers) and looked for at every start.
They make tampering evident, not impossible: whoever owns the database can drop a trigger.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, UniqueConstraint

_MESSAGE = "只增不改：{table} 的记录不能修改或删除，请用冲正"


def _models() -> dict[str, type[Model]]:
    return {m._meta.db_table: m for m in apps.get_models() if getattr(m, "append_only", False)}


def append_only_tables() -> list[str]:
    return sorted(_models())


def _taken(table: str) -> str:
    """A condition: the new row has a unique value that another row has already."""
    model = _models()[table]
    meta = model._meta
    taken = [_equal([field.column]) for field in meta.concrete_fields if field.unique]
    for constraint in meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            names = [meta.get_field(name).column for name in constraint.fields]  # type: ignore[union-attr]
            taken.append(_equal(names) + _among(constraint, model))
    return " OR ".join(f"({condition})" for condition in taken)


def _equal(names: Iterable[str | None]) -> str:
    return " AND ".join(f'"{name}" = NEW."{name}"' for name in names)


def _among(constraint: UniqueConstraint, model: type[Model]) -> str:
    """Where only some rows must differ: both the row that stands and the new one are among them."""
    if constraint.condition is None:
        return ""
    connection = connections["default"]
    standing = constraint._get_condition_sql(model, connection.SchemaEditorClass(connection))  # type: ignore[attr-defined]
    new = re.sub(r'("\w+")', r"NEW.\1", standing)
    return f" AND ({standing}) AND ({new})"


def _sqlite(table: str) -> list[str]:
    refuse = f"SELECT RAISE(ABORT, '{_MESSAGE.format(table=table)}');"
    heads = {
        "update": f"BEFORE UPDATE ON {table}",
        "delete": f"BEFORE DELETE ON {table}",
        # INSERT OR REPLACE deletes whatever is in its way without firing the delete trigger.
        "replace": f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {_taken(table)})",
    }
    statements = []
    for name, head in heads.items():
        statements.append(f"DROP TRIGGER IF EXISTS {table}_keep_{name}")
        statements.append(f"CREATE TRIGGER {table}_keep_{name} {head} BEGIN {refuse} END")
    return statements


def _postgresql(table: str) -> list[str]:
    message = _MESSAGE.format(table=table)
    return [
        f"CREATE OR REPLACE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        f"CREATE OR REPLACE TRIGGER {table}_keep_rows BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_keep()",
        f"CREATE OR REPLACE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_keep()",
    ]


_TRIGGERS_PER_TABLE = {"sqlite": 3, "postgresql": 2}
_COUNT = {
    "sqlite": "SELECT tbl_name, count(*) FROM sqlite_master WHERE type = 'trigger' "
    "AND name LIKE '%\\_keep\\_%' ESCAPE '\\' GROUP BY 1",
    "postgresql": "SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgname LIKE '%\\_keep\\_%' GROUP BY 1",
}


def install(using: str = "default") -> None:
    """Put the triggers on every append-only table that exists."""
    connection = connections[using]
    make = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for table in append_only_tables():
            if table in present:
                for statement in make(table):
                    cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Append-only tables that lack a trigger."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT[connection.vendor])
        counts = dict(cursor.fetchall())
    full = _TRIGGERS_PER_TABLE[connection.vendor]
    return [table for table in append_only_tables() if counts.get(table, 0) < full]


def require(using: str = "default") -> None:
    """Called when a server or a worker starts. Raise ImproperlyConfigured when a table is unguarded."""
    tables = missing(connections[using])
    if tables:
        raise ImproperlyConfigured(
            f"数据表 {'、'.join(tables)} 缺少只增不改的触发器，不能启动。请运行 manage.py migrate 重新装上。"
        )
