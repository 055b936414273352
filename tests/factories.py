"""Things to test with: plain functions with dull defaults. Each app adds its own at the end."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password

from members.models import Appointment, Exclusion, Member, Membership, OrgUnit, User

Kind = OrgUnit.Kind
Post = Appointment.Post
Duty = User.Duty

LONG_AGO = datetime.date(2020, 1, 1)
PASSWORD = "correct-horse-7"
_next = count(1)


@cache
def _hashed(password: str) -> str:
    # Slow on purpose, so once per run.
    return make_password(password)


def unit(kind: str, parent: OrgUnit | None = None, name: str = "", **fields: Any) -> OrgUnit:
    name = name or f"{Kind(kind).label}{next(_next)}"
    row = OrgUnit.objects.create(kind=kind, parent=parent, name=name, **fields)
    row.path = f"{parent.path if parent else ''}{row.pk}."
    row.save(update_fields=["path"])
    return row


def committee(parent: OrgUnit | None = None, name: str = "") -> OrgUnit:
    return unit(Kind.PARTY_COMMITTEE, parent, name)


def branch(parent: OrgUnit | None = None, name: str = "") -> OrgUnit:
    return unit(Kind.BRANCH, parent or committee(), name)


def group(parent: OrgUnit | None = None, name: str = "") -> OrgUnit:
    return unit(Kind.PARTY_GROUP, parent or branch(), name)


def membership(
    person: Member,
    branch: OrgUnit,
    group: OrgUnit | None = None,
    started_on: datetime.date = LONG_AGO,
    **fields: Any,
) -> Membership:
    return Membership.objects.create(member=person, branch=branch, group=group, started_on=started_on, **fields)


def member(
    branch: OrgUnit | None = None,
    group: OrgUnit | None = None,
    name: str = "",
    staff_number: str = "",
    started_on: datetime.date = LONG_AGO,
    **fields: Any,
) -> Member:
    """A full member with a place; `branch=None` gives one without."""
    number = next(_next)
    person = Member(
        staff_number=staff_number or str(20000 + number),
        name=name or "王建国",
        **{"joined_on": datetime.date(2010, 7, 1), "regular_on": datetime.date(2011, 7, 1), **fields},
    )
    person.save()
    if branch:
        membership(person, branch, group, started_on)
    return person


def appointment(
    person: Member, unit: OrgUnit, post: str, started_on: datetime.date = LONG_AGO, **fields: Any
) -> Appointment:
    return Appointment.objects.create(member=person, unit=unit, post=post, started_on=started_on, **fields)


def exclusion(person: Member, by: User, **fields: Any) -> Exclusion:
    return Exclusion.objects.create(
        member=person,
        by=by,
        **{"started_on": LONG_AGO, "decided_on": LONG_AGO, "reason": "长期病休", **fields},
    )


def user(person: Member | None = None, username: str = "", password: str = PASSWORD, **fields: Any) -> User:
    """A sign-in whose first password is already changed."""
    username = username or (person.staff_number if person else f"user{next(_next)}")
    return User.objects.create(username=username, member=person, password=_hashed(password), **fields)


def official(unit: OrgUnit, post: str, branch: OrgUnit, group: OrgUnit | None = None, name: str = "") -> User:
    """A signed-in member of `branch` who holds `post` in `unit`."""
    person = member(branch, group, name)
    appointment(person, unit, post)
    return user(person)


@dataclass(frozen=True)
class Cast:
    """The people of most tests: one committee, a branch with a group, and another branch."""

    committee: OrgUnit
    branch: OrgUnit
    group: OrgUnit
    other_branch: OrgUnit
    department: OrgUnit
    member: User
    colleague: User
    stranger: User
    group_leader: User
    secretary: User
    deputy: User
    commissioner: User
    committee_member: User
    business_admin: User
    system_admin: User
    security_admin: User
    auditor: User

    def by_role(self) -> dict[str, User]:
        return {name: person for name, person in vars(self).items() if isinstance(person, User)}


def cast() -> Cast:
    """member and colleague share the branch and the group; the stranger sits in the other branch."""
    top = committee(name="华东能源集团有限公司党委")
    office = branch(top, "机关党支部")
    home = branch(top, "检修部党支部")
    team = group(home, "第一党小组")
    other = branch(top, "运行部党支部")
    return Cast(
        committee=top,
        branch=home,
        group=team,
        other_branch=other,
        department=unit(Kind.DEPARTMENT, top, "党建工作部"),
        member=user(member(home, team, "王建国")),
        colleague=user(member(home, team, "李静怡")),
        stranger=user(member(other, None, "孙立新")),
        group_leader=official(team, Post.GROUP_LEADER, home, team, "周敏"),
        secretary=official(home, Post.BRANCH_SECRETARY, home, None, "陈志远"),
        deputy=official(home, Post.BRANCH_DEPUTY, home, None, "吴海涛"),
        commissioner=official(home, Post.ORG_COMMISSIONER, home, None, "郑雪"),
        committee_member=official(top, Post.COMMITTEE_MEMBER, office, None, "冯志刚"),
        business_admin=official(top, Post.PARTY_WORKER, office, None, "褚卫东"),
        system_admin=user(username="system", duty=Duty.SYSTEM),
        security_admin=user(username="security", duty=Duty.SECURITY),
        auditor=user(username="audit", duty=Duty.AUDIT),
    )
