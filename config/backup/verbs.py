"""Back up and restore, each all or nothing."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext as _

from config.backup import archive, postgresql, sqlite
from config.backup.archive import Manifest
from config.backup.facts import disagreements, unknown_migrations
from members.errors import Refused
from members.models import Member, User
from members.personal import key_fingerprint
from scoring.models import LedgerEntry

# An installation with a row in any of these is in use.
_OCCUPIED_BY = (Member, User, LedgerEntry)


@dataclass(frozen=True)
class Summary:
    tables: int
    rows: int
    files: int
    seals: int

    @classmethod
    def of(cls, manifest: Manifest) -> Summary:
        facts = manifest.facts
        return cls(len(facts.rows), sum(facts.rows.values()), len(manifest.files), len(facts.seals))


def back_up(path: Path) -> Summary:
    """Write the whole installation to `path`, and prove by restoring it that it can be restored.

    Consistent while people work. `path` appears only when everything agrees; Refused otherwise.
    """
    if path.exists():
        raise Refused(_("备份文件 %s 已存在，请换一个文件名。") % path)
    if not path.parent.is_dir():
        raise Refused(_("目录 %s 不存在，请先建立。") % path.parent)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as name:
        work = Path(name)
        draft = work / "archive"
        facts = _engine().snapshot(work / archive.DATABASE)
        # Files are read after the snapshot: they are only ever added, so every row finds its own.
        parts = {archive.DATABASE: work / archive.DATABASE} | archive.uploaded_files(_files())
        about = {"engine": connections["default"].vendor, "made_at": timezone.now().isoformat()}
        manifest = archive.write(draft, parts, facts=facts, key_fingerprint=key_fingerprint(), **about)
        _prove(draft, work / "unpacked")
        os.replace(draft, path)
    return Summary.of(manifest)


def restore(path: Path) -> Summary:
    """Fill this empty installation from `path`; Refused, with nothing changed, when anything is wrong."""
    _refuse_occupied()
    with (
        archive.opened(path) as (opened, manifest),
        tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.VAR_DIR) as name,
    ):
        _refuse_foreign(manifest)
        unpacked = Path(name)
        archive.extract(opened, manifest, unpacked)
        _refuse_disagreements(manifest, unpacked)
        placed = archive.place_files(unpacked, manifest, _files())
        try:
            _engine().load(unpacked / archive.DATABASE)
        except Exception:
            for file in placed:
                file.unlink()
            raise
    problems = disagreements(manifest.facts, "default")
    if problems:
        raise Refused(_("恢复后的核对没有通过，请勿使用这个库：%s") % " ".join(problems))
    return Summary.of(manifest)


def _engine() -> ModuleType:
    return {"sqlite": sqlite, "postgresql": postgresql}[connections["default"].vendor]


def _files() -> Path:
    return Path(settings.VAR_DIR) / "files"


def _prove(draft: Path, unpacked: Path) -> None:
    """Read the finished file back from the disk and restore it into a scratch place."""
    with archive.opened(draft) as (opened, manifest):
        archive.extract(opened, manifest, unpacked)
        _refuse_disagreements(manifest, unpacked)


def _refuse_disagreements(manifest: Manifest, unpacked: Path) -> None:
    with _engine().scratch(unpacked / archive.DATABASE) as scratch:
        problems = disagreements(manifest.facts, scratch)
    if problems:
        raise Refused(_("备份在临时库中的核对没有通过：%s") % " ".join(problems))


def _refuse_occupied() -> None:
    tables = connections["default"].introspection.table_names()
    for model in _OCCUPIED_BY:
        if model._meta.db_table in tables and model._default_manager.exists():
            raise Refused(
                _("目标库不是空的：%s中已有记录。请恢复到新建的空库，不要覆盖正在使用的数据。")
                % model._meta.verbose_name
            )
    if archive.uploaded_files(_files()):
        raise Refused(_("文件目录 %s 不是空的。请先把它移走，再恢复。") % _files())


def _refuse_foreign(manifest: Manifest) -> None:
    """Another engine, another key, a newer program, a target with other tables: each its own sentence."""
    engine = connections["default"].vendor
    if manifest.engine != engine:
        raise Refused(
            _("备份来自 %(backup)s，当前数据库是 %(here)s。请把 DATABASE_URL 指向同一种数据库的空库。")
            % {"backup": manifest.engine, "here": engine}
        )
    if manifest.key_fingerprint != key_fingerprint():
        raise Refused(
            _(
                "FIELD_KEY 不是备份时所用的密钥（备份 %(backup)s，当前 %(here)s），身份证号将无法解密。"
                "请先恢复原来的密钥。"
            )
            % {"backup": manifest.key_fingerprint, "here": key_fingerprint()}
        )
    unknown = unknown_migrations(manifest.facts)
    if unknown:
        raise Refused(_("备份来自更新的版本（多出迁移 %s），请先升级程序再恢复。") % "、".join(unknown))
    extra = sorted(set(connections["default"].introspection.table_names()) - manifest.facts.rows.keys())
    if extra:
        raise Refused(
            _("目标库有备份中没有的数据表 %s。请恢复到没有运行过 migrate 的空库，恢复后再运行 migrate。")
            % "、".join(extra)
        )
