"""年度档案: who sees what of a candidate and when, the search over all years, and what goes on paper."""

import io

import openpyxl
import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations.blueprints import blueprint
from evaluations.models import Campaign, Candidate
from evaluations.services.campaigns import create_campaign, open_campaign
from evaluations.services.decisions import Choice, propose_bands
from evaluations.services.rating import compute_campaign
from evaluations.services.self_reviews import Written, hand_in_self_review, save_self_review
from evaluations.sheets.approval import approvals_of
from members import pdf
from members.models import AuditEvent, Member
from tests.evaluations.campaigning import rating
from tests.evaluations.rated import candidate, graded, points, tallies, veto

pytestmark = pytest.mark.django_db
needs_pdf = pytest.mark.skipif(not pdf.is_available(), reason="the libraries of WeasyPrint are not installed")


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name, *args) -> str:
    return reverse(f"evaluations:{name}", args=args)


def scene():
    """The member has points, ballots of the peers, a review that is handed in, and a proposal with a reason."""
    made = rating(members=0)
    points(made, {"王建国": "95"})
    tallies(made, "PEER", "王建国", graded(4, 2))
    one = candidate(made, "王建国")
    save_self_review(one, Written("抢修三号机组", "集团先进"), version=0, by=made.cast.member)
    hand_in_self_review(one, by=made.cast.member)
    compute_campaign(made.campaign)
    chosen = made.campaign.bands.get(name="五星")
    propose_bands(made.campaign, made.cast.branch, {one.pk: Choice(chosen.pk, "抢险立功")}, by=made.cast.secretary)
    return made, one


def seen_by(made, one, role):
    page = client_of(getattr(made.cast, role)).get(address("candidate-detail", one.pk))
    return page.context if page.status_code == 200 else page.status_code


# --- one candidate ---------------------------------------------------------------------------------
def test_committee_sees_figures_tallies_words_and_the_way_to_the_total():
    made, one = scene()
    seen = seen_by(made, one, "secretary")
    counted = [
        (str(line.stage), line.ballots, line.figures, line.value and str(line.value)) for line in seen["counted"]
    ]
    assert counted == [
        ("党员互评", 6, [("优秀", 4), ("合格", 2), ("基本合格", 0), ("不合格", 0)], "95.00"),
        ("群众测评", 0, [("优秀", None), ("合格", None), ("基本合格", None), ("不合格", None)], None),
    ]  # fmt: skip
    assert [(row.level, row.band.name, row.reason) for row in seen["decisions"]] == [("BRANCH", "五星", "抢险立功")]
    assert seen["review"].text == "抢修三号机组"
    assert seen["candidate"].steps[0] == "日常积分 95.00 分，占 60%"


def test_member_sees_the_own_outcome_only_once_it_is_decided():
    made, one = scene()
    before = seen_by(made, one, "member")
    assert (before["sees_outcome"], before["counted"], before["decisions"]) == (False, [], [])
    assert before["review"].text == "抢修三号机组"
    Campaign.objects.update(state="DECIDED")
    after = seen_by(made, one, "member")
    assert (after["sees_outcome"], len(after["counted"]), len(after["decisions"])) == (True, 2, 1)


def test_member_does_not_print_what_is_not_decided():
    made, one = scene()
    client, url = client_of(made.cast.member), address("candidate-approval-pdf", one.pk)
    assert client.get(url).status_code == 403
    assert AuditEvent.objects.filter(action="evaluations.view_candidate", result="REFUSED").count() == 1


@pytest.mark.parametrize(("role", "status"), [("colleague", 404), ("group_leader", 404), ("stranger", 404)])
def test_nobody_else_finds_the_file(role, status):
    made, one = scene()
    assert seen_by(made, one, role) == status


def test_review_that_is_not_handed_in_is_nobody_elses_business():
    made, _one = scene()
    other = candidate(made, "李静怡")
    save_self_review(other, Written("还在写"), version=0, by=made.cast.colleague)
    assert seen_by(made, other, "secretary")["review"] is None
    assert seen_by(made, other, "colleague")["review"].text == "还在写"


@pytest.mark.parametrize("role", ["member", "secretary", "committee_member"])
def test_file_asks_at_most_twelve_queries(role):
    made, one = scene()
    Campaign.objects.update(state="DECIDED")
    client, url = client_of(getattr(made.cast, role)), address("candidate-detail", one.pk)
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    assert len(queries) <= 12


