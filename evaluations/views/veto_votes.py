"""The vote of the branch meeting about a veto, and the files of a case."""

from __future__ import annotations

import datetime

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from evaluations.forms.vetoes import VoteForm
from evaluations.models import VetoCase
from evaluations.services.vetoes import record_veto_vote
from evaluations.services.votes import present_at, voting_members
from members.errors import Refused
from members.permissions import SignedIn, permitted
from members.refusals import note
from scoring.models import Evidence
from scoring.views.evidence import sent

RELATED = ("account__member", "unit", "rule_set")


@permitted("evaluations.record_veto_vote", VetoCase, related=RELATED)
def veto_vote(request: SignedIn, case: VetoCase) -> HttpResponse:
    """The list of those with a vote on the day of the meeting; attendance already entered is not asked for again."""
    day = _day(request.POST.get("held_on") or request.GET.get("held_on") or "")
    members, present = voting_members(case.unit, day), present_at(case.unit, day)
    form = VoteForm(request.POST or None, members=members, present=present, initial={"held_on": day})
    if request.method == "POST" and form.is_valid():
        try:
            moved = record_veto_vote(case, form.minutes(), by=request.user)
            messages.success(request, _("已记录表决：%s") % moved.votes.last().vote.verdict)  # type: ignore[union-attr]
            return redirect("evaluations:veto-detail", case.pk)
        except Refused as refusal:
            note(request, refusal, case)
            form.add_error(None, str(refusal))
    context = {"case": case, "form": form, "day": day, "is_from_sheet": bool(present)}
    return render(request, "evaluations/veto_vote.html", context)


def _day(text: str) -> datetime.date:
    try:
        return parse_date(text) or timezone.localdate()
    except ValueError:
        return timezone.localdate()


@require_GET
@permitted("evaluations.view_veto", VetoCase)
def veto_file(request: SignedIn, case: VetoCase, file: int) -> FileResponse:
    held = Evidence.objects.standing().filter(pk=file, pk__in=case.files.values("evidence")).first()
    if held is None:
        raise Http404
    return sent(held, by=request.user)
