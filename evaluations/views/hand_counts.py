"""纸质票 and 会议记名表决: each of two people enters what they counted, without seeing what the other did."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from evaluations.forms.ballots import CountSheet
from evaluations.models import Poll
from evaluations.services.hand_counts import differences_of, enter_count
from members.errors import Refused
from members.permissions import SignedIn, permitted
from members.refusals import note


@permitted("evaluations.manage_poll", Poll, related=("stage__campaign", "unit"))
def poll_enter(request: SignedIn, poll: Poll) -> HttpResponse:
    """Where the two differ, both are told in which cells; each looks again at the ballots and enters anew."""
    if poll.mode == Poll.Mode.SECRET or poll.state != Poll.State.PREPARED:
        messages.error(request, _("这次投票%s，不能录入计票结果。") % poll.get_state_display())
        return redirect("evaluations:poll-detail", poll.pk)
    sheet, refusal = CountSheet(poll, request.POST if request.method == "POST" else None), ""
    if request.method == "POST":
        try:
            if enter_count(poll, sheet.found(), by=request.user):
                messages.error(request, _("两人录入的不一致，请各自核对选票后重新录入。"))
                return redirect("evaluations:poll-enter", poll.pk)
            messages.success(request, _("已录入。两人录入一致后即为结果。"))
            return redirect("evaluations:poll-detail", poll.pk)
        except Refused as said:
            refusal = str(said)
            note(request, said, poll)
    rows = list(poll.paper_counts.select_related("by__member").order_by("pk"))
    context = {
        "poll": poll,
        "sheet": sheet,
        "refusal": refusal,
        "counts": rows,
        "has_entered": any(row.by_id == request.user.pk for row in rows),
        "differences": differences_of(poll, rows),
    }
    return render(request, "evaluations/poll_enter.html", context)
