"""Pages between the monthly points and paper: who may, what comes, what is refused."""

import io

import openpyxl
import pytest
from django.core import signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.http import content_disposition_header

from members import pdf
from members.models import AuditEvent, Membership
from scoring.models import DraftCell, Month
from scoring.services.drafts import Change
from scoring.services.grid import save_cells
from scoring.services.months import month_of_unit, submit_month
from scoring.sheets import ticket
from tests import factories
from tests.scoring import factories as scoring_factories

MONTH = 202609
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def cast(db):
    people = factories.cast()
    scoring_factories.rule_set(people.committee)
    scoring_factories.open_member_accounts()
    return people


def client_of(user):
    client = Client()
    client.force_login(user, backend="members.backends.SignInBackend")
    return client


def address(cast, name, unit=None, month=MONTH):
    return reverse(f"scoring:{name}", args=[(unit or cast.branch).pk, month])


def upload(cast, *rows, user=None, unit=None, name="积分表.xlsx"):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return post(cast, {"file": SimpleUploadedFile(name, file.getvalue())}, user=user, unit=unit)


def post(cast, fields, user=None, unit=None):
    return client_of(user or cast.secretary).post(address(cast, "month-import", unit), fields)


def confirm(cast, preview, user=None, unit=None):
    return post(cast, {"ticket": preview.context["ticket"]}, user=user, unit=unit)


def said(response):
    return [str(message) for message in response.context["messages"]]


def texts():
    return sorted(DraftCell.objects.values_list("account__member__name", "text"))


# --- who may -------------------------------------------------------------------------------------
ENTER = {"secretary", "deputy", "commissioner"}
SEE = ENTER | {"committee_member", "business_admin"}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("month-template", ENTER),
        ("month-import", ENTER),
        ("month-sheet", SEE),
        ("month-sheet-xlsx", SEE),
        ("ledger-xlsx", SEE),
        ("ledger-pdf", SEE),
    ],
)
def test_page_is_open_to_those_who_enter_or_see_the_month(cast, name, allowed):
    submitted(cast)
    found = {role: client_of(user).get(address(cast, name)).status_code for role, user in cast.by_role().items()}
    assert {role for role, status in found.items() if status == 200} == allowed
    assert {status for role, status in found.items() if role not in allowed} <= {403, 404}


@pytest.mark.parametrize(
    "name", ["month-template", "month-import", "month-sheet", "month-sheet-xlsx", "ledger-xlsx", "ledger-pdf"]
)
def test_page_does_not_exist_for_people_of_another_tree_nor_for_what_is_no_month(cast, name):
    outside = factories.branch(factories.committee())
    outsider = factories.official(outside, factories.Post.BRANCH_SECRETARY, outside)
    assert client_of(outsider).get(address(cast, name)).status_code == 404
    assert client_of(cast.secretary).get(address(cast, name, month=202613)).status_code == 404
    assert Client().get(address(cast, name)).status_code == 302


def test_secretary_of_another_branch_may_not_import_here(cast):
    other = factories.official(cast.other_branch, factories.Post.BRANCH_SECRETARY, cast.other_branch)
    assert upload(cast, ["姓名", "加-1"], ["王建国", 3], user=other).status_code == 403


def submitted(cast):
    person = scoring_factories.account(cast.member.member)
    month = month_of_unit(cast.branch, MONTH)
    item = scoring_factories.Item.objects.get(code="基-1")
    save_cells(month, [Change(person.pk, item.pk, "60", 0)], by=cast.secretary)
    submit_month(month, by=cast.secretary)


# --- import --------------------------------------------------------------------------------------
def test_import_previews_then_writes_what_was_confirmed(cast):
    preview = upload(cast, ["姓名", "加-1", "合计"], ["王建国", 3, 63], ["李静怡", "", 60])
    assert (preview.status_code, texts()) == (200, [])
    assert "新填 1 格" in preview.text
    assert "C 列“合计”：合计和名次由系统计算" in preview.text
    done = confirm(cast, preview)
    assert done.url == address(cast, "month-grid")
    assert texts() == [("王建国", "3")]
    again = upload(cast, ["姓名", "加-1"], ["王建国", 3])
    assert "没有需要变更的内容" in again.text
    assert again.context["ticket"] == ""


