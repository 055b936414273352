"""到会情况: the sheet of one activity, filled in by hand, from the clipboard or from a table."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from scoring import life, months
from scoring.forms.activities import AttendanceForm
from scoring.models import Activity, Attendance
from scoring.services.activities import hold_activity
from scoring.services.activity_sheet import Line, Reading, as_typed, presences, read_marks, sheet_of
from scoring.views.activities import RELATED, closed_month

Mark = Attendance.Mark
# So many changes are named in the sentence after a correction.
NAMED = 5


@permitted("scoring.keep_activities", Activity, related=RELATED)
def activity_attendance(request: SignedIn, activity: Activity) -> HttpResponse:
    """Everybody who is expected, proposed as present. Reading a table fills the sheet; saving writes it."""
    if activity.state == Activity.State.CANCELLED:
        messages.error(request, _("这次组织生活已取消，请另建一次。"))
        return redirect("scoring:activity-detail", activity.pk)
    day = activity.held_on or min(activity.planned_on, timezone.localdate())
    if request.method != "POST":
        form = AttendanceForm(initial={"held_on": day, "seen": activity.at.isoformat()})
        return _page(request, activity, form, sheet_of(activity, day), day)
    form = AttendanceForm(request.POST, request.FILES)
    is_valid = form.is_valid()
    day = form.day(day)
    if not months.is_month(months.month_of(day)):
        messages.error(request, _("开展日期不对，请重新填写。"))
        return redirect("scoring:activity-attendance", activity.pk)
    stood = sheet_of(activity, day)
    lines, unseen = as_typed(stood, request.POST)
    if "read" in request.POST:
        reading = read_marks(form.cleaned_data.get("rows", []), lines) if is_valid else None
        return _read(request, activity, form, lines, reading, day)
    if unseen:
        names = "、".join(line.name for line in unseen[:NAMED])
        messages.error(request, _("名单有变化，多了%s等人，还没有保存；请核对后再保存。") % names)
    elif is_valid and form.cleaned_data["seen"] not in (None, activity.at):
        messages.error(request, _("这张表刚刚由%s改过，下面是现在的内容，请核对后再保存。") % activity.by)
        return redirect("scoring:activity-attendance", activity.pk)
    elif is_valid and _saved(request, activity, form, stood, lines, day):
        return redirect("scoring:activity-detail", activity.pk)
    return _page(request, activity, form, lines, day)


def _saved(
    request: SignedIn,
    activity: Activity,
    form: AttendanceForm,
    stood: list[Line],
    lines: list[Line],
    day: datetime.date,
) -> bool:
    try:
        seen = form.cleaned_data["seen"]
        posted = hold_activity(activity, day, presences(lines), by=request.user, seen=seen)
    except Refused as refusal:
        refuse(request, refusal, activity)
        return False
    messages.success(request, _said(stood, lines, posted))
    return True


def _said(stood: list[Line], lines: list[Line], posted: int) -> str:
    """What has been entered, and of a correction what it changed."""
    if not any(line.is_recorded for line in stood):
        return _("已记录 %(count)d 人的到会情况，入账 %(posted)d 条记录。") % {"count": len(lines), "posted": posted}
    before = {line.account: line.mark for line in stood if line.is_recorded}
    changed = [
        f"{line.name} {_word(before[line.account])} → {_word(line.mark)}" if line.account in before else line.name
        for line in lines
        if before.get(line.account) != line.mark
    ]
    if not changed and not posted:
        return _("已保存，到会情况没有变化。")
    named = "；".join(changed[:NAMED]) + (_("等") if len(changed) > NAMED else "")
    return _("已更正 %(count)d 人：%(named)s。台账新增 %(posted)d 条（含冲正）。") % {
        "count": len(changed), "named": named, "posted": posted,
    }  # fmt: skip


def _word(mark: str) -> str:
    return str(Mark(mark).label)


def _read(
    request: SignedIn,
    activity: Activity,
    form: AttendanceForm,
    lines: list[Line],
    reading: Reading | None,
    day: datetime.date,
) -> HttpResponse:
    """The page again with what was read; nothing is written."""
    if reading is None:
        return _page(request, activity, form, lines, day)
    if reading.marks:
        messages.info(request, _("已读入 %d 人，还没有保存；请核对后保存。") % len(reading.marks))
    elif not reading.unmatched:
        messages.error(request, _("没有读到任何内容，请粘贴或选择表格后再读入。"))
    return _page(request, activity, form, reading.applied(lines), day, reading)


def _page(
    request: SignedIn,
    activity: Activity,
    form: AttendanceForm,
    lines: list[Line],
    day: datetime.date,
    reading: Reading | None = None,
) -> HttpResponse:
    is_held = activity.state == Activity.State.HELD
    context: dict[str, Any] = {
        "activity": activity,
        "form": form,
        "lines": lines,
        "marks": Mark.choices,
        "is_held": is_held,
        "reading": reading,
        "closed": closed_month(activity, day),
        "month": months.month_of(day),
        "consequences": life.consequences(activity.unit, months.month_of(day), activity.kind),
        "today": timezone.localdate(),
    }
    return render(request, "scoring/activity_attendance.html", context)
