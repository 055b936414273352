"""党委综评: all branches on one page, bands used and left, approval in bulk, returning one."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from evaluations.models import Campaign, Candidate
from evaluations.overview import overview_of
from evaluations.services.decisions import approve_branches, return_band
from members.errors import Refused
from members.permissions import SignedIn, permitted
from members.refusals import refuse

# Branches on a page: what is ticked there is approved together.
PAGE = 100
# So many sentences are read; the rest are counted.
MOST = 20


@require_GET
@permitted("evaluations.approve_campaign", Campaign, related=("unit",))
def committee_review(request: SignedIn, campaign: Campaign) -> HttpResponse:
    overview = overview_of(campaign)
    context = {
        "campaign": campaign,
        "overview": overview,
        "page": Paginator(overview.branches, PAGE).get_page(request.GET.get("page")),
        "may_decide": campaign.state == Campaign.State.RUNNING,
    }
    return render(request, "evaluations/committee_review.html", context)


@require_POST
@permitted("evaluations.approve_campaign", Campaign, related=("unit",))
def committee_approve(request: SignedIn, campaign: Campaign) -> HttpResponse:
    """Approve the ticked branches as they stand; who is left is named."""
    units = [int(pk) for pk in request.POST.getlist("unit") if pk.isdecimal() and len(pk) < 19]
    if not units:
        messages.error(request, _("没有勾选支部。"))
        return redirect("evaluations:committee-review", campaign.pk)
    try:
        count, left = approve_branches(campaign, units, by=request.user)
        if count:
            messages.success(request, _("已批准 %d 人的等次。") % count)
        for sentence in left[:MOST]:
            messages.warning(request, sentence)
        if len(left) > MOST:
            messages.warning(request, _("另有 %d 人没有批准。") % (len(left) - MOST))
    except Refused as refusal:
        refuse(request, refusal, campaign)
    return redirect("evaluations:committee-review", campaign.pk)


@require_POST
@permitted("evaluations.approve_campaign", Candidate, related=("campaign__unit", "unit", "account__member"))
def band_return(request: SignedIn, candidate: Candidate) -> HttpResponse:
    """One candidate back to the branch committee."""
    try:
        return_band(candidate, by=request.user, reason=request.POST.get("words", ""))
        messages.success(request, _("%s已退回支委会。") % candidate)
    except Refused as refusal:
        refuse(request, refusal, candidate)
    return redirect("evaluations:branch-approve", candidate.unit_id, candidate.campaign_id)
