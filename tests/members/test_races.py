"""Two people at the same moment: one wins, the other is told."""

import datetime

from members.models import Appointment, Member, Membership, OrgUnit, User
from members.services import appointments, people, units, users
from tests import factories
from tests.factories import LONG_AGO, Kind, Post
from tests.harness.threads import race

DAY = datetime.date(2026, 5, 10)


def kinds(outcomes: list[object]) -> list[str]:
    return sorted(type(outcome).__name__ for outcome in outcomes)


def test_two_transfers_leave_one_open_membership(real_db):
    top = factories.committee()
    member, target, by = factories.member(factories.branch(top)), factories.branch(top), factories.user()

    def move(_number: int) -> Membership:
        fresh = Member.objects.get(pk=member.pk)
        return people.transfer(fresh, branch=target, group=None, on=DAY, by=by)

    assert kinds(race(2, move)) == ["Membership", "Refused"]
    ends = member.memberships.order_by("started_on").values_list("started_on", "ended_on")
    assert list(ends) == [(LONG_AGO, DAY), (DAY, None)]


def test_two_secretaries_cannot_be_appointed(real_db):
    branch, by = factories.branch(), factories.user()
    members = [factories.member(branch) for _ in range(2)]

    def appoint(number: int) -> Appointment:
        return appointments.appoint(members[number], unit=branch, post=Post.BRANCH_SECRETARY, started_on=DAY, by=by)

    assert kinds(race(2, appoint)) == ["Appointment", "Refused"]
    assert Appointment.objects.count() == 1


def test_accounts_are_opened_once(real_db):
    branch, by = factories.branch(), factories.user()
    for _ in range(3):
        factories.member(branch)
    assert kinds(race(2, lambda _number: users.open_users(branch, by=by))) == ["Refused", "list"]
    assert User.objects.filter(member__memberships__branch=branch).count() == 3


def test_two_moves_cannot_tie_a_knot(real_db):
    top, by = factories.committee(), factories.user()
    first, second = factories.committee(top), factories.committee(top)
    pairs = [(first, second), (second, first)]

    def move(number: int) -> None:
        unit, parent = (OrgUnit.objects.get(pk=unit.pk) for unit in pairs[number])
        units.move_unit(unit, parent=parent, by=by)

    assert kinds(race(2, move)) == ["NoneType", "Refused"]
    paths = dict(OrgUnit.objects.filter(kind=Kind.PARTY_COMMITTEE).values_list("pk", "path"))
    upper, lower = (first, second) if len(paths[first.pk]) < len(paths[second.pk]) else (second, first)
    assert paths == {
        top.pk: f"{top.pk}.",
        upper.pk: f"{top.pk}.{upper.pk}.",
        lower.pk: f"{top.pk}.{upper.pk}.{lower.pk}.",
    }
