"""Files at cells: taken by content, kept out of reach, bound to the ledger once posted."""

import io
import zipfile
from types import SimpleNamespace

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from members.errors import Refused
from members.models import AuditEvent
from scoring.models import DraftCell, Evidence, Item, LedgerEntry
from scoring.services.evidence import add_all, add_evidence, files_of, remove_evidence
from scoring.services.filetypes import LONGEST_SIDE, recognise
from scoring.services.grid import Change, save_cells
from scoring.services.months import month_of_unit, return_month, submit_month
from tests.factories import cast
from tests.scoring import factories
from tests.scoring.factories import MONTH

PDF = b"%PDF-1.7\n%%EOF\n"


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, (168, 22, 27)).save(target, format=kind, **options)
    return target.getvalue()


def package(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return target.getvalue()


DOCX = package("[Content_Types].xml", "word/document.xml")
XLSX = package("[Content_Types].xml", "xl/workbook.xml")


def upload(body: bytes = PDF, name: str = "证明.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="text/html")


@pytest.fixture
def ground(db):
    people = cast()
    rules = factories.rule_set(people.committee)
    account = factories.account(people.member.member)
    items = {item.code: item for item in Item.objects.filter(section__rule_set=rules)}
    month = month_of_unit(people.branch, MONTH)

    def add(body: bytes = PDF, name: str = "证明.pdf", code: str = "加-1"):
        return add_evidence(month, account.pk, items[code].pk, upload(body, name), by=people.secretary)

    return SimpleNamespace(people=people, rules=rules, account=account, items=items, month=month, add=add)


# --- content ---------------------------------------------------------------------------------------
OFFICE = "application/vnd.openxmlformats-officedocument."
GOOD = {
    "pdf": (PDF, "application/pdf"),
    "jpg": (picture("JPEG"), "image/jpeg"),
    "png": (picture("PNG"), "image/png"),
    "webp": (picture("WEBP"), "image/webp"),
    "docx": (DOCX, f"{OFFICE}wordprocessingml.document"),
    "xlsx": (XLSX, f"{OFFICE}spreadsheetml.sheet"),
}
BAD = {
    "nothing": (b"", "文件是空的"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "只接受图片"),
    "html": (b"<!doctype html><script>1</script>", "只接受图片"),
    "gif": (b"GIF89a....", "只接受图片"),
    "program": (b"MZ\x90\x00", "只接受图片"),
    "no picture": (b"\xff\xd8\xff\xe0 no picture \xff\xd9", "图片已损坏"),
    "half a jpg": (picture("JPEG")[:-2], "图片不完整"),
    "half a png": (picture("PNG")[:-12], "图片不完整"),
    "half a webp": (picture("WEBP")[:-1], "图片不完整"),
    "broken zip": (b"PK\x03\x04 broken", "文件已损坏"),
    "zip": (package("a.txt"), "压缩包不能作为佐证材料"),
    "macros": (package("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "文件含有宏"),
    "pptx": (package("[Content_Types].xml", "ppt/presentation.xml"), "压缩包不能作为佐证材料"),
}


@pytest.mark.parametrize("ending", GOOD)
def test_content_is_recognised(ending):
    body, content_type = GOOD[ending]
    found = recognise(body)
    assert (found.ending, found.content_type) == (ending, content_type)


@pytest.mark.parametrize("what", BAD)
def test_content_refuses_with_what_to_do_instead(what):
    body, sentence = BAD[what]
    with pytest.raises(Refused, match=sentence):
        recognise(body)


def test_picture_is_drawn_anew_without_place_and_camera():
    exif = Image.Exif()
    exif[0x010F] = "SECRET CAMERA"
    exif[0x0112] = 6  # turned by a quarter
    exif.get_ifd(0x8825)[2] = (30.0, 3.0, 0.0)
    found = recognise(picture("JPEG", (40, 30), exif=exif, comment=b"SECRET COMMENT"))
    with Image.open(io.BytesIO(found.body)) as drawn:
        assert (drawn.size, dict(drawn.getexif()), drawn.info.get("comment")) == ((30, 40), {}, None)
    assert b"SECRET" not in found.body


def test_picture_loses_hidden_text_and_what_follows_it():
    hidden = PngInfo()
    hidden.add_text("Comment", "SECRET")
    assert b"SECRET" not in recognise(picture("PNG", pnginfo=hidden) + b"SECRET").body


def test_big_picture_is_made_smaller():
    with Image.open(io.BytesIO(recognise(picture("JPEG", (5000, 1000))).body)) as drawn:
        assert drawn.size == (LONGEST_SIDE, 600)


def test_picture_of_too_many_pixels_is_refused():
    with pytest.raises(Refused, match="像素太多"):
        recognise(picture("PNG", (9000, 9000)))


# --- adding ----------------------------------------------------------------------------------------
def test_add_stores_the_file_by_its_digest_and_notes_it(ground):
    evidence = ground.add(picture("PNG"), name="..\\..\\C:\\表彰\x00<b>.exe")
    assert (evidence.name, evidence.content_type, evidence.by) == ("表彰 b.png", "image/png", ground.people.secretary)
    assert evidence.file.name.startswith(f"evidence/{evidence.digest[:2]}/{evidence.digest}")
    with evidence.file.open("rb") as stored:
        assert recognise(stored.read()).ending == "png"
    line = AuditEvent.objects.get(action="scoring.add_evidence")
    assert line.detail == f"{ground.month}，王建国，加-1 出色完成本职工作"
    assert list(files_of(ground.month, ground.account.pk, ground.items["加-1"].pk)) == [evidence]


def test_add_makes_an_empty_cell_that_typing_does_not_collide_with(ground):
    ground.add()
    assert list(DraftCell.objects.values_list("text", "version")) == [("", 0)]
    change = Change(ground.account.pk, ground.items["加-1"].pk, "3", 0)
    saved, _totals = save_cells(ground.month, [change], by=ground.people.deputy)
    assert (saved[0].text, saved[0].version, saved[0].conflict) == ("3", 1, "")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("证明.html", "证明.pdf"),
        ("/etc/passwd", "passwd.pdf"),
        ("  .pdf", "pdf.pdf"),
        ("a\u202egpj.exe", "a gpj.pdf"),
        ("长" * 300 + ".pdf", "长" * 100 + ".pdf"),
    ],
)
def test_add_keeps_a_harmless_name(ground, name, kept):
    assert ground.add(name=name).name == kept


def test_add_refuses_more_than_five_and_the_same_twice(ground):
    for number in range(4):
        ground.add(PDF + bytes([number]))
    with pytest.raises(Refused, match="这个文件已经附上了"):
        ground.add(PDF + bytes([0]), name="又一份.pdf")
    ground.add(PDF)
    with pytest.raises(Refused, match="最多附 5 个文件"):
        ground.add(PDF + b"x")
    assert Evidence.objects.count() == 5


def test_add_refuses_a_big_file(ground):
    with pytest.raises(Refused, match="超过 10 MB"):
        ground.add(PDF + b"0" * (10 * 1024 * 1024))


def test_add_refuses_what_does_not_belong_here(ground):
    stranger = factories.account(ground.people.stranger.member)
    item = ground.items["加-1"].pk
    with pytest.raises(Refused, match="不在本支部的积分名单中"):
        add_evidence(ground.month, stranger.pk, item, upload(), by=ground.people.secretary)
    with pytest.raises(Refused, match="不在本月的录入范围内"):
        add_evidence(ground.month, ground.account.pk, 0, upload(), by=ground.people.secretary)


def test_add_refuses_a_submitted_month_and_leaves_no_file(ground):
    submit_month(ground.month, by=ground.people.secretary)
    before = set(_stored())
    with pytest.raises(Refused, match="已提交"):
        ground.add()
    assert set(_stored()) == before


def _stored(folder: str = "evidence") -> list[str]:
    if not default_storage.exists(folder):
        return []
    folders, files = default_storage.listdir(folder)
    return [f"{folder}/{name}" for name in files] + [name for each in folders for name in _stored(f"{folder}/{each}")]


def test_add_all_answers_for_each_file(ground):
    uploads = [upload(), upload(b"<html>", "页面.html"), upload(picture(), "照片.jpeg")]
    place = (ground.account.pk, ground.items["加-1"].pk)
    refusals = add_all(ground.month, *place, uploads, by=ground.people.secretary)
    assert [refusal.split("：")[0] for refusal in refusals] == ["页面.html"]
    assert [file.name for file in files_of(ground.month, *place)] == ["证明.pdf", "照片.jpg"]


# --- removing --------------------------------------------------------------------------------------
def test_remove_destroys_the_content_and_notes_it(ground, django_capture_on_commit_callbacks):
    evidence = ground.add()
    with django_capture_on_commit_callbacks(execute=True):
        remove_evidence(evidence, by=ground.people.deputy)
    assert not default_storage.exists(evidence.file.name)
    assert not files_of(ground.month, ground.account.pk, ground.items["加-1"].pk)
    assert AuditEvent.objects.filter(action="scoring.remove_evidence", user=ground.people.deputy).count() == 1
    remove_evidence(evidence, by=ground.people.deputy)
    assert AuditEvent.objects.filter(action="scoring.remove_evidence").count() == 1


def test_remove_that_is_rolled_back_keeps_the_content(ground):
    evidence = ground.add()

    @transaction.atomic
    def remove_and_fail() -> None:
        remove_evidence(evidence, by=ground.people.secretary)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        remove_and_fail()
    assert default_storage.exists(evidence.file.name)


def test_remove_refuses_what_stands_in_the_ledger(ground):
    change = Change(ground.account.pk, ground.items["加-1"].pk, "3", 0)
    save_cells(ground.month, [change], by=ground.people.secretary)
    evidence = ground.add()
    submit_month(ground.month, by=ground.people.secretary)
    month = month_of_unit(ground.people.branch, MONTH)
    with pytest.raises(Refused, match="已提交"):
        remove_evidence(evidence, by=ground.people.secretary)
    return_month(month, by=ground.people.commissioner, reason="材料不全")
    with pytest.raises(Refused, match="已随记录入账"):
        remove_evidence(evidence, by=ground.people.secretary)
    assert Evidence.objects.get().entry == LedgerEntry.objects.get()


# --- seeing ----------------------------------------------------------------------------------------
def seen_by(people: object, evidence: Evidence) -> set[str]:
    return {role for role, user in people.by_role().items() if evidence in Evidence.objects.visible_to(user)}


def test_file_of_a_draft_is_seen_by_those_who_work_with_the_month(ground):
    evidence = ground.add()
    working = {"secretary", "deputy", "commissioner", "committee_member", "business_admin"}
    assert seen_by(ground.people, evidence) == working


def test_file_in_the_ledger_is_seen_by_the_member_and_whoever_sees_the_account(ground):
    change = Change(ground.account.pk, ground.items["加-1"].pk, "3", 0)
    save_cells(ground.month, [change], by=ground.people.secretary)
    evidence = ground.add()
    submit_month(ground.month, by=ground.people.secretary)
    assert seen_by(ground.people, evidence) == {
        "member", "group_leader", "secretary", "deputy", "commissioner", "committee_member", "business_admin",
    }  # fmt: skip


def test_file_is_permitted_exactly_to_those_who_see_it(ground):
    evidence = ground.add()
    roles = ground.people.by_role().items()
    permitted = {role for role, user in roles if user.has_perm("scoring.view_evidence", evidence)}
    assert permitted == seen_by(ground.people, evidence)
