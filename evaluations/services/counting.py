"""Opening a poll: once, after it has closed, in one transaction; then the key is destroyed (trust.md §2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations import poll_keys
from evaluations.calculation.counting import Ballot, Counted, count
from evaluations.models import Poll, RollEntry, SealedBallot, Stage, Tally
from evaluations.services.ballots import BallotForm
from members.errors import Refused
from members.models import User
from members.services.audit import record

State = Poll.State


@transaction.atomic
def count_poll(poll: Poll, *, by: User | None, passphrases: tuple[str, str] | None = None) -> Poll:
    """Open the ballots of a poll whose days are over, tally them, destroy ballots and key. Twice is once.

    Raise Refused before the last day is over, and for a missing or wrong passphrase. A poll whose key is lost, or
    whose ballots are not exactly those of the roll, is void: nobody can say what it would have come to.
    """
    poll = Poll.objects.select_for_update(of=("self",)).select_related("stage", "unit").get(pk=poll.pk)
    if poll.state == State.COUNTED:
        return poll
    form = BallotForm.of(poll)
    if poll.state != State.OPEN or timezone.localdate() <= form.closes_on:
        raise Refused(_("投票到 %s 截止，截止后才能开票。") % form.closes_on)
    try:
        private = poll_keys.read_key(poll.pk, passphrases)
    except poll_keys.LostKey:
        return void_poll(poll, by=by, reason=_("钥匙已丢失，选票无法开启，只能作废后重新投票。"))
    sealed = list(SealedBallot.objects.filter(poll=poll).order_by("digest"))
    voted = RollEntry.objects.filter(poll=poll, has_voted=True).count()
    ballots = _opened(poll, private, sealed)
    if ballots is None or len(ballots) != voted:
        words = {"sealed": len(sealed), "voted": voted}
        return void_poll(
            poll, by=by, reason=_("密封票 %(sealed)d 张，名册上已投 %(voted)d 人，不一致，只能作废。") % words
        )
    _store(poll, count(ballots, form.pools, list(form.candidates), form.threshold), sealed)
    record(by, "evaluations.count_poll", poll, detail=_("共 %d 票") % len(sealed))
    transaction.on_commit(partial(poll_keys.destroy_key, poll.pk))
    return poll


def _opened(poll: Poll, private: X25519PrivateKey, sealed: Sequence[SealedBallot]) -> list[Ballot] | None:
    """The ballots; None when one of them was not sealed for this poll."""
    found = []
    for row in sealed:
        try:
            content = json.loads(poll_keys.unseal(private, poll.pk, bytes(row.sealed)))
        except InvalidTag:
            return None
        found.append(Ballot(content["pool"], {int(pk): marks for pk, marks in content["marks"].items()}))
    return found


def _store(poll: Poll, counted: Counted, sealed: Sequence[SealedBallot]) -> None:
    """Only how many marked whom how is kept: no ballot as a whole, so nobody is known by what they wrote together."""
    poll.state, poll.cast = State.COUNTED, len(sealed)
    poll.receipts = [row.digest for row in sealed]
    poll.notes, poll.merged = _notes(counted, len(sealed)), counted.merged
    poll.save(update_fields=["state", "cast", "receipts", "notes", "merged"])
    Tally.objects.bulk_create(
        (
            Tally(poll=poll, candidate_id=candidate, pool=pool, line=line, mark=mark, count=many)
            for (candidate, pool, line, mark), many in counted.tallies.items()
        ),
        batch_size=1000,
    )
    SealedBallot.objects.filter(poll=poll).delete()


def _notes(counted: Counted, cast: int) -> list[str]:
    names = dict(Stage.Rater.choices)
    notes = [
        _("%(pool)s的票数不足以保密，与%(into)s合并计票。") % {"pool": names[pool], "into": names[into]}
        for pool, into in counted.merged.items()
    ]
    if cast and not counted.is_opened:
        notes.append(_("收到的票数不足以保密，没有开票，不计入结果。"))
    return notes


@transaction.atomic
def void_poll(poll: Poll, *, by: User | None, reason: str) -> Poll:
    """Take a poll back for good: its ballots and its key are destroyed unread."""
    poll = Poll.objects.select_for_update(of=("self",)).get(pk=poll.pk)
    if (poll.state, State.VOID) not in Poll.MOVES:
        raise Refused(_("这次投票%s，不能作废。") % poll.get_state_display())
    poll.state, poll.void_reason = State.VOID, reason[:200]
    poll.save(update_fields=["state", "void_reason"])
    SealedBallot.objects.filter(poll=poll).delete()
    record(by, "evaluations.void_poll", poll, detail=poll.void_reason)
    transaction.on_commit(partial(poll_keys.destroy_key, poll.pk))
    return poll


def count_due_polls() -> int:
    """Open every poll whose days are over and whose key the server keeps; destroy keys that outlived their poll.

    Out: how many were opened. May run twice, late, on two workers. A poll whose key is not to be found here is left to
    people: this may be a machine that does not share the folder, and a void poll cannot be taken back.
    """
    today = timezone.localdate()
    # By the day in the form as it was opened; the stage may have been given another one since.
    waiting = Poll.objects.filter(state=State.OPEN, key=Poll.Key.SERVER)
    due = [poll for poll in waiting if BallotForm.of(poll).closes_on < today and poll_keys.has_key(poll.pk)]
    for poll in due:
        count_poll(poll, by=None)
    # Between the commit and the end of the file there may have been an end of the process.
    ended = Poll.objects.filter(state__in=[State.COUNTED, State.VOID], mode=Poll.Mode.SECRET).values_list(
        "pk", flat=True
    )
    for pk in ended:
        poll_keys.destroy_key(pk)
    return len(due)
