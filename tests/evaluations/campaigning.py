"""A campaign with two branches: what the tests of ratings begin with."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from unittest.mock import patch

from django.utils import timezone

from evaluations.blueprints import blueprint
from evaluations.models import Campaign, Candidate, Poll, RollEntry, Stage
from evaluations.services.ballots import BallotForm
from evaluations.services.campaigns import create_campaign, open_campaign
from evaluations.services.polls import open_poll, prepare_poll
from members.models import OrgUnit, User
from scoring.services.accounts import open_member_accounts
from tests import factories
from tests.factories import Cast, cast
from tests.scoring.factories import rule_set


@dataclass(frozen=True)
class Rating:
    cast: Cast
    campaign: Campaign
    codes: dict[str, list[str]] = field(default_factory=dict)

    def stage(self, kind: str) -> Stage:
        return self.campaign.stages.get(kind=kind)

    def candidates(self, unit: OrgUnit | None = None) -> list[Candidate]:
        rows = Candidate.objects.filter(campaign=self.campaign, left_out="", unit=unit or self.cast.branch)
        return list(rows.select_related("account__member").order_by("pk"))

    def poll(self, kind: str = "PEER", unit: OrgUnit | None = None, outsiders: int = 0) -> Poll:
        """Prepared and opened; codes are kept for the test alone."""
        unit = unit or self.cast.branch
        poll, codes = prepare_poll(self.stage(kind), unit, self.candidates(unit), outsiders=outsiders)
        self.codes[str(poll.pk)] = codes
        return open_poll(poll, by=self.cast.business_admin) if poll.mode == Poll.Mode.SECRET else poll

    def roll(self, poll: Poll, user: User) -> RollEntry:
        return RollEntry.objects.select_related("poll").get(poll=poll, member=user.member_id)


def rating(members: int = 6, code: str = "star", starts_on: datetime.date | None = None, **fields: object) -> Rating:
    """So many members more in the branch of the cast; a campaign of this year, all its stages open today."""
    people = cast()
    rule_set(people.committee)
    for number in range(members):
        factories.member(people.branch, name=f"党员{number:02}")
    open_member_accounts()
    today = timezone.localdate()
    made = create_campaign(
        people.committee,
        blueprint(code),
        year=today.year,
        starts_on=starts_on or today,
        name="",
        by=people.business_admin,
    )
    made.stages.update(opens_on=today, closes_on=today)
    for name, value in fields.items():
        setattr(made, name, value)
    made.save()
    return Rating(people, open_campaign(made, by=people.business_admin))


def marks_of(entry: RollEntry, mark: str = "EXCELLENT") -> dict[int, list[str]]:
    """A complete ballot with the same grade for everyone."""
    return {pk: [mark] for pk in BallotForm.of(entry.poll).asked_of(entry.member_id)}


def after_the_last_day():
    """The day after: polls may be opened."""
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    return patch("django.utils.timezone.localdate", lambda *args: tomorrow)
