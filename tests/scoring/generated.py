"""Random rule books and ledgers for the tests that hold the calculation against `reference.py`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from scoring.calculation.book import ItemRule, RuleBook, SectionRule
from scoring.calculation.tally import TALLY
from scoring.months import span
from tests.scoring.reference import Entry, Person

YEAR = span(202601, 202612)
CLASSES = ("骨干类", "普通类", "流动类")
POSTS = ("BRANCH_SECRETARY", "GROUP_LEADER")


@dataclass(frozen=True)
class Case:
    """A rule book, people with their ledgers, and the month to compute."""

    book: RuleBook
    people: list[Person]
    month: int


def maybe(strategy: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.none() | strategy


def amounts(least: int, most: int) -> st.SearchStrategy[int]:
    """Hundredths; round numbers often, so that caps and floors meet exactly."""
    return st.integers(least // 100, most // 100).map(lambda n: n * 100) | st.integers(least, most)


def text(hundredths: int) -> str:
    return str(Decimal(hundredths) / 100)


@st.composite
def tally_tables(draw: st.DrawFn, tally: str) -> dict[str, object]:
    if tally == "steps":
        times = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True))
        return {"steps": [[str(count), text(draw(amounts(-1000, 1000)))] for count in times]}
    if tally == "ratio":
        return {"full": text(draw(amounts(0, 2000)))} | draw(st.sampled_from([{}, {"of": "expected"}]))
    if tally == "highest":
        return draw(st.sampled_from([{}, {"of": "occasion"}]))
    return {}


@st.composite
def items(draw: st.DrawFn, key: int) -> ItemRule:
    tally = draw(st.sampled_from(sorted(TALLY)))
    cap = maybe(amounts(0, 1500))
    return ItemRule(
        key=key,
        code=f"条-{key}",
        name="条款",
        pricing="fixed",
        pricing_table={"points": "1"},
        tally=tally,
        tally_table=draw(tally_tables(tally)),
        start=draw(st.just(0) | amounts(-500, 1000)),
        floor=draw(maybe(amounts(-500, 500))),
        cap_month=draw(cap),
        cap_quarter=draw(cap),
        cap_year=draw(cap),
        outside_cap=draw(st.booleans()),
        annual=draw(st.sampled_from([False, False, False, True])),
        posts=tuple(draw(st.just([]) | st.just([]) | st.lists(st.sampled_from(POSTS), max_size=2, unique=True))),
        expected=draw(st.integers(0, 6)),
        zeroes=draw(st.sampled_from([False, False, False, True])),
        classes=tuple(draw(st.just([]) | st.lists(st.sampled_from(CLASSES[:2]), max_size=2, unique=True))),
    )


@st.composite
def books(draw: st.DrawFn) -> RuleBook:
    sections, key = [], 0
    for number in range(draw(st.integers(1, 3))):
        rules = []
        for _ in range(draw(st.integers(0, 3))):
            key += 1
            rules.append(draw(items(key)))
        kind = draw(st.sampled_from(["base", "duty", "bonus", "deduction"]))
        sections.append(
            SectionRule(
                code=f"板{number}",
                name="板块",
                kind=kind,
                items=tuple(rules),
                full_marks=draw(maybe(amounts(100, 10000))),
                start=draw(st.just(0) | amounts(-1000, 6000)),
                floor=draw(maybe(amounts(-1000, 1000))),
                cap=draw(maybe(amounts(0, 4000))),
                weight=draw(maybe(amounts(100, 10000))),
                carry_over=draw(st.none() | st.none() | amounts(100, 10000)),
            )
        )
    return RuleBook(
        period=draw(st.sampled_from(["MONTH", "QUARTER", "YEAR"])),
        sections=tuple(sections),
        floor=draw(maybe(amounts(-1000, 1000))),
        ceiling=draw(maybe(amounts(1000, 10000))),
        decimals=draw(st.integers(0, 2)),
        cap_order=draw(st.sampled_from(["CAP_THEN_DEDUCT", "DEDUCT_THEN_CAP"])),
        quarter_value=draw(st.sampled_from(["SUM", "MEAN", "LAST"])),
        year_value=draw(st.sampled_from(["SUM", "MEAN", "LAST"])),
        year_of=draw(st.sampled_from(["PERIODS", "QUARTERS"])),
    )


@st.composite
def ledgers(draw: st.DrawFn, keys: list[int], months: list[int], most: int) -> list[Entry]:
    """Entries numbered in the order of filing; some are reversed."""
    rows: list[Entry] = []
    for _ in range(draw(st.integers(0, most))):
        quantity = draw(maybe(st.integers(0, 4).map(lambda n: n * 100) | st.integers(0, 400)))
        row = Entry(
            number=len(rows) + 1,
            item=draw(st.sampled_from(keys)),
            month=draw(st.sampled_from(months)),
            points=Decimal(draw(amounts(-800, 800))) / 100,
            quantity=None if quantity is None else Decimal(quantity) / 100,
            held=Decimal(draw(st.integers(0, 5))),
            occasion=draw(st.sampled_from(["", "甲事", "乙事"])),
        )
        rows.append(row)
        if draw(st.sampled_from([False, False, False, True])):
            quantity_back = None if row.quantity is None else -row.quantity
            rows.append(
                Entry(
                    len(rows) + 1, row.item, row.month, -row.points, quantity_back, -row.held, row.occasion, row.number
                )
            )
    return rows


@st.composite
def cases(draw: st.DrawFn, most_people: int = 3, most_entries: int = 12) -> Case:
    book = draw(books())
    month = draw(st.sampled_from(YEAR))
    # Item 0 is an adjustment.
    keys = [0, *(item.key for item in book.items)]
    people = []
    for _ in range(draw(st.integers(1, most_people))):
        first = draw(st.sampled_from(YEAR[: YEAR.index(month) + 1]))
        people.append(
            Person(
                entries=draw(ledgers(keys, YEAR, most_entries)),
                member_class=draw(st.sampled_from(CLASSES)),
                posts=frozenset(draw(st.lists(st.sampled_from(POSTS), max_size=2))),
                expected=draw(st.dictionaries(st.sampled_from(["条-1", "条-2"]), st.integers(0, 5), max_size=2)),
                last_year=Decimal(draw(amounts(0, 12000))) / 100,
                opening=Decimal(draw(amounts(0, 3000))) / 100 if book.period == "YEAR" else Decimal(0),
                scope=frozenset(draw(st.sampled_from([span(202601, month), span(first, month)]))),
                zero=draw(st.sampled_from([False, False, False, True])),
                cap=draw(st.none() | st.none() | amounts(0, 6000).map(lambda n: Decimal(n) / 100)),
            )
        )
    return Case(book, people, month)
