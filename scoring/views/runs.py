"""The month job in the browser: start it, watch it, stop it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from scoring import months
from scoring.models import ScoreRun
from scoring.services import runs
from scoring.tasks import work_on_score_run


@require_POST
@permitted("scoring.start_run", OrgUnit)
def run_start(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    try:
        run = runs.start_run(unit, month, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        # Outside a transaction by now; a lost message is found by the minutely sweep.
        work_on_score_run.delay(run.pk)
        messages.success(request, _("已开始计算 %s的积分。") % months.label(month))
    return redirect(f"{reverse('scoring:month-list')}?month={month}")


@permitted("scoring.start_run", ScoreRun, related=("unit", "by__member"))
def run_progress(request: SignedIn, run: ScoreRun) -> HttpResponse:
    """The progress bar, asked for again every second while the run is under way."""
    return render(request, "scoring/_run.html", {"run": run, **progress_of(run)})


def progress_of(run: ScoreRun) -> dict[str, object]:
    done, total, accounts = runs.progress(run)
    going = run.state in (ScoreRun.State.WAITING, ScoreRun.State.RUNNING)
    return {"done": done, "total": total, "accounts": accounts, "is_going": going}


@require_POST
@permitted("scoring.start_run", ScoreRun, related=("unit",))
def run_cancel(request: SignedIn, run: ScoreRun) -> HttpResponse:
    try:
        runs.cancel_run(run, by=request.user)
        messages.success(request, _("计算已取消，已算完的支部保留新的积分。"))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{reverse('scoring:month-list')}?month={run.month}")
