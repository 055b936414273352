"""Questions about ratings and what belongs to them. Chainable; who may see what is `visible_to`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Q, QuerySet

from members.access import BRANCH_COMMITTEE_POSTS, BUSINESS_ADMIN_POSTS, COMMITTEE_POSTS, below

if TYPE_CHECKING:
    from evaluations.models import Campaign, Candidate, Poll, VetoCase  # noqa: F401
    from members.models import User

# Whoever proposes a veto, records its vote or decides it sees the cases of the unit.
CASE_POSTS = BRANCH_COMMITTEE_POSTS | COMMITTEE_POSTS
# Whoever sets up a campaign.
PREPARING_POSTS = BUSINESS_ADMIN_POSTS | COMMITTEE_POSTS


class CampaignQuerySet(QuerySet["Campaign"]):
    def visible_to(self, user: User) -> CampaignQuerySet:
        """Once it runs, everybody below the unit; while it is prepared, those who prepare it."""
        authority = user.authority
        if authority.is_superuser:
            return self
        prepared = below(authority.paths(PREPARING_POSTS), "unit__path")
        paths = [authority.branch_path, *(held.unit_path for held in authority.posts)]
        above = {int(part) for path in paths for part in path.split(".") if part}
        return self.filter(prepared | (Q(unit__in=above) & ~Q(state="DRAFT")))


class CandidateQuerySet(QuerySet["Candidate"]):
    def visible_to(self, user: User) -> CandidateQuerySet:
        """Oneself, and everybody below the committees one sits in. By sets of ids: over all years there are many."""
        if user.authority.is_superuser:
            return self
        accounts = apps.get_model("scoring", "Account").objects.filter(member=user.member_id or 0)
        own = Q(account__in=accounts.values("pk"))
        paths = user.authority.paths(CASE_POSTS | PREPARING_POSTS)
        if not paths:
            return self.filter(own)
        units = apps.get_model("members", "OrgUnit").objects.filter(below(paths, "path"))
        return self.filter(own | Q(unit__in=units.values("pk")))

    def rated(self) -> CandidateQuerySet:
        return self.filter(left_out="")


class PollQuerySet(QuerySet["Poll"]):
    def visible_to(self, user: User) -> PollQuerySet:
        """Those on its roll, the branch committee, and whoever prepares the campaign."""
        if user.authority.is_superuser:
            return self
        works = below(user.authority.paths(CASE_POSTS | PREPARING_POSTS), "unit__path")
        if not user.member_id:
            return self.filter(works)
        return self.filter(works | Q(pk__in=self.model.objects.filter(roll__member=user.member_id).values("pk")))


class VetoCaseQuerySet(QuerySet["VetoCase"]):
    def visible_to(self, user: User) -> VetoCaseQuerySet:
        """The person it is about, the branch committee, and the committees above."""
        if user.authority.is_superuser:
            return self
        own = Q(account__member=user.member_id) if user.member_id else Q(pk__in=[])
        return self.filter(own | below(user.authority.paths(CASE_POSTS), "unit__path"))

    def waiting(self) -> VetoCaseQuerySet:
        """Somebody has to do something: vote, decide, or answer an appeal."""
        return self.filter(state__in=["PROPOSED", "VOTED", "APPEALED"])
