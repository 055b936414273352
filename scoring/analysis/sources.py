"""What several questions read first: scores of a unit, the rule sets behind them, the units below."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from members.models import OrgUnit
from scoring.analysis.finding import Subject
from scoring.models import Item, RuleSet, Score, Section, Span, Standing

ANALYSED_KINDS = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.BRANCH)
# What is computed anew from the ledger takes too long for a page beyond so many people.
MOST_ACCOUNTS = 20_000
_MOST_OFFERS = 60


def scores_of(unit: OrgUnit, first: int, last: int) -> QuerySet[Score]:
    """Scores of members below the unit, from one month to another."""
    rows = Score.objects.within(unit).filter(rule_set__account_kind=RuleSet.AccountKind.MEMBER).order_by()
    return rows.filter(month=last) if first == last else rows.filter(month__gte=first, month__lte=last)


def newest_month(unit: OrgUnit, current: int) -> int:
    """The latest month with scores below the unit; the current one when there are none."""
    # The rank table of a committee answers at once; without one the scores themselves do.
    ranked = Standing.objects.filter(unit=unit, span=Span.MONTH, month__lte=current).aggregate(newest=Max("month"))[
        "newest"
    ]
    scored = Score.objects.within(unit).filter(month__lte=current)
    return ranked or scored.aggregate(newest=Max("month"))["newest"] or current


@dataclass(frozen=True)
class Book:
    """A rule set with its sections and items, and how many accounts were scored under it."""

    rule_set: RuleSet
    accounts: int
    layout: list[tuple[Section, list[Item]]]

    @property
    def items(self) -> list[tuple[Section, Item]]:
        return [(section, item) for section, items in self.layout for item in items]


def books_of(subject: Subject, first: int | None = None) -> list[Book]:
    """The rule sets in use below the unit, the most used first. Three queries, whatever their number."""
    used = scores_of(subject.unit, first or subject.month, subject.month).values_list("rule_set")
    counted: dict[int, int] = dict(used.annotate(n=Count("pk")))
    # All at once: one by one, every rule set would cost three queries of its own.
    items: dict[int, list[Item]] = {}
    for item in _items_of(subject.unit, counted):
        items.setdefault(item.section_id, []).append(item)
    books: dict[int, Book] = {}
    for section in Section.objects.filter(rule_set__in=counted).select_related("rule_set").order_by("position", "pk"):
        book = books.setdefault(section.rule_set_id, Book(section.rule_set, counted[section.rule_set_id], []))
        book.layout.append((section, items.get(section.pk, [])))
    return sorted(books.values(), key=lambda book: (-book.accounts, book.rule_set.pk))


def _items_of(unit: OrgUnit, rule_sets: Iterable[int]) -> QuerySet[Item]:
    """Without the custom items of units that are neither above nor below."""
    chain = [int(part) for part in unit.path.split(".") if part]
    own = Q(unit=None) | Q(unit__in=chain) | Q(unit__path__startswith=unit.path)
    return Item.objects.filter(own, section__rule_set__in=list(rule_sets)).order_by("position", "pk")


def units_below(unit: OrgUnit) -> list[OrgUnit]:
    """The units directly below that have a page of their own."""
    rows = OrgUnit.objects.open().filter(parent=unit, kind__in=ANALYSED_KINDS).order_by("position", "path")
    return list(rows[:_MOST_OFFERS])
