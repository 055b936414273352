"""Months: how far every branch is, and the steps from entry to closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from members.access import BUSINESS_ADMIN_POSTS, COMMITTEE_POSTS
from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse
from scoring import months, progress
from scoring.forms.months import PolicyForm
from scoring.models import Month, MonthPolicy, ScoreRun
from scoring.services import months as services
from scoring.views.runs import progress_of

PAGE = 50


def asked_month(request: SignedIn, latest: int) -> int:
    """The month in the query string; the latest one when it is missing or no month."""
    try:
        month = int(request.GET.get("month", ""))
    except ValueError:
        return latest
    return month if months.is_month(month) and month <= latest else latest


def recent_months(latest: int, count: int = 12) -> list[int]:
    return list(reversed(months.span(months.shift(latest, 1 - count), latest)))


@permitted("scoring.list_months")
def month_list(request: SignedIn) -> HttpResponse:
    """Progress of all branches one works with, in one month."""
    today = timezone.localdate()
    current = months.month_of(today)
    month = asked_month(request, current) if request.GET.get("month") else months.shift(current, -1)
    branches = progress.branches_of(request.user).order_by("path")
    state, chosen = request.GET.get("state", ""), branches
    if state in progress.STEPS:
        rows = Month.objects.filter(month=month)
        if state == Month.State.OPEN:
            chosen = branches.exclude(pk__in=rows.exclude(state=state).values("unit"))
        else:
            chosen = branches.filter(pk__in=rows.filter(state=state).values("unit"))
    counts = progress.counts_of(branches, month)
    paginator = Paginator(progress.with_numbers(chosen, month), PAGE)
    # Known already: no second count.
    paginator.count = counts[state if state in progress.STEPS else "ALL"]
    page = paginator.get_page(request.GET.get("page"))
    units = list(page.object_list)
    policy = services.policy_of(units[0]) if units else MonthPolicy()
    limits = services.deadlines(policy, month)
    root = _root_of(request)
    run = _latest_run(root, month)
    return render(
        request,
        "scoring/month_list.html",
        {
            "month": month,
            "months": recent_months(current, 18),
            "page": page,
            "lines": progress.progress_of(units, month, limits, today),
            "counts": counts,
            "states": [(value, Month.State(value).label) for value in progress.STEPS],
            "state": state,
            "limits": limits,
            "run": run,
            "root": root,
            # A general branch has months, its committee archives them.
            "root_archives": root is not None and root.kind == OrgUnit.Kind.PARTY_COMMITTEE,
            "can_close": request.user.authority.holds(COMMITTEE_POSTS),
            **(progress_of(run) if run else {}),
        },
    )


def _root_of(request: SignedIn) -> OrgUnit | None:
    """The committee whose month this person may have computed."""
    paths = request.user.authority.paths(COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS)
    return OrgUnit.objects.get(pk=int(min(paths, key=len).split(".")[-2])) if paths else None


def _latest_run(root: OrgUnit | None, month: int) -> ScoreRun | None:
    return ScoreRun.objects.filter(unit=root, month=month).first() if root else None


def _step(permission: str, service: Callable[..., Any], done: str, *, takes_reason: bool = False) -> Any:
    """A view for one verb of a month: load the branch, call the service, say what happened, go back to the grid."""

    @require_POST
    @permitted(permission, OrgUnit)
    def step(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
        try:
            row = services.month_of_unit(unit, month)
            reason = {"reason": request.POST.get("reason", "")} if takes_reason else {}
            service(row, by=request.user, **reason)
            messages.success(request, done % {"month": months.label(month)})
        except Refused as refusal:
            refuse(request, refusal, unit)
        return redirect("scoring:month-grid", unit.pk, month)

    return step


month_submit = _step("scoring.enter_month", services.submit_month, _("%(month)s已提交支委会审核。"))
month_recall = _step("scoring.enter_month", services.recall_month, _("%(month)s已撤回，可以继续修改。"))
month_check = _step("scoring.check_month", services.check_month, _("%(month)s审核通过。"))
month_return = _step("scoring.return_month", services.return_month, _("%(month)s已退回。"), takes_reason=True)
month_close = _step("scoring.close_month", services.close_month, _("%(month)s已结账并封签。"))

month_reopen = _step(
    "scoring.reopen_month", services.reopen_month, _("%(month)s已重新打开，支部可以更正。"), takes_reason=True
)


@require_POST
@permitted("scoring.list_months")
def months_close(request: SignedIn) -> HttpResponse:
    """Close all checked months that were ticked; each stands for itself, the refused ones are named."""
    try:
        month = int(request.POST.get("month", ""))
        ids = [int(value) for value in request.POST.getlist("unit")]
    except ValueError:
        messages.error(request, _("没有选中任何支部，请勾选后再结账。"))
        return redirect("scoring:month-list")
    rows = Month.objects.visible_to(request.user).filter(unit__in=ids, month=month).select_related("unit")
    closed = 0
    for row in rows:  # one transaction each: a refused one does not hold up the others
        try:
            services.close_month(row, by=request.user)
            closed += 1
        except Refused as refusal:
            messages.error(request, f"{row.unit}：{refusal}")
            note(request, refusal, row)
    if closed:
        messages.success(request, _("已结账 %d 个支部。") % closed)
    return redirect(f"{reverse('scoring:month-list')}?month={month}")


@permitted("scoring.set_policy", OrgUnit)
def policy_edit(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """Deadlines, days to answer and who closes, for a committee."""
    form = PolicyForm(request.POST or None, instance=services.policy_of(unit))
    if request.method == "POST" and form.is_valid():
        services.set_policy(unit, by=request.user, **form.cleaned_data)
        messages.success(request, _("月度规定已保存。"))
        return redirect("scoring:month-list")
    return render(request, "scoring/policy_edit.html", {"form": form, "unit": unit})
