"""申报: from a member's deed to an entry, step by step, each by somebody else (evaluations.md §1)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import AuditEvent, User
from members.services.audit import record
from scoring import months
from scoring.calculation.amounts import from_hundredths
from scoring.calculation.cells import read_cell
from scoring.models import Account, Claim, Evidence, LedgerEntry, Month
from scoring.services.claim_chain import DONE, locked, may_act, move, steps_of
from scoring.services.claimable import claimable_items
from scoring.services.deductions import checked_decision, require_answered
from scoring.services.deeds import REASON_LENGTH, Deed, fill
from scoring.services.months import month_of_unit, rules_of, touched
from scoring.services.posting import mark_later
from scoring.services.scores import compute_units

State, Step, Kind = Claim.State, Claim.Step, Claim.Kind
_KEYS = uuid.UUID("a5f4a0c8-7a6b-4f0e-9a57-3d1f1a2f8b6c")


# --- filing --------------------------------------------------------------------------------------
@transaction.atomic
def save_claim(account: Account, deed: Deed, *, by: User, key: uuid.UUID, claim: Claim | None = None) -> Claim:
    """Write a draft, or change a draft or a returned claim. The same key twice gives one claim.

    Raise Refused with the sentence that names what cannot be claimed and why.
    """
    if account.member_id is None or account.member_id != by.member_id:
        raise Refused(_("只能为自己申报；集体事项请由支部在“集体计分”中办理。"))
    if claim is None:
        standing = Claim.objects.filter(key=key).first()
        if standing is not None:
            return standing
        claim = Claim(account=account, filed_by=by, key=key)
    else:
        claim = Claim.objects.select_for_update().get(pk=claim.pk)
        if not claim.is_editable:
            raise Refused(_("这件申报已在办理中，不能修改；需要修改请先撤回或请办理人退回。"))
    fill(claim, deed)
    claim.save()
    record(by, "scoring.save_claim", claim, detail=str(account))
    return claim


@transaction.atomic
def submit_claim(claim: Claim, *, by: User) -> Claim:
    """Hand a draft in. The first step is whoever comes first in the chain of the rule set."""
    claim = locked(claim)
    if claim.filed_by_id != by.pk:
        raise Refused(_("只能由申报人提交。"))
    deed = Deed(claim.item_id, claim.text, claim.happened_on, claim.month, claim.reason, claim.occasion)
    if claim.is_editable:
        # The rules or the month may have changed since it was written down.
        fill(claim, deed)
        claim.save()
    if claim.item.evidence == "required" and not Evidence.objects.standing().filter(claim=claim).exists():
        raise Refused(_("%s须附佐证材料，请先上传照片或文件。") % claim.item)
    claim.round += 1
    move(claim, State.CLAIMED, by=by, filed_at=timezone.now(), round=claim.round, return_reason="")
    return claim


# --- the chain -----------------------------------------------------------------------------------
@transaction.atomic
def advance_claim(claim: Claim, *, by: User, opinion: str = "") -> Claim:
    """Do the next step: check, review or approve; the last one posts the entry in the same transaction.

    Of two at the same moment one wins, the other gets a sentence.
    """
    claim = locked(claim)
    refusal = may_act(claim, by)
    if refusal:
        raise Refused(refusal)
    step = Step(claim.next_step)
    if claim.kind == Kind.DEDUCTION:
        require_answered(claim)
        claim.decision = checked_decision(opinion)
    last = claim.kind == Kind.DEDUCTION or step == steps_of(claim)[-1]
    if last:
        _post(claim, by=by)
    move(
        claim, State.APPROVED if last else DONE[step], by=by, step=step, reason=opinion.strip()[:REASON_LENGTH],
        month=claim.month, entry=claim.entry, decision=claim.decision,
    )  # fmt: skip
    if last:
        compute_units([claim.unit_id], claim.month)
    return claim


def _post(claim: Claim, *, by: User) -> None:
    """The entry, in the month it was claimed for; if that has been checked in the meantime, in the next one that is
    still open."""
    month = _counting_month(claim)
    claim.month = month.month
    rule_set = rules_of(month)
    choice = next((one for one in claimable_items(month, claim.kind) if one.item.code == claim.item.code), None)
    if choice is None:
        raise Refused(_("%(item)s在%(month)s的办法中已经没有，请退回由申报人改选条款。") % _named(claim, month))
    fact = read_cell(choice.rule, claim.text)
    if fact is None:
        raise Refused(_("申报内容是空的，请退回由申报人补填。"))
    claim.entry = LedgerEntry.objects.create(
        account_id=claim.account_id,
        unit=month.unit,
        item=choice.item,
        rule_set=rule_set,
        happened_on=claim.happened_on,
        month=month.month,
        points=claim.points,
        quantity=None if fact.quantity is None else from_hundredths(fact.quantity),
        level=fact.level,
        occasion=claim.occasion,
        reason=claim.reason,
        source=LedgerEntry.Source.CLAIM,
        filed_by=claim.filed_by,
        filed_at=timezone.now(),
        key=uuid.uuid5(_KEYS, f"claim:{claim.pk}"),
    )
    Evidence.objects.standing().filter(claim=claim).update(entry=claim.entry)
    mark_later(rule_set, {claim.account_id}, month.month)


def _named(claim: Claim, month: Month) -> dict[str, object]:
    return {"item": claim.item, "month": months.label(month.month)}


def _counting_month(claim: Claim) -> Month:
    """Locked. The claim's month, or the first later one of the year that still takes entries."""
    last = min(months.month_of(timezone.localdate()), months.period_end(claim.month, "YEAR"))
    for number in months.span(claim.month, last):
        month = touched(month_of_unit(claim.unit, number))
        if month.takes_entries:
            return month
    raise Refused(_("%d 年各月都已审核或结账，不能再计入，请退回申报人并说明。") % (claim.month // 100))


@transaction.atomic
def return_claim(claim: Claim, *, by: User, reason: str) -> Claim:
    """Send it back with a reason; the claimant may change it and file it anew."""
    claim = locked(claim)
    if not reason.strip():
        raise Refused(_("请写明退回的原因，让申报人知道要补什么。"))
    if claim.kind == Kind.DEDUCTION:
        raise Refused(_("扣分提议请选择“不予扣分”，并写明处理意见。"))
    refusal = may_act(claim, by)
    if refusal:
        raise Refused(refusal)
    reason = reason.strip()[:REASON_LENGTH]
    move(claim, State.RETURNED, by=by, step=claim.next_step, reason=reason, return_reason=reason)
    return claim


@transaction.atomic
def withdraw_claim(claim: Claim, *, by: User) -> Claim:
    """Take one's own claim back, as long as it is not entered."""
    claim = locked(claim)
    if claim.filed_by_id != by.pk:
        raise Refused(_("只能撤回自己的申报。"))
    move(claim, State.WITHDRAWN, by=by)
    return claim


def advance_many(claims: Iterable[Claim], *, by: User) -> list[str]:
    """Do the next step of several claims, each for itself. Out: a sentence for each that stays as it was."""
    exceptions = []
    for claim in claims:
        try:
            advance_claim(claim, by=by)
        except Refused as refusal:
            exceptions.append(f"{claim.account.member}“{claim}”：{refusal}")
            detail = f"{claim.account}：{refusal}"
            record(by, "scoring.act_on_claims", claim, detail=detail, result=AuditEvent.Result.REFUSED)
    return exceptions
