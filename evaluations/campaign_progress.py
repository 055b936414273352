"""How far campaigns are: the steps of one, its branches side by side, and what waits in a list of them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from evaluations.models import Campaign, Candidate, Poll, RollEntry, Stage
from evaluations.querysets import CASE_POSTS, PREPARING_POSTS
from members.access import below
from members.models import OrgUnit, User

State, Kind = Campaign.State, Stage.Kind


# --- one campaign -----------------------------------------------------------------------------------
def steps_of(campaign: Campaign, stages: Sequence[Stage], today: datetime.date) -> list[dict[str, str]]:
    """The stages as a stepper, each with its days."""
    return [
        {
            "label": str(stage),
            "note": f"{stage.opens_on:%m-%d} – {stage.closes_on:%m-%d}",
            "state": _state_of(campaign, stage, today),
        }
        for stage in stages
    ]


def _state_of(campaign: Campaign, stage: Stage, today: datetime.date) -> str:
    if campaign.state == State.DRAFT:
        return "todo"
    if campaign.state != State.RUNNING or today > stage.closes_on:
        return "done"
    return "now" if today >= stage.opens_on else "todo"


@dataclass(frozen=True)
class PollLine:
    """A poll with how many may vote and have voted. `own`: whether this person has; None: not on its roll."""

    pk: uuid.UUID
    stage: int
    unit: int
    state: str
    mode: str
    due: int
    voted: int
    own: bool | None

    @property
    def state_label(self) -> str:
        return str(Poll.State(self.state).label)

    @property
    def is_secret(self) -> bool:
        return self.mode == Poll.Mode.SECRET

    @property
    def mode_label(self) -> str:
        return str(Poll.Mode(self.mode).label)

    def reaches(self, quorum: Decimal) -> bool:
        return self.voted * 100 >= quorum * self.due


@dataclass
class BranchLine:
    """A branch: people rated, left out, self reviews handed in and asked for, bands proposed and approved."""

    unit: int
    name: str
    people: int
    left_out: int
    asked: int
    handed_in: int
    proposed: int
    approved: int
    barred: int
    # In the order of the stages with ballots; None where no poll is prepared.
    polls: list[PollLine | None] = field(default_factory=list)

    @property
    def to_decide(self) -> int:
        return self.people - self.barred


@dataclass(frozen=True)
class Figures:
    """Over all the branches that this person works with."""

    branches: int
    people: int
    to_decide: int
    proposed: int
    approved: int


def _worked_with(user: User, path: str) -> Q:
    if user.authority.is_superuser:
        return ~Q(pk__in=[])
    return below(user.authority.paths(CASE_POSTS | PREPARING_POSTS), path)


_RATED, _BARRED = Q(left_out=""), Q(bar=Candidate.Bar.VETO)


def figures_of(campaign: Campaign, user: User) -> Figures:
    """One query, without a row per person."""
    rows = Candidate.objects.filter(_worked_with(user, "unit__path"), campaign=campaign)
    found = rows.aggregate(
        branches=Count("unit", distinct=True),
        people=Count("pk", filter=_RATED),
        to_decide=Count("pk", filter=_RATED & ~_BARRED),
        with_proposal=Count("proposed"),
        with_approval=Count("approved"),
    )
    return Figures(*found.values())


def units_of(campaign: Campaign, user: User) -> QuerySet[OrgUnit]:
    """The branches this person works with that have anybody in the campaign, in the order of the tree."""
    inside = Candidate.objects.filter(campaign=campaign, unit=OuterRef("pk"))
    return OrgUnit.objects.filter(_worked_with(user, "path"), Exists(inside)).order_by("path")


def branches_of(campaign: Campaign, units: QuerySet[OrgUnit]) -> list[BranchLine]:
    """These branches, as things stand. One query, of thousands of branches only those that are shown."""
    counted = (
        Candidate.objects.filter(campaign=campaign, unit__in=units.values("pk"))
        .order_by("unit__path")
        .values_list("unit", "unit__name")
        .annotate(
            people=Count("pk", filter=_RATED),
            outside=Count("pk", filter=~_RATED),
            asked=Count("self_review"),
            handed_in=Count("self_review__handed_in_at"),
            with_proposal=Count("proposed"),
            with_approval=Count("approved"),
            barred=Count("pk", filter=_RATED & _BARRED),
        )
    )
    return [BranchLine(*row) for row in counted]


def polls_of(campaign: Campaign, units: Sequence[int], user: User) -> list[PollLine]:
    """The polls of these branches and those whose roll has this person, without void ones. One query."""
    roll = RollEntry.objects.filter(poll=OuterRef("pk")).order_by()
    many = roll.values("poll").annotate(n=Count("pk")).values("n")
    own = roll.filter(member=user.member_id or 0)
    rows = Poll.objects.filter(stage__campaign=campaign).exclude(state=Poll.State.VOID)
    counted = rows.filter(
        Q(unit__in=list(units)) | Q(pk__in=RollEntry.objects.filter(member=user.member_id or 0).values("poll"))
    ).annotate(
        due=Coalesce(Subquery(many), 0, output_field=IntegerField()),
        voted=Coalesce(Subquery(many.filter(has_voted=True)), 0, output_field=IntegerField()),
        own=Subquery(own.values("has_voted")[:1]),
    )
    # Names of annotations are not known to the checker of types behind a filter.
    fields: tuple[str, ...] = ("pk", "stage", "unit", "state", "mode", "due", "voted", "own")
    return [PollLine(*row) for row in counted.values_list(*fields)]


def with_polls(branches: Sequence[BranchLine], stages: Sequence[Stage], polls: Sequence[PollLine]) -> None:
    """Put every poll where it belongs."""
    found = {(poll.unit, poll.stage): poll for poll in polls}
    for branch in branches:
        branch.polls = [found.get((branch.unit, stage.pk)) for stage in stages if stage.has_ballots]


# --- a list of campaigns ---------------------------------------------------------------------------
@dataclass(frozen=True)
class CampaignLine:
    """A campaign in the list: the stages of this day, what waits for this person, and their own row, if any."""

    campaign: Campaign
    stages: list[Stage]
    waits: list[str]
    own: Candidate | None

    @property
    def year(self) -> int:
        return self.campaign.year


def lines_of(campaigns: Sequence[Campaign], user: User, today: datetime.date) -> list[CampaignLine]:
    """In: campaigns with their stages at hand. Two queries."""
    rows = Candidate.objects.filter(campaign__in=campaigns, account__member=user.member_id or 0)
    own = {row.campaign_id: row for row in rows.select_related("self_review", "approved")}
    counts = _counts(campaigns)
    lines = []
    for campaign in campaigns:
        under_way = [stage for stage in campaign.stages.all() if _state_of(campaign, stage, today) == "now"]
        mine = own.get(campaign.pk)
        waits = _own_waits(mine, under_way) + _waits(campaign, user, counts.get(campaign.pk, (0, 0)))
        lines.append(CampaignLine(campaign, under_way, waits, mine))
    return lines


def _counts(campaigns: Sequence[Campaign]) -> dict[int, tuple[int, int]]:
    """Running campaign -> how many still wait for the branch, and for the committee; of earlier years nobody does."""
    running = [campaign.pk for campaign in campaigns if campaign.state == State.RUNNING]
    rows = Candidate.objects.rated().filter(campaign__in=running).exclude(bar=Candidate.Bar.VETO).order_by()
    counted = rows.values_list("campaign").annotate(
        unproposed=Count("pk", filter=Q(proposed=None, approved=None)), unapproved=Count("pk", filter=Q(approved=None))
    )
    return {campaign: (unproposed, unapproved) for campaign, unproposed, unapproved in counted}


def review_waits(own: Candidate | None, stages: Sequence[Stage]) -> Stage | None:
    """The stage in which this person has still to hand in the self review, if one of these is."""
    review = getattr(own, "self_review", None)
    stage = next((one for one in stages if one.kind == Kind.SELF), None)
    return stage if review is not None and review.handed_in_at is None else None


def _own_waits(own: Candidate | None, under_way: Sequence[Stage]) -> list[str]:
    stage = review_waits(own, under_way)
    return [_("您的自评请在 %s 前提交") % f"{stage.closes_on:%m-%d}"] if stage else []


def _waits(campaign: Campaign, user: User, counts: tuple[int, int]) -> list[str]:
    if not (user.authority.is_superuser or user.authority.reaches(campaign.unit, PREPARING_POSTS)):
        return []
    if campaign.state == State.DRAFT:
        return [_("检查、预演后启动")]
    if campaign.state != State.RUNNING:
        return []
    unproposed, unapproved = counts
    if not unapproved:
        return [_("等次都已批准，可以办理审定完毕")]
    has_branch = any(stage.kind == Kind.BRANCH for stage in campaign.stages.all())
    found = [_("%d 个待支部意见") % unproposed] if has_branch and unproposed else []
    ready = unapproved - (unproposed if has_branch else 0)
    return found + ([_("%d 个待党委批准") % ready] if ready else [])
