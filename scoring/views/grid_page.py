"""What the page of the monthly grid shows around the table, and what its script is told."""

from __future__ import annotations

import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import COMMITTEE_POSTS
from members.models import OrgUnit, User
from scoring import months
from scoring.calculation.amounts import hundredths
from scoring.calculation.book import ItemRule
from scoring.models import Month, MonthMove, MonthPolicy
from scoring.services.columns import GridColumn
from scoring.services.months import deadlines, policy_of
from scoring.services.sheet import Grid, GridRow, points_text

State = Month.State
# How many months the switcher offers to look back at.
LOOK_BACK = 18


def _day(day: datetime.date) -> str:
    return f"{day:%m-%d}"


def _done(by: User | None, at: datetime.datetime | None) -> str:
    return f"{by or ''} {_day(timezone.localdate(at))}" if at else ""


def steps_of(month: Month, policy: MonthPolicy, today: datetime.date) -> list[dict[str, str]]:
    """The stepper: who did each step when, and until when the next ones are due."""
    limits = deadlines(policy, month.month)
    closer = _("党委结账") if policy.closed_by == MonthPolicy.Closer.COMMITTEE else _("支委会结账")
    lines = [
        (State.OPEN, _("支部录入"), _done(month.submitted_by, month.submitted_at), limits.submit_by),
        (State.SUBMITTED, _("支委会审核"), _done(month.checked_by, month.checked_at), limits.check_by),
        (State.CHECKED, closer, _done(month.closed_by, month.closed_at), limits.close_by),
    ]
    order = [State.OPEN, State.SUBMITTED, State.CHECKED, State.CLOSED]
    here = order.index(State(month.state))
    steps = []
    for place, (state, label, done, due) in enumerate(lines):
        if place < here:
            steps.append({"label": label, "note": done, "state": "done"})
            continue
        late = place == here and today > due
        note = _("已过期，截止 %s") if late else _("截止 %s")
        back = state == State.OPEN and month.return_reason
        now = "back" if back else "now"
        steps.append({"label": label, "note": note % _day(due), "state": now if place == here else "todo"})
    last = {"note": _("已封签"), "state": "done"} if month.is_closed else {"note": "", "state": "todo"}
    steps.append({"label": _("已结账"), **last})
    return steps


def moves_of(month: Month, policy: MonthPolicy, user: User) -> set[str]:
    """The steps this person may take now. The services ask again."""
    unit, moves = month.unit, set()
    filed = user.pk == month.submitted_by_id
    above = user.authority.reaches(unit, COMMITTEE_POSTS)
    if month.is_open and user.has_perm("scoring.enter_month", unit):
        moves.add("submit")
    if month.state == State.SUBMITTED:
        if user.has_perm("scoring.enter_month", unit):
            moves.add("recall")
        if not filed and user.has_perm("scoring.check_month", unit):
            moves.add("check")
        if not filed and user.has_perm("scoring.return_month", unit):
            moves.add("return")
    if month.state == State.CHECKED:
        if above and not filed:
            moves.add("return")
        by_committee = policy.closed_by == MonthPolicy.Closer.COMMITTEE
        if (
            (above and not filed and user.pk != month.checked_by_id)
            if by_committee
            else user.has_perm("scoring.check_month", unit)
        ):
            moves.add("close")
    if month.is_closed and above:
        moves.add("reopen")
    return moves


def switcher_of(month: int, today: datetime.date) -> dict[str, Any]:
    latest = months.month_of(today)
    following = months.shift(month, 1)
    return {
        "month": month,
        "previous": months.shift(month, -1),
        "following": following if following <= latest else None,
        "recent": list(reversed(months.span(months.shift(latest, 1 - LOOK_BACK), latest))),
    }


def page_of(grid: Grid, user: User) -> dict[str, Any]:
    month, today = grid.month, timezone.localdate()
    policy = policy_of(month.unit)
    editable = month.is_open and user.has_perm("scoring.enter_month", month.unit)
    means = [points_text(_tenth(mean)) for mean in grid.means()]
    return {
        "grid": grid,
        "unit": month.unit,
        "steps": steps_of(month, policy, today),
        "moves": moves_of(month, policy, user),
        "returned": _last_return(month),
        "is_editable": editable,
        "means": list(zip(grid.columns, means, strict=True)),
        "mean_total": points_text(_tenth(grid.mean_total())),
        "client": _client(grid, editable),
        **switcher_of(month.month, today),
    }


def _last_return(month: Month) -> MonthMove | None:
    """Who sent the month back, asked only when somebody has."""
    if not (month.is_open and month.return_reason):
        return None
    moves = MonthMove.objects.filter(month=month, to_state=State.OPEN).select_related("by__member")
    return moves.order_by("-id").first()


def _tenth(value: int | None) -> int | None:
    """A mean is shown with one decimal, half away from zero."""
    if value is None:
        return None
    size = (abs(value) + 5) // 10 * 10
    return -size if value < 0 else size


def _client(grid: Grid, editable: bool) -> dict[str, Any]:
    """The grid for its script: cells only where there is something."""
    place = [grid.month.unit_id, grid.month.month]
    cells = []
    for r, row in enumerate(grid.rows):
        for c, cell in enumerate(row.cells):
            if cell.text or cell.version or cell.remark or cell.files:
                points = points_text(cell.points)
                cells.append([r, c, cell.text, cell.version, points, cell.remark, cell.files])
        if row.remark or row.remark_version:
            cells.append([r, len(grid.columns), row.remark, row.remark_version, "", "", 0])
    return {
        "editable": editable,
        "cellsUrl": reverse("scoring:month-cells", args=place),
        "lastUrl": reverse("scoring:month-last", args=place),
        "filesUrl": reverse("scoring:evidence-list", args=place),
        "addFileUrl": reverse("scoring:evidence-add", args=place),
        "rows": [_client_row(row) for row in grid.rows],
        "columns": [_client_column(column) for column in grid.columns],
        "cells": cells,
    }


def _client_row(row: GridRow) -> list[Any]:
    member = row.member
    return [
        row.account,
        member.name,
        member.staff_number,
        member.initials,
        member.pinyin.replace(" ", ""),
        row.total_text,
    ]


def _client_column(column: GridColumn) -> dict[str, Any]:
    item, rule = column.item, column.rule
    return {
        "item": item.pk,
        "code": item.code,
        "name": item.name,
        "aliases": item.aliases,
        "section": column.section.name,
        "kind": column.section.kind,
        "hint": column.hint,
        "standard": item.standard,
        "notes": column.notes,
        "unit": rule.unit_label,
        "editable": column.is_editable,
        "expected": column.is_expected,
        "reason": rule.reason_required,
        "evidence": item.evidence,
        "deduction": rule.is_deduction,
        **_client_price(rule),
    }


def _client_price(rule: ItemRule) -> dict[str, Any]:
    """What the script needs to say a cell's points at once; what is not simple waits for the answer."""
    table: Any = rule.pricing_table
    if rule.pricing == "range":
        return {"pricing": "range", "least": table["min"], "most": table["max"]}
    if rule.pricing in ("level", "grade"):
        return {"pricing": "level", "levels": table["levels"]}
    if rule.pricing == "fixed":
        return {"pricing": "times", "rate": table["points"]}
    if rule.pricing == "per_unit" and not any(hundredths(table.get(name, "0")) for name in ("minimum", "step")):
        return {"pricing": "times", "rate": table["rate"]}
    return {"pricing": "later"}


def place_of(unit: OrgUnit, month: int) -> dict[str, Any]:
    """For the page that says why there is no grid."""
    return {"unit": unit, **switcher_of(month, timezone.localdate())}
