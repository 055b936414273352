"""Rule files show what they do: the worked examples of published rules, the examples in every shipped file."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from scoring.books import book_of
from scoring.calculation.amounts import hundredths
from scoring.calculation.cells import read_cell
from scoring.calculation.order import Circumstances
from scoring.calculation.pricing import price
from scoring.calculation.trace import TOTAL
from scoring.models import Month, RuleSet, Score, Veto, YearTotal
from scoring.months import first_day
from scoring.rulebook.file import parse
from scoring.rulebook.tryout import failed_examples, try_records
from scoring.rulebook.writer import document_of, to_yaml
from scoring.services.rules import PRESET_DIR, load_rule_set, problems_of, publish_rule_set
from scoring.services.scores import compute_units
from tests.factories import appointment, branch, member, user
from tests.scoring.factories import account
from tests.scoring.ledger import entry

WORKED = Path(__file__).parent / "rules"
FILES = [*sorted(PRESET_DIR.glob("*.yaml")), *sorted(WORKED.glob("*.yaml"))]
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def rules_of(path):
    return parse(path.read_text(encoding="utf-8"))


def month_of(rules, example):
    return example.month or rules.fields["effective_from"]


def tried(rules, example):
    one = np.ones(1, dtype=np.int64)
    about = Circumstances(
        classes={example.member_class: one},
        posts=dict.fromkeys(example.posts, one),
        last_year=one * hundredths(example.last_year),
    )
    return try_records(rules, example.records, month_of(rules, example), about)


# --- worked examples (domain.md §7) ---------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "totals"),
    [
        ("p1", ["93.17"]),
        ("p2", ["93.60", "50.00"]),
        ("p3", ["89.00", "100.00", "0.00"]),
        ("p6", ["3.50", "0.00"]),
        ("p7", ["18.04", "18.00"]),
        ("p9", ["8.00", "10.00"]),
    ],
)
def test_worked_example_is_written_as_a_rule_file(code, totals):
    rules = rules_of(WORKED / f"{code}.yaml")
    assert [str(tried(rules, example).total) for example in rules.examples] == totals
    assert failed_examples(rules) == []


def test_p1_shows_what_each_part_comes_to():
    rules = rules_of(WORKED / "p1.yaml")
    found = tried(rules, rules.examples[0])
    codes = {item.pk: item.code for _section, items in found.layout for item in items}
    assert {codes[key]: str(Decimal(int(column[0])) / 10000) for key, column in found.result.items.items()} == {
        "履-1": "16", "履-2": "3", "履-3": "3", "履-4": "1.3333", "履-5": "2.3333", "履-6": "1",
        "加-1": "6", "加-2": "3", "扣-1": "-2", "扣-2": "-0.5",
    }  # fmt: skip


# --- the same through the ledger ------------------------------------------------------------
def post(who, rule_set, records, month):
    """The records of an example as entries, priced as the month sheet prices them."""
    rules = {item.code: item for item in book_of(rule_set).items}
    rows = {item.code: item for section in rule_set.sections.all() for item in section.items.all()}
    for record in records:
        rule, fact = rules[record.code], read_cell(rules[record.code], record.text)
        entry(
            account(who),
            rows[record.code],
            Decimal(price(rule, fact)) / 100,
            month=record.month or month,
            quantity=None if fact.quantity is None else Decimal(fact.quantity) / 100,
            level=fact.level,
            occasion=record.occasion,
        )


def person_of(example, home, month):
    who = member(home, member_class=example.member_class)
    for held in example.posts:
        appointment(who, home, held)
    if example.last_year:
        YearTotal.objects.create(account=account(who), year=month // 100 - 1, total=example.last_year, by=user())
    return who


MEMBER_FILES = [path for path in FILES if rules_of(path).fields["account_kind"] == "MEMBER"]


@pytest.mark.parametrize("path", MEMBER_FILES, ids=lambda path: path.stem)
def test_examples_come_to_the_same_in_the_ledger(db, path):
    home, rules = branch(), rules_of(path)
    rule_set = publish_rule_set(load_rule_set(path.read_text(encoding="utf-8"), owner=home.parent, by=None), by=None)
    expected = {}
    for example in rules.examples:
        month = month_of(rules, example)
        who = person_of(example, home, month)
        post(who, rule_set, example.records, month)
        expected[account(who).pk, month] = (example.name, example.total)
    for month in {month for _account, month in expected}:
        Month.objects.create(unit=home, month=month, state="SUBMITTED")
        compute_units([home.pk], month)
    scores = {(row.account_id, row.month): row.total for row in Score.objects.all()}
    assert {key: (name, scores[key]) for key, (name, _total) in expected.items()} == expected


@pytest.mark.parametrize(
    ("vetoes", "total"),
    [
        ([], "93.17"),
        ([("LIGHT", "CAP", 60)], "60.00"),
        ([("SEVERE", "ZERO", None)], "0.00"),
        ([("LIGHT", "CAP", 60), ("SEVERE", "ZERO", None)], "0.00"),
        ([("SEVERE", "DISQUALIFY", None)], "93.17"),
        ([("LIGHT", "LOWEST_BAND", None)], "93.17"),
    ],
)
def test_p1_under_each_veto(db, vetoes, total):
    path, home = WORKED / "p1.yaml", branch()
    rule_set = publish_rule_set(load_rule_set(path.read_text(encoding="utf-8"), owner=home.parent, by=None), by=None)
    who = member(home)
    post(who, rule_set, rules_of(path).examples[0].records, 202606)
    for level, effect, cap in vetoes:
        Veto.objects.create(
            account=account(who), level=level, effect=effect, cap=cap, ground="纪律", reason="违纪",
            from_month=202605, decided_on=first_day(202605), by=user(),
        )  # fmt: skip
    compute_units([home.pk], 202606)
    row = Score.objects.get(month=202606)
    assert (str(row.total), row.has_veto) == (total, bool(vetoes))


# --- what examples have to show -------------------------------------------------------------
def limits_of(rules):
    """The kinds of limits and special shapes that a file sets, called as the steps that tell them."""
    sections = [section.fields for section in rules.sections]
    items = [item.fields for section in rules.sections for item in section.items]
    found = {
        "item cap of a month": any(item["cap_month"] is not None for item in items),
        "item cap of a quarter": any(item["cap_quarter"] is not None for item in items),
        "item cap of a year": any(item["cap_year"] is not None for item in items),
        "item floor": any(item["floor"] is not None for item in items),
        "event that zeroes": any(item["zeroes"] for item in items),
        "section cap": any(section["cap"] is not None for section in sections),
        "section floor": any(section["floor"] is not None and not is_floored(section, rules) for section in sections),
        "weight": any(section["weight"] is not None for section in sections),
        "carry-over": any(section["carry_over"] is not None for section in sections),
        "total floor": rules.fields["floor"] is not None and any(one["kind"] == "deduction" for one in sections),
    }
    return {kind for kind, is_set in found.items() if is_set}


def is_floored(section, rules):
    """Whether the section cannot fall under its floor anyway: nothing in it deducts beyond an item's own floor."""
    one = next(part for part in rules.sections if part.fields is section)
    return all(item.fields["floor"] is not None or least(item.fields) >= 0 for item in one.items)


