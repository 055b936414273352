import datetime
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members.models import Appointment, AuditEvent
from members.resources import HEADINGS
from tests import factories
from tests.factories import Post
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST = reverse("members:appointment-list")
IMPORT = reverse("members:appointment-import")
CONFIRM = reverse("members:appointment-import-confirm")


def workbook(*rows: tuple[object, ...]) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    book.active.append(["任职名册"])
    book.active.append(list(HEADINGS))
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return SimpleUploadedFile("任职.xlsx", file.getvalue())


def test_list_shows_posts_of_the_tree_and_past_ones_on_request(client):
    cast = factories.cast()
    past = factories.appointment(cast.member.member, cast.branch, Post.SCORE_CLERK, ended_on=datetime.date(2026, 1, 1))
    client.force_login(cast.secretary)
    shown = {query: list(client.get(LIST + query).context["page"]) for query in ("", "?past=on", "?post=GROUP_LEADER")}
    assert (past in shown[""], past in shown["?past=on"]) == (False, True)
    assert [post.member.name for post in shown["?post=GROUP_LEADER"]] == ["周敏"]
    assert len(shown[""]) == 6


def test_list_asks_the_same_number_of_queries_for_one_and_for_three_rows(client, queries):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    address = f"{LIST}?unit={cast.other_branch.pk}"
    factories.appointment(cast.stranger.member, cast.other_branch, Post.SCORE_CLERK)
    one = queries_of(client, queries, address)
    for _ in range(2):
        factories.appointment(factories.member(cast.other_branch), cast.other_branch, Post.BRANCH_DEPUTY)
    three = queries_of(client, queries, address)
    assert (one == three, three <= 12) == (True, True)


def test_export_downloads_what_the_list_shows(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    answer = client.get(reverse("members:appointment-export"), {"post": "GROUP_LEADER"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2, max_row=3)]
    leader = cast.group_leader.member
    assert rows == [
        list(HEADINGS),
        [leader.staff_number, "周敏", "检修部党支部", "第一党小组", "党小组长", datetime.datetime(2020, 1, 1), None],
    ]
    assert AuditEvent.objects.first().action == "members.export_appointments"


def test_create_appoints_and_offers_units_in_reach(client):
    cast = factories.cast()
    foreign = factories.branch(factories.committee(name="别的党委"))
    client.force_login(cast.business_admin)
    address = reverse("members:appointment-create", args=[cast.member.member_id])
    form = {"post": Post.SCORE_CLERK, "started_on": "2026-09-01"}
    refused = client.post(address, form | {"unit": foreign.pk})
    assert refused.context["form"].errors == {"unit": ["请从列表中选择。"]}
    assert client.post(address, form | {"unit": cast.branch.pk}).status_code == 302
    assert cast.member.member.appointments.get().post == Post.SCORE_CLERK


def test_create_shows_the_refusal_of_the_service(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    address = reverse("members:appointment-create", args=[cast.member.member_id])
    form = {"post": Post.BRANCH_SECRETARY, "unit": cast.branch.pk, "started_on": "2026-09-01"}
    assert client.post(address, form).context["form"].non_field_errors() == [
        "“检修部党支部”已有支部书记 陈志远，请先免去其职务。"
    ]


def test_end_takes_the_post_away(client):
    cast = factories.cast()
    held = cast.secretary.member.appointments.get()
    address = reverse("members:appointment-end", args=[held.pk])
    client.force_login(cast.secretary)
    assert client.post(address, {"on": "2026-09-01"}).status_code == 403
    client.force_login(cast.business_admin)
    assert client.post(address, {"on": "2026-09-01"}).status_code == 302
    assert Appointment.objects.get(pk=held.pk).ended_on == datetime.date(2026, 9, 1)


def test_import_shows_what_it_would_do_and_writes_after_confirmation(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    member, secretary = cast.member.member, cast.secretary.member
    file = workbook(
        (member.staff_number, member.name, "", cast.branch.name, "记分员", datetime.datetime(2026, 9, 1), None),
        (secretary.staff_number, "", "", cast.branch.name, "支部书记", "2020.01.01", ""),
    )
    trial = client.post(IMPORT, {"file": file})
    assert [line["is_kept"] for line in trial.context["lines"]] == [False, True]
    assert not member.appointments.exists()
    done = client.post(CONFIRM, {"rows": trial.context["sealed"]})
    assert (done.status_code, done["Location"]) == (302, LIST)
    assert member.appointments.get().started_on == datetime.date(2026, 9, 1)
    assert AuditEvent.objects.first().detail == "1 个任职"


def test_import_lists_all_problems_and_cannot_be_confirmed(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    trial = client.post(IMPORT, {"file": workbook(("99999", "", "", "无", "班长", "昨天", ""))})
    assert [problem["where"] for problem in trial.context["problems"]] == ["第 3 行"] * 4
    assert (trial.context["lines"], trial.context["sealed"]) == ([], "")


def test_import_refuses_a_file_that_is_no_table(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    answer = client.post(IMPORT, {"file": SimpleUploadedFile("x.xlsx", b"\x00\x01")})
    assert answer.context["form"].errors["file"]


def test_confirmation_of_another_person_or_a_forged_one_is_refused(client):
    cast = factories.cast()
    member = cast.member.member
    client.force_login(cast.business_admin)
    file = workbook((member.staff_number, "", "", cast.branch.name, "记分员", "2026-09-01", ""))
    sealed = client.post(IMPORT, {"file": file}).context["sealed"]
    other = factories.official(cast.committee, Post.PARTY_WORKER, cast.branch)
    for person, rows in ((other, sealed), (cast.business_admin, sealed + "x"), (cast.business_admin, "")):
        client.force_login(person)
        assert client.post(CONFIRM, {"rows": rows})["Location"] == IMPORT
    assert not member.appointments.exists()
