"""期初积分: points of the year that an account brings along — entered, or the branch's average for a newcomer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS
from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from scoring import months
from scoring.books import book_for
from scoring.calculation.amounts import divide, from_hundredths, hundredths
from scoring.calculation.pricing import MOST, show
from scoring.models import Account, Month, Opening, RuleSet, Score
from scoring.scope import read_scope
from scoring.services.archive import require_not_archived
from scoring.services.population import population
from scoring.services.results import read_periods, to_date
from scoring.services.stale import mark_accounts


@dataclass(frozen=True)
class OpeningLine:
    """What an account is to bring along: hundredths, from which month; None takes away what stood."""

    points: int | None
    from_month: int


def save_openings(unit: OrgUnit, year: int, lines: Mapping[int, OpeningLine], *, by: User) -> int:
    """Write the opening balances of accounts below the unit, all or none. Out: how many changed.

    Raise Refused where a month that has been closed already would show something else.
    """
    if not by.authority.reaches(unit, BUSINESS_ADMIN_POSTS):
        raise Refused(_("只有党务工作者可以录入期初积分。"))
    return _save(unit, year, lines, by)


@transaction.atomic
def _save(unit: OrgUnit, year: int, lines: Mapping[int, OpeningLine], by: User) -> int:
    require_not_archived(unit, year * 100 + 12)
    _check(unit, year, lines)
    rows = Opening.objects.select_for_update().filter(account__in=list(lines), year=year)
    standing = {row.account_id: row for row in rows}
    changed = {account: line for account, line in lines.items() if _differs(standing.get(account), line)}
    if not changed:
        return 0
    first = {account: _earliest(standing.get(account), line) for account, line in changed.items()}
    _require_not_closed(first)
    kept = {account: line for account, line in changed.items() if line.points is not None}
    Opening.objects.filter(account__in=set(changed) - set(kept), year=year).delete()
    Opening.objects.bulk_create(
        [
            Opening(
                account_id=account, year=year, from_month=line.from_month, points=from_hundredths(line.points or 0),
                kind=Opening.Kind.ENTERED, by=by,
            )
            for account, line in kept.items()
        ],
        update_conflicts=True,
        unique_fields=["account", "year"],
        update_fields=["from_month", "points", "kind", "by", "at"],
        batch_size=500,
    )  # fmt: skip
    mark_accounts(set(changed), min(first.values()), year * 100 + 12)
    record(by, "scoring.save_openings", unit, detail=_("%(year)d 年，%(count)d 人") % _counted(year, changed))
    return len(changed)


def _counted(year: int, changed: Mapping[int, OpeningLine]) -> dict[str, int]:
    return {"year": year, "count": len(changed)}


def _check(unit: OrgUnit, year: int, lines: Mapping[int, OpeningLine]) -> None:
    for line in lines.values():
        if not months.is_month(line.from_month) or line.from_month // 100 != year:
            raise Refused(_("起始月份须在 %d 年内，请重新选择。") % year)
        if line.points is not None and abs(line.points) > MOST:
            raise Refused(_("期初积分不能超过 %s 分，请核对。") % show(MOST))
    inside = Account.objects.filter(pk__in=list(lines), member__memberships__branch__path__startswith=unit.path)
    if inside.values("pk").distinct().count() != len(lines):
        raise Refused(_("名单里有不属于%s的党员，请刷新页面后重填。") % unit)


def _differs(standing: Opening | None, line: OpeningLine) -> bool:
    if standing is None:
        return line.points is not None
    return (hundredths(standing.points), standing.from_month) != (line.points, line.from_month)


def _earliest(standing: Opening | None, line: OpeningLine) -> int:
    return min(standing.from_month, line.from_month) if standing else line.from_month


def _require_not_closed(first: Mapping[int, int]) -> None:
    """No score from an account's first month on is closed. One query."""
    closed = Month.objects.filter(unit=OuterRef("unit"), month=OuterRef("month"), state=Month.State.CLOSED)
    year = min(first.values()) // 100
    rows = Score.objects.filter(Exists(closed), account__in=list(first), month__lte=year * 100 + 12)
    rows = rows.filter(month__gte=min(first.values())).select_related("account__member").order_by("-month")
    for score in rows:
        if score.month >= first[score.account_id]:
            words = {"who": score.account, "month": months.label(score.month)}
            raise Refused(_("%(who)s：%(month)s的积分已结账，期初积分请从尚未结账的月份起计。") % words)


@transaction.atomic
def open_newcomers(month: Month, rule_set: RuleSet) -> int:
    """Start those whose first month of the year this is from the branch's average. Out: how many.

    Only once: what is opened here stays, until a person enters something else. Only where the rules add the year up,
    for a mean knows no opening balance.
    """
    adds_up = rule_set.period == RuleSet.Period.YEAR or rule_set.year_value == RuleSet.Above.SUM
    if rule_set.newcomer != RuleSet.Newcomer.BRANCH_AVERAGE or month.month % 100 == 1 or not adds_up:
        return 0
    before = months.shift(month.month, -1)
    accounts = population([month.unit_id], month.month).accounts
    year = months.span(months.period_start(month.month, "YEAR"), before)
    was_here = read_scope(accounts, year).any(axis=0)
    rows = Opening.objects.filter(account__in=accounts.tolist(), year=month.month // 100)
    known = set(rows.values_list("account", flat=True))
    new = [account for account in accounts[~was_here].tolist() if account not in known]
    if not new:
        return 0
    mean = _mean_to_date(month, rule_set, accounts[was_here], before)
    if mean is None:
        return 0
    Opening.objects.bulk_create(
        Opening(
            account_id=account, year=month.month // 100, from_month=month.month, points=from_hundredths(mean),
            kind=Opening.Kind.BRANCH_AVERAGE,
        )
        for account in new
    )  # fmt: skip
    record(None, "scoring.open_newcomers", month, detail=_("%d 人") % len(new))
    return len(new)


def _mean_to_date(
    month: Month, rule_set: RuleSet, others: np.ndarray[tuple[int], np.dtype[np.int64]], before: int
) -> int | None:
    """The mean of the year so far, of whom it was scored for; half away from zero."""
    book = book_for(rule_set, month.unit, before)
    if not len(others):
        return None
    scored = read_periods(book, others, "YEAR", before).count > 0
    if not scored.any():
        return None
    values = to_date(book, others, before)["YEAR"][scored]
    return int(divide(np.array([values.sum()], dtype=np.int64), len(values))[0])