def test_import_shows_what_would_be_cleared_first(cast):
    confirm(cast, upload(cast, ["姓名", "加-1", "加-2"], ["王建国", 3, 1]))
    preview = upload(cast, ["姓名", "加-1", "加-2"], ["王建国", 4, ""])
    assert [(change.old, change.new) for change in preview.context["shown"]] == [("1次", ""), ("3", "4")]
    assert "清空 1 格" in preview.text


def test_import_names_every_problem_and_offers_no_confirmation(cast):
    response = upload(cast, ["姓名", "加-1"], ["王建国", 6], ["何人", 1])
    assert "有 2 处需要修改" in response.text
    assert "第 2 行 B 列“加-1”" in response.text
    assert (response.context["ticket"], texts()) == ("", [])


def test_import_keeps_what_people_typed_harmless(cast):
    response = upload(cast, ["姓名", "加-1", "<script>x</script>"], ["<b>何人</b>", 1, 2])
    assert "<script>x" not in response.text
    assert "<b>何人" not in response.text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "提交的文件是空的|先选择|文件是空的"),
        (b"%PDF-1.4", "文件不是表格"),
        (b"PK\x03\x04torn", "文件不完整或已损坏"),
        ("张三,60\n".encode(), "没有找到表头"),
    ],
)
def test_import_refuses_what_is_no_month_sheet_with_a_sentence(cast, content, sentence):
    response = post(cast, {"file": SimpleUploadedFile("表.xlsx", content)})
    assert response.status_code == 200
    assert any(part in "".join(said(response)) for part in sentence.split("|"))


def test_import_without_a_file_says_so(cast):
    assert said(post(cast, {})) == ["请先选择要上传的表格。"]


def test_import_into_a_submitted_month_says_what_to_do(cast):
    submitted(cast)
    assert "请先撤回或请审核人退回" in said(upload(cast, ["姓名", "加-1"], ["王建国", 3]))[0]


def test_confirmation_reports_a_cell_changed_since_and_writes_nothing(cast):
    preview = upload(cast, ["姓名", "加-1"], ["王建国", 3], ["李静怡", 2])
    person, item = scoring_factories.account(cast.member.member), scoring_factories.Item.objects.get(code="加-1")
    save_cells(month_of_unit(cast.branch, MONTH), [Change(person.pk, item.pk, "1", 0)], by=cast.deputy)
    client = client_of(cast.secretary)
    response = client.post(address(cast, "month-import"), {"ticket": preview.context["ticket"]}, follow=True)
    assert said(response) == [
        "没有写入任何内容。",
        "王建国的“出色完成本职工作”在预览之后被吴海涛改成了“1”，请重新上传核对。",
    ]
    assert texts() == [("王建国", "1")]


def test_ticket_is_good_for_its_person_unit_and_month_only(cast):
    preview = upload(cast, ["姓名", "加-1"], ["王建国", 3])
    factories.appointment(cast.secretary.member, cast.other_branch, factories.Post.BRANCH_SECRETARY)
    taken = preview.context["ticket"]
    tries = [
        (cast.deputy, address(cast, "month-import"), taken, "不是您为这个支部这个月份做的"),
        (cast.secretary, address(cast, "month-import", cast.other_branch), taken, "不是您为这个支部这个月份做的"),
        (cast.secretary, address(cast, "month-import", month=202608), taken, "不是您为这个支部这个月份做的"),
        (cast.secretary, address(cast, "month-import"), taken[:-2] + "xx", "预览内容不完整"),
        (cast.secretary, address(cast, "month-import"), signing.dumps([1]), "预览内容不完整"),
    ]
    for user, url, value, sentence in tries:
        response = client_of(user).post(url, {"ticket": value}, follow=True)
        assert sentence in said(response)[0]
    assert texts() == []


def test_ticket_ends_after_half_an_hour(cast, monkeypatch):
    preview = upload(cast, ["姓名", "加-1"], ["王建国", 3])
    monkeypatch.setattr(ticket, "SECONDS", -1)
    client = client_of(cast.secretary)
    response = client.post(address(cast, "month-import"), {"ticket": preview.context["ticket"]}, follow=True)
    assert said(response) == ["预览已超过 30 分钟，请重新上传文件核对后再确认。"]


