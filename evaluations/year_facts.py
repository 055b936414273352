"""What a year says about somebody before anybody judges it: points, sections, attendance, honours. Nobody types it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from scoring.models import Activity, LedgerEntry, Result, Span
from scoring.turnout import Turnout, attended_counts

QUARTER_ENDS = (3, 6, 9, 12)


@dataclass
class SectionLine:
    """What the ledger has under one section: how many entries, what they give and what they take, without caps."""

    name: str
    count: int = 0
    plus: Decimal = Decimal(0)
    minus: Decimal = Decimal(0)


@dataclass
class YearFacts:
    """`quarters`: points of the four quarters, None where not computed yet. `total`: of the whole year, once December
    is computed. `honours`: deeds that were claimed and approved, a line each."""

    quarters: list[Decimal | None] = field(default_factory=lambda: [None] * 4)
    total: Decimal | None = None
    sections: list[SectionLine] = field(default_factory=list)
    attendance: list[tuple[str, Turnout]] = field(default_factory=list)
    honours: list[str] = field(default_factory=list)


def facts_of(accounts: Collection[int], year: int) -> dict[int, YearFacts]:
    """Account -> its year. Three queries, for one account or for a branch."""
    found = {account: YearFacts() for account in accounts}
    _results(found, year)
    _entries(found, year)
    for account, kinds in attended_counts(list(found), year).items():
        found[account].attendance = [(str(kind.label), kinds[kind]) for kind in Activity.Kind if kind in kinds]
    return found


def _results(found: dict[int, YearFacts], year: int) -> None:
    ends = [year * 100 + month for month in QUARTER_ENDS]
    rows = Result.objects.filter(account__in=found, month__in=ends, span__in=[Span.QUARTER, Span.YEAR])
    for account, span, month, total in rows.values_list("account", "span", "month", "total"):
        if span == Span.YEAR:
            found[account].total = total
        else:
            found[account].quarters[ends.index(month)] = total


def _entries(found: dict[int, YearFacts], year: int) -> None:
    rows = LedgerEntry.objects.standing().filter(
        account__in=found, month__gte=year * 100 + 1, month__lte=year * 100 + 12
    )
    sections: dict[int, dict[str, SectionLine]] = {account: {} for account in found}
    order = ("item__section__position", "happened_on", "pk")
    for entry in rows.select_related("item__section").order_by(*order):
        name = entry.item.section.name if entry.item else _("调整")
        line = sections[entry.account_id].setdefault(name, SectionLine(name))
        line.count += 1
        if entry.points > 0:
            line.plus += entry.points
        else:
            line.minus += entry.points
        if entry.source == LedgerEntry.Source.CLAIM and entry.points > 0:
            found[entry.account_id].honours.append(_honour(entry))
    for account, lines in sections.items():
        found[account].sections = list(lines.values())


def _honour(entry: LedgerEntry) -> str:
    what = entry.reason or (entry.item.name if entry.item else "")
    return f"{entry.happened_on:%m-%d} {what} {entry.level}".strip()
