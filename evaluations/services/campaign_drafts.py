"""A campaign while it is a draft: read as a whole, changed as a whole, dropped. Afterwards nothing of it changes."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from evaluations.models import Band, Campaign, Condition, Stage
from evaluations.services.campaigns import problems_in, require_preparing
from members.errors import Refused
from members.models import User
from members.services.audit import record


@dataclass(frozen=True)
class StageDraft:
    """A stage as it stands on the page. Days are included on both ends; `weight` and `quorum` in percent;
    `marks`: (grade, points) or (dimension, full marks); `pools`: (rater, weight in percent)."""

    kind: str
    opens_on: datetime.date
    closes_on: datetime.date
    weight: Decimal = Decimal(0)
    form: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    pools: tuple[tuple[str, str], ...] = ()
    quorum: Decimal = Decimal(50)
    threshold: int = 5


@dataclass(frozen=True)
class BandDraft:
    """From `low` (included) up to `high` (excluded; None: without end); `quota` in percent of those rated."""

    name: str
    low: Decimal
    high: Decimal | None
    quota: Decimal | None
    grade: str
    needs_support: bool = False


@dataclass(frozen=True)
class CampaignDraft:
    """All that can be set before a campaign is opened. `conditions`: (kind of activity, how often at least)."""

    name: str
    basis: str
    daily_weight: Decimal
    daily_full: Decimal | None
    empty_stage: str
    rates_probationary: bool
    excellent_share: Decimal
    stages: tuple[StageDraft, ...]
    bands: tuple[BandDraft, ...]
    conditions: tuple[tuple[str, int], ...]


# What may be written straight onto the campaign.
_HEAD = (
    "name", "basis", "daily_weight", "daily_full", "empty_stage", "rates_probationary", "excellent_share",
)  # fmt: skip


def draft_of(campaign: Campaign) -> CampaignDraft:
    """As it is stored. Three queries."""
    head = {name: getattr(campaign, name) for name in _HEAD}
    stages = tuple(
        StageDraft(
            stage.kind, stage.opens_on, stage.closes_on, stage.weight, stage.form, _pairs(stage.marks),
            _pairs(stage.pools), stage.quorum, stage.threshold,
        )
        for stage in campaign.stages.all()
    )  # fmt: skip
    bands = tuple(
        BandDraft(band.name, band.low, band.high, band.quota, band.grade, band.needs_support)
        for band in campaign.bands.all()
    )
    conditions = tuple(campaign.conditions.values_list("activity_kind", "least"))
    return CampaignDraft(**head, stages=stages, bands=bands, conditions=conditions)


def _pairs(rows: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(value)) for name, value in rows)


def digest_of(draft: CampaignDraft) -> str:
    """What a page remembers of the draft it was made from: of two windows the later one is told."""
    text = json.dumps(astuple(draft), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Decimal | datetime.date) -> str:
    """60 and 60.00 are the same."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else f"{value}"


def problems_with(campaign: Campaign, draft: CampaignDraft) -> list[str]:
    """What would keep the campaign from being opened if it stood like this. Nothing is written."""
    tried = Campaign(kind=campaign.kind, daily_weight=draft.daily_weight)
    return problems_in(tried, _stages(tried, draft), _bands(tried, draft)) + _repeated(draft)


def _stages(campaign: Campaign, draft: CampaignDraft) -> list[Stage]:
    """In the order of the chain: self, peers, masses, branch committee, party committee."""
    order = list(Stage.Kind.values)
    return [
        Stage(
            campaign=campaign, kind=one.kind, position=place, opens_on=one.opens_on, closes_on=one.closes_on,
            weight=one.weight, form=one.form, marks=[list(pair) for pair in one.marks],
            pools=[list(pair) for pair in one.pools], quorum=one.quorum, threshold=one.threshold,
        )
        for place, one in enumerate(sorted(draft.stages, key=lambda one: order.index(one.kind)))
    ]  # fmt: skip


def _bands(campaign: Campaign, draft: CampaignDraft) -> list[Band]:
    """Highest first, in whatever order they were typed."""
    ordered = sorted(draft.bands, key=lambda one: one.low, reverse=True)
    return [
        Band(
            campaign=campaign, position=place, name=one.name, low=one.low, high=one.high, quota=one.quota,
            grade=one.grade, needs_support=one.needs_support,
        )
        for place, one in enumerate(ordered)
    ]  # fmt: skip


def _repeated(draft: CampaignDraft) -> list[str]:
    kinds = [kind for kind, _least in draft.conditions]
    return [_("同一类组织生活只写一个最低条件，请去掉重复的。")] if len(set(kinds)) < len(kinds) else []


@transaction.atomic
def change_campaign(campaign: Campaign, draft: CampaignDraft, *, seen: str, by: User) -> Campaign:
    """Write a draft as a whole; it may still have problems, only opening asks for none.

    In: `seen`, the digest of what the page was made from. Raise Refused for a campaign that is no draft any more,
    for one that somebody else has changed since, and for what cannot be stored: names that repeat.
    """
    campaign = _locked(campaign, by)
    before = draft_of(campaign)
    if digest_of(before) != seen:
        raise Refused(_("这份评定在另一个窗口里有更新，请刷新页面后再改；刚才填的内容请先记下。"))
    names = [band.name for band in draft.bands]
    if len(set(names)) < len(names):
        raise Refused(_("等次名称重复，请改名后再保存。"))
    if _repeated(draft):
        raise Refused(_repeated(draft)[0])
    _write(campaign, draft)
    changed = _changed(before, draft_of(campaign))
    if changed:
        record(by, "evaluations.change_campaign", campaign, detail=_("修改了%s") % "、".join(changed))
    return campaign


def _write(campaign: Campaign, draft: CampaignDraft) -> None:
    for name in _HEAD:
        setattr(campaign, name, getattr(draft, name))
    try:
        with transaction.atomic():
            campaign.save(update_fields=list(_HEAD))
    except IntegrityError:
        words = {"unit": campaign.unit, "year": campaign.year}
        raise Refused(_("%(unit)s %(year)d 年度已有同名的评定，请改名。") % words) from None
    for rows in (campaign.stages, campaign.bands, campaign.conditions):
        rows.all().delete()
    Stage.objects.bulk_create(_stages(campaign, draft))
    Band.objects.bulk_create(_bands(campaign, draft))
    Condition.objects.bulk_create(
        Condition(campaign=campaign, activity_kind=kind, least=least) for kind, least in draft.conditions
    )


def _changed(before: CampaignDraft, after: CampaignDraft) -> list[str]:
    parts: Mapping[str, tuple[str, ...]] = {
        _("基本设置"): _HEAD, _("环节"): ("stages",), _("等次"): ("bands",), _("最低条件"): ("conditions",)
    }  # fmt: skip
    return [
        label for label, names in parts.items() if any(getattr(before, one) != getattr(after, one) for one in names)
    ]


@transaction.atomic
def drop_campaign(campaign: Campaign, *, by: User) -> None:
    """Delete a draft with everything in it. Raise Refused once it has been opened."""
    campaign = _locked(campaign, by)
    record(by, "evaluations.drop_campaign", campaign)
    campaign.delete()


def _locked(campaign: Campaign, by: User) -> Campaign:
    campaign = Campaign.objects.select_for_update(of=("self",)).select_related("unit").get(pk=campaign.pk)
    require_preparing(campaign.unit, by)
    if campaign.state != Campaign.State.DRAFT:
        raise Refused(_("这次评定%s，设置不能再改。") % campaign.get_state_display())
    return campaign
