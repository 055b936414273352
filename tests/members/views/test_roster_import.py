"""The pages of the roster import, step by step."""

import datetime
import io
from typing import Any

import openpyxl
import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from members.models import Member, OrgUnit, RosterImport, User
from members.roster.fields import FIELDS
from members.roster.recognise import recognise
from members.services import roster
from members.tabular import read_table
from tests import factories
from tests.members import roster_files as files

State = RosterImport.State


@pytest.fixture
def cast(db: None) -> factories.Cast:
    return factories.cast()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(user: User, unit: OrgUnit, content: bytes, name: str = "花名册.xlsx", **fields: Any) -> Any:
    form = {
        "unit": unit.pk,
        "started_on": f"{timezone.localdate():%Y}-01-01",
        "file": SimpleUploadedFile(name, content),
    }
    return signed_in(user).post(reverse("members:roster-import-create"), form | fields)


def upload(user: User, unit: OrgUnit, *rows: list[Any]) -> RosterImport:
    return roster.check_upload(unit, "花名册.xlsx", files.xlsx(files.HEADING, *rows), by=user)


def url(verb: str, row: RosterImport) -> str:
    return reverse(f"members:roster-import-{verb}", args=[row.pk])


def page(user: User, row: RosterImport) -> str:
    text: str = signed_in(user).get(url("detail", row)).content.decode()
    return text


def notices(response: Any) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def choices(row: RosterImport, **changes: str) -> dict[str, str]:
    """The form of the page as it would be sent unchanged, then `changes`."""
    form = {"started_on": row.options["started_on"], "moved_on": row.options["moved_on"]}
    form |= {f"column-{column['index']}": column["field"] for column in row.report["columns"]}
    for number, unit in enumerate(row.report["units"]):
        form |= {f"unit-{number}": unit["key"], f"decision-{number}": unit["decision"]}
    return form | changes


# --- upload -------------------------------------------------------------------------------------
def test_empty_list_says_what_to_do(cast: factories.Cast) -> None:
    text = signed_in(cast.business_admin).get(reverse("members:roster-import-list")).content.decode()
    assert "还没有导入过花名册" in text
    assert reverse("members:roster-import-create") in text


def test_list_shows_the_imports_of_the_own_units_only(cast: factories.Cast) -> None:
    upload(cast.business_admin, cast.committee, files.row())
    own = upload(cast.secretary, cast.branch, files.row())
    seen = signed_in(cast.secretary).get(reverse("members:roster-import-list")).context["page"].object_list
    assert list(seen) == [own]


def test_list_takes_the_same_number_of_queries_for_one_and_three(cast: factories.Cast, queries: Any) -> None:
    client = signed_in(cast.business_admin)

    def count() -> int:
        client.get(reverse("members:roster-import-list"))
        with queries() as asked:
            client.get(reverse("members:roster-import-list"))
        return len(asked)

    upload(cast.business_admin, cast.committee, files.row())
    once = count()
    for _more in range(2):
        upload(cast.business_admin, cast.committee, files.row())
    assert count() == once


def test_upload_offers_the_units_one_keeps(cast: factories.Cast) -> None:
    def offered(user: User) -> list[str]:
        form = signed_in(user).get(reverse("members:roster-import-create")).context["form"]
        return [unit.name for unit in form.fields["unit"].queryset]

    assert offered(cast.secretary) == ["检修部党支部"]
    assert offered(cast.business_admin) == [cast.committee.name, "机关党支部", "检修部党支部", "运行部党支部"]


def test_upload_leads_to_the_preview(cast: factories.Cast) -> None:
    response = send(cast.business_admin, cast.committee, files.sample(files.MESSY), files.MESSY)
    row = RosterImport.objects.get()
    assert (response.status_code, response.url) == (302, url("detail", row))
    assert (row.file_name, row.by, row.report["counts"]["new"]) == (files.MESSY, cast.business_admin, 360)


def test_upload_takes_the_day_from_which_new_members_count(cast: factories.Cast) -> None:
    send(cast.business_admin, cast.committee, files.xlsx(files.HEADING, files.row()), started_on="2026-07-01")
    assert RosterImport.objects.get().report["new"][0]["started_on"] == "2026-07-01"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"MZ\x90\x00", "文件不是表格，或内容已损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "文件设有打开密码"),
        (files.xlsx(["甲", "乙"], [1, 2]), "没有找到花名册的表头"),
    ],
)
def test_upload_shows_the_refusal_on_the_form(cast: factories.Cast, content: bytes, sentence: str) -> None:
    response = send(cast.business_admin, cast.committee, content)
    assert (response.status_code, RosterImport.objects.count()) == (200, 0)
    assert sentence in response.content.decode()


