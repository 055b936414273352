"""审定和综评: what the branch committee proposes and the party committee approves, with every departure's reason."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import Band, BandDecision, Campaign, Candidate, MeetingVote
from evaluations.services.campaigns import move_campaign
from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS
from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record

Level = BandDecision.Level
REASON_LENGTH = 500


@dataclass(frozen=True)
class Choice:
    """The band for one candidate; a reason where it is not the computed one."""

    band: int
    reason: str = ""


@transaction.atomic
def propose_bands(
    campaign: Campaign, unit: OrgUnit, choices: Mapping[int, Choice], *, by: User, vote: MeetingVote | None = None
) -> int:
    """The branch committee's word on the candidates of its branch. Out: how many were written. All or nothing.

    Raise Refused for one's own band, a missing reason, or a candidate already approved above.
    """
    _require_running(campaign)
    if not by.authority.reaches(unit, BRANCH_COMMITTEE_POSTS):
        raise Refused(_("由支委会成员提出等次。"))
    rows = _locked(campaign, choices, unit=unit)
    approved = [str(one) for one in rows if one.approved_id]
    if approved:
        raise Refused(_("%s的等次党委已经批准，需要修改请由党委退回。") % "、".join(approved[:5]))
    return _write(Level.BRANCH, rows, choices, campaign, by, vote)


@transaction.atomic
def approve_bands(
    campaign: Campaign, choices: Mapping[int, Choice], *, by: User, vote: MeetingVote | None = None
) -> int:
    """The party committee's word, on one or on thousands. Out: how many were written. All or nothing.

    Raise Refused for what the branch has not proposed yet, for one's own band, and for what one proposed oneself.
    """
    _require_running(campaign)
    if not by.authority.reaches(campaign.unit, COMMITTEE_POSTS):
        raise Refused(_("等次由党委书记或委员批准。"))
    rows = _locked(campaign, choices)
    if campaign.stages.filter(kind="BRANCH").exists():
        waiting = [str(one) for one in rows if one.proposed_id is None and one.bar != Candidate.Bar.VETO]
        if waiting:
            raise Refused(_("%s还没有支部意见，请先由支委会审定。") % "、".join(waiting[:5]))
        own = _proposed_by(rows, by)
        if own:
            raise Refused(_("%s的等次由你提出，请由党委其他成员批准。") % "、".join(own[:5]))
    return _write(Level.COMMITTEE, rows, choices, campaign, by, vote)


@transaction.atomic
def approve_branches(campaign: Campaign, units: Collection[int], *, by: User) -> tuple[int, list[str]]:
    """Approve what the branches have proposed (without their stage: what was computed), as it stands.

    Out: how many were approved, and a sentence for each who has to be decided by somebody else, or one by one.
    """
    _require_running(campaign)
    rows = Candidate.objects.filter(campaign=campaign, left_out="", unit__in=units, approved=None)
    rows = rows.exclude(bar=Candidate.Bar.VETO).select_related("account__member").order_by("pk")
    needs_proposal = campaign.stages.filter(kind="BRANCH").exists()
    waiting = list(rows)
    own = set(_proposed_by(waiting, by)) if needs_proposal else set()
    choices, left = {}, []
    for one in waiting:
        band = one.proposed_id if needs_proposal else one.computed_id
        why = _left_for_others(one, band, own, by)
        if why:
            left.append(why)
        else:
            choices[one.pk] = Choice(band or 0)
    return (approve_bands(campaign, choices, by=by) if choices else 0), left


def _left_for_others(one: Candidate, band: int | None, own: set[str], by: User) -> str:
    if one.account.member_id is not None and one.account.member_id == by.member_id:
        return _("%s：自己的等次请由其他人批准。") % one
    if band is None:
        return _("%s：还没有支部意见。") % one
    if str(one) in own:
        return _("%s：由你提出，请由党委其他成员批准。") % one
    if one.is_tied:
        return _("%s：与他人同分，正在名额线上，请逐个决定。") % one
    return ""


@transaction.atomic
def return_band(candidate: Candidate, *, by: User, reason: str) -> None:
    """Back to the branch committee with a reason: neither proposal nor approval stands."""
    _require_running(candidate.campaign)
    if not by.authority.reaches(candidate.campaign.unit, COMMITTEE_POSTS):
        raise Refused(_("由党委书记或委员退回。"))
    reason = reason.strip()[:REASON_LENGTH]
    if not reason:
        raise Refused(_("请写明退回的原因。"))
    row = Candidate.objects.select_for_update(of=("self",)).get(pk=candidate.pk)
    if row.proposed_id is None:
        raise Refused(_("支委会还没有提出等次，不用退回。"))
    Candidate.objects.filter(pk=row.pk).update(proposed=None, approved=None)
    BandDecision.objects.create(
        candidate=row, level=Level.COMMITTEE, band=None, computed=row.computed, reason=reason, by=by,
        at=timezone.now(),
    )  # fmt: skip
    record(by, "evaluations.return_band", row, detail=reason[:200])


@transaction.atomic
def conclude_campaign(campaign: Campaign, *, by: User) -> Campaign:
    """Everyone has the committee's word: what follows is the notice."""
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if not by.authority.reaches(campaign.unit, COMMITTEE_POSTS):
        raise Refused(_("由党委书记或委员办理。"))
    open_ones = Candidate.objects.filter(campaign=campaign, left_out="", approved=None).exclude(bar=Candidate.Bar.VETO)
    count = open_ones.count()
    if count:
        raise Refused(_("还有 %d 人没有批准等次，请先办理。") % count)
    move_campaign(campaign, Campaign.State.DECIDED, by)
    return campaign


