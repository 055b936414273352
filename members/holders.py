"""Who holds which post today, read once for jobs that look after many units at a time."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from members.models import Appointment


@dataclass(frozen=True)
class Holder:
    """A person who can sign in, with one post."""

    user_id: int
    member_id: int
    post: str


class Holders:
    """The same answers as `Authority`, from the side of the unit: who, instead of whether this person."""

    def __init__(self, on: datetime.date) -> None:
        """One query. People without a sign-in, or with one that is locked, cannot be told anything."""
        self._by_unit: dict[int, list[Holder]] = defaultdict(list)
        held = Appointment.objects.at(on).filter(member__user__is_active=True).order_by("pk")
        for unit, user, member, post in held.values_list("unit", "member__user", "member", "post"):
            self._by_unit[unit].append(Holder(user, member, post))

    def at(self, unit_id: int | None, posts: frozenset[str]) -> Iterator[Holder]:
        """Who holds one of the posts in this very unit."""
        return (holder for holder in self._by_unit.get(unit_id or 0, ()) if holder.post in posts)

    def reaching(self, path: str, posts: frozenset[str]) -> Iterator[Holder]:
        """Who holds one of the posts in the unit of this path or anywhere above it."""
        for part in path.split("."):
            if part:
                yield from self.at(int(part), posts)
