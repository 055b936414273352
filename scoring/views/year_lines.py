"""加扣分明细: a branch's members with the sums of their year, one member's sheet, and both on paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from members.errors import Refused
from members.models import OrgUnit
from members.pdf import PACKAGES, PdfUnavailable
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from members.spreadsheet import download, scratch_file, stamp
from scoring.models import Account
from scoring.services.year_lines import (
    Amounts,
    amounts_of,
    sheets_of,
    subject_of,
    subjects_of,
    write_year_lines,
    year_lines_pdf,
)
from scoring.sheets.year_lines import Subject, note

# How many years one can look back.
YEARS = 5


def offered_years() -> list[int]:
    this = timezone.localdate().year
    return list(range(this, this - YEARS, -1))


def asked_year(request: SignedIn) -> int:
    """The year in the query string, this one when it is missing or not offered."""
    text = request.GET.get("year", "")
    return int(text) if text in map(str, offered_years()) else offered_years()[0]


# --- a branch ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """A member on the branch's list."""

    person: Subject
    amounts: Amounts


@require_GET
@permitted("scoring.view_year_lines", OrgUnit)
def life_lines(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """Everybody with what the year has given and taken; the way to each sheet and to all of them on paper."""
    year, group = asked_year(request), _asked_group(request, unit)
    people = subjects_of(unit, group)
    amounts = amounts_of([person.account for person in people], year)
    context = {
        "unit": unit,
        "year": year,
        "years": offered_years(),
        "group": group,
        "groups": OrgUnit.objects.filter(parent=unit, kind=OrgUnit.Kind.PARTY_GROUP)
        .open()
        .order_by("position", "name"),
        "rows": [Row(person, amounts.get(person.account, Amounts())) for person in people],
        "query": f"year={year}" + (f"&group={group.pk}" if group else ""),
    }
    return render(request, "scoring/year_lines.html", context)


def _asked_group(request: SignedIn, unit: OrgUnit) -> OrgUnit | None:
    if unit.kind != OrgUnit.Kind.BRANCH:
        raise Http404
    asked = request.GET.get("group", "")
    if not asked:
        return None
    groups = OrgUnit.objects.filter(parent=unit, kind=OrgUnit.Kind.PARTY_GROUP)
    return get_object_or_404(groups, pk=int(asked) if asked.isdecimal() and len(asked) < 18 else 0)


@require_GET
@permitted("scoring.export_year_lines", OrgUnit)
def life_lines_pdf(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    group = _asked_group(request, unit)
    return _pdf(request, group or unit, subjects_of(unit, group), "life-lines", unit.pk)


@require_GET
@permitted("scoring.export_year_lines", OrgUnit)
def life_lines_xlsx(request: SignedIn, unit: OrgUnit) -> HttpResponseBase:
    group = _asked_group(request, unit)
    return _xlsx(request, group or unit, subjects_of(unit, group), "life-lines", unit.pk)


# --- a member ------------------------------------------------------------------------------------
@require_GET
@permitted("scoring.view_year_lines", Account, related=("member",))
def life_lines_of(request: SignedIn, account: Account) -> HttpResponse:
    """One member's sheet, every line with the way to its record."""
    year, person = asked_year(request), subject_of(account)
    context = {
        "account": account,
        "is_own": account.member_id == request.user.member_id,
        "year": year,
        "years": offered_years(),
        "sheet": sheets_of([person], year)[0],
        "note": note(),
        "stamp": stamp(request.user, timezone.localtime()),
    }
    return render(request, "scoring/year_lines_of.html", context)


@require_GET
@permitted("scoring.export_year_lines", Account, related=("member",))
def life_lines_of_pdf(request: SignedIn, account: Account) -> HttpResponse:
    return _pdf(request, account, [subject_of(account)], "life-lines-of", account.pk)


@require_GET
@permitted("scoring.export_year_lines", Account, related=("member",))
def life_lines_of_xlsx(request: SignedIn, account: Account) -> HttpResponseBase:
    return _xlsx(request, account, [subject_of(account)], "life-lines-of", account.pk)


# --- taken away ----------------------------------------------------------------------------------
def _pdf(request: SignedIn, about: Account | OrgUnit, people: Sequence[Subject], page: str, pk: int) -> HttpResponse:
    """The sheets as PDF; what was refused is told on the page that one came from."""
    year = asked_year(request)
    try:
        content = year_lines_pdf(about, people, year, by=request.user)
    except PdfUnavailable:
        url = f"{reverse(f'scoring:{page}-xlsx', args=[pk])}?{request.GET.urlencode()}"
        return render(request, "scoring/pdf_missing.html", {"packages": PACKAGES.split(), "url": url}, status=503)
    except Refused as refusal:
        refuse(request, refusal, about)
        return _back(request, page, pk)
    headers = {"Content-Disposition": content_disposition_header(True, _name(about, year, "pdf")) or ""}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _xlsx(
    request: SignedIn, about: Account | OrgUnit, people: Sequence[Subject], page: str, pk: int
) -> HttpResponseBase:
    year = asked_year(request)
    file = scratch_file()
    try:
        write_year_lines(file, about, people, year, by=request.user)
    except Refused as refusal:
        file.close()
        refuse(request, refusal, about)
        return _back(request, page, pk)
    return download(_name(about, year, "xlsx"), file)


def _back(request: SignedIn, page: str, pk: int) -> HttpResponse:
    return redirect(f"{reverse(f'scoring:{page}', args=[pk])}?{request.GET.urlencode()}")


def _name(about: Account | OrgUnit, year: int, ending: str) -> str:
    return _("%(name)s加扣分明细（%(year)d年）.%(ending)s") % {"name": about, "year": year, "ending": ending}
