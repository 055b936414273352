"""How much a unit's own item can bring or take in one period. Pure, and strict: what has no bound is no custom item.

Three things bound an item from above:
* a cap over a span no longer than the period, as often as the span fits into it. A longer cap does not: after a
  deduction it lets one period have more than itself;
* a tally that counts one entry only (the highest of the whole period, the latest), priced from a table or a range;
* a tally with a table or full marks of its own (steps, done ÷ expected).
From below the same tallies do, or a floor — without a shorter cap, which could cut off what the floor has counted.
"""

from __future__ import annotations

from scoring.calculation.amounts import hundredths
from scoring.calculation.book import ItemRule
from scoring.months import PERIOD_MONTHS

_TABLE_PRICINGS = frozenset({"level", "grade", "bands", "range"})


def bound_of(rule: ItemRule, period: str) -> tuple[int | None, int | None]:
    """The most an item can bring and can take in a period, both in hundredths and ≥ 0. None: without limit."""
    most: int | None
    least: int | None
    known = _known_values(rule)
    if known is not None:
        most, least = rule.start + max(0, *known), rule.start + min(0, *known)
        if rule.floor is not None:
            most, least = max(most, rule.floor), max(least, rule.floor)
    else:
        most, least = _open_values(rule, period)
    caps = _caps(rule, period)
    if caps:
        most = min([*caps, most] if most is not None else caps)
    return (None if most is None else max(most, 0)), (None if least is None else max(-least, 0))


def _months(rule: ItemRule, period: str) -> int:
    """An item counted at the end of the year has the whole year in its one period."""
    return PERIOD_MONTHS["YEAR" if rule.annual else period]


def _caps(rule: ItemRule, period: str) -> list[int]:
    months = _months(rule, period)
    spans = ((rule.cap_month, 1), (rule.cap_quarter, 3), (rule.cap_year, 12))
    return [cap * (months // length) for cap, length in spans if cap is not None and length <= months]


def _worths(rule: ItemRule) -> list[int]:
    """What single facts are worth: of rates the sign alone says something."""
    table = dict(rule.pricing_table)
    single = [table[key] for key in ("points", "rate", "min", "max") if key in table]
    rows = [row[-1] for key in ("levels", "bands") for row in table.get(key, [])]  # type: ignore[attr-defined]
    return [hundredths(str(worth)) for worth in (*single, *rows)]


def _known_values(rule: ItemRule) -> list[int] | None:
    """Every value the tally can have, or its ends. None where more facts always bring more."""
    table = rule.tally_table
    if rule.tally == "steps":
        return [hundredths(str(row[-1])) for row in table["steps"]]  # type: ignore[attr-defined]
    if rule.tally == "ratio" and table.get("of") == "expected":
        return [hundredths(str(table["full"]))]
    counts_one = rule.tally == "latest" or (rule.tally == "highest" and table.get("of") != "occasion")
    return _worths(rule) if counts_one and rule.pricing in _TABLE_PRICINGS else None


def _open_values(rule: ItemRule, period: str) -> tuple[int | None, int | None]:
    worths = [0] if rule.tally == "ratio" else _worths(rule)
    brings = rule.tally == "ratio" or any(worth > 0 for worth in worths)
    most = None if brings else max(rule.start, rule.floor or 0)
    if rule.start >= 0 and all(worth >= 0 for worth in worths):
        return most, 0
    months = _months(rule, period)
    spans = ((rule.cap_month, 1), (rule.cap_quarter, 3))
    has_shorter_cap = any(cap is not None and length < months for cap, length in spans)
    return most, None if has_shorter_cap else rule.floor
