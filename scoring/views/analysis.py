"""The points of a unit as a whole: distribution, course, sections, branches, items, caps. No person is named."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.spreadsheet import download, scratch_file
from scoring import months
from scoring.analysis.finding import Subject
from scoring.analysis.parts import PARTS, TOTALS, findings_of, totals_part, year_figures
from scoring.analysis.sources import ANALYSED_KINDS, newest_month, units_below
from scoring.cards import unclosed_branches
from scoring.models import RuleSet
from scoring.querysets import MONTH_POSTS
from scoring.sheets.analysis import write_analysis
from scoring.views.months import asked_month, recent_months

# Read from the ledger or person by person: they come after the page.
LATER = ("sections", "branches", "items", "caps")


@require_GET
@permitted("scoring.view_analysis")
def analysis_home(request: SignedIn) -> HttpResponse:
    """To the analysis of the highest unit whose months this person works with."""
    held = [post.unit_id for post in request.user.authority.posts if post.post in MONTH_POSTS]
    unit = OrgUnit.objects.filter(pk__in=held, kind__in=ANALYSED_KINDS).order_by("path").first()
    if unit is None:
        return render(request, "scoring/analysis_none.html")
    return redirect("scoring:analysis-of", unit.pk)


def _subject(request: SignedIn, unit: OrgUnit) -> Subject:
    if unit.kind not in ANALYSED_KINDS:
        raise Http404
    current = months.month_of(timezone.localdate())
    month = asked_month(request, current) if request.GET.get("month") else newest_month(unit, current)
    return Subject(unit, month)


def _span(request: SignedIn) -> str:
    span = request.GET.get("span", "")
    return span if span in RuleSet.Period.values else RuleSet.Period.MONTH


@require_GET
@permitted("scoring.view_unit_analysis", OrgUnit)
def analysis_of(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """The figures of the totals; the other parts are fetched when the page stands."""
    subject = _subject(request, unit)
    figures = year_figures(unit, subject.month)
    current = months.month_of(timezone.localdate())
    has_scores = subject.month in figures
    context = {
        "unit": unit,
        "month": subject.month,
        "months": recent_months(current, 24),
        "now": figures.get(subject.month),
        "findings": totals_part(subject, figures) if has_scores else [],
        "later": [part for part in LATER if part != "branches" or not subject.is_branch],
        "unclosed": unclosed_branches(unit.path, subject.month).count() if has_scores else 0,
        "is_branch": subject.is_branch,
        "below": [] if subject.is_branch else units_below(unit),
        "part": TOTALS,
        "span": RuleSet.Period.MONTH,
    }
    return render(request, "scoring/analysis.html", context)


@require_GET
@permitted("scoring.view_unit_analysis", OrgUnit)
def analysis_part(request: SignedIn, unit: OrgUnit, part: str) -> HttpResponse:
    """One part of the page, for htmx."""
    if part not in PARTS:
        raise Http404
    subject, span = _subject(request, unit), _span(request)
    context = {
        "unit": unit,
        "month": subject.month,
        "part": part,
        "span": span,
        "spans": RuleSet.Period.choices if part == "items" else [],
        "findings": findings_of(subject, span, [part]),
    }
    return render(request, "scoring/_analysis_part.html", context)


@require_GET
@permitted("scoring.export_analysis", OrgUnit)
def analysis_xlsx(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """The numbers as a workbook: of one part, or of all of them."""
    subject = _subject(request, unit)
    part = request.GET.get("part", "")
    file = scratch_file()
    write_analysis(file, subject, _span(request), by=request.user, parts=[part] if part in PARTS else list(PARTS))
    name = _("%(unit)s积分分析（%(month)s）.xlsx") % {
        "unit": unit, "month": months.label(subject.month).replace(" ", ""),
    }  # fmt: skip
    return download(name, file)  # type: ignore[return-value]
