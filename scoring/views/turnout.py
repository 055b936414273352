"""参加情况 and 应完成 of a branch in a year: who came how often, and how far each has come."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.spreadsheet import download, scratch_file, stamp
from scoring import months
from scoring.services.turnout import branch_targets, turnout_of, write_turnout
from scoring.sheets.tables import Table
from scoring.views.year_lines import asked_year, offered_years

Read = Callable[[OrgUnit, int], Table | None]


@require_GET
@permitted("scoring.view_turnout", OrgUnit)
def life_turnout(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    return _page(request, unit, turnout_of, "life-turnout")


@require_GET
@permitted("scoring.view_turnout", OrgUnit)
def life_targets(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    return _page(request, unit, _targets, "life-targets")


@require_GET
@permitted("scoring.export_turnout", OrgUnit)
def life_turnout_xlsx(request: SignedIn, unit: OrgUnit) -> HttpResponseBase:
    return _xlsx(request, unit, turnout_of, "life-turnout")


@require_GET
@permitted("scoring.export_turnout", OrgUnit)
def life_targets_xlsx(request: SignedIn, unit: OrgUnit) -> HttpResponseBase:
    return _xlsx(request, unit, _targets, "life-targets")


def _targets(unit: OrgUnit, year: int) -> Table | None:
    return branch_targets(unit, year, months.month_of(timezone.localdate()))


def _page(request: SignedIn, unit: OrgUnit, read: Read, page: str) -> HttpResponse:
    """The table on screen, to be read and printed."""
    _require_branch(unit)
    year = asked_year(request)
    context = {
        "unit": unit,
        "year": year,
        "years": offered_years(),
        "table": read(unit, year),
        "tab": page,
        "file": reverse(f"scoring:{page}-xlsx", args=[unit.pk]),
        "stamp": stamp(request.user, timezone.localtime()),
    }
    return render(request, "scoring/turnout.html", context)


def _xlsx(request: SignedIn, unit: OrgUnit, read: Read, page: str) -> HttpResponseBase:
    _require_branch(unit)
    table = read(unit, asked_year(request))
    if table is None:
        # The page says why there is nothing.
        return redirect(f"{reverse(f'scoring:{page}', args=[unit.pk])}?{request.GET.urlencode()}")
    file = scratch_file()
    write_turnout(file, unit, table, by=request.user)
    return download(f"{table.title}.xlsx", file)


def _require_branch(unit: OrgUnit) -> None:
    if unit.kind != OrgUnit.Kind.BRANCH:
        raise Http404
