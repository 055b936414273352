"""测算: what points and ballots come to for everyone in a campaign; people decide afterwards (evaluations.md §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.calculation.ballots import rounded
from evaluations.calculation.bands import Placed, place
from evaluations.calculation.rating import StageRule, StageValue, Total, total_of, value_of
from evaluations.models import Band, Campaign, Candidate, Poll, Stage, Tally
from evaluations.querysets import PREPARING_POSTS
from evaluations.services.campaigns import bands_of
from members.errors import Refused
from members.models import User
from members.services.audit import record
from scoring.models import Opening, Result, RuleSet, Score, Span, Veto, VetoEffect, YearTotal
from scoring.services.population import ruled
from scoring.services.results import to_date
from scoring.turnout import Turnout, attended_counts

Bar = Candidate.Bar


@transaction.atomic
def compute_campaign(campaign: Campaign) -> int:
    """Totals, bars and bands of everyone rated, as things stand now. Out: how many there are.

    What people have proposed or approved is never touched. A bounded number of queries, whatever the number of people.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.state != Campaign.State.RUNNING:
        raise Refused(_("“%s”现在不在审定中，不能再测算。") % campaign)
    candidates = list(Candidate.objects.filter(campaign=campaign, left_out="").order_by("pk"))
    totals = rate(campaign, candidates)
    now = timezone.now()
    for one in candidates:
        one.steps, one.computed_at = steps_of(campaign, totals[one.pk]), now
    Candidate.objects.bulk_update(
        candidates, ["daily", "total", "bar", "computed", "is_tied", "steps", "computed_at"], batch_size=500
    )
    return len(candidates)


@transaction.atomic
def recompute_campaign(campaign: Campaign, *, by: User) -> int:
    """Compute while it runs, at somebody's word. Out: how many. Raise Refused once the bands are decided."""
    campaign = Campaign.objects.select_related("unit").get(pk=campaign.pk)
    if not by.authority.reaches(campaign.unit, PREPARING_POSTS):
        raise Refused(_("只有党委或党务工作者可以测算。"))
    count = compute_campaign(campaign)
    record(by, "evaluations.compute_campaign", campaign, detail=_("%d 个参评对象") % count)
    return count


def rate(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, Total]:
    """Set points, bar, band and tie of every candidate, as things stand now; nothing is written. Out: the totals."""
    totals, bars = totals_of(campaign, candidates), bars_of(campaign, candidates)
    table = list(campaign.bands.all())
    placed = _placed(campaign, candidates, totals, bars)
    tied = {pk for line in placed.tied.values() for pk in line}
    for one in candidates:
        total = totals[one.pk]
        one.daily, one.total = _daily(total), total.value
        one.bar = bars.get(one.pk, "")
        one.computed = _band(one, placed, table)
        one.is_tied = one.pk in tied
    return totals


def _daily(total: Total) -> Decimal | None:
    return None if total.daily is None else rounded(total.daily)


def _placed(
    campaign: Campaign, candidates: Sequence[Candidate], totals: Mapping[int, Total], bars: Mapping[int, str]
) -> Placed:
    """Quotas are a share of everyone rated; whoever is barred takes no seat."""
    points = {one.pk: totals[one.pk].value for one in candidates if one.pk not in bars}
    known = {pk: value for pk, value in points.items() if value is not None}
    return place(known, bands_of(campaign), people=len(candidates))


def _band(one: Candidate, placed: Placed, table: Sequence[Band]) -> Band | None:
    """Barred from rating: no band at all; by a veto or a missed condition: the lowest; else by points."""
    if one.bar == Bar.VETO:
        return None
    if one.bar:
        return table[-1]
    if one.pk not in placed.bands:
        return None
    number = placed.bands[one.pk]
    # Fewer points than the lowest band begins with are the lowest band all the same.
    return table[-1 if number is None else number]


# --- totals ----------------------------------------------------------------------------------------
def totals_of(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, Total]:
    """Candidate -> total, from the year's points and what has been counted so far."""
    daily = daily_points(campaign, candidates)
    stages = stage_values(campaign, candidates)
    must = campaign.empty_stage == Campaign.EmptyStage.DECIDE
    return {
        one.pk: total_of(
            daily.get(one.account_id), stages[one.pk], daily_weight=campaign.daily_weight,
            daily_full=campaign.daily_full, must_be_complete=must,
        )
        for one in candidates
    }  # fmt: skip


def daily_points(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, Decimal]:
    """Account -> the year's points: as computed with December; else as typed for a year before this system; else the
    year to date. Whoever has no score at all in the year has no points, which is not the same as 0."""
    december = campaign.year * 100 + 12
    accounts = [one.account_id for one in candidates]
    found = dict(YearTotal.objects.filter(year=campaign.year, account__in=accounts).values_list("account", "total"))
    stored = Result.objects.filter(account__in=accounts, span=Span.YEAR, month=december)
    known = dict(stored.values_list("account", "total"))
    known = found | known
    if len(known) < len(accounts) and campaign.kind == RuleSet.AccountKind.MEMBER:
        month = min(december, _newest_month(campaign))
        scored = _scored([account for account in accounts if account not in known], month)
        known |= _to_date([one for one in candidates if one.account_id in scored], month)
    return known


