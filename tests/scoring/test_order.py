"""The order of calculation: every step by hand, the worked examples, and random rule books against the reference."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from scoring import months
from scoring.calculation.amounts import FINE, from_fine, from_hundredths
from scoring.calculation.book import ItemRule, RuleBook, SectionRule
from scoring.calculation.order import Circumstances, Groups, Vetoes, compute, months_in_view, ranks
from scoring.calculation.tally import Months, Occasions
from scoring.models import ExpectedCount, Item, LedgerEntry, Month, Opening, RuleSet, Score, Section, Veto, YearTotal
from scoring.published_only import gate
from scoring.services.scores import compute_units
from tests.factories import appointment, branch, exclusion, member, membership, user
from tests.scoring.factories import account
from tests.scoring.generated import POSTS, Case, cases
from tests.scoring.reference import Entry, Person, competition_ranks, score, standing

POINTS = 100 * FINE


# --- from entries to the columns that the calculation reads ----------------------------------
def facts(people, key, view):
    made = Months.empty(len(view), len(people))
    newest, occasions = {}, []
    for place, person in enumerate(people):
        made.in_scope[:, place] = [person.scope is None or month in person.scope for month in view]
        for row in standing(person.entries):
            if row.item != key or row.month not in view:
                continue
            where = (view.index(row.month), place)
            made.total[where] += int(row.points * POINTS)
            made.highest[where] = max(made.highest[where], int(row.points * POINTS))
            made.count[where] += 1
            made.quantity[where] += 100 if row.quantity is None else int(row.quantity * 100)
            made.held[where] += int(row.held * 100)
            occasions.append((*where, hash(row.occasion or row.number) % 1000, int(row.points * POINTS)))
            if row.number > newest.get(where, 0):
                newest[where] = row.number
                made.latest[where] = int(row.points * POINTS)
    made.occasions = Occasions(*np.array(occasions, dtype=np.int64).reshape(-1, 4).T)
    return made


def groups_of(book, people, month):
    view = months_in_view(book, month)
    keys = {row.item for person in people for row in person.entries}
    about = Circumstances(
        classes={name: column(p.member_class == name for p in people) for name in {p.member_class for p in people}},
        posts={name: column(name in p.posts for p in people) for name in POSTS},
        expected={item.code: column(p.expected.get(item.code, -1) for p in people) for item in book.items},
        last_year=column(p.last_year * 100 for p in people),
        opening=column(p.opening * 100 for p in people),
    )
    return Groups(len(people), view, {key: facts(people, key, view) for key in keys}, about)


def column(values):
    return np.array([int(value) for value in values], dtype=np.int64)


def vetoes_of(people):
    vetoes = Vetoes.none(len(people))
    for place, person in enumerate(people):
        vetoes.zero[place] = person.zero
        if person.cap is not None:
            vetoes.cap[place] = int(person.cap * 100)
    return vetoes


def computed(book, people, month):
    return compute(book, groups_of(book, people, month), vetoes_of(people))


def total(book, entries=(), month=202609, **person):
    result = computed(book, [Person(entries=entries, **person)], month)
    return str(from_hundredths(result.total[0]))


def rule(key, tally="sum", table=None, **fields):
    return ItemRule(key, f"条-{key}", "条款", "fixed", {}, tally, table or {}, **fields)


def section(*items, kind="base", **fields):
    return SectionRule("板", "板块", kind, items, **fields)


def book(*sections, **fields):
    return RuleBook(sections=sections, **fields)


def entries(*rows):
    """(item, month, points[, quantity[, held]]) in the order of filing."""
    return [
        Entry(number, item, month, Decimal(str(value)), *(Decimal(str(extra)) for extra in more))
        for number, (item, month, value, *more) in enumerate(rows, start=1)
    ]


# --- step by step ---------------------------------------------------------------------------
def test_item_is_start_and_tally_over_its_floor():
    rules = book(section(rule(1, start=1000, floor=200)))
    assert [total(rules, entries((1, 202609, value))) for value in (-3, -8, -9, 2)] == [
        "7.00",
        "2.00",
        "2.00",
        "12.00",
    ]
    assert total(rules) == "10.00"


def test_event_that_zeroes_sets_the_item_to_nothing_for_the_period():
    rules = book(section(rule(1, start=1000, zeroes=True), rule(2)), period="QUARTER")
    ledger = entries((1, 202605, -1), (2, 202604, 3))
    assert [total(rules, ledger, month) for month in (202604, 202605, 202606, 202607)] == [
        "13.00",
        "3.00",
        "3.00",
        "10.00",
    ]


CHAIN = entries((1, 202607, 8), (1, 202608, 8), (1, 202609, 8), (1, 202610, 8))


@pytest.mark.parametrize(
    ("caps", "credited"),
    [
        ({}, ["8.00", "8.00", "8.00", "8.00"]),
        ({"cap_month": 500}, ["5.00", "5.00", "5.00", "5.00"]),
        # min(12, Σ up to and including) − min(12, Σ before)
        ({"cap_quarter": 1200}, ["8.00", "4.00", "0.00", "8.00"]),
        ({"cap_year": 2000}, ["8.00", "8.00", "4.00", "0.00"]),
        ({"cap_month": 500, "cap_quarter": 1200}, ["5.00", "5.00", "2.00", "5.00"]),
        ({"cap_month": 500, "cap_quarter": 1200, "cap_year": 1400}, ["5.00", "5.00", "2.00", "2.00"]),
    ],
)
def test_caps_run_month_quarter_year_each_on_the_output_of_the_one_before(caps, credited):
    rules = book(section(rule(1, **caps)))
    assert [total(rules, CHAIN, row.month) for row in CHAIN] == credited


def test_cap_of_a_longer_span_gives_back_what_a_deduction_freed():
    rules = book(section(rule(1, cap_quarter=1000)))
    ledger = entries((1, 202607, 12), (1, 202608, -4), (1, 202609, 3))
    assert [total(rules, ledger, month) for month in (202607, 202608, 202609)] == ["10.00", "-2.00", "2.00"]


@pytest.mark.parametrize(("period", "expected"), [("MONTH", "8.00"), ("QUARTER", "24.00"), ("YEAR", "32.00")])
def test_period_decides_what_is_summed(period, expected):
    ledger = [*CHAIN[:3], *entries((1, 202606, 8))]
    assert total(book(section(rule(1)), period=period), ledger, 202609) == expected


def test_section_has_start_floor_and_cap():
    rules = book(section(rule(1), start=1000, floor=0, cap=1500))
    assert [total(rules, entries((1, 202609, value))) for value in (-20, -4, 3, 9)] == [
        "0.00",
        "6.00",
        "13.00",
        "15.00",
    ]


def test_section_weight_turns_points_into_a_share_and_leaves_the_rest_outside():
    rules = book(section(rule(1), rule(2, outside_cap=True), full_marks=10000, cap=10000, weight=6000))
    assert total(rules, entries((1, 202609, 80), (2, 202609, 3))) == "51.00"
    assert total(rules, entries((1, 202609, 120), (2, 202609, 3))) == "63.00"


def test_section_weight_keeps_four_decimals():
    result = computed(
        book(section(rule(1), full_marks=300, weight=10000)), [Person(entries=entries((1, 202609, 1)))], 202609
    )
    assert [from_fine(result.sections[0][0]), from_hundredths(result.total[0])] == [
        Decimal("33.3333"),
        Decimal("33.33"),
    ]


def test_items_outside_the_cap_are_added_after_floor_and_cap():
    rules = book(section(rule(1), rule(2, outside_cap=True), floor=0, cap=1000))
    assert total(rules, entries((1, 202609, 12), (2, 202609, 3))) == "13.00"
    assert total(rules, entries((1, 202609, -5), (2, 202609, -3))) == "-3.00"


@pytest.mark.parametrize(("order", "expected"), [("CAP_THEN_DEDUCT", "90.00"), ("DEDUCT_THEN_CAP", "100.00")])
def test_order_of_cap_and_deduction_is_a_setting(order, expected):
    rules = book(
        section(rule(1)), section(rule(2)), section(rule(3), kind="deduction"), ceiling=10000, cap_order=order
    )
    assert total(rules, entries((1, 202609, 60), (2, 202609, 60), (3, 202609, -10))) == expected


@pytest.mark.parametrize(
    ("decimals", "expected"), [(2, ["0.33", "-0.33"]), (1, ["0.30", "-0.30"]), (0, ["0.00", "0.00"])]
)
def test_total_is_rounded_to_the_decimals_of_the_rule_set(decimals, expected):
    rules = book(section(rule(1), full_marks=300, weight=100), decimals=decimals)
    assert [total(rules, entries((1, 202609, value))) for value in (1, -1)] == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("0.5", "1.00"), ("-0.5", "-1.00"), ("1.5", "2.00"), ("2.49", "2.00"), ("-2.5", "-3.00")]
)
def test_halves_go_away_from_zero(value, expected):
    assert total(book(section(rule(1)), decimals=0), entries((1, 202609, value))) == expected


def test_item_for_some_classes_gives_the_others_nothing():
    rules = book(
        section(
            rule(1, start=500, classes=("骨干类",)),
            rule(2, "ratio", {"full": "10"}, classes=("骨干类", "普通类")),
            rule(3, floor=100, classes=("骨干类",)),
        )
    )
    ledger = entries((1, 202609, 1))
    assert {name: total(rules, ledger, member_class=name) for name in ("骨干类", "普通类", "流动类", "")} == {
        "骨干类": "17.00", "普通类": "10.00", "流动类": "0.00", "": "0.00",
    }  # fmt: skip


def test_veto_caps_or_zeroes_the_total():
    rules = book(section(rule(1)))
    ledger = entries((1, 202609, 80))
    assert [total(rules, ledger, cap=Decimal(60)), total(rules, ledger, cap=Decimal(90))] == ["60.00", "80.00"]
    assert total(rules, ledger, zero=True, cap=Decimal(60)) == "0.00"
    assert total(rules, entries((1, 202609, -5)), zero=True) == "0.00"


def test_adjustment_stands_outside_all_caps_and_is_rounded_with_the_total():
    rules = book(section(rule(1), cap=1000), ceiling=1000, floor=0, decimals=0)
    assert total(rules, entries((1, 202609, 12), (0, 202609, "2.5"), (0, 202608, 9))) == "13.00"


def test_reversed_entry_leaves_highest_latest_and_steps():
    rules = book(
        section(rule(1, "highest"), rule(2, "latest"), rule(3, "steps", {"steps": [["1", "-3"], ["2", "-5"]]}))
    )
    kept = entries((1, 202609, 4), (2, 202609, 16), (3, 202609, 0))
    gone = entries((1, 202609, 6), (2, 202609, 20), (3, 202609, 0))
    gone = [replace(row, number=row.number + 10) for row in gone]
    back = [replace(row, number=row.number + 20, points=-row.points, reverses=row.number) for row in gone]
    assert total(rules, kept) == total(rules, [*kept, *gone, *back]) == "17.00"


# --- ranks ----------------------------------------------------------------------------------
def test_ranks_are_standard_competition_inside_each_set():
    totals = np.array([90, 80, 90, 70, 100, 80, 60, 5], dtype=np.int64)
    sets = np.array([1, 1, 1, 1, 2, 2, 2, -1], dtype=np.int64)
    assert ranks(totals, sets).tolist() == [1, 3, 1, 4, 1, 2, 3, 0]
    assert ranks(np.array([9, 8, 8, 7], dtype=np.int64), np.zeros(4, dtype=np.int64)).tolist() == [1, 2, 2, 4]
    assert ranks(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
    assert ranks(np.array([-5], dtype=np.int64), np.array([7], dtype=np.int64)).tolist() == [1]


# --- worked examples (domain.md §7) ---------------------------------------------------------
def test_p1_quarter_of_a_telecom_branch():
    five = [rule(10 + n, "mean_of_months", cap_quarter=400) for n in range(5)]
    rules = book(
        section(start=6000),
        section(rule(1, "latest"), *five, kind="duty", full_marks=4000),
        section(rule(2, "highest"), rule(3), kind="bonus"),
        section(rule(4), rule(5), kind="deduction"),
        period="QUARTER",
        ceiling=10000,
    )
    marks = {202604: (3, 1, 0, 2, 1), 202605: (3, 4, 4, 1, 0), 202606: (3, 4, 0, 4, 2)}
    ledger = entries(
        (1, 202606, 16),
        *((10 + n, month, value) for month, values in marks.items() for n, value in enumerate(values)),
        (2, 202604, 6), (2, 202605, 4), (3, 202605, 3), (4, 202604, -1), (4, 202606, -1), (5, 202605, "-0.5"),
    )  # fmt: skip
    assert total(rules, ledger, 202606) == "93.17"
    assert total(rules, ledger, 202606, cap=Decimal(60)) == "60.00"
    assert total(rules, ledger, 202606, zero=True) == "0.00"


def test_p2_year_of_base_tasks_and_bonus():
    rules = book(
        section(rule(1), start=1760, floor=0),
        section(rule(2), kind="duty", cap=7000),
        section(rule(3), rule(4, "highest", outside_cap=True), kind="bonus", cap=1000),
        period="YEAR",
    )
    ledger = entries((1, 202603, "-1.5"), (2, 202605, "64.5"), (3, 202602, 7), (3, 202611, 5), (4, 202612, 3))
    assert total(rules, ledger, 202612) == "93.60"


@pytest.mark.parametrize(
    ("index", "bonus", "deductions", "expected"), [(73, 26, -4, "89.00"), (80, 25, 0, "100.00"), (12, 0, -15, "0.00")]
)
def test_p3_index_bonus_and_deductions_between_0_and_100(index, bonus, deductions, expected):
    rules = book(
        section(rule(1), cap=8000),
        section(rule(2), kind="bonus", cap=2000),
        section(rule(3), kind="deduction"),
        floor=0,
        ceiling=10000,
    )
    assert total(rules, entries((1, 202609, index), (2, 202609, bonus), (3, 202609, deductions))) == expected


def test_p6_step_table_and_floor_of_the_section():
    absent = rule(1, "steps", {"steps": [["1", "-3"], ["2", "-5"], ["3", "-10"]]})
    rules = book(section(absent, rule(2), start=1000, floor=0), period="QUARTER")
    twice = entries((1, 202607, 0), (1, 202608, 0), (2, 202607, "-0.5"), (2, 202608, "-0.5"), (2, 202609, "-0.5"))
    assert total(rules, twice, 202609) == "3.50"
    assert total(rules, [*twice, Entry(9, 1, 202609, Decimal(0))], 202609) == "0.00"


def test_p7_quarter_of_25():
    leave = rule(2, "steps", {"steps": [["1", "0"], ["2", "-2"], ["3", "-4"]]})
    rules = book(
        section(rule(1), leave, start=600, floor=0),
        section(rule(3, "ratio", {"full": "12"}), kind="duty"),
        section(rule(4), rule(5), rule(6)),
        period="QUARTER",
        ceiling=2500,
    )
    ledger = entries(
        (1, 202607, -2),
        (2, 202607, 0),
        (2, 202609, 0),
        (3, 202609, 0, 92, 100),
        (4, 202609, 1),
        (5, 202609, 2),
        (6, 202609, 2),
    )
    assert total(rules, ledger, 202609) == "18.04"


def test_p9_branch():
    rules = book(section(rule(1), start=1000, floor=0), period="QUARTER")
    assert total(rules, entries((1, 202607, -2), (1, 202608, -2), (1, 202609, 2)), 202609) == "8.00"


# --- random rule books ----------------------------------------------------------------------
def differences(case: Case, found) -> list:
    """What the product computed against the reference, account by account."""
    wrong = []
    for place, person in enumerate(case.people):
        expected = score(case.book, person, case.month)
        sections = [from_fine(column[place]) for column in found.sections]
        items = {key: from_fine(column[place]) for key, column in found.items.items()}
        own = (from_hundredths(found.total[place]), sections, items)
        if own != (expected.total, expected.sections, expected.items):
            wrong.append((own, expected))
    return wrong


@given(cases())
def test_calculation_equals_the_reference_to_the_last_decimal(case):
    assert differences(case, computed(case.book, case.people, case.month)) == []


@given(cases(most_people=1))
def test_explanation_of_one_is_the_calculation_of_many(case):
    """The same person among others, or twice: nobody's points depend on the company."""
    alone = computed(case.book, case.people, case.month)
    crowd = computed(case.book, [Person(), *case.people, *case.people], case.month)
    assert crowd.total[1:].tolist() == [*alone.total, *alone.total]
    assert [column[1:].tolist() for column in crowd.sections] == [[*column, *column] for column in alone.sections]


