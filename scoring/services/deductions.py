"""扣分提议: proposed by the committee, answered by the member, decided by somebody else (evaluations.md §1)."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS
from members.errors import Refused
from members.models import User
from members.services.audit import record
from scoring.calculation.amounts import hundredths
from scoring.models import Account, Claim
from scoring.services.claim_chain import locked, may_act, move
from scoring.services.deeds import REASON_LENGTH, Deed, fill

State, Kind = Claim.State, Claim.Kind


@transaction.atomic
def propose_deduction(account: Account, deed: Deed, *, by: User, key: uuid.UUID, answer_days: int) -> Claim:
    """The committee proposes; the member is told at once and may answer within the days set."""
    standing = Claim.objects.filter(key=key).first()
    if standing is not None:
        return standing
    if account.member_id is not None and account.member_id == by.member_id:
        raise Refused(_("不能提议扣自己的分，请由支委会其他成员办理。"))
    claim = Claim(account=account, filed_by=by, key=key, kind=Kind.DEDUCTION)
    fill(claim, deed)
    if not by.authority.reaches(claim.unit, BRANCH_COMMITTEE_POSTS | COMMITTEE_POSTS):
        raise Refused(_("只有支委会成员或党委可以提议扣分。"))
    if not hundredths(claim.points):
        raise Refused(_("扣分提议须有分值，请核对条款和内容。"))
    claim.answer_until = timezone.localdate() + datetime.timedelta(days=answer_days)
    claim.round = 1
    claim.save()
    move(claim, State.CLAIMED, by=by, filed_at=timezone.now(), answer_until=claim.answer_until)
    record(by, "scoring.propose_deduction", claim, detail=str(account))
    return claim


@transaction.atomic
def answer_deduction(claim: Claim, *, by: User, answer: str) -> Claim:
    """What the member says to it; stays on record, and may be changed until the decision or the last day."""
    claim = locked(claim)
    if claim.kind != Kind.DEDUCTION or claim.account.member_id != by.member_id or by.member_id is None:
        raise Refused(_("只能说明与自己有关的扣分。"))
    if claim.state != State.CLAIMED:
        raise Refused(_("这件扣分已经决定，不能再说明；有异议请在公示期内提出。"))
    if claim.answer_until and timezone.localdate() > claim.answer_until:
        raise Refused(_("申辩期已于 %s 结束。") % claim.answer_until)
    answer = answer.strip()
    if not answer or len(answer) > 500:
        raise Refused(_("请写明说明的内容，不超过 500 字。"))
    claim.answer, claim.answered_at = answer, timezone.now()
    claim.save(update_fields=["answer", "answered_at"])
    record(by, "scoring.answer_deduction", claim, detail=str(claim.account))
    return claim


def require_answered(claim: Claim) -> None:
    """Not before the member has answered, or could have."""
    if claim.answered_at is None and claim.answer_until and timezone.localdate() <= claim.answer_until:
        raise Refused(_("本人可在 %s 前说明，说明后或到期后才能决定。") % claim.answer_until)


def checked_decision(decision: str) -> str:
    """Either way the decision says why: it answers what the member has said."""
    decision = decision.strip()[:500]
    if not decision:
        raise Refused(_("请写明处理意见。"))
    return decision


@transaction.atomic
def drop_deduction(claim: Claim, *, by: User, decision: str) -> Claim:
    """Decide against it, with a sentence that answers the answer."""
    claim = locked(claim)
    if claim.kind != Kind.DEDUCTION:
        raise Refused(_("个人申报请退回并写明原因。"))
    refusal = may_act(claim, by)
    if refusal:
        raise Refused(refusal)
    decision = checked_decision(decision)
    move(claim, State.DROPPED, by=by, step=claim.next_step, reason=decision[:REASON_LENGTH], decision=decision)
    return claim
