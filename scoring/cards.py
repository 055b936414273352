"""What scoring shows of one member: the figures behind the member's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Avg, Count, Exists, FloatField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Membership, OrgUnit
from scoring import months
from scoring.books import book_of, layout_of
from scoring.calculation.amounts import from_fine, from_hundredths, hundredths
from scoring.calculation.book import RuleBook
from scoring.calculation.pricing import show
from scoring.calculation.results import Periods, quarter_of, year_of
from scoring.models import Account, Item, LedgerEntry, Month, Opening, Score, Section, Standing

TREND = 12


@dataclass(frozen=True)
class SectionPoints:
    section: Section
    points: Decimal
    mean: Decimal


@dataclass(frozen=True)
class Room:
    """What can still be earned this month under an item with a monthly cap."""

    item: Item
    earned: Decimal
    left: Decimal


def _branch_mean() -> Subquery:
    """Mean total of the branch in the score's month, exact enough to be rounded for the screen."""
    others = Score.objects.filter(unit=OuterRef("unit"), month=OuterRef("month")).order_by()
    mean = others.values("unit").annotate(mean=Avg(Cast("total", FloatField()))).values("mean")
    return Subquery(mean)


def _branch_count() -> Subquery:
    others = Score.objects.filter(unit=OuterRef("unit"), month=OuterRef("month")).order_by()
    return Subquery(others.values("unit").annotate(n=Count("pk")).values("n"))


def _is_closed() -> Subquery:
    rows = Month.objects.filter(unit=OuterRef("unit"), month=OuterRef("month"))
    return Subquery(rows.values("state")[:1])


def _brought_along() -> Subquery:
    rows = Opening.objects.filter(account=OuterRef("account"), from_month__lte=OuterRef("month"))
    return Subquery(rows.filter(year=OuterRef("month") / 100).values("points"))


@dataclass(frozen=True)
class ToDate:
    """What a quarter or a year has come to so far; its name says how the rules make it."""

    name: str
    total: Decimal


_MADE = {
    "SUM": gettext_lazy("%s合计"),
    "MEAN": gettext_lazy("%s平均"),
    "LAST": gettext_lazy("%s"),
    "SCALED": gettext_lazy("%s折算"),
}


def to_date(shown: Sequence[Any]) -> list[ToDate]:
    """Quarter and year up to the last of these scores, as the rules make them. In: scores, oldest first."""
    score = shown[-1]
    rule_set, book = score.rule_set, book_of(score.rule_set)
    found = []
    if rule_set.period != "YEAR":
        quarter = quarter_of(book, _periods(book, shown, "QUARTER"))
        found.append(ToDate(_MADE[book.quarter_value] % _("本季"), from_hundredths(int(quarter[0]))))
    brought = None
    if score.brought is not None and rule_set.period != "YEAR":
        brought = np.array([hundredths(score.brought)], dtype=np.int64)
    year = year_of(book, _periods(book, shown, "YEAR"), brought)
    return [*found, ToDate(_MADE[book.year_value] % _("本年"), from_hundredths(int(year[0])))]


def _periods(book: RuleBook, shown: Sequence[Any], span: str) -> Periods:
    """The totals of the periods of a span; one under way with its value to date."""
    last = shown[-1].month
    length, start = months.PERIOD_MONTHS[book.period], months.period_start(last, span)
    ends = [months.shift(start, place + length - 1) for place in range(0, months.PERIOD_MONTHS[span], length)]
    known = {row.month: hundredths(row.total) for row in shown}
    found = [known.get(min(end, last)) if months.shift(end, 1 - length) <= last else None for end in ends]
    totals = np.array([[0 if value is None else value] for value in found], dtype=np.int64)
    return Periods(totals, np.array([[value is not None] for value in found], dtype=np.int64))


def history(account: Account, last: int) -> list[Any]:
    """The scores of the last twelve months, oldest first, each with `mean`, `of` and `state`. One query."""
    rows: Any = (
        Score.objects.filter(account=account, month__gt=months.shift(last, -TREND), month__lte=last)
        .select_related("unit", "group", "rule_set")
        .annotate(mean_raw=_branch_mean(), of=_branch_count(), state=_is_closed(), brought=_brought_along())
        .order_by("month")
    )
    found = list(rows)
    for row in found:
        row.mean = mean_points(row.mean_raw)
    return found


def mean_points(raw: float | None) -> Decimal:
    """A mean of hundredths as points with one decimal, half away from zero."""
    return (Decimal(str(raw or 0)) / 100).quantize(Decimal("0.1"), rounding="ROUND_HALF_UP")


def colleagues(score: Score) -> list[Score]:
    """All scores of the branch in the month, best first: for ranking and section means."""
    rows = Score.objects.filter(unit=score.unit_id, month=score.month).select_related("account__member")
    return list(rows.order_by("-total", "account__member__pinyin"))


