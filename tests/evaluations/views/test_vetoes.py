"""The pages of 一票否决: who finds what on them, and what a form does."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations.models import CaseFile, VetoCase
from evaluations.services import vetoes as services
from members.models import AuditEvent
from scoring import months
from scoring.models import Activity, Attendance, Evidence, Score
from tests import factories
from tests.evaluations.vetoing import this_month, vetoing
from tests.scoring.factories import account
from tests.scoring.test_evidence import PDF

pytestmark = pytest.mark.django_db
MEETING = "支部党员大会表决"


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def proposed(made, **given):
    fields = {
        "member": made.account.pk, "ground": "违反廉洁纪律", "level": "LIGHT",
        "happened_on": f"{timezone.localdate()}",
        "facts": "接受服务对象宴请", "key": str(uuid.uuid4()),
    } | given  # fmt: skip
    url = reverse("evaluations:veto-create", args=[made.cast.branch.pk])
    return client_of(made.cast.secretary).post(url, fields, follow=True)


def verb(case, name, by, **given):
    return client_of(by).post(reverse(f"evaluations:veto-{name}", args=[case.pk]), given, follow=True)


def test_proposal_with_a_file_makes_a_case():
    made = vetoing()
    page = proposed(made, files=[SimpleUploadedFile("处分决定.pdf", PDF)])
    case = VetoCase.objects.get()
    assert page.redirect_chain == [(reverse("evaluations:veto-detail", args=[case.pk]), 302)]
    assert [row.evidence.name for row in CaseFile.objects.filter(case=case)] == ["处分决定.pdf"]
    assert [(one["label"], one["state"]) for one in page.context["steps"]] == [
        ("提出", "done"), ("本人申辩", "now"), ("党委决定", "todo"),
    ]  # fmt: skip


def test_proposal_that_is_refused_stays_on_the_form():
    made = vetoing()
    page = proposed(made, ground="迟到", facts="")
    assert {"ground", "facts"} == set(page.context["form"].errors)
    assert not VetoCase.objects.exists()


def test_branch_without_rules_says_what_is_missing():
    cast = factories.cast()
    page = client_of(cast.secretary).get(reverse("evaluations:veto-create", args=[cast.branch.pk]))
    assert page.context["refusal"] == f"{cast.branch}还没有已发布的积分办法，先发布积分办法才能提出一票否决。"


def test_verbs_of_the_page_lead_through_the_whole_case():
    made = vetoing()
    case = made.case()
    assert said(verb(case, "answer", made.cast.member, words="已退还")) == ["已提交申辩，决定时会一并考虑。"]
    assert said(verb(case, "confirm", made.cast.committee_member, words="属实")) == [
        "已决定，积分已重新计算，本人会收到消息。"
    ]
    assert said(verb(case, "appeal", made.cast.member, words="过重")) == ["已登记申诉，由原决定人以外的党委成员办理。"]
    assert said(verb(case, "lift", made.cast.committee_member, words="解除")) == [
        "原决定由你作出，申诉请由党委其他成员办理。"
    ]
    assert said(verb(case, "lift", made.second, words="解除", **{"from": "start"})) == [
        "已解除，未结账月份的积分已重新计算。"
    ]
    assert made.score() == 80


def test_vote_page_takes_attendance_from_the_meeting_of_the_day():
    made = vetoing(MEETING)
    case = services.answer_veto(made.case(), by=made.cast.member, answer="甲")
    day = timezone.localdate()
    held = Activity.objects.create(
        unit=made.cast.branch, kind="GENERAL_MEETING", title="九月党员大会", planned_on=day, held_on=day, state="HELD",
        by=made.cast.secretary,
    )  # fmt: skip
    for person, mark in ((made.cast.secretary, "PRESENT"), (made.cast.member, "ABSENT")):
        Attendance.objects.create(activity=held, account=account(person.member), mark=mark, by=made.cast.secretary)
    page = client_of(made.cast.secretary).get(reverse("evaluations:veto-vote", args=[case.pk]))
    found = {member.name: field.value() for member, field in page.context["form"].rows}
    assert page.context["is_from_sheet"]
    assert (found["陈志远"], found["王建国"], found["郑雪"]) == ("PRESENT", "ABSENT", "ABSENT")


def test_vote_page_records_the_vote_and_says_the_verdict():
    made = vetoing(MEETING)
    case = services.answer_veto(made.case(), by=made.cast.member, answer="甲")
    minutes = made.minutes(yes=5, no=1)
    rows = {f"voter_{member}": state for member, state in minutes.voters.items()}
    fields = rows | {"held_on": f"{minutes.held_on}", "manner": "HANDS", "yes": "5", "no": "1", "abstained": "0"}
    page = verb(case, "vote", made.cast.secretary, **fields)
    assert said(page) == ["已记录表决：应到 6 人，实到 6 人，赞成 5 票，超过应到人数的一半（须 4 票），通过。"]
    assert VetoCase.objects.get().state == "VOTED"


def test_vote_page_says_why_a_count_cannot_be_right():
    made = vetoing(MEETING)
    case = services.answer_veto(made.case(), by=made.cast.member, answer="甲")
    rows = {f"voter_{member}": state for member, state in made.minutes(6).voters.items()}
    fields = rows | {"held_on": f"{timezone.localdate()}", "manner": "HANDS", "yes": "5", "no": "", "abstained": "0"}
    page = client_of(made.cast.secretary).post(reverse("evaluations:veto-vote", args=[case.pk]), fields)
    assert set(page.context["form"].errors) == {"no"}
    page = client_of(made.cast.secretary).post(reverse("evaluations:veto-vote", args=[case.pk]), fields | {"no": "0"})
    assert page.context["form"].non_field_errors() == ["赞成、反对、弃权合计 5 票，与实到 6 人不符，请核对。"]


def test_file_of_a_case_is_a_download_that_leaves_a_line():
    made = vetoing()
    proposed(made, files=[SimpleUploadedFile("处分决定.pdf", PDF)])
    case, file = VetoCase.objects.get(), Evidence.objects.get()
    url = reverse("evaluations:veto-file", args=[case.pk, file.pk])
    answer = client_of(made.cast.member).get(url)
    assert answer["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.filter(action="scoring.download_evidence", user=made.cast.member).count() == 1
    # Not by the address of other files, and not by somebody who does not see the case.
    assert client_of(made.cast.secretary).get(reverse("scoring:evidence-file", args=[file.pk])).status_code == 404
    assert client_of(made.cast.colleague).get(url).status_code == 404


def test_score_page_shows_every_ground_and_the_broken_one():
    made = vetoing()
    case = services.answer_veto(made.case(), by=made.cast.member, answer="甲")
    services.confirm_veto(case, by=made.cast.committee_member, decision="属实")
    page = client_of(made.cast.member).get(reverse("score-mine"))
    checked = page.context["checked"]
    assert [(line.ground, line.is_broken) for line in checked.lines] == [("违反廉洁纪律", True), ("违法", False)]
    assert checked.openable == {case.pk}


def test_score_page_hides_what_is_only_proposed_from_those_who_do_not_work_on_it():
    made = vetoing()
    made.case()
    url = reverse("score-of", args=[made.account.pk])
    seen = {who: client_of(who).get(url).context["checked"] for who in (made.cast.secretary, made.cast.group_leader)}
    assert [[len(line.cases) for line in one.lines] for one in seen.values()] == [[1, 0], [0, 0]]


def test_score_page_of_a_month_before_the_veto_is_clean():
    made = vetoing()
    case = services.answer_veto(made.case(), by=made.cast.member, answer="甲")
    services.confirm_veto(case, by=made.cast.committee_member, decision="属实")
    row = Score.objects.get(account=made.account)
    row.pk, row.month = None, months.shift(this_month(), -1)
    row.save()
    page = client_of(made.cast.member).get(reverse("score-mine"), {"month": row.month})
    assert [line.is_broken for line in page.context["checked"].lines] == [False, False]


def test_list_asks_the_same_number_of_queries():
    made, asked = vetoing(), []
    client = client_of(made.cast.secretary)
    # What is read once per process is read by now.
    client.get(reverse("evaluations:veto-list"))
    for count in (1, 2):
        for _ in range(count):
            made.case()
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("evaluations:veto-list"))
        asked.append(len(queries))
    assert asked == [8, 8]


def test_list_is_narrowed_by_name_and_state():
    made = vetoing()
    made.case()
    client = client_of(made.cast.committee_member)
    url = reverse("evaluations:veto-list")
    counts = [
        len(client.get(url, query).context["page"].object_list)
        for query in ({"q": "wjg"}, {"q": "sun"}, {"state": "LIFTED"})
    ]
    assert counts == [1, 0, 0]