# --- the same through the database ----------------------------------------------------------
def stored_rules(case: Case, owner, by) -> tuple[RuleSet, dict[int, Item]]:
    def amount(value):
        return None if value is None else from_hundredths(value)

    made = case.book
    rules = RuleSet.objects.create(
        owner=owner, code="random", name="随机办法", period=made.period, effective_from=202601, decimals=made.decimals,
        floor=amount(made.floor), ceiling=amount(made.ceiling), cap_order=made.cap_order,
        state=RuleSet.State.PUBLISHED, published_at=timezone.now(), published_by=by, checked_digest="in a test",
        quarter_value=made.quarter_value, year_value=made.year_value, year_of=made.year_of,
    )  # fmt: skip
    rows = {}
    for place, one in enumerate(made.sections):
        row = Section.objects.create(
            rule_set=rules,
            code=f"{place}",
            name=one.name,
            kind=one.kind,
            position=place,
            full_marks=amount(one.full_marks),
            start=amount(one.start),
            floor=amount(one.floor),
            cap=amount(one.cap),
            weight=amount(one.weight),
            carry_over=amount(one.carry_over),
        )
        for position, item in enumerate(one.items):
            rows[item.key] = Item.objects.create(
                section=row,
                code=item.code,
                name=item.name,
                position=position,
                pricing=item.pricing,
                pricing_table=item.pricing_table,
                tally=item.tally,
                tally_table=item.tally_table,
                start=amount(item.start),
                floor=amount(item.floor),
                cap_month=amount(item.cap_month),
                cap_quarter=amount(item.cap_quarter),
                cap_year=amount(item.cap_year),
                outside_cap=item.outside_cap,
                zeroes=item.zeroes,
                classes=list(item.classes),
                posts=list(item.posts),
                annual=item.annual,
                expected_count=item.expected,
            )
    return rules, rows


