"""A deduction that the branch committee or a committee above it proposes; the member may answer it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import note
from scoring import months
from scoring.forms.claims import DeductionForm
from scoring.models import Account, Claim, Month
from scoring.services.claim_evidence import FILES_PER_CLAIM, add_claim_files
from scoring.services.claim_places import counting_month, item_in, open_months
from scoring.services.claimable import Claimable, claimable_items
from scoring.services.deductions import propose_deduction
from scoring.services.months import policy_of
from scoring.views.grants import people_of

DEDUCTION = Claim.Kind.DEDUCTION


@permitted("scoring.start_deduction", OrgUnit)
def deduction_create(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """Without `item` the clauses to choose from, with it the form for this clause."""
    if unit.kind != OrgUnit.Kind.BRANCH:
        raise Http404
    month = Month(unit=unit, month=months.month_of(timezone.localdate()))
    try:
        choices = claimable_items(month, DEDUCTION)
    except Refused as refusal:
        return _chooser(request, unit, [], str(refusal))
    choice = next((one for one in choices if one.item.code == request.GET.get("item")), None)
    if choice is None:
        return _chooser(request, unit, choices)
    offered = open_months(unit, timezone.localdate())
    form = DeductionForm(request.POST or None, choice=choice, months=offered, people=people_of(month))
    if request.method == "POST" and form.is_valid():
        claim = _proposed(request, unit, form)
        if claim is not None:
            return redirect("scoring:claim-detail", claim.pk)
    days = policy_of(unit).answer_days
    context = {"form": form, "choice": choice, "unit": unit, "answer_days": days, "limit": FILES_PER_CLAIM}
    return render(request, "scoring/deduction_create.html", context)


def _chooser(request: SignedIn, unit: OrgUnit, choices: list[Claimable], refusal: str = "") -> HttpResponse:
    sections: dict[Any, list[Claimable]] = {}
    for choice in choices:
        sections.setdefault(choice.section, []).append(choice)
    context = {"sections": list(sections.items()), "refusal": refusal, "unit": unit}
    return render(request, "scoring/deduction_choose.html", context)


def _proposed(request: SignedIn, unit: OrgUnit, form: DeductionForm) -> Claim | None:
    """None when it has to be typed again. A second tap on the button gives the same proposal and no file twice."""
    given, by = form.cleaned_data, request.user
    standing = Claim.objects.filter(key=given["key"], filed_by=by).first()
    if standing is not None:
        return standing
    account = Account.objects.select_related("member").get(pk=given["member"])
    try:
        month = given["month"] or counting_month(account, given["happened_on"], timezone.localdate())
        deed = form.deed(item_in(unit, month, form.choice, DEDUCTION), month)
        days = policy_of(unit).answer_days
        claim = propose_deduction(account, deed, by=by, key=given["key"], answer_days=days)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        note(request, refusal, account)
        return None
    except IntegrityError:
        return Claim.objects.get(key=given["key"], filed_by=by)
    for sentence in add_claim_files(claim, request.FILES.getlist("files"), by=by):
        messages.error(request, sentence)
    until = claim.answer_until
    words = {"who": claim.account, "day": f"{until:%Y-%m-%d}" if until else ""}
    messages.success(request, _("已提议，%(who)s可在 %(day)s 前说明。") % words)
    return claim
