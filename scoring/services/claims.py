"""申报: from a member's deed to an entry, step by step, each by somebody else (evaluations.md §1)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, LEADER_POSTS, SECRETARY_POSTS
from members.errors import Refused
from members.models import Appointment, Membership, User
from members.services.audit import record
from members.services.messages import tell
from scoring import months
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.cells import read_cell, write_cell
from scoring.calculation.pricing import price, show
from scoring.models import Account, Claim, ClaimMove, Evidence, LedgerEntry, Month
from scoring.services.archive import require_not_archived
from scoring.services.claimable import Claimable, claimable_items, require_applies
from scoring.services.months import month_of_unit, rules_of, touched
from scoring.services.population import population
from scoring.services.posting import mark_later
from scoring.services.scores import compute_units

State, Step, Kind = Claim.State, Claim.Step, Claim.Kind
_KEYS = uuid.UUID("a5f4a0c8-7a6b-4f0e-9a57-3d1f1a2f8b6c")
REASON_LENGTH = 200
# The state that a step leads to, and what is still to come after each state.
DONE = {Step.CHECK: State.CHECKED, Step.REVIEW: State.REVIEWED, Step.APPROVE: State.APPROVED}
AFTER = {
    State.CLAIMED: (Step.CHECK, Step.REVIEW, Step.APPROVE),
    State.CHECKED: (Step.REVIEW, Step.APPROVE),
    State.REVIEWED: (Step.APPROVE,),
}


@dataclass(frozen=True)
class Deed:
    """What a claim says: the clause, what was done, when, in which month it is to count."""

    item: int
    text: str
    happened_on: datetime.date
    month: int
    reason: str
    occasion: str = ""


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
    _fill(claim, deed)
    claim.save()
    record(by, "scoring.save_claim", claim)
    return claim


def _fill(claim: Claim, deed: Deed) -> None:
    """Check the deed against the rules of its month and write it into the claim."""
    month, place = _place(claim.account, deed)
    choice = _choice(month, deed, claim)
    require_applies(month, choice, claim.account)
    fact = read_cell(choice.rule, deed.text)
    if fact is None:
        raise Refused(_("%s：请填写申报内容。") % choice.item)
    points = price(choice.rule, fact)
    if claim.kind == Kind.CLAIM and points < 0:
        raise Refused(_("%s是扣分条款，不能申报。") % choice.item)
    claim.unit, claim.group, claim.item = month.unit, place.group, choice.item
    claim.month, claim.happened_on = deed.month, deed.happened_on
    claim.text, claim.points = write_cell(choice.rule, fact), from_hundredths(points)
    claim.reason, claim.occasion = _checked_reason(deed.reason), deed.occasion.strip()[:80]


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(_("请写明事由：做了什么、结果怎样。"))
    if len(reason) > REASON_LENGTH:
        raise Refused(_("事由最多 200 字，现在 %d 字，请缩短。") % len(reason))
    return reason


def _place(account: Account, deed: Deed) -> tuple[Month, Membership]:
    """The month that the deed counts in, which must still take entries, and where the member belongs then."""
    if deed.happened_on > timezone.localdate():
        raise Refused(_("发生日期还没有到，请核对。"))
    if not months.is_month(deed.month) or months.first_day(deed.month) > timezone.localdate():
        raise Refused(_("计入月份还没有开始，请选择本月或以前的月份。"))
    happened = months.month_of(deed.happened_on)
    if happened > deed.month or happened // 100 != deed.month // 100:
        raise Refused(_("计入月份须与发生日期在同一年，且不早于发生的月份，请核对。"))
    stays = Membership.objects.at(months.first_day(deed.month)).filter(member=account.member_id)
    stay = stays.select_related("branch", "group").first()
    if stay is None:
        raise Refused(_("%s不在任何支部的积分名单中，请核对月份。") % months.label(deed.month))
    month = month_of_unit(stay.branch, deed.month)
    require_not_archived(stay.branch, deed.month)
    if not takes_entries(month):
        raise Refused(_("%s已审核或结账，不能再计入；请把计入月份改到还在录入的月份。") % months.label(deed.month))
    if account.pk not in population([stay.branch_id], deed.month).accounts:
        raise Refused(_("%s按决定不列入积分，请核对月份。") % months.label(deed.month))
    return month, stay


def takes_entries(month: Month) -> bool:
    """Until somebody has checked a month, approved claims are entered into it."""
    return month.state in (Month.State.OPEN, Month.State.SUBMITTED)


def _choice(month: Month, deed: Deed, claim: Claim) -> Claimable:
    for choice in claimable_items(month, claim.kind):
        if choice.item.pk == deed.item:
            return choice
    raise Refused(_("这一条款在%s不能申报，请重新选择条款。") % months.label(deed.month))


@transaction.atomic
def submit_claim(claim: Claim, *, by: User) -> Claim:
    """Hand a draft in. The first step is whoever comes first in the chain of the rule set."""
    claim = _locked(claim)
    if claim.filed_by_id != by.pk:
        raise Refused(_("只能由申报人提交。"))
    deed = Deed(claim.item_id, claim.text, claim.happened_on, claim.month, claim.reason, claim.occasion)
    if claim.is_editable:
        # The rules or the month may have changed since it was written down.
        _fill(claim, deed)
        claim.save()
    if claim.item.evidence == "required" and not Evidence.objects.standing().filter(claim=claim).exists():
        raise Refused(_("%s须附佐证材料，请先上传照片或文件。") % claim.item)
    claim.round += 1
    _move(claim, State.CLAIMED, by=by, filed_at=timezone.now(), round=claim.round, return_reason="")
    return claim


# --- the chain -----------------------------------------------------------------------------------
def steps_of(claim: Claim) -> list[str]:
    """The steps this claim goes through: those of its rule set; without a group leader there is no first check."""
    chain = [step for step in Step.values if step in claim.item.section.rule_set.claim_steps]
    if Step.CHECK in chain and not _has_leader(claim):
        chain.remove(Step.CHECK)
    return chain or [Step.APPROVE]


def _has_leader(claim: Claim) -> bool:
    """A leader of the group, other than the claimant."""
    if claim.group_id is None:
        return False
    held = Appointment.objects.at(timezone.localdate()).filter(post="GROUP_LEADER", unit=claim.group_id)
    return held.exclude(member=claim.account.member_id).exists()


def _next_step(claim: Claim, state: str) -> str:
    if claim.kind == Kind.DEDUCTION:
        return Step.APPROVE if state == State.CLAIMED else ""
    chain = steps_of(claim) if state in AFTER else []
    return next((step for step in AFTER.get(State(state), ()) if step in chain), "")


def _is_escalated(claim: Claim, step: str, *, acted: Iterable[int | None]) -> bool:
    """Whether no secretary is left to approve: the claimant's own claim, somebody who has acted, or a vacant post."""
    if step != Step.APPROVE:
        return False
    held = Appointment.objects.at(timezone.localdate()).filter(post="BRANCH_SECRETARY", unit=claim.unit_id)
    barred = {claim.account.member_id, *acted}
    return not any(member not in barred for member in held.values_list("member", flat=True))


