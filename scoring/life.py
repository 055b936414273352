"""组织生活 as pages show it: the calendar of a month, who came, what the rules make of it."""

from __future__ import annotations

import calendar
import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring import months
from scoring.calculation.pricing import show
from scoring.models import Activity, Attendance, Item, RuleSet
from scoring.querysets import ActivityQuerySet
from scoring.services.activity_entries import EXEMPT, effects_of
from scoring.turnout import TOOK_PART

Mark = Attendance.Mark
NAMED_A_DAY = 3


# --- who came ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Share:
    """How many took part, of how many who were expected."""

    took_part: int
    expected: int

    @property
    def ratio(self) -> Decimal | None:
        return Decimal(self.took_part) / self.expected if self.expected else None


def share_of(marks: Mapping[str, int]) -> Share:
    """In: mark -> how often. Whoever was away on duty was not expected at all."""
    expected = sum(count for mark, count in marks.items() if mark not in EXEMPT)
    return Share(sum(marks.get(mark, 0) for mark in TOOK_PART), expected)


def shares_of(activities: Sequence[Activity]) -> dict[int, Share]:
    """Activity -> share, for those that were held. One query."""
    chosen = [one.pk for one in activities]
    rows = Attendance.objects.filter(activity__in=chosen, activity__state=Activity.State.HELD).order_by()
    counted: dict[int, dict[str, int]] = {}
    for activity, mark, count in rows.values_list("activity", "mark").annotate(n=Count("pk")):
        counted.setdefault(activity, {})[mark] = count
    return {activity: share_of(marks) for activity, marks in counted.items()}


# --- the calendar --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Day:
    """A square of the calendar: the first few by name, or only how many there are."""

    day: datetime.date
    is_inside: bool
    is_today: bool
    count: int
    named: list[Activity]

    @property
    def more(self) -> int:
        return self.count - len(self.named) if self.named else 0


def counts_by_day(activities: ActivityQuerySet) -> Counter[datetime.date]:
    days = activities.order_by().values_list(Coalesce("held_on", "planned_on"))
    return Counter(dict(days.annotate(n=Count("pk"))))


def calendar_of(
    month: int, counts: Mapping[datetime.date, int], named: Iterable[Activity], today: datetime.date
) -> list[list[Day]]:
    """The weeks of a month, Monday first."""
    by_day: dict[datetime.date, list[Activity]] = {}
    for activity in named:
        by_day.setdefault(activity.held_on or activity.planned_on, []).append(activity)
    return [
        [
            Day(
                day, months.month_of(day) == month, day == today, counts.get(day, 0), by_day.get(day, [])[:NAMED_A_DAY]
            )
            for day in week
        ]
        for week in calendar.Calendar().monthdatescalendar(month // 100, month % 100)
    ]


# --- what the rules make of it -------------------------------------------------------------------
@dataclass(frozen=True)
class Consequence:
    """What one mark comes to, said in words."""

    mark: str
    label: str
    words: list[str]


def consequences(unit: OrgUnit, month: int, kind: str) -> list[Consequence] | None:
    """For every mark what the rules of the month make of it; None where no rules are in force."""
    rule_set = RuleSet.objects.for_unit(unit, month)
    if rule_set is None:
        return None
    found = effects_of(rule_set, unit, month, kind)
    return [
        Consequence(mark, str(mark.label), [_said(item, points, held) for item, points, held in found[mark]])
        for mark in Mark
    ]


def _said(item: Item, points: int, is_counted: bool | None) -> str:
    if is_counted is not None:
        words = _("应到、实到各计 1 次") if is_counted else _("应到计 1 次，不算实到")
    elif points:
        words = _("%s 分") % (f"+{show(points)}" if points > 0 else show(points))
    else:
        words = _("计 1 次")
    return _("%(item)s：%(words)s") % {"item": item, "words": words}
