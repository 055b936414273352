"""Many at the same door: one ballot per voter, none lost, none after the count."""

from __future__ import annotations

import datetime
import threading
from unittest.mock import patch

import pytest
from django.utils import timezone

from evaluations import poll_keys
from evaluations.models import Poll, RollEntry, SealedBallot, Tally
from evaluations.services.ballots import cast
from evaluations.services.codes import voter_with
from evaluations.services.counting import count_poll
from evaluations.services.hand_counts import HandCount, enter_count
from evaluations.services.polls import open_poll, prepare_poll, vote_on_paper, withdraw_poll
from members.models import AuditEvent
from tests.evaluations.campaigning import marks_of, rating
from tests.harness.threads import race

pytestmark = pytest.mark.usefixtures("real_db")


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def kinds(outcomes: list[object]) -> dict[str, int]:
    found: dict[str, int] = {}
    for outcome in outcomes:
        found[type(outcome).__name__] = found.get(type(outcome).__name__, 0) + 1
    return found


def entries(poll: Poll) -> list[RollEntry]:
    return list(RollEntry.objects.filter(poll=poll).select_related("poll").order_by("pk"))


def test_fifty_ballots_of_one_voter_at_once_are_one():
    made = rating()
    entry = made.roll(made.poll(), made.cast.member)
    marks = marks_of(entry)
    outcomes = race(50, lambda _number: cast(RollEntry.objects.select_related("poll").get(pk=entry.pk), marks))
    assert kinds(outcomes) == {"str": 1, "Refused": 49}
    assert list(SealedBallot.objects.values_list("digest", flat=True)) == [o for o in outcomes if isinstance(o, str)]
    assert RollEntry.objects.filter(has_voted=True).count() == 1


def test_fifty_ballots_with_one_code_at_once_are_one():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    code = made.codes[str(poll.pk)][0]

    def act(_number: int) -> str:
        entry = voter_with(code, "10.0.0.1")
        return cast(entry, marks_of(entry))

    assert kinds(race(50, act)) == {"str": 1, "Refused": 49}
    assert SealedBallot.objects.count() == 1


def test_everybody_at_once_loses_no_ballot():
    made = rating(members=24)
    poll = made.poll()
    voters = entries(poll)
    outcomes = race(len(voters), lambda number: cast(voters[number], marks_of(voters[number])))
    assert kinds(outcomes) == {"str": 30}
    assert sorted(SealedBallot.objects.values_list("digest", flat=True)) == sorted(map(str, outcomes))


def test_ballots_that_meet_the_count_are_in_it_or_refused():
    """Midnight passes between them: for whoever counts it is tomorrow already."""
    made = rating(members=14)
    poll = made.poll()
    voters, today, counter = entries(poll), timezone.localdate(), threading.local()
    for voter in voters[:8]:
        cast(voter, marks_of(voter))

    def day(*_arguments: object) -> datetime.date:
        return today + datetime.timedelta(days=1) if getattr(counter, "counts", False) else today

    def act(number: int) -> object:
        if number:
            return cast(voters[7 + number], marks_of(voters[7 + number]))
        counter.counts = True
        return count_poll(poll, by=None)

    with patch("django.utils.timezone.localdate", day):
        outcomes = race(13, act)
    poll.refresh_from_db()
    late = [outcome for outcome in outcomes[1:] if isinstance(outcome, str)]
    assert poll.state == "COUNTED"
    assert len(poll.receipts) == poll.cast == 8 + len(late) == RollEntry.objects.filter(has_voted=True).count()
    assert set(late) <= set(poll.receipts)
    assert set(kinds(outcomes[1:])) <= {"str", "Refused"}
    assert not SealedBallot.objects.exists()


def test_poll_counted_by_several_at_once_is_counted_once():
    made = rating(members=0)
    poll = made.poll()
    for voter in entries(poll):
        cast(voter, marks_of(voter))
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with patch("django.utils.timezone.localdate", lambda *arguments: tomorrow):
        outcomes = race(6, lambda _number: count_poll(Poll.objects.get(pk=poll.pk), by=None))
    assert kinds(outcomes) == {"Poll": 6}
    assert AuditEvent.objects.filter(action="evaluations.count_poll").count() == 1
    assert sum(Tally.objects.values_list("count", flat=True)) == 6 * 5
    assert not poll_keys.has_key(poll.pk)


def test_ballots_that_meet_a_void_are_destroyed_or_refused():
    made = rating(members=14)
    poll = made.poll()
    voters = entries(poll)

    def act(number: int) -> object:
        if number:
            return cast(voters[number], marks_of(voters[number]))
        return withdraw_poll(poll, by=made.cast.business_admin, reason="名单有误")

    assert set(kinds(race(20, act)[1:])) <= {"str", "Refused"}
    assert Poll.objects.get().state == "VOID"
    assert not SealedBallot.objects.exists()
    assert not poll_keys.has_key(poll.pk)


def test_poll_opened_by_several_at_once_has_the_key_that_opens_it():
    made = rating(members=0)
    poll, _codes = prepare_poll(made.stage("PEER"), made.cast.branch, made.candidates())
    outcomes = race(5, lambda _number: open_poll(poll, by=made.cast.business_admin))
    assert kinds(outcomes) == {"Poll": 1, "Refused": 4}
    poll.refresh_from_db()
    private = poll_keys.read_key(poll.pk)
    assert private.public_key().public_bytes_raw().hex() == poll.public_key


def test_two_counts_by_hand_at_once_make_one_result():
    made = rating(members=0)
    poll, _codes = prepare_poll(made.stage("PEER"), made.cast.branch, made.candidates())
    poll = vote_on_paper(poll, by=made.cast.secretary)
    marks = {(one.pk, "MEMBERS", 0, "EXCELLENT"): 5 for one in made.candidates()}
    found = HandCount(6, {"MEMBERS": 6}, marks)
    people = [made.cast.secretary, made.cast.deputy]
    assert race(2, lambda number: enter_count(poll, found, by=people[number])) == [[], []]
    assert Poll.objects.get().state == "COUNTED"
    assert Tally.objects.count() == 6
