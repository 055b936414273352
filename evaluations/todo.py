"""What waits for this person in evaluations."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db.models import CharField, Count, QuerySet, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.models import Campaign, Candidate, Poll, RollEntry, Stage, VetoCase
from evaluations.querysets import CandidateQuerySet
from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, below
from members.models import User
from members.todo import Todo
from scoring.models import Account, RuleSet

State = VetoCase.State


def waiting_for(user: User, today: datetime.date) -> list[Todo]:
    return [*_vetoes(user, today), *_campaigns(user, today)]


# --- 一票否决 -------------------------------------------------------------------------------------
def _vetoes(user: User, today: datetime.date) -> list[Todo]:
    """Cases that wait are few: one query finds all that this person may see, the rest is comparison."""
    if user.member_id is None:
        return []
    cases = list(VetoCase.objects.visible_to(user).waiting().select_related("account", "unit"))
    own = [case for case in cases if case.account.member_id == user.member_id]
    others = [case for case in cases if case.account.member_id != user.member_id]
    return [
        *_to_answer(own, today),
        *_line(_("一票否决待党员大会表决"), State.PROPOSED, [one for one in others if _to_vote(one, user, today)]),
        *_line(_("一票否决待党委决定"), "", [one for one in others if _to_decide(one, user, today)]),
        *_line(_("一票否决申诉待处理"), State.APPEALED, [one for one in others if _to_settle(one, user)]),
    ]


def _to_answer(own: list[VetoCase], today: datetime.date) -> list[Todo]:
    return [
        Todo(
            _("申辩一票否决：%s") % case.ground,
            reverse("evaluations:veto-detail", args=[case.pk]),
            1,
            case.answer_until,
            kind=_("申辩一票否决"),
        )
        for case in own
        if case.state == State.PROPOSED and case.answered_at is None and today <= case.answer_until
    ]


def _is_heard(case: VetoCase, today: datetime.date) -> bool:
    """The person has answered, or could have."""
    return case.answered_at is not None or case.answer_until < today


def _to_vote(case: VetoCase, user: User, today: datetime.date) -> bool:
    by_meeting = case.state == State.PROPOSED and case.form == RuleSet.VetoForm.MEETING
    return by_meeting and _is_heard(case, today) and user.authority.reaches(case.unit, BRANCH_COMMITTEE_POSTS)


def _to_decide(case: VetoCase, user: User, today: datetime.date) -> bool:
    at_once = case.state == State.PROPOSED and case.form == RuleSet.VetoForm.COMMITTEE and _is_heard(case, today)
    decides = user.authority.reaches(case.unit, COMMITTEE_POSTS) and case.proposed_by_id != user.pk
    return decides and (at_once or case.state == State.VOTED)


def _to_settle(case: VetoCase, user: User) -> bool:
    decides = user.authority.reaches(case.unit, COMMITTEE_POSTS) and case.decided_by_id != user.pk
    return decides and case.state == State.APPEALED


def _line(title: str, state: str, cases: list[VetoCase]) -> list[Todo]:
    url = reverse("evaluations:veto-list") + (f"?state={state}" if state else "")
    return [Todo(title, url, len(cases), kind=title)] if cases else []


# --- 评定和投票 -----------------------------------------------------------------------------------
# What a line says, and the page that its number stands for.
_ASKED = {
    "WRITE": (gettext_lazy("写个人自评：%s"), "evaluations:self-review"),
    "VOTE": (gettext_lazy("投票：%s"), "evaluations:ballot"),
    "BRANCH": (gettext_lazy("评定待支委会审定：%s"), "evaluations:campaign-detail"),
    "COMMITTEE": (gettext_lazy("评定待党委综评：%s"), "evaluations:campaign-detail"),
}


def _campaigns(user: User, today: datetime.date) -> list[Todo]:
    """What running campaigns ask of this person on a day of the stage: to write, to vote, to propose, to approve.

    One query for all of it: the home page of whoever holds many posts has none to spare.
    """
    if user.member_id is None:
        return []
    authority = user.authority
    asked = [_to_write(user, today), _to_cast(user, today)]
    branches, committees = authority.paths(BRANCH_COMMITTEE_POSTS), authority.paths(COMMITTEE_POSTS)
    if branches:
        rows = _undecided(user).filter(below(branches, "unit__path"), proposed=None)
        asked.append(_counted(_open(rows, Stage.Kind.BRANCH, today), "BRANCH"))
    if committees:
        rows = _undecided(user).filter(below(committees, "campaign__unit__path"))
        asked.append(_counted(_open(rows, Stage.Kind.COMMITTEE, today), "COMMITTEE"))
    first, *others = asked
    order = list(_ASKED)
    return [_asked(*row) for row in sorted(first.union(*others, all=True), key=lambda row: (order.index(row[0]), row))]


def _asked(what: str, key: str, name: str, until: datetime.date, many: int) -> Todo:
    title, page = _ASKED[what]
    url = reverse(page, args=[uuid.UUID(key) if what == "VOTE" else int(key)])
    return Todo(str(title) % name, url, many, until, kind=str(title).partition("：")[0])


def _to_write(user: User, today: datetime.date) -> QuerySet[Any, Any]:
    rows = Candidate.objects.filter(
        account__member=user.member_id, self_review__isnull=False, self_review__handed_in_at=None
    )
    return _counted(_open(rows, Stage.Kind.SELF, today), "WRITE")


def _to_cast(user: User, today: datetime.date) -> QuerySet[Any, Any]:
    """Open polls on whose roll this person stands and has not voted."""
    rows = RollEntry.objects.filter(
        member=user.member_id,
        has_voted=False,
        poll__state=Poll.State.OPEN,
        poll__stage__opens_on__lte=today,
        poll__stage__closes_on__gte=today,
    )
    named = rows.order_by().annotate(what=Value("VOTE"), key=Cast("poll", CharField()), many=Value(1))
    return named.values_list("what", "key", "poll__stage__campaign__name", "poll__stage__closes_on", "many")


def _undecided(user: User) -> CandidateQuerySet:
    """Not one's own, not approved, and not barred from any band."""
    rows = Candidate.objects.rated().filter(approved=None).exclude(bar=Candidate.Bar.VETO)
    # By the one account, not by joining everybody's.
    return rows.exclude(account__in=Account.objects.filter(member=user.member_id).values("pk"))


def _open(rows: CandidateQuerySet, kind: str, today: datetime.date) -> CandidateQuerySet:
    """Of running campaigns whose stage of this kind is open on the day."""
    return rows.filter(
        campaign__state=Campaign.State.RUNNING,
        campaign__stages__kind=kind,
        campaign__stages__opens_on__lte=today,
        campaign__stages__closes_on__gte=today,
    )


def _counted(rows: CandidateQuerySet, what: str) -> QuerySet[Any, Any]:
    """A line per campaign with how many wait."""
    fields = ("campaign", "campaign__name", "campaign__stages__closes_on")
    counted = rows.order_by().values(*fields).annotate(many=Count("pk"))
    named = counted.annotate(what=Value(what), key=Cast("campaign", CharField()))
    return named.values_list("what", "key", *fields[1:], "many")
