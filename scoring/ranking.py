"""Rankings of branches and committees, from scores and the committees' rank tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import floor
from typing import Any

from django.db.models import Avg, Count, FloatField, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring.books import widest_layout
from scoring.calculation.amounts import from_fine
from scoring.cards import mean_points
from scoring.models import Month, Result, Score, Section, Span, Standing
from scoring.months import label, period_end, quarter_label, shift

RANKED_KINDS = (OrgUnit.Kind.BRANCH, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.PARTY_COMMITTEE)


@dataclass(frozen=True)
class Place:
    """One line of a ranking. Without a rank the month is still provisional."""

    score: Score | Result
    rank: int | None
    sections: list[tuple[Section, Decimal]]


def _figures(unit: OrgUnit, span: str) -> QuerySet[Any]:
    """The scores of months below the unit, or the results of quarters or years."""
    return Score.objects.within(unit) if span == Span.MONTH else Result.objects.within(unit).filter(span=span)


def newest_month(unit: OrgUnit, current: int, span: str = Span.MONTH) -> int:
    """The latest month with figures below the unit; the last of the current span when there are none."""
    # The rank table of a committee answers at once; without one the figures themselves do.
    ranked = Standing.objects.filter(unit=unit, span=span).aggregate(newest=Max("month"))["newest"]
    found = ranked or _figures(unit, span).aggregate(newest=Max("month"))["newest"]
    return found or period_end(current, span)


def spans_of(span: str, current: int) -> list[tuple[int, str]]:
    """What can be looked back at: last months of spans with their names, newest first."""
    if span == Span.QUARTER:
        last = period_end(current, span)
        return [(month, quarter_label(month)) for month in (shift(last, -3 * place) for place in range(8))]
    if span == Span.YEAR:
        return [(year * 100 + 12, _("%d 年") % year) for year in range(current // 100, current // 100 - 4, -1)]
    return [(month, label(month)) for month in (shift(current, -place) for place in range(18))]


def rows_of(unit: OrgUnit, month: int, span: str = Span.MONTH, *, only_closed: bool = False) -> QuerySet[Any]:
    """The figures below a unit, best first, each with the `state` of its branch's (last) month."""
    states = Month.objects.filter(unit=OuterRef("unit"), month=OuterRef("month")).values("state")[:1]
    rows = _figures(unit, span).filter(month=month)
    rows = rows.select_related("account__member", "unit", "group", "rule_set").annotate(state=Subquery(states))
    if only_closed:
        rows = rows.filter(state=Month.State.CLOSED)
    # Equal totals by name inside a branch; in a committee as they come, which an index gives without sorting.
    is_branch = unit.kind == OrgUnit.Kind.BRANCH
    return rows.order_by("-total", "account__member__pinyin", "pk") if is_branch else rows.order_by("-total", "pk")


@dataclass(frozen=True)
class Table:
    """A month's ranks and figures of a unit: for a committee from its rank table, read once."""

    ranks: dict[Decimal, int]
    counts: dict[Decimal, int]

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def mean(self) -> Decimal | None:
        total = sum((value * n for value, n in self.counts.items()), Decimal(0))
        return mean_points(float(total * 100 / self.count)) if self.count else None

    @property
    def highest(self) -> Decimal | None:
        return max(self.counts, default=None)

    @property
    def lowest(self) -> Decimal | None:
        return min(self.counts, default=None)


def table_of(unit: OrgUnit, month: int, span: str = Span.MONTH) -> Table:
    """One query: the committee's rank table, or the totals of a branch counted."""
    if unit.kind == OrgUnit.Kind.PARTY_COMMITTEE:
        table = Standing.objects.filter(unit=unit, month=month, span=span, kind="MEMBER")
        rows = list(table.values_list("total", "count", "rank"))
    else:
        scores = _figures(unit, span).filter(month=month).order_by("-total").values("total")
        rows, higher = [], 0
        for total, count in scores.annotate(n=Count("pk")).values_list("total", "n"):
            rows.append((total, count, higher + 1))
            higher += count
    return Table({row[0]: row[2] for row in rows}, {row[0]: row[1] for row in rows})


def places_of(table: Table, rows: Iterable[Any]) -> list[Place]:
    """Ranks for one page; a month that is not closed has none."""
    return [
        Place(
            row,
            table.ranks.get(row.total) if row.state == Month.State.CLOSED else None,
            _sections(row),
        )
        for row in rows
    ]


def _sections(row: Score | Result) -> list[tuple[Section, Decimal]]:
    """The sections of a month; a longer span is more than the sum of its sections."""
    if isinstance(row, Result):
        return []
    layout = widest_layout(row.rule_set)
    return [
        (section, from_fine(row.sections[place]))
        for place, (section, items) in enumerate(layout)
        if items and place < len(row.sections)
    ]


def branch_means(unit: OrgUnit, month: int, span: str = Span.MONTH, most: int = 50) -> list[dict[str, Any]]:
    """Means of the branches below a committee, best first."""
    rows = (
        _figures(unit, span)
        .filter(month=month)
        .order_by()
        .values("unit", "unit__name")
        .annotate(mean=Avg(Cast("total", FloatField())), count=Count("pk"))
        .order_by("-mean", "unit")
    )
    return [{**row, "mean": mean_points(row["mean"])} for row in rows[:most]]


def distribution_chart(table: Table) -> dict[str, Any] | None:
    """How many reached which five-point band."""
    bands: dict[int, int] = {}
    for total, count in table.counts.items():
        # Decimal's // goes towards zero, which would count −1 among 0 to 5.
        band = floor(total / 5) * 5
        bands[band] = bands.get(band, 0) + count
    if not bands:
        return None
    span = range(min(bands), max(bands) + 5, 5)
    return {
        "labels": [f"{band}–{band + 5}" for band in span],
        "series": [{"name": _("人数"), "values": [str(bands.get(band, 0)) for band in span]}],
    }
