"""What somebody sees who holds everything but the key: tables with hidden columns, and the bytes on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

# Physical place and version of a row: order of writing, and what was written together.
HIDDEN = {"postgresql": "ctid::text, xmin::text", "sqlite": "rowid, rowid"}


def tables() -> list[str]:
    with connection.cursor() as cursor:
        return sorted(connection.introspection.table_names(cursor))


def rows_of(table: str) -> list[dict[str, Any]]:
    """Every row with `place` and `version`, in the order in which the engine finds them."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {HIDDEN[connection.vendor]}, * FROM "{table}"')
        names = ["place", "version", *(column[0] for column in cursor.description[2:])]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def everything() -> Iterator[tuple[str, bytes]]:
    """Where, and what stands there: each table as text, and each file of the database as it lies on the disk."""
    for table in tables():
        yield table, "\n".join(str(row) for row in rows_of(table)).encode()
    yield from disk()
    for path in sorted(Path(settings.VAR_DIR).rglob("*")):
        if path.is_file() and "static" not in path.parts:
            yield str(path), path.read_bytes()


def disk() -> Iterator[tuple[str, bytes]]:
    """Old versions of rows too, which no query shows any more."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        for ending in ("", "-wal"):
            path = Path(name + ending)
            if path.exists():
                yield path.name, path.read_bytes()
        return
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        for table in tables():
            cursor.execute("SELECT pg_read_binary_file(pg_relation_filepath(%s))", [f'"{table}"'])
            yield f"{table} on disk", bytes(cursor.fetchone()[0])
        cursor.execute(
            "SELECT name FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' ORDER BY modification DESC LIMIT 3"
        )
        for (name,) in cursor.fetchall():
            cursor.execute("SELECT pg_read_binary_file('pg_wal/' || %s)", [name])
            yield name, bytes(cursor.fetchone()[0])
