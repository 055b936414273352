"""A campaign in preparation: the one page on which it is set up, its live checks, the preview, and dropping it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from evaluations.forms.campaigns import CampaignSheet
from evaluations.models import Campaign
from evaluations.services.campaign_drafts import (
    change_campaign,
    digest_of,
    draft_of,
    drop_campaign,
    problems_with,
)
from evaluations.services.previews import preview_campaign
from evaluations.views.campaigns import draft_only
from members.errors import Refused
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse

# How many years back a preview may look.
YEARS = 3


@permitted("evaluations.prepare_campaign", Campaign, related=("unit",))
def campaign_edit(request: SignedIn, campaign: Campaign) -> HttpResponse:
    """Everything on one page. It is stored with its problems; only opening asks for none."""
    closed = draft_only(campaign)
    if closed:
        messages.error(request, closed)
        return redirect("evaluations:campaign-detail", campaign.pk)
    stored = draft_of(campaign)
    sheet = CampaignSheet(request.POST or None, stored)
    problems, refusal = problems_with(campaign, stored), ""
    if request.method == "POST":
        problems = _problems(campaign, sheet)
        if sheet.is_valid():
            try:
                change_campaign(campaign, sheet.draft(), seen=request.POST.get("seen", ""), by=request.user)
                messages.success(request, _("已保存。"))
                return redirect("evaluations:campaign-edit", campaign.pk)
            except Refused as refused:
                note(request, refused, campaign)
                refusal = str(refused)
    context = {
        "campaign": campaign,
        "sheet": sheet,
        "problems": problems,
        "refusal": refusal,
        "seen": request.POST.get("seen") or digest_of(stored),
    }
    return render(request, "evaluations/campaign_edit.html", context)


def _problems(campaign: Campaign, sheet: CampaignSheet) -> list[str]:
    """What cannot be read comes first; only a page that can be read is checked as a whole."""
    return problems_with(campaign, sheet.draft()) if sheet.is_valid() else sheet.mistakes()


@require_POST
@permitted("evaluations.prepare_campaign", Campaign)
def campaign_check(request: SignedIn, campaign: Campaign) -> HttpResponse:
    """The list of problems for what is being typed. Nothing is stored."""
    sheet = CampaignSheet(request.POST, draft_of(campaign))
    context = {"campaign": campaign, "problems": _problems(campaign, sheet), "is_tried": True}
    return render(request, "evaluations/_campaign_checks.html", context)


@permitted("evaluations.prepare_campaign", Campaign, related=("unit",))
def campaign_preview(request: SignedIn, campaign: Campaign) -> HttpResponse:
    """A dry run over the points of one year as they stand. Nothing is stored; it is computed when it is sent for."""
    this = timezone.localdate().year
    years = sorted({campaign.year, *range(this, this - YEARS, -1)}, reverse=True)
    asked = request.POST.get("year", "")
    year = int(asked) if asked in map(str, years) else campaign.year
    preview = preview_campaign(campaign, year) if request.method == "POST" else None
    context = {"campaign": campaign, "years": years, "year": year, "preview": preview}
    is_part = preview is not None and request.htmx  # type: ignore[attr-defined]
    name = "_campaign_preview" if is_part else "campaign_preview"
    return render(request, f"evaluations/{name}.html", context)


@require_POST
@permitted("evaluations.prepare_campaign", Campaign, related=("unit",))
def campaign_drop(request: SignedIn, campaign: Campaign) -> HttpResponse:
    name = str(campaign)
    try:
        drop_campaign(campaign, by=request.user)
    except Refused as refusal:
        refuse(request, refusal, campaign)
        return redirect("evaluations:campaign-detail", campaign.pk)
    messages.success(request, _("“%s”已删除。") % name)
    return redirect("evaluations:campaign-list")