# --- the search --------------------------------------------------------------------------------------
def test_search_is_by_name_year_branch_and_band():
    made, one = scene()
    Candidate.objects.filter(pk=one.pk).update(approved=made.campaign.bands.get(name="五星"))
    year = made.campaign.year
    earlier = create_campaign(
        made.cast.committee, blueprint("year"), year=year - 1, starts_on=timezone.localdate(), name="上年",
        by=made.cast.business_admin,
    )  # fmt: skip
    open_campaign(earlier, by=made.cast.business_admin)
    client, found = client_of(made.cast.business_admin), {}
    for query in (
        f"year={year}",
        f"year={year - 1}",
        "q=wjg",
        "band=五星",
        f"unit={made.cast.other_branch.pk}",
        "year=x",
    ):
        page = client.get(f"{address('year-file-list')}?{query}")
        found[query] = [(str(row), row.campaign.year) for row, _sees in page.context["lines"]]
    assert {query: len(rows) for query, rows in found.items()} == {
        f"year={year}": 9, f"year={year - 1}": 9, "q=wjg": 2, "band=五星": 1, f"unit={made.cast.other_branch.pk}": 2,
        # What makes no sense is ignored.
        "year=x": 18,
    }  # fmt: skip
    assert (found["q=wjg"], found["band=五星"]) == ([("王建国", year), ("王建国", year - 1)], [("王建国", year)])
    assert found[f"unit={made.cast.other_branch.pk}"] == [("孙立新", year), ("孙立新", year - 1)]


def test_everybody_finds_what_they_may_see():
    made, _one = scene()
    found = {}
    for role in ("member", "stranger", "secretary", "auditor"):
        page = client_of(getattr(made.cast, role)).get(address("year-file-list"))
        found[role] = [(str(row), sees) for row, sees in page.context["lines"]]
    branch = ["陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]
    assert found == {
        "member": [("王建国", False)], "stranger": [("孙立新", False)], "auditor": [],
        "secretary": [(name, True) for name in branch],
    }  # fmt: skip


def test_search_asks_the_same_of_one_and_of_six():
    made, _one = scene()
    client = client_of(made.cast.secretary)
    counts = {}
    for query in ("wjg", ""):
        client.get(address("year-file-list"))
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address("year-file-list"), {"q": query})
        counts[len(page.context["lines"])] = len(queries)
    assert set(counts) == {1, 6}
    assert counts[1] == counts[6] <= 12


# --- on paper ----------------------------------------------------------------------------------------
def text_of(answer) -> list[str]:
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    return ["".join(page.extract_text().split()) for page in reader.pages]


@needs_pdf
def test_approval_form_has_its_fields_and_no_personal_numbers():
    made, one = scene()
    person = Member.objects.get(pk=one.account.member_id)
    person.id_number, person.phone, person.job = "230102198001011234", "13900001234", "检修班长"
    person.save()
    answer = client_of(made.cast.secretary).get(address("candidate-approval-pdf", one.pk))
    (text,) = text_of(answer)
    for words in (
        "王建国", "检修部党支部", "2010.07", "检修班长", "经核查，无一票否决情形", "抢修三号机组", "集团先进", "1/1",
        "同意评定为“五星”。抢险立功", "95", "导出人：陈志远",
    ):  # fmt: skip
        assert words in text
    assert "230102198001011234" not in text
    assert "13900001234" not in text
    line = AuditEvent.objects.get(action="evaluations.export_approvals")
    assert (line.user, line.detail) == (made.cast.secretary, "党员评星定级，审批表 1 份")


@needs_pdf
def test_approval_forms_of_a_branch_are_one_pdf_with_a_page_each():
    made, _one = scene()
    veto(made, "李静怡", "CAP")
    Candidate.objects.filter(pk=candidate(made, "周敏").pk).update(left_out="长期病休")
    answer = client_of(made.cast.secretary).get(
        address("campaign-approval-pdf", made.campaign.pk, made.cast.branch.pk)
    )
    pages = text_of(answer)
    assert len(pages) == 5
    assert [("有一票否决：违反廉洁纪律" in page) for page in pages].count(True) == 1
    assert not any("周敏" in page for page in pages)


