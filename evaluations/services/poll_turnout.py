"""How many have voted, who has not, and telling them: all that anybody learns of a poll before it is counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import Poll, RollEntry, Stage
from evaluations.services.ballots import BallotForm
from members.errors import Refused
from members.models import Member, User
from members.services.audit import record
from members.services.reminders import Summary, remind


@dataclass(frozen=True)
class Turnout:
    """应参评 and 已参评, of everybody and by pool: (name, voted, voters)."""

    pools: tuple[tuple[str, int, int], ...]
    quorum: Decimal

    @property
    def voters(self) -> int:
        return sum(voters for _pool, _voted, voters in self.pools)

    @property
    def voted(self) -> int:
        return sum(voted for _pool, voted, _voters in self.pools)

    @property
    def percent(self) -> Decimal:
        """One decimal, rounded down: what is below the quorum is never shown as reaching it."""
        return Decimal(self.voted * 1000 // self.voters) / 10 if self.voters else Decimal(0)

    @property
    def is_enough(self) -> bool:
        return self.voters > 0 and self.voted * 100 >= self.quorum * self.voters

    @property
    def needed(self) -> int:
        """So many voters reach the quorum, rounded up."""
        return int(-(-self.voters * self.quorum // 100))


def turnouts_of(polls: Iterable[Poll]) -> dict[object, Turnout]:
    """Poll -> turnout, in one query. Polls come with their stage."""
    by_poll: dict[object, list[tuple[str, int, int]]] = {}
    polls, names = list(polls), dict(Stage.Rater.choices)
    rows = RollEntry.objects.filter(poll__in=polls).values("poll", "pool").order_by("poll", "pool")
    counted = rows.annotate(voters=Count("pk"), voted=Count("pk", filter=Q(has_voted=True)))
    for row in counted:
        by_poll.setdefault(row["poll"], []).append((str(names[row["pool"]]), row["voted"], row["voters"]))
    return {poll.pk: Turnout(tuple(by_poll.get(poll.pk, ())), poll.stage.quorum) for poll in polls}


def turnout_of(poll: Poll) -> Turnout:
    return turnouts_of([poll])[poll.pk]


def missing_from(poll: Poll) -> list[Member]:
    """The members on the roll who have not voted yet, by name. Bearers of codes have no name here."""
    waiting = RollEntry.objects.filter(poll=poll, member__isnull=False, has_voted=False).values("member")
    return list(Member.objects.filter(pk__in=waiting).order_by("pinyin", "staff_number"))


@transaction.atomic
def remind_voters(poll: Poll, *, by: User) -> int:
    """One message to each member who has not voted, once a day whoever asks for it. Out: how many were told.

    Raise Refused when no ballots are taken today.
    """
    form, today = BallotForm.of(poll), timezone.localdate()
    if poll.state != Poll.State.OPEN or not form.opens_on <= today <= form.closes_on:
        raise Refused(_("现在不在投票期间，不用提醒。"))
    waiting = RollEntry.objects.filter(poll=poll, member__isnull=False, has_voted=False)
    users = User.objects.filter(member__in=waiting.values("member"), is_active=True)
    words = {"poll": poll, "day": form.closes_on}
    line = (_("请参加投票：%(poll)s，%(day)s 截止。") % words, reverse("evaluations:ballot", args=[poll.pk]))
    slot = frozenset({f"poll {poll.pk} {today:%Y%m%d}"})
    told = remind({pk: Summary(slot, [line]) for pk in users.values_list("pk", flat=True)})
    if told:
        record(by, "evaluations.remind_voters", poll, detail=_("%d 人") % told)
    return told