def write_ledger(rows, person_account, unit, rules, items, by):
    written = {}
    for row in rows:
        source = LedgerEntry.Source.GRID if row.item else LedgerEntry.Source.ADJUSTMENT
        written[row.number] = LedgerEntry.objects.create(
            account=person_account,
            unit=unit,
            item=items.get(row.item),
            rule_set=rules,
            happened_on=months.first_day(row.month),
            month=row.month,
            points=row.points,
            quantity=row.quantity,
            held=row.held,
            occasion=row.occasion,
            source=LedgerEntry.Source.REVERSAL if row.reverses else source,
            filed_by=by,
            filed_at=timezone.now(),
            reverses=written.get(row.reverses),
        )


def write_veto(person, person_account, month, by):
    effects = [("ZERO", None)] if person.zero else []
    effects += [("CAP", person.cap)] if person.cap is not None else []
    for effect, cap in effects:
        Veto.objects.create(
            account=person_account,
            level="LIGHT",
            effect=effect,
            cap=cap,
            ground="纪律",
            reason="事由",
            from_month=month,
            decided_on=months.first_day(month),
            by=by,
        )


def write_person(person, home, old_home, case, by):
    """In the other branch first, left out until the scope begins: the months out of scope are before it."""
    first = min(person.scope)
    who = member(None, member_class=person.member_class)
    membership(who, old_home, started_on=months.first_day(202501), ended_on=months.first_day(case.month))
    membership(who, home, started_on=months.first_day(case.month))
    if first > 202601:
        exclusion(who, by, started_on=months.first_day(202501), ended_on=months.first_day(first))
    for post in person.posts:
        appointment(who, home, post, started_on=months.first_day(case.month))
    own = account(who)
    YearTotal.objects.create(account=own, year=2025, total=person.last_year, by=by)
    for code, count in person.expected.items():
        ExpectedCount.objects.create(account=own, code=code, year=2026, count=count, by=by)
    if person.opening:
        Opening.objects.create(
            account=own, year=2026, from_month=202601, points=person.opening, kind=Opening.Kind.ENTERED, by=by
        )
    return own


