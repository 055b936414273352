"""Who is scored in a month, and under which rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from members.models import OrgUnit
from scoring.books import Layout, book_of, by_custom_items, layout_of
from scoring.calculation.amounts import Column, hundredths
from scoring.calculation.book import RuleBook
from scoring.calculation.order import Vetoes
from scoring.fields import AMONG, listed
from scoring.models import RuleSet, Veto
from scoring.months import first_day


@dataclass(frozen=True)
class Population:
    """The accounts scored in a month, ascending by account: who, in which branch and group (−1: none)."""

    accounts: Column
    units: Column
    groups: Column


# In a month a member counts for the branch of its first day; whoever is left out by decision does not. A transfer
# entered late takes nobody out of a month that another branch has closed.
_POPULATION = """
SELECT a.id, s.branch_id, COALESCE(s.group_id, -1)
FROM members_membership s JOIN scoring_account a ON a.member_id = s.member_id
WHERE s.branch_id {among} AND a.id {wanted} AND s.started_on <= %s AND (s.ended_on IS NULL OR s.ended_on > %s)
  AND NOT EXISTS (SELECT 1 FROM members_exclusion x WHERE x.member_id = s.member_id AND x.started_on <= %s
                  AND (x.ended_on IS NULL OR x.ended_on > %s))
  AND NOT EXISTS (SELECT 1 FROM scoring_score c JOIN scoring_month k ON k.unit_id = c.unit_id AND k.month = c.month
                  WHERE c.account_id = a.id AND c.month = %s AND c.unit_id <> s.branch_id AND k.state = 'CLOSED')
ORDER BY a.id
"""


def population(unit_ids: Sequence[int], month: int, accounts: Column | None = None) -> Population:
    """Everybody who is scored in these branches, or whoever of these accounts is."""
    day, among = first_day(month), AMONG[connection.vendor]
    wanted = "IS NOT NULL" if accounts is None else among
    chosen = [] if accounts is None else [listed(accounts.tolist())]
    with connection.cursor() as cursor:
        statement = _POPULATION.format(among=among, wanted=wanted)
        cursor.execute(statement, [listed(unit_ids), *chosen, day, day, day, day, month])
        rows = cursor.fetchall()
    return Population(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)


def read_vetoes(accounts: Column, month: int, book: RuleBook) -> Vetoes:
    """Vetoes in force in any month of the period to date; by the rules until lifted, or until their year ends."""
    vetoes = Vetoes.none(len(accounts))
    rows = Veto.objects.in_force(month, book.period, book.veto_until)
    for account, effect, cap in rows.values_list("account_id", "effect", "cap"):
        place = int(np.searchsorted(accounts, account))
        if place == len(accounts) or accounts[place] != account:
            continue
        # What bars from a rating leaves the points alone: the rating reads the effect.
        vetoes.any[place] = 1
        if effect == Veto.Effect.ZERO:
            vetoes.zero[place] = 1
        elif effect == Veto.Effect.CAP and cap is not None:
            vetoes.cap[place] = min(vetoes.cap[place], hundredths(cap))
    return vetoes


def rules_in_force(units: Iterable[OrgUnit], month: int) -> list[tuple[RuleSet, list[OrgUnit]]]:
    """The units by the rule set they are scored under; those without rules are left out. One query.

    The nearest owner upwards wins, then the later effective month, then the later version.
    """
    owners = {row.owner_id: row for row in RuleSet.objects.in_force(month).order_by("effective_from", "version", "pk")}
    chosen: dict[int, tuple[RuleSet, list[OrgUnit]]] = {}
    for unit in units:
        above = (int(part) for part in reversed(unit.path.split(".")) if part)
        owner = next((pk for pk in above if pk in owners), None)
        if owner is not None:
            chosen.setdefault(owner, (owners[owner], []))[1].append(unit)
    return list(chosen.values())


@dataclass(frozen=True)
class Ruled:
    """Branches that share the same rules to the last item."""

    rule_set: RuleSet
    layout: Layout
    book: RuleBook
    branches: list[int]


def ruled(unit_ids: Sequence[int], month: int) -> list[Ruled]:
    """The branches by their rules, items of their own included. Two queries, more for rules not read before, none per
    branch."""
    found = []
    for rule_set, branches in rules_in_force(OrgUnit.objects.filter(pk__among=unit_ids).order_by("pk"), month):
        for part in by_custom_items(rule_set, branches):
            layout = layout_of(rule_set, part[0], month)
            found.append(Ruled(rule_set, layout, book_of(rule_set, layout), [unit.pk for unit in part]))
    return found
