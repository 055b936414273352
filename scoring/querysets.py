from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from members.access import (
    BRANCH_COMMITTEE_POSTS,
    BUSINESS_ADMIN_POSTS,
    COMMITTEE_POSTS,
    ENTRY_POSTS,
    LEADER_POSTS,
    SEEING_POSTS,
    below,
)
from scoring.months import period_start

if TYPE_CHECKING:
    from members.models import Member, OrgUnit, User
    from scoring.models import (  # noqa: F401
        Account,
        Activity,
        Claim,
        CustomItem,
        Evidence,
        Grant,
        LedgerEntry,
        Month,
        Result,
        RuleSet,
        Score,
        ScoreRun,
        Veto,
    )

# Whoever holds one of these works with the months of a branch.
MONTH_POSTS = COMMITTEE_POSTS | BRANCH_COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS | {"SCORE_CLERK"}


class RuleSetQuerySet(QuerySet["RuleSet"]):
    def published(self) -> RuleSetQuerySet:
        return self.exclude(state="DRAFT")

    def in_force(self, month: int, kind: str = "MEMBER") -> RuleSetQuerySet:
        """Published versions that cover the month; a superseded one still rules the months it covered."""
        return self.published().filter(
            Q(effective_to__isnull=True) | Q(effective_to__gte=month),
            effective_from__lte=month,
            account_kind=kind,
        )

    def for_unit(self, unit: OrgUnit, month: int, kind: str = "MEMBER") -> RuleSet | None:
        """The rule set of the nearest unit upwards that has one in force; the latest version of it."""
        chain = [int(part) for part in unit.path.split(".") if part]
        rows = self.in_force(month, kind).filter(owner__in=chain).select_related("owner")
        return max(rows, key=lambda row: (row.owner.depth, row.effective_from, row.version, row.pk), default=None)

    def visible_to(self, user: User) -> RuleSetQuerySet:
        """Rules are published to everyone they bind; drafts to those who write them or decide over them."""
        units = apps.get_model("members", "OrgUnit").objects.visible_to(user)
        rows = self.filter(owner__in=units.values("pk"))
        decides = user.authority.holds(BUSINESS_ADMIN_POSTS | COMMITTEE_POSTS)
        return rows if decides else rows.exclude(state="DRAFT")


class ActivityQuerySet(QuerySet["Activity"]):
    def visible_to(self, user: User) -> ActivityQuerySet:
        """Those of one's own branch, and of the units in which one holds a seeing post."""
        authority = user.authority
        if authority.is_superuser:
            return self
        own = Q(unit=authority.branch_id) if authority.branch_id else Q(pk__in=[])
        reach = authority.paths(SEEING_POSTS)
        return self.filter(own | below(reach, "unit__path") | below(reach, "group__path"))

    def within(self, unit: OrgUnit) -> ActivityQuerySet:
        return self.filter(unit__path__startswith=unit.path)

    def between(self, first: datetime.date, last: datetime.date) -> ActivityQuerySet:
        """By the day each is known by: when it was held, until then when it is planned."""
        planned = Q(held_on__isnull=True, planned_on__gte=first, planned_on__lte=last)
        return self.filter(planned | Q(held_on__gte=first, held_on__lte=last))


class ClaimQuerySet(QuerySet["Claim"]):
    def visible_to(self, user: User) -> ClaimQuerySet:
        """One's own; those of the group one leads, and of the branches whose committee or committees one is in."""
        authority = user.authority
        if authority.is_superuser:
            return self
        own = Q(account__member=authority.member_id) if authority.member_id else Q(pk__in=[])
        handed_in = ~Q(state="DRAFT")
        leads = below(authority.paths(LEADER_POSTS), "group__path")
        decides = below(authority.paths(BRANCH_COMMITTEE_POSTS | COMMITTEE_POSTS), "unit__path")
        return self.filter(own | (handed_in & (leads | decides)))

    def handed_in_to(self, user: User) -> ClaimQuerySet:
        """What `visible_to` has besides one's own, by plain ids where it can: an index finds a branch among many."""
        handed_in, authority = self.exclude(state="DRAFT"), user.authority
        if authority.is_superuser:
            return handed_in
        branches = [one.unit_id for one in authority.posts if one.post in BRANCH_COMMITTEE_POSTS]
        groups = [one.unit_id for one in authority.posts if one.post in LEADER_POSTS]
        reach = below(authority.paths(COMMITTEE_POSTS), "unit__path")
        return handed_in.filter(Q(unit__in=branches) | Q(group__in=groups) | reach)

    def waiting_for(self, user: User) -> ClaimQuerySet:
        """Those whose next step this person may do: never one's own, never a second step on the same one."""
        authority = user.authority
        held = {step: [one.unit_id for one in authority.posts if one.post in posts] for step, posts in _STEPS.items()}
        escalated = below(authority.paths(COMMITTEE_POSTS), "unit__path") | Q(unit__in=held["DEPUTY"])
        chosen = (
            Q(next_step="CHECK", group__in=held["CHECK"])
            | Q(next_step="REVIEW", unit__in=held["REVIEW"])
            | Q(next_step="APPROVE", unit__in=held["APPROVE"])
            | (Q(next_step="APPROVE", is_escalated=True) & escalated)
        )
        moves = apps.get_model("scoring", "ClaimMove").objects.exclude(step="")
        acted = moves.filter(claim=OuterRef("pk"), round=OuterRef("round"), by=user.pk)
        own = Q(account__member=authority.member_id or 0) | Q(kind="DEDUCTION", filed_by=user.pk)
        return self.filter(chosen).exclude(own).exclude(Exists(acted))


