"""支委会审定: the candidates of a branch side by side, the bands the committee proposes, and its minutes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.comparison import Comparison, compare, rated_of, side_by_side
from evaluations.forms.bands import BandsForm, MinutesForm
from evaluations.models import Campaign
from evaluations.services.decisions import approve_bands, propose_bands
from evaluations.services.votes import committee_members, record_committee_vote
from members.access import BRANCH_COMMITTEE_POSTS
from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import note


@permitted("evaluations.review_branch", OrgUnit)
def branch_review(request: SignedIn, unit: OrgUnit, campaign: int) -> HttpResponse:
    """Look, compare two, propose. Whoever sits above looks on."""
    rating, comparison = _compared(request, campaign, unit)
    is_running = rating.state == Campaign.State.RUNNING
    may_propose = is_running and request.user.authority.reaches(unit, BRANCH_COMMITTEE_POSTS)
    bands = _form(request, comparison, "proposed")
    minutes = MinutesForm(request.POST or None, members=committee_members(unit, timezone.localdate()))
    if request.method == "POST" and may_propose and bands.is_valid() and minutes.is_valid():
        if _proposed(request, rating, unit, bands, minutes):
            return redirect("evaluations:branch-review", unit.pk, rating.pk)
    context = _context(request, rating, unit, comparison) | {"bands": bands, "minutes": minutes}
    return render(request, "evaluations/branch_review.html", context | {"may_propose": may_propose})


def _proposed(request: SignedIn, rating: Campaign, unit: OrgUnit, bands: BandsForm, minutes: MinutesForm) -> bool:
    choices = bands.choices()
    if not choices:
        messages.info(request, _("等次没有变化，不用再提出。"))
        return True
    try:
        with transaction.atomic():
            subject = _("%(year)d 年度%(name)s：审定等次") % {"year": rating.year, "name": rating.name}
            vote = record_committee_vote(unit, subject, minutes.minutes(), by=request.user)
            if not vote.is_carried:
                raise Refused(vote.verdict)
            count = propose_bands(rating, unit, choices, by=request.user, vote=vote)
    except Refused as refusal:
        note(request, refusal, rating)
        bands.add_error(None, str(refusal))
        return False
    messages.success(request, _("已提出 %d 人的等次，等待党委综评。") % count)
    return True


@permitted("evaluations.approve_campaign", OrgUnit)
def branch_approve(request: SignedIn, unit: OrgUnit, campaign: int) -> HttpResponse:
    """The same candidates before the party committee: one by one, with a reason where it departs."""
    rating, comparison = _compared(request, campaign, unit)
    is_running = rating.state == Campaign.State.RUNNING
    bands = _form(request, comparison, "approved")
    if request.method == "POST" and is_running and bands.is_valid():
        try:
            count = approve_bands(rating, bands.choices(), by=request.user)
            messages.success(request, _("已批准 %d 人的等次。") % count)
            return redirect("evaluations:branch-approve", unit.pk, rating.pk)
        except Refused as refusal:
            note(request, refusal, rating)
            bands.add_error(None, str(refusal))
    context = _context(request, rating, unit, comparison) | {"bands": bands, "may_approve": is_running}
    return render(request, "evaluations/branch_review.html", context)


def _form(request: SignedIn, comparison: Comparison, word: str) -> BandsForm:
    own = request.user.member_id
    return BandsForm(request.POST or None, lines=comparison.lines, bands=comparison.bands, word=word, own=own)


def _compared(request: SignedIn, campaign: int, unit: OrgUnit) -> tuple[Campaign, Comparison]:
    """A campaign that has begun, and the candidates of this branch in it."""
    candidates = rated_of(campaign, unit)
    rating = candidates[0].campaign if candidates else _empty(request, campaign)
    if rating is None or rating.state == Campaign.State.DRAFT:
        raise Http404
    # Read once for everything on the page.
    prefetch_related_objects([rating], "stages", "bands")
    return rating, compare(rating, candidates)


def _empty(request: SignedIn, campaign: int) -> Campaign | None:
    return Campaign.objects.visible_to(request.user).select_related("unit").filter(pk=campaign).first()


def _context(request: SignedIn, rating: Campaign, unit: OrgUnit, comparison: Comparison) -> dict[str, Any]:
    asked = [int(pk) for pk in request.GET.getlist("with") if pk.isdecimal() and len(pk) < 19]
    return {
        "campaign": rating,
        "unit": unit,
        "comparison": comparison,
        "compared": side_by_side(comparison, asked),
        "stages": [str(stage) for stage in rating.stages.all() if stage.has_ballots],
    }
