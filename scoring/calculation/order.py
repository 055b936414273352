"""The order of calculation (scoring.md §2), in one place: item, caps, section, total, veto, rounding.

All amounts inside are ten-thousandths of a point in whole-number columns, one element per account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scoring.calculation.amounts import FINE, Column, Matrix, divide, round_points
from scoring.calculation.book import ItemRule, RuleBook, SectionRule
from scoring.calculation.tally import TALLY, Months
from scoring.calculation.trace import (
    ADJUSTED,
    CAP,
    CAP_MONTH,
    CAP_QUARTER,
    CAP_YEAR,
    CARRIED,
    CEILING,
    FLOOR,
    OPENED,
    ROUNDED,
    TOTAL,
    VETO_CAP,
    VETO_ZERO,
    WEIGHT,
    ZEROED,
    Trace,
    noted,
    noted_last,
)
from scoring.months import period_end, period_start, span

# Item key under which adjustments stand: outside all items, sections and caps.
ADJUSTMENT = 0
# A percentage in hundredths of a percent: 20 % is 2000.
PERCENT = 100_00


@dataclass
class Circumstances:
    """What the score depends on besides the ledger, as it was on the first day of the month computed.

    A name or number that nobody has needs no column.
    """

    classes: Mapping[str, Column] = field(default_factory=dict)
    posts: Mapping[str, Column] = field(default_factory=dict)
    # Clause number -> times expected in a period, where it differs from the rules; −1 where it does not.
    expected: Mapping[str, Column] = field(default_factory=dict)
    # Last year's total in hundredths, where the period is the account's first of the year; else 0.
    last_year: Column | None = None
    # Points that the account brings along into the period, in hundredths.
    opening: Column | None = None


@dataclass
class Groups:
    """The ledger of a set of accounts, grouped: per item the matrices of its months.

    `months` are all months in view, the month computed last. Items without an entry have no matrices.
    """

    accounts: int
    months: list[int]
    items: Mapping[int, Months] = field(default_factory=dict)
    about: Circumstances = field(default_factory=Circumstances)

    def of(self, item: ItemRule) -> Months:
        months = self.items.get(item.key) or Months.empty(len(self.months), self.accounts)
        if item.tally_table.get("of") == "expected":
            months.expected = self._expected(item)
        return months

    def _expected(self, item: ItemRule) -> Column:
        general = np.full(self.accounts, item.expected or 0, dtype=np.int64)
        own = self.about.expected.get(item.code)
        return np.asarray((general if own is None else np.where(own >= 0, own, general)) * 100, dtype=np.int64)

    def applies(self, item: ItemRule) -> Column:
        """1 where the account is of one of the item's classes or holds one of its posts, or the item names none."""
        if not item.classes and not item.posts:
            return np.ones(self.accounts, dtype=np.int64)
        nobody = np.zeros(self.accounts, dtype=np.int64)
        classes = [self.about.classes.get(name, nobody) for name in item.classes]
        posts = [self.about.posts.get(name, nobody) for name in item.posts]
        return np.asarray(np.maximum.reduce([nobody, *classes, *posts]), dtype=np.int64)


@dataclass
class Vetoes:
    """Vetoes in force in the period: accounts set to zero, capped (hundredths), under any veto at all."""

    zero: Column
    cap: Column
    any: Column

    NO_CAP = 10**10

    @classmethod
    def none(cls, accounts: int) -> Vetoes:
        zeros = np.zeros(accounts, dtype=np.int64)
        return cls(zeros, zeros + cls.NO_CAP, zeros.copy())


@dataclass
class Result:
    """Totals in hundredths; items and sections in ten-thousandths, each of the period to date."""

    total: Column
    items: dict[int, Column]
    sections: list[Column]


def months_in_view(book: RuleBook, month: int) -> list[int]:
    """Every month whose entries can touch the score of `month`: its period and the spans of longer caps."""
    first = min(period_start(month, book.period), period_start(month, book.longest_cap))
    if is_last_period(book, month) and any(item.annual for item in book.items):
        first = period_start(month, "YEAR")
    return span(first, month)


def is_last_period(book: RuleBook, month: int) -> bool:
    return period_end(month, book.period) == period_end(month, "YEAR")


def period_of(book: RuleBook, item: ItemRule) -> str:
    """The span that the item's start and tally run over."""
    return "YEAR" if item.annual else book.period


def _running_value(item: ItemRule, months: Months, applies: Column, trace: Trace | None) -> Matrix:
    """Step 1 over one period: start + tally, zeroing, floor; running from month to month.

    Whoever the item does not apply to has nothing of it: no start, no floor, no full marks for nothing held.
    """
    value = TALLY[item.tally](months, item.tally_table) + item.start * FINE
    if item.zeroes:
        zeroed = np.where(np.cumsum(months.count, axis=0) > 0, 0, value)
        value = noted_last(trace, item.key, ZEROED, value, zeroed)
    if item.floor is not None:
        value = noted_last(trace, item.key, FLOOR, value, np.maximum(value, item.floor * FINE))
    return value * applies


def _increments(book: RuleBook, item: ItemRule, groups: Groups, trace: Trace | None) -> Matrix:
    """What each month adds to the item; periods start anew."""
    months, applies = groups.of(item), groups.applies(item)
    pieces, first = [], 0
    while first < len(groups.months):
        end = period_end(groups.months[first], period_of(book, item))
        last = first + sum(1 for month in groups.months[first:] if month <= end)
        current = trace if last == len(groups.months) else None
        running = _running_value(item, months.rows(first, last), applies, current)
        pieces.append(np.diff(running, axis=0, prepend=0))
        first = last
    return np.concatenate(pieces)


