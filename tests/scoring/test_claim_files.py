"""Files at claims through the form that members use: refused with a sentence and not kept, or kept clean."""

from __future__ import annotations

import io
import uuid

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from members.models import AuditEvent
from scoring.models import Claim, Evidence
from scoring.services.claim_evidence import FILES_PER_CLAIM
from tests.scoring.bad_files import CASES, SCRIPT, SECRET, Case, docx, pdf, picture
from tests.scoring.claiming import DAY, Claiming, claiming

pytestmark = pytest.mark.django_db
NEW = reverse("scoring:claim-create")
REFUSED = [case for case in CASES if case.refused]
KEPT = [case for case in CASES if case.kept]


@pytest.fixture
def made() -> Claiming:
    return claiming()


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files written by this test."""
    names: list[str] = []
    save = default_storage.save

    def noted(name: str, content: object, max_length: int | None = None) -> str:
        names.append(save(name, content, max_length=max_length))
        return names[-1]

    monkeypatch.setattr(default_storage, "save", noted)
    return names


def hand_in(made: Claiming, *files: SimpleUploadedFile) -> list[str]:
    """A claim as the page sends it, with these files. Out: what the next page says."""
    client = Client()
    client.force_login(made.cast.member)
    given = {
        "text": "1", "happened_on": f"{DAY}", "month": "", "reason": "周末社区义诊", "key": str(uuid.uuid4()),
        "submit": "1", "files": list(files),
    }  # fmt: skip
    page = client.post(f"{NEW}?item=加-1", given, follow=True)
    assert page.status_code == 200
    return [str(message) for message in page.context["messages"]]


def upload(case: Case) -> SimpleUploadedFile:
    file = SimpleUploadedFile("x", case.body(), content_type=case.declared)
    # The class itself would already tidy the name.
    file._name = case.name
    return file


def test_there_are_enough_cases():
    assert (len(CASES) >= 60, len({case.what for case in CASES})) == (True, len(CASES))


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.what)
def test_bad_file_is_refused_by_name_with_the_cure_and_not_kept(made, stored, case):
    said = hand_in(made, upload(case))
    assert len(said) == 2
    assert said[0].startswith(f"{case.name}：{case.refused}")
    assert "请" in said[0]
    assert said[1] == "已存为草稿。"
    claim = Claim.objects.get()
    assert (claim.state, Evidence.objects.count(), stored) == ("DRAFT", 0, [])
    event = AuditEvent.objects.get(action="scoring.add_evidence")
    assert (event.user, event.result, event.detail) == (made.cast.member, "REFUSED", said[0])
    assert event.target == f"申报 志愿服务 周末社区义诊 #{claim.pk}"


@pytest.mark.parametrize("case", KEPT, ids=lambda case: case.what)
def test_good_part_of_a_file_is_kept_clean_under_a_fitting_name(made, stored, case):
    assert hand_in(made, upload(case)) == ["已提交，办理结果会在首页和站内消息里告诉您。"]
    evidence = Evidence.objects.get()
    body = evidence.file.open("rb").read()
    assert evidence.name.endswith(f".{case.kept}") if "." not in case.kept else evidence.name == case.kept
    assert [name.split("_")[0] for name in stored] == [f"evidence/{evidence.digest[:2]}/{evidence.digest}"]
    assert [poison for poison in (SECRET, SCRIPT, b"SECRET", b"%PDF-1.7 <?php") if poison in body] == []
    if evidence.content_type.startswith("image/"):
        with Image.open(io.BytesIO(body)) as drawn:
            assert (drawn.size, dict(drawn.getexif())) == ((64, 48), {})


def test_one_bad_file_among_good_ones_keeps_the_good_ones_and_waits(made, stored):
    said = hand_in(
        made, SimpleUploadedFile("a.jpg", picture()), SimpleUploadedFile("b.gif", b"GIF89a"),
        SimpleUploadedFile("c.pdf", pdf()),
    )  # fmt: skip
    assert [line.split("：")[0] for line in said] == ["b.gif", "已存为草稿。"]
    assert sorted(Evidence.objects.values_list("name", flat=True)) == ["a.jpg", "c.pdf"]
    assert (Claim.objects.get().state, len(stored)) == ("DRAFT", 2)


def test_more_files_than_there_may_be_are_refused_one_by_one(made, stored):
    files = [SimpleUploadedFile(f"{number}.jpg", picture()) for number in range(FILES_PER_CLAIM + 2)]
    said = hand_in(made, *files)
    assert said[:-1] == [f"{number}.jpg：每件申报最多附 5 个文件，请先移除不需要的。" for number in (5, 6)]
    assert (Evidence.objects.count(), len(stored)) == (FILES_PER_CLAIM, FILES_PER_CLAIM)


def test_same_file_by_another_name_is_refused(made, stored):
    body = docx()
    said = hand_in(made, SimpleUploadedFile("甲.docx", body), SimpleUploadedFile("乙.docx", body))
    assert said[0] == "乙.docx：这个文件已经附上了（甲.docx），不必重复上传。"
    assert len(stored) == 1
