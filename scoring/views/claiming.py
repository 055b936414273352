"""Filling in a claim: choose the clause, say what was done, attach the proof, hand it in. Made for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse
from scoring import months
from scoring.forms.claims import ClaimForm
from scoring.models import Account, Claim, Evidence, Month
from scoring.services.accounts import open_member_accounts
from scoring.services.claim_evidence import FILES_PER_CLAIM, add_claim_files, remove_claim_file
from scoring.services.claim_places import branch_of, counting_month, item_in, open_months
from scoring.services.claimable import Claimable, applying, claimable_items
from scoring.services.claims import save_claim, submit_claim
from scoring.views.claims import RELATED


@dataclass(frozen=True)
class Desk:
    """Who claims, and what may be claimed in the branch this month."""

    account: Account
    month: Month
    choices: list[Claimable]

    @property
    def unit(self) -> OrgUnit:
        return self.month.unit

    def choice(self, code: str) -> Claimable | None:
        return next((one for one in self.choices if one.item.code == code), None)


def _desk(account: Account | None) -> Desk:
    """Raise Refused with the sentence that says why nothing can be claimed."""
    today = timezone.localdate()
    unit = branch_of(account, today) if account else None
    if account is None or unit is None:
        raise Refused(_("目前没有组织关系，不能申报；请联系支部书记。"))
    month = Month(unit=unit, month=months.month_of(today))
    return Desk(account, month, claimable_items(month))


def _account(request: SignedIn) -> Account | None:
    """A newcomer's account is opened with the first claim, if the month's job has not done it yet."""
    rows = Account.objects.select_related("member").filter(member=request.user.member_id or 0)
    found = rows.first()
    if found is None and request.user.member_id is not None:
        open_member_accounts()
        found = rows.first()
    return found


def _chooser(request: SignedIn, desk: Desk | None, refusal: str = "", claim: Claim | None = None) -> HttpResponse:
    sections: dict[Any, list[Claimable]] = {}
    for choice in applying(desk.choices, desk.month, desk.account) if desk else []:
        sections.setdefault(choice.section, []).append(choice)
    context = {"sections": list(sections.items()), "refusal": refusal, "claim": claim}
    return render(request, "scoring/claim_choose.html", context)


@permitted("scoring.file_claim")
def claim_create(request: SignedIn) -> HttpResponse:
    """Without `item` the clauses to choose from, with it the form for this clause."""
    try:
        desk = _desk(_account(request))
    except Refused as refusal:
        return _chooser(request, None, str(refusal))
    choice = desk.choice(request.GET.get("item", ""))
    if choice is None:
        if request.method == "POST":
            refuse(request, Refused(_("这一条款不能申报，可能办法刚刚改过；请重新选择条款。")))
        return _chooser(request, desk)
    form = ClaimForm(request.POST or None, choice=choice, months=open_months(desk.unit, timezone.localdate()))
    if request.method == "POST" and form.is_valid():
        standing = Claim.objects.filter(key=form.cleaned_data["key"], filed_by=request.user).first()
        # A second tap on the button: the first one has done the work.
        answer = redirect("scoring:claim-detail", standing.pk) if standing else _saved(request, desk, form)
        if answer is not None:
            return answer
    return _form(request, form)


@permitted("scoring.change_claim", Claim, related=RELATED)
def claim_edit(request: SignedIn, claim: Claim) -> HttpResponse:
    """A draft or a returned claim, also under another clause."""
    if not claim.is_editable or claim.kind != Claim.Kind.CLAIM:
        messages.error(request, _("这件申报已在办理中，不能修改；需要修改请办理人退回，或撤回后重新申报。"))
        return redirect("scoring:claim-detail", claim.pk)
    try:
        desk = _desk(claim.account)
    except Refused as refusal:
        return _chooser(request, None, str(refusal), claim)
    choice = desk.choice(request.GET.get("item", claim.item.code))
    if choice is None:
        return _chooser(request, desk, claim=claim)
    form = ClaimForm(
        request.POST or None, choice=choice, months=open_months(desk.unit, timezone.localdate()), claim=claim
    )
    if request.method == "POST" and form.is_valid():
        answer = _saved(request, desk, form, claim)
        if answer is not None:
            return answer
    return _form(request, form, claim)


def _form(request: SignedIn, form: ClaimForm, claim: Claim | None = None) -> HttpResponse:
    files = Evidence.objects.standing().filter(claim=claim) if claim else []
    context = {"form": form, "choice": form.choice, "claim": claim, "files": files, "limit": FILES_PER_CLAIM}
    return render(request, "scoring/claim_edit.html", context)


def _saved(request: SignedIn, desk: Desk, form: ClaimForm, claim: Claim | None = None) -> HttpResponse | None:
    """Write it down, attach the files, hand it in. None when it has to be typed again; what was written down stays."""
    given, by = form.cleaned_data, request.user
    try:
        month = given["month"] or counting_month(desk.account, given["happened_on"], timezone.localdate())
        deed = form.deed(item_in(desk.unit, month, form.choice), month)
        claim = save_claim(desk.account, deed, by=by, key=given["key"], claim=claim)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        note(request, refusal, claim)
        return None
    except IntegrityError:
        # Two taps at the very same moment.
        return redirect("scoring:claim-detail", Claim.objects.get(key=given["key"], filed_by=by).pk)
    refusals = add_claim_files(claim, request.FILES.getlist("files"), by=by)
    return _handed_in(request, claim, refusals)


def _handed_in(request: SignedIn, claim: Claim, refusals: list[str]) -> HttpResponse:
    """A claim is not handed in without a file that was meant to be in it."""
    for sentence in refusals:
        messages.error(request, sentence)
    if "submit" in request.POST and not refusals:
        try:
            submit_claim(claim, by=request.user)
            messages.success(request, _("已提交，办理结果会在首页和站内消息里告诉您。"))
            return redirect("scoring:claim-detail", claim.pk)
        except Refused as refusal:
            refuse(request, refusal, claim)
    messages.info(request, _("已存为草稿。") if claim.state == Claim.State.DRAFT else _("已保存，还没有重新提交。"))
    target = "scoring:claim-edit" if "submit" in request.POST or refusals else "scoring:claim-detail"
    return redirect(target, claim.pk)


@require_POST
@permitted("scoring.change_claim", Claim, related=RELATED)
def claim_evidence_add(request: SignedIn, claim: Claim) -> HttpResponse:
    uploads = request.FILES.getlist("files")
    refusals = add_claim_files(claim, uploads, by=request.user) if uploads else [_("没有选择文件。")]
    for sentence in refusals:
        messages.error(request, sentence)
    if len(refusals) < len(uploads):
        messages.success(request, _("已附上 %d 个文件。") % (len(uploads) - len(refusals)))
    return redirect("scoring:claim-detail", claim.pk)


@require_POST
@permitted("scoring.change_claim", Evidence, related=("claim__item", "claim__account__member"))
def claim_evidence_remove(request: SignedIn, evidence: Evidence) -> HttpResponse:
    try:
        remove_claim_file(evidence, by=request.user)
        messages.success(request, _("已移除“%s”。") % evidence)
    except Refused as refusal:
        refuse(request, refusal, evidence)
    return redirect("scoring:claim-edit", evidence.claim_id)
