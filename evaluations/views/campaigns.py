"""评定: the list, one campaign with its stages and branches, and the verbs that move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from evaluations.blueprints import BLUEPRINTS, blueprint
from evaluations.campaign_progress import (
    PollLine,
    branches_of,
    figures_of,
    lines_of,
    polls_of,
    review_waits,
    steps_of,
    units_of,
    with_polls,
)
from evaluations.forms.campaigns import CampaignCreateForm
from evaluations.models import Campaign, Candidate, Poll, Stage
from evaluations.querysets import PREPARING_POSTS
from evaluations.services.campaigns import create_campaign, open_campaign, problems_of
from evaluations.services.decisions import conclude_campaign
from evaluations.services.rating import recompute_campaign
from members.errors import Refused
from members.models import OrgUnit, User
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse

PAGE = 50
State = Campaign.State


@require_GET
@permitted("evaluations.list_campaigns")
def campaign_list(request: SignedIn) -> HttpResponse:
    """By year, the newest first; what waits stands with each."""
    rows = Campaign.objects.visible_to(request.user).select_related("unit").prefetch_related("stages")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    held = [post.unit_id for post in request.user.authority.posts if post.post in PREPARING_POSTS]
    units = OrgUnit.objects.open().filter(pk__in=held).order_by("path") if held else []
    lines = lines_of(list(page.object_list), request.user, timezone.localdate())
    return render(request, "evaluations/campaign_list.html", {"page": page, "lines": lines, "units": list(units)})


@permitted("evaluations.prepare_campaign", OrgUnit)
def campaign_create(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """A template, a year and a first day make a draft; everything else is changed on the page that follows."""
    form = CampaignCreateForm(request.POST or None, initial={"year": timezone.localdate().year})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            campaign = create_campaign(
                unit, blueprint(given["template"]), year=given["year"], starts_on=given["starts_on"],
                name=given["name"], by=request.user,
            )  # fmt: skip
            return redirect("evaluations:campaign-edit", campaign.pk)
        except Refused as refusal:
            note(request, refusal, unit)
            form.add_error(None, str(refusal))
    context = {"form": form, "unit": unit, "plans": BLUEPRINTS, "chosen": form["template"].value()}
    return render(request, "evaluations/campaign_create.html", context)


@require_GET
@permitted("evaluations.view_campaign", Campaign, related=("unit",))
def campaign_detail(request: SignedIn, campaign: Campaign) -> HttpResponse:
    """The stages with their days; for members their own part, for committees their branches side by side."""
    user, today = request.user, timezone.localdate()
    stages = list(campaign.stages.all())
    prepares = user.has_perm("evaluations.prepare_campaign", campaign)
    is_draft = campaign.state == State.DRAFT
    context = {
        "campaign": campaign,
        "stages": stages,
        "steps": steps_of(campaign, stages, today),
        "prepares": prepares,
        "approves": user.has_perm("evaluations.approve_campaign", campaign),
        "is_draft": is_draft,
        "is_running": campaign.state == State.RUNNING,
    }
    if is_draft:
        context |= {"problems": problems_of(campaign), "bands": list(campaign.bands.all())}
    else:
        context |= _under_way(request, campaign, stages)
    return render(request, "evaluations/campaign_detail.html", context)


def _under_way(request: SignedIn, campaign: Campaign, stages: list[Stage]) -> dict[str, object]:
    figures = figures_of(campaign, request.user)
    paginator = Paginator(units_of(campaign, request.user), PAGE)
    # Counted already: the branches of a large campaign are not counted twice.
    paginator.count = figures.branches
    page: Any = paginator.get_page(request.GET.get("page"))
    shown = branches_of(campaign, page.object_list) if figures.branches else []
    polls = polls_of(campaign, [line.unit for line in shown], request.user)
    with_polls(shown, stages, polls)
    page.object_list = shown
    return {
        "page": page,
        "ballots": [stage for stage in stages if stage.has_ballots],
        "has_self": any(stage.kind == Stage.Kind.SELF for stage in stages),
        "has_branch": any(stage.kind == Stage.Kind.BRANCH for stage in stages),
        "figures": figures,
        **_own_part(request.user, campaign, stages, polls),
    }


def _own_part(user: User, campaign: Campaign, stages: list[Stage], polls: list[PollLine]) -> dict[str, object]:
    """What this person has to do: their self review, and the polls that are open to them."""
    rows = Candidate.objects.filter(campaign=campaign, account__member=user.member_id or 0)
    own = rows.select_related("self_review", "approved").first()
    today, kinds = timezone.localdate(), {stage.pk: stage for stage in stages}
    under_way = [stage for stage in stages if stage.opens_on <= today <= stage.closes_on]
    is_running = campaign.state == State.RUNNING
    open_polls = [
        (kinds[poll.stage], poll)
        for poll in polls
        if poll.own is not None and poll.state == Poll.State.OPEN and kinds[poll.stage] in under_way
    ]
    return {
        "own": own,
        "own_review": getattr(own, "self_review", None),
        "write_until": review_waits(own, under_way) if is_running else None,
        "write_from": review_waits(own, [stage for stage in stages if today < stage.opens_on]) if is_running else None,
        "own_polls": open_polls if is_running else [],
        "may_see_result": campaign.state != State.RUNNING,
    }


# --- the verbs -------------------------------------------------------------------------------------
Service = Callable[[Campaign, User], object]


def _verb(permission: str, service: Service, done: str | Promise) -> Callable[..., HttpResponseBase]:
    """A view that moves a campaign; what is refused is said on its page, a sentence per line."""

    @require_POST
    @permitted(permission, Campaign, related=("unit",))
    def view(request: SignedIn, campaign: Campaign) -> HttpResponse:
        try:
            service(campaign, request.user)
            messages.success(request, str(done))
        except Refused as refusal:
            refuse(request, refusal, campaign)
        return redirect("evaluations:campaign-detail", campaign.pk)

    return view


campaign_open = _verb(
    "evaluations.prepare_campaign",
    lambda campaign, by: open_campaign(campaign, by=by),
    gettext_lazy("评定已启动，参评名单已固定。"),
)
campaign_compute = _verb(
    "evaluations.prepare_campaign",
    lambda campaign, by: recompute_campaign(campaign, by=by),
    gettext_lazy("已按现有积分和已开的票测算；支部和党委的意见没有改动。"),
)
campaign_conclude = _verb(
    "evaluations.approve_campaign",
    lambda campaign, by: conclude_campaign(campaign, by=by),
    gettext_lazy("评定已审定完毕，接下来公示。"),
)


def draft_only(campaign: Campaign) -> str:
    """Empty for a draft, else the sentence why its settings are no longer to be changed."""
    return "" if campaign.state == State.DRAFT else _("“%s”已经启动，设置不能再改。") % campaign
