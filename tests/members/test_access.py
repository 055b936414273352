"""Lists and pages agree on who sees what: `visible_to` is the view permission, asked of many."""

import datetime

import pytest
from django.contrib.auth.models import Permission

from members.models import Appointment, Member, Membership, OrgUnit, User
from tests import factories
from tests.factories import Duty, Post

pytestmark = pytest.mark.django_db
WHAT = {Member: "members.view_member", OrgUnit: "members.view_unit"}


@pytest.mark.parametrize("model", WHAT, ids=lambda model: model.__name__)
def test_visible_to_equals_the_view_permission(model):
    cast = factories.cast()
    elsewhere = factories.committee(name="另一个党委")
    factories.member(factories.branch(elsewhere))
    moved = factories.member(cast.other_branch, started_on=datetime.date(2026, 1, 1))
    factories.membership(moved, cast.branch, cast.group, ended_on=datetime.date(2026, 1, 1), ending="TRANSFER")
    gone = factories.member()
    factories.membership(gone, cast.branch, ended_on=datetime.date(2026, 1, 1), ending="LEFT")
    things = list(model.objects.all())
    for role, person in cast.by_role().items():
        listed = {thing.pk for thing in model.objects.visible_to(person)}
        allowed = {thing.pk for thing in things if person.has_perm(WHAT[model], thing)}
        assert (role, listed) == (role, allowed)


def test_member_sees_only_oneself_among_members():
    cast = factories.cast()
    assert list(Member.objects.visible_to(cast.member)) == [cast.member.member]


def test_group_leader_sees_the_group_and_not_the_branch():
    cast = factories.cast()
    seen = set(Member.objects.visible_to(cast.group_leader))
    assert seen == {cast.member.member, cast.colleague.member, cast.group_leader.member}


def test_secretary_sees_past_members_of_the_branch():
    cast = factories.cast()
    moved = factories.member(cast.other_branch, started_on=datetime.date(2026, 1, 1))
    factories.membership(moved, cast.branch, ended_on=datetime.date(2026, 1, 1), ending="TRANSFER")
    assert moved in Member.objects.visible_to(cast.secretary)
    assert cast.stranger.member not in Member.objects.visible_to(cast.secretary)
    assert not cast.secretary.has_perm("members.change_member", moved)


def test_administrators_see_no_members():
    cast = factories.cast()
    for person in (cast.system_admin, cast.security_admin, cast.auditor):
        assert list(Member.objects.visible_to(person)) == []
        assert list(Membership.objects.visible_to(person)) == []


def test_authority_ends_with_the_post():
    cast = factories.cast()
    Appointment.objects.filter(member=cast.secretary.member).update(ended_on=datetime.date(2026, 1, 1))
    fresh = User.objects.get(pk=cast.secretary.pk)
    assert list(Member.objects.visible_to(fresh)) == [fresh.member]


def test_authority_costs_two_queries_whatever_is_asked(queries):
    person = User.objects.get(pk=factories.cast().secretary.pk)
    with queries() as asked:
        for _ in range(3):
            person.authority.holds(frozenset({Post.BRANCH_SECRETARY}))
    assert len(asked) == 2


def test_django_permissions_open_nothing():
    """`members.view_member` is also the name of a permission of Django's own: it must not count."""
    person = factories.user()
    person.user_permissions.add(*_django_permissions("view_member", "change_member"))
    member = factories.member(factories.branch())
    assert person.has_perm("members.view_member", member) is False
    assert person.has_perm("members.view_member") is False


def _django_permissions(*codes):
    return Permission.objects.filter(codename__in=codes, content_type__app_label="members")


# --- whose password --------------------------------------------------------------------------
def resets(person: User, target: User) -> bool:
    return bool(person.has_perm("members.reset_password", target))


def test_secretary_resets_only_whom_the_branch_outranks():
    cast = factories.cast()
    clerk = factories.official(cast.branch, Post.SCORE_CLERK, cast.branch)
    worker = factories.official(cast.committee, Post.PARTY_WORKER, cast.branch)
    inspector = factories.official(cast.department, Post.INSPECTOR, cast.branch)
    auditor = factories.user(factories.member(cast.branch), duty=Duty.AUDIT)
    targets = {
        "member": cast.member, "clerk": clerk, "worker": worker, "inspector": inspector, "auditor": auditor,
        "stranger": cast.stranger,
    }  # fmt: skip
    assert {name for name, target in targets.items() if resets(cast.secretary, target)} == {"member", "clerk"}
    assert {name for name, target in targets.items() if resets(cast.business_admin, target)} == {
        "member", "clerk", "worker", "inspector", "stranger",
    }  # fmt: skip
    assert {name for name, target in targets.items() if resets(cast.system_admin, target)} == {"worker", "auditor"}


def test_users_are_visible_to_who_looks_after_them():
    cast = factories.cast()
    in_branch = {cast.member, cast.colleague, cast.group_leader, cast.secretary, cast.deputy, cast.commissioner}
    assert set(User.objects.visible_to(cast.secretary)) == in_branch
    assert set(User.objects.visible_to(cast.member)) == {cast.member}
    assert set(User.objects.visible_to(cast.security_admin)) == set(User.objects.all())
