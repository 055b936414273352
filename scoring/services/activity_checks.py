"""三会一课: how often each kind has been held in a branch, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from members.models import Membership, OrgUnit
from members.querysets import OrgUnitQuerySet
from scoring import months
from scoring.models import Activity

Kind, State = Activity.Kind, Activity.State
# 三会一课 and the theme day: how often each is held in how many months (party rules for branches; domain.md §2).
# Of group meetings every group of the branch holds its own.
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
    # The groups of the branch that have not met.
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        """党课（本季度）, 党小组会（第一党小组）: what is asked for, with what tells it apart."""
        name = str(Kind(self.kind).label)
        more = "、".join(self.without) or (_("本季度") if self.span == "QUARTER" else "")
        return _("%(name)s（%(more)s）") % {"name": name, "more": more} if more else name

    @property
    def is_missing(self) -> bool:
        return self.held < self.expected

    @property
    def lacking(self) -> int:
        return max(self.expected - self.held, 0)


def checks_of(units: Iterable[OrgUnit], month: int) -> dict[int, list[Check]]:
    """三会一课 of each branch, branch -> lines. A branch without groups holds no group meetings; two queries.

    Of group meetings it counts the groups with members on the month's first day, and those of them that have met.
    """
    pks = [unit.pk for unit in units]
    first = months.first_day(months.period_start(month, "QUARTER"))
    rows = Activity.objects.filter(
        unit__in=pks, state=State.HELD, held_on__gte=first, held_on__lte=months.last_day(month)
    )
    held: Counter[tuple[int, str, str]] = Counter()
    met: set[int | None] = set()
    for unit, kind, day, group in rows.values_list("unit", "kind", "held_on", "group"):
        held[unit, kind, "QUARTER"] += 1
        if day is not None and months.month_of(day) == month:
            held[unit, kind, "MONTH"] += 1
            met.add(group)
    groups = _groups(pks, month)
    found: dict[int, list[Check]] = {}
    for pk in pks:
        own = groups.get(pk, {})
        without = tuple(name for group, name in own.items() if group not in met)
        found[pk] = [
            Check(kind, len(own) - len(without), len(own), span, months.period_end(month, span), without)
            if kind == Kind.GROUP_MEETING
            else Check(kind, held[pk, kind, span], times, span, months.period_end(month, span))
            for kind, (times, span) in EXPECTED.items()
            if kind != Kind.GROUP_MEETING or own
        ]
    return found


def _groups(branches: list[int], month: int) -> dict[int, dict[int, str]]:
    """Branch -> group -> name, of groups with members on the first day of the month."""
    found: dict[int, dict[int, str]] = {}
    rows = Membership.objects.at(months.first_day(month)).filter(branch__in=branches, group__isnull=False)
    rows = rows.order_by("branch", "group__position", "group").distinct()
    for branch, group, name in rows.values_list("branch", "group", "group__name"):
        found.setdefault(branch, {})[group or 0] = name or ""
    return found


def lacking(branches: OrgUnitQuerySet, month: int) -> OrgUnitQuerySet:
    """Those of the branches where something is missing; the database decides, for a committee may have thousands."""
    by_branch = {kind: one for kind, one in EXPECTED.items() if kind != Kind.GROUP_MEETING}
    held = {
        kind: Count("pk", filter=Q(kind=kind, held_on__gte=months.first_day(months.period_start(month, span))))
        for kind, (_times, span) in by_branch.items()
    }
    enough = {f"{kind}__gte": times for kind, (times, _span) in by_branch.items()}
    rows = Activity.objects.filter(state=State.HELD, held_on__lte=months.last_day(month))
    rows = rows.filter(held_on__gte=months.first_day(months.period_start(month, "QUARTER"))).order_by()
    complete = rows.values("unit").annotate(**held).filter(**enough)
    return branches.filter(~Q(pk__in=complete.values("unit")) | Exists(_without_meeting(month)))


def _without_meeting(month: int) -> OrgUnitQuerySet:
    """Groups of the outer branch that have members and have not met in the month."""
    first, last = months.first_day(month), months.last_day(month)
    met = Activity.objects.filter(group=OuterRef("pk"), state=State.HELD, held_on__gte=first, held_on__lte=last)
    people = Membership.objects.at(first).filter(group=OuterRef("pk"))
    groups = OrgUnit.objects.filter(kind=OrgUnit.Kind.PARTY_GROUP, parent=OuterRef("pk"))
    return groups.filter(~Exists(met), Exists(people))
