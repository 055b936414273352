"""申报: the lists of a person, one claim with its way, and the verbs that move it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS
from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from scoring import months
from scoring.claim_steps import may_still_answer, waits_for, way_of
from scoring.forms.claims import DECISION_LENGTH, AnswerForm, ClaimFilter
from scoring.models import Claim, ClaimMove, Evidence
from scoring.querysets import ClaimQuerySet
from scoring.services import claims as services
from scoring.services.claim_chain import may_act
from scoring.services.claim_evidence import FILES_PER_CLAIM, takes_files
from scoring.services.claimable import cap_note, cap_notes
from scoring.services.deductions import answer_deduction, drop_deduction
from scoring.services.deeds import REASON_LENGTH

PAGE = 50
MOST = 5_000
LISTED = ("account__member", "unit", "group", "item")
RELATED = ("account__member", "unit", "group", "item__section__rule_set", "filed_by__member")
Kind, State = Claim.Kind, Claim.State


# --- lists -----------------------------------------------------------------------------------------
@require_GET
@permitted("scoring.list_claims")
def claim_list(request: SignedIn) -> HttpResponse:
    """One's own, what waits for oneself, and those of the branch, as far as each makes sense for the person."""
    tabs = _tabs(request)
    waiting = Claim.objects.waiting_for(request.user).count() if "waiting" in tabs else 0
    asked = request.GET.get("tab", "")
    # Where something waits, that is what one has come for.
    tab = asked if asked in tabs else "waiting" if waiting else next(iter(tabs))
    context: dict[str, Any] = {
        "tabs": tabs,
        "tab": tab,
        "waiting_count": waiting,
        "may_file": request.user.member_id is not None,
        "deducting": _deducting(request) if "waiting" in tabs else [],
    }
    return render(request, "scoring/claim_list.html", context | _LISTS[tab](request))


def _tabs(request: SignedIn) -> dict[str, str]:
    authority, tabs = request.user.authority, {}
    if request.user.member_id is not None:
        tabs["mine"] = _("我的申报")
    if request.user.has_perm("scoring.act_on_claims"):
        tabs["waiting"] = _("待我办理")
        if authority.is_superuser or authority.holds(COMMITTEE_POSTS):
            tabs["branch"] = _("各支部")
        else:
            tabs["branch"] = _("本支部") if authority.holds(BRANCH_COMMITTEE_POSTS) else _("本小组")
    return tabs


def _deducting(request: SignedIn) -> list[OrgUnit]:
    """The branches in whose committee this person sits; a committee proposes from the page of the branch."""
    held = [post.unit_id for post in request.user.authority.posts if post.post in BRANCH_COMMITTEE_POSTS]
    return list(OrgUnit.objects.filter(pk__in=held).order_by("path")) if held else []


def _paged(request: SignedIn, rows: ClaimQuerySet) -> Page[Claim]:
    """A page of claims, each with the number of its files; these are counted for the page alone."""
    paginator = Paginator(rows.select_related(*LISTED), PAGE)
    # Who looks for older ones narrows the list down; counting all of a big organisation takes too long.
    paginator.count = rows.order_by()[:MOST].count()
    page = paginator.get_page(request.GET.get("page"))
    claims = list(page.object_list)
    standing = Evidence.objects.standing().filter(claim__in=claims).order_by()
    files = dict(standing.values_list("claim").annotate(count=Count("pk")))
    for claim in claims:
        claim.files = files.get(claim.pk, 0)  # type: ignore[attr-defined]
    page.object_list = claims
    return page


def _mine(request: SignedIn) -> dict[str, Any]:
    return {"page": _paged(request, Claim.objects.filter(account__member=request.user.member_id or 0))}


def _waiting(request: SignedIn) -> dict[str, Any]:
    """The oldest first: whoever has waited longest comes next."""
    page = _paged(request, Claim.objects.waiting_for(request.user).order_by("filed_at", "pk"))
    rows = list(page)
    notes = cap_notes(rows)
    return {"page": page, "lines": [(claim, notes.get(claim.pk, "")) for claim in rows]}


def _branch(request: SignedIn) -> dict[str, Any]:
    current = months.month_of(timezone.localdate())
    offered = list(reversed(months.span(months.shift(current, -11), current)))
    narrowed = ClaimFilter(request.GET, months=offered)
    rows = Claim.objects.handed_in_to(request.user)
    return {"page": _paged(request, narrowed.apply(rows)), "filter": narrowed, "most": MOST}


_LISTS: dict[str, Callable[[SignedIn], dict[str, Any]]] = {"mine": _mine, "waiting": _waiting, "branch": _branch}