def least(item):
    """The least that one fact of an item can come to."""
    table, steps = item["pricing_table"], item["tally_table"].get("steps", [])
    single = [table[key] for key in ("points", "rate", "min") if key in table]
    rows = [*table.get("levels", []), *table.get("bands", []), *steps]
    return min(hundredths(worth) for worth in [*single, *(row[-1] for row in rows)])


FLOORED = {int: "item floor", str: "section floor"}
STEPS = {
    "MONTH": "item cap of a month", "QUARTER": "item cap of a quarter", "YEAR": "item cap of a year",
    "zeroed": "event that zeroes", "weight": "weight", "carried": "carry-over", "cap": "section cap",
}  # fmt: skip


def shown_by(rules):
    """The kinds of limits that bit in one of the file's examples."""
    found = set()
    for example in rules.examples:
        for step in tried(rules, example).trace.steps:
            if step.name == "floor":
                found.add("total floor" if step.place == TOTAL else FLOORED[type(step.place)])
            elif step.name in STEPS:
                found.add(STEPS[step.name])
    return found


SHIPPED = pytest.mark.parametrize("code", [path.stem for path in sorted(PRESET_DIR.glob("*.yaml"))])


@SHIPPED
def test_shipped_file_has_three_examples_and_they_come_out(code):
    rules = rules_of(PRESET_DIR / f"{code}.yaml")
    assert len(rules.examples) >= 3
    assert failed_examples(rules) == []


@SHIPPED
def test_examples_of_a_shipped_file_show_every_kind_of_limit_it_sets(code):
    rules = rules_of(PRESET_DIR / f"{code}.yaml")
    assert limits_of(rules) - shown_by(rules) == set()


@SHIPPED
def test_examples_of_a_shipped_file_show_its_special_shapes(code):
    """Every clause that is not a plain sum of fixed points, quantities or chosen points is used by an example."""
    rules = rules_of(PRESET_DIR / f"{code}.yaml")
    used = {record.code for example in rules.examples for record in example.records}
    special = {
        item.fields["code"]
        for section in rules.sections
        for item in section.items
        if item.fields["tally"] in ("mean_of_months", "steps")
        or item.fields["pricing"] == "bands"
        or item.fields["annual"]
        or item.fields["zeroes"]
        or item.fields["outside_cap"]
        or item.fields["posts"]
        or item.fields["classes"]
        or item.fields["tally_table"].get("of")
    }
    assert special - used == set()


@EVERY_FILE
def test_file_comes_back_from_the_tables_as_it_was(db, path):
    """What is loaded, written out and read again is the same rules, and may be published."""
    content = path.read_text(encoding="utf-8")
    rule_set = load_rule_set(content, owner=branch().parent, by=None)
    rule_set = RuleSet.objects.get(pk=rule_set.pk)
    again, first = parse(to_yaml(document_of(rule_set))), parse(content)
    assert (again.fields, again.parts, again.examples) == (first.fields, first.parts, first.examples)
    assert problems_of(rule_set) == []
