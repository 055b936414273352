"""What stands in the database, as far as a roster touches it. A handful of statements whatever the size."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from members.models import Member, Membership, OrgUnit
from members.roster.validate import Person

T = TypeVar("T")
CHUNK = 5_000


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    rest = iter(values)
    while piece := list(islice(rest, size)):
        yield piece


@dataclass(frozen=True)
class Stay:
    """A membership, as far as an import needs it."""

    pk: int
    branch_id: int
    group_id: int | None
    started_on: datetime.date


@dataclass(frozen=True)
class Existing:
    by_staff_number: dict[str, Member]
    by_id_hash: dict[str, Member]
    # The open membership of a member; members who left have none.
    open: dict[int, Stay]
    # Why and when the last membership of a member without an open one ended.
    endings: dict[int, tuple[str, datetime.date]]
    # Current members of the unit who are called like a person of the file not known by number.
    namesakes: dict[str, list[Namesake]]
    current_ids: frozenset[int]
    # The unit and everything below it, closed units too.
    units: dict[int, OrgUnit]


@dataclass(frozen=True)
class Namesake:
    staff_number: str
    has_id_number: bool


def load_existing(unit: OrgUnit, people: list[Person], *, lock: bool = False) -> Existing:
    """Read members, memberships and units that the people could be about.

    With `lock`, inside a transaction, the member rows stay as they are until its end.
    """
    members = _members(people, lock=lock)
    by_number = {member.staff_number: member for member in members}
    stays, endings = _stays([member.pk for member in members])
    current = Membership.objects.current().within(unit).values_list("member_id", flat=True)
    strangers = [person for person in people if person.values.get("staff_number") not in by_number]
    return Existing(
        by_staff_number=by_number,
        by_id_hash={member.id_number_hash: member for member in members if member.id_number_hash},
        open=stays,
        endings=endings,
        namesakes=_namesakes(unit, strangers),
        current_ids=frozenset(current),
        units=OrgUnit.objects.within(unit).in_bulk(),
    )


def _members(people: list[Person], *, lock: bool) -> list[Member]:
    """By staff number; then, for numbers of people not found yet, by ID number."""
    rows = Member.objects.order_by("pk")
    if lock:
        rows = rows.select_for_update()
    numbers = {person.values["staff_number"] for person in people if "staff_number" in person.values}
    found: dict[int, Member] = {}
    for piece in chunks(sorted(numbers)):
        found.update((member.pk, member) for member in rows.filter(staff_number__in=piece))
    known = {member.id_number_hash for member in found.values()}
    hashes = {person.id_hash for person in people if person.id_hash and person.id_hash not in known}
    for piece in chunks(sorted(hashes)):
        found.update((member.pk, member) for member in rows.filter(id_number_hash__in=piece))
    return list(found.values())


def _stays(ids: list[int]) -> tuple[dict[int, Stay], dict[int, tuple[str, datetime.date]]]:
    stays: dict[int, Stay] = {}
    endings: dict[int, tuple[str, datetime.date]] = {}
    for piece in chunks(ids):
        rows = Membership.objects.filter(member__in=piece).order_by("started_on", "id")
        for member, pk, branch, group, started_on, ended_on, ending in rows.values_list(
            "member_id", "pk", "branch_id", "group_id", "started_on", "ended_on", "ending"
        ):
            if ended_on is None:
                stays[member] = Stay(pk, branch, group, started_on)
            else:
                endings[member] = (ending, ended_on)
    return stays, {member: end for member, end in endings.items() if member not in stays}


def _namesakes(unit: OrgUnit, people: list[Person]) -> dict[str, list[Namesake]]:
    names = {person.values["name"] for person in people if "name" in person.values}
    found: dict[str, list[Namesake]] = {}
    here = Membership.objects.current().within(unit)
    for piece in chunks(sorted(names)):
        rows = here.filter(member__name__in=piece).order_by("member__staff_number")
        for name, number, id_hash in rows.values_list(
            "member__name", "member__staff_number", "member__id_number_hash"
        ):
            found.setdefault(name, []).append(Namesake(number, id_hash is not None))
    return found
