"""Why a score is what it is: the same functions that computed it, run on one account with every step kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import Count, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.books import book_of, layout_of
from scoring.calculation import trace as steps
from scoring.calculation.amounts import from_fine
from scoring.calculation.book import RuleBook
from scoring.calculation.order import compute, months_in_view
from scoring.calculation.trace import TOTAL, Step, Trace
from scoring.circumstances import read_circumstances
from scoring.groups import facts_of, read_groups
from scoring.models import Item, LedgerEntry, Score, Section, Veto
from scoring.months import period_start
from scoring.services.population import read_vetoes

# What a step took or added, in a sentence. `before` and `after` are points.
SENTENCES = {
    steps.ZEROED: gettext_lazy("发生清零事项，原有 %(before)s 分，记 %(after)s 分"),
    steps.FLOOR: gettext_lazy("低于下限，由 %(before)s 分按下限 %(after)s 分计"),
    steps.CAP: gettext_lazy("合计 %(before)s 分，封顶 %(after)s 分，未计 %(lost)s 分"),
    steps.CAP_MONTH: gettext_lazy("本月已得 %(before)s 分，每月封顶，计 %(after)s 分，未计 %(lost)s 分"),
    steps.CAP_QUARTER: gettext_lazy("本季累计超过上限，由 %(before)s 分计为 %(after)s 分，未计 %(lost)s 分"),
    steps.CAP_YEAR: gettext_lazy("本年累计超过上限，由 %(before)s 分计为 %(after)s 分，未计 %(lost)s 分"),
    steps.CARRIED: gettext_lazy("上年积分结转 %(gained)s 分"),
    steps.OPENED: gettext_lazy("带入期初积分 %(gained)s 分"),
    steps.WEIGHT: gettext_lazy("按权重折算，由 %(before)s 分折为 %(after)s 分"),
    steps.CEILING: gettext_lazy("总分封顶，由 %(before)s 分计为 %(after)s 分，未计 %(lost)s 分"),
    steps.VETO_CAP: gettext_lazy("一票否决，由 %(before)s 分封顶为 %(after)s 分"),
    steps.VETO_ZERO: gettext_lazy("一票否决，由 %(before)s 分记为 %(after)s 分"),
    steps.ADJUSTED: gettext_lazy("另有调整，由 %(before)s 分调整为 %(after)s 分"),
    steps.ROUNDED: gettext_lazy("四舍五入，由 %(before)s 分计为 %(after)s 分"),
}


@dataclass(frozen=True)
class ItemLine:
    item: Item
    points: Decimal
    notes: list[str]
    entries: list[LedgerEntry]


@dataclass(frozen=True)
class SectionLine:
    section: Section
    points: Decimal
    notes: list[str]
    items: list[ItemLine]


@dataclass(frozen=True)
class Explanation:
    """Total → sections → items → entries. `agrees` is false while a newer computation is still to come."""

    total: Decimal
    notes: list[str]
    sections: list[SectionLine]
    adjustments: list[LedgerEntry]
    agrees: bool
    vetoes: list[Veto]


def _show(fine: int) -> str:
    text = format(from_fine(abs(fine)).normalize(), "f")
    return f"−{text}" if fine < 0 else text


def sentence(step: Step) -> str:
    values = {"before": _show(step.before), "after": _show(step.after), "lost": _show(step.before - step.after)}
    values["gained"] = _show(step.after - step.before)
    return str(SENTENCES[step.name]) % values


def _entries(score: Score, first: int) -> list[LedgerEntry]:
    """What stands in the ledger for the period to date, with files and persons. One query."""
    rows = LedgerEntry.objects.standing().filter(account=score.account_id, month__gte=first, month__lte=score.month)
    rows = rows.select_related("filed_by__member", "unit", "cause")
    files = Count("evidence", filter=Q(evidence__removed_at=None))
    return list(rows.annotate(files=files, siblings=_siblings()).order_by("month", "happened_on", "pk"))


def _siblings() -> Subquery:
    """How many entries stand for the same cause."""
    others = LedgerEntry.objects.standing().filter(cause=OuterRef("cause")).order_by()
    return Subquery(others.values("cause").annotate(count=Count("pk")).values("count"))


def explain(score: Score) -> Explanation:
    """Compute the score once more, for this account alone, and keep each step. A bounded number of queries."""
    layout = layout_of(score.rule_set, score.unit, score.month)
    book = book_of(score.rule_set, layout)
    account = np.array([score.account_id], dtype=np.int64)
    groups = read_groups(
        account,
        months_in_view(book, score.month),
        facts=facts_of(book.items),
        older=book.older,
        about=read_circumstances(book, account, score.month),
    )
    trace = Trace()
    result = compute(book, groups, read_vetoes(account, score.month, book), trace)
    entries = _entries(score, groups.months[0])
    lines = []
    for (section, items), rule, value in zip(layout, book.sections, result.sections, strict=True):
        shown = [
            _item_line(item, int(result.items[item.pk][0]), trace, _own(item, book, entries, score)) for item in items
        ]
        notes = [sentence(step) for step in trace.of(rule.code)]
        if items:
            lines.append(SectionLine(section, from_fine(int(value[0])), notes, shown))
    total = from_fine(int(result.total[0]) * 100)
    notes = [sentence(step) for step in trace.of(TOTAL)]
    start = period_start(score.month, book.period)
    adjustments = [entry for entry in entries if entry.item_id is None and entry.month >= start]
    vetoes = Veto.objects.in_force(score.month, book.period, book.veto_until).filter(account=score.account_id)
    return Explanation(total, notes, lines, adjustments, total == score.total, list(vetoes))


def _own(item: Item, book: RuleBook, entries: Sequence[LedgerEntry], score: Score) -> list[LedgerEntry]:
    """The entries that the item's value is made of, also those filed under an earlier version of the rules."""
    start = period_start(score.month, "YEAR" if item.annual else book.period)
    return [one for one in entries if book.older.get(one.item_id or 0, one.item_id) == item.pk and one.month >= start]


def _item_line(item: Item, value: int, trace: Trace, own: list[LedgerEntry]) -> ItemLine:
    notes = [sentence(step) for step in trace.of(item.pk)]
    if item.start:
        notes.insert(0, _("起始分 %s 分") % _show(int(item.start * 10_000)))
    return ItemLine(item, from_fine(value), notes, own)
