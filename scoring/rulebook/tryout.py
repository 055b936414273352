"""Rules tried out on records that never touch the database: what a rule file's own examples and `try_rules` use.

The same functions price, tally and explain as for the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext as _

from members.errors import Refused
from scoring.books import Layout, book_of
from scoring.calculation.amounts import from_fine, from_hundredths, hundredths
from scoring.calculation.book import RuleBook
from scoring.calculation.cells import read_cell
from scoring.calculation.order import Circumstances, Result, compute, months_in_view
from scoring.calculation.pricing import price, show
from scoring.calculation.trace import TOTAL, Trace
from scoring.explanation import sentence
from scoring.groups import draft_rows, groups_of_rows, occasion_rows
from scoring.models import Item, RuleSet, Section
from scoring.months import label
from scoring.rulebook.file import ParsedExample, ParsedRules
from scoring.rulebook.reader import Record

ACCOUNT = 1


@dataclass(frozen=True)
class Tried:
    """The outcome for one account, with every step kept."""

    layout: Layout
    book: RuleBook
    result: Result
    trace: Trace

    @property
    def total(self) -> Decimal:
        return from_hundredths(int(self.result.total[0]))

    def lines(self) -> list[str]:
        """The explanation as text: total, sections, clauses that hold something, and what each step took."""
        told = [_("总分 %s") % show(int(self.result.total[0]))]
        told += [f"  ※ {sentence(step)}" for step in self.trace.of(TOTAL)]
        for (section, items), value in zip(self.layout, self.result.sections, strict=True):
            if not items:
                continue
            told.append(f"{section.name} {_plain(int(value[0]))}")
            told += [f"  ※ {sentence(step)}" for step in self.trace.of(section.code)]
            for item in items:
                points = int(self.result.items[item.pk][0])
                notes = self.trace.of(item.pk)
                if points or notes:
                    told.append(f"  {item} {_plain(points)}")
                    told += [f"    ※ {sentence(step)}" for step in notes]
        return told


def _plain(fine: int) -> str:
    return format(from_fine(fine).normalize(), "f").replace("-", "−")


def layout_of_rules(rules: ParsedRules) -> Layout:
    """The sections and items of a file as rows that are not in any table; items are numbered from 1."""
    number, layout = 0, []
    for parsed in rules.sections:
        section = Section(**parsed.fields)
        items = []
        for one in parsed.items:
            number += 1
            items.append(Item(pk=number, section=section, **one.fields))
        layout.append((section, items))
    return layout


def try_records(
    rules: ParsedRules, records: Iterable[Record], month: int, about: Circumstances | None = None
) -> Tried:
    """Score one account's records under a rule file. Raise Refused with a sentence that names the clause."""
    layout = layout_of_rules(rules)
    book = book_of(RuleSet(**rules.fields), layout)
    known = {item.code: item for item in book.items}
    view = months_in_view(book, month)
    rows, occasions = [], []
    for place, record in enumerate(records):
        rule = known.get(record.code)
        if rule is None:
            raise Refused(_("没有条款号“%s”，请核对。") % record.code)
        counted = record.month or month
        if counted not in view:
            raise Refused(
                _("%(item)s：%(month)s的记录不影响%(scored)s的积分，请核对月份。")
                % {"item": record.code, "month": label(counted), "scored": label(month)}
            )
        fact = read_cell(rule, record.text)
        if fact is not None:
            quantity = 100 if fact.quantity is None else fact.quantity
            worth = price(rule, fact)
            rows.append((ACCOUNT, rule.key, counted, worth, quantity))
            occasions.append((ACCOUNT, rule.key, counted, record.occasion or f"#{place}", worth))
    account = np.array([ACCOUNT], dtype=np.int64)
    trace = Trace()
    groups = groups_of_rows(account, view, draft_rows(rows), occasions=occasion_rows(occasions), about=about)
    return Tried(layout, book, compute(book, groups, trace=trace), trace)


def _circumstances(example: ParsedExample) -> Circumstances:
    one = np.ones(1, dtype=np.int64)
    return Circumstances(
        classes={example.member_class: one},
        posts=dict.fromkeys(example.posts, one),
        last_year=one * hundredths(example.last_year),
    )


def failed_examples(rules: ParsedRules) -> list[str]:
    """A sentence for every example of the file that does not come out as it says."""
    failed = []
    for example in rules.examples:
        try:
            month = example.month or rules.fields["effective_from"]
            tried = try_records(rules, example.records, month, _circumstances(example))
        except Refused as refusal:
            failed.append(_("示例“%(name)s”：%(why)s") % {"name": example.name, "why": refusal})
            continue
        if tried.total != example.total:
            values = {
                "name": example.name,
                "told": show(hundredths(example.total)),
                "found": show(hundredths(tried.total)),
            }
            failed.append(_("示例“%(name)s”写明总分 %(told)s，按条款计算是 %(found)s，请核对。") % values)
    return failed