def test_upload_of_a_file_too_big_is_refused_before_it_is_read(cast: factories.Cast, settings: Any) -> None:
    settings.ROSTER_FILE_LIMIT = 1 << 20
    response = send(cast.business_admin, cast.committee, b"x" * ((1 << 20) + 1))
    assert "文件超过 1 MB" in response.content.decode()


def test_upload_into_a_unit_of_others_is_refused(cast: factories.Cast) -> None:
    response = send(cast.secretary, cast.committee, files.xlsx(files.HEADING, files.row()))
    assert (response.status_code, RosterImport.objects.count()) == (200, 0)


# --- preview ------------------------------------------------------------------------------------
def test_page_shows_problems_and_no_confirm_button(cast: factories.Cast) -> None:
    text = page(cast.business_admin, upload(cast.business_admin, cast.committee, files.row(phone="123")))
    assert "请填 11 位手机号" in text
    assert "还不能写入" in text
    assert "确认写入</button>" not in text


def test_page_shows_new_units_columns_and_the_confirm_button(cast: factories.Cast) -> None:
    text = page(cast.business_admin, upload(cast.business_admin, cast.committee, files.row(branch="热控党支部")))
    assert "文件里有 2 个名册中还没有的组织" in text
    assert "各列的含义（10 列）" in text
    assert "确认写入</button>" in text


def test_page_says_when_there_is_nothing_to_change(cast: factories.Cast) -> None:
    rows = [files.row()]
    content = files.xlsx(files.HEADING, *rows)
    first = roster.check_upload(cast.committee, "花名册.xlsx", content, by=cast.business_admin)
    roster.confirm_import(first, first.plan_digest, by=cast.business_admin)
    roster.run_import(first.pk)
    again = roster.check_upload(cast.committee, "花名册.xlsx", content, by=cast.business_admin)
    text = page(cast.business_admin, again)
    assert "没有需要变更的内容" in text
    assert "同一个文件已于" in text
    assert "由褚卫东导入过" in text


def test_page_of_ten_thousand_problems_stays_small(cast: factories.Cast) -> None:
    rows = [files.row(number=str(n), id="", gender="x", phone="1") for n in range(3_000)]
    row = upload(cast.business_admin, cast.committee, *rows)
    assert (row.report["counts"]["errors"], len(row.report["problems"])) == (6_000, 200)
    assert len(page(cast.business_admin, row)) < 250_000


