"""Who reaches what. One reading of the person's posts per request; everything else is comparison."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from members.models import Membership, OrgUnit, User

# Posts whose holders speak for the whole subtree of a committee.
COMMITTEE_POSTS = frozenset({"COMMITTEE_SECRETARY", "COMMITTEE_MEMBER"})
# Posts of the branch committee (支委会): they see all of the branch.
BRANCH_COMMITTEE_POSTS = frozenset(
    {
        "BRANCH_SECRETARY",
        "BRANCH_DEPUTY",
        "ORG_COMMISSIONER",
        "PUBLICITY_COMMISSIONER",
        "DISCIPLINE_COMMISSIONER",
    }
)
SECRETARY_POSTS = frozenset({"BRANCH_SECRETARY", "BRANCH_DEPUTY"})
# Who types a month in.
ENTRY_POSTS = SECRETARY_POSTS | {"SCORE_CLERK", "ORG_COMMISSIONER"}
BUSINESS_ADMIN_POSTS = frozenset({"PARTY_WORKER"})
LEADER_POSTS = frozenset({"GROUP_LEADER"})
# Whoever holds one of these sees the members of the unit with their points.
SEEING_POSTS = COMMITTEE_POSTS | BRANCH_COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS | LEADER_POSTS | {"SCORE_CLERK"}


@dataclass(frozen=True)
class HeldPost:
    post: str
    unit_id: int
    unit_path: str


@dataclass(frozen=True)
class Authority:
    """A person's place and posts on one day."""

    user_id: int
    member_id: int | None
    branch_id: int | None
    branch_path: str
    group_id: int | None
    duty: str
    is_superuser: bool
    posts: tuple[HeldPost, ...]

    @classmethod
    def of(cls, user: User, on: datetime.date | None = None) -> Authority:
        return cls.of_many([user], on)[user.pk]

    @classmethod
    def of_many(cls, users: Iterable[User], on: datetime.date | None = None) -> dict[int, Authority]:
        """By account, on the day (today when not given): the open membership and the posts held.

        Two queries, whatever the number of accounts; none when nobody among them is a member.
        """
        day, users = on or timezone.localdate(), list(users)
        members = [user.member_id for user in users if user.member_id]
        places: dict[int | None, Membership] = {}
        posts: dict[int | None, list[HeldPost]] = {}
        if members:
            memberships = apps.get_model("members", "Membership").objects.at(day).filter(member__in=members)
            places = {row.member_id: row for row in memberships.select_related("branch")}
            held = apps.get_model("members", "Appointment").objects.at(day).filter(member__in=members)
            for member, post, unit, path in held.values_list("member", "post", "unit", "unit__path"):
                posts.setdefault(member, []).append(HeldPost(post, unit, path))
        return {user.pk: cls._made(user, places.get(user.member_id), posts.get(user.member_id, [])) for user in users}

    @classmethod
    def _made(cls, user: User, place: Membership | None, posts: list[HeldPost]) -> Authority:
        return cls(
            user_id=user.pk,
            member_id=user.member_id,
            branch_id=place.branch_id if place else None,
            branch_path=place.branch.path if place else "",
            group_id=place.group_id if place else None,
            duty=user.duty,
            is_superuser=user.is_superuser,
            posts=tuple(posts),
        )

    def holds(self, posts: frozenset[str]) -> bool:
        return any(held.post in posts for held in self.posts)

    def paths(self, posts: frozenset[str]) -> list[str]:
        """The tops of the subtrees that these posts open."""
        return [held.unit_path for held in self.posts if held.post in posts]

    def reaches(self, unit: OrgUnit | None, posts: frozenset[str]) -> bool:
        """Whether one of the posts is held in the unit or anywhere above it."""
        return unit is not None and any(unit.path.startswith(path) for path in self.paths(posts))

    def holds_in(self, unit: OrgUnit | None, posts: frozenset[str]) -> bool:
        """Whether one of the posts is held in this very unit."""
        return unit is not None and any(h.post in posts and h.unit_id == unit.pk for h in self.posts)

    @property
    def sees_all_trees(self) -> bool:
        """Whoever opens accounts or gives out duties must find every unit."""
        return self.has_duty("SYSTEM") or self.has_duty("SECURITY")

    def tree_roots(self) -> list[str]:
        """The tops of the organisation trees in which the person sits or holds a post."""
        paths = [self.branch_path, *(held.unit_path for held in self.posts)]
        return sorted({path.split(".")[0] + "." for path in paths if path})

    @property
    def holds_office(self) -> bool:
        """An administrator, or someone with a post above the branches."""
        return bool(
            self.duty
            or self.is_superuser
            or self.member_id is None
            or self.holds(COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS)
        )

    def has_duty(self, duty: str) -> bool:
        return self.duty in (duty, "ALL") or self.is_superuser


def below(paths: list[str], field: str) -> Q:
    """A condition: the unit's path in `field` lies under one of `paths`. No paths: nothing."""
    condition = Q(pk__in=[])
    for path in paths:
        condition |= Q(**{f"{field}__startswith": path})
    return condition
