"""The ballot of a member and of whoever holds a code: what is shown, what is taken, what is left behind."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluations.models import RollEntry, SealedBallot, WrongCode
from evaluations.services.ballots import BallotForm
from evaluations.services.codes import MOST_WRONG, forget_wrong_codes
from evaluations.services.counting import count_poll
from evaluations.services.polls import prepare_poll, vote_on_paper, withdraw_poll
from evaluations.todo import waiting_for
from members.models import AuditEvent
from tests.evaluations.campaigning import after_the_last_day, rating

pytestmark = pytest.mark.django_db
VOTE, CAST = "/vote/", "/vote/cast/"


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(poll) -> str:
    return reverse("evaluations:ballot", args=[poll.pk])


def filled(poll, member=None, mark="0"):
    """Everybody gets the grade at this place of the form."""
    return {f"m{pk}": mark for pk in BallotForm.of(poll).asked_of(member)}


def receipt_in(answer) -> str:
    found = re.search(r'data-copy-text="([0-9a-f]{64})"', answer.content.decode())
    assert found
    return found[1]


# --- members ------------------------------------------------------------------------------------
def test_ballot_shows_everybody_but_the_voter():
    made = rating()
    poll = made.poll()
    page = client_of(made.cast.member).get(address(poll))
    names = [person.name for person in page.context["sheet"].people]
    expected = [str(one.account) for one in made.candidates() if one.account.member_id != made.cast.member.member_id]
    assert sorted(names) == sorted(expected)
    assert page.headers["Cache-Control"] == "private, no-store"


def test_ballot_is_cast_once_and_answered_with_its_receipt():
    made = rating()
    poll = made.poll()
    client, marks = client_of(made.cast.member), filled(poll, made.cast.member.member_id)
    answer = client.post(address(poll), marks)
    assert receipt_in(answer) == SealedBallot.objects.get().digest
    assert answer.headers["Cache-Control"] == "private, no-store"
    again = client.post(address(poll), marks)
    assert again.context["refusal"] == "您已经投过票了。每人只能投一次，投出的票不能修改。"
    assert SealedBallot.objects.count() == 1


def test_incomplete_ballot_is_shown_again_with_what_was_chosen_and_who_is_missing():
    made = rating()
    poll = made.poll()
    marks = filled(poll, made.cast.member.member_id, mark="2")
    missing = next(iter(marks))
    answer = client_of(made.cast.member).post(address(poll), marks | {missing: "9"})
    sheet = answer.context["sheet"]
    assert "的评价不完整" in answer.context["refusal"]
    assert sheet.missing == [person.name for person in sheet.people if person.field == missing]
    chosen = {person.field: [c.value for c in person.choices if c.is_chosen] for person in sheet.people}
    assert chosen == {field: [] if field == missing else ["2"] for field in marks}
    assert not SealedBallot.objects.exists()


def test_points_are_given_by_dimension():
    made = rating(code="year")
    poll = made.poll()
    asked = BallotForm.of(poll).asked_of(made.cast.member.member_id)
    marks = {f"m{pk}-{line}": text for pk in asked for line, text in enumerate(("18", "40", "0", "20"))}
    client = client_of(made.cast.member)
    wrong = client.post(address(poll), marks | {f"m{next(iter(asked))}-0": "21"})
    assert "不在规定的范围内" in wrong.context["refusal"]
    assert receipt_in(client.post(address(poll), marks)) == SealedBallot.objects.get().digest


def test_ballot_of_somebody_who_is_not_on_the_roll_is_not_found():
    made = rating()
    poll = made.poll()
    assert client_of(made.cast.stranger).get(address(poll)).status_code == 404
    assert client_of(made.cast.auditor).get(address(poll)).status_code == 403
    assert Client().get(address(poll)).status_code == 302


def test_ended_void_and_early_polls_say_so():
    made = rating()
    poll = made.poll()
    client, marks = client_of(made.cast.member), filled(poll, made.cast.member.member_id)
    with after_the_last_day():
        assert "截止，不能再投票" in client.post(address(poll), marks).context["refusal"]
    withdraw_poll(poll, by=made.cast.secretary, reason="名单有误")
    page = client.post(address(poll), marks)
    assert page.context["refusal"] == "这次投票已作废，请等待组织者的通知。"
    assert "名单有误" in page.content.decode()
    type(poll).objects.filter(pk=poll.pk).update(state="PREPARED", void_reason="")
    assert "投票还没有开始" in client.get(address(poll)).context["refusal"]
    assert not SealedBallot.objects.exists()


def test_poll_on_paper_takes_no_ballots_here():
    made = rating()
    poll, codes = prepare_poll(made.stage("MASSES"), made.cast.branch, made.candidates(), outsiders=6)
    vote_on_paper(poll, by=made.cast.secretary)
    said = "这次是纸质票，不在网上投票。"
    assert Client().post(VOTE, {"code": codes[0]}).context["refusal"] == said
    own, _codes = prepare_poll(made.stage("PEER"), made.cast.branch, made.candidates())
    vote_on_paper(own, by=made.cast.secretary)
    assert client_of(made.cast.member).get(address(own)).context["refusal"] == said


def test_ballot_leaves_nothing_in_session_and_log():
    made = rating()
    poll = made.poll()
    client = client_of(made.cast.member)
    client.get(address(poll))
    before = (Session.objects.get().session_data, AuditEvent.objects.count())
    client.post(address(poll), filled(poll, made.cast.member.member_id))
    client.post(address(poll), {"m1": "a refused ballot"})
    assert (Session.objects.get().session_data, AuditEvent.objects.count()) == before


def test_casting_takes_eight_queries_at_most(queries):
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    own = made.poll()
    client = client_of(made.cast.member)
    client.get(address(own))
    with queries() as asked:
        client.post(address(own), filled(own, made.cast.member.member_id))
    code = made.codes[str(poll.pk)][0]
    with queries() as with_code:
        Client().post(CAST, filled(poll) | {"code": code})
    # A savepoint is the transaction of a test.
    counted = [[one for one in seen if "SAVEPOINT" not in one["sql"]] for seen in (asked, with_code)]
    assert SealedBallot.objects.count() == 2
    assert [len(seen) for seen in counted] == [6, 5]


@pytest.mark.parametrize("people", [1, 3])
def test_ballot_asks_as_many_queries_for_one_as_for_three(queries, people):
    made = rating(members=6 + people)
    poll = made.poll()
    client = client_of(made.cast.member)
    client.get(address(poll))
    with queries() as asked:
        client.get(address(poll))
    assert len(asked) == 6


# --- bearers of codes ---------------------------------------------------------------------------
def test_code_opens_the_ballot_and_is_spent_with_it():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]
    client = Client()
    typed = f"{code[:4].lower()} {code[4:8]}-{code[8:]}"
    page = client.post(VOTE, {"code": typed})
    assert len(page.context["sheet"].people) == len(made.candidates())
    # Looking at it spends nothing.
    assert not RollEntry.objects.filter(poll=poll, has_voted=True).exists()
    answer = client.post(CAST, filled(poll) | {"code": typed})
    assert receipt_in(answer) == SealedBallot.objects.get().digest
    again = client.post(CAST, filled(poll) | {"code": code})
    assert again.context["refusal"] == "这个投票码已经用过，每个投票码只能投一次。"
    assert SealedBallot.objects.count() == 1


def test_incomplete_ballot_of_a_code_does_not_spend_it():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]
    answer = Client().post(CAST, {"code": code})
    assert len(answer.context["sheet"].missing) == len(made.candidates())
    assert answer.context["code"] == code
    assert receipt_in(Client().post(CAST, filled(poll) | {"code": code}))


def test_pages_without_sign_in_set_no_cookie_and_make_no_session():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]
    Session.objects.all().delete()
    client = Client(enforce_csrf_checks=True)
    asked = [
        client.get(VOTE),
        client.post(VOTE, {"code": "wrong"}),
        client.post(VOTE, {"code": code}),
        client.post(CAST, {"code": code}),
        client.post(CAST, filled(poll) | {"code": code}),
        client.get(reverse("evaluations:vote-receipts", args=[poll.pk])),
    ]
    assert [(page.status_code, page.cookies.output()) for page in asked] == [(200, "")] * 6
    assert {page.headers["Cache-Control"] for page in asked[:5]} == {"private, no-store"}
    assert not client.cookies
    assert not Session.objects.exists()


def test_code_stands_in_no_address_and_no_log(caplog):
    """What is printed has it behind a "#", which no browser sends; from there it goes by POST."""
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]
    caplog.set_level("DEBUG")
    with after_the_last_day():
        Client().post(VOTE, {"code": code})
    page = Client().post(VOTE, {"code": code})
    Client().post(CAST, filled(poll) | {"code": code})
    assert {page.request["PATH_INFO"], page.request["QUERY_STRING"]} == {VOTE, ""}
    assert re.findall(r'action="([^"]*)"', page.content.decode()) == [CAST]
    said = [record.getMessage() for record in caplog.records if record.name != "django.db.backends"]
    assert not [line for line in said if code in line]
    assert not AuditEvent.objects.filter(detail__contains=code).exists()
    # What the database is asked for is the keyed hash.
    asked = [record.getMessage() for record in caplog.records if record.name == "django.db.backends"]
    assert not [line for line in asked if code in line]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "请填写纸条上的 12 位投票码。"),
        ("ABCD", "没有这个投票码，请核对纸条上的 12 位字母和数字。"),
        ("A" * 50, "请填写纸条上的 12 位投票码。"),
        ("一二三", "没有这个投票码，请核对纸条上的 12 位字母和数字。"),
    ],
)
def test_code_that_nobody_was_given_is_refused_with_a_sentence(given, said):
    assert Client().post(VOTE, {"code": given}).context["refusal"] == said


def test_whoever_guesses_codes_has_to_wait():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]
    for _guess in range(MOST_WRONG):
        Client().post(VOTE, {"code": "ABCDEFGHJKMN"})
    # Even a good one, and on the second page too: else the wait could be tried out.
    for page in (VOTE, CAST):
        answer = Client().post(page, filled(poll) | {"code": code})
        assert answer.context["refusal"] == "输错的次数太多，请 10 分钟后再试。"
    assert "sheet" in Client(REMOTE_ADDR="10.0.0.9").post(VOTE, {"code": code}).context
    assert forget_wrong_codes() == 0
    WrongCode.objects.update(at="2026-01-01T00:00:00Z")
    assert (forget_wrong_codes(), WrongCode.objects.count()) == (MOST_WRONG, 0)


def test_code_of_a_poll_that_ended_says_so():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]
    with after_the_last_day():
        assert "截止，不能再投票" in Client().post(VOTE, {"code": code}).context["refusal"]
    withdraw_poll(poll, by=made.cast.secretary, reason="名单有误")
    assert Client().post(VOTE, {"code": code}).context["refusal"] == "这次投票已作废，请等待组织者的通知。"


# --- receipts -----------------------------------------------------------------------------------
def test_receipts_are_listed_after_the_count_and_not_before():
    made = rating(members=0)
    poll = made.poll()
    url = reverse("evaluations:vote-receipts", args=[poll.pk])
    given = []
    for entry in RollEntry.objects.filter(poll=poll).select_related("member__user"):
        answer = client_of(entry.member.user).post(address(poll), filled(poll, entry.member_id))
        given.append(receipt_in(answer))
    assert Client().get(url).context["receipts"] == []
    with after_the_last_day():
        count_poll(poll, by=None)
    assert [receipt for receipt, _shown in Client().get(url).context["receipts"]] == sorted(given)


def test_ballot_waits_among_the_todos_until_it_is_cast():
    made = rating()
    poll = made.poll()
    today = timezone.localdate()
    expected = [(f"投票：{made.campaign}", address(poll), 1, today)]

    def waiting():
        found = [one for one in waiting_for(made.cast.member, today) if one.kind == "投票"]
        return [(one.title, one.url, one.count, one.due) for one in found]

    assert waiting() == expected
    assert not [one for one in waiting_for(made.cast.stranger, today) if one.kind == "投票"]
    client_of(made.cast.member).post(address(poll), filled(poll, made.cast.member.member_id))
    assert waiting() == []