def _acted(claim: Claim) -> list[int | None]:
    """The members who have acted on it in this round; of a deduction also who proposed it."""
    rows = ClaimMove.objects.filter(claim=claim, round=claim.round).exclude(step="")
    found: list[int | None] = list(rows.values_list("by__member", flat=True))
    return [*found, claim.filed_by.member_id] if claim.kind == Kind.DEDUCTION else found


def may_act(claim: Claim, by: User) -> str:
    """Empty when this person may do the next step, else the sentence that says why not."""
    if not claim.next_step:
        return _("这件申报现在不用办理，请刷新页面查看最新状态。")
    if claim.account.member_id == by.member_id and by.member_id is not None:
        return _("不能办理自己的申报，请由其他人办理。")
    if claim.kind == Kind.DEDUCTION and claim.filed_by_id == by.pk:
        return _("提议人不能决定自己的提议，请由支部书记或其他支委办理。")
    if not _holds_step(claim, by):
        return _("你没有办理“%s”的权限。") % claim.get_next_step_display()
    if ClaimMove.objects.filter(claim=claim, round=claim.round, by=by).exclude(step="").exists():
        return _("你已办理过这件申报的前一步，这一步请由其他人办理。")
    return ""


def _holds_step(claim: Claim, by: User) -> bool:
    authority = by.authority
    if claim.next_step == Step.CHECK:
        return claim.group is not None and authority.holds_in(claim.group, LEADER_POSTS)
    if claim.next_step == Step.REVIEW:
        return authority.holds_in(claim.unit, BRANCH_COMMITTEE_POSTS)
    if authority.holds_in(claim.unit, frozenset({"BRANCH_SECRETARY"})):
        return True
    deputies = authority.holds_in(claim.unit, SECRETARY_POSTS) or authority.reaches(claim.unit, COMMITTEE_POSTS)
    return claim.is_escalated and deputies


