"""A copy of the migrated test database, for tests that commit.

The ledger's triggers refuse the flush that Django would clean up with, so such a test writes into a copy
and the copy is thrown away.
"""

import contextlib
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection, connections

_numbers = itertools.count(1)


@contextlib.contextmanager
def cloned_database() -> Iterator[str]:
    """Point the default connection of every thread at a fresh copy; yield the copy's name."""
    # One dictionary for all threads: a connection opened anywhere reads its name from here.
    settings: dict[str, Any] = connections.settings["default"]
    pristine = settings["NAME"]
    copy, drop = {"sqlite": (_copy_file, _drop_file), "postgresql": (_copy_database, _drop_database)}[
        connection.vendor
    ]
    connection.close()
    clone = copy(pristine, next(_numbers))
    settings["NAME"] = clone
    try:
        yield clone
    finally:
        connections.close_all()
        settings["NAME"] = pristine
        drop(clone)


def database_url() -> str:
    """DATABASE_URL of the database that tests write to now, for processes a test starts."""
    given = connections.settings["default"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    sign_in = quote(given["USER"], safe="") + (":" + quote(given["PASSWORD"], safe="") if given["PASSWORD"] else "")
    return f"postgres://{sign_in}@{given['HOST']}:{given['PORT'] or 5432}/{given['NAME']}"


def _copy_file(pristine: str, number: int) -> str:
    clone = f"{pristine}.clone{number}"
    # The backup interface also carries what still stands in the write-ahead log.
    with contextlib.closing(sqlite3.connect(pristine)) as source, contextlib.closing(sqlite3.connect(clone)) as target:
        source.backup(target)
    return clone


def _drop_file(clone: str) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(clone + ending).unlink(missing_ok=True)


def _copy_database(pristine: str, number: int) -> str:
    clone = f"{pristine}_clone{number}"
    with connection._nodb_cursor() as cursor:
        # A template may have no other session; threads of an earlier test may not have ended theirs.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [pristine],
        )
        cursor.execute(f'DROP DATABASE IF EXISTS "{clone}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{clone}" TEMPLATE "{pristine}"')
    return clone


def _drop_database(clone: str) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{clone}" WITH (FORCE)')
