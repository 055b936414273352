"""What a score depends on besides the ledger: classes, posts, expected counts, last year, opening balances.

All as they were on the first day of the month computed. Only what the rules name is read: most rules name nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from members.models import Appointment, ClassChange
from scoring.calculation.amounts import Column, hundredths
from scoring.calculation.book import RuleBook
from scoring.calculation.order import Circumstances
from scoring.models import Account, ExpectedCount, Opening, Result, Span, YearTotal
from scoring.months import first_day, period_start, shift, span
from scoring.scope import read_scope


def read_circumstances(book: RuleBook, accounts: Column, month: int) -> Circumstances:
    """For these accounts (ascending ids). At most one query for each thing that the rules ask about, two for classes
    and three for the year before."""
    classes = {name for item in book.items for name in item.classes}
    posts = {name for item in book.items for name in item.posts}
    asks_expected = any(item.tally_table.get("of") == "expected" for item in book.items)
    return Circumstances(
        classes=_classes(accounts, month, classes) if classes else {},
        posts=_posts(accounts, month, posts) if posts else {},
        expected=_expected(accounts, month) if asks_expected else {},
        last_year=_last_year(book, accounts, month) if book.has_carry_over else None,
        opening=openings(accounts, month) if book.period == "YEAR" else None,
    )


def _places(accounts: Column, ids: Iterable[int]) -> tuple[Column, Column]:
    """Where these accounts stand in the column, and which of them stand there at all."""
    wanted = np.array(list(ids), dtype=np.int64)
    places = np.searchsorted(accounts, wanted)
    places[places == len(accounts)] = 0
    known = accounts[places] == wanted if len(accounts) else np.zeros(len(wanted), dtype=bool)
    return places, known


def _flags(accounts: Column, rows: Iterable[tuple[int, str]], names: set[str]) -> dict[str, Column]:
    """Per name 1 for the accounts that a row gives it to."""
    flags = {name: np.zeros(len(accounts), dtype=np.int64) for name in names}
    found = list(rows)
    places, known = _places(accounts, (account for account, _name in found))
    for place, is_known, (_account, name) in zip(places.tolist(), known.tolist(), found, strict=True):
        if is_known and name in flags:
            flags[name][place] = 1
    return flags


def _classes(accounts: Column, month: int, names: set[str]) -> dict[str, Column]:
    """Today's class, unless it has changed since: then what it was before the first change after that day."""
    chosen = Account.objects.filter(pk__among=accounts).exclude(member=None)
    rows = dict(chosen.filter(member__member_class__in=names).values_list("pk", "member__member_class"))
    later = ClassChange.objects.filter(changed_on__gt=first_day(month), member__account__among=accounts)
    for account, before in later.order_by("-changed_on", "-pk").values_list("member__account", "before"):
        rows[account] = before
    return _flags(accounts, rows.items(), names)


def _posts(accounts: Column, month: int, names: set[str]) -> dict[str, Column]:
    held = Appointment.objects.at(first_day(month)).filter(post__in=names, member__account__among=accounts)
    return _flags(accounts, held.values_list("member__account", "post"), names)


def _expected(accounts: Column, month: int) -> dict[str, Column]:
    rows = ExpectedCount.objects.filter(account__among=accounts, year=month // 100)
    found: dict[str, Column] = {}
    for account, code, count in rows.values_list("account", "code", "count"):
        column = found.setdefault(code, np.full(len(accounts), -1, dtype=np.int64))
        column[int(np.searchsorted(accounts, account))] = count
    return found


def _column(accounts: Column, values: dict[int, int]) -> Column:
    column = np.zeros(len(accounts), dtype=np.int64)
    places, known = _places(accounts, values)
    column[places[known]] = np.array(list(values.values()), dtype=np.int64)[known]
    return column


def _last_year(book: RuleBook, accounts: Column, month: int) -> Column:
    """Last year's total, entered or computed, for whom this period is the first one in scope of the year."""
    year = month // 100 - 1
    computed = Result.objects.filter(account__among=accounts, span=Span.YEAR, month=year * 100 + 12)
    entered = YearTotal.objects.filter(account__among=accounts, year=year)
    values = {account: hundredths(total) for account, total in computed.values_list("account", "total")}
    values |= {account: hundredths(total) for account, total in entered.values_list("account", "total")}
    totals = _column(accounts, values)
    earlier = span(period_start(month, "YEAR"), shift(period_start(month, book.period), -1))
    if earlier and totals.any():
        totals = np.where(read_scope(accounts, earlier).any(axis=0), 0, totals)
    return totals


def openings(accounts: Column, month: int) -> Column:
    """Opening balances of the year that count in the month already."""
    rows = Opening.objects.filter(account__among=accounts, year=month // 100, from_month__lte=month)
    return _column(
        accounts, {account: hundredths(points) for account, points in rows.values_list("account", "points")}
    )
