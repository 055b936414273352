"""Documents that only show something: a PDF, docx or xlsx that acts, hides or was made to confuse is refused.

They are kept as they came and opened later on somebody's desk. What is looked for is named by the formats themselves
(ISO 32000-1 for PDF, ECMA-376 for the packages of Office); nothing is drawn and nothing is unpacked to disk.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from django.utils.translation import gettext as _

from members.errors import Refused

# Unpacked, in bytes: a document that says more is none that anybody reads.
MOST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 5_000
# A reader of PDF accepts so much behind the end mark.
_TAIL = 1024
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_ACTS = re.compile(
    rb"/(JavaScript|Launch|SubmitForm|ImportData|RichMedia|XFA|EmbeddedFiles?|Encrypt)(?=[\x00\s()<>\[\]{}/%]|\Z)"
)
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
# The end of the directory, without a comment; and with the one of big packages before it.
_END_SIZES = (22, 22 + 76)
_KINDS = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx"}
_BROKEN_ZIP = (
    zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError, EOFError, OverflowError, struct.error,
    zlib.error,
)  # fmt: skip


# --- PDF -----------------------------------------------------------------------------------------
def require_plain_pdf(body: bytes) -> None:
    """Raise Refused, with what to do instead, for a PDF that is not whole, acts, hides files or needs a password."""
    end = body.rfind(b"%%EOF")
    if end < 0 or len(body) - end > _TAIL:
        raise Refused(_("PDF 不完整，请重新导出或重新发送后再上传。"))
    tail = body[end:]
    # A second file before or behind it: what is shown as a PDF here would be something else there.
    if not body[:16].lstrip(b"\xef\xbb\xbf\x00\t\n\f\r ").startswith(b"%PDF-") or b"<" in tail or b"PK" in tail:
        raise Refused(_("PDF 里夹带了其他内容，请用“打印为 PDF”重新生成再上传。"))
    for text in (body, *_object_streams(body)):
        found = _ACTS.search(_plain_names(text))
        if found:
            _refuse_pdf(found[1].decode())


def _refuse_pdf(name: str) -> None:
    if name == "Encrypt":
        raise Refused(_("PDF 有密码保护，请取消密码或用“打印为 PDF”重新生成再上传。"))
    if name.startswith("EmbeddedFile"):
        raise Refused(_("PDF 里附有别的文件，请用“打印为 PDF”重新生成，附件另行上传。"))
    raise Refused(_("PDF 含有脚本或会自动执行的操作，请用“打印为 PDF”重新生成再上传。"))


def _plain_names(text: bytes) -> bytes:
    """Names may be spelled with escapes, as /Java#53cript."""
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text)


def _object_streams(body: bytes) -> list[bytes]:
    """The packed streams that hold objects, unpacked. Raise Refused for one that cannot be read."""
    found, left = [], MOST_UNPACKED
    for start in _STREAM.finditer(body):
        head = _plain_names(body[max(body.rfind(b"obj", 0, start.start()), 0) : start.start()])
        if b"/ObjStm" not in head:
            continue
        try:
            unpacking = zlib.decompressobj()
            found.append(unpacking.decompress(body[start.end() :], left))
        except zlib.error:
            raise Refused(_("PDF 已损坏或用了少见的格式，请用“打印为 PDF”重新生成再上传。")) from None
        left -= len(found[-1])
        if unpacking.unconsumed_tail or left <= 0:
            raise Refused(_("PDF 解开后太大，请用“打印为 PDF”重新生成，只保留有关的几页。"))
    return found


# --- docx, xlsx ----------------------------------------------------------------------------------
def office_kind(body: bytes) -> str:
    """Either docx or xlsx. Raise Refused for other packages and for one that acts or was made to confuse."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            kind = _kind(package)
            _require_plain_package(package, len(body))
    except _BROKEN_ZIP:
        raise Refused(_("文件已损坏，请用 Word、Excel 或 WPS 打开后另存再上传。")) from None
    return kind


def _kind(package: zipfile.ZipFile) -> str:
    names = set(package.namelist())
    for part, kind in _KINDS.items():
        if part in names and "[Content_Types].xml" in names:
            return kind
    raise Refused(_("压缩包不能作为佐证材料，请解压后上传其中的图片、PDF、docx 或 xlsx。"))


def _require_plain_package(package: zipfile.ZipFile, size: int) -> None:
    parts = package.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Refused(_("文件解开后太大，请只保留有关的内容，另存后再上传。"))
    # A part begins the file and the directory ends it: whatever stands outside is something else.
    end = package.start_dir + sum(_directory_size(part) for part in parts)
    if min(part.header_offset for part in parts) or size - end not in _END_SIZES:
        raise Refused(_("文件里夹带了其他内容，请用 Word、Excel 或 WPS 打开后另存再上传。"))
    for part in parts:
        name = part.filename.lower()
        if name.startswith("/") or ".." in name.split("/") or part.flag_bits & 1:
            raise zipfile.BadZipFile(name)
        if name.endswith("vbaproject.bin"):
            raise Refused(_("文件含有宏，请另存为不带宏的 docx 或 xlsx 再上传。"))
        if "/activex/" in name or ("/embeddings/" in name and name.endswith(".bin")):
            raise Refused(_("文件里嵌有程序对象，请删去后另存，或另存为 PDF 再上传。"))
        if name.endswith((".xml", ".rels")):
            _require_plain_part(name, package, part)


def _directory_size(part: zipfile.ZipInfo) -> int:
    name = part.orig_filename.encode("utf-8" if part.flag_bits & 0x800 else "cp437")
    return 46 + len(name) + len(part.extra) + len(part.comment)


def _require_plain_part(name: str, package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """No entities anywhere, no macro by another name, no template that is fetched from elsewhere."""
    with package.open(part) as opened:
        text = opened.read(64 * 1024)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise zipfile.BadZipFile(name)
    if name == "[content_types].xml" and (b"macroEnabled" in text or b"vbaProject" in text):
        raise Refused(_("文件含有宏，请另存为不带宏的 docx 或 xlsx 再上传。"))
    if b"/attachedTemplate" in text and b'TargetMode="External"' in text:
        raise Refused(_("文件引用了外部模板，请另存为 PDF 再上传。"))
