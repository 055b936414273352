"""What-if: past scores under a draft, who gains and who loses. Nothing is written."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.spreadsheet import download, scratch_file
from scoring.forms.what_if import WhatIfForm
from scoring.models import RuleSet
from scoring.sheets.what_if import write_what_if
from scoring.whatif.asked import Asked
from scoring.whatif.figures import Figures
from scoring.whatif.run import what_if

PAGE = 50


def _figures(asked: Asked) -> Figures:
    """Raise Refused with a sentence when it cannot be computed."""
    outcome = what_if(asked)
    units = OrgUnit.objects.filter(pk__in=set(outcome.units.tolist()))
    return Figures(outcome, dict(units.values_list("pk", "name")))


@require_GET
@permitted("scoring.try_rules", RuleSet, related=("owner",))
def rules_what_if(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """Choose a unit and a span; then the outcome, person by person."""
    form = WhatIfForm(request.GET if "span" in request.GET else None, rule_set=rule_set)
    context: dict[str, Any] = {"rule_set": rule_set, "form": form}
    if form.is_valid():
        try:
            figures = _figures(form.asked())
        except Refused as refusal:
            return render(request, "scoring/what_if.html", context | {"refusal": str(refusal)})
        page = Paginator(range(figures.count), PAGE).get_page(request.GET.get("page"))
        lines = figures.lines(page.object_list)  # type: ignore[arg-type]
        context |= {"figures": figures, "asked": form.asked(), "page": page, "lines": lines}
    return render(request, "scoring/what_if.html", context)


@require_GET
@permitted("scoring.export_what_if", RuleSet, related=("owner",))
def rules_what_if_xlsx(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """The same as a workbook."""
    form = WhatIfForm(request.GET, rule_set=rule_set)
    if not form.is_valid():
        messages.error(request, _("请先选择组织和时间，再下载。"))
        return redirect("scoring:rules-what-if", rule_set.pk)
    asked, file = form.asked(), scratch_file()
    try:
        write_what_if(file, _figures(asked), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("scoring:rules-what-if", rule_set.pk)
    name = _("%(unit)s试算（%(span)s）.xlsx") % {"unit": asked.unit, "span": asked.name.replace(" ", "")}
    return download(name, file)  # type: ignore[return-value]
