"""Organising polls: prepare, open, remind, count, void; codes; what two people counted by hand."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from evaluations import poll_keys
from evaluations.models import Poll, RollEntry
from evaluations.services.ballots import cast
from evaluations.services.polls import prepare_poll
from members import pdf
from members.models import AuditEvent, Message
from tests.evaluations.campaigning import after_the_last_day, marks_of, rating

pytestmark = pytest.mark.django_db
PAIR = {"first": "first scrutineer", "second": "second scrutineer"}


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(answer) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def verb(poll, name, by, **given):
    return client_of(by).post(reverse(f"evaluations:{name}", args=[poll.pk]), given, follow=True)


def page_of(poll, by):
    return client_of(by).get(reverse("evaluations:poll-detail", args=[poll.pk]))


def waiting(made, kind="PEER", outsiders=0):
    poll, _codes = prepare_poll(made.stage(kind), made.cast.branch, made.candidates(), outsiders=outsiders)
    return poll


def everybody_votes(poll):
    for entry in RollEntry.objects.filter(poll=poll).select_related("poll"):
        cast(entry, marks_of(entry))


# --- preparing ----------------------------------------------------------------------------------
def test_polls_of_a_stage_are_prepared_for_every_branch_at_once():
    made = rating()
    client = client_of(made.cast.business_admin)
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, "peer"])
    branches = {row.unit_id for row in made.campaign.candidates.filter(left_out="")}
    answer = client.post(url, follow=True)
    assert said(answer) == [f"已准备 {len(branches)} 个支部的投票。"]
    assert {poll.unit_id for poll in Poll.objects.all()} == branches
    # Again: those that stand are left alone.
    assert said(client.post(url, follow=True)) == ["已准备 0 个支部的投票。"]
    assert Poll.objects.count() == len(branches)


def test_small_branch_among_many_votes_on_record():
    made = rating()
    client_of(made.cast.business_admin).post(reverse("evaluations:poll-prepare", args=[made.campaign.pk, "peer"]))
    modes = dict(Poll.objects.values_list("unit__name", "mode"))
    # The other branch has one member, the office two.
    assert modes == {"检修部党支部": "SECRET", "运行部党支部": "RECORDED", "机关党支部": "RECORDED"}


@pytest.mark.skipif(not pdf.is_available(), reason="libraries of the system are missing")
def test_codes_come_as_a_sheet_in_the_answer_and_nowhere_else():
    made = rating()
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, "masses"])
    answer = client_of(made.cast.business_admin).post(url, {f"outsiders-{made.cast.branch.pk}": "6"})
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        "application/pdf",
        "private, no-store",
    )
    assert answer.content.startswith(b"%PDF")
    poll = Poll.objects.get()
    assert (poll.unit, poll.roll.count()) == (made.cast.branch, 6)
    lines = AuditEvent.objects.filter(action="evaluations.print_codes").values_list("detail", flat=True)
    assert list(lines) == ["6 个投票码"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("4", "检修部党支部：群众少于 5 人就不能保密，请增加人数，或填 0 不组织。"),
        ("六", "群众人数“六”不是 0 到 9999 之间的整数。"),
        ("501", "每个支部的群众最多 500 人，请核对。"),
    ],
)
def test_number_of_outside_voters_that_makes_no_sense_prepares_nothing(typed, sentence):
    made = rating()
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, "masses"])
    answer = client_of(made.cast.business_admin).post(url, {f"outsiders-{made.cast.branch.pk}": typed}, follow=True)
    assert said(answer) == [sentence]
    assert not Poll.objects.exists()


def test_more_codes_than_can_be_waited_for_are_made_in_several_goes():
    made = rating()
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, "masses"])
    units = made.campaign.candidates.values_list("unit", flat=True).distinct()
    answer = client_of(made.cast.business_admin).post(url, {f"outsiders-{unit}": "400" for unit in units}, follow=True)
    assert said(answer) == ["一次最多生成 600 个投票码，请分几次填写：没有填的支部留到下一次。"]
    assert not Poll.objects.exists()


def test_branch_without_voters_gets_no_poll():
    made = rating()
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, "masses"])
    assert said(client_of(made.cast.business_admin).post(url, follow=True)) == ["已准备 0 个支部的投票。"]
    assert not Poll.objects.exists()


def test_all_polls_of_a_stage_are_opened_at_once():
    made = rating()
    client = client_of(made.cast.business_admin)
    client.post(reverse("evaluations:poll-prepare", args=[made.campaign.pk, "peer"]), follow=True)
    url = reverse("evaluations:polls-open", args=[made.campaign.pk, "peer"])
    assert said(client.post(url, follow=True)) == ["1 个支部的投票已开始，由服务器保管钥匙。"]
    assert said(client.post(url, follow=True)) == ["“党员互评”没有等待开始的投票。"]
    opened = Poll.objects.get(state="OPEN")
    assert poll_keys.has_key(opened.pk)


@pytest.mark.parametrize("kind", ["self", "branch", "nothing"])
def test_stage_without_ballots_has_no_polls(kind):
    made = rating()
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, kind])
    assert client_of(made.cast.business_admin).post(url).status_code == 404


def test_preparing_takes_the_same_queries_for_one_branch_and_for_three(queries):
    made, numbers = rating(), {}
    elsewhere = made.campaign.candidates.exclude(unit=made.cast.branch)
    client = client_of(made.cast.business_admin)
    url = reverse("evaluations:poll-prepare", args=[made.campaign.pk, "peer"])
    client.get(reverse("evaluations:poll-list", args=[made.campaign.pk]))
    for reason in ("测试", ""):
        elsewhere.update(left_out=reason)
        with queries() as asked:
            client.post(url)
        numbers[Poll.objects.count()] = len(asked)
        RollEntry.objects.all().delete()
        Poll.objects.all().delete()
    assert list(numbers) == [1, 3]
    assert numbers[1] == numbers[3]


def test_page_of_all_polls_stays_within_twelve_queries(queries):
    made = rating()
    client = client_of(made.cast.business_admin)
    client.post(reverse("evaluations:poll-prepare", args=[made.campaign.pk, "peer"]))
    url = reverse("evaluations:poll-list", args=[made.campaign.pk])
    client.get(url)
    with queries() as three:
        page = client.get(url)
    assert len(page.context["parts"]) == 2
    assert len(three) <= 12


# --- one poll -----------------------------------------------------------------------------------
def test_poll_opened_with_the_key_on_the_server():
    made = rating()
    poll = waiting(made)
    assert "丢了没有别的办法，只能作废重投" in page_of(poll, made.cast.secretary).content.decode()
    assert said(verb(poll, "poll-open", made.cast.secretary, key="SERVER")) == ["投票已开始。"]
    poll.refresh_from_db()
    assert (poll.state, poll.key) == ("OPEN", "SERVER")


def test_poll_opened_and_counted_by_two_scrutineers():
    made = rating(members=0)
    poll = waiting(made)
    assert said(verb(poll, "poll-open", made.cast.secretary, key="SCRUTINEERS")) == ["请两名监票人各自输入口令。"]
    one = verb(poll, "poll-open", made.cast.secretary, key="SCRUTINEERS", first=PAIR["first"])
    assert said(one) == ["请两名监票人各自输入口令。"]
    assert said(verb(poll, "poll-open", made.cast.secretary, key="SCRUTINEERS", **PAIR)) == ["投票已开始。"]
    poll.refresh_from_db()
    assert poll.key == "SCRUTINEERS"
    everybody_votes(poll)
    with after_the_last_day():
        turned = {"first": PAIR["second"], "second": PAIR["first"]}
        assert "口令不对" in said(verb(poll, "poll-count", made.cast.secretary, **turned))[0]
        assert said(verb(poll, "poll-count", made.cast.secretary, **PAIR)) == ["已开票，钥匙和密封票已销毁。"]
    assert Poll.objects.get().cast == 6


def test_passphrases_stand_in_no_log():
    made = rating()
    poll = waiting(made)
    verb(poll, "poll-open", made.cast.secretary, key="SCRUTINEERS", first="short", second="other")
    lines = [f"{row.target} {row.detail}" for row in AuditEvent.objects.all()]
    assert not [line for line in lines if "short" in line or "other" in line]


def test_poll_is_not_counted_before_its_last_day_is_over():
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    assert "截止后才能开票" in said(verb(poll, "poll-count", made.cast.secretary))[0]


def test_lost_key_is_said_before_and_after():
    made = rating(members=0)
    poll = made.poll()
    poll_keys.destroy_key(poll.pk)
    assert page_of(poll, made.cast.secretary).context["is_lost"]
    with after_the_last_day():
        answer = verb(poll, "poll-count", made.cast.secretary)
    assert said(answer) == ["这次投票已作废：钥匙已丢失，选票无法开启，只能作废后重新投票。"]


def test_void_asks_for_a_reason_and_makes_room_for_a_new_poll():
    made = rating()
    poll = made.poll()
    assert said(verb(poll, "poll-void", made.cast.secretary)) == ["请写明作废的原因。"]
    verb(poll, "poll-void", made.cast.secretary, reason="名单有误")
    assert Poll.objects.get(pk=poll.pk).void_reason == "名单有误"
    client = client_of(made.cast.business_admin)
    client.post(reverse("evaluations:poll-prepare", args=[made.campaign.pk, "peer"]))
    assert sorted(Poll.objects.filter(unit=made.cast.branch).values_list("state", flat=True)) == ["PREPARED", "VOID"]


def test_open_poll_shows_turnout_and_who_is_missing_and_no_result():
    made = rating(members=0)
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    cast(entry, marks_of(entry))
    page = page_of(poll, made.cast.secretary)
    turnout = page.context["turnout"]
    assert (turnout.voted, turnout.voters, turnout.needed, turnout.is_enough) == (1, 6, 3, False)
    # Rounded down: what is below the quorum never looks like it.
    assert turnout.percent == Decimal("16.6")
    assert "王建国" not in [member.name for member in page.context["missing"]]
    assert len(page.context["missing"]) == 5
    assert not re.search("优秀|合格", page.content.decode())


@pytest.mark.parametrize("members", [1, 3])
def test_page_of_a_poll_stays_within_twelve_queries(queries, members):
    made = rating(members=members + 3)
    poll = made.poll()
    client = client_of(made.cast.secretary)
    url = reverse("evaluations:poll-detail", args=[poll.pk])
    client.get(url)
    with queries() as asked:
        client.get(url)
    assert len(asked) == 9


def test_reminder_reaches_everybody_once_a_day():
    made = rating()
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    cast(entry, marks_of(entry))
    # Of the twelve on the roll six can sign in, and one of these has voted.
    assert said(verb(poll, "poll-remind", made.cast.secretary)) == ["已提醒 5 人；今天提醒过的不再重复。"]
    assert said(verb(poll, "poll-remind", made.cast.deputy)) == ["已提醒 0 人；今天提醒过的不再重复。"]
    texts = Message.objects.filter(url=reverse("evaluations:ballot", args=[poll.pk]))
    assert texts.count() == 5
    assert made.cast.member.pk not in texts.values_list("user", flat=True)
    with after_the_last_day():
        assert said(verb(poll, "poll-remind", made.cast.secretary)) == ["现在不在投票期间，不用提醒。"]
