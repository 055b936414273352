"""What an uploaded file is, by its content. Anything else is refused with what to do instead."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from members.errors import Refused
from scoring.services.documents import office_kind, require_plain_pdf

# A photographed page is still easy to read at this many pixels a side.
LONGEST_SIDE = 3000
MOST_PIXELS = 60_000_000
_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_PICTURES = {"JPEG": ("jpg", "image/jpeg"), "PNG": ("png", "image/png"), "WEBP": ("webp", "image/webp")}
_FORMATS = ["JPEG", "PNG", "WEBP"]
# Phones that take a second picture along write "MPO"; the first one is an ordinary JPEG.
_READ_AS = {"MPO": "JPEG"}
# What the reading of a picture ends with that is none, or was made to confuse.
_BROKEN = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, EOFError, SyntaxError, ValueError, TypeError,
    KeyError, IndexError, OverflowError, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Content:
    body: bytes
    ending: str
    content_type: str


def recognise(body: bytes) -> Content:
    """A picture drawn anew, or a PDF, docx or xlsx as it is, when nothing in it acts. Raise Refused for all else."""
    if not body:
        raise Refused(_("文件是空的，请重新选择。"))
    if body[:3] == b"\xff\xd8\xff" or body[:8] == b"\x89PNG\r\n\x1a\n" or (body[:4], body[8:12]) == (b"RIFF", b"WEBP"):
        return _picture(body)
    if b"%PDF-" in body[:1024]:
        require_plain_pdf(body)
        return Content(body, "pdf", "application/pdf")
    if body[:4] == b"PK\x03\x04":
        kind = office_kind(body)
        return Content(body, kind, _OFFICE[kind])
    raise Refused(_("只接受图片（JPG、PNG、WEBP）、PDF、Word（docx）和 Excel（xlsx），请另存为其中一种再上传。"))


def _picture(body: bytes) -> Content:
    """Only the pixels are kept: no place, no camera, no hidden text."""
    if not _is_whole(body):
        raise Refused(_("图片不完整，请重新发送或重新拍照再上传。"))
    # The library that makes PDFs switches this on for the whole process: broken pictures would be drawn in silence.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            # Big pictures are judged below; what is odd in a head that is thrown away is nobody's concern.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(body), formats=_FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise Refused(_("图片的像素太多，请缩小后再上传。"))
                kind = _READ_AS.get(opened.format or "", opened.format or "")
                opened.load()
                drawn = ImageOps.exif_transpose(opened)
                drawn.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                return Content(_encode(drawn, kind), *_PICTURES[kind])
    except _BROKEN:
        raise Refused(_("图片已损坏或格式不对，请重新拍照或另存为 JPG、PNG 再上传。")) from None


def _is_whole(body: bytes) -> bool:
    """Whether the end is there: what was cut on the way has a sentence of its own."""
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
