"""A rule set as plain values: what the calculation reads. Built from the tables or from a rule file.

Amounts are hundredths of a point. Months are whole numbers (scoring/months.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ItemRule:
    """条款: one kind of fact and what it is worth (scoring.md §2)."""

    key: int
    code: str
    name: str
    pricing: str
    pricing_table: Mapping[str, object] = field(default_factory=dict)
    tally: str = "sum"
    tally_table: Mapping[str, object] = field(default_factory=dict)
    start: int = 0
    floor: int | None = None
    cap_month: int | None = None
    cap_quarter: int | None = None
    cap_year: int | None = None
    outside_cap: bool = False
    # Counts in the last period of the year only, with all that happened in the year.
    annual: bool = False
    zeroes: bool = False
    unit_label: str = ""
    # Whom it applies to: members of these classes and holders of these posts; everyone where none is named.
    classes: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    # How often it is expected in a period (times).
    expected: int | None = None
    is_deduction: bool = False
    reason_required: bool = False


@dataclass(frozen=True)
class SectionRule:
    """板块: items that are added up under a common floor, cap and weight."""

    code: str
    name: str
    kind: str
    items: tuple[ItemRule, ...] = ()
    full_marks: int | None = None
    start: int = 0
    floor: int | None = None
    cap: int | None = None
    # Percent in hundredths: 60 % is 6000. With a weight, points ÷ full marks × weight are credited.
    weight: int | None = None
    # Percent of last year's total, in hundredths, that the first period in scope of a year starts with.
    carry_over: int | None = None


@dataclass(frozen=True)
class RuleBook:
    """积分办法."""

    period: str = "MONTH"
    sections: tuple[SectionRule, ...] = ()
    floor: int | None = None
    ceiling: int | None = None
    decimals: int = 2
    cap_order: str = "CAP_THEN_DEDUCT"
    veto_until: str = "LIFTED"
    quarter_value: str = "SUM"
    quarter_full: int | None = None
    year_value: str = "SUM"
    year_of: str = "PERIODS"
    year_full: int | None = None
    # Items of earlier versions by key -> the item of the same clause number here: a revision inside a span goes on
    # counting what happened before it.
    older: Mapping[int, int] = field(default_factory=dict)

    @property
    def items(self) -> tuple[ItemRule, ...]:
        return tuple(item for section in self.sections for item in section.items)

    @property
    def has_carry_over(self) -> bool:
        return any(section.carry_over is not None for section in self.sections)

    @property
    def longest_cap(self) -> str:
        """The longest span any item cap runs over: how far back a calculation has to look."""
        if any(item.cap_year is not None for item in self.items):
            return "YEAR"
        if any(item.cap_quarter is not None for item in self.items):
            return "QUARTER"
        return "MONTH"
