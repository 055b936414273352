"""SQLite: the online backup interface, in both directions. Readers and writers go on meanwhile."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from django.db import connections, transaction
from django.utils.translation import gettext as _

from config.backup.facts import Facts, read_facts
from config.backup.scratch import connected
from members.errors import Refused

_BUSY_SECONDS = 60


def snapshot(part: Path) -> Facts:
    """Copy the database into `part`. Out: the facts of exactly what was copied."""
    options = connections.settings["default"]["OPTIONS"] | {"transaction_mode": "DEFERRED"}
    # The first read fixes what this transaction sees; the copy is taken inside it and blocks no writer.
    with connected("snapshot", OPTIONS=options) as alias, transaction.atomic(using=alias):
        facts = read_facts(alias)
        with contextlib.closing(sqlite3.connect(part)) as copy:
            connections[alias].connection.backup(copy)
            # One file without companions.
            copy.execute("PRAGMA journal_mode=DELETE")
    return facts


@contextlib.contextmanager
def scratch(part: Path) -> Iterator[str]:
    """The part as a database under another alias; the part itself is left as it is."""
    copy = part.with_name(part.name + ".scratch")
    with contextlib.closing(sqlite3.connect(part)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        (verdict,) = target.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise Refused(_("备份中的数据库已损坏：%s。请换一份备份。") % verdict)
    try:
        with connected("scratch", NAME=str(copy)) as alias:
            yield alias
    finally:
        for ending in ("", "-wal", "-shm"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)


def load(part: Path) -> None:
    """Replace the (empty) default database in one transaction, also while others have it open."""
    connection = connections["default"]
    connection.close()
    with (
        contextlib.closing(sqlite3.connect(part)) as source,
        contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=_BUSY_SECONDS)) as target,
    ):
        source.backup(target)
