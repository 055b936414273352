"""`kill -9` after every single step of a cast, of an opening and of a count: afterwards as many have voted as are
sealed, a poll is counted once, and no key outlives it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from evaluations import poll_keys
from evaluations.models import Poll, RollEntry, SealedBallot, Tally
from evaluations.services.ballots import cast
from evaluations.services.counting import count_due_polls, count_poll
from evaluations.services.polls import open_poll, prepare_poll
from members.models import AuditEvent
from tests.evaluations.campaigning import Rating, after_the_last_day, marks_of, rating
from tests.harness.killing import _is_alone, connect_child
from tests.harness.threads import wait_until

pytestmark = pytest.mark.usefixtures("real_db")


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


class _Steps:
    """Statements, commits and what is made sure on the disk; after the last one allowed the process is no more."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    def take(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        answer = execute(*arguments)
        self.take()
        return answer

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any) -> Any:
            self.take()
            answer = work(*arguments)
            self.take()
            return answer

        return stepped


def survives(act: Callable[[], object], steps: int) -> bool:
    """Run `act` in a child that ends after so many steps. Out: whether it came to its end before that."""
    connections.close_all()
    pid = os.fork()
    if not pid:
        try:
            counted = _Steps(steps)
            connect_child()
            connection._commit = counted.around(connection._commit)  # type: ignore[method-assign]
            os.fsync = counted.around(os.fsync)
            with connection.execute_wrapper(counted.statement):
                act()
            os._exit(0)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the child failed"
    wait_until(_is_alone)
    return not os.WIFSIGNALED(status)


def test_voted_is_sealed_wherever_a_cast_is_killed():
    made = rating(members=20)
    poll = made.poll()
    voters = iter(RollEntry.objects.filter(poll=poll).select_related("poll").order_by("pk"))
    states, voter = [], next(voters)
    steps = 1
    while True:
        was_alive = survives(lambda: cast(voter, marks_of(voter)), steps)  # noqa: B023
        voted = RollEntry.objects.filter(has_voted=True).count()
        assert voted == SealedBallot.objects.count()
        states.append(RollEntry.objects.get(pk=voter.pk).has_voted)
        if not states[-1]:
            # Whoever was cut off votes again.
            cast(voter, marks_of(voter))
        voter, steps = next(voters), steps + 1
        if was_alive:
            break
    # Killed before the commit, after it, and not at all.
    assert states == sorted(states)
    assert set(states) == {False, True}
    assert len(states) >= 6


def fresh(made: Rating) -> Poll:
    """A new poll of the branch, in place of the last one."""
    for model in (Tally, SealedBallot, RollEntry, Poll):
        model.objects.all().delete()
    poll, _codes = prepare_poll(made.stage("PEER"), made.cast.branch, made.candidates())
    return poll


def test_poll_is_counted_once_wherever_its_count_is_killed():
    made = rating(members=0)
    states, steps, is_alive = [], 1, False
    while not is_alive:
        poll = open_poll(fresh(made), by=made.cast.business_admin)
        receipts = [
            cast(voter, marks_of(voter)) for voter in RollEntry.objects.filter(poll=poll).select_related("poll")
        ]
        with after_the_last_day():
            is_alive = survives(lambda: count_poll(poll, by=None), steps)  # noqa: B023
            state = Poll.objects.get().state
            states.append(state)
            # All or nothing: as sealed as before with its key, or counted with nothing left to open.
            left = (SealedBallot.objects.count(), Tally.objects.count())
            assert left == ((6, 0) if state == "OPEN" else (0, 6))
            assert state == "COUNTED" or poll_keys.has_key(poll.pk)
            count_due_polls()
        counted = Poll.objects.get()
        assert (counted.state, counted.cast, counted.receipts) == ("COUNTED", 6, sorted(receipts))
        assert set(Tally.objects.values_list("mark", "count")) == {("EXCELLENT", 5)}
        assert AuditEvent.objects.filter(action="evaluations.count_poll", target__contains=f"#{poll.pk}").count() == 1
        assert not poll_keys.has_key(poll.pk)
        steps += 1
    assert states == sorted(states, reverse=True)
    assert set(states) == {"OPEN", "COUNTED"}


def test_poll_is_open_with_its_key_or_not_open_wherever_its_opening_is_killed():
    made = rating(members=0)
    states, steps, is_alive = [], 1, False
    while not is_alive:
        poll = fresh(made)
        is_alive = survives(lambda: open_poll(poll, by=made.cast.business_admin), steps)  # noqa: B023
        state = Poll.objects.get().state
        states.append(state)
        if state == "PREPARED":
            open_poll(poll, by=made.cast.business_admin)
        voters = RollEntry.objects.filter(poll=poll).select_related("poll")
        for voter in voters:
            cast(voter, marks_of(voter))
        with after_the_last_day():
            assert count_poll(poll, by=None).state == "COUNTED"
        poll_keys.destroy_key(poll.pk)
        steps += 1
    assert states == sorted(states, reverse=True)
    assert set(states) == {"PREPARED", "OPEN"}
