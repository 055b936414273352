"""The ledger as PDF: re-read with another program."""

import io

import pytest
from pypdf import PdfReader

from members import pdf
from members.errors import Refused
from members.models import AuditEvent
from scoring.services import sheets
from scoring.services.seals import latest_seal
from tests import factories
from tests.scoring import factories as scoring_factories
from tests.scoring.entered import SEPTEMBER, Entered, new_cast


@pytest.fixture
def cast(db):
    return new_cast()


@pytest.fixture
def entered(cast):
    return Entered(cast)


RARE = "喆玥堃镕祎翀䶮𠮷"


def pages(content):
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def test_pdf_holds_the_ledger_with_rare_characters_lying_on_a4(entered):
    factories.member(entered.branch, name=RARE, staff_number="9001")
    scoring_factories.open_member_accounts()
    entered.close(SEPTEMBER, remarks=[("苏堃", "<b>讲党课</b> & 抢修")])
    content = sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)
    (text,) = pages(content)
    for expected in (
        "热控党支部党员积分台账(2026年9月)", "基础分（60分）", RARE, "61.25", "−2", "<b>讲党课</b> & 抢修", "已结账",
        latest_seal(entered.branch.pk, SEPTEMBER).short, f"导出人：{entered.secretary}", "第 1 页，共 1 页",
    ):  # fmt: skip
        assert expected in text
    box = PdfReader(io.BytesIO(content)).pages[0].mediabox
    assert (round(float(box.width)), round(float(box.height))) == (842, 595)


def test_pdf_repeats_its_heading_and_begins_a_page_with_each_branch(entered):
    for number in range(40):
        factories.member(entered.branch, name=f"党员{number:02}")
    scoring_factories.open_member_accounts()
    entered.submit(SEPTEMBER)
    Entered(entered.cast, "化水党支部").submit(SEPTEMBER)
    found = pages(sheets.ledger_pdf(entered.cast.committee, SEPTEMBER, by=entered.secretary))
    assert len(found) == 4
    assert all("有无一票否决" in text and "导出人：" in text for text in found)
    assert ["化水党支部党员积分台账" in text for text in found] == [False, False, False, True]


def test_pdf_of_too_many_rows_says_what_to_do(entered, monkeypatch):
    monkeypatch.setattr(sheets, "PDF_ROWS", 2)
    entered.submit(SEPTEMBER)
    with pytest.raises(Refused, match="共 3 行，一份 PDF 最多 2 行。请按支部导出 PDF，或导出 Excel。"):
        sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)


def test_pdf_without_the_libraries_of_the_system_names_the_packages(entered, monkeypatch):
    monkeypatch.setattr(pdf, "HTML", None)
    entered.submit(SEPTEMBER)
    with pytest.raises(
        pdf.PdfUnavailable, match="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"
    ):
        sheets.ledger_pdf(entered.branch, SEPTEMBER, by=entered.secretary)
    assert not AuditEvent.objects.filter(action="scoring.export_ledger_pdf").exists()
