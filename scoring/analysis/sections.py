"""What the points are made of, and how the branches compare."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Min, Sum
from django.utils.translation import gettext as _

from scoring.analysis.figures import mean, rounded, share
from scoring.analysis.finding import Finding, Subject
from scoring.analysis.sources import Book, books_of, scores_of
from scoring.models import Section
from scoring.sheets.tables import COUNT, POINTS, Column, Value

# Bars that still can be told apart.
MOST_BARS = 15
FINE_POINT = 10_000

# Sums per rule set and place in the list of its sections, in ten-thousandths.
_SUMS = """
SELECT s.rule_set_id, count(*), {sums} FROM scoring_score s JOIN members_orgunit u ON u.id = s.unit_id
WHERE u.path LIKE %(path)s AND s.month = %(month)s GROUP BY s.rule_set_id
"""
_AT_PLACE = {
    "postgresql": "sum((s.sections -> {place:d})::bigint)",
    "sqlite": "sum(json_extract(s.sections, '$[{place:d}]'))",
}


def _means(subject: Subject, books: list[Book]) -> dict[int, list[Decimal]]:
    """Rule set -> mean points of its sections in their order. One query."""
    places = range(max((len(book.layout) for book in books), default=0))
    if not places:
        return {}
    sums = ", ".join(_AT_PLACE[connection.vendor].format(place=place) for place in places)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(sums=sums), {"path": f"{subject.unit.path}%", "month": subject.month})
        rows = cursor.fetchall()
    return {pk: [rounded(Decimal(int(one or 0)) / count / FINE_POINT) for one in found] for pk, count, *found in rows}


def _full(section: Section) -> Decimal | None:
    """The most the section can bring: with a weight, full marks come to the weight."""
    return section.weight if section.weight is not None and section.full_marks else section.full_marks


def section_mix(subject: Subject) -> Finding:
    """Mean points per section against its full marks; the chart shows the rule set most people are scored under."""
    books = books_of(subject)
    means = _means(subject, books)
    columns = [
        Column("rules", _("积分办法"), width=30),
        Column("section", _("板块"), width=24),
        Column("count", _("人数"), COUNT),
        Column("mean", _("平均得分"), POINTS),
        Column("full", _("满分"), POINTS),
        Column("rate", _("得分率（%）"), POINTS, 12),
    ]
    rows: list[tuple[Value, ...]] = []
    for book in books:
        for section, value in _held(book, means):
            full = _full(section)
            rate = share(value, full) if full else None
            rows.append((str(book.rule_set), section.name, book.accounts, value, full, rate))
    lead = _("各板块人均得分与满分；满分未定的板块只看得分。")
    if len(books) > 1:
        lead += _("图中是计分人数最多的“%s”。") % books[0].rule_set
    table = subject.table(_("板块构成"), columns, rows, lead)
    return Finding("sections", table, "beside", _mix_chart(books, means), lead=lead)


def _held(book: Book, means: dict[int, list[Decimal]]) -> list[tuple[Section, Decimal]]:
    """Sections that hold items, with their means."""
    found = zip(book.layout, means.get(book.rule_set.pk, []), strict=False)
    return [(section, value) for (section, items), value in found if items]


def _mix_chart(books: list[Book], means: dict[int, list[Decimal]]) -> dict[str, Any] | None:
    held = _held(books[0], means) if books else []
    if not held:
        return None
    series = [
        {"name": _("平均得分"), "values": [value for _section, value in held]},
        {"name": _("满分"), "values": [_full(section) for section, _value in held]},
    ]
    return {"labels": [section.name for section, _value in held], "series": series}


def branches(subject: Subject) -> Finding:
    """Branches below the unit by their mean: how high, how far apart, how many members. One query."""
    rows = (
        scores_of(subject.unit, subject.month, subject.month)
        .values("unit", "unit__name", "unit__path")
        .annotate(sum=Sum("total"), lowest=Min("total"), highest=Max("total"), count=Count("pk"))
    )
    found: list[dict[str, Any]] = [{**row, "mean": mean(row["sum"], row["count"])} for row in rows]
    found.sort(key=lambda row: (-row["sum"] / row["count"], row["unit__path"]))
    columns = [
        Column("place", _("序号"), COUNT, 6),
        Column("unit", _("党支部"), width=30),
        Column("count", _("人数"), COUNT),
        Column("mean", _("平均分"), POINTS),
        Column("lowest", _("最低分"), POINTS),
        Column("highest", _("最高分"), POINTS),
    ]
    keys = ("unit__name", "count", "mean", "lowest", "highest")
    lines: list[tuple[Value, ...]] = [(place, *(row[key] for key in keys)) for place, row in enumerate(found, start=1)]
    lead = _("按平均分排列，共 %d 个支部；线是最低分到最高分，点是平均分。") % len(found)
    if len(found) > MOST_BARS:
        lead += _("图中只有前 %d 个。") % MOST_BARS
    return Finding(
        "branches",
        subject.table(_("支部对比"), columns, lines, lead),
        "range",
        _range_chart(found[:MOST_BARS]),
        lead=lead,
        is_wide=True,
        leads_to=[row["unit"] for row in found],
    )


def _range_chart(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    keys = ("mean", "lowest", "highest")
    rows = [{"name": row["unit__name"], **{key: row[key] for key in keys}} for row in found]
    return {"rows": rows, "mean": _("平均分")} if rows else None
