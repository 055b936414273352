"""Results above the period: computed with the last month of a quarter or year, from the scores that stand."""

from __future__ import annotations

import numpy as np
from django.db import connection
from django.utils import timezone

from scoring.calculation.amounts import Column
from scoring.calculation.book import RuleBook
from scoring.calculation.results import Periods, quarter_of, year_of
from scoring.circumstances import openings
from scoring.fields import AMONG, listed
from scoring.models import Result, Span
from scoring.months import PERIOD_MONTHS, period_end, period_start, shift
from scoring.services.population import Population, Ruled, read_vetoes
from scoring.services.stale import mark_accounts
from scoring.services.standings import spans_ending
from scoring.services.stored import store_results


def compute_results(rules: Ruled, people: Population, month: int) -> None:
    """Store what the scores of these whole branches come to in every longer span that ends with the month."""
    for span in spans_ending(month):
        if span != Span.MONTH and PERIOD_MONTHS[span] >= PERIOD_MONTHS[rules.book.period]:
            _compute(rules, people, span, month)


def _compute(rules: Ruled, people: Population, span: Span, month: int) -> None:
    periods = read_periods(rules.book, people.accounts, span, month)
    if span == Span.YEAR:
        brought = None if rules.book.period == Span.YEAR else openings(people.accounts, month)
        total = year_of(rules.book, periods, brought)
    else:
        total = quarter_of(rules.book, periods)
    before = _totals(people.accounts, month) if span == Span.YEAR and rules.book.has_carry_over else {}
    vetoed = read_vetoes(people.accounts, month, rules.book).any
    store_results(people, total, periods.count, vetoed, rules.rule_set.pk, span, month, timezone.now())
    if span == Span.YEAR and rules.book.has_carry_over:
        after = dict(zip(people.accounts.tolist(), total.tolist(), strict=True))
        # Next year begins with a part of this total.
        changed = [account for account, value in after.items() if before.get(account) != value]
        mark_accounts(changed, shift(month, 1), period_end(shift(month, 1), "YEAR"))


def _totals(accounts: Column, month: int) -> dict[int, int]:
    rows = Result.objects.filter(account__among=accounts, span=Span.YEAR, month=month)
    return {account: int(total * 100) for account, total in rows.values_list("account", "total")}


_SCORES = "SELECT account_id, month, total FROM scoring_score WHERE account_id {among} AND month BETWEEN %s AND %s"


def read_periods(book: RuleBook, accounts: Column, span: str, month: int) -> Periods:
    """What each period of the span came to, wherever the account was scored then: its last month holds it.

    In: accounts ascending, a month of the span; periods after it have no row yet.
    """
    start, length = period_start(month, span), PERIOD_MONTHS[book.period]
    ends = [shift(start, place + length - 1) for place in range(0, PERIOD_MONTHS[span], length)]
    # A period under way counts with its value to date.
    wanted = {min(end, month): place for place, end in enumerate(ends) if shift(end, 1 - length) <= month}
    with connection.cursor() as cursor:
        cursor.execute(_SCORES.format(among=AMONG[connection.vendor]), [listed(accounts.tolist()), start, month])
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 3)
    rows = rows[np.isin(rows[:, 1], list(wanted))]
    places = np.array([wanted[one] for one in rows[:, 1].tolist()], dtype=np.int64)
    totals = np.zeros((len(ends), len(accounts)), dtype=np.int64)
    scored = np.zeros_like(totals)
    where = (places, np.searchsorted(accounts, rows[:, 0]))
    totals[where], scored[where] = rows[:, 2], 1
    return Periods(totals, scored)


def to_date(book: RuleBook, accounts: Column, month: int) -> dict[str, Column]:
    """Quarter and year up to a month, for pages: span -> totals in hundredths."""
    found = {}
    if PERIOD_MONTHS[book.period] <= PERIOD_MONTHS["QUARTER"]:
        found["QUARTER"] = quarter_of(book, read_periods(book, accounts, "QUARTER", month))
    brought = None if book.period == "YEAR" else openings(accounts, month)
    found["YEAR"] = year_of(book, read_periods(book, accounts, "YEAR", month), brought)
    return found
