"""Scores: computed from the ledger for whole branches at a time, each in one short transaction."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from members.models import OrgUnit
from scoring.books import book_of
from scoring.calculation.amounts import Column, hundredths
from scoring.calculation.book import RuleBook
from scoring.calculation.order import Result, Vetoes, compute, months_in_view, ranks
from scoring.groups import facts_of, read_groups
from scoring.models import LedgerEntry, Month, RuleSet, Standing, Veto
from scoring.months import first_day, period_start


@dataclass(frozen=True)
class Population:
    """The accounts scored in a month, ascending by account: who, in which branch and group, of which class."""

    accounts: Column
    units: Column
    groups: Column
    member_classes: tuple[str, ...]

    def classes(self, names: set[str]) -> dict[str, Column]:
        own = np.array(self.member_classes, dtype=object)
        return {name: (own == name).astype(np.int64) for name in names}

    def part(self, units: Column) -> Population:
        chosen = np.isin(self.units, units)
        classes = tuple(c for c, keep in zip(self.member_classes, chosen, strict=True) if keep)
        return Population(self.accounts[chosen], self.units[chosen], self.groups[chosen], classes)


# In a month a member counts for the branch of its first day; whoever is left out by decision does not. A transfer
# entered late takes nobody out of a month that another branch has closed.
_POPULATION = """
SELECT a.id, s.branch_id, COALESCE(s.group_id, -1), m.member_class
FROM members_membership s JOIN members_member m ON m.id = s.member_id JOIN scoring_account a ON a.member_id = m.id
WHERE s.branch_id {among} AND s.started_on <= %s AND (s.ended_on IS NULL OR s.ended_on > %s)
  AND NOT EXISTS (SELECT 1 FROM members_exclusion x WHERE x.member_id = m.id AND x.started_on <= %s
                  AND (x.ended_on IS NULL OR x.ended_on > %s))
  AND NOT EXISTS (SELECT 1 FROM scoring_score c JOIN scoring_month k ON k.unit_id = c.unit_id AND k.month = c.month
                  WHERE c.account_id = a.id AND c.month = %s AND c.unit_id <> s.branch_id AND k.state = 'CLOSED')
