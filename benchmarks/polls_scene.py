"""A campaign whose polls are open in every branch: what the pages of polls and ballots show."""

from __future__ import annotations

from django.utils import timezone

from benchmarks.organisation import Organisation
from evaluations.blueprints import blueprint
from evaluations.models import Poll
from evaluations.services.campaigns import create_campaign, open_campaign
from evaluations.services.polls import open_polls, prepare_polls, vote_on_paper
from members.models import User

OUTSIDERS = 12


def polls(made: Organisation, branch: int, large: int, by: User) -> dict[str, object]:
    """Members vote everywhere; the masses in the two branches that pages are asked about, in one of them on paper."""
    today = timezone.localdate()
    plan = blueprint("star")
    campaign = create_campaign(made.root, plan, year=today.year, starts_on=today, name="投票", by=by)
    campaign.stages.update(opens_on=today, closes_on=today)
    campaign = open_campaign(campaign, by=by)
    peer = campaign.stages.get(kind="PEER")
    prepare_polls(peer, {}, by=by)
    open_polls(peer, by=by)
    masses = campaign.stages.get(kind="MASSES")
    prepare_polls(masses, {branch: OUTSIDERS, large: OUTSIDERS}, by=by)
    paper = vote_on_paper(Poll.objects.get(stage=masses, unit=large), by=by)
    standing = Poll.objects.filter(stage=peer)
    return {
        "poll_campaign": campaign.pk,
        "poll": standing.get(unit=branch).pk,
        "poll_large": standing.get(unit=large).pk,
        "poll_paper": paper.pk,
    }
