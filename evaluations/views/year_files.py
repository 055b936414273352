"""年度档案: one candidate's year in one place, the search over all years, and what is taken away of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from evaluations.calculation.ballots import rounded
from evaluations.calculation.rating import Counts, value_of
from evaluations.forms.year_files import YearFileFilter
from evaluations.models import BandDecision, Campaign, Candidate, Stage, Tally
from evaluations.querysets import CASE_POSTS, PREPARING_POSTS
from evaluations.services.rating import rule_of
from evaluations.services.year_files import approval_pdf, summary_pdf, write_outcome
from evaluations.sheets.outcome import ballots_of, figures_of, headings_of
from evaluations.views.self_reviews import marks_of
from evaluations.year_facts import facts_of
from members.errors import Refused
from members.models import OrgUnit, User
from members.pdf import PACKAGES, PdfUnavailable
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from members.services.audit import record_refusal
from members.spreadsheet import download, scratch_file

PAGE = 50
RELATED = (
    "campaign__unit", "account__member", "account__unit", "unit", "computed", "proposed", "approved", "self_review",
)  # fmt: skip
State = Campaign.State


def sees_outcome(user: User, candidate: Candidate) -> bool:
    """Whoever works on it always; the person it is about once everything is decided."""
    if candidate.campaign.state in (State.DECIDED, State.FINAL, State.ARCHIVED):
        return True
    return user.authority.is_superuser or user.authority.reaches(candidate.unit, CASE_POSTS | PREPARING_POSTS)


# --- one candidate -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Counted:
    """What was counted about one candidate in one stage. `figures`: heading with number."""

    stage: Stage
    ballots: int
    figures: Sequence[tuple[str, object]]
    value: Decimal | None


@require_GET
@permitted("evaluations.view_candidate", Candidate, related=RELATED)
def candidate_detail(request: SignedIn, candidate: Candidate) -> HttpResponse:
    campaign, user = candidate.campaign, request.user
    stages = list(campaign.stages.all())
    facts = facts_of([candidate.account_id], campaign.year)[candidate.account_id]
    sees = sees_outcome(user, candidate)
    review = getattr(candidate, "self_review", None)
    own = next((stage for stage in stages if stage.kind == Stage.Kind.SELF), None)
    decisions = BandDecision.objects.filter(candidate=candidate).order_by("pk")
    is_own = candidate.account.member_id is not None and candidate.account.member_id == user.member_id
    context = {
        "candidate": candidate,
        "campaign": campaign,
        "facts": facts,
        "total": facts.total if facts.total is not None else candidate.daily,
        "is_own": is_own,
        "sees_outcome": sees,
        # What is not handed in yet is nobody else's business.
        "review": review if review is not None and (review.handed_in_at or is_own) else None,
        "marks": marks_of(review, own) if review is not None and own is not None else [],
        "counted": _counted(candidate, stages) if sees else [],
        "decisions": list(decisions.select_related("band", "computed", "vote", "by__member")) if sees else [],
    }
    return render(request, "evaluations/year_file.html", context)


def _counted(candidate: Candidate, stages: list[Stage]) -> list[Counted]:
    """Every stage with ballots; one that is not counted yet has no figures. One query."""
    rows = Tally.objects.filter(candidate=candidate, poll__state="COUNTED")
    keys = ("poll__stage", "poll__merged", "pool", "line", "mark", "count")
    pools: dict[int, Counts] = {}
    merged: dict[int, dict[str, str]] = {}
    for stage, into, pool, line, mark, count in rows.values_list(*keys):
        pools.setdefault(stage, {})[pool, line, mark] = count  # type: ignore[index]
        merged[stage] = into
    found = []
    for stage in stages:
        if not stage.has_ballots:
            continue
        counts = pools.get(stage.pk, {})
        marks: dict[tuple[int, str], int] = {}
        for (_pool, line, mark), count in counts.items():
            marks[line, mark] = marks.get((line, mark), 0) + count
        value = value_of(rule_of(stage), counts, merged.get(stage.pk, {})).value
        figures = list(zip(headings_of(stage), figures_of(stage, marks), strict=True))
        found.append(Counted(stage, ballots_of(stage, marks), figures, None if value is None else rounded(value)))
    return found


# --- the search over all years -----------------------------------------------------------------------
@require_GET
@permitted("evaluations.list_campaigns")
def year_file_list(request: SignedIn) -> HttpResponse:
    """The newest year first; of what is not decided yet the band stays open to the person it is about."""
    rows = Candidate.objects.visible_to(request.user).exclude(campaign__state=State.DRAFT)
    this = Campaign.objects.visible_to(request.user).exclude(state=State.DRAFT)
    years = sorted(set(this.order_by().values_list("year", flat=True)), reverse=True)
    units = OrgUnit.objects.visible_to(request.user).branches().order_by("path")
    narrowed = YearFileFilter(request.GET, years=years, units=units)
    # Within a campaign they were written branch by branch, by name: their numbers are that order.
    ordered = narrowed.apply(rows).order_by("-campaign__year", "-campaign", "pk").values_list("pk", flat=True)
    page = Paginator(ordered, PAGE).get_page(request.GET.get("page"))
    shown = Candidate.objects.select_related("campaign", "account__member", "account__unit", "unit", "approved")
    found = shown.in_bulk(list(page.object_list))
    lines = [(found[pk], sees_outcome(request.user, found[pk])) for pk in page.object_list]
    return render(request, "evaluations/year_file_list.html", {"page": page, "lines": lines, "filter": narrowed})


# --- taken away ----------------------------------------------------------------------------------------
@require_GET
@permitted("evaluations.view_candidate", Candidate, related=("campaign", "account__member", "account__unit", "unit"))
def candidate_approval_pdf(request: SignedIn, candidate: Candidate) -> HttpResponse:
    if not sees_outcome(request.user, candidate):
        record_refusal(request, "evaluations.view_candidate", candidate)
        raise PermissionDenied
    rows = Candidate.objects.filter(pk=candidate.pk)
    name = _("%(who)s审批表（%(year)d年）.pdf") % {"who": candidate, "year": candidate.campaign.year}
    back = reverse("evaluations:candidate-detail", args=[candidate.pk])
    return _pdf(request, name, lambda: approval_pdf(candidate.campaign, rows, candidate, by=request.user), back)


@require_GET
@permitted("evaluations.view_campaign", Campaign)
def campaign_approval_pdf(request: SignedIn, campaign: Campaign, unit: int) -> HttpResponse:
    """One PDF for everyone rated of a branch."""
    branch = get_object_or_404(OrgUnit.objects.visible_to(request.user), pk=unit)
    if not request.user.has_perm("evaluations.review_branch", branch):
        record_refusal(request, "evaluations.review_branch", branch)
        raise PermissionDenied
    rows = Candidate.objects.rated().filter(campaign=campaign, unit=branch)
    rows = rows.order_by("account__member__pinyin", "pk")
    name = _("%(who)s审批表（%(year)d年）.pdf") % {"who": branch, "year": campaign.year}
    back = reverse("evaluations:campaign-detail", args=[campaign.pk])
    return _pdf(request, name, lambda: approval_pdf(campaign, rows, branch, by=request.user), back)


@require_GET
@permitted("evaluations.prepare_campaign", Campaign)
def campaign_summary_pdf(request: SignedIn, campaign: Campaign) -> HttpResponse:
    name = _("%(who)s测评汇总（%(year)d年）.pdf") % {"who": campaign, "year": campaign.year}
    back = reverse("evaluations:campaign-detail", args=[campaign.pk])
    return _pdf(request, name, lambda: summary_pdf(campaign, by=request.user), back)


@require_GET
@permitted("evaluations.prepare_campaign", Campaign)
def campaign_outcome_xlsx(request: SignedIn, campaign: Campaign) -> HttpResponseBase:
    file = scratch_file()
    try:
        write_outcome(file, campaign, by=request.user)
    except Refused as refusal:
        file.close()
        refuse(request, refusal, campaign)
        return redirect("evaluations:campaign-detail", campaign.pk)
    return download(_("%(who)s结果（%(year)d年）.xlsx") % {"who": campaign, "year": campaign.year}, file)


def _pdf(request: SignedIn, name: str, make: Callable[[], bytes], back: str) -> HttpResponse:
    """The document; what was refused is told on the page that one came from."""
    try:
        content = make()
    except PdfUnavailable:
        context = {"packages": PACKAGES.split(), "url": back}
        return render(request, "scoring/pdf_missing.html", context, status=503)
    except Refused as refusal:
        refuse(request, refusal)
        return redirect(back)
    headers = {"Content-Disposition": content_disposition_header(True, name) or ""}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
