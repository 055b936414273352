"""Files that people, programs and attackers attach to a claim: made here, none is kept in the repository.

`python -m tests.scoring.bad_files FOLDER` writes all of them out, to be tried by hand.
"""

from __future__ import annotations

import io
import random
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

SECRET = b"<?php system($_GET['c']); ?>"
SCRIPT = b"<html><script>alert(1)</script></html>"
MAGIC = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Case:
    """A file and what becomes of it: the sentence it is refused with, or the ending it is kept under."""

    what: str
    name: str
    body: Callable[[], bytes]
    refused: str = ""
    kept: str = ""
    declared: str = "application/octet-stream"


# --- pictures ------------------------------------------------------------------------------------
def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    target = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(target, format=kind, **options)
    return target.getvalue()


def jpeg_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x8769] = "SECRET CAMERA", {}
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (46.0, 38.0, 12.0), "E", (126.0, 59.0, 3.0)
    return picture(exif=exif)


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg_with(marker: int, content: bytes) -> bytes:
    whole = picture()
    return whole[:2] + _segment(marker, content) + whole[2:]


def jpeg_cut_with_thumbnail() -> bytes:
    """Half of a photo whose little picture in the head is whole."""
    return jpeg_with(0xE1, b"Exif\0\0" + picture(size=(16, 12)))[:-400]


def jpeg_of_size(width: int, height: int) -> bytes:
    """A head that lies about the size."""
    whole = bytearray(picture())
    place = whole.index(b"\xff\xc0")
    whole[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(whole)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of_size(width: int, height: int, rows: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return MAGIC + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_bomb() -> bytes:
    """A few hundred kilobytes that would be 300 megabytes of pixels."""
    return png_of_size(10_000, 10_000, bytes(100_000_000))


def png_text_bomb() -> bytes:
    packed = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(80_000_000)))
    whole = picture("PNG")
    return whole[:33] + packed + whole[33:]


def png_with_text() -> bytes:
    hidden = PngInfo()
    hidden.add_text("Comment", SECRET.decode())
    return picture("PNG", pnginfo=hidden)


def png_damaged() -> bytes:
    whole = bytearray(picture("PNG"))
    place = whole.index(b"IDAT") + 30
    whole[place : place + 40] = bytes(40)
    return bytes(whole)


def exif_that_lies() -> bytes:
    noise = random.Random(7).randbytes(120)
    return jpeg_with(0xE1, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + noise)


# --- packages ------------------------------------------------------------------------------------
TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'


def package(parts: dict[str, bytes], comment: bytes = b"") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.comment = comment
    return target.getvalue()


def docx(more: dict[str, bytes] | None = None, comment: bytes = b"") -> bytes:
    return package({"[Content_Types].xml": TYPES, "word/document.xml": b"<w:document/>"} | (more or {}), comment)


def xlsx(more: dict[str, bytes] | None = None) -> bytes:
    return package({"[Content_Types].xml": TYPES, "xl/workbook.xml": b"<workbook/>"} | (more or {}))


def docx_with_password() -> bytes:
    """The flag of an encrypted part, in its own head and in the directory."""
    whole = bytearray(docx())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.index(mark)
        whole[at + place] |= 1
    return bytes(whole)


MACRO_TYPES = b"<Types><Override ContentType='application/vnd.ms-word.document.macroEnabled.main+xml'/></Types>"
REMOTE = (
    b'<Relationships><Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    b'attachedTemplate" Target="http://example.invalid/x.dotm" TargetMode="External"/></Relationships>'
)
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'


# --- PDF -----------------------------------------------------------------------------------------
def pdf(change: Callable[[PdfWriter], object] = lambda writer: None) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    change(writer)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def pdf_opening(kind: str, **more: object) -> bytes:
    """A PDF that does something as soon as it is opened."""

    def change(writer: PdfWriter) -> None:
        action = {NameObject("/S"): NameObject(f"/{kind}")}
        action |= {NameObject(f"/{key}"): TextStringObject(str(value)) for key, value in more.items()}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)

    return pdf(change)


