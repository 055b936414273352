"""What has waited for too long in scoring, and whose step it is: read for all units at once, some ten queries.

Who is asked is who could do the step at that moment, as `scoring/todo.py` and `ClaimQuerySet.waiting_for` have it.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from django.db.models import Exists, F, Max, OuterRef
from django.utils import timezone

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, ENTRY_POSTS, LEADER_POSTS
from members.holders import Holder, Holders
from members.models import Membership, OrgUnit
from scoring import months
from scoring.models import Activity, Claim, ClaimMove, CustomItem, Month, MonthPolicy, RuleSet
from scoring.rules import DECIDING_POSTS
from scoring.services.months import deadlines

# Older months and activities than these are no longer nagged about.
LOOK_BACK = 3
DAY = datetime.timedelta(days=1)
_SECRETARY, _DEPUTY = frozenset({"BRANCH_SECRETARY"}), frozenset({"BRANCH_DEPUTY"})


@dataclass(frozen=True)
class Waits:
    """One thing that waits for one person."""

    user_id: int
    # Which sentence says it (scoring/services/reminders.py).
    kind: str
    # The thing, its step and the first day of the stretch of waiting under way.
    slot: str
    # The day it came, or the day by which it should have been done.
    since: datetime.date
    # What its page is found by.
    things: tuple[int, ...]


class Policies:
    """Which committee's policy holds where: that of the nearest one upwards, as `policy_of` has it; one query."""

    def __init__(self) -> None:
        self._by_unit = {row.unit_id: row for row in MonthPolicy.objects.all()}
        self._default = MonthPolicy()

    def of(self, path: str) -> MonthPolicy:
        for part in reversed(path.split(".")):
            if part and int(part) in self._by_unit:
                return self._by_unit[int(part)]
        return self._default


@dataclass(frozen=True)
class Survey:
    """The clock and what every question needs, read once."""

    today: datetime.date
    holders: Holders
    policies: Policies

    def stretch(self, since: datetime.date, days: int) -> datetime.date | None:
        """The first day of the stretch of waiting under way; None until the first one is over."""
        over = (self.today - since).days // days
        return since + over * days * DAY if over >= 1 else None

    def waits(
        self, whom: Iterable[Holder], kind: str, thing: str, day: datetime.date, since: datetime.date, *things: int
    ) -> Iterator[Waits]:
        slot = f"{thing}:{day:%Y%m%d}"
        return (Waits(user, kind, slot, since, things) for user in {holder.user_id for holder in whom})


def waiting(today: datetime.date) -> Iterator[Waits]:
    """Everything a reminder is due for on the day, for every person it waits for."""
    survey = Survey(today, Holders(today), Policies())
    return chain(_claims(survey), _answers(today), _months(survey), _custom_items(survey), _activities(survey))


# --- claims and deductions -----------------------------------------------------------------------
def _claims(survey: Survey) -> Iterator[Waits]:
    rows = Claim.objects.exclude(next_step="").select_related("unit").annotate(moved_at=Max("moves__at"))
    rows = rows.annotate(member=F("account__member")).order_by("pk")
    acted: dict[int, set[int]] = defaultdict(set)
    moves = ClaimMove.objects.exclude(claim__next_step="").exclude(step="").filter(round=F("claim__round"))
    for pk, user in moves.values_list("claim", "by"):
        acted[pk].add(user)
    for claim in rows:
        since = _claim_since(claim)
        day = survey.stretch(since, survey.policies.of(claim.unit.path).remind_days)
        if day is None:
            continue
        barred = acted[claim.pk] | ({claim.filed_by_id} if claim.kind == Claim.Kind.DEDUCTION else set())
        whom = [
            one
            for one in _claim_holders(survey.holders, claim)
            if one.user_id not in barred and one.member_id != claim.member  # type: ignore[attr-defined]
        ]
        kind = "DECIDE" if claim.kind == Claim.Kind.DEDUCTION else claim.next_step
        yield from survey.waits(whom, kind, f"claim:{claim.pk}:{claim.next_step}", day, since, claim.pk)


def _claim_since(claim: Claim) -> datetime.date:
    """Since its last step; of a deduction since the member has answered, or could have."""
    if claim.kind == Claim.Kind.DEDUCTION and claim.answered_at is not None:
        return timezone.localdate(claim.answered_at)
    if claim.kind == Claim.Kind.DEDUCTION and claim.answer_until is not None:
        return claim.answer_until + DAY
    moved_at: datetime.datetime | None = claim.moved_at  # type: ignore[attr-defined]
    return timezone.localdate(moved_at or claim.filed_at)


def _claim_holders(holders: Holders, claim: Claim) -> Iterator[Holder]:
    if claim.next_step == Claim.Step.CHECK:
        return holders.at(claim.group_id, LEADER_POSTS)
    if claim.next_step == Claim.Step.REVIEW:
        return holders.at(claim.unit_id, BRANCH_COMMITTEE_POSTS)
    if claim.is_escalated:
        above = holders.reaching(claim.unit.path, COMMITTEE_POSTS)
        return chain(holders.at(claim.unit_id, _SECRETARY | _DEPUTY), above)
    return holders.at(claim.unit_id, _SECRETARY)


