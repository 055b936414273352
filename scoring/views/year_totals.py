"""Last year's totals: upload, look, confirm."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.tabular import read_table
from scoring.forms.scores import YearTotalsForm
from scoring.models import YearTotal
from scoring.services.year_totals import YearLine, read_year_totals, save_year_totals

_SALT = "scoring.year_totals"
_MINUTES = 30


@permitted("scoring.enter_year_totals", OrgUnit)
def year_totals(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """The form; with a file its problems or its preview; with a signed preview the writing."""
    if request.POST.get("preview"):
        return _confirm(request, unit)
    form = YearTotalsForm(request.POST or None, request.FILES or None, initial={"year": timezone.localdate().year - 1})
    known = YearTotal.objects.filter(account__member__memberships__branch__path__startswith=unit.path)
    context: dict[str, object] = {
        "form": form,
        "unit": unit,
        "known": known.values("account", "year").distinct().count(),
    }
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            table = read_year_totals(unit, read_table(file.name, file.read()))
            context["problems"] = table.problems
            if not table.problems:
                content = {
                    "unit": unit.pk,
                    "user": request.user.pk,
                    "year": form.cleaned_data["year"],
                    "lines": table.as_json(),
                }
                context |= {
                    "preview": signing.dumps(content, salt=_SALT, compress=True),
                    "count": len(table.lines),
                    "year": form.cleaned_data["year"],
                }
        except Refused as refusal:
            context["problems"] = [str(refusal)]
    return render(request, "scoring/year_totals.html", context)


def _confirm(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    try:
        content = signing.loads(request.POST["preview"], salt=_SALT, max_age=_MINUTES * 60)
    except signing.BadSignature:
        messages.error(request, _("预览已经过期，请重新上传。"))
        return redirect("scoring:year-totals", unit.pk)
    if (content["unit"], content["user"]) != (unit.pk, request.user.pk):
        messages.error(request, _("这份预览不是您的，请重新上传。"))
        return redirect("scoring:year-totals", unit.pk)
    lines = [YearLine(**line) for line in content["lines"]]
    count = save_year_totals(unit, content["year"], lines, by=request.user)
    messages.success(request, _("已录入 %(count)d 人的 %(year)d 年总分。") % {"count": count, "year": content["year"]})
    return redirect("setup")