def test_confirming_twice_changes_nothing_the_second_time(cast):
    preview = upload(cast, ["姓名", "加-1"], ["王建国", 3])
    confirm(cast, preview)
    version = DraftCell.objects.get().version
    confirm(cast, preview)
    assert DraftCell.objects.get().version == version


# --- export --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "file_name", "kind"),
    [
        ("month-template", "检修部党支部党员积分登记表（2026年9月）.xlsx", XLSX),
        ("month-sheet-xlsx", "检修部党支部党员月度积分表（2026年9月）.xlsx", XLSX),
        ("ledger-xlsx", "检修部党支部党员积分台账（2026年9月）.xlsx", XLSX),
        ("ledger-pdf", "检修部党支部党员积分台账（2026年9月）.pdf", "application/pdf"),
    ],
)
def test_export_comes_as_a_file_with_its_name(cast, name, file_name, kind):
    submitted(cast)
    response = client_of(cast.secretary).get(address(cast, name))
    assert response["Content-Type"] == kind
    assert response["Content-Disposition"] == content_disposition_header(True, file_name)
    content = b"".join(response) if response.streaming else response.content
    assert content.startswith(b"PK" if kind == XLSX else b"%PDF-")


def test_ledger_of_the_quarter_is_asked_for_in_the_address(cast):
    submitted(cast)
    response = client_of(cast.secretary).get(address(cast, "ledger-xlsx") + "?period=quarter")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response)))
    assert book.active["A1"].value == "检修部党支部党员积分台账(2026年第三季度)"


def test_committee_exports_all_branches_below(cast):
    submitted(cast)
    response = client_of(cast.committee_member).get(address(cast, "ledger-xlsx", cast.committee))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response)))
    assert book.sheetnames == ["汇总", "检修部党支部"]
    assert client_of(cast.secretary).get(address(cast, "ledger-xlsx", cast.committee)).status_code == 403


@pytest.mark.parametrize("name", ["ledger-xlsx", "ledger-pdf"])
def test_export_without_scores_says_what_to_do(cast, name):
    response = client_of(cast.secretary).get(address(cast, name))
    assert response.status_code == 409
    assert "2026年9月还没有积分。请先在“月度录入”提交该月" in response.text
    assert not AuditEvent.objects.filter(action__startswith="scoring.export").exists()


def test_pdf_without_the_libraries_leads_to_a_page_with_the_packages(cast, monkeypatch):
    monkeypatch.setattr(pdf, "HTML", None)
    submitted(cast)
    response = client_of(cast.secretary).get(address(cast, "ledger-pdf"))
    assert response.status_code == 503
    assert "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk" in response.text


# --- the month table on screen -------------------------------------------------------------------
def test_month_table_page_shows_the_figures_and_where_to_take_them(cast):
    submitted(cast)
    response = client_of(cast.secretary).get(address(cast, "month-sheet"))
    assert response.context["table"].title == "检修部党支部党员月度积分表(2026年9月)"
    for name in ("month-sheet-xlsx", "ledger-xlsx", "ledger-pdf"):
        assert address(cast, name) in response.text
    assert "style=" not in response.text


def test_month_table_page_exists_for_branches_only(cast):
    assert client_of(cast.committee_member).get(address(cast, "month-sheet", cast.committee)).status_code == 404


def test_month_table_of_a_branch_without_members_says_so(cast):
    Membership.objects.filter(branch=cast.branch).update(started_on="2026-10-01")
    factories.appointment(cast.committee_member.member, cast.branch, factories.Post.BRANCH_SECRETARY)
    response = client_of(cast.committee_member).get(address(cast, "month-sheet"))
    assert "本月没有列入积分的党员" in response.text


@pytest.mark.parametrize("name", ["month-sheet", "month-import"])
def test_page_asks_few_queries_whatever_the_number_of_members(cast, queries, name):
    submitted(cast)
    client = client_of(cast.secretary)
    client.get(address(cast, name))

    def asked():
        with queries() as found:
            client.get(address(cast, name))
        return len(found)

    few = asked()
    for _number in range(3):
        factories.member(cast.branch)
    scoring_factories.open_member_accounts()
    assert asked() == few <= 12


def test_month_state_is_read_anew_for_every_page(cast):
    submitted(cast)
    assert Month.objects.get().state == "SUBMITTED"
    assert "暂定（待审核）" in client_of(cast.secretary).get(address(cast, "month-sheet")).text
