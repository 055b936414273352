"""Who may do what with ratings and what belongs to them. Small facts, combined."""

from __future__ import annotations

import rules

from evaluations.models import Campaign, Candidate, Poll, VetoCase
from evaluations.querysets import CASE_POSTS, PREPARING_POSTS
from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS
from members.models import OrgUnit, User
from members.rules import is_signed_in


@rules.predicate
def has_case_post(user: User) -> bool:
    return user.authority.holds(CASE_POSTS)


@rules.predicate
def proposes_for(user: User, thing: object) -> bool:
    return isinstance(thing, OrgUnit) and user.authority.reaches(thing, CASE_POSTS)


@rules.predicate
def is_about_user(user: User, thing: object) -> bool:
    return isinstance(thing, VetoCase) and user.member_id is not None and thing.account.member_id == user.member_id


@rules.predicate
def is_about_somebody_else(user: User, thing: object) -> bool:
    return isinstance(thing, VetoCase) and thing.account.member_id != user.member_id


@rules.predicate
def works_on_case(user: User, thing: object) -> bool:
    return isinstance(thing, VetoCase) and user.authority.reaches(thing.unit, CASE_POSTS)


@rules.predicate
def records_for_case(user: User, thing: object) -> bool:
    return isinstance(thing, VetoCase) and user.authority.reaches(thing.unit, BRANCH_COMMITTEE_POSTS)


@rules.predicate
def decides_case(user: User, thing: object) -> bool:
    return isinstance(thing, VetoCase) and user.authority.reaches(thing.unit, COMMITTEE_POSTS)


rules.add_perm("evaluations.list_vetoes", has_case_post)
rules.add_perm("evaluations.propose_veto", proposes_for)
rules.add_perm("evaluations.view_veto", is_about_user | works_on_case)
rules.add_perm("evaluations.answer_veto", is_about_user)
rules.add_perm("evaluations.appeal_veto", is_about_user | works_on_case)
rules.add_perm("evaluations.work_on_veto", works_on_case & is_about_somebody_else)
rules.add_perm("evaluations.record_veto_vote", records_for_case & is_about_somebody_else)
rules.add_perm("evaluations.decide_veto", decides_case & is_about_somebody_else)


# --- campaigns and polls ---------------------------------------------------------------------------
def unit_of(thing: object) -> OrgUnit | None:
    """Whose campaign it is; of a poll or a candidate the branch."""
    if isinstance(thing, OrgUnit):
        return thing
    return thing.unit if isinstance(thing, Campaign | Candidate | Poll) else None


@rules.predicate
def prepares(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), PREPARING_POSTS)


@rules.predicate
def reviews_for(user: User, thing: object) -> bool:
    """Sits in the branch committee, or above it."""
    return user.authority.reaches(unit_of(thing), CASE_POSTS | PREPARING_POSTS)


@rules.predicate
def approves_for(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), COMMITTEE_POSTS)


@rules.predicate
def is_own_candidate(user: User, thing: object) -> bool:
    return isinstance(thing, Candidate) and user.member_id is not None and thing.account.member_id == user.member_id


@rules.predicate
def is_on_roll(user: User, thing: object) -> bool:
    return isinstance(thing, Poll) and user.member_id is not None and thing.roll.filter(member=user.member_id).exists()


@rules.predicate
def is_member(user: User) -> bool:
    """The roll itself says who votes: whoever is not on it does not find the ballot."""
    return user.member_id is not None


@rules.predicate
def sees_campaign(user: User, thing: object) -> bool:
    return isinstance(thing, Campaign) and Campaign.objects.visible_to(user).filter(pk=thing.pk).exists()


rules.add_perm("evaluations.list_campaigns", is_signed_in)
rules.add_perm("evaluations.view_campaign", sees_campaign)
rules.add_perm("evaluations.prepare_campaign", prepares)
rules.add_perm("evaluations.view_candidate", is_own_candidate | reviews_for)
rules.add_perm("evaluations.write_self_review", is_own_candidate)
rules.add_perm("evaluations.review_branch", reviews_for)
rules.add_perm("evaluations.approve_campaign", approves_for)
rules.add_perm("evaluations.manage_poll", reviews_for)
rules.add_perm("evaluations.cast_ballot", is_on_roll)
rules.add_perm("evaluations.open_ballot", is_member)
