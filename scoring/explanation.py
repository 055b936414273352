"""Why a score is what it is: the same functions that computed it, run on one account with every step kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.books import book_of, layout_of
from scoring.calculation import trace as steps
from scoring.calculation.amounts import from_fine
from scoring.calculation.order import compute, months_in_view
from scoring.calculation.trace import TOTAL, Step, Trace
from scoring.groups import read_groups
from scoring.models import Item, LedgerEntry, Score, Section
from scoring.months import period_start
from scoring.services.scores import read_vetoes

# What a step took or added, in a sentence. `before` and `after` are points.
SENTENCES = {
    steps.ZEROED: gettext_lazy("发生清零事项，原有 %(before)s 分，记 %(after)s 分"),
    steps.FLOOR: gettext_lazy("低于下限，由 %(before)s 分按下限 %(after)s 分计"),
    steps.CAP: gettext_lazy("合计 %(before)s 分，封顶 %(after)s 分，未计 %(lost)s 分"),
    steps.CAP_MONTH: gettext_lazy("本月已得 %(before)s 分，每月封顶，计 %(after)s 分，未计 %(lost)s 分"),
    steps.CAP_QUARTER: gettext_lazy("本季累计超过上限，由 %(before)s 分计为 %(after)s 分，未计 %(lost)s 分"),
    steps.CAP_YEAR: gettext_lazy("本年累计超过上限，由 %(before)s 分计为 %(after)s 分，未计 %(lost)s 分"),
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


def _show(fine: int) -> str:
    text = format(from_fine(abs(fine)).normalize(), "f")
    return f"−{text}" if fine < 0 else text


def sentence(step: Step) -> str:
    values = {"before": _show(step.before), "after": _show(step.after), "lost": _show(step.before - step.after)}
    return str(SENTENCES[step.name]) % values


def _entries(score: Score, first: int) -> list[LedgerEntry]:
    """What stands in the ledger for the period to date, with files and persons. One query."""
    rows = LedgerEntry.objects.standing().filter(account=score.account_id, month__gte=first, month__lte=score.month)
    rows = rows.select_related("filed_by__member", "unit")
    files = Count("evidence", filter=Q(evidence__removed_at=None))
    return list(rows.annotate(files=files).order_by("month", "happened_on", "pk"))


def explain(score: Score) -> Explanation:
    """Compute the score once more, for this account alone, and keep each step. A bounded number of queries."""
    layout = layout_of(score.rule_set)
    book = book_of(score.rule_set, layout)
    account = np.array([score.account_id], dtype=np.int64)
    member = score.account.member
    classes = {member.member_class: np.ones(1, dtype=np.int64)} if member and member.member_class else {}
    groups = read_groups(account, months_in_view(book, score.month), classes=classes)
    trace = Trace()
    result = compute(book, groups, read_vetoes(account, score.month, book.period), trace)
    entries = _entries(score, period_start(score.month, book.period))
    lines = []
    for (section, items), rule, value in zip(layout, book.sections, result.sections, strict=True):
        shown = [_item_line(item, int(result.items[item.pk][0]), trace, entries) for item in items]
        notes = [sentence(step) for step in trace.of(rule.code)]
        if items:
            lines.append(SectionLine(section, from_fine(int(value[0])), notes, shown))
    total = from_fine(int(result.total[0]) * 100)
    notes = [sentence(step) for step in trace.of(TOTAL)]
    adjustments = [entry for entry in entries if entry.item_id is None]
    return Explanation(total, notes, lines, adjustments, total == score.total)


def _item_line(item: Item, value: int, trace: Trace, entries: Sequence[LedgerEntry]) -> ItemLine:
    own = [entry for entry in entries if entry.item_id == item.pk]
    notes = [sentence(step) for step in trace.of(item.pk)]
    if item.start:
        notes.insert(0, _("起始分 %s 分") % _show(int(item.start * 10_000)))
    return ItemLine(item, from_fine(value), notes, own)