@transaction.atomic
def advance_claim(claim: Claim, *, by: User, opinion: str = "") -> Claim:
    """Do the next step: check, review or approve; the last one posts the entry in the same transaction.

    Of two at the same moment one wins, the other gets a sentence.
    """
    claim = _locked(claim)
    refusal = may_act(claim, by)
    if refusal:
        raise Refused(refusal)
    step = Step(claim.next_step)
    if claim.kind == Kind.DEDUCTION:
        _require_answered(claim)
        claim.decision = _checked_decision(opinion)
    last = claim.kind == Kind.DEDUCTION or step == steps_of(claim)[-1]
    if last:
        _post(claim, by=by)
    _move(
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
        if takes_entries(month):
            return month
    raise Refused(_("%d 年各月都已审核或结账，不能再计入，请退回申报人并说明。") % (claim.month // 100))


@transaction.atomic
def return_claim(claim: Claim, *, by: User, reason: str) -> Claim:
    """Send it back with a reason; the claimant may change it and file it anew."""
    claim = _locked(claim)
    if not reason.strip():
        raise Refused(_("请写明退回的原因，让申报人知道要补什么。"))
    if claim.kind == Kind.DEDUCTION:
        raise Refused(_("扣分提议请选择“不予扣分”，并写明处理意见。"))
    refusal = may_act(claim, by)
    if refusal:
        raise Refused(refusal)
    reason = reason.strip()[:REASON_LENGTH]
    _move(claim, State.RETURNED, by=by, step=claim.next_step, reason=reason, return_reason=reason)
    return claim


@transaction.atomic
def withdraw_claim(claim: Claim, *, by: User) -> Claim:
    """Take one's own claim back, as long as it is not entered."""
    claim = _locked(claim)
    if claim.filed_by_id != by.pk:
        raise Refused(_("只能撤回自己的申报。"))
    _move(claim, State.WITHDRAWN, by=by)
    return claim


def advance_many(claims: Iterable[Claim], *, by: User) -> list[str]:
    """Do the next step of several claims, each for itself. Out: a sentence for each that stays as it was."""
    exceptions = []
    for claim in claims:
        try:
            advance_claim(claim, by=by)
        except Refused as refusal:
            exceptions.append(f"{claim.account.member}“{claim}”：{refusal}")
    return exceptions


# --- deductions ----------------------------------------------------------------------------------
@transaction.atomic
def propose_deduction(account: Account, deed: Deed, *, by: User, key: uuid.UUID, answer_days: int) -> Claim:
    """The committee proposes; the member is told at once and may answer within the days set."""
    standing = Claim.objects.filter(key=key).first()
    if standing is not None:
        return standing
    if account.member_id is not None and account.member_id == by.member_id:
        raise Refused(_("不能提议扣自己的分，请由支委会其他成员办理。"))
    claim = Claim(account=account, filed_by=by, key=key, kind=Kind.DEDUCTION)
    _fill(claim, deed)
    if not by.authority.reaches(claim.unit, BRANCH_COMMITTEE_POSTS | COMMITTEE_POSTS):
        raise Refused(_("只有支委会成员或党委可以提议扣分。"))
    if not hundredths(claim.points):
        raise Refused(_("扣分提议须有分值，请核对条款和内容。"))
    claim.answer_until = timezone.localdate() + datetime.timedelta(days=answer_days)
    claim.round = 1
    claim.save()
    _move(claim, State.CLAIMED, by=by, filed_at=timezone.now(), answer_until=claim.answer_until)
    record(by, "scoring.propose_deduction", claim)
    return claim


@transaction.atomic
def answer_deduction(claim: Claim, *, by: User, answer: str) -> Claim:
    """What the member says to it; stays on record, and may be changed until the decision or the last day."""
    claim = _locked(claim)
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
    record(by, "scoring.answer_deduction", claim)
    return claim


def _require_answered(claim: Claim) -> None:
    """Not before the member has answered, or could have."""
    if claim.answered_at is None and claim.answer_until and timezone.localdate() <= claim.answer_until:
        raise Refused(_("本人可在 %s 前说明，说明后或到期后才能决定。") % claim.answer_until)


def _checked_decision(decision: str) -> str:
    """Either way the decision says why: it answers what the member has said."""
    decision = decision.strip()[:500]
    if not decision:
        raise Refused(_("请写明处理意见。"))
    return decision


@transaction.atomic
def drop_deduction(claim: Claim, *, by: User, decision: str) -> Claim:
    """Decide against it, with a sentence that answers the answer."""
    claim = _locked(claim)
    if claim.kind != Kind.DEDUCTION:
        raise Refused(_("个人申报请退回并写明原因。"))
    refusal = may_act(claim, by)
    if refusal:
        raise Refused(refusal)
    decision = _checked_decision(decision)
    _move(claim, State.DROPPED, by=by, step=claim.next_step, reason=decision[:REASON_LENGTH], decision=decision)
    return claim


# --- moving --------------------------------------------------------------------------------------
def _locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(of=("self",))
    things = ("account__member", "unit", "group", "item__section__rule_set", "filed_by")
    return rows.select_related(*things).get(pk=claim.pk)


def _move(claim: Claim, to: str, *, by: User, step: str = "", reason: str = "", **fields: object) -> None:
    """Move where the state is still the old one, note who and when, say what comes next, and tell the member."""
    if (claim.state, to) not in Claim.MOVES:
        raise Refused(_("这件申报现在是“%s”，不能这样办理，请刷新页面。") % claim.get_state_display())
    old = claim.state
    try:
        with transaction.atomic():
            ClaimMove.objects.create(
                claim=claim, round=claim.round, step=step, from_state=old, to_state=to, by=by, at=timezone.now(),
                reason=reason,
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("你已办理过这件申报的前一步，这一步请由其他人办理。")) from None
    following = _next_step(claim, to)
    escalated = _is_escalated(claim, following, acted=_acted(claim))
    moved = Claim.objects.filter(pk=claim.pk, state=old).update(
        state=to, next_step=following, is_escalated=escalated, **fields
    )
    if not moved:
        raise Refused(_("这件申报刚刚已由他人办理，请刷新页面。"))
    claim.refresh_from_db()
    record(by, f"scoring.claim_{to.lower()}", claim, detail=reason)
    _tell(claim, by)


def _tell(claim: Claim, by: User) -> None:
    """The member hears what became of it; of a deduction at once that it is proposed."""
    if claim.account.member_id is None or claim.account.member_id == by.member_id:
        return
    words = {"item": claim.item.name, "points": show(hundredths(claim.points)), "reason": claim.return_reason}
    sentences = {
        (Kind.CLAIM, State.APPROVED): _("申报“%(item)s”已入账，计 %(points)s 分。"),
        (Kind.CLAIM, State.RETURNED): _("申报“%(item)s”被退回：%(reason)s"),
        (Kind.DEDUCTION, State.CLAIMED): _("支委会提议扣分“%(item)s” %(points)s 分，你可以在期限内说明。"),
        (Kind.DEDUCTION, State.APPROVED): _("扣分“%(item)s”已决定，计 %(points)s 分。"),
        (Kind.DEDUCTION, State.DROPPED): _("扣分“%(item)s”决定不予扣分。"),
    }
    text = sentences.get((Kind(claim.kind), State(claim.state)))
    if text:
        tell(claim.account.member_id, text % words, "scoring:claim-detail", claim.pk)
