"""Casting a secret ballot: marked on the roll and sealed in one short transaction, once per voter (trust.md §2).

Nothing about a ballot is kept anywhere else: no draft, no cache, no line in a log, no time.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import Grade, Poll, RollEntry, SealedBallot, Stage
from evaluations.poll_keys import receipt, seal
from members.errors import Refused

State = Poll.State
# Sizes are rounded up to this, so that they do not give away how many candidates there are either.
_STEP = 256


@dataclass(frozen=True)
class BallotForm:
    """The form of a poll as it was frozen: whom to mark, and with what."""

    # candidate -> (name, the member it is about, for whom it is left out)
    candidates: Mapping[int, tuple[str, int | None]]
    is_graded: bool
    # Grades with their points, or dimensions with their full marks.
    lines: Sequence[tuple[str, str]]
    pools: Sequence[str]
    threshold: int
    opens_on: datetime.date
    closes_on: datetime.date

    @classmethod
    def of(cls, poll: Poll) -> BallotForm:
        form = poll.form
        candidates = {int(pk): (str(name), member) for pk, name, member in form["candidates"]}
        return cls(
            candidates,
            form["form"] == Stage.Form.GRADES,
            [(str(name), str(points)) for name, points in form["lines"]],
            form["pools"],
            form["threshold"],
            datetime.date.fromisoformat(form["opens_on"]),
            datetime.date.fromisoformat(form["closes_on"]),
        )

    def asked_of(self, member: int | None) -> dict[int, str]:
        """Whom this voter marks: everybody but themselves."""
        return {pk: name for pk, (name, about) in self.candidates.items() if about is None or about != member}

    @property
    def grades(self) -> list[tuple[str, str]]:
        """The grades to choose from: (code, name)."""
        return [(name, str(Grade(name).label)) for name, _points in self.lines] if self.is_graded else []


def size_of(form: BallotForm) -> int:
    """Bytes that the longest ballot of this form takes, rounded up."""
    longest = {pk: _longest(form) for pk in form.candidates}
    text = _written(max(Stage.Rater.values, key=len), longest)
    return -(-len(text) // _STEP) * _STEP


def _longest(form: BallotForm) -> list[str]:
    if form.is_graded:
        return [max((name for name, _points in form.lines), key=len)]
    return [full for _name, full in form.lines]


def _written(pool: str, marks: Mapping[int, Sequence[str]]) -> bytes:
    return json.dumps({"pool": pool, "marks": {str(pk): list(given) for pk, given in marks.items()}}).encode()


def check_marks(form: BallotForm, member: int | None, marks: Mapping[int, Sequence[str]]) -> None:
    """Raise Refused when a ballot is not complete or marks what is not there. The sentence repeats nothing of it."""
    asked = form.asked_of(member)
    if set(marks) != set(asked):
        raise Refused(_("请给名单上的每一个人都作出评价，再提交。"))
    for pk, given in marks.items():
        if not _fits(form, given):
            raise Refused(_("%s的评价不完整或不在规定的范围内，请重新填写。") % asked[pk])


def _fits(form: BallotForm, given: Sequence[str]) -> bool:
    if form.is_graded:
        return len(given) == 1 and given[0] in {name for name, _points in form.lines}
    return len(given) == len(form.lines) and all(
        mark.isascii() and mark.isdigit() and len(mark) <= 4 and int(mark) <= int(full)
        for mark, (_name, full) in zip(given, form.lines, strict=True)
    )


def cast(voter: RollEntry, marks: Mapping[int, Sequence[str]]) -> str:
    """Cast one ballot. Out: the receipt. Raise Refused when the poll is not open, or this voter has voted.

    Three statements: the poll is held open, the voter is marked where not marked yet, the sealed text goes in.
    """
    poll = voter.poll
    form = BallotForm.of(poll)
    check_marks(form, voter.member_id, marks)
    # Sealing takes longer than writing: done before anything is locked.
    sealed = seal(poll.public_key, poll.pk, _written(voter.pool, marks), poll.size)
    digest = receipt(sealed)
    with transaction.atomic():
        _hold_open(poll, form)
        # The code too: one that was renewed meanwhile is void.
        if not RollEntry.objects.filter(pk=voter.pk, code=voter.code, has_voted=False).update(has_voted=True):
            raise Refused(_("您已经投过票了。每人只能投一次，投出的票不能修改。"))
        SealedBallot.objects.bulk_create([SealedBallot(digest=digest, poll=poll, sealed=sealed)])
    return digest


# Shared: voters do not wait for each other, the count waits for all of them, and after it nobody gets in.
_STATE = "SELECT state FROM evaluations_poll WHERE id = %s"


def _hold_open(poll: Poll, form: BallotForm) -> None:
    shared = " FOR SHARE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_STATE + shared, [poll.pk if connection.vendor == "postgresql" else poll.pk.hex])
        (state,) = cursor.fetchone()
    require_open(state, form, timezone.localdate())


def require_open(state: str, form: BallotForm, today: datetime.date) -> None:
    """Raise Refused unless ballots are taken today."""
    if state == State.VOID:
        raise Refused(_("这次投票已作废，请等待组织者的通知。"))
    if state == State.COUNTED or today > form.closes_on:
        raise Refused(_("投票已于 %s 截止，不能再投票。") % form.closes_on)
    if state != State.OPEN or today < form.opens_on:
        raise Refused(_("投票还没有开始，将于 %s 开始。") % form.opens_on)
