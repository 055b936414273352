"""Who acts next on a claim, who may, and the one way it moves (evaluations.md §1)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, LEADER_POSTS, SECRETARY_POSTS
from members.errors import Refused
from members.models import Appointment, User
from members.services.audit import record
from members.services.messages import tell
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import Claim, ClaimMove

State, Step, Kind = Claim.State, Claim.Step, Claim.Kind
# The state that a step leads to, and what is still to come after each state.
DONE = {Step.CHECK: State.CHECKED, Step.REVIEW: State.REVIEWED, Step.APPROVE: State.APPROVED}
AFTER = {
    State.CLAIMED: (Step.CHECK, Step.REVIEW, Step.APPROVE),
    State.CHECKED: (Step.REVIEW, Step.APPROVE),
    State.REVIEWED: (Step.APPROVE,),
}


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


def locked(claim: Claim) -> Claim:
    rows = Claim.objects.select_for_update(of=("self",))
    things = ("account__member", "unit", "group", "item__section__rule_set", "filed_by")
    return rows.select_related(*things).get(pk=claim.pk)


def move(claim: Claim, to: str, *, by: User, step: str = "", reason: str = "", **fields: object) -> None:
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
    whom = str(claim.account)
    record(by, f"scoring.claim_{to.lower()}", claim, detail=f"{whom}：{reason}" if reason else whom)
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