def pdf_packed(content: bytes) -> bytes:
    """A PDF whose objects stand in a packed stream."""
    packed = zlib.compress(content)
    head = b"%%PDF-1.7\n9 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(
        packed
    )
    return head + packed + b"\nendstream\nendobj\nstartxref\n0\n%%EOF\n"


_ONLY, _BROKEN, _CUT = "只接受图片（JPG、PNG、WEBP）、PDF", "图片已损坏或格式不对", "图片不完整"
_BIG, _MACRO, _ZIP, _ACTS = "图片的像素太多", "文件含有宏", "压缩包不能作为佐证材料", "PDF 含有脚本或会自动执行的操作"
_EMBEDS, _FETCHES, _LARGE = "文件里嵌有程序对象", "文件引用了外部模板", "文件解开后太大"
_ATTACHES, _LOCKED = "PDF 里附有别的文件", "PDF 有密码保护"
_MIXED_PDF, _MIXED, _DAMAGED = "PDF 里夹带了其他内容", "文件里夹带了其他内容", "文件已损坏，请用 Word"

CASES = [
    # what is no proof at all
    Case("empty", "空.pdf", bytes, "文件是空的"),
    Case("text", "说明.txt", lambda: "我做了志愿服务".encode(), _ONLY),
    Case("text named jpg", "说明.jpg", lambda: b"just words", _ONLY, declared="image/jpeg"),
    Case("old Word", "总结.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), _ONLY),
    Case("picture of a phone that is not read", "照片.heic", lambda: b"\0\0\0\x18ftypheic" + bytes(64), _ONLY),
    Case("gif", "动图.gif", lambda: picture("GIF"), _ONLY, declared="image/gif"),
    Case("bmp", "截图.bmp", lambda: picture("BMP"), _ONLY),
    Case("too big", "大.pdf", lambda: b"%PDF-1.7\n" + bytes(10 * 1024 * 1024), "文件超过 10 MB"),
    # programs and pages by another name
    Case("program named jpg", "照片.jpg", lambda: b"MZ\x90\0" + bytes(300), _ONLY, declared="image/jpeg"),
    Case("program of Linux named pdf", "证明.pdf", lambda: b"\x7fELF\x02" + bytes(300), _ONLY),
    Case("svg named png", "图.png", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", _ONLY),
    Case("svg", "图.svg", lambda: b"<?xml version='1.0'?><svg><script>1</script></svg>", _ONLY, "", "image/svg+xml"),
    Case("html named jpg", "页.jpg", lambda: SCRIPT, _ONLY, declared="image/jpeg"),
    Case("php named png", "页.png", lambda: SECRET, _ONLY, declared="image/png"),
    Case("shell script named pdf", "证明.pdf", lambda: b"#!/bin/sh\nrm -rf /\n", _ONLY, declared="application/pdf"),
    Case("zip named docx", "证明.docx", lambda: package({"a.exe": b"MZ"}), _ZIP),
    Case("zip", "照片.zip", lambda: package({"a.jpg": b"x"}), _ZIP, declared="application/zip"),
    Case("apk named xlsx", "表.xlsx", lambda: package({"AndroidManifest.xml": b"x", "classes.dex": b"x"}), _ZIP),
    Case("rar", "照片.rar", lambda: b"Rar!\x1a\x07\x01\0" + bytes(40), _ONLY),
    # two things at once
    Case("gif and html", "图.gif", lambda: b"GIF89a/*" + SCRIPT + b"*/", _ONLY, declared="image/gif"),
    Case("jpg and php", "图.php.jpg", lambda: picture() + SECRET, kept="jpg"),
    Case("jpg with php in a comment", "图.jpg", lambda: jpeg_with(0xFE, SECRET), kept="jpg"),
    Case("jpg that is a PDF too", "图.jpg", lambda: jpeg_with(0xFE, b"%PDF-1.7 " + SECRET), kept="jpg"),
    Case("png with a zip behind", "图.png", lambda: picture("PNG") + package({"a.php": SECRET}), kept="png"),
    Case("png with hidden text", "图.png", png_with_text, kept="png"),
    Case("png with a chunk of its own", "图.png", lambda: picture("PNG")[:-12] + chunk(b"php ", SECRET)
         + chunk(b"IEND", b""), kept="png"),
    Case("webp with a page behind", "图.webp", lambda: picture("WEBP") + SCRIPT, kept="webp"),
    Case("script before a PDF", "图.pdf", lambda: b"/*" + pdf() + b"*/alert(1)", _MIXED_PDF),
    Case("page before a PDF", "图.pdf", lambda: SCRIPT + pdf(), _MIXED_PDF),
    Case("page behind a PDF", "图.pdf", lambda: pdf() + SCRIPT, _MIXED_PDF),
    Case("zip behind a PDF", "图.pdf", lambda: pdf() + package({"a": b"x"}), _MIXED_PDF),
    Case("long page behind a PDF", "图.pdf", lambda: pdf() + SCRIPT * 100, "PDF 不完整"),
    Case("page behind a docx", "证明.docx", lambda: docx() + SCRIPT, _MIXED),
    Case("page as the comment of a docx", "证明.docx", lambda: docx(comment=SCRIPT), _MIXED),
    Case("docx behind a zip", "证明.docx", lambda: package({"a.exe": b"MZ"}) + docx(), _MIXED),
    # half, broken, lying
    Case("half a jpg", "半.jpg", lambda: picture(size=(300, 200))[:4000], _CUT),
    Case("half a jpg with a whole little picture", "半.jpg", jpeg_cut_with_thumbnail, _BROKEN),
    Case("half a png", "半.png", lambda: picture("PNG")[:-40], _CUT),
    Case("half a webp", "半.webp", lambda: picture("WEBP")[:-9], _CUT),
    Case("half a PDF", "半.pdf", lambda: pdf()[:-30], "PDF 不完整"),
    Case("half a docx", "半.docx", lambda: docx()[:-30], _DAMAGED),
    Case("jpg without a picture", "坏.jpg", lambda: b"\xff\xd8\xff\xe0 no picture \xff\xd9", _BROKEN),
    Case("png without a picture", "坏.png", lambda: MAGIC + b"IEND\xaeB`\x82", _BROKEN),
    Case("png with rows that do not fit", "坏.png", png_damaged, _BROKEN),
    Case("png without rows", "坏.png", lambda: png_of_size(40, 30), _BROKEN),
    Case("png of no width", "坏.png", lambda: png_of_size(0, 30), _BROKEN),
    Case("exif that lies", "照片.jpg", exif_that_lies, kept="jpg"),
    # bombs
    Case("png bomb", "图.png", png_bomb, _BIG),
    Case("png with a bomb of text", "图.png", png_text_bomb, _BROKEN),
    Case("png of 2 billion a side", "图.png", lambda: png_of_size(2**31 - 1, 2**31 - 1), _BROKEN),
    Case("jpg of 65,500 a side", "图.jpg", lambda: jpeg_of_size(65_500, 65_500), _BROKEN),
    Case("jpg of 9,000 a side", "图.jpg", lambda: jpeg_of_size(9_000, 9_000), _BIG),
    Case("docx bomb", "证明.docx", lambda: docx({"word/media/a.bmp": bytes(210_000_000)}), _LARGE),
    Case("docx of 6,000 parts", "证明.docx", lambda: docx({f"word/{n}.xml": b"" for n in range(6_000)}), _LARGE),
    Case("entities that grow", "证明.docx", lambda: docx({"word/styles.xml": ENTITIES}), _DAMAGED),
    Case("PDF bomb", "证明.pdf", lambda: pdf_packed(bytes(210_000_000)), "PDF 解开后太大"),
    # documents that act
    Case("docx with macros", "证明.docx", lambda: docx({"word/vbaProject.bin": b"x"}), _MACRO),
    Case("docm named docx", "证明.docx", lambda: docx({"[Content_Types].xml": MACRO_TYPES}), _MACRO),
    Case("xlsx with macros", "表.xlsx", lambda: xlsx({"xl/vbaProject.bin": b"x"}), _MACRO),
    Case("docx with a program in it", "证明.docx", lambda: docx({"word/embeddings/oleObject1.bin": b"MZ"}), _EMBEDS),
    Case("docx with ActiveX", "证明.docx", lambda: docx({"word/activeX/activeX1.xml": b"<x/>"}), _EMBEDS),
    Case("docx with a far template", "证明.docx", lambda: docx({"word/_rels/settings.xml.rels": REMOTE}), _FETCHES),
    Case("docx with a way out of its folder", "证明.docx", lambda: docx({"../../etc/cron.d/x": b"x"}), _DAMAGED),
    Case("docx with a password", "证明.docx", docx_with_password, _DAMAGED),
    Case("PDF with a script", "证明.pdf", lambda: pdf_opening("JavaScript", JS="app.alert(1)"), _ACTS),
    Case("PDF with a script spelled oddly", "证明.pdf", lambda: pdf_opening("JavaScript", JS="1").replace(
        b"/JavaScript", b"/J#61vaScript"), _ACTS),
    Case("PDF with a packed script", "证明.pdf", lambda: pdf_packed(b"1 0 << /S /JavaScript /JS (x) >>"), _ACTS),
    Case("PDF that starts a program", "证明.pdf", lambda: pdf_opening("Launch", F="cmd.exe"), _ACTS),
    Case("PDF that sends a form", "证明.pdf", lambda: pdf_opening("SubmitForm", F="http://example.invalid"), _ACTS),
    Case("PDF with a file in it", "证明.pdf", lambda: pdf(lambda one: one.add_attachment("a.exe", b"MZ")), _ATTACHES),
    Case("PDF with a password", "证明.pdf", lambda: pdf(lambda one: one.encrypt("x", algorithm="RC4-128")), _LOCKED),
    Case("PDF packed in a strange way", "证明.pdf", lambda: pdf_packed(b"x").replace(b"x\x9c", b"\0\0"), "PDF 已损坏"),
    # names
    Case("path of Linux", "../../etc/passwd.pdf", pdf, kept="passwd.pdf"),
    Case("path of Windows", "C:\\Users\\王\\证明.pdf", pdf, kept="证明.pdf"),
    Case("written backwards", "证明\u202efdp.exe", pdf, kept="证明fdp.pdf"),
    Case("control characters", "证\x1b\x07明\x7f.pdf", pdf, kept="证明.pdf"),
    Case("null byte", "证明.pdf\x00.exe", pdf, kept="证明.pdf.pdf"),
    Case("300 characters", "证" * 300 + ".pdf", pdf, kept="证" * 100 + ".pdf"),
    Case("no ending", "证明", pdf, kept="证明.pdf"),
    Case("only an ending", ".pdf", pdf, kept="pdf.pdf"),
    Case("page in the name", "<img src=x onerror=alert(1)>.pdf", pdf, kept="img src=x onerror=alert(1).pdf"),
    Case("two endings", "证明.pdf.exe", pdf, kept="证明.pdf.pdf"),
    # declared as something else
    Case("jpg declared and named otherwise", "证明.exe", picture, kept="证明.jpg", declared="text/x-python"),
    Case("png declared as a page", "图.html", lambda: picture("PNG"), kept="图.png", declared="text/html"),
    Case("photo with a place", "现场.jpg", jpeg_with_place, kept="现场.jpg", declared="image/jpeg"),
    Case("PDF declared as a picture", "图.jpg", pdf, kept="图.pdf", declared="image/jpeg"),
    Case("docx", "总结.docx", docx, kept="总结.docx"),
    Case("xlsx named csv", "表.csv", xlsx, kept="表.xlsx", declared="text/csv"),
]  # fmt: skip


def write_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(CASES, start=1):
        ending = Path(case.name.split("\x00")[0]).suffix[:6]
        (folder / f"{number:02} {case.what}{ending}").write_bytes(case.body())


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