def _capped(increments: Matrix, months: list[int], cap: int | None, span_name: str) -> Matrix:
    """Step 2: a cap over a calendar span credits min(cap, Σ up to and including) − min(cap, Σ before)."""
    if cap is None:
        return increments
    credited = np.empty_like(increments)
    for start in sorted({period_start(month, span_name) for month in months}):
        rows = [i for i, month in enumerate(months) if period_start(month, span_name) == start]
        running = np.minimum(np.cumsum(increments[rows], axis=0), cap * FINE)
        credited[rows] = np.diff(running, axis=0, prepend=0)
    return credited


def item_value(book: RuleBook, item: ItemRule, groups: Groups, trace: Trace | None = None) -> Column:
    """Steps 1 and 2 for one item: its value over the period to date."""
    months = groups.months
    if item.annual and not is_last_period(book, months[-1]):
        return np.zeros(groups.accounts, dtype=np.int64)
    start = period_start(months[-1], period_of(book, item))
    current = [i for i, month in enumerate(months) if month >= start]
    credited = _increments(book, item, groups, trace)
    value = np.asarray(credited[current].sum(axis=0), dtype=np.int64)
    for cap, span_name in ((item.cap_month, CAP_MONTH), (item.cap_quarter, CAP_QUARTER), (item.cap_year, CAP_YEAR)):
        credited = _capped(credited, months, cap, span_name)
        capped = np.asarray(credited[current].sum(axis=0), dtype=np.int64)
        value = noted(trace, item.key, span_name, value, capped)
    return value


def section_value(
    section: SectionRule, items: Mapping[int, Column], groups: Groups, trace: Trace | None = None
) -> Column:
    """Step 3: start + Σ items, floor, cap, weight; items outside the cap are added after it."""
    value = np.full(groups.accounts, section.start * FINE, dtype=np.int64)
    if section.carry_over is not None and groups.about.last_year is not None:
        carried = divide(groups.about.last_year * section.carry_over * FINE, PERCENT)
        value = noted(trace, section.code, CARRIED, value, value + carried)
    for item in section.items:
        if not item.outside_cap:
            value = value + items[item.key]
    if section.floor is not None:
        value = noted(trace, section.code, FLOOR, value, np.maximum(value, section.floor * FINE))
    if section.cap is not None:
        value = noted(trace, section.code, CAP, value, np.minimum(value, section.cap * FINE))
    if section.weight is not None and section.full_marks:
        weighted = divide(value * section.weight, section.full_marks)
        value = noted(trace, section.code, WEIGHT, value, weighted)
    for item in section.items:
        if item.outside_cap:
            value = value + items[item.key]
    return value


def total_value(book: RuleBook, sections: list[Column], groups: Groups, trace: Trace | None = None) -> Column:
    """Step 4: Σ sections under the ceiling and over the floor, deductions before or after the cap."""
    deductions = np.zeros(groups.accounts, dtype=np.int64)
    credits = np.zeros(groups.accounts, dtype=np.int64)
    for section, value in zip(book.sections, sections, strict=True):
        if section.kind == "deduction":
            deductions = deductions + value
        else:
            credits = credits + value
    if groups.about.opening is not None:
        credits = noted(trace, TOTAL, OPENED, credits, credits + groups.about.opening * FINE)
    total = credits + deductions
    if book.ceiling is not None:
        if book.cap_order == "CAP_THEN_DEDUCT":
            capped = np.minimum(credits, book.ceiling * FINE) + deductions
        else:
            capped = np.minimum(total, book.ceiling * FINE)
        total = noted(trace, TOTAL, CEILING, total, capped)
    if book.floor is not None:
        total = noted(trace, TOTAL, FLOOR, total, np.maximum(total, book.floor * FINE))
    return total


def compute(book: RuleBook, groups: Groups, vetoes: Vetoes | None = None, trace: Trace | None = None) -> Result:
    """Scores of the last month in view for every account, in the order of scoring.md §2.

    With a trace, for one account, every step that changed something is kept.
    """
    items = {item.key: item_value(book, item, groups, trace) for item in book.items}
    sections = [section_value(section, items, groups, trace) for section in book.sections]
    total = total_value(book, sections, groups, trace)
    if vetoes is not None:
        total = noted(trace, TOTAL, VETO_CAP, total, np.minimum(total, vetoes.cap * FINE))
        total = noted(trace, TOTAL, VETO_ZERO, total, np.where(vetoes.zero > 0, 0, total))
    adjustments = groups.items.get(ADJUSTMENT)
    if adjustments is not None:
        start = period_start(groups.months[-1], book.period)
        first = groups.months.index(start) if start in groups.months else 0
        total = noted(trace, TOTAL, ADJUSTED, total, total + adjustments.total[first:].sum(axis=0))
    rounded = round_points(total, book.decimals)
    noted(trace, TOTAL, ROUNDED, total, rounded * FINE)
    return Result(rounded, items, sections)


def ranks(totals: Column, sets: Column) -> Column:
    """Standard competition ranking (1-2-2-4) of rounded totals inside each set; set −1 has no rank (0)."""
    order = np.lexsort((-totals, sets))
    ordered_sets, ordered_totals = sets[order], totals[order]
    place = np.arange(len(totals))
    new_set = np.r_[True, ordered_sets[1:] != ordered_sets[:-1]] if len(totals) else np.array([], dtype=bool)
    new_value = new_set | np.r_[True, ordered_totals[1:] != ordered_totals[:-1]] if len(totals) else new_set
    set_start = np.maximum.accumulate(np.where(new_set, place, 0))
    value_start = np.maximum.accumulate(np.where(new_value, place, 0))
    result = np.empty(len(totals), dtype=np.int64)
    result[order] = value_start - set_start + 1
    return np.where(sets == -1, 0, result)
