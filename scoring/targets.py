"""应完成: how often accounts are expected to do what the rules count so, and how far they have come."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import Q, Sum, Value
from django.db.models.functions import Coalesce

from members.models import OrgUnit
from scoring import months
from scoring.books import book_for, since_when
from scoring.calculation.amounts import Column
from scoring.calculation.order import Groups
from scoring.circumstances import read_circumstances
from scoring.fields import PointsField
from scoring.models import Item, LedgerEntry, RuleSet
from scoring.scope import read_scope
from scoring.services.expected import expecting_items_of


@dataclass(frozen=True)
class Progress:
    """Times done, of the times expected."""

    done: Decimal
    expected: int

    @property
    def is_reached(self) -> bool:
        return self.done >= self.expected


@dataclass(frozen=True)
class Target:
    """应完成次数 of one account under one item: in the period under way (first to last month) and in the year."""

    item: Item
    period: Progress
    year: Progress
    first: int
    last: int

    @property
    def is_yearly(self) -> bool:
        """The period is the year: there is one progress to tell, not two."""
        return self.last - self.first == 11


# Done in the period under way, done in the year.
Times = tuple[Decimal, Decimal]


def targets_of(accounts: Collection[int], unit: OrgUnit, month: int) -> dict[int, list[Target]]:
    """Account -> what the rules of the unit expect, the account's own counts before those of the rules.

    The year expects as often as the period, in each of its periods that the account is in scope of and the rules
    have the item in. Five queries, three more where an item is for a class or a post, whatever the number of accounts;
    one where the rules expect nothing.
    """
    found: dict[int, list[Target]] = {account: [] for account in accounts}
    rule_set = RuleSet.objects.for_unit(unit, month)
    items = expecting_items_of(rule_set, unit, month) if rule_set and found else []
    if rule_set is None or not items:
        return found
    people, period = np.array(sorted(found), dtype=np.int64), rule_set.period
    first, last = months.period_start(month, period), months.period_end(month, period)
    expected, times = _expected(people, unit, month, rule_set, items), _periods(people, rule_set, items, month)
    done = _done(people, [item.code for item in items], first, last)
    for item in items:
        for account, each, often in zip(people.tolist(), expected[item.pk], times[item.code], strict=True):
            if each:
                now, to_date = done.get((account, item.code), (Decimal(0), Decimal(0)))
                target = Target(item, Progress(now, each), Progress(to_date, each * often), first, last)
                found[account].append(target)
    return found


def _expected(
    people: Column, unit: OrgUnit, month: int, rule_set: RuleSet, items: Sequence[Item]
) -> dict[int, list[int]]:
    """Item -> times a period for each account, 0 where the item does not apply to it."""
    book = book_for(rule_set, unit, month)
    groups = Groups(len(people), [month], about=read_circumstances(book, people, month))
    wanted = {item.pk for item in items}
    return {
        rule.key: (groups.of(rule).expected // 100 * groups.applies(rule)).tolist()
        for rule in book.items
        if rule.key in wanted
    }


def _periods(people: Column, rule_set: RuleSet, items: Sequence[Item], month: int) -> dict[str, list[int]]:
    """Clause number -> in how many periods of the year it is expected of each account."""
    year = months.span(months.period_start(month, "YEAR"), months.period_end(month, "YEAR"))
    scope, length, since = read_scope(people, year), months.PERIOD_MONTHS[rule_set.period], since_when(rule_set)
    found = {}
    for item in items:
        here = scope * np.array([[one >= since[item.code]] for one in year])
        found[item.code] = here.reshape(12 // length, length, len(people)).any(axis=1).sum(axis=0).tolist()
    return found


def _done(people: Column, codes: Sequence[str], first: int, last: int) -> dict[tuple[int, str], Times]:
    """(account, clause number) -> times done in the period and in the year; an entry without a number is one time."""
    start, end = months.period_start(first, "YEAR"), months.period_end(last, "YEAR")
    rows = LedgerEntry.objects.standing().filter(
        account__among=people, item__code__in=codes, month__gte=start, month__lte=end
    )
    times = Coalesce("quantity", Value(Decimal(1), output_field=PointsField()))
    counted = (
        rows.order_by()
        .values_list("account", "item__code")
        .annotate(now=Sum(times, filter=Q(month__gte=first, month__lte=last)), to_date=Sum(times))
    )
    return {(account, code): (now or Decimal(0), to_date) for account, code, now, to_date in counted}
