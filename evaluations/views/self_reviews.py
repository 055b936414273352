"""个人自评: a page that already knows the year, saves while one writes, and is handed in once."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from evaluations.forms.self_reviews import SelfReviewForm
from evaluations.models import Candidate, Grade, SelfReview, Stage
from evaluations.services.self_reviews import hand_in_self_review, save_self_review, self_stage, why_closed
from evaluations.year_facts import facts_of
from members.errors import Refused
from members.permissions import SignedIn, permitted
from members.refusals import refuse


def _own(request: SignedIn, pk: int) -> tuple[Candidate, SelfReview, Stage]:
    """One's own row in the campaign; whoever has none finds no page."""
    rows = Candidate.objects.filter(campaign=pk, account__member=request.user.member_id or 0)
    candidate = rows.select_related("campaign__unit", "account__member", "unit", "self_review").first()
    review = getattr(candidate, "self_review", None)
    if candidate is None or review is None:
        raise Http404
    review.candidate = candidate
    stage = self_stage(candidate.campaign)
    if stage is None:
        raise Http404
    return candidate, review, stage


@require_GET
@permitted("evaluations.list_campaigns")
def self_review(request: SignedIn, pk: int) -> HttpResponse:
    candidate, review, stage = _own(request, pk)
    facts = facts_of([candidate.account_id], candidate.campaign.year)[candidate.account_id]
    closed = why_closed(review, stage, timezone.localdate())
    context = {
        "candidate": candidate,
        "campaign": candidate.campaign,
        "review": review,
        "stage": stage,
        "facts": facts,
        "total": facts.total if facts.total is not None else candidate.daily,
        "closed": closed,
        "form": None if closed else SelfReviewForm(None, review=review, stage=stage, honours=facts.honours),
        "marks": marks_of(review, stage),
    }
    return render(request, "evaluations/self_review.html", context)


def marks_of(review: SelfReview, stage: Stage) -> list[tuple[str, str]]:
    """The own marks in words: what was asked, what was given."""
    if stage.form == Stage.Form.GRADES:
        grade = review.marks.get("grade")
        return [(_("自评等次"), str(Grade(grade).label))] if grade else []
    return [
        (str(name), f"{review.marks[str(place)]} / {full}")
        for place, (name, full) in enumerate(stage.marks)
        if str(place) in review.marks
    ]


def _save(request: SignedIn, pk: int) -> SelfReview:
    """Keep what was sent. Raise Refused for another window's version, a closed stage, what cannot be read."""
    candidate, review, stage = _own(request, pk)
    form = SelfReviewForm(request.POST, review=review, stage=stage, honours=[])
    if not form.is_valid():
        raise Refused(form.mistake())
    version = request.POST.get("version", "")
    number = int(version) if version.isdecimal() and len(version) < 10 else -1
    return save_self_review(candidate, form.written(), version=number, by=request.user)


@require_POST
@permitted("evaluations.list_campaigns")
def self_review_save(request: SignedIn, pk: int) -> HttpResponse:
    """Called while one writes; without scripts the button of the form comes here."""
    refusal, review = "", None
    try:
        review = _save(request, pk)
    except Refused as refused:
        refusal = str(refused)
    if not request.htmx:  # type: ignore[attr-defined]
        if refusal:
            messages.error(request, refusal)
        else:
            messages.success(request, _("已保存。"))
        return redirect("evaluations:self-review", pk)
    version = review.version if review else request.POST.get("version", "")
    context = {"review": review, "refusal": refusal, "version": version}
    return render(request, "evaluations/_self_review_saved.html", context)


@require_POST
@permitted("evaluations.list_campaigns")
def self_review_hand_in(request: SignedIn, pk: int) -> HttpResponse:
    try:
        review = _save(request, pk)
        hand_in_self_review(review.candidate, by=request.user)
        messages.success(request, _("自评已提交，现在起不能再改。"))
        return redirect("evaluations:campaign-detail", pk)
    except Refused as refusal:
        refuse(request, refusal)
        return redirect("evaluations:self-review", pk)
