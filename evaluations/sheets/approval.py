"""党员评星定级审批表: one sheet per member, with the fields of domain.md §8. No ID number, no telephone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from evaluations.models import Band, BandDecision, Campaign, Candidate, SelfReview
from evaluations.year_facts import YearFacts, facts_of
from members.models import Appointment, Member
from scoring.models import Veto

Level = BandDecision.Level


@dataclass(frozen=True)
class Approval:
    """One sheet. `place`: rank by points among those rated of the branch; None without points."""

    candidate: Candidate
    member: Member | None
    job: str
    facts: YearFacts
    total: Decimal | None
    place: int | None
    among: int
    veto: str
    review: SelfReview | None
    branch: BandDecision | None
    committee: BandDecision | None
    number: str

    @property
    def band(self) -> Band | None:
        """What is proposed; once it is approved, what the committee has approved."""
        one = self.candidate
        return one.approved or one.proposed or one.computed


def approvals_of(campaign: Campaign, candidates: QuerySet[Candidate]) -> list[Approval]:
    """A sheet for each of these, in their order. A bounded number of queries."""
    rows = list(
        candidates.select_related(
            "account__member", "account__unit", "unit", "computed", "proposed", "approved", "self_review"
        )
    )
    accounts = [one.account_id for one in rows]
    facts = facts_of(accounts, campaign.year)
    vetoes, jobs, places = _vetoes(campaign, accounts), _jobs(rows), _places(campaign, {one.unit_id for one in rows})
    decisions = _decisions(rows)
    return [
        Approval(
            candidate=one,
            member=one.account.member,
            job=jobs.get(one.account.member_id or 0, ""),
            facts=facts[one.account_id],
            total=facts[one.account_id].total if facts[one.account_id].total is not None else one.daily,
            place=places[one.unit_id].index(one.daily) + 1 if one.daily in places[one.unit_id] else None,
            among=len(places[one.unit_id]),
            veto=vetoes.get(one.account_id, ""),
            review=getattr(one, "self_review", None),
            branch=decisions.get((one.pk, Level.BRANCH)),
            committee=decisions.get((one.pk, Level.COMMITTEE)),
            number=f"{campaign.year}-{campaign.pk:04d}-{one.pk:06d}",
        )
        for one in rows
    ]


def _places(campaign: Campaign, units: Collection[int]) -> dict[int, list[Decimal]]:
    """Branch -> the points of everyone rated in it, most first: equal points have one place."""
    found: dict[int, list[Decimal]] = {unit: [] for unit in units}
    rows = Candidate.objects.rated().filter(campaign=campaign, unit__in=units, daily__isnull=False)
    for unit, daily in rows.order_by("-daily").values_list("unit", "daily"):
        found[unit].append(daily or Decimal(0))
    return found


def _vetoes(campaign: Campaign, accounts: Collection[int]) -> dict[int, str]:
    """Account -> the grounds of every veto that bore on the year, whatever its effect."""
    rows = Veto.objects.in_force(campaign.year * 100 + 12, "YEAR", "LIFTED").filter(account__in=accounts)
    found: dict[int, list[str]] = {}
    for account, ground in rows.order_by("pk").values_list("account", "ground"):
        found.setdefault(account, []).append(ground)
    return {account: "、".join(dict.fromkeys(grounds)) for account, grounds in found.items()}


def _jobs(rows: Sequence[Candidate]) -> dict[int, str]:
    """Member -> work and the posts held today."""
    members = {one.account.member_id: one.account.member for one in rows if one.account.member is not None}
    found = {pk: [member.job] if member.job else [] for pk, member in members.items()}
    posts = Appointment.objects.at(timezone.localdate()).filter(member__in=list(found)).in_order()
    for post in posts:
        found[post.member_id].append(str(post.get_post_display()))
    return {pk or 0: "、".join(dict.fromkeys(words)) for pk, words in found.items()}


def _decisions(rows: Sequence[Candidate]) -> dict[tuple[int, str], BandDecision]:
    """The last word of each level that still stands: one that was returned is none."""
    found: dict[tuple[int, str], BandDecision] = {}
    said = BandDecision.objects.filter(candidate__in=[one.pk for one in rows]).select_related("band", "vote", "by")
    for row in said.order_by("pk"):
        if row.band_id is None:
            found.pop((row.candidate_id, Level.BRANCH), None)
            found.pop((row.candidate_id, Level.COMMITTEE), None)
        else:
            found[row.candidate_id, row.level] = row
    return found
