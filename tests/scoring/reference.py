"""The calculation once more, slow and obvious: one account, Decimal, loops. Only tests use it.

Written from the order of calculation alone, not from the product's code: no columns, no running sums, no scaled
whole numbers. Where the definition rounds to four decimals (mean, ratio, weight) it rounds here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from scoring.calculation.book import ItemRule, RuleBook, SectionRule

LENGTH = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
ZERO = Decimal(0)


@dataclass(frozen=True)
class Entry:
    """A line of the ledger as people would write it down. `item` 0 is an adjustment."""

    number: int
    item: int
    month: int
    points: Decimal
    quantity: Decimal | None = None
    held: Decimal = ZERO
    occasion: str = ""
    reverses: int | None = None


@dataclass(frozen=True)
class Person:
    """Everything the score of one account depends on besides the rules."""

    entries: Sequence[Entry] = ()
    member_class: str = ""
    posts: frozenset[str] = frozenset()
    # Times expected in a period, by clause number, where they differ from the rules.
    expected: Mapping[str, int] = field(default_factory=dict)
    last_year: Decimal = ZERO
    opening: Decimal = ZERO
    # Months in which the account is scored anywhere; None: all.
    scope: frozenset[int] | None = None
    zero: bool = False
    cap: Decimal | None = None


@dataclass(frozen=True)
class Outcome:
    total: Decimal
    sections: list[Decimal]
    items: dict[int, Decimal] = field(default_factory=dict)


def points(hundredths: int) -> Decimal:
    return Decimal(hundredths) / 100


def half_up(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """An entry and its reversal leave every tally."""
    rows = list(entries)
    reversed_ones = {row.reverses for row in rows if row.reverses is not None}
    return [row for row in rows if row.reverses is None and row.number not in reversed_ones]


def months_of(month: int, span: str) -> list[int]:
    """The months of the calendar span around `month`, up to `month`."""
    year, number = divmod(month, 100)
    first = (number - 1) // LENGTH[span] * LENGTH[span] + 1
    return [year * 100 + n for n in range(first, number + 1)]


def tally(item: ItemRule, person: Person, months: Sequence[int]) -> Decimal:
    """Start + tally of one item over these months of one period, zeroing, floor."""
    facts = [row for row in standing(person.entries) if row.item == item.key and row.month in months]
    facts.sort(key=lambda row: (row.month, row.number))
    quantity = sum((Decimal(1) if row.quantity is None else row.quantity for row in facts), ZERO)
    value = {
        "sum": lambda: sum((row.points for row in facts), ZERO),
        "highest": lambda: highest(facts, by_occasion=item.tally_table.get("of") == "occasion"),
        "latest": lambda: facts[-1].points if facts else ZERO,
        "mean_of_months": lambda: mean(facts, person, months),
        "steps": lambda: steps(item.tally_table["steps"], quantity),
        "ratio": lambda: share(item, person, quantity, sum((row.held for row in facts), ZERO)),
    }[item.tally]()
    value += points(item.start)
    if item.zeroes and facts:
        value = ZERO
    return value if item.floor is None else max(value, points(item.floor))


def highest(facts: Sequence[Entry], *, by_occasion: bool) -> Decimal:
    if not by_occasion:
        return max((row.points for row in facts), default=ZERO)
    best: dict[str, Decimal] = {}
    for row in facts:
        name = row.occasion or f"#{row.number}"
        best[name] = max(best.get(name, row.points), row.points)
    return sum(best.values(), ZERO)


def share(item: ItemRule, person: Person, attended: Decimal, held: Decimal) -> Decimal:
    full = Decimal(item.tally_table["full"])
    if item.tally_table.get("of") == "expected":
        expected = person.expected.get(item.code, item.expected or 0)
        return min(full, ratio(full, attended, Decimal(expected)))
    return ratio(full, attended, held)


def mean(facts: Sequence[Entry], person: Person, months: Sequence[int]) -> Decimal:
    scope = [month for month in months if person.scope is None or month in person.scope]
    if not scope:
        return ZERO
    return half_up(sum((row.points for row in facts if row.month in scope), ZERO) / len(scope), 4)


def steps(table: Sequence[Sequence[str]], count: Decimal) -> Decimal:
    reached = [(Decimal(times), Decimal(value)) for times, value in table if count >= Decimal(times)]
    return max(reached)[1] if reached else ZERO


def ratio(full: Decimal, attended: Decimal, held: Decimal) -> Decimal:
    return full if held == 0 else half_up(attended * full / held, 4)


def added(book: RuleBook, item: ItemRule, person: Person, month: int) -> Decimal:
    """What one month adds to the item: the tally of its period to date less that of the month before."""
    period = months_of(month, "YEAR" if item.annual else book.period)
    before = tally(item, person, period[:-1]) if len(period) > 1 else ZERO
    return tally(item, person, period) - before


def credited(book: RuleBook, item: ItemRule, person: Person, month: int, spans: Sequence[str]) -> Decimal:
    """What one month is credited after the caps of `spans`, the last of them applied last."""
    if not spans:
        return added(book, item, person, month)
    *inner, span = spans
    cap = {"MONTH": item.cap_month, "QUARTER": item.cap_quarter, "YEAR": item.cap_year}[span]
    if cap is None:
        return credited(book, item, person, month, inner)
    window = months_of(month, span)
    up_to = sum((credited(book, item, person, m, inner) for m in window), ZERO)
    before = sum((credited(book, item, person, m, inner) for m in window[:-1]), ZERO)
    earlier = min(points(cap), before) if len(window) > 1 else ZERO
    return min(points(cap), up_to) - earlier


def item_points(book: RuleBook, item: ItemRule, person: Person, month: int) -> Decimal:
    if (item.classes or item.posts) and not (person.member_class in item.classes or person.posts & {*item.posts}):
        return ZERO
    period = book.period
    if item.annual:
        if month % 100 <= 12 - LENGTH[book.period]:
            return ZERO
        period = "YEAR"
    caps = ("MONTH", "QUARTER", "YEAR")
    return sum((credited(book, item, person, m, caps) for m in months_of(month, period)), ZERO)


def section_points(section: SectionRule, items: Mapping[int, Decimal], person: Person) -> Decimal:
    value = points(section.start)
    if section.carry_over is not None:
        value += half_up(person.last_year * points(section.carry_over) / 100, 4)
    value += sum((items[i.key] for i in section.items if not i.outside_cap), ZERO)
    if section.floor is not None:
        value = max(value, points(section.floor))
    if section.cap is not None:
        value = min(value, points(section.cap))
    if section.weight is not None and section.full_marks:
        value = half_up(value * points(section.weight) / points(section.full_marks), 4)
    return value + sum((items[i.key] for i in section.items if i.outside_cap), ZERO)


def score(book: RuleBook, person: Person, month: int) -> Outcome:
    """The score of one account in one month, of the period to date."""
    items = {item.key: item_points(book, item, person, month) for item in book.items}
    sections = [section_points(section, items, person) for section in book.sections]
    credits, deductions = ZERO, ZERO
    for section, value in zip(book.sections, sections, strict=True):
        if section.kind == "deduction":
            deductions += value
        else:
            credits += value
    credits += person.opening
    if book.ceiling is not None and book.cap_order == "CAP_THEN_DEDUCT":
        credits = min(credits, points(book.ceiling))
    total = credits + deductions
    if book.ceiling is not None:
        total = min(total, points(book.ceiling)) if book.cap_order == "DEDUCT_THEN_CAP" else total
    if book.floor is not None:
        total = max(total, points(book.floor))
    if person.cap is not None:
        total = min(total, person.cap)
    if person.zero:
        total = ZERO
    period = months_of(month, book.period)
    total += sum((row.points for row in standing(person.entries) if row.item == 0 and row.month in period), ZERO)
    return Outcome(half_up(total, book.decimals), sections, items)


def result(book: RuleBook, periods: Sequence[Decimal | None], span: str, opening: Decimal = ZERO) -> Decimal:
    """A quarter or a year from the totals of its periods; None where the account was not scored."""
    if span == "YEAR" and book.year_of == "QUARTERS" and book.period == "MONTH":
        quarters = [periods[i : i + 3] for i in range(0, 12, 3)]
        periods = [result(book, part, "QUARTER") if any(p is not None for p in part) else None for part in quarters]
    method, full = (book.year_value, book.year_full) if span == "YEAR" else (book.quarter_value, book.quarter_full)
    known = [value for value in periods if value is not None]
    if method == "SUM":
        return half_up(sum(known, ZERO) + opening, book.decimals)
    if not known:
        return half_up(ZERO, book.decimals)
    if method == "LAST":
        return half_up(known[-1], book.decimals)
    average = sum(known, ZERO) / len(known)
    if method == "MEAN":
        return half_up(half_up(average, 4), book.decimals)
    scaled = sum(known, ZERO) * points(full or 0) / (len(known) * points(book.ceiling or 1))
    return half_up(half_up(scaled, 4), book.decimals)


def competition_ranks(totals: Sequence[Decimal]) -> list[int]:
    """1-2-2-4."""
    return [1 + sum(other > own for other in totals) for own in totals]
