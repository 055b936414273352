"""Who may do what with months, scores and the ledger."""

from __future__ import annotations

import rules

from members.access import (
    BRANCH_COMMITTEE_POSTS,
    BUSINESS_ADMIN_POSTS,
    COMMITTEE_POSTS,
    ENTRY_POSTS,
    LEADER_POSTS,
    SECRETARY_POSTS,
    SEEING_POSTS,
)
from members.models import OrgUnit, User
from members.rules import has_seeing_post, is_business_admin, is_member, is_signed_in
from scoring.models import (
    Account,
    Activity,
    Claim,
    CustomItem,
    Evidence,
    Grant,
    LedgerEntry,
    Month,
    RuleSet,
    Score,
    ScoreRun,
)
from scoring.querysets import MONTH_POSTS

# Who decides what units may add to the rules of the unit that owns them, and who asks for a unit.
DECIDING_POSTS = BUSINESS_ADMIN_POSTS | COMMITTEE_POSTS
PROPOSING_POSTS = DECIDING_POSTS | SECRETARY_POSTS
# Who does a step of a claim, and who proposes a deduction.
DEDUCTING_POSTS = BRANCH_COMMITTEE_POSTS | COMMITTEE_POSTS
CLAIM_POSTS = DEDUCTING_POSTS | LEADER_POSTS


def unit_of(thing: object) -> OrgUnit | None:
    if isinstance(thing, OrgUnit):
        return thing
    if isinstance(thing, Activity | Month | Grant | LedgerEntry | Score | ScoreRun):
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
def has_claim_post(user: User) -> bool:
    return user.authority.holds(CLAIM_POSTS)


@rules.predicate
def sees_claim(user: User, thing: object) -> bool:
    """As `ClaimQuerySet.visible_to` has it."""
    if not isinstance(thing, Claim):
        return False
    if thing.account.member_id is not None and thing.account.member_id == user.member_id:
        return True
    authority = user.authority
    sees = authority.reaches(thing.group, LEADER_POSTS) or authority.reaches(thing.unit, DEDUCTING_POSTS)
    return thing.state != Claim.State.DRAFT and sees


@rules.predicate
def has_filed_claim(user: User, thing: object) -> bool:
    """Who filed the claim, or the claim that a file belongs to; of a deduction who proposed it."""
    claim = thing.claim if isinstance(thing, Evidence) else thing
    return isinstance(claim, Claim) and claim.filed_by_id == user.pk


@rules.predicate
def is_someone_elses_claim(user: User, thing: object) -> bool:
    """Neither filed by this person nor about this person; who may do the next step is asked by the service."""
    if not isinstance(thing, Claim) or thing.filed_by_id == user.pk:
        return False
    return thing.account.member_id is None or thing.account.member_id != user.member_id


@rules.predicate
def is_deduction_of_oneself(user: User, thing: object) -> bool:
    if not isinstance(thing, Claim) or thing.kind != Claim.Kind.DEDUCTION or user.member_id is None:
        return False
    return thing.account.member_id == user.member_id


@rules.predicate
def deducts_for(user: User, thing: object) -> bool:
    return user.authority.reaches(unit_of(thing), DEDUCTING_POSTS)


@rules.predicate
def belongs_to_branch(user: User, thing: object) -> bool:
    unit = unit_of(thing)
    return unit is not None and user.authority.branch_id == unit.pk


@rules.predicate
def sees_activity(user: User, thing: object) -> bool:
    """Of one's own branch, or of a branch or group that one looks after."""
    if not isinstance(thing, Activity):
        return False
    authority = user.authority
    looked_after = authority.reaches(thing.unit, SEEING_POSTS) or authority.reaches(thing.group, SEEING_POSTS)
    return looked_after or authority.branch_id == thing.unit_id


@rules.predicate
def keeps_activities(user: User, thing: object) -> bool:
    """Who types the branch's months in; of the meetings of a group also its leader."""
    authority = user.authority
    if authority.reaches(unit_of(thing), ENTRY_POSTS):
        return True
    if isinstance(thing, Activity):
        return authority.holds_in(thing.group, LEADER_POSTS)
    led = authority.paths(LEADER_POSTS)
    return isinstance(thing, OrgUnit) and any(path.startswith(thing.path) for path in led)


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
rules.add_perm("scoring.list_claims", is_member | has_claim_post)
rules.add_perm("scoring.file_claim", is_member)
rules.add_perm("scoring.view_claim", sees_claim)
rules.add_perm("scoring.change_claim", has_filed_claim)
rules.add_perm("scoring.act_on_claims", has_claim_post)
rules.add_perm("scoring.act_on_claim", has_claim_post & is_someone_elses_claim)
rules.add_perm("scoring.start_deduction", deducts_for)
rules.add_perm("scoring.answer_claim", is_deduction_of_oneself)
rules.add_perm("scoring.list_activities", is_member | has_seeing_post)
rules.add_perm("scoring.view_activity", sees_activity)
rules.add_perm("scoring.keep_activities", keeps_activities)
rules.add_perm("scoring.view_life_check", sees_months_of)
rules.add_perm("scoring.view_turnout", sees_months_of)
rules.add_perm("scoring.export_turnout", sees_months_of)
rules.add_perm("scoring.view_year_lines", sees_months_of | is_own_account | sees_account)
rules.add_perm("scoring.export_year_lines", sees_months_of | is_own_account | sees_account)
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