def _scored(accounts: Sequence[int], month: int) -> set[int]:
    """Those with a score, or points brought along, in the year up to a month. Two queries."""
    year = month // 100
    scores = Score.objects.filter(account__among=list(accounts), month__gt=year * 100, month__lte=month)
    brought = Opening.objects.filter(account__among=list(accounts), year=year, from_month__lte=month)
    return {
        *scores.order_by().values_list("account", flat=True).distinct(),
        *brought.values_list("account", flat=True),
    }


def _newest_month(campaign: Campaign) -> int:
    today = timezone.localdate()
    return campaign.year * 100 + (12 if today.year > campaign.year else today.month)


def _to_date(candidates: Sequence[Candidate], month: int) -> dict[int, Decimal]:
    """The year so far, by the rules of each branch."""
    by_unit: dict[int, list[int]] = {}
    for one in candidates:
        by_unit.setdefault(one.unit_id, []).append(one.account_id)
    found: dict[int, Decimal] = {}
    for rules in ruled(sorted(by_unit), month):
        accounts = np.array(sorted(pk for unit in rules.branches for pk in by_unit[unit]), dtype=np.int64)
        year = to_date(rules.book, accounts, month)["YEAR"]
        for account, value in zip(accounts.tolist(), year.tolist(), strict=True):
            found[account] = Decimal(value).scaleb(-2)
    return found


def stage_values(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, list[StageValue]]:
    """Candidate -> value of each stage with ballots. Two queries."""
    rules = {stage.pk: rule_of(stage) for stage in campaign.stages.all() if stage.has_ballots}
    counts: dict[tuple[int, int], dict[tuple[str, int, str], int]] = {}
    merged: dict[tuple[int, int], dict[str, str]] = {}
    tallies = Tally.objects.filter(
        candidate__among=[one.pk for one in candidates], poll__state=Poll.State.COUNTED, poll__stage__in=rules
    )
    fields = ("poll__stage", "candidate", "poll__merged", "pool", "line", "mark", "count")
    for stage, candidate, into, pool, line, mark, many in tallies.order_by().values_list(*fields):
        counts.setdefault((stage, candidate), {})[pool, line, mark] = many
        merged[stage, candidate] = into
    return {
        one.pk: [
            value_of(rule, counts.get((stage, one.pk), {}), merged.get((stage, one.pk), {}))
            for stage, rule in rules.items()
        ]
        for one in candidates
    }


def rule_of(stage: Stage) -> StageRule:
    names = dict(Stage.Rater.choices)
    return StageRule(
        str(stage),
        Fraction(stage.weight),
        stage.form == Stage.Form.GRADES,
        tuple((name, Decimal(points)) for name, points in stage.marks),
        tuple((pool, Fraction(Decimal(weight))) for pool, weight in stage.pools if pool in names),
    )


# --- what points cannot outweigh ---------------------------------------------------------------
def bars_of(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, str]:
    """Candidate -> why no points put them into a band of their own. A veto bars that held in any month of the year."""
    vetoes = _vetoes(campaign, candidates)
    found = {one.pk: vetoes[one.account_id] for one in candidates if one.account_id in vetoes}
    conditions = list(campaign.conditions.all())
    if not conditions:
        return found
    counts = attended_counts([one.account_id for one in candidates], campaign.year)
    for one in candidates:
        done = counts.get(one.account_id, {})
        if one.pk not in found and any(_missed(done, each.activity_kind, each.least) for each in conditions):
            found[one.pk] = Bar.CONDITION.value
    return found


def _missed(done: Mapping[str, Turnout], kind: str, least: int) -> bool:
    """Whoever was away on duty is not held to have missed it."""
    turnout = done.get(kind, Turnout())
    return turnout.attended + turnout.exempt < least


def _vetoes(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, str]:
    december = campaign.year * 100 + 12
    effects = {VetoEffect.DISQUALIFY.value: Bar.VETO.value, VetoEffect.LOWEST_BAND.value: Bar.LOWEST.value}
    rows = Veto.objects.in_force(december, "YEAR", "LIFTED").filter(
        account__in=[one.account_id for one in candidates], effect__in=effects
    )
    found: dict[int, str] = {}
    for account, effect in rows.values_list("account", "effect"):
        # Of two the harder one counts.
        if found.get(account) != Bar.VETO:
            found[account] = effects[effect]
    return found


# --- how it came about ---------------------------------------------------------------------------
def steps_of(campaign: Campaign, total: Total) -> list[str]:
    """The way to the total, a sentence per step, with every weight that had to be handed on."""
    share = campaign.daily_weight
    lines = []
    if total.daily is not None:
        lines.append(
            _("日常积分 %(value)s 分，占 %(share)s%%") % {"value": rounded(total.daily), "share": _plain(share)}
        )
    elif share > 0:
        lines.append(_("没有日常积分，权重由测评补足"))
    for stage in total.stages:
        if stage.weight <= 0:
            continue
        if stage.value is None:
            lines.append(_("%(stage)s没有可计的测评，权重由其余部分按比例补足") % {"stage": stage.name})
            continue
        part = stage.weight * (100 - Fraction(share)) / 100
        words = {"stage": stage.name, "value": rounded(stage.value), "share": _plain(rounded(part))}
        lines.append(_("%(stage)s %(value)s 分，占 %(share)s%%") % words)
        if stage.missing:
            names = dict(Stage.Rater.choices)
            who = "、".join(str(names[pool]) for pool in stage.missing)
            lines.append(_("其中%(who)s没有可计的测评，权重由其他参评人员按比例补足") % {"who": who})
    if total.value is not None:
        lines.append(_("综合得分 %s 分") % total.value)
    return lines


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
