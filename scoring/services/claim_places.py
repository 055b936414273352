"""Where a claim counts: the branch, the months that still take entries, the item under the rules of a month."""

from __future__ import annotations

import datetime

from members.models import Membership, OrgUnit
from scoring import months
from scoring.models import Account, Claim, Month, RuleSet
from scoring.services.claimable import Claimable, claimable_items
from scoring.services.months import month_of_unit

# How many months back a claim may be assigned by hand.
MONTHS_BACK = 12


def branch_of(account: Account, today: datetime.date) -> OrgUnit | None:
    """Where the member is listed this month; of a newcomer where the member belongs today."""
    stays = Membership.objects.filter(member=account.member_id or 0).select_related("branch")
    first = months.first_day(months.month_of(today))
    stay = stays.at(first).first() or stays.at(today).first()
    return stay.branch if stay else None


def open_months(unit: OrgUnit, today: datetime.date) -> list[int]:
    """The newest months of a branch that still take entries, newest first."""
    current = months.month_of(today)
    recent = months.span(months.shift(current, 1 - MONTHS_BACK), current)
    taken = Month.objects.filter(unit=unit, month__in=recent).exclude(state__in=Month.TAKING)
    shut = set(taken.values_list("month", flat=True))
    return [month for month in reversed(recent) if month not in shut]


def counting_month(account: Account, happened_on: datetime.date, today: datetime.date) -> int:
    """The month of the deed; where that takes no entries any more, the next one of the year that does.

    When there is none, the month of the deed again: filing the claim then says why it cannot count.
    """
    first = months.month_of(happened_on)
    span = months.span(first, min(months.month_of(today), months.period_end(first, "YEAR")))
    stays = list(
        Membership.objects.filter(member=account.member_id or 0).values_list("branch", "started_on", "ended_on")
    )
    moved = Month.objects.filter(unit__in={branch for branch, *_days in stays}, month__in=span)
    shut = set(moved.exclude(state__in=Month.TAKING).values_list("unit", "month"))
    for month in span:
        day = months.first_day(month)
        if any(
            started <= day and (ended is None or day < ended) and (branch, month) not in shut
            for branch, started, ended in stays
        ):
            return month
    return first


def item_in(unit: OrgUnit, month: int, choice: Claimable, kind: str = Claim.Kind.CLAIM) -> int:
    """The id of the clause under the rules of another month: a revision gives the same clause another one."""
    rules = RuleSet.objects.for_unit(unit, month)
    if rules is None or rules.pk == choice.section.rule_set_id:
        return choice.item.pk
    there = claimable_items(month_of_unit(unit, month), kind)
    return next((one.item.pk for one in there if one.item.code == choice.item.code), choice.item.pk)
