"""What a database holds, in a form that can be compared after a restore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from config import guards
from scoring.models import Seal
from scoring.services.seals import verify_ledger


@dataclass(frozen=True)
class Facts:
    rows: dict[str, int]
    migrations: list[str]
    # The newest seal of each unit: unit, number, digest.
    seals: list[list[Any]]


def read_facts(using: str) -> Facts:
    """Read in one transaction of `using`, so that the figures belong together."""
    connection = connections[using]
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        rows = {table: _count(cursor, connection.ops.quote_name(table)) for table in tables}
    applied = MigrationRecorder(connection).applied_migrations()
    return Facts(rows, sorted(".".join(key) for key in applied), _newest_seals(using, tables))


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table}")
    (count,) = cursor.fetchone()
    return int(count)


def _newest_seals(using: str, tables: list[str]) -> list[list[Any]]:
    if Seal._meta.db_table not in tables:
        return []
    seals = Seal.objects.using(using).order_by("unit", "number").values_list("unit_id", "number", "digest")
    return [list(seal) for seal in {seal[0]: seal for seal in seals}.values()]


def unknown_migrations(facts: Facts) -> list[str]:
    """Migrations in the backup that this program does not have: it was made by a newer one."""
    known = {".".join(key) for key in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    ours = {config.split(".")[0] for config in known}
    return [name for name in facts.migrations if name.split(".")[0] in ours and name not in known]


def disagreements(expected: Facts, using: str) -> list[str]:
    """Sentences naming what a restored database lacks or has otherwise; empty when it is the same."""
    found = read_facts(using)
    problems = [
        _("数据表 %(table)s 应有 %(expected)s 行，实有 %(found)s 行。")
        % {"table": table, "expected": expected.rows.get(table, 0), "found": found.rows.get(table, 0)}
        for table in sorted(expected.rows.keys() | found.rows.keys())
        if expected.rows.get(table) != found.rows.get(table)
    ]
    if expected.migrations != found.migrations:
        problems.append(_("数据库结构的版本（迁移记录）不一致。"))
    if expected.seals != found.seals:
        problems.append(_("各支部最新的封签不一致。"))
    unguarded = [table for table in guards.missing(connections[using]) if table in found.rows]
    if unguarded:
        problems.append(_("数据表 %s 缺少只增不改的触发器。") % "、".join(unguarded))
    if Seal._meta.db_table in found.rows and not problems:
        problems += verify_ledger(using)
    return problems
