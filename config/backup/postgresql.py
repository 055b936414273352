"""PostgreSQL: pg_dump of an exported snapshot, pg_restore in one transaction."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import ProgrammingError, connections, transaction
from django.db.backends.postgresql.client import DatabaseClient
from django.utils.translation import gettext as _

from config.backup.facts import Facts, read_facts
from config.backup.scratch import connected
from members.errors import Refused

# Owner and rights belong to the server a database is restored on, not to the one it came from.
_WITHOUT_ROLES = ("--no-owner", "--no-privileges")


def snapshot(part: Path) -> Facts:
    """Dump the database into `part`. Out: the facts of exactly what was dumped."""
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (exported,) = cursor.fetchone()
        facts = read_facts("default")
        # pg_dump reads the same moment while this transaction stays open. The archive compresses.
        target = ("--format=custom", "--compress=0", f"--snapshot={exported}", f"--file={part}")
        _run("pg_dump", connections.settings["default"], *_WITHOUT_ROLES, *target)
    return facts


@contextlib.contextmanager
def scratch(part: Path) -> Iterator[str]:
    """The dump restored into a database of its own, which is dropped afterwards."""
    name = f"{connections.settings['default']['NAME'][:40]}_check_{secrets.token_hex(4)}"
    quoted = connections["default"].ops.quote_name(name)
    _as_creator(f"CREATE DATABASE {quoted} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        with connected("scratch", NAME=name) as alias:
            _restore(part, connections.settings[alias])
            yield alias
    finally:
        _as_creator(f"DROP DATABASE {quoted} WITH (FORCE)")


def load(part: Path) -> None:
    """Replace the tables of the (empty) default database, all or nothing."""
    connections["default"].close()
    _restore(part, connections.settings["default"], "--clean", "--if-exists")


def _restore(part: Path, settings: dict[str, Any], *options: str) -> None:
    _run("pg_restore", settings, *_WITHOUT_ROLES, "--single-transaction", *options, str(part))


def _as_creator(statement: str) -> None:
    try:
        with connections["default"]._nodb_cursor() as cursor:
            cursor.execute(statement)
    except ProgrammingError as error:
        raise Refused(
            _("数据库角色 %s 不能建立核对用的临时库。请由管理员执行 ALTER ROLE … CREATEDB 后重试。")
            % connections.settings["default"]["USER"]
        ) from error


def _programs(name: str) -> list[str]:
    """Where a client program lives, the newest version last: it reads the dumps of all older ones."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    in_path = shutil.which(name)
    newest_last = [str(path) for path in sorted(versions, key=lambda path: int(path.parts[-3]))]
    return [in_path, *newest_last] if in_path else newest_last


def _client(name: str) -> str:
    found = _programs(name)
    if not found:
        raise Refused(_("没有找到程序 %s。请安装软件包 postgresql-client 后重试。") % name)
    return found[-1]


def _run(name: str, settings: dict[str, Any], *arguments: str) -> None:
    """Run a client program on the database of `settings`. The password travels in the environment."""
    psql, environment = DatabaseClient.settings_to_cmd_args_env(settings, [])
    address = [*psql[1:-1], f"--dbname={psql[-1]}"]
    command = [_client(name), "--no-password", *address, *arguments]
    finished = subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True)
    if finished.returncode:
        said = finished.stderr.strip().splitlines() or [_("没有说明")]
        raise Refused(_("%(program)s 没有成功：%(reason)s") % {"program": name, "reason": said[0]})
