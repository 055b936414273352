"""Who may do what with members, units and sign-ins. Small facts, combined."""

from __future__ import annotations

import rules

from members.access import (
    BRANCH_COMMITTEE_POSTS,
    BUSINESS_ADMIN_POSTS,
    COMMITTEE_POSTS,
    SECRETARY_POSTS,
    SEEING_POSTS,
)
from members.models import Appointment, Exclusion, Member, Membership, OrgUnit, RosterImport, User


def unit_of(thing: object) -> OrgUnit | None:
    """The organisation a thing belongs to; for a member the branch, after leaving the last one."""
    if isinstance(thing, OrgUnit):
        return thing
    if isinstance(thing, RosterImport | Appointment):
        return thing.unit
    if isinstance(thing, Membership):
        return thing.branch
    if isinstance(thing, Exclusion):
        return unit_of(thing.member)
    if isinstance(thing, Member) and thing.last_membership:
        return thing.last_membership.branch
    return None


@rules.predicate
def is_signed_in(user: User) -> bool:
    return user.is_authenticated


@rules.predicate
def is_member(user: User) -> bool:
    return user.member_id is not None


@rules.predicate
def is_self(user: User, thing: object) -> bool:
    return isinstance(thing, Member) and thing.pk == user.member_id


@rules.predicate
def has_seeing_post(user: User) -> bool:
    return user.authority.holds(SEEING_POSTS)


@rules.predicate
def sees_tree_of(user: User, thing: object) -> bool:
    unit, authority = unit_of(thing), user.authority
    return unit is not None and (
        authority.sees_all_trees or any(unit.path.startswith(root) for root in authority.tree_roots())
    )


@rules.predicate
def is_business_admin(user: User) -> bool:
    return user.authority.holds(BUSINESS_ADMIN_POSTS)


@rules.predicate
def is_business_admin_above(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), BUSINESS_ADMIN_POSTS)


@rules.predicate
def is_secretary(user: User) -> bool:
    return user.authority.holds(SECRETARY_POSTS)


@rules.predicate
def is_secretary_of(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), SECRETARY_POSTS)


@rules.predicate
def is_branch_committee_of(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), BRANCH_COMMITTEE_POSTS)


@rules.predicate
def is_committee_above(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), COMMITTEE_POSTS)


@rules.predicate
def sees_unit(user: User, thing: object) -> bool:
    """Holds a seeing post in or above the unit, or in a group below the member's branch."""
    if user.authority.reaches(unit_of(thing), SEEING_POSTS):
        return True
    return isinstance(thing, Member) and Member.objects.visible_to(user).filter(pk=thing.pk).exists()


@rules.predicate
def is_system_admin(user: User) -> bool:
    return user.authority.has_duty("SYSTEM")


@rules.predicate
def is_security_admin(user: User) -> bool:
    return user.authority.has_duty("SECURITY")


@rules.predicate
def is_account_of_office(user: User, thing: object) -> bool:
    """An account whose password nobody in a branch may reset: it leads further than the branch."""
    return isinstance(thing, User) and thing.authority.holds_office


@rules.predicate
def looks_after(user: User, thing: object) -> bool:
    """Secretary or business administrator of the person's branch, and of everything where the person holds a
    post: whoever resets a password could sign in with it."""
    if not isinstance(thing, User) or thing.duty or thing.is_superuser:
        return False
    own = user.authority.paths(SECRETARY_POSTS | BUSINESS_ADMIN_POSTS)
    places = [thing.authority.branch_path, *(held.unit_path for held in thing.authority.posts)]
    return all(any(place.startswith(path) for path in own) for place in places)


@rules.predicate
def is_auditor(user: User) -> bool:
    return user.authority.has_duty("AUDIT")


rules.add_perm("members", is_system_admin)  # the rescue tool lists the app
rules.add_perm("members.use_product", is_signed_in)
rules.add_perm("members.read_messages", is_signed_in)
rules.add_perm("members.choose_mail", is_signed_in)
rules.add_perm("members.view_digests", is_system_admin)
rules.add_perm("members.set_up", is_business_admin)
rules.add_perm("members.view_tree", is_signed_in)
rules.add_perm("members.view_unit", sees_tree_of)
rules.add_perm("members.add_root_unit", is_system_admin)
rules.add_perm("members.add_unit", is_business_admin_above | is_system_admin)
rules.add_perm("members.change_unit", is_business_admin_above | is_system_admin)
rules.add_perm("members.list_members", has_seeing_post)
rules.add_perm("members.view_member", is_self | sees_unit)
rules.add_perm("members.admit_members", is_business_admin | is_secretary)
rules.add_perm("members.change_member", is_business_admin_above | is_secretary_of)
rules.add_perm("members.reveal_member", is_business_admin_above | is_secretary_of)
rules.add_perm("members.transfer_member", is_business_admin_above | is_secretary_of)
rules.add_perm("members.leave_member", is_business_admin_above)
rules.add_perm("members.exclude_member", is_business_admin_above | is_secretary_of)
rules.add_perm("members.list_appointments", has_seeing_post)
rules.add_perm("members.appoint_member", is_business_admin_above)
rules.add_perm("members.import_appointments", is_business_admin)
rules.add_perm("members.export_roster", is_business_admin_above | is_secretary_of)
rules.add_perm("members.import_roster", is_business_admin | is_secretary)
rules.add_perm("members.view_import", is_business_admin_above | is_secretary_of)
rules.add_perm("members.list_users", is_business_admin | is_secretary | is_system_admin | is_security_admin)
rules.add_perm("members.open_users", is_business_admin_above | is_secretary_of)
rules.add_perm("members.open_administrator", is_system_admin)
rules.add_perm("members.reset_password", looks_after | is_account_of_office & is_system_admin)
rules.add_perm("members.lock_user", is_security_admin)
rules.add_perm("members.assign_duty", is_security_admin)
rules.add_perm("members.view_audit", is_auditor)
rules.add_perm("members.export_audit", is_auditor)