# --- what they share -------------------------------------------------------------------------------
def _require_running(campaign: Campaign) -> None:
    if Campaign.objects.filter(pk=campaign.pk, state=Campaign.State.RUNNING).exists():
        return
    raise Refused(_("“%s”现在不在审定中，等次不能再改。") % campaign)


def _locked(campaign: Campaign, choices: Mapping[int, Choice], unit: OrgUnit | None = None) -> list[Candidate]:
    rows = Candidate.objects.filter(campaign=campaign, left_out="", pk__in=choices)
    if unit is not None:
        rows = rows.filter(unit=unit)
    found = list(rows.select_for_update(of=("self",)).select_related("account__member").order_by("pk"))
    if len(found) != len(choices):
        raise Refused(_("名单有变化，请刷新页面后重新办理。"))
    return found


def _proposed_by(rows: Sequence[Candidate], by: User) -> list[str]:
    last = BandDecision.objects.filter(candidate__in=rows, level=Level.BRANCH).order_by("candidate", "-pk")
    newest: dict[int, int] = {}
    for candidate, who in last.values_list("candidate", "by"):
        newest.setdefault(candidate, who)
    return [str(one) for one in rows if newest.get(one.pk) == by.pk]


def _write(
    level: str, rows: Sequence[Candidate], choices: Mapping[int, Choice], campaign: Campaign, by: User,
    vote: MeetingVote | None,
) -> int:  # fmt: skip
    known = set(Band.objects.filter(campaign=campaign).values_list("pk", flat=True))
    refusals = [sentence for one in rows if (sentence := _refusal(one, choices[one.pk], known, by, level))]
    if refusals:
        raise Refused("\n".join(refusals[:20]))
    now = timezone.now()
    BandDecision.objects.bulk_create(
        (
            BandDecision(
                candidate=one, level=level, band_id=choices[one.pk].band, computed_id=one.computed_id,
                reason=_reason(one, choices[one.pk]), vote=vote, by=by, at=now,
            )
            for one in rows
        ),
        batch_size=500,
    )  # fmt: skip
    field = "proposed" if level == Level.BRANCH else "approved"
    for one in rows:
        setattr(one, f"{field}_id", choices[one.pk].band)
    Candidate.objects.bulk_update(rows, [field], batch_size=500)
    record(
        by,
        f"evaluations.{'propose' if level == Level.BRANCH else 'approve'}_bands",
        campaign,
        detail=_("%d 人") % len(rows),
    )
    return len(rows)


def _reason(one: Candidate, choice: Choice) -> str:
    given = choice.reason.strip()
    follows = choice.band == one.proposed_id and choice.band != one.computed_id
    return given or (_("同意支部意见") if follows else "")


def _refusal(one: Candidate, choice: Choice, known: set[int], by: User, level: str) -> str:
    if one.account.member_id is not None and one.account.member_id == by.member_id:
        return _("%s：不能决定自己的等次，请由其他人办理。") % one
    if choice.band not in known:
        return _("%s：没有这个等次，请刷新页面后重新选择。") % one
    if one.bar == Candidate.Bar.VETO:
        return _("%s：因一票否决取消评定资格，不能评等次。") % one
    # The computed band, or what the branch has said with its reason, needs none of its own.
    settled = {one.computed_id} | ({one.proposed_id} if level == Level.COMMITTEE else set())
    if choice.band not in settled and not choice.reason.strip():
        return _("%(who)s：与测算等次“%(band)s”不同，请写明理由。") % {"who": one, "band": one.computed or _("无")}
    if len(choice.reason) > REASON_LENGTH:
        return _("%(who)s：理由不超过 %(most)d 字。") % {"who": one, "most": REASON_LENGTH}
    return ""


def departures(campaign: Campaign) -> int:
    """How many stand in another band than the program found: it stays visible."""
    rows = Candidate.objects.filter(campaign=campaign, approved__isnull=False)
    return rows.exclude(approved=F("computed")).count()
