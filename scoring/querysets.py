from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet

from members.access import (
    BRANCH_COMMITTEE_POSTS,
    BUSINESS_ADMIN_POSTS,
    COMMITTEE_POSTS,
    ENTRY_POSTS,
    SEEING_POSTS,
    below,
)

if TYPE_CHECKING:
    from members.models import Member, OrgUnit, User
    from scoring.models import (  # noqa: F401
        Account,
        CustomItem,
        Evidence,
        Grant,
        LedgerEntry,
        Month,
        Result,
        RuleSet,
        Score,
        ScoreRun,
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
        """Whoever works with the branch's months sees files as they come; others once they stand in the ledger."""
        authority = user.authority
        if authority.is_superuser:
            return self.standing()
        accounts = apps.get_model("scoring", "Account").objects.visible_to(user).values("pk")
        posted = Q(entry__account__in=accounts)
        return self.standing().filter(posted | below(authority.paths(MONTH_POSTS), "cell__unit__path"))


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
