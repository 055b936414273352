"""What the branch committee looks at side by side: points, tallies, bands and what to be careful about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from evaluations.calculation.ballots import rounded
from evaluations.calculation.rating import StageValue
from evaluations.models import Band, BandDecision, Campaign, Candidate, Grade, SelfReview
from evaluations.services.rating import stage_values
from members.models import OrgUnit
from scoring.models import Result, Score, Span

# Points of a hundred by which the year's points and what others say may differ before it is said.
FAR = Decimal(15)


@dataclass(frozen=True)
class Word:
    level: str
    reason: str


@dataclass(frozen=True)
class Line:
    """One candidate in the comparison. `quarters`: points of the four quarters, None where not computed yet."""

    candidate: Candidate
    quarters: list[Decimal | None]
    stages: list[tuple[str, Decimal | None]]
    review: SelfReview | None
    # The last word there was: by whom, and why.
    decision: Word | None
    warnings: list[str]


@dataclass(frozen=True)
class Comparison:
    lines: list[Line]
    bands: list[Band]
    # What is to be said of the branch as a whole.
    warnings: list[str]


def rated_of(campaign: int, unit: OrgUnit) -> list[Candidate]:
    """Everyone rated of a branch with their campaign, those with most points first. One query."""
    last = BandDecision.objects.filter(candidate=OuterRef("pk")).order_by("-pk")
    rows = Candidate.objects.filter(campaign=campaign, unit=unit, left_out="")
    rows = rows.select_related(
        "account__member", "account__unit", "computed", "proposed", "approved", "campaign__unit", "self_review"
    ).annotate(last_level=Subquery(last.values("level")[:1]), last_reason=Subquery(last.values("reason")[:1]))
    return sorted(rows, key=lambda one: (one.total is None, -(one.total or 0), str(one)))


def compare(campaign: Campaign, candidates: Sequence[Candidate]) -> Comparison:
    """The candidates of `rated_of` side by side. Five queries, whatever their number."""
    values = stage_values(campaign, candidates)
    quarters = _quarters(campaign, candidates)
    lines = [
        Line(
            one,
            quarters[one.account_id],
            [(stage.name, None if stage.value is None else rounded(stage.value)) for stage in values[one.pk]],
            getattr(one, "self_review", None),
            Word(one.last_level, one.last_reason) if one.last_level else None,  # type: ignore[attr-defined]
            warnings_of(one, values[one.pk]),
        )
        for one in candidates
    ]
    bands = list(campaign.bands.all())
    return Comparison(lines, bands, branch_warnings(campaign, candidates, bands))


def _quarters(campaign: Campaign, candidates: Sequence[Candidate]) -> dict[int, list[Decimal | None]]:
    """As stored with the quarter's last month; of rules whose period is the quarter the score itself. One query."""
    accounts = [one.account_id for one in candidates]
    ends = [campaign.year * 100 + month for month in (3, 6, 9, 12)]
    found: dict[int, list[Decimal | None]] = {account: [None] * 4 for account in accounts}
    asked = {"account__in": accounts, "month__in": ends}
    scores = Score.objects.filter(**asked, rule_set__period="QUARTER").values_list("account", "month", "total")
    stored = Result.objects.filter(**asked, span=Span.QUARTER).values_list("account", "month", "total")
    for account, month, total in scores.order_by().union(stored.order_by(), all=True):
        found[account][ends.index(month)] = total
    return found


def warnings_of(one: Candidate, stages: Sequence[StageValue]) -> list[str]:
    """What to be careful about with one candidate; a sentence each."""
    found = [str(Candidate.Bar(one.bar).label)] if one.bar else []
    if one.is_tied:
        found.append(_("与他人同分，正在名额线上，须由组织决定"))
    if one.total is None and one.computed_at is not None:
        found.append(_("有环节没有测评，综合得分须由党委决定"))
    for stage in stages:
        if stage.value is None or one.daily is None or stage.weight <= 0:
            continue
        apart = abs(stage.value - Fraction(one.daily))
        if apart > FAR:
            words = {"stage": stage.name, "apart": rounded(apart, 1)}
            found.append(_("%(stage)s与日常积分相差 %(apart)s 分") % words)
    return found


def branch_warnings(campaign: Campaign, candidates: Sequence[Candidate], bands: Sequence[Band]) -> list[str]:
    """What stands out in a branch as a whole: too many excellent ones, everybody alike, nobody below the best."""
    found = []
    grades = {band.pk: band.grade for band in bands}
    standing = [one.approved_id or one.proposed_id or one.computed_id for one in candidates]
    best = sum(grades.get(band or 0) == Grade.EXCELLENT for band in standing)
    if candidates and Decimal(best * 100) / len(candidates) > campaign.excellent_share:
        words = {"best": best, "of": len(candidates), "most": int(campaign.excellent_share * len(candidates) // 100)}
        found.append(_("优秀 %(best)d 人，共 %(of)d 人，一般不超过 %(most)d 人，请说明理由。") % words)
    totals = [one.total for one in candidates if one.total is not None]
    if len(totals) > 2 and max(totals) - min(totals) < 1:
        found.append(_("全支部得分相差不到 1 分，看不出差别，请核对测评是否认真。"))
    if len(candidates) > 2 and len({band for band in standing if band}) == 1 and all(standing):
        found.append(_("全支部都是同一等次，请核对。"))
    return found


def side_by_side(comparison: Comparison, asked: Sequence[int]) -> list[Line]:
    """Two of them, as asked; empty when they are not two of this branch."""
    chosen = [line for line in comparison.lines if line.candidate.pk in asked]
    return chosen if len(chosen) == 2 else []