# --- one claim -------------------------------------------------------------------------------------
@require_GET
@permitted("scoring.view_claim", Claim, related=(*RELATED, "entry"))
def claim_detail(request: SignedIn, claim: Claim) -> HttpResponse:
    """The way it goes with names and times, the rule beside it, its files, and the buttons of whoever comes next."""
    moves = list(ClaimMove.objects.filter(claim=claim).select_related("by__member"))
    user = request.user
    is_filer, is_about = claim.filed_by_id == user.pk, claim.account.member_id == user.member_id
    decides = bool(claim.next_step) and user.has_perm("scoring.act_on_claim", claim)
    refusal = may_act(claim, user) if decides else ""
    is_open_to_answer = claim.kind == Kind.DEDUCTION and claim.state == State.CLAIMED and may_still_answer(claim)
    context = {
        "claim": claim,
        "moves": moves,
        "steps": way_of(claim, moves),
        "waits_for": waits_for(claim),
        "files": Evidence.objects.standing().filter(claim=claim),
        "note": cap_note(claim) if claim.next_step else "",
        "is_deduction": claim.kind == Kind.DEDUCTION,
        "may_decide": decides and not refusal,
        # Who may do other steps is told why not this one; the claimant sees the way instead.
        "refusal": refusal,
        "may_edit": is_filer and claim.kind == Kind.CLAIM and claim.is_editable,
        "may_withdraw": is_filer and (claim.state, State.WITHDRAWN) in Claim.MOVES,
        "may_answer": is_about and is_open_to_answer,
        "may_attach": is_filer and takes_files(claim),
        "answer": AnswerForm(initial={"answer": claim.answer}),
        "waits_for_answer": is_open_to_answer and claim.answered_at is None,
        "files_limit": FILES_PER_CLAIM,
        "reason_length": REASON_LENGTH,
        "decision_length": DECISION_LENGTH,
    }
    return render(request, "scoring/claim_detail.html", context)


# --- the verbs -------------------------------------------------------------------------------------
def _back(claim: Claim) -> HttpResponse:
    return redirect("scoring:claim-detail", claim.pk)


def _to_queue() -> HttpResponse:
    return redirect(f"{reverse('scoring:claim-list')}?tab=waiting")


@require_POST
@permitted("scoring.change_claim", Claim, related=RELATED)
def claim_submit(request: SignedIn, claim: Claim) -> HttpResponse:
    try:
        services.submit_claim(claim, by=request.user)
        messages.success(request, _("已提交，办理结果会在首页和站内消息里告诉您。"))
    except Refused as refusal:
        refuse(request, refusal, claim)
    return _back(claim)


@require_POST
@permitted("scoring.change_claim", Claim, related=RELATED)
def claim_withdraw(request: SignedIn, claim: Claim) -> HttpResponse:
    try:
        services.withdraw_claim(claim, by=request.user)
        messages.success(request, _("已撤回。"))
    except Refused as refusal:
        refuse(request, refusal, claim)
    return _back(claim)


@require_POST
@permitted("scoring.act_on_claim", Claim, related=RELATED)
def claim_advance(request: SignedIn, claim: Claim) -> HttpResponse:
    """The next step; on to the queue, where the next claim waits. What is refused is said on the claim's own page."""
    try:
        done = services.advance_claim(claim, by=request.user, opinion=request.POST.get("opinion", ""))
        words = {"claim": done.item.name, "who": done.account, "state": done.get_state_display()}
        messages.success(request, _("%(who)s“%(claim)s”%(state)s。") % words)
    except Refused as refusal:
        refuse(request, refusal, claim)
        return _back(claim)
    return _to_queue()


@require_POST
@permitted("scoring.act_on_claim", Claim, related=RELATED)
def claim_return(request: SignedIn, claim: Claim) -> HttpResponse:
    try:
        services.return_claim(claim, by=request.user, reason=request.POST.get("opinion", ""))
        messages.success(request, _("已退回，申报人会收到退回的原因。"))
    except Refused as refusal:
        refuse(request, refusal, claim)
        return _back(claim)
    return _to_queue()


@require_POST
@permitted("scoring.act_on_claim", Claim, related=RELATED)
def claim_drop(request: SignedIn, claim: Claim) -> HttpResponse:
    """Decide against a deduction."""
    try:
        drop_deduction(claim, by=request.user, decision=request.POST.get("opinion", ""))
        messages.success(request, _("已决定不予扣分，本人会收到消息。"))
    except Refused as refusal:
        refuse(request, refusal, claim)
        return _back(claim)
    return _to_queue()


@require_POST
@permitted("scoring.answer_claim", Claim, related=RELATED)
def claim_answer(request: SignedIn, claim: Claim) -> HttpResponse:
    """What the member says to a proposed deduction."""
    form = AnswerForm(request.POST)
    try:
        answer = form.cleaned_data["answer"] if form.is_valid() else ""
        answer_deduction(claim, by=request.user, answer=answer)
        messages.success(request, _("已提交说明，决定时会答复。"))
    except Refused as refusal:
        refuse(request, refusal, claim)
    return _back(claim)


@require_POST
@permitted("scoring.act_on_claims")
def claims_advance(request: SignedIn) -> HttpResponse:
    """The next step of every ticked claim. Deductions are decided one by one, each with its sentence."""
    ticked = [int(pk) for pk in request.POST.getlist("claim") if pk.isdecimal() and len(pk) < 19]
    rows = Claim.objects.visible_to(request.user).filter(pk__in=ticked, kind=Kind.CLAIM)
    chosen = list(rows.select_related(*RELATED).order_by("filed_at", "pk")[:PAGE])
    if not chosen:
        messages.error(request, _("没有勾选申报。"))
        return _to_queue()
    exceptions = services.advance_many(chosen, by=request.user)
    done = len(chosen) - len(exceptions)
    if done:
        messages.success(request, _("已办理 %d 件。") % done)
    for sentence in exceptions:
        messages.warning(request, sentence)
    return _to_queue()
