"""The five steps of an import, as the stepper shows them."""

from __future__ import annotations

from typing import TypedDict

from django.utils.translation import gettext as _

from members.models import RosterImport

State = RosterImport.State


class Step(TypedDict):
    label: str
    note: str
    state: str


def steps_of(row: RosterImport | None) -> list[Step]:
    """None is the page on which the file is chosen."""
    labels = (_("上传"), _("核对列"), _("问题与预览"), _("写入"), _("报告"))
    here, mark = _place(row)
    steps: list[Step] = []
    for index, label in enumerate(labels):
        state = "done" if index < here else mark if index == here else "todo"
        steps.append({"label": label, "note": "", "state": state})
    return steps


def _place(row: RosterImport | None) -> tuple[int, str]:
    if row is None:
        return 0, "now"
    if row.state == State.CHECKED:
        return (1, "now") if row.report["blockers"] else (2, "now")
    return {
        State.CONFIRMED: (3, "now"),
        State.RUNNING: (3, "now"),
        State.FAILED: (3, "back"),
        State.DONE: (5, "now"),
    }.get(State(row.state), (2, "back"))
