"""The backup file: a zip of the manifest, the database part and the uploaded files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.utils.translation import gettext as _

from config.backup.facts import Facts
from members.errors import Refused

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "database"
FILES = "files/"
_CHUNK = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError)


@dataclass(frozen=True)
class Manifest:
    format: int
    engine: str
    made_at: str
    # Names the key of ID numbers and telephones without giving it away.
    key_fingerprint: str
    facts: Facts
    # Name of each part -> its SHA-256.
    parts: dict[str, str]

    @property
    def files(self) -> list[str]:
        return [name for name in self.parts if name.startswith(FILES)]


def write(path: Path, parts: dict[str, Path], **about: Any) -> Manifest:
    """Write a new archive that only its owner can read, and push it to the disk. Out: its manifest."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            digests = {name: _add(archive, name, source) for name, source in parts.items()}
            manifest = Manifest(format=FORMAT, parts=digests, **about)
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _add(archive: zipfile.ZipFile, name: str, source: Path) -> str:
    with source.open("rb") as content, archive.open(name, "w", force_zip64=True) as part:
        return _copy(content, part)


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        target.write(chunk)
    return digest.hexdigest()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open a backup for reading; Refused when it is not one."""
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise Refused(_("找不到备份文件 %s，请核对路径。") % path) from None
    except (zipfile.BadZipFile, OSError) as error:
        raise Refused(_("%s 不是完整的备份文件，请换一份备份。") % path) from error
    with archive:
        yield archive, _read_manifest(archive, path)


def _read_manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    try:
        fields = json.loads(archive.read(MANIFEST))
        if fields["format"] != FORMAT:
            raise Refused(_("%s 由更新的版本生成，请先升级程序再恢复。") % path)
        manifest = Manifest(**fields | {"facts": Facts(**fields["facts"])})
        listed = {MANIFEST, *manifest.parts}
    except (*_DAMAGE, KeyError, ValueError, TypeError) as error:
        raise Refused(_("%s 不是完整的备份文件，请换一份备份。") % path) from error
    if set(archive.namelist()) != listed:
        raise Refused(_("%s 的内容与其清单不符，请换一份备份。") % path)
    return manifest


def extract(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    """Unpack every part below `folder`; Refused when one is not what was put in."""
    for name, expected in manifest.parts.items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise Refused(_("备份中的文件名“%s”不合规，请换一份备份。") % name)
        target = folder / relative
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            found = _unpack(archive, name, file)
        if found != expected:
            raise Refused(_("备份中的“%s”已损坏（校验值不符），请换一份备份。") % name)


def _unpack(archive: zipfile.ZipFile, name: str, file: IO[bytes]) -> str | None:
    """The SHA-256 of what was unpacked; None where the zip itself is damaged."""
    try:
        with archive.open(name) as part:
            return _copy(part, file)
    except _DAMAGE:
        return None


def uploaded_files(folder: Path) -> dict[str, Path]:
    """Part name -> path of every uploaded file."""
    regular = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {FILES + path.relative_to(folder).as_posix(): path for path in regular}


def place_files(unpacked: Path, manifest: Manifest, folder: Path) -> list[Path]:
    """Move the unpacked uploads to their places in `folder`. Out: where they are now."""
    placed = []
    for name in manifest.files:
        target = folder / name.removeprefix(FILES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(unpacked / name, target)
        placed.append(target)
    return placed
