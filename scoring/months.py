"""Months as whole numbers, year × 100 + month: 202609 is September 2026. Arithmetic without a clock."""

from __future__ import annotations

import datetime

PERIOD_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def month_of(day: datetime.date) -> int:
    return day.year * 100 + day.month


def first_day(month: int) -> datetime.date:
    return datetime.date(month // 100, month % 100, 1)


def last_day(month: int) -> datetime.date:
    return first_day(shift(month, 1)) - datetime.timedelta(days=1)


def shift(month: int, by: int) -> int:
    """The month `by` months later (earlier when negative)."""
    ordinal = (month // 100) * 12 + month % 100 - 1 + by
    return ordinal // 12 * 100 + ordinal % 12 + 1


def span(first: int, last: int) -> list[int]:
    """All months from `first` to `last`, both included; empty when they are the wrong way round."""
    months = []
    while first <= last:
        months.append(first)
        first = shift(first, 1)
    return months


def period_start(month: int, period: str) -> int:
    """The first month of the calendar period (MONTH, QUARTER, YEAR) that holds `month`."""
    length = PERIOD_MONTHS[period]
    return month - (month % 100 - 1) % length


def period_end(month: int, period: str) -> int:
    return shift(period_start(month, period), PERIOD_MONTHS[period] - 1)


def is_month(value: int) -> bool:
    return 190001 <= value <= 299912 and 1 <= value % 100 <= 12


def label(month: int) -> str:
    return f"{month // 100} 年 {month % 100} 月"


def quarter_label(month: int) -> str:
    return f"{month // 100} 年第{'一二三四'[(month % 100 - 1) // 3]}季度"
