"""The organisation tree as it is shown: one level at a time, each in a fixed number of queries."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef

from members.models import Appointment, Membership, OrgUnit
from members.querysets import OrgUnitQuerySet

# A level with more units than this is continued on request.
LEVEL_SIZE = 100
_HEADS = ("COMMITTEE_SECRETARY", "BRANCH_SECRETARY", "GROUP_LEADER")


@dataclass(frozen=True)
class Node:
    unit: OrgUnit
    members: int
    head: str
    has_children: bool


@dataclass(frozen=True)
class Level:
    nodes: list[Node]
    # Where the level goes on; None at its end.
    next_start: int | None


def level(units: OrgUnitQuerySet, *, on: datetime.date, start: int = 0) -> Level:
    """Open units, each with its current members, its secretary or leader, and whether more lies below.

    In: the units of the level, in order. Three queries, whatever their number.
    """
    children = OrgUnit.objects.open().filter(parent=OuterRef("pk"))
    rows = list(units.annotate(has_children=Exists(children))[start : start + LEVEL_SIZE + 1])
    shown = rows[:LEVEL_SIZE]
    counts = _member_counts(shown)
    heads = _heads(shown, on)
    nodes = [Node(unit, counts[unit.pk], heads.get(unit.pk, ""), unit.has_children) for unit in shown]  # type: ignore[attr-defined]
    return Level(nodes, start + LEVEL_SIZE if len(rows) > LEVEL_SIZE else None)


def _member_counts(units: list[OrgUnit]) -> dict[int, int]:
    """Current members by unit, those of the units below included."""
    counts: dict[int, int] = defaultdict(int)
    groups = [unit.pk for unit in units if unit.kind == OrgUnit.Kind.PARTY_GROUP]
    branches = [unit.pk for unit in units if unit.kind == OrgUnit.Kind.BRANCH]
    upper = {unit.path: unit.pk for unit in units if unit.pk not in {*groups, *branches}}
    current = Membership.objects.current()
    if groups:
        counts.update(current.filter(group__in=groups).values_list("group").annotate(Count("pk")).order_by())
    if branches:
        counts.update(current.filter(branch__in=branches).values_list("branch").annotate(Count("pk")).order_by())
    if upper:
        per_branch = current.values_list("branch__path").annotate(Count("pk")).order_by()
        for path, count in per_branch:
            for above in _chain(path):
                if above in upper:
                    counts[upper[above]] += count
    return counts


def _chain(path: str) -> Iterable[str]:
    """1.4.12. -> 1. 1.4. 1.4.12."""
    ids = path.split(".")[:-1]
    return (".".join(ids[: end + 1]) + "." for end in range(len(ids)))


def _heads(units: list[OrgUnit], on: datetime.date) -> dict[int, str]:
    held = Appointment.objects.at(on).filter(unit__in=[unit.pk for unit in units], post__in=_HEADS)
    return dict(held.order_by("-started_on").values_list("unit", "member__name"))
