"""What an uploaded file is, by its content. Anything else is refused with what to do instead."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from members.errors import Refused

# A photographed page is still easy to read at this many pixels a side.
LONGEST_SIDE = 3000
MOST_PIXELS = 60_000_000
_OFFICE = {
    "word/document.xml": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/workbook.xml": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_PICTURES = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}
# Phones that take a second picture along write "MPO"; the first one is an ordinary JPEG.
_READ_AS = {"MPO": "JPEG"}


@dataclass(frozen=True)
class Content:
    body: bytes
    ending: str
    content_type: str


def recognise(body: bytes) -> Content:
    """A picture drawn anew, or a PDF, docx or xlsx as it is. Raise Refused for anything else."""
    if not body:
        raise Refused(_("文件是空的，请重新选择。"))
    if b"%PDF-" in body[:1024]:
        return Content(body, "pdf", "application/pdf")
    if body[:4] == b"PK\x03\x04":
        return _office(body)
    if body[:3] == b"\xff\xd8\xff" or body[:8] == b"\x89PNG\r\n\x1a\n" or (body[:4], body[8:12]) == (b"RIFF", b"WEBP"):
        return _picture(body)
    raise Refused(_("只接受图片（JPG、PNG、WEBP）、PDF、Word（docx）和 Excel（xlsx），请另存为其中一种再上传。"))


def _office(body: bytes) -> Content:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as package:
            names = set(package.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Refused(_("文件已损坏，请用 Word、Excel 或 WPS 打开后另存再上传。")) from None
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise Refused(_("文件含有宏，请另存为不带宏的 docx 或 xlsx 再上传。"))
    for part, (ending, content_type) in _OFFICE.items():
        if part in names and "[Content_Types].xml" in names:
            return Content(body, ending, content_type)
    raise Refused(_("压缩包不能作为佐证材料，请解压后上传其中的图片、PDF、docx 或 xlsx。"))


def _picture(body: bytes) -> Content:
    """Only the pixels are kept: no place, no camera, no hidden text."""
    if not _is_whole(body):
        raise Refused(_("图片不完整，请重新发送或重新拍照再上传。"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(body), formats=["JPEG", "PNG", "WEBP"]) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise Refused(_("图片的像素太多，请缩小后再上传。"))
                kind = _READ_AS.get(opened.format or "", opened.format or "")
                opened.load()
                drawn = ImageOps.exif_transpose(opened)
                drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                return Content(_encode(drawn, kind), *_PICTURES[kind])
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        raise Refused(_("图片已损坏或格式不对，请重新拍照或另存为 JPG、PNG 再上传。")) from None


def _is_whole(body: bytes) -> bool:
    """Whether the end is there. The library that makes PDFs tells Pillow to draw broken pictures in silence."""
    if body[:4] == b"RIFF":
        return len(body) >= int.from_bytes(body[4:8], "little") + 8
    return (b"\xff\xd9" if body[:2] == b"\xff\xd8" else b"IEND\xaeB`\x82") in body


def _encode(drawn: Image.Image, kind: str) -> bytes:
    bare = drawn.convert("RGB" if kind == "JPEG" or drawn.mode not in ("RGBA", "LA", "P", "PA") else "RGBA")
    bare.info = {}
    target = io.BytesIO()
    options = {"JPEG": {"quality": 85}, "WEBP": {"quality": 85}, "PNG": {}}[kind]
    bare.save(target, format=kind, **options)
    return target.getvalue()
