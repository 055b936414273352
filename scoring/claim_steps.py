"""The way of a claim for includes/_stepper.html: who did each step and when, who comes next, where it came back."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from scoring.models import Claim, ClaimMove
from scoring.services.claim_chain import steps_of

State, Step = Claim.State, Claim.Step
StepLine = dict[str, str]


def way_of(claim: Claim, moves: Sequence[ClaimMove]) -> list[StepLine]:
    """From the filing to the entry, of the present round. `moves` are all of the claim, oldest first."""
    present = [move for move in moves if move.round == claim.round]
    if claim.kind == Claim.Kind.DEDUCTION:
        return _deduction(claim, present)
    lines = [_filed(claim)]
    acts = {move.step: move for move in present if move.step}
    for step in _chain(claim, acts):
        lines.append(_line(claim, step, acts.get(step)))
    if claim.state == State.WITHDRAWN:
        lines = [line for line in lines if line["state"] == "done"]
        lines.append(_said(_("撤回"), "back", present[-1] if present else None))
    return lines


def _filed(claim: Claim) -> StepLine:
    if claim.filed_at is None:
        return {"label": _("申报"), "state": "now", "note": _("还没有提交")}
    if claim.state == State.RETURNED:
        return {"label": _("申报"), "state": "now", "note": _("修改后再提交")}
    return {"label": _("申报"), "state": "done", "note": _note(claim.filed_at, claim.filed_by)}


def _chain(claim: Claim, acts: dict[str, ClaimMove]) -> list[str]:
    """What was done, and what the rules still ask for; of a finished claim what was done alone."""
    if claim.state in (State.APPROVED, State.WITHDRAWN):
        return list(acts)
    asked = steps_of(claim)
    return [step for step in Step.values if step in acts or step in asked]


def _line(claim: Claim, step: str, act: ClaimMove | None) -> StepLine:
    label = str(Step(step).label)
    if act is not None:
        return _said(label, "back" if act.to_state == State.RETURNED else "done", act)
    if step == claim.next_step:
        return {"label": label, "state": "now", "note": waits_for(claim)}
    return {"label": label, "state": "todo", "note": ""}


def waits_for(claim: Claim) -> str:
    """Who can do the next step, in words."""
    if claim.is_escalated:
        return _("由副书记或上级党委办理")
    return {
        Step.CHECK.value: _("由党小组长办理"),
        Step.REVIEW.value: _("由支委会办理"),
        Step.APPROVE.value: _("由支部书记办理"),
    }.get(claim.next_step, "")


def _deduction(claim: Claim, moves: Sequence[ClaimMove]) -> list[StepLine]:
    """Proposed, answered, decided."""
    decided = next((move for move in moves if move.step), None)
    lines = [{"label": _("支委会提议"), "state": "done", "note": _note(claim.filed_at, claim.filed_by)}]
    if claim.answered_at:
        lines.append({"label": _("本人说明"), "state": "done", "note": _note(claim.answered_at, claim.account.member)})
    elif claim.state == State.CLAIMED and may_still_answer(claim):
        until = _("%s 前可说明") % f"{claim.answer_until:%m-%d}"
        return [*lines, {"label": _("本人说明"), "state": "now", "note": until}, _todo(_("决定"))]
    else:
        lines.append({"label": _("本人说明"), "state": "done", "note": _("没有说明")})
    if claim.state == State.WITHDRAWN:
        return [lines[0], _said(_("撤回"), "back", moves[-1] if moves else None)]
    if decided is None:
        return [*lines, {"label": _("决定"), "state": "now", "note": waits_for(claim)}]
    label = _("不予扣分") if claim.state == State.DROPPED else _("决定扣分")
    return [*lines, _said(label, "done", decided)]


def may_still_answer(claim: Claim) -> bool:
    return claim.answer_until is None or timezone.localdate() <= claim.answer_until


def _todo(label: str) -> StepLine:
    return {"label": label, "state": "todo", "note": ""}


def _said(label: str, state: str, move: ClaimMove | None) -> StepLine:
    return {"label": label, "state": state, "note": _note(move.at, move.by) if move else ""}


def _note(at: datetime.datetime | None, who: object) -> str:
    return f"{who} {timezone.localtime(at):%m-%d %H:%M}" if at else str(who)