_STEPS = {
    "CHECK": LEADER_POSTS,
    "REVIEW": BRANCH_COMMITTEE_POSTS,
    "APPROVE": frozenset({"BRANCH_SECRETARY"}),
    "DEPUTY": frozenset({"BRANCH_DEPUTY"}),
}


class CustomItemQuerySet(QuerySet["CustomItem"]):
    def visible_to(self, user: User) -> CustomItemQuerySet:
        """Those who propose for the unit, and those who decide above it."""
        if user.authority.is_superuser:
            return self
        posts = ENTRY_POSTS | COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS
        return self.filter(below(user.authority.paths(posts), "unit__path"))


class AccountQuerySet(QuerySet["Account"]):
    def of_member(self, member: Member) -> AccountQuerySet:
        return self.filter(member=member)

    def visible_to(self, user: User) -> AccountQuerySet:
        members = apps.get_model("members", "Member").objects.visible_to(user)
        return self.filter(member__in=members.values("pk"))


class LedgerEntryQuerySet(QuerySet["LedgerEntry"]):
    def standing(self) -> LedgerEntryQuerySet:
        """Entries that count: neither reversed nor a reversal."""
        return self.filter(reverses__isnull=True).exclude(
            Exists(self.model._default_manager.filter(reverses=OuterRef("pk")))
        )

    def visible_to(self, user: User) -> LedgerEntryQuerySet:
        """One's own, and those of the units in which one holds a seeing post (as they were filed)."""
        authority = user.authority
        if authority.is_superuser:
            return self
        reach = authority.paths(SEEING_POSTS)
        own = Q(account__member=authority.member_id) if authority.member_id else Q(pk__in=[])
        members = apps.get_model("members", "Member").objects.visible_to(user)
        grouped = Q(account__member__in=members.values("pk")) if reach else Q(pk__in=[])
        return self.filter(own | below(reach, "unit__path") | grouped)


class GrantQuerySet(QuerySet["Grant"]):
    def visible_to(self, user: User) -> GrantQuerySet:
        if user.authority.is_superuser:
            return self
        return self.filter(below(user.authority.paths(MONTH_POSTS), "unit__path"))


class EvidenceQuerySet(QuerySet["Evidence"]):
    def standing(self) -> EvidenceQuerySet:
        return self.filter(removed_at__isnull=True)

    def visible_to(self, user: User) -> EvidenceQuerySet:
        """Whoever works with the branch's months sees files as they come, whoever sees a claim those of the claim;
        others once they stand in the ledger."""
        authority = user.authority
        if authority.is_superuser:
            return self.standing().filter(is_held=False)
        accounts = apps.get_model("scoring", "Account").objects.visible_to(user).values("pk")
        posted = Q(entry__account__in=accounts)
        claims = apps.get_model("scoring", "Claim").objects.visible_to(user).values("pk")
        worked_with = below(authority.paths(MONTH_POSTS), "cell__unit__path")
        return self.standing().filter(posted | worked_with | Q(claim__in=claims))


class VetoQuerySet(QuerySet["Veto"]):
    def in_force(self, month: int, period: str, until: str) -> VetoQuerySet:
        """Those that bear on the points of a month: in force in any month of the period to date; by the rules until
        lifted (LIFTED), or at the latest until their year ends (YEAR_END)."""
        rows = self.filter(from_month__lte=month).exclude(to_month__lte=period_start(month, period))
        # With the month it began in as the end, it never held.
        rows = rows.exclude(to_month=F("from_month"))
        return rows.filter(from_month__gte=period_start(month, "YEAR")) if until == "YEAR_END" else rows


class MonthQuerySet(QuerySet["Month"]):
    def visible_to(self, user: User) -> MonthQuerySet:
        if user.authority.is_superuser:
            return self
        return self.filter(below(user.authority.paths(MONTH_POSTS), "unit__path"))

    def within(self, unit: OrgUnit) -> MonthQuerySet:
        return self.filter(unit__path__startswith=unit.path)


class ScoreRunQuerySet(QuerySet["ScoreRun"]):
    def visible_to(self, user: User) -> ScoreRunQuerySet:
        if user.authority.is_superuser:
            return self
        return self.filter(below(user.authority.paths(COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS), "unit__path"))


class ScoreQuerySet(QuerySet["Score"]):
    def visible_to(self, user: User) -> ScoreQuerySet:
        authority = user.authority
        if authority.is_superuser:
            return self
        reach = authority.paths(SEEING_POSTS)
        own = Q(account__member=authority.member_id) if authority.member_id else Q(pk__in=[])
        return self.filter(own | below(reach, "unit__path") | below(reach, "group__path"))

    def within(self, unit: OrgUnit) -> ScoreQuerySet:
        return self.filter(unit__path__startswith=unit.path)


class ResultQuerySet(QuerySet["Result"]):
    def visible_to(self, user: User) -> ResultQuerySet:
        authority = user.authority
        if authority.is_superuser:
            return self
        reach = authority.paths(SEEING_POSTS)
        own = Q(account__member=authority.member_id) if authority.member_id else Q(pk__in=[])
        return self.filter(own | below(reach, "unit__path") | below(reach, "group__path"))

    def within(self, unit: OrgUnit) -> ResultQuerySet:
        return self.filter(unit__path__startswith=unit.path)
