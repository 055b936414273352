"""三会一课 of a month: which branch has held what, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from scoring import months
from scoring.services.activity_checks import EXPECTED, Check, checks_of, lacking
from scoring.views.months import asked_month, recent_months

PAGE = 50
_KINDS = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.BRANCH)


@dataclass(frozen=True)
class Line:
    """A branch with one check per kind; None where the branch holds no such meeting."""

    unit: OrgUnit
    checks: list[Check | None]
    may_keep: bool


@require_GET
@permitted("scoring.view_life_check", OrgUnit)
def life_check(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """Branches by kinds; a span that is still under way lacks nothing yet, it only waits."""
    if unit.kind not in _KINDS:
        raise Http404
    current = months.month_of(timezone.localdate())
    month = asked_month(request, current)
    only_missing = bool(request.GET.get("missing"))
    branches = OrgUnit.objects.within(unit).branches().open().order_by("path")
    if only_missing:
        branches = lacking(branches, month)
    page = Paginator(branches, PAGE).get_page(request.GET.get("page"))
    context = {
        "unit": unit,
        "is_branch": unit.kind == OrgUnit.Kind.BRANCH,
        "month": month,
        "months": recent_months(current, 18),
        "current": current,
        "only_missing": only_missing,
        "kinds": list(EXPECTED),
        "page": page,
        "lines": _lines(request, list(page.object_list), month),
    }
    return render(request, "scoring/life_check.html", context)


def _lines(request: SignedIn, branches: list[OrgUnit], month: int) -> list[Line]:
    found = checks_of(branches, month)
    lines = []
    for branch in branches:
        by_kind = {check.kind: check for check in found[branch.pk]}
        may_keep = request.user.has_perm("scoring.keep_activities", branch)
        lines.append(Line(branch, [by_kind.get(kind) for kind in EXPECTED], may_keep))
    return lines
