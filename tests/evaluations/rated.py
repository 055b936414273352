"""A year's points, counted ballots, vetoes and attendance for a campaign: what tests of the rating begin with."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal

from django.utils import timezone

from evaluations.blueprints import BandPlan
from evaluations.models import Candidate, Grade, Poll, Stage, Tally
from evaluations.services.campaigns import write_bands
from evaluations.services.rating import compute_campaign
from members.models import OrgUnit
from scoring.models import Activity, Attendance, Result, RuleSet, Veto, YearTotal
from tests.evaluations.campaigning import Rating

QUALIFIED = Grade.QUALIFIED.value


def points(made: Rating, totals: Mapping[str, str]) -> None:
    """The year's points by name, as typed from before this system."""
    for one in Candidate.objects.filter(campaign=made.campaign).select_related("account__member"):
        if str(one) in totals:
            YearTotal.objects.create(
                account=one.account, year=made.campaign.year, total=totals[str(one)], by=made.cast.business_admin
            )


def december(made: Rating, name: str, total: str) -> Result:
    """The same as the system computes it with December."""
    one = candidate(made, name)
    return Result.objects.create(
        account=one.account, span="YEAR", month=made.campaign.year * 100 + 12, unit=one.unit, total=total, periods=12,
        rule_set=RuleSet.objects.latest("pk"), computed_at=timezone.now(),
    )  # fmt: skip


def candidate(made: Rating, name: str) -> Candidate:
    rows = Candidate.objects.select_related("account__member", "campaign", "unit", "computed", "proposed", "approved")
    return rows.get(campaign=made.campaign, account__member__name=name)


def weights(made: Rating, daily: str | None = None, **stages: str) -> None:
    """Weights of the stages by kind, behind the back of the services: a running campaign does not change."""
    made.campaign.stages.update(weight=0)
    for kind, weight in stages.items():
        made.campaign.stages.filter(kind=kind).update(weight=weight)
    if daily is not None:
        made.campaign.daily_weight = Decimal(daily)
        made.campaign.save()


def bands(made: Rating, *rows: tuple[str, str, str, str]) -> None:
    """(name, low, high, quota), highest first."""
    write_bands(made.campaign, [BandPlan(name, low, high, QUALIFIED, quota) for name, low, high, quota in rows])


def tallies(
    made: Rating, kind: str, name: str, counts: Mapping[tuple[str, int, str], int], unit: OrgUnit | None = None,
    **fields: object,
) -> Poll:  # fmt: skip
    """A counted poll of a stage with what it says of one candidate: (pool, line, mark) -> how many."""
    unit = unit or made.cast.branch
    poll = Poll.objects.filter(
        stage__campaign=made.campaign, stage__kind=kind, unit=unit
    ).first() or Poll.objects.create(stage=made.stage(kind), unit=unit, state="COUNTED", cast=30, **fields)
    for (pool, line, mark), count in counts.items():
        Tally.objects.create(poll=poll, candidate=candidate(made, name), pool=pool, line=line, mark=mark, count=count)
    return poll


def graded(excellent: int, qualified: int = 0, basic: int = 0, un: int = 0, pool: str = "MEMBERS") -> dict:
    """So many ballots in each of the four grades."""
    given = zip(Grade.values, (excellent, qualified, basic, un), strict=True)
    return {(pool, 0, grade): count for grade, count in given if count}


def computed(made: Rating) -> dict[str, tuple[str | None, str | None]]:
    """Everyone rated of the branch: total and band, as computed now."""
    compute_campaign(made.campaign)
    return {
        str(one): (None if one.total is None else str(one.total), one.computed and one.computed.name)
        for one in made.candidates()
    }


def veto(made: Rating, name: str, effect: str, from_month: int | None = None, to_month: int | None = None) -> Veto:
    month = made.campaign.year * 100 + 3 if from_month is None else from_month
    return Veto.objects.create(
        account=candidate(made, name).account, level="SEVERE", effect=effect, cap=60 if effect == "CAP" else None,
        ground="违反廉洁纪律", reason="收受礼金", from_month=month, to_month=to_month,
        decided_on=datetime.date(made.campaign.year, 3, 1), by=made.cast.committee_member,
    )  # fmt: skip


def attended(made: Rating, name: str, marks: list[str], kind: str = "THEME_DAY") -> None:
    """One held activity per mark."""
    for number, mark in enumerate(marks, start=1):
        day = datetime.date(made.campaign.year, 1, number)
        held = Activity.objects.create(
            unit=made.cast.branch, kind=kind, title=f"活动{number}", planned_on=day, held_on=day, state="HELD",
            by=made.cast.secretary,
        )  # fmt: skip
        Attendance.objects.create(
            activity=held, account=candidate(made, name).account, mark=mark, by=made.cast.secretary
        )


def stage_with(made: Rating, kind: str, **fields: object) -> Stage:
    made.campaign.stages.filter(kind=kind).update(**fields)
    return made.stage(kind)