def section_points(score: Score, branch: Sequence[Any]) -> list[SectionPoints]:
    """The score's sections with the branch means; sections that hold nothing are left out."""
    same = [row.sections for row in branch if row.rule_set_id == score.rule_set_id]
    lines = []
    for place, (section, items) in enumerate(layout_of(score.rule_set, score.unit, score.month)):
        if not items or place >= len(score.sections):
            continue
        mean = sum(row[place] for row in same) // max(len(same), 1)
        shown = from_fine(mean).quantize(Decimal("0.1"), rounding="ROUND_HALF_UP")
        lines.append(SectionPoints(section, from_fine(score.sections[place]), shown))
    return lines


def entries_of(account: Account, month: int) -> list[LedgerEntry]:
    """What stands in the ledger for the month, newest first, with item, person and number of files."""
    rows = LedgerEntry.objects.standing().filter(account=account, month=month)
    rows = rows.select_related("item__section", "filed_by__member")
    return list(
        rows.annotate(files=Count("evidence", filter=Q(evidence__removed_at=None))).order_by("-happened_on", "-pk")
    )


def room_left(score: Score, entries: Sequence[LedgerEntry]) -> list[Room]:
    """Items with a monthly cap that is not used up: what one can still do."""
    earned: dict[int, int] = {}
    for entry in entries:
        if entry.item_id:
            earned[entry.item_id] = earned.get(entry.item_id, 0) + hundredths(entry.points)
    rooms = []
    for section, items in layout_of(score.rule_set, score.unit, score.month):
        if section.kind not in (Section.Kind.BONUS, Section.Kind.DUTY):
            continue
        for item in items:
            if item.cap_month is None:
                continue
            left = hundredths(item.cap_month) - earned.get(item.pk, 0)
            if left > 0:
                rooms.append(Room(item, from_hundredths(earned.get(item.pk, 0)), from_hundredths(left)))
    return rooms


def committee_rank(score: Score) -> tuple[int, int] | None:
    """(rank, of how many) in the topmost committee; None until every branch of it has closed the month."""
    root = score.unit.path.split(".")[0] + "."
    rows = Standing.objects.filter(
        ~Exists(unclosed_branches(root, score.month)), unit=int(root[:-1]), month=score.month, span="MONTH"
    )
    found = rows.filter(kind="MEMBER").aggregate(
        higher=Sum("count", filter=Q(total__gt=score.total), default=0), everyone=Sum("count", default=0)
    )
    return (found["higher"] + 1, found["everyone"]) if found["everyone"] else None


def unclosed_branches(path: str, month: int) -> QuerySet[OrgUnit]:
    """Branches with members below `path` whose month is not closed."""
    closed = Month.objects.filter(unit=OuterRef("pk"), month=month, state=Month.State.CLOSED)
    people = Membership.objects.at(months.first_day(month)).filter(branch=OuterRef("pk"))
    return OrgUnit.objects.branches().filter(Exists(people), ~Exists(closed), path__startswith=path)


def trend_chart(scores: Sequence[Any]) -> dict[str, Any]:
    return {
        "labels": [_("%d月") % (row.month % 100) for row in scores],
        "series": [
            {"name": _("本人积分"), "values": [str(row.total) for row in scores]},
            {"name": _("支部平均"), "values": [str(row.mean) for row in scores]},
        ],
    }


def section_chart(lines: Sequence[SectionPoints]) -> dict[str, Any]:
    """Sections as a radar; where there is no full mark the larger of own and mean points sets the scale."""
    axes = []
    for line in lines:
        top = max(abs(line.points), abs(line.mean), Decimal(1))
        axes.append({"name": line.section.name, "max": str(line.section.full_marks or top)})
    return {
        "axes": axes,
        "series": [
            {"name": _("本人"), "values": [str(abs(line.points)) for line in lines]},
            {"name": _("支部平均"), "values": [str(abs(line.mean)) for line in lines]},
        ],
    }


def mix_chart(scores: Sequence[Any]) -> dict[str, Any]:
    """Points per section, month by month, for the months under the newest rule set."""
    if not scores:
        return {"labels": [], "series": []}
    last, newest = scores[-1], scores[-1].rule_set
    rows = [row for row in scores if row.rule_set_id == newest.pk][-6:]
    layout = layout_of(newest, last.unit, last.month)
    sections = [(place, section) for place, (section, items) in enumerate(layout) if items]
    return {
        "labels": [_("%d月") % (row.month % 100) for row in rows],
        "series": [
            {"name": section.name, "values": [str(from_fine(row.sections[place])) for row in rows]}
            for place, section in sections
        ],
    }


def ranking_chart(branch: Sequence[Any], own: int, around: int = 7) -> dict[str, Any]:
    """The best of the branch, and oneself when further down."""
    rows = list(branch[:around])
    mine = next((row for row in branch if row.account_id == own), None)
    if mine is not None and mine not in rows:
        rows[-1] = mine
    return {
        "rows": [
            {"name": str(row.account.member), "value": show(hundredths(row.total)), "own": row.account_id == own}
            for row in rows
        ]
    }
