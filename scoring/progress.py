"""How far the branches are with a month: for the progress page, the home page and reminders."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from members.access import below
from members.models import Exclusion, Membership, OrgUnit, User
from scoring import months
from scoring.models import DraftCell, Month
from scoring.querysets import MONTH_POSTS
from scoring.services.months import Deadlines

# The steps of a month as the stepper shows them.
STEPS = (Month.State.OPEN, Month.State.SUBMITTED, Month.State.CHECKED, Month.State.CLOSED)


@dataclass(frozen=True)
class BranchProgress:
    """One line of the progress page."""

    unit: OrgUnit
    month: Month
    members: int
    filled: int
    due: datetime.date | None
    is_late: bool
    # The latest months, oldest first.
    lights: list[Month]


def branches_of(user: User) -> QuerySet[OrgUnit]:
    """The branches whose months this person works with."""
    branches = OrgUnit.objects.branches().open()
    if user.authority.is_superuser:
        return branches
    return branches.filter(below(user.authority.paths(MONTH_POSTS), "path"))


def with_numbers(branches: QuerySet[OrgUnit], month: int) -> QuerySet[OrgUnit]:
    """Branches with how many `members` are scored there in the month and how many are `filled` in."""
    day = months.first_day(month)
    scored = Membership.objects.at(day).exclude(Exists(Exclusion.objects.at(day).filter(member=OuterRef("member"))))
    members = scored.filter(branch=OuterRef("pk")).order_by().values("branch")
    cells = DraftCell.objects.filter(unit=OuterRef("pk"), month=month).exclude(text="").order_by().values("unit")
    return branches.annotate(
        members=Coalesce(Subquery(members.annotate(n=Count("pk")).values("n")), 0),
        filled=Coalesce(Subquery(cells.annotate(n=Count("account", distinct=True)).values("n")), 0),
    )


def progress_of(
    units: Sequence[OrgUnit], month: int, limits: Deadlines, today: datetime.date, lights: int = 6
) -> list[BranchProgress]:
    """Lines for branches from `with_numbers`, each with the lights of the latest months: one query."""
    span = months.span(months.shift(month, 1 - lights), month)
    rows = {
        (row.unit_id, row.month): row
        for row in Month.objects.filter(unit__in=units, month__in=span).select_related(
            "submitted_by__member", "checked_by__member", "closed_by__member"
        )
    }
    lines = []
    for unit in units:
        row = rows.get((unit.pk, month)) or Month(unit=unit, month=month)
        due = limits.of(row.state)
        latest = [rows.get((unit.pk, one)) or Month(unit=unit, month=one) for one in span]
        late = due is not None and today > due
        lines.append(BranchProgress(unit, row, unit.members, unit.filled, due, late, latest))  # type: ignore[attr-defined]
    return lines


def counts_of(branches: QuerySet[OrgUnit], month: int) -> dict[str, int]:
    """Branches per state, and ALL; those that nobody has touched are open. One query."""
    states = Month.objects.filter(unit=OuterRef("pk"), month=month).values("state")[:1]
    known = branches.order_by().annotate(month_state=Coalesce(Subquery(states), Value("OPEN")))
    return known.aggregate(**{state: Count("pk", filter=Q(month_state=state)) for state in STEPS}, ALL=Count("pk"))