ORDER BY a.id
"""


# A list of ids as one parameter. PostgreSQL plans for an array by its length, for a subquery by a guess.
_AMONG = {"postgresql": "= ANY(%s::bigint[])", "sqlite": "IN (SELECT value FROM json_each(%s))"}
_OUTSIDE = {"postgresql": "NOT IN (SELECT unnest(%s::bigint[]))", "sqlite": "NOT IN (SELECT value FROM json_each(%s))"}


def _listed(ids: Sequence[int]) -> str:
    text = ",".join(map(str, ids))
    return f"{{{text}}}" if connection.vendor == "postgresql" else f"[{text}]"


def population(unit_ids: Sequence[int], month: int) -> Population:
    day = first_day(month)
    with connection.cursor() as cursor:
        statement = _POPULATION.format(among=_AMONG[connection.vendor])
        cursor.execute(statement, [_listed(unit_ids), day, day, day, day, month])
        rows = cursor.fetchall()
    numbers = np.array([row[:3] for row in rows], dtype=np.int64).reshape(-1, 3).T
    return Population(numbers[0], numbers[1], numbers[2], tuple(row[3] for row in rows))


def read_vetoes(accounts: Column, month: int, period: str) -> Vetoes:
    """Vetoes in force in any month of the period to date."""
    vetoes = Vetoes.none(len(accounts))
    rows = Veto.objects.filter(from_month__lte=month).exclude(to_month__lte=period_start(month, period))
    for account, effect, cap in rows.values_list("account_id", "effect", "cap"):
        place = int(np.searchsorted(accounts, account))
        if place == len(accounts) or accounts[place] != account:
            continue
        vetoes.barred[place] = 1
        if effect == Veto.Effect.ZERO:
            vetoes.zero[place] = 1
        elif effect == Veto.Effect.CAP and cap is not None:
            vetoes.cap[place] = min(vetoes.cap[place], hundredths(cap))
    return vetoes


def rule_sets_of(unit_ids: Sequence[int], month: int) -> dict[int, list[int]]:
    """Branches by the rule set they are scored under: rule set id -> branch ids. Two queries.

    The nearest owner upwards wins, then the later effective month, then the later version.
    """
    owners: dict[int, tuple[int, int, int]] = {}
    for row in RuleSet.objects.in_force(month).order_by("effective_from", "version", "pk"):
        owners[row.owner_id] = (row.effective_from, row.version, row.pk)
    chosen: dict[int, list[int]] = {}
    for pk, path in OrgUnit.objects.filter(pk__in=unit_ids).values_list("pk", "path"):
        for owner in reversed([int(part) for part in path.split(".") if part]):
            if owner in owners:
                chosen.setdefault(owners[owner][2], []).append(pk)
                break
    return chosen


def compute_population(book: RuleBook, people: Population, month: int) -> tuple[Result, Vetoes]:
    names = {name for item in book.items for name in item.classes}
    groups = read_groups(
        people.accounts,
        months_in_view(book, month),
        facts=facts_of(book.items),
        classes=people.classes(names),
    )
    vetoes = read_vetoes(people.accounts, month, book.period)
    return compute(book, groups, vetoes), vetoes


@transaction.atomic
def compute_units(unit_ids: Sequence[int], month: int) -> int:
    """Compute and store the scores of these branches. Out: how many accounts were scored.

    Whoever is no longer in scope loses the row: no score, never 0. The same for a branch that has reported nothing
    yet. A closed month stays as it was sealed.
    """
    unit_ids = _take(unit_ids, month)
    _plan_simply()
    now = timezone.now()
    scored = 0
    kept: list[Column] = [np.zeros(0, dtype=np.int64)]
    for rule_set_id, branches in rule_sets_of(_reported(unit_ids, month), month).items():
        book = book_of(RuleSet.objects.get(pk=rule_set_id))
        people = population(branches, month)
        result, vetoes = compute_population(book, people, month)
        _store(people, result, vetoes, rule_set_id, month, now)
        kept.append(people.accounts)
        scored += len(people.accounts)
    _drop_others(unit_ids, month, np.concatenate(kept))
    return scored


def _reported(unit_ids: Sequence[int], month: int) -> list[int]:
    """The branches with something in the ledger of the month, or whose month has been handed in."""
    entries = LedgerEntry.objects.filter(unit=OuterRef("pk"), month=month)
    moved = Month.objects.filter(unit=OuterRef("pk"), month=month).exclude(state=Month.State.OPEN)
    units = OrgUnit.objects.filter(Exists(entries) | Exists(moved), pk__in=unit_ids)
    return list(units.order_by("pk").values_list("pk", flat=True))


def _take(unit_ids: Sequence[int], month: int) -> list[int]:
    """Lock the branches, so that of two computations the later one has read everything. Out: those not yet closed.

    The marks go first: what changes from now on marks anew. Months before branches, as everyone who locks both.
    """
    rows = Month.objects.filter(unit__in=unit_ids, month=month)
    stale = rows.filter(is_stale=True).order_by("pk").select_for_update().values_list("pk", flat=True)
    Month.objects.filter(pk__in=list(stale)).update(is_stale=False)
    branches = OrgUnit.objects.filter(pk__in=unit_ids).order_by("pk").select_for_update(no_key=True)
    taken = list(branches.values_list("pk", flat=True))
    closed = set(rows.filter(state=Month.State.CLOSED).values_list("unit", flat=True))
    return [pk for pk in taken if pk not in closed]


def _plan_simply() -> None:
    """A chunk is short: sharing its statements out to helpers takes longer than running them, and the workers have the
    other processors."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")


