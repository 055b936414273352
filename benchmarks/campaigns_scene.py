"""A campaign in preparation beside the one that runs: what the pages of campaigns and year files show."""

from __future__ import annotations

from django.utils import timezone

from benchmarks.organisation import Organisation
from evaluations.blueprints import blueprint
from evaluations.models import Candidate
from evaluations.services.campaigns import create_campaign
from members.models import User


def campaigns(made: Organisation, users: dict[str, User]) -> dict[str, object]:
    """To be made after the one with the polls: the member is rated in that one."""
    today = timezone.localdate()
    draft = create_campaign(
        made.root, blueprint("appraisal"), year=today.year, starts_on=today, name="", by=users["business_admin"]
    )
    candidate = Candidate.objects.filter(account__member=users["member"].member_id).latest("pk")
    return {"campaign_draft": draft.pk, "candidate": candidate.pk}
