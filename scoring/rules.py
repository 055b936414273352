"""Who may do what with months, scores and the ledger."""

from __future__ import annotations

import rules

from members.access import (
    BRANCH_COMMITTEE_POSTS,
    BUSINESS_ADMIN_POSTS,
    COMMITTEE_POSTS,
    ENTRY_POSTS,
    SECRETARY_POSTS,
    SEEING_POSTS,
)
from members.models import OrgUnit, User
from members.rules import is_business_admin, is_member, is_signed_in
from scoring.models import Account, CustomItem, Evidence, Grant, LedgerEntry, Month, RuleSet, Score, ScoreRun
from scoring.querysets import MONTH_POSTS

# Who decides what units may add to the rules of the unit that owns them, and who asks for a unit.
DECIDING_POSTS = BUSINESS_ADMIN_POSTS | COMMITTEE_POSTS
PROPOSING_POSTS = DECIDING_POSTS | SECRETARY_POSTS


def unit_of(thing: object) -> OrgUnit | None:
    if isinstance(thing, OrgUnit):
        return thing
    if isinstance(thing, Month | Grant | LedgerEntry | Score | ScoreRun):
        return thing.unit
    if isinstance(thing, RuleSet):
        return thing.owner
    if isinstance(thing, Evidence) and thing.cell is not None:
        return thing.cell.unit
    return None


@rules.predicate
def enters_for(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), ENTRY_POSTS)


@rules.predicate
def checks_for(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), BRANCH_COMMITTEE_POSTS)


@rules.predicate
def is_committee_over(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), COMMITTEE_POSTS)


@rules.predicate
def administers(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), BUSINESS_ADMIN_POSTS)


@rules.predicate
def sees_months_of(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), MONTH_POSTS)


@rules.predicate
def has_month_post(user: User) -> bool:
    return user.authority.holds(MONTH_POSTS)


@rules.predicate
def is_own_account(user: User, thing: object) -> bool:
    account = thing.account if isinstance(thing, Score | LedgerEntry) else thing
    return isinstance(account, Account) and account.member_id is not None and account.member_id == user.member_id


@rules.predicate
def sees_account(user: User, thing: object) -> bool:
    account = thing.account if isinstance(thing, Score | LedgerEntry) else thing
    if isinstance(thing, LedgerEntry) and user.authority.reaches(thing.unit, SEEING_POSTS):
        return True
    return isinstance(account, Account) and Account.objects.visible_to(user).filter(pk=account.pk).exists()


@rules.predicate
def adjusts_for(user: User, thing: object) -> bool:
    """Decides above the branch of somebody else."""
    if not isinstance(thing, Account) or thing.member is None or thing.member_id == user.member_id:
        return False
    authority, stay = user.authority, None
    if authority.holds(COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS):
        stay = thing.member.last_membership
    return stay is not None and authority.reaches(stay.branch, COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS)


@rules.predicate
def sees_evidence(user: User, thing: object) -> bool:
    return isinstance(thing, Evidence) and Evidence.objects.visible_to(user).filter(pk=thing.pk).exists()


@rules.predicate
def belongs_to_branch(user: User, thing: object) -> bool:
    unit = unit_of(thing)
    return unit is not None and user.authority.branch_id == unit.pk


@rules.predicate
def proposes_somewhere(user: User) -> bool:
    return user.authority.holds(PROPOSING_POSTS)


@rules.predicate
def proposes_for(user: User, thing: object) -> bool:
    return isinstance(thing, CustomItem) and user.authority.reaches(thing.unit, PROPOSING_POSTS)


@rules.predicate
def decides_custom_items(user: User, thing: object) -> bool:
    return isinstance(thing, CustomItem) and user.authority.reaches(thing.section.rule_set.owner, DECIDING_POSTS)


rules.add_perm("scoring.view_own_score", is_member)
rules.add_perm("scoring.view_score", is_own_account | sees_account)
rules.add_perm("scoring.view_ledger", is_own_account | sees_account)
rules.add_perm("scoring.list_months", has_month_post)
rules.add_perm("scoring.view_month", sees_months_of)
rules.add_perm("scoring.enter_month", enters_for)
rules.add_perm("scoring.view_evidence", sees_evidence)
rules.add_perm("scoring.remove_evidence", enters_for)
rules.add_perm("scoring.check_month", checks_for)
rules.add_perm("scoring.close_month", is_committee_over | checks_for)
rules.add_perm("scoring.reopen_month", is_committee_over)
rules.add_perm("scoring.return_month", checks_for | is_committee_over)
rules.add_perm("scoring.reverse_entry", enters_for)
rules.add_perm("scoring.view_ranking", is_signed_in)
rules.add_perm("scoring.view_unit_ranking", belongs_to_branch | sees_months_of)
rules.add_perm("scoring.view_analysis", has_month_post)
rules.add_perm("scoring.view_unit_analysis", sees_months_of)
rules.add_perm("scoring.export_analysis", sees_months_of)
rules.add_perm("scoring.export_ledger", sees_months_of)
rules.add_perm("scoring.start_run", is_committee_over | administers)
rules.add_perm("scoring.set_policy", administers | is_committee_over)
rules.add_perm("scoring.enter_year_totals", administers)
rules.add_perm("scoring.enter_openings", administers)
rules.add_perm("scoring.set_expected", administers)
rules.add_perm("scoring.view_archive", sees_months_of)
rules.add_perm("scoring.archive_year", is_committee_over | administers)
rules.add_perm("scoring.adjust_score", adjusts_for)
rules.add_perm("scoring.view_rules", is_signed_in)
rules.add_perm("scoring.view_rule_set", is_signed_in)
rules.add_perm("scoring.edit_rules", is_business_admin)
rules.add_perm("scoring.publish_rules", administers)
rules.add_perm("scoring.change_rules", administers)
rules.add_perm("scoring.try_rules", administers | is_committee_over)
rules.add_perm("scoring.export_what_if", administers | is_committee_over)
rules.add_perm("scoring.view_custom_items", has_month_post)
rules.add_perm("scoring.propose_custom_items", proposes_somewhere)
rules.add_perm("scoring.decide_custom_item", decides_custom_items)
rules.add_perm("scoring.end_custom_item", proposes_for | decides_custom_items)
