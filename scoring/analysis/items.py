"""Which items are used and which never; whether records, deeds or effects bring the points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring import months
from scoring.analysis.figures import share
from scoring.analysis.finding import Finding, Subject
from scoring.analysis.sources import MOST_ACCOUNTS, Book, books_of, scores_of
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.pricing import show
from scoring.fields import AMONG, listed
from scoring.models import Item, RuleSet
from scoring.sheets.tables import COUNT, POINTS, Column, Value

MOST_BARS = 10
# A sentence is not a list: the table names them all.
_MOST_NAMED = 8


@dataclass(frozen=True)
class Use:
    """Standing entries of one item: how many, their points together, and these without the sign."""

    count: int = 0
    points: Decimal = Decimal(0)
    size: Decimal = Decimal(0)


def span_label(subject: Subject, first: int) -> str:
    if first == subject.month:
        return months.label(first)
    return _("%(first)s至 %(last)s") % {"first": months.label(first), "last": months.label(subject.month)}


# A reversal has item, unit, month and size of its entry and the opposite points, so the two of them come to nothing:
# in the points by themselves, in the count by being taken off twice. No entry has to be looked for by its reversal.
# Nearly every item only gives or only takes: its size is its points without the sign.
_USES = """
SELECT e.item_id, count(*) - 2 * count(e.reverses_id), sum(e.points)
FROM scoring_ledgerentry e
WHERE {units} e.month BETWEEN %s AND %s AND e.item_id IS NOT NULL
GROUP BY e.item_id
"""


def uses_of(subject: Subject, first: int) -> dict[int, Use]:
    """Item -> its use below the unit. Two queries."""
    condition, chosen = "", []
    if not _is_everything(subject.unit):
        # A list of branches, for which there is an index; by their path the whole ledger would be read.
        units = OrgUnit.objects.within(subject.unit).branches().order_by("pk").values_list("pk", flat=True)
        condition, chosen = f"e.unit_id {AMONG[connection.vendor]} AND", [listed(list(units))]
    with connection.cursor() as cursor:
        cursor.execute(_USES.format(units=condition), [*chosen, first, subject.month])
        rows = cursor.fetchall()
    return {item: Use(int(n), from_hundredths(points), from_hundredths(abs(points))) for item, n, points in rows}


def _is_everything(unit: OrgUnit) -> bool:
    """Whether nothing lies outside: then PostgreSQL reads the blocks of the months, all processors at once."""
    if connection.vendor != "postgresql" or unit.parent_id is not None:
        return False
    return not OrgUnit.objects.filter(parent=None).exclude(pk=unit.pk).exists()


def item_findings(subject: Subject, span: str = RuleSet.Period.MONTH) -> list[Finding]:
    """Both questions about items, from the first month of `span` on. A unit too big is asked about one month only."""
    first = months.period_start(subject.month, span)
    if first != subject.month and scores_of(subject.unit, subject.month, subject.month).count() > MOST_ACCOUNTS:
        first = subject.month
    books = books_of(subject, first)
    uses = uses_of(subject, first)
    return [item_use(subject, first, books, uses), measures(subject, first, books, uses)]


def item_use(subject: Subject, first: int, books: list[Book], uses: Mapping[int, Use]) -> Finding:
    """Items by the number of their entries; those without any come last and are named."""
    found = [(book, section, item, uses.get(item.pk, Use())) for book in books for section, item in book.items]
    found.sort(key=lambda line: -line[3].count)
    columns = [
        Column("code", _("条款号"), width=10),
        Column("item", _("条款"), width=34),
        Column("section", _("板块"), width=20),
        Column("rules", _("积分办法"), width=30),
        Column("count", _("记录数"), COUNT),
        Column("points", _("分值合计"), POINTS, 12),
    ]
    rows: list[tuple[Value, ...]] = [
        (item.code, item.name, section.name, str(book.rule_set), use.count, use.points)
        for book, section, item, use in found
    ]
    lead = _use_sentence(
        span_label(subject, first), [item for _b, _s, item, use in found if not use.count], len(found)
    )
    bars = [{"name": str(item), "value": str(use.count)} for _b, _s, item, use in found[:MOST_BARS] if use.count]
    table = subject.table(_("条款使用"), columns, rows, lead)
    return Finding("items", table, "rank", {"rows": bars} if bars else None, lead=lead)


def _use_sentence(label: str, unused: list[Item], of: int) -> str:
    values = {"label": label, "of": of, "count": len(unused)}
    if not unused:
        return _("%(label)s，%(of)d 个条款都有记录。") % values
    values["names"] = "、".join(str(item) for item in unused[:_MOST_NAMED])
    if len(unused) > _MOST_NAMED:
        return _("%(label)s，%(of)d 个条款中有 %(count)d 个没有记录：%(names)s等。") % values
    return _("%(label)s，%(of)d 个条款中有 %(count)d 个没有记录：%(names)s。") % values


def measures(subject: Subject, first: int, books: list[Book], uses: Mapping[int, Use]) -> Finding:
    """How much of entries and points measures a record kept, a thing done, an effect reached."""
    counts, sizes = dict.fromkeys(Item.Measures.values, 0), dict.fromkeys(Item.Measures.values, Decimal(0))
    for book in books:
        for _section, item in book.items:
            use = uses.get(item.pk, Use())
            counts[item.measures] += use.count
            sizes[item.measures] += use.size
    entries, points = sum(counts.values()), sum(sizes.values(), Decimal(0))
    columns = [
        Column("measure", _("衡量"), width=14),
        Column("count", _("记录数"), COUNT),
        Column("of_entries", _("占记录（%）"), POINTS, 12),
        Column("points", _("分值"), POINTS, 12),
        Column("of_points", _("占分值（%）"), POINTS, 12),
    ]
    rows: list[tuple[Value, ...]] = [
        (
            str(Item.Measures(key).label),
            counts[key],
            share(counts[key], entries),
            sizes[key],
            share(sizes[key], points),
        )
        for key in Item.Measures.values
    ]
    lead = _("%(label)s，共 %(entries)d 条记录、%(points)s 分；加分和扣分都按大小计，不相抵。") % {
        "label": span_label(subject, first), "entries": entries, "points": show(hundredths(points)),
    }  # fmt: skip
    series = [{"name": row[0], "values": [row[2], row[4]]} for row in rows]
    chart = {"labels": [_("占记录"), _("占分值")], "series": series} if entries else None
    return Finding("measures", subject.table(_("痕迹、完成与成效"), columns, rows, lead), "shares", chart, lead=lead)
