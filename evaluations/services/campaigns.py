"""评定: set up from a template, checked as a whole, opened once (evaluations.md §3)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.blueprints import BandPlan, Blueprint
from evaluations.calculation import bands as rules
from evaluations.models import Band, Campaign, Candidate, Condition, SelfReview, Stage
from evaluations.querysets import PREPARING_POSTS
from members.errors import Refused
from members.models import Exclusion, Member, Membership, OrgUnit, User
from members.services.audit import record
from scoring.models import Account, RuleSet
from scoring.services.accounts import open_member_accounts

State = Campaign.State


@transaction.atomic
def create_campaign(
    unit: OrgUnit, plan: Blueprint, *, year: int, starts_on: datetime.date, name: str, by: User
) -> Campaign:
    """A draft made from a template, its stages one after the other from `starts_on` on."""
    require_preparing(unit, by)
    try:
        with transaction.atomic():
            campaign = Campaign.objects.create(
                unit=unit, year=year, kind=plan.kind, name=name.strip() or str(plan.name), by=by,
                daily_weight=Decimal(plan.daily_weight),
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("%(unit)s %(year)d 年度已有同名的评定，请改名。") % {"unit": unit, "year": year}) from None
    Stage.objects.bulk_create(
        Stage(
            campaign=campaign, kind=stage.kind, position=place, weight=Decimal(stage.weight), form=stage.form,
            opens_on=starts_on + datetime.timedelta(days=stage.days[0]),
            closes_on=starts_on + datetime.timedelta(days=stage.days[1]),
            marks=[list(one) for one in stage.marks], pools=[list(one) for one in stage.pools],
        )
        for place, stage in enumerate(plan.stages)
    )  # fmt: skip
    write_bands(campaign, plan.bands)
    Condition.objects.bulk_create(
        Condition(campaign=campaign, activity_kind=kind, least=least) for kind, least in plan.conditions.items()
    )
    record(by, "evaluations.create_campaign", campaign)
    return campaign


def write_bands(campaign: Campaign, plans: Sequence[BandPlan]) -> None:
    """Replace the bands of a draft, highest first."""
    campaign.bands.all().delete()
    Band.objects.bulk_create(
        Band(
            campaign=campaign, position=place, name=plan.name, low=Decimal(plan.low),
            high=Decimal(plan.high) if plan.high != "" else None,
            quota=Decimal(plan.quota) if plan.quota != "" else None,
            grade=plan.grade, needs_support=plan.needs_support,
        )
        for place, plan in enumerate(plans)
    )  # fmt: skip


def bands_of(campaign: Campaign) -> list[rules.Band]:
    """As the calculation reads them."""
    return as_rules(campaign.bands.all())


def as_rules(bands: Iterable[Band]) -> list[rules.Band]:
    return [rules.Band(band.name, band.low, band.high, band.quota) for band in bands]


def problems_of(campaign: Campaign) -> list[str]:
    """Everything that keeps a campaign from being opened; a sentence each, with the cure."""
    return problems_in(campaign, list(campaign.stages.all()), list(campaign.bands.all()))


def problems_in(campaign: Campaign, stages: Sequence[Stage], bands: Sequence[Band]) -> list[str]:
    """The same of stages and bands that need not be stored yet: stages in order, bands highest first."""
    found = rules.problems_of(as_rules(bands))
    counted = [stage for stage in stages if stage.has_ballots and stage.weight > 0]
    weights = sum((stage.weight for stage in counted), Decimal(0))
    if campaign.daily_weight < 100 and weights != 100:
        found.append(_("各测评环节的权重合计是 %s，应为 100。") % format(weights.normalize(), "f"))
    if campaign.daily_weight == 100 and counted:
        found.append(_("日常积分占 100%，测评环节不能再有权重，请改为 0 或调低日常积分占比。"))
    if not any(stage.kind == Stage.Kind.COMMITTEE for stage in stages):
        found.append(_("请保留“党委综评”环节：等次由党委决定。"))
    if campaign.kind != RuleSet.AccountKind.MEMBER and any(stage.kind == Stage.Kind.SELF for stage in stages):
        found.append(_("“个人自评”只用于党员的评定，请去掉这个环节。"))
    for stage in stages:
        found += _stage_problems(stage)
    for before, after in pairwise(stages):
        if after.opens_on < before.opens_on:
            words = {"after": after, "before": before}
            found.append(_("“%(after)s”早于前面的“%(before)s”开始，请调整日期。") % words)
    return found


def _stage_problems(stage: Stage) -> list[str]:
    found = []
    if stage.has_ballots and not (stage.form and stage.marks):
        found.append(_("“%s”没有写明评价方式和内容。") % stage)
    if stage.has_ballots and not stage.pools:
        found.append(_("“%s”没有选择参评人员。") % stage)
    weights = [Decimal(weight) for _rater, weight in stage.pools]
    if weights and sum(weights) != 100:
        found.append(
            _("“%(stage)s”各类参评人员的权重合计是 %(sum)s，应为 100。") % {"stage": stage, "sum": sum(weights)}
        )
    return found


@dataclass(frozen=True)
class Place:
    """An account with the unit that proposes its band, and why it is left out, if it is."""

    account: int
    unit: int
    left_out: str = ""


@transaction.atomic
def open_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """Freeze who is rated, each in the branch of this day. Raise Refused with every problem, one per line."""
    campaign = Campaign.objects.select_for_update(of=("self",)).select_related("unit").get(pk=campaign.pk)
    require_preparing(campaign.unit, by)
    if campaign.state != State.DRAFT:
        raise Refused(_("这次评定%s，不能再启动。") % campaign.get_state_display())
    found = problems_of(campaign)
    if found:
        raise Refused("\n".join(found))
    open_member_accounts()
    places = rated_in(campaign, timezone.localdate())
    if not any(not place.left_out for place in places):
        raise Refused(_("%s没有可以参加评定的对象。") % campaign.unit)
    Candidate.objects.bulk_create(
        (
            Candidate(campaign=campaign, account_id=place.account, unit_id=place.unit, left_out=place.left_out)
            for place in places
        ),
        batch_size=500,
    )
    if campaign.stages.filter(kind=Stage.Kind.SELF).exists():
        rated = Candidate.objects.filter(campaign=campaign, left_out="").order_by("pk").values_list("pk", flat=True)
        SelfReview.objects.bulk_create((SelfReview(candidate_id=pk) for pk in rated), batch_size=500)
    move_campaign(campaign, State.RUNNING, by, opened_at=timezone.now())
    return campaign


def rated_in(campaign: Campaign, day: datetime.date) -> list[Place]:
    """Everyone with an account whom the campaign is about on a day. Writes nothing; a bounded number of queries."""
    if campaign.kind != RuleSet.AccountKind.MEMBER:
        return _units_in(campaign)
    stays = Membership.objects.at(day).filter(
        branch__path__startswith=campaign.unit.path, member__account__isnull=False
    )
    left_out = dict(
        Exclusion.objects.at(day).filter(member__in=stays.values("member")).values_list("member", "reason")
    )
    rows = stays.order_by("branch__path", "member__pinyin", "member__staff_number")
    places = []
    for member, account, branch, category in rows.values_list(
        "member", "member__account", "branch", "member__category"
    ):
        why = left_out.get(member, "")
        if category == Member.Category.PROBATIONARY and not campaign.rates_probationary:
            why = why or _("预备党员不参加评定")
        places.append(Place(account, branch, why))
    return places


def _units_in(campaign: Campaign) -> list[Place]:
    kind = {RuleSet.AccountKind.BRANCH: OrgUnit.Kind.BRANCH, RuleSet.AccountKind.TEAM: OrgUnit.Kind.WORK_TEAM}
    units = OrgUnit.objects.within(campaign.unit).open().filter(kind=kind[RuleSet.AccountKind(campaign.kind)])
    accounts = Account.objects.filter(unit__in=units).order_by("unit__path")
    return [Place(account, unit) for account, unit in accounts.values_list("pk", "unit")]


def move_campaign(campaign: Campaign, to: str, by: User, **fields: object) -> None:
    """Move where the state is still the old one; the loser of a race gets a sentence."""
    old = campaign.state
    moved = (old, to) in Campaign.MOVES and Campaign.objects.filter(pk=campaign.pk, state=old).update(
        state=to, **fields
    )
    if not moved:
        raise Refused(_("这次评定现在是“%s”，不能这样办理，请刷新页面。") % campaign.get_state_display())
    campaign.refresh_from_db()
    record(by, f"evaluations.campaign_{to.lower()}", campaign)


def require_preparing(unit: OrgUnit, by: User) -> None:
    if not by.authority.reaches(unit, PREPARING_POSTS):
        raise Refused(_("只有党委或党务工作者可以建立和启动评定。"))