def test_page_escapes_what_stands_in_the_file(cast: factories.Cast) -> None:
    nasty = "<script>alert(1)</script>"
    text = page(
        cast.business_admin, upload(cast.business_admin, cast.committee, files.row(gender=nasty, branch=nasty))
    )
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_page_of_another_unit_is_not_there(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    for verb, method in (("detail", "get"), ("confirm", "post"), ("drop", "post"), ("problems", "get")):
        response = getattr(signed_in(cast.secretary), method)(url(verb, row))
        assert response.status_code == 404


@pytest.mark.parametrize("verb", ["columns", "confirm", "drop"])
def test_changing_pages_refuse_get(cast: factories.Cast, verb: str) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    assert signed_in(cast.business_admin).get(url(verb, row)).status_code == 405


# --- many new units -----------------------------------------------------------------------------
def many_units(cast: factories.Cast) -> RosterImport:
    """60 branches nobody has, and one that only spells the branch of the cast differently."""
    rows = [files.row(number=str(n), name="苏堃", id="", branch=f"第{n}热控党支部", group="") for n in range(60)]
    rows.append(files.row(number="900", name="何宇", id="", branch="检修部门党支部", group=""))
    return upload(cast.business_admin, cast.committee, *rows)


def asked(response: Any) -> list[str]:
    return [question.unit["name"] for question in response.context["questions"].rows]


def test_many_new_units_come_in_parts_the_doubtful_first(cast: factories.Cast) -> None:
    row, client = many_units(cast), signed_in(cast.business_admin)
    first = client.get(url("detail", row))
    assert asked(first) == ["检修部门党支部", *(f"第{n}热控党支部" for n in range(49))]
    assert f"{url('units', row)}?start=50" in first.content.decode()
    rest = client.get(url("units", row), {"start": 50})
    assert asked(rest) == [f"第{n}热控党支部" for n in range(49, 61 - 1)]
    text = rest.content.decode()
    assert (text.count("<tr>"), "<html" in text, "显示更多" in text) == (11, False, False)
    assert f'name="decision-{[unit["name"] for unit in row.report["units"]].index("第59热控党支部")}"' in text
    assert asked(client.get(url("units", row), {"start": "x"})) == asked(first)


def test_answers_to_units_that_were_not_on_the_page_are_kept(cast: factories.Cast) -> None:
    general = factories.unit(factories.Kind.GENERAL_BRANCH, cast.committee, "多经党总支")
    row, client = many_units(cast), signed_in(cast.business_admin)
    number = [unit["name"] for unit in row.report["units"]].index("第59热控党支部")
    days = {name: row.options[name] for name in ("started_on", "moved_on")}
    columns = {f"column-{column['index']}": column["field"] for column in row.report["columns"]}
    chosen = {f"unit-{number}": "第59热控党支部", f"decision-{number}": "skip", f"parent-{number}": str(general.pk)}
    client.post(url("columns", row), days | columns | chosen)
    client.post(url("columns", row), days | columns)
    row.refresh_from_db()
    unit = row.report["units"][number]
    assert (unit["name"], unit["decision"], unit["parent"]) == ("第59热控党支部", "skip", general.pk)


def test_further_units_of_an_import_that_has_gone_on_load_the_page_anew(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row(branch="热控党支部"))
    roster.confirm_import(row, row.plan_digest, by=cast.business_admin)
    response = signed_in(cast.business_admin).get(url("units", row))
    assert response.headers.get("HX-Refresh") == "true"


@pytest.mark.parametrize("verb", ["detail", "units", "progress"])
def test_pages_do_not_read_the_upload(cast: factories.Cast, queries: Any, verb: str) -> None:
    row = upload(cast.business_admin, cast.committee, files.row(branch="热控党支部"))
    with queries() as executed:
        signed_in(cast.business_admin).get(url(verb, row))
    assert [query["sql"] for query in executed if "content_sealed" in query["sql"]] == []


# --- correcting ---------------------------------------------------------------------------------
def test_wrong_guess_is_corrected_on_the_page(cast: factories.Cast) -> None:
    content = files.xlsx(["工号", "姓名", "党支部", "说明", "甲"], ["1", "苏堃", "检修部党支部", "班长", "x"])
    row = roster.check_upload(cast.committee, "a.xlsx", content, by=cast.business_admin)
    changes = choices(row, **{"column-3": "job", "column-4": "remark"})
    signed_in(cast.business_admin).post(url("columns", row), changes)
    row.refresh_from_db()
    assert [column["field"] for column in row.report["columns"]] == ["staff_number", "name", "branch", "job", "remark"]


def test_unchanged_choices_keep_the_recognition(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    response = signed_in(cast.business_admin).post(url("columns", row), choices(row))
    before, columns = row.plan_digest, row.columns
    row.refresh_from_db()
    assert (notices(response), row.plan_digest, row.columns) == (["已重新校验。"], before, columns)


def test_one_field_for_two_columns_is_refused_on_the_page(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    response = signed_in(cast.business_admin).post(url("columns", row), choices(row, **{"column-2": "name"}))
    assert (response.status_code, RosterImport.objects.get().columns) == (200, {})
    assert "B、C 列都选成了“姓名”，请只留一列。" in response.content.decode()


def test_new_branch_is_mapped_or_placed_on_the_page(cast: factories.Cast) -> None:
    general = factories.unit(factories.Kind.GENERAL_BRANCH, cast.committee, "多经党总支")
    row = upload(cast.business_admin, cast.committee, files.row(branch="燃料党支部", group=""))
    signed_in(cast.business_admin).post(url("columns", row), choices(row, **{"parent-0": str(general.pk)}))
    row.refresh_from_db()
    assert row.report["units"][0]["parent"] == general.pk
    row = upload(cast.business_admin, cast.committee, files.row(branch="检修部门党支部", group=""))
    signed_in(cast.business_admin).post(url("columns", row), choices(row, **{"decision-0": "new"}))
    row.refresh_from_db()
    assert [unit["decision"] for unit in row.report["units"]] == ["new"]


def test_day_of_moves_is_chosen_on_the_page(cast: factories.Cast) -> None:
    factories.member(cast.other_branch, name="苏堃", staff_number="10001")
    row = upload(cast.business_admin, cast.committee, files.row())
    signed_in(cast.business_admin).post(url("columns", row), choices(row, moved_on="2026-09-01"))
    assert "1 人，自 2026-09-01 起" in page(cast.business_admin, row)


@pytest.mark.parametrize(("day", "sentence"), [("x", "请写成 2026-09-30 的样子"), ("2126-01-01", "不能在将来")])
def test_impossible_day_is_said_on_the_page(cast: factories.Cast, day: str, sentence: str) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    response = signed_in(cast.business_admin).post(url("columns", row), choices(row, moved_on=day))
    assert sentence in response.content.decode()


def test_another_sheet_is_recognised_afresh(cast: factories.Cast) -> None:
    content = files.xlsx(
        files.HEADING, files.row(), more={"运行部": [["姓名", "工号", "支部"], ["何宇", "2", "运行部党支部"]]}
    )
    row = roster.check_upload(cast.committee, "a.xlsx", content, by=cast.business_admin)
    assert row.report["sheets"] == ["Sheet", "运行部"]
    signed_in(cast.business_admin).post(url("columns", row), choices(row, sheet="运行部"))
    row.refresh_from_db()
    assert (row.report["sheet"], [person["name"] for person in row.report["new"]]) == ("运行部", ["何宇"])


# --- writing and after --------------------------------------------------------------------------
def test_confirm_hands_the_work_to_the_background(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    signed_in(cast.business_admin).post(url("confirm", row), {"plan": row.plan_digest})
    row.refresh_from_db()
    assert (row.state, Member.objects.filter(staff_number="10001").exists()) == (State.CONFIRMED, False)
    assert "等待后台写入" in page(cast.business_admin, row)


def test_confirm_of_an_old_preview_is_refused(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    response = signed_in(cast.business_admin).post(url("confirm", row), {"plan": "old"})
    row.refresh_from_db()
    assert (row.state, notices(response)) == (State.CHECKED, ["页面上的预览已经过时，请刷新后再次核对。"])


def test_progress_is_asked_until_the_work_has_ended(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    roster.confirm_import(row, row.plan_digest, by=cast.business_admin)
    client = signed_in(cast.business_admin)
    first = client.get(url("progress", row))
    roster.run_import(row.pk)
    last = client.get(url("progress", row))
    assert ('hx-trigger="every 1s"' in first.content.decode(), last.headers.get("HX-Refresh")) == (True, "true")
    assert "新建组织 0 个。上传的文件已清除。" in page(cast.business_admin, row)


def test_failure_is_said_and_can_be_checked_again(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    factories.member(cast.branch, name="苏堃", staff_number="10001")
    roster.confirm_import(row, row.plan_digest, by=cast.business_admin)
    roster.run_import(row.pk)
    text = page(cast.business_admin, row)
    assert "预览之后名册已有变化，名册没有改动，请重新校验。" in text
    assert "重新校验</button>" in text


def test_drop_clears_the_file(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    response = signed_in(cast.business_admin).post(url("drop", row))
    row.refresh_from_db()
    assert (row.state, row.has_content, response.url) == (State.DROPPED, False, reverse("members:roster-import-list"))
    assert "这次导入已放弃" in page(cast.business_admin, row)
    assert notices(signed_in(cast.business_admin).post(url("drop", row))) == ["这次导入已放弃，不能再办。"]


# --- files --------------------------------------------------------------------------------------
def sheet_of(response: Any) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_all_problems_are_downloaded_masked_and_as_text(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row(gender="=1+1", id=files.id_number()[:-1] + "1"))
    rows = sheet_of(signed_in(cast.business_admin).get(url("problems", row)))
    assert rows[1] == ["级别", "行号", "列", "现在的内容", "问题", "怎么改", "工号", "姓名"]
    assert [cells[:5] for cells in rows[2:4]] == [
        ["问题", 2, "性别", "=1+1", "性别无法识别"],
        ["问题", 2, "公民身份号码", "232303********3581", "身份证号校验位不对"],
    ]
    assert rows[4][0].startswith("导出人：褚卫东")


def test_problems_after_the_file_is_gone_are_refused(cast: factories.Cast) -> None:
    row = upload(cast.business_admin, cast.committee, files.row())
    roster.drop_import(row, by=cast.business_admin)
    response = signed_in(cast.business_admin).get(url("problems", row))
    assert notices(response) == ["上传的文件已经清除，请重新上传。"]


def test_template_is_recognised_whole_when_it_comes_back(cast: factories.Cast) -> None:
    response = signed_in(cast.secretary).get(reverse("members:roster-template"))
    content = b"".join(response.streaming_content)
    book = openpyxl.load_workbook(io.BytesIO(content))
    book.active["B2"], book.active["H2"] = "10001", datetime.date(2008, 6, 24)
    found = recognise(read_table("a", files.saved(book)))
    assert [column.field for column in found.columns] == ["", *(field.key for field in FIELDS)]
    assert book.active["F2"].number_format == "@"
