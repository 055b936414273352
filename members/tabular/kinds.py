"""What a file is, by its content. The name proves nothing."""

from __future__ import annotations

import io
import re
import zipfile

from django.utils.translation import gettext as _

from members.errors import Refused

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_ENTRIES = 2_000
MAX_UNPACKED = 200 * 1024 * 1024
# Sheets of real units unpack to 5–20 times their size; a bomb to a thousand times.
MAX_RATIO = 150
RATIO_COUNTS_FROM = 10 * 1024 * 1024
_CHUNK = 1 << 16


def kind_of(content: bytes) -> str:
    """Return "xlsx", "xls" or "text", or raise Refused with what to do instead."""
    if not content:
        raise Refused(_("文件是空的，请重新选择要上传的表格。"))
    if content.startswith(b"PK"):
        _check_zip(content)
        return "xlsx"
    if content.startswith(OLE):
        _check_ole(content)
        return "xls"
    _check_text(content)
    return "text"


def _check_zip(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _check_weight(entries, len(content))
            _check_parts(entries)
            _check_unpacked(archive, entries)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, ValueError, NotImplementedError):
        raise Refused(_("文件不完整或已损坏，请用 Excel 或 WPS 打开、另存为 xlsx 后重新上传。")) from None
    except Exception as error:
        # zlib.error and its kin differ with the compression method; all say the same to a person.
        if isinstance(error, Refused):
            raise
        raise Refused(_("文件无法解压，请用 Excel 或 WPS 打开、另存为 xlsx 后重新上传。")) from error


def _check_weight(entries: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    is_bomb = unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * packed
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or is_bomb:
        raise Refused(
            _("文件解压后过大（%d MB），不像正常的表格。请只保留名册一张工作表、另存为新文件后上传。")
            % (unpacked // (1024 * 1024))
        )


def _check_parts(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename.lower().lstrip("/") for entry in entries]
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused(_("文件设有密码，请去掉密码后重新上传。"))
    if any(name.endswith("vbaproject.bin") for name in names):
        raise Refused(_("文件带有宏（xlsm），不能上传。请另存为不带宏的 xlsx 后再上传。"))
    if any(re.fullmatch(r"xl/workbook\d*\.xml", name) for name in names):
        return
    if "xl/workbook.bin" in names:
        raise Refused(_("文件是二进制工作簿（xlsb），请另存为 xlsx 后重新上传。"))
    if "content.xml" in names:
        raise Refused(_("文件是 ODS 表格，请另存为 xlsx 后重新上传。"))
    if any(name.startswith("word/") for name in names):
        raise Refused(_("文件是 Word 文档，请把表格复制到 Excel 中、另存为 xlsx 后上传。"))
    raise Refused(_("文件是压缩包，不是表格。请解压后上传其中的 xlsx、xls 或 csv 文件。"))


def _check_unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack everything once, in pieces: sizes in the directory may lie, contents may be torn."""
    for entry in entries:
        is_markup = entry.filename.lower().endswith((".xml", ".rels"))
        with archive.open(entry) as part:
            head = part.read(_CHUNK)
            if is_markup and (b"<!DOCTYPE" in head or b"<!ENTITY" in head):
                raise Refused(_("文件含有外部实体声明，不是正常保存的工作簿。请用 Excel 或 WPS 另存为 xlsx 后上传。"))
            if entry.filename.lower() == "[content_types].xml" and b"macroEnabled" in head:
                raise Refused(_("文件带有宏（xlsm），不能上传。请另存为不带宏的 xlsx 后再上传。"))
            while part.read(_CHUNK):
                pass


def _check_ole(content: bytes) -> None:
    """Names in the directory of a compound file are UTF-16."""

    def has(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if has("EncryptedPackage") or has("EncryptionInfo"):
        raise Refused(_("文件设有打开密码，请在 Excel 中去掉密码后重新上传。"))
    if has("_VBA_PROJECT"):
        raise Refused(_("文件带有宏，不能上传。请另存为不带宏的 xlsx 后再上传。"))
    if not (has("Workbook") or has("Book")):
        raise Refused(_("文件不是 Excel 表格。请上传 xlsx、xls 或 csv 文件。"))


def _check_text(content: bytes) -> None:
    head = content[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<style")):
        raise Refused(_("文件其实是网页（其他系统导出的 xls 常是这样）。请用 Excel 或 WPS 打开、另存为 xlsx 后上传。"))
    if head.startswith((b"%pdf", b"{\\rtf")):
        raise Refused(_("文件不是表格。请上传 xlsx、xls 或 csv 文件。"))
    has_utf16_mark = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not has_utf16_mark and re.search(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]", content):
        raise Refused(_("文件不是表格，或内容已损坏（含有不可见字符）。请上传 xlsx、xls 或 csv 文件。"))
