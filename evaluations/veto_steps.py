"""The way of a veto case for includes/_stepper.html: who did each step and when, what comes next."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import VetoCase, VetoMove
from scoring.models import RuleSet

State = VetoCase.State
StepLine = dict[str, str]


def may_still_answer(case: VetoCase) -> bool:
    return case.state == State.PROPOSED and timezone.localdate() <= case.answer_until


def way_of(case: VetoCase, moves: Sequence[VetoMove]) -> list[StepLine]:
    """From the proposal to the decision; an appeal adds two steps. `moves`: all of the case, oldest first."""
    first = {move.to_state: move for move in reversed(moves)}
    lines = [_done(_("提出"), first[State.PROPOSED]), _answer(case)]
    if case.state == State.WITHDRAWN:
        return [lines[0], _done(_("撤回"), first[State.WITHDRAWN]) | {"state": "back"}]
    if case.form == RuleSet.VetoForm.MEETING and not _rejected_at_once(case, first):
        lines.append(_step(_("大会表决"), first.get(State.VOTED), is_next=lines[1]["state"] == "done"))
    rejected, decided = first.get(State.REJECTED), first.get(State.IN_FORCE)
    if rejected is not None:
        return [*lines, _done(_("不予否决"), rejected)]
    lines.append(_step(_("党委决定"), decided, is_next=lines[-1]["state"] == "done"))
    return [*lines, *_appeal(case, moves)]


def _rejected_at_once(case: VetoCase, first: dict[str, VetoMove]) -> bool:
    """The meeting did not carry it, or the committee stopped it before a vote."""
    return case.state == State.REJECTED and State.VOTED not in first


def _answer(case: VetoCase) -> StepLine:
    label = _("本人申辩")
    if case.answered_at is not None:
        return {"label": label, "state": "done", "note": f"{timezone.localtime(case.answered_at):%m-%d %H:%M}"}
    if may_still_answer(case):
        return {"label": label, "state": "now", "note": _("%s 前可申辩") % f"{case.answer_until:%m-%d}"}
    return {"label": label, "state": "done", "note": _("没有申辩")}


def _appeal(case: VetoCase, moves: Sequence[VetoMove]) -> list[StepLine]:
    """The last appeal there was, and what became of it."""
    place = next((n for n in reversed(range(len(moves))) if moves[n].to_state == State.APPEALED), None)
    if place is None:
        return []
    answered = moves[place + 1] if place + 1 < len(moves) else None
    label = _("维持否决") if answered is not None and answered.to_state == State.IN_FORCE else _("解除否决")
    if answered is None:
        return [_done(_("申诉"), moves[place]), {"label": _("申诉处理"), "state": "now", "note": _("由党委办理")}]
    return [_done(_("申诉"), moves[place]), _done(label, answered)]


def _step(label: str, move: VetoMove | None, *, is_next: bool) -> StepLine:
    return (
        _done(label, move) if move is not None else {"label": label, "state": "now" if is_next else "todo", "note": ""}
    )


def _done(label: str, move: VetoMove) -> StepLine:
    return {"label": label, "state": "done", "note": f"{move.by} {timezone.localtime(move.at):%m-%d %H:%M}"}