def _answers(today: datetime.date) -> Iterator[Waits]:
    """Of deductions that may be answered until today or tomorrow; who was told of it today is not told again."""
    rows = Claim.objects.filter(kind=Claim.Kind.DEDUCTION, state=Claim.State.CLAIMED, answered_at=None)
    rows = rows.filter(answer_until__in=[today, today + DAY], account__member__user__is_active=True)
    found = rows.order_by("pk").values_list("pk", "account__member__user", "answer_until", "filed_at")
    for pk, user, until, filed_at in found:
        if until is not None and filed_at is not None and timezone.localdate(filed_at) < today:
            yield Waits(user, "ANSWER", f"answer:{pk}", until, (pk,))


# --- months --------------------------------------------------------------------------------------
def _months(survey: Survey) -> Iterator[Waits]:
    last = months.shift(months.month_of(survey.today), -1)
    rows = Month.objects.filter(month__gte=months.shift(last, -LOOK_BACK), month__lte=last)
    rows = rows.exclude(state=Month.State.CLOSED).filter(unit__closed_on=None).select_related("unit")
    for row in rows.annotate(moved_at=Max("moves__at")).order_by("pk"):
        # An earlier month is nagged about once it is on its way, or has come back.
        if row.month == last or not row.is_open or row.return_reason:
            yield from _month(survey, row, row.moved_at)  # type: ignore[attr-defined]
    for unit in _untouched(last):
        yield from _month(survey, Month(unit=unit, month=last), None)


def _untouched(month: int) -> Iterator[OrgUnit]:
    """Branches with members and rules that have not begun with the month."""
    owners = list(RuleSet.objects.in_force(month).values_list("owner__path", flat=True))
    begun = Month.objects.filter(unit=OuterRef("pk"), month=month)
    people = Membership.objects.at(months.first_day(month)).filter(branch=OuterRef("pk"))
    units = OrgUnit.objects.branches().open().filter(Exists(people), ~Exists(begun)).order_by("pk")
    return (unit for unit in units if any(unit.path.startswith(path) for path in owners))


def _month(survey: Survey, row: Month, moved_at: datetime.datetime | None) -> Iterator[Waits]:
    """Due on the day after the deadline; where the step before came late, as many days later as people are given."""
    policy = survey.policies.of(row.unit.path)
    deadline = deadlines(policy, row.month).of(row.state)
    if deadline is None:
        return
    since = deadline + DAY - policy.remind_days * DAY
    if moved_at is not None:
        since = max(since, timezone.localdate(moved_at))
    if row.state == Month.State.CHECKED and row.submitted_at is not None:
        since = max(since, timezone.localdate(row.submitted_at) + policy.answer_days * DAY)
    day = survey.stretch(since, policy.remind_days)
    if day is not None:
        barred = _barred(row, policy)
        whom = [one for one in _month_holders(survey.holders, row, policy) if one.user_id not in barred]
        thing = f"month:{row.unit_id}:{row.month}:{row.state}"
        yield from survey.waits(whom, row.state, thing, day, deadline, row.unit_id, row.month)


def _barred(row: Month, policy: MonthPolicy) -> set[int | None]:
    """Whoever has done a step that excludes the next one."""
    if row.state == Month.State.SUBMITTED:
        return {row.submitted_by_id}
    by_committee = policy.closed_by == MonthPolicy.Closer.COMMITTEE
    return {row.submitted_by_id, row.checked_by_id} if row.state == Month.State.CHECKED and by_committee else set()


def _month_holders(holders: Holders, row: Month, policy: MonthPolicy) -> Iterator[Holder]:
    posts = ENTRY_POSTS
    if row.state == Month.State.SUBMITTED:
        posts = BRANCH_COMMITTEE_POSTS
    elif row.state == Month.State.CHECKED:
        by_committee = policy.closed_by == MonthPolicy.Closer.COMMITTEE
        posts = COMMITTEE_POSTS if by_committee else BRANCH_COMMITTEE_POSTS
    return holders.reaching(row.unit.path, posts)


# --- custom items and activities -----------------------------------------------------------------
def _custom_items(survey: Survey) -> Iterator[Waits]:
    rows = CustomItem.objects.filter(state=CustomItem.State.PROPOSED).order_by("pk")
    for row in rows.select_related("section__rule_set__owner"):
        owner, since = row.section.rule_set.owner, timezone.localdate(row.proposed_at)
        day = survey.stretch(since, survey.policies.of(owner.path).remind_days)
        if day is not None:
            deciding = survey.holders.reaching(owner.path, DECIDING_POSTS)
            whom = [one for one in deciding if one.user_id != row.proposed_by_id]
            yield from survey.waits(whom, "CUSTOM", f"custom:{row.pk}", day, since, row.section.rule_set_id)


def _activities(survey: Survey) -> Iterator[Waits]:
    first = months.first_day(months.shift(months.month_of(survey.today), -LOOK_BACK))
    rows = Activity.objects.filter(state=Activity.State.PLANNED, planned_on__gte=first, planned_on__lt=survey.today)
    for row in rows.filter(unit__closed_on=None).select_related("unit").order_by("pk"):
        day = survey.stretch(row.planned_on, survey.policies.of(row.unit.path).remind_days)
        if day is not None:
            keeping = survey.holders.reaching(row.unit.path, ENTRY_POSTS)
            whom = chain(keeping, survey.holders.at(row.group_id, LEADER_POSTS))
            yield from survey.waits(whom, "ACTIVITY", f"activity:{row.pk}", day, row.planned_on, row.pk)