# A score that came out as it stands is not written again: on most nights that is nearly all of them.
_KEPT = ("unit_id", "group_id", "rule_set_id", "total", "sections", "is_barred", "rank_in_group", "rank_in_branch")
_UPSERT = """
INSERT INTO scoring_score (account_id, month, {kept}, computed_at)
SELECT account, {month}, unit, NULLIF(unit_group, -1), {rule_set}, total, {sections}, barred > 0,
       NULLIF(in_group, 0), in_branch, {now} FROM {numbers} WHERE true
ON CONFLICT (account_id, month) DO UPDATE SET {updates}, computed_at = excluded.computed_at
WHERE ({stored}) {differs} ({excluded})
"""


def _upsert(numbers: Sequence[str], sections: Sequence[str]) -> str:
    """The statement that stores scores: numbers come in as columns, everything else is made of them here."""
    postgresql = connection.vendor == "postgresql"
    if postgresql:
        source = f"unnest({', '.join(['%s::bigint[]'] * len(numbers))}) AS x({', '.join(numbers)})"
    else:
        source = "(SELECT " + ", ".join(f"%s AS {name}" for name in numbers) + ") AS x"
    return _UPSERT.format(
        month="%s", rule_set="%s", now="%s",
        numbers=source,
        sections=f"{'jsonb_build_array' if postgresql else 'json_array'}({', '.join(sections)})",
        kept=", ".join(_KEPT),
        updates=", ".join(f"{name} = excluded.{name}" for name in _KEPT),
        stored=", ".join(f"scoring_score.{name}" for name in _KEPT),
        differs="IS DISTINCT FROM" if postgresql else "IS NOT",
        excluded=", ".join(f"excluded.{name}" for name in _KEPT),
    )  # fmt: skip


def _store(
    people: Population, result: Result, vetoes: Vetoes, rule_set: int, month: int, now: datetime.datetime
) -> None:
    sections = {f"section{number}": column for number, column in enumerate(result.sections)}
    numbers = {
        "account": people.accounts,
        "unit": people.units,
        "unit_group": people.groups,
        "total": result.total,
        "barred": vetoes.barred,
        "in_group": ranks(result.total, people.groups),
        "in_branch": ranks(result.total, people.units),
        **sections,
    }
    statement = _upsert([*numbers], [*sections])
    columns = [column.tolist() for column in numbers.values()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # As text: psycopg looks at every number of a list.
            cursor.execute(statement, [month, rule_set, now, *map(_listed, columns)])
        else:
            cursor.executemany(statement, [(month, rule_set, now, *row) for row in zip(*columns, strict=True)])


def _drop_others(unit_ids: Sequence[int], month: int, kept: Column) -> None:
    among, outside = _AMONG[connection.vendor], _OUTSIDE[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM scoring_score WHERE month = %s AND unit_id {among} AND account_id {outside}",
            [month, _listed(unit_ids), _listed(kept.tolist())],
        )


# Every unit with each unit above it; a branch counts for all committees over it.
_STANDINGS = """
WITH RECURSIVE above(unit_id, node_id) AS (
    SELECT id, id FROM members_orgunit
    UNION ALL
    SELECT above.unit_id, u.parent_id FROM above JOIN members_orgunit u ON u.id = above.node_id
    WHERE u.parent_id IS NOT NULL
)
INSERT INTO scoring_standing (unit_id, month, kind, total, count, rank)
SELECT node_id, %s, account_kind, total, n,
       1 + sum(n) OVER (PARTITION BY node_id, account_kind ORDER BY total DESC) - n
FROM (
    SELECT above.node_id, r.account_kind, s.total, count(*) AS n
    FROM scoring_score s JOIN scoring_ruleset r ON r.id = s.rule_set_id JOIN above ON above.unit_id = s.unit_id
    WHERE s.month = %s AND above.node_id IN ({committees})
    GROUP BY above.node_id, r.account_kind, s.total
) AS counted
"""


@transaction.atomic
def refresh_standings(committees: Iterable[OrgUnit], month: int) -> None:
    """Replace the rank tables of these committees' month, in one pass."""
    ids = sorted(committee.pk for committee in committees)
    if not ids:
        return
    # Branches that close at the same moment come one after the other.
    list(OrgUnit.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    Standing.objects.filter(unit__in=ids, month=month).delete()
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS.format(committees=", ".join(map(str, ids))), [month, month])
