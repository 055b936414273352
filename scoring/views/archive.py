"""年度归档 of a committee, and the adjustment that is left once a year is archived."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse
from scoring.forms.grants import AdjustForm
from scoring.models import Account
from scoring.services import archive as services
from scoring.services.adjusting import adjust, archived_months, open_months


@require_GET
@permitted("scoring.view_archive", OrgUnit)
def archive_list(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """The years of a committee, and which of them are archived."""
    if unit.kind != OrgUnit.Kind.PARTY_COMMITTEE:
        raise Http404
    may_archive = request.user.has_perm("scoring.archive_year", unit)
    context = {"unit": unit, "lines": services.years_of(unit), "may_archive": may_archive}
    return render(request, "scoring/archive_list.html", context)


@require_POST
@permitted("scoring.archive_year", OrgUnit)
def archive_year(request: SignedIn, unit: OrgUnit, year: int) -> HttpResponse:
    try:
        services.archive_year(unit, year, by=request.user)
        messages.success(request, _("%d 年度已归档。") % year)
    except Refused as refusal:
        refuse(request, refusal, unit)
    return redirect("scoring:archive-list", unit.pk)


@permitted("scoring.adjust_score", Account, related=("member",))
def account_adjust(request: SignedIn, account: Account) -> HttpResponse:
    """One adjustment, in an open month, for a month of an archived year."""
    corrects, rows = archived_months(account), open_months(account)
    form = AdjustForm(request.POST or None, corrects=corrects, rows=rows)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            entry = adjust(
                account, form.row, corrects=given["corrects"], points=given["points"], reason=given["reason"],
                by=request.user, key=given["key"],
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, str(refusal))
            note(request, refusal, account)
        else:
            messages.success(request, _("已记入调整，台账记录 #%d。") % entry.pk)
            return redirect("scoring:entry", entry.pk)
    context = {"account": account, "member": account.member, "form": form, "corrects": corrects, "rows": rows}
    return render(request, "scoring/adjust.html", context)
