"""三会一课: how often each kind has been held in a branch, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from members.models import Membership, OrgUnit
from members.querysets import OrgUnitQuerySet
from scoring import months
from scoring.models import Activity

Kind, State = Activity.Kind, Activity.State
# 三会一课 and the theme day: how often each is held in how many months (party rules for branches; domain.md §2).
EXPECTED = {
    Kind.GENERAL_MEETING: (1, "QUARTER"),
    Kind.COMMITTEE_MEETING: (1, "MONTH"),
    Kind.GROUP_MEETING: (1, "MONTH"),
    Kind.LECTURE: (1, "QUARTER"),
    Kind.THEME_DAY: (1, "MONTH"),
}


@dataclass(frozen=True)
class Check:
    """How often a branch has held one kind in the span that it is expected in, up to a month."""

    kind: str
    held: int
    expected: int
    span: str
    # The last month of the span.
    until: int

    @property
    def is_missing(self) -> bool:
        return self.held < self.expected

    @property
    def lacking(self) -> int:
        return max(self.expected - self.held, 0)


def checks_of(units: Iterable[OrgUnit], month: int) -> dict[int, list[Check]]:
    """三会一课 of each branch, branch -> lines. A branch without groups holds no group meetings; two queries."""
    pks = [unit.pk for unit in units]
    first = months.first_day(months.period_start(month, "QUARTER"))
    rows = Activity.objects.filter(
        unit__in=pks, state=State.HELD, held_on__gte=first, held_on__lte=months.last_day(month)
    )
    held: Counter[tuple[int, str, str]] = Counter()
    for unit, kind, day in rows.values_list("unit", "kind", "held_on"):
        held[unit, kind, "QUARTER"] += 1
        held[unit, kind, "MONTH"] += day is not None and months.month_of(day) == month
    grouped = Membership.objects.at(months.first_day(month)).filter(branch__in=pks, group__isnull=False)
    with_groups = set(grouped.values_list("branch", flat=True))
    return {
        pk: [
            Check(kind, held[pk, kind, span], times, span, months.period_end(month, span))
            for kind, (times, span) in EXPECTED.items()
            if kind != Kind.GROUP_MEETING or pk in with_groups
        ]
        for pk in pks
    }


def lacking(branches: OrgUnitQuerySet, month: int) -> OrgUnitQuerySet:
    """Those of the branches where something is missing; the database decides, for a committee may have thousands."""
    held = {
        kind: Count("pk", filter=Q(kind=kind, held_on__gte=months.first_day(months.period_start(month, span))))
        for kind, (_times, span) in EXPECTED.items()
    }
    grouped = Membership.objects.at(months.first_day(month)).filter(branch=OuterRef("unit"), group__isnull=False)
    enough = ~Exists(grouped) | Q(**{f"{Kind.GROUP_MEETING}__gte": EXPECTED[Kind.GROUP_MEETING][0]})
    others = {f"{kind}__gte": times for kind, (times, _span) in EXPECTED.items() if kind != Kind.GROUP_MEETING}
    rows = Activity.objects.filter(state=State.HELD, held_on__lte=months.last_day(month))
    rows = rows.filter(held_on__gte=months.first_day(months.period_start(month, "QUARTER"))).order_by()
    complete = rows.values("unit").annotate(**held).filter(enough, **others)
    return branches.exclude(pk__in=complete.values("unit"))
