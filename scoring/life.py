"""组织生活 as pages show it: the calendar of a month, who came, what the rules make of it, what is expected of one."""

from __future__ import annotations

import calendar
import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import Count, Q, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring import months
from scoring.books import book_for, layout_of
from scoring.calculation.order import Groups
from scoring.calculation.pricing import show
from scoring.circumstances import read_circumstances
from scoring.fields import PointsField
from scoring.models import Account, Activity, Attendance, Item, LedgerEntry, RuleSet
from scoring.querysets import ActivityQuerySet
from scoring.services.activity_entries import effects_of

Mark = Attendance.Mark
# Who took part; whoever was away on duty was not expected at all.
TOOK_PART = (Mark.PRESENT, Mark.MADE_UP)
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
    """In: mark -> how often."""
    expected = sum(count for mark, count in marks.items() if mark != Mark.OFFICIAL)
    return Share(sum(marks.get(mark, 0) for mark in TOOK_PART), expected)


def shares_of(activities: Sequence[Activity]) -> dict[int, Share]:
    """Activity -> share, for those with an attendance sheet. One query."""
    rows = Attendance.objects.filter(activity__in=[one.pk for one in activities]).order_by()
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


# --- what is expected of one -------------------------------------------------------------------------
@dataclass(frozen=True)
class Target:
    """应完成次数 of one account in the period under way, and how far it has come."""

    item: Item
    expected: int
    done: Decimal
    first: int
    last: int

    @property
    def is_reached(self) -> bool:
        return self.done >= self.expected


def targets_of(account: Account, unit: OrgUnit, month: int) -> list[Target]:
    """What the rules expect of this account, its own counts before those of the rules."""
    rule_set = RuleSet.objects.for_unit(unit, month)
    if rule_set is None:
        return []
    items = [
        item
        for _section, items in layout_of(rule_set, unit, month)
        for item in items
        if item.tally_table.get("of") == "expected"
    ]
    if not items:
        return []
    expected = _expected(account, unit, month, rule_set, items)
    first, last = months.period_start(month, rule_set.period), months.period_end(month, rule_set.period)
    done = _done(account, [item.code for item in items], first, last)
    return [
        Target(item, expected[item.pk], done.get(item.code, Decimal(0)), first, last)
        for item in items
        if expected.get(item.pk)
    ]


def _expected(account: Account, unit: OrgUnit, month: int, rule_set: RuleSet, items: list[Item]) -> dict[int, int]:
    """Item -> times, of those that apply to the account."""
    book = book_for(rule_set, unit, month)
    about = read_circumstances(book, np.array([account.pk], dtype=np.int64), month)
    one, wanted = Groups(1, [month], about=about), {item.pk for item in items}
    return {
        rule.key: int(one.of(rule).expected[0]) // 100
        for rule in book.items
        if rule.key in wanted and one.applies(rule)[0]
    }


def _done(account: Account, codes: list[str], first: int, last: int) -> dict[str, Decimal]:
    """Clause number -> times done; an entry without a number is one time."""
    rows = LedgerEntry.objects.standing().filter(
        Q(item__code__in=codes), account=account, month__gte=first, month__lte=last
    )
    once = Value(Decimal(1), output_field=PointsField())
    return dict(rows.order_by().values_list("item__code").annotate(done=Sum(Coalesce("quantity", once))))