def test_approval_forms_ask_the_same_of_one_and_of_six():
    made, one = scene()
    counts = {}
    for rows in (Candidate.objects.filter(pk=one.pk), Candidate.objects.filter(unit=made.cast.branch)):
        with CaptureQueriesContext(connection) as queries:
            counts[len(approvals_of(made.campaign, rows))] = len(queries)
    assert set(counts) == {1, 6}
    assert counts[1] == counts[6] <= 10


def test_equal_points_have_one_place_on_the_approval_form():
    made = rating(members=0)
    points(made, {"王建国": "90", "李静怡": "90", "周敏": "80", "孙立新": "99"})
    compute_campaign(made.campaign)
    sheets = approvals_of(made.campaign, Candidate.objects.filter(unit=made.cast.branch).order_by("pk"))
    found = {str(sheet.candidate): (sheet.place, sheet.among) for sheet in sheets}
    assert found == {
        "王建国": (1, 3), "李静怡": (1, 3), "周敏": (3, 3), "陈志远": (None, 3), "吴海涛": (None, 3),
        "郑雪": (None, 3),
    }  # fmt: skip


@needs_pdf
def test_word_that_was_returned_is_not_on_the_approval_form():
    made, one = scene()
    decider = client_of(made.cast.committee_member)
    decider.post(address("band-return", one.pk), {"words": "重议", "reason": "重议"})
    assert candidate(made, "王建国").proposed is None
    (text,) = text_of(decider.get(address("candidate-approval-pdf", one.pk)))
    assert "同意评定为" not in text


@needs_pdf
def test_branch_without_candidates_says_so():
    made, _one = scene()
    Candidate.objects.filter(unit=made.cast.branch).update(left_out="甲")
    url = address("campaign-approval-pdf", made.campaign.pk, made.cast.branch.pk)
    page = client_of(made.cast.secretary).get(url, follow=True)
    assert [str(one) for one in page.context["messages"]] == ["检修部党支部没有参评的党员，不用打印审批表。"]


@needs_pdf
def test_missing_libraries_are_said_with_the_packages(monkeypatch):
    made, one = scene()
    monkeypatch.setattr(pdf, "HTML", None)
    assert client_of(made.cast.secretary).get(address("candidate-approval-pdf", one.pk)).status_code == 503
    assert not AuditEvent.objects.filter(action="evaluations.export_approvals").exists()


@needs_pdf
def test_summary_on_paper_has_sums_and_no_ballots():
    made, _one = scene()
    answer = client_of(made.cast.business_admin).get(address("campaign-summary-pdf", made.campaign.pk))
    text = "".join(text_of(answer))
    assert f"{made.campaign.year}年度党员评星定级测评汇总表" in text
    assert "只列合计，不列每张票" in text
    assert AuditEvent.objects.get(action="evaluations.export_campaign").detail == "测评汇总 PDF，9 行"


def test_outcome_as_a_workbook_has_two_sheets_with_figures_as_figures():
    made, one = scene()
    Candidate.objects.filter(pk=one.pk).update(approved=made.campaign.bands.get(name="五星"))
    Candidate.objects.filter(pk=candidate(made, "孙立新").pk).update(left_out="长期病休")
    answer = client_of(made.cast.business_admin).get(address("campaign-outcome-xlsx", made.campaign.pk))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert book.sheetnames == ["结果", "测评汇总"]
    rows = {row[1]: row for row in book["结果"].iter_rows(min_row=3, values_only=True)}
    assert rows["王建国"][2:] == (
        "检修部党支部", 95, 95, "四星", "五星", "五星", "优秀", None, "与测算不同：抢险立功",
    )  # fmt: skip
    assert rows["孙立新"][10] == "不参评：长期病休"
    summary = [row for row in book["测评汇总"].iter_rows(min_row=4, values_only=True) if row[1] == "王建国"]
    assert summary[0][2:10] == ("检修部党支部", 95, 6, 4, 2, 0, 0, 95)
    footer = "".join(str(row[0]) for row in book["结果"].iter_rows(values_only=True) if row[0])
    assert "导出人：褚卫东" in footer
    assert AuditEvent.objects.filter(action="evaluations.export_campaign").count() == 1


def test_draft_has_nothing_to_take_away():
    made = rating(members=0)
    Campaign.objects.update(state="DRAFT")
    page = client_of(made.cast.business_admin).get(address("campaign-outcome-xlsx", made.campaign.pk), follow=True)
    assert [str(one) for one in page.context["messages"]] == ["“党员评星定级”还没有启动，没有可以导出的结果。"]
