"""Where item caps take most: what the tally comes to, what is credited, computed anew by the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from django.utils.translation import gettext as _

from scoring.analysis.figures import rounded
from scoring.analysis.finding import Finding, Subject
from scoring.analysis.sources import MOST_ACCOUNTS, Book, books_of, scores_of, units_below
from scoring.books import book_of
from scoring.calculation.amounts import Column, from_fine, hundredths
from scoring.calculation.book import ItemRule, RuleBook
from scoring.calculation.order import item_value, months_in_view
from scoring.calculation.pricing import show
from scoring.circumstances import read_circumstances
from scoring.groups import facts_of, read_groups
from scoring.models import Item, Section
from scoring.sheets.tables import COUNT, POINTS, Value
from scoring.sheets.tables import Column as Heading

# So many accounts at a time: a year of their entries stays within some tens of megabytes.
CHUNK = 5_000
# Every rule set is read for itself; a committee where each branch had its own would take too long.
MOST_BOOKS = 3
MOST_BARS = 10


@dataclass(frozen=True)
class Bite:
    """What the caps of one item did to these accounts: ten-thousandths of a point."""

    accounts: int = 0
    tallied: int = 0
    credited: int = 0
    lost: int = 0

    def __add__(self, other: Bite) -> Bite:
        return Bite(
            self.accounts + other.accounts,
            self.tallied + other.tallied,
            self.credited + other.credited,
            self.lost + other.lost,
        )


def caps(subject: Subject) -> Finding:
    """Items with a cap, those first where most is not counted. A unit too big is sent to the units below it."""
    books = books_of(subject)
    everyone = sum(book.accounts for book in books)
    if everyone > MOST_ACCOUNTS:
        return _too_big(subject, everyone)
    found = [
        (book, section, item, bite)
        for book, accounts in _accounts_of(subject, books)
        for (section, item), bite in zip(_capped(book), _bites(book, accounts, subject.month), strict=True)
    ]
    found.sort(key=lambda line: -line[3].lost)
    rows: list[tuple[Value, ...]] = [
        (item.code, item.name, section.name, _caps_in_words(item), bite.accounts, *map(_points, _amounts(bite)))
        for _book, section, item, bite in found
    ]
    lead = _sentence([item for _b, _s, item, bite in found if bite.lost], len(found))
    if len(books) > MOST_BOOKS:
        lead += _("只看计分人数最多的 %d 个积分办法。") % MOST_BOOKS
    worst = [(item, bite) for _b, _s, item, bite in found[:MOST_BARS] if bite.lost]
    bars = [{"name": str(item), "value": show(hundredths(_points(bite.lost)))} for item, bite in worst]
    table = subject.table(_("条款封顶"), _headings(), rows, lead)
    return Finding("caps", table, "rank", {"rows": bars} if bars else None, lead=lead, is_wide=True)


def _headings() -> list[Heading]:
    return [
        Heading("code", _("条款号"), width=10),
        Heading("item", _("条款"), width=34),
        Heading("section", _("板块"), width=20),
        Heading("caps", _("上限"), width=24),
        Heading("count", _("受限人数"), COUNT),
        Heading("tallied", _("应计分"), POINTS, 12),
        Heading("credited", _("实计分"), POINTS, 12),
        Heading("lost", _("未计分"), POINTS, 12),
    ]


def _too_big(subject: Subject, everyone: int) -> Finding:
    lead = _("共 %(count)d 人，超过 %(most)d 人时不逐人比对封顶，请打开下级组织查看。") % {
        "count": everyone, "most": MOST_ACCOUNTS,
    }  # fmt: skip
    table = subject.table(_("条款封顶"), _headings(), [], lead)
    return Finding("caps", table, lead=lead, is_wide=True, offers=units_below(subject.unit))


def _sentence(bitten: Sequence[Item], capped: int) -> str:
    if not capped:
        return _("积分办法没有给条款设上限。")
    if not bitten:
        return _("%d 个设了上限的条款都没有超过上限。") % capped
    return _("%(capped)d 个设了上限的条款中，%(bitten)d 个超过上限，“%(most)s”未计的分最多。") % {
        "capped": capped, "bitten": len(bitten), "most": bitten[0],
    }  # fmt: skip


def _is_capped(item: Item | ItemRule) -> bool:
    return any(cap is not None for cap in (item.cap_month, item.cap_quarter, item.cap_year))


def _capped(book: Book) -> list[tuple[Section, Item]]:
    return [(section, item) for section, item in book.items if _is_capped(item)]


def _accounts_of(subject: Subject, books: Sequence[Book]) -> Iterator[tuple[Book, Column]]:
    """The accounts scored under each of the rule sets, ascending. One query."""
    rows = scores_of(subject.unit, subject.month, subject.month).values_list("rule_set", "account")
    table = np.array(list(rows.order_by("account")), dtype=np.int64).reshape(-1, 2).T
    for book in books[:MOST_BOOKS]:
        yield book, table[1][table[0] == book.rule_set.pk]


def _bites(book: Book, accounts: Column, month: int) -> list[Bite]:
    """Per capped item, in their order."""
    layout = [(section, [item for item in items if _is_capped(item)]) for section, items in book.layout]
    rules = book_of(book.rule_set, layout)
    bites = [Bite() for _item in rules.items]
    if not bites:
        return bites
    for start in range(0, len(accounts), CHUNK):
        more = _bites_of_chunk(rules, accounts[start : start + CHUNK], month)
        bites = [bite + one for bite, one in zip(bites, more, strict=True)]
    return bites


def _bites_of_chunk(rules: RuleBook, accounts: Column, month: int) -> list[Bite]:
    groups = read_groups(
        accounts,
        months_in_view(rules, month),
        facts=facts_of(rules.items),
        older=rules.older,
        about=read_circumstances(rules, accounts, month),
    )
    bites = []
    for item in rules.items:
        tallied = item_value(rules, replace(item, cap_month=None, cap_quarter=None, cap_year=None), groups)
        credited = item_value(rules, item, groups)
        lost = np.maximum(tallied - credited, 0)
        bites.append(Bite(int((lost > 0).sum()), int(tallied.sum()), int(credited.sum()), int(lost.sum())))
    return bites


def _amounts(bite: Bite) -> tuple[int, int, int]:
    return bite.tallied, bite.credited, bite.lost


def _points(fine: int) -> Decimal:
    return rounded(from_fine(fine))


def _caps_in_words(item: Item) -> str:
    named = ((_("每月"), item.cap_month), (_("每季"), item.cap_quarter), (_("每年"), item.cap_year))
    texts = [
        _("%(span)s %(cap)s 分") % {"span": span, "cap": show(hundredths(cap))}
        for span, cap in named
        if cap is not None
    ]
    return "、".join(texts)