def as_of_the_year(person, case):
    """Last year's total is carried into the first period in scope of the year, and into no later one."""
    start = months.period_start(case.month, case.book.period)
    return person if min(person.scope) >= start else replace(person, last_year=Decimal(0))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases(most_entries=8))
def test_stored_scores_equal_the_reference_through_the_database(db, case):
    with transaction.atomic():
        home = branch()
        old_home, by = branch(home.parent), user()
        with gate():
            rules, items = stored_rules(case, home.parent, by)
        accounts = [write_person(person, home, old_home, case, by) for person in case.people]
        for person, own in zip(case.people, accounts, strict=True):
            write_ledger(person.entries, own, home, rules, items, by)
            write_veto(person, own, case.month, by)
        Month.objects.create(unit=home, month=case.month, state="SUBMITTED")
        assert compute_units([home.pk], case.month) == len(case.people)
        expected = [score(case.book, as_of_the_year(person, case), case.month) for person in case.people]
        in_branch = competition_ranks([one.total for one in expected])
        stored = {row.account_id: row for row in Score.objects.filter(month=case.month)}
        found = [
            (stored[own.pk].total, [from_fine(n) for n in stored[own.pk].sections], stored[own.pk].rank_in_branch)
            for own in accounts
        ]
        assert found == [(one.total, one.sections, rank) for one, rank in zip(expected, in_branch, strict=True)]
        transaction.set_rollback(True)
