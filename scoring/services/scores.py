"""Scores: computed from the ledger for whole branches at a time, each in one short transaction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from members.models import OrgUnit
from scoring.calculation.amounts import Column
from scoring.calculation.book import RuleBook
from scoring.calculation.order import Result, Vetoes, compute, months_in_view
from scoring.circumstances import read_circumstances
from scoring.groups import facts_of, read_groups
from scoring.models import LedgerEntry, Month
from scoring.services.population import Population, Ruled, population, read_vetoes, ruled
from scoring.services.results import compute_results
from scoring.services.stale import take_marks
from scoring.services.standings import spans_ending
from scoring.services.stored import drop_others, rank_again, store_scores


def compute_population(book: RuleBook, people: Population, month: int) -> tuple[Result, Vetoes]:
    """Points of these accounts under these rules, nothing written."""
    groups = read_groups(
        people.accounts,
        months_in_view(book, month),
        facts=facts_of(book.items),
        older=book.older,
        about=read_circumstances(book, people.accounts, month),
    )
    vetoes = read_vetoes(people.accounts, month, book)
    return compute(book, groups, vetoes), vetoes


@transaction.atomic
def compute_units(unit_ids: Sequence[int], month: int) -> int:
    """Compute and store the scores of these branches, and what they make of a quarter or year that ends.

    Out: how many accounts were scored. Whoever is no longer in scope loses the row: no score, never 0. The same for
    a branch that has reported nothing yet. A closed month stays as it was sealed.
    """
    taken, _stale = _take(unit_ids, month)
    return _compute_whole(taken, month)


@transaction.atomic
def compute_changed(unit_ids: Sequence[int], month: int) -> int:
    """The same for what has changed alone: branches marked as a whole, elsewhere the accounts marked one by one.

    Out: how many accounts were computed.
    """
    taken, stale = _take(unit_ids, month)
    rest = [pk for pk in taken if pk not in stale]
    marked = take_marks(rest, month)
    scored = _compute_whole([pk for pk in taken if pk in stale], month)
    return scored + (_compute_marked(rest, month, marked) if len(marked) else 0)


def _compute_whole(unit_ids: Sequence[int], month: int) -> int:
    if not unit_ids:
        return 0
    _plan_simply()
    take_marks(unit_ids, month)
    kept: list[Column] = [np.zeros(0, dtype=np.int64)]
    for rules in ruled(_reported(unit_ids, month), month):
        people = population(rules.branches, month)
        _compute_and_store(rules, people, month)
        kept.append(people.accounts)
    everyone = np.concatenate(kept)
    drop_others("scoring_score", unit_ids, month, everyone)
    if len(spans_ending(month)) > 1:
        drop_others("scoring_result", unit_ids, month, everyone)
    return len(everyone)


def _compute_marked(unit_ids: Sequence[int], month: int, marked: Column) -> int:
    """Some accounts of many branches; then the ranks of the branches they are in."""
    _plan_simply()
    scored = 0
    for rules in ruled(unit_ids, month):
        people = population(rules.branches, month, marked)
        if len(people.accounts):
            _compute_and_store(rules, people, month, ranked=False)
            touched = np.unique(people.units).tolist()
            rank_again(touched, month)
            if len(spans_ending(month)) > 1:
                compute_results(rules, population(touched, month), month)
            scored += len(people.accounts)
    return scored


def _compute_and_store(rules: Ruled, people: Population, month: int, *, ranked: bool = True) -> None:
    result, vetoes = compute_population(rules.book, people, month)
    now = timezone.now()
    store_scores(people, result.total, result.sections, vetoes.any, rules.rule_set.pk, month, now, ranked=ranked)
    if ranked:
        compute_results(rules, people, month)


def _reported(unit_ids: Sequence[int], month: int) -> list[int]:
    """The branches with something in the ledger of the month, or whose month has been handed in."""
    entries = LedgerEntry.objects.filter(unit=OuterRef("pk"), month=month)
    moved = Month.objects.filter(unit=OuterRef("pk"), month=month).exclude(state=Month.State.OPEN)
    units = OrgUnit.objects.filter(Exists(entries) | Exists(moved), pk__among=unit_ids)
    return list(units.order_by("pk").values_list("pk", flat=True))


def _take(unit_ids: Sequence[int], month: int) -> tuple[list[int], set[int]]:
    """Lock the branches, so that of two computations the later one has read everything. Out: those not yet closed,
    and those that were marked as a whole.

    The marks go first: what changes from now on marks anew. Months before branches, as everyone who locks both.
    """
    rows = Month.objects.filter(unit__among=unit_ids, month=month)
    marked = rows.filter(is_stale=True).order_by("pk").select_for_update().values_list("pk", "unit")
    stale = dict(marked)
    Month.objects.filter(pk__among=list(stale)).update(is_stale=False)
    branches = OrgUnit.objects.filter(pk__among=unit_ids).order_by("pk").select_for_update(no_key=True)
    taken = list(branches.values_list("pk", flat=True))
    closed = set(rows.filter(state=Month.State.CLOSED).values_list("unit", flat=True))
    return [pk for pk in taken if pk not in closed], set(stale.values())


def _plan_simply() -> None:
    """A chunk is short: sharing its statements out to helpers takes longer than running them, and the workers have the
    other processors."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
