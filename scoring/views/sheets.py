"""Between the monthly points and paper: month sheet in, ledger and month table out."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, cast

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from members.errors import Refused
from members.models import OrgUnit, User
from members.pdf import PACKAGES, PdfUnavailable
from members.permissions import permitted
from members.spreadsheet import download, scratch_file, stamp
from scoring import months
from scoring.services import sheets
from scoring.services.month_sheet import read_month_sheet, write_changes
from scoring.sheets.papers import scope_of
from scoring.sheets.plan import PlannedChange, SheetPlan
from scoring.sheets.ticket import issue, redeem

# A preview names this many changes; the sums above it count all.
SHOWN = 200
PERIODS = {"month", "quarter"}


def _require_month(month: int) -> None:
    if not months.is_month(month):
        raise Http404


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def _period(request: HttpRequest) -> str:
    period = request.GET.get("period", "month")
    return period if period in PERIODS else "month"


def _file(
    request: HttpRequest, unit: OrgUnit, month: int, name: str, write: Callable[[IO[bytes]], object]
) -> HttpResponse:
    """What `write` puts into a file, as a download; a refusal as a sentence on the month's page."""
    file = scratch_file()
    try:
        write(file)
    except Refused as refusal:
        file.close()
        return _refused(request, unit, month, str(refusal))
    return download(name, file)  # type: ignore[return-value]


def _refused(request: HttpRequest, unit: OrgUnit, month: int, sentence: str) -> HttpResponse:
    return render(
        request, "scoring/sheet_refused.html", {"unit": unit, "month": month, "sentence": sentence}, status=409
    )


@require_GET
@permitted("scoring.enter_month", OrgUnit)
def month_template(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    _require_month(month)
    name = _("%(unit)s党员积分登记表（%(month)s）.xlsx") % {"unit": unit, "month": scope_of(unit, month).label}
    return _file(
        request, unit, month, name, lambda file: sheets.write_template(file, unit, month, by=_person(request))
    )


@require_http_methods(["GET", "POST"])
@permitted("scoring.enter_month", OrgUnit)
def month_import(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    """Upload, preview, confirm: the same page in three states."""
    _require_month(month)
    if "ticket" in request.POST:
        return _confirm(request, unit, month)
    plan = _preview(request, unit, month) if request.method == "POST" else None
    ticket = ""
    if plan and plan.changes and not plan.problems:
        ticket = issue(plan.confirmed(), unit=unit, month=month, by=_person(request))
    return render(
        request,
        "scoring/month_import.html",
        {"unit": unit, "month": month, "plan": plan, "ticket": ticket, "shown": _shown(plan), "limit": SHOWN},
    )


def _preview(request: HttpRequest, unit: OrgUnit, month: int) -> SheetPlan | None:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        messages.error(request, _("请先选择要上传的表格。"))
        return None
    try:
        return read_month_sheet(unit, month, file.name or "", file.read())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return None


def _shown(plan: SheetPlan | None) -> list[PlannedChange]:
    """What takes something away comes first: that is what one may not have meant."""
    if plan is None:
        return []
    return sorted(plan.changes, key=lambda change: (not change.is_cleared, change.is_new, change.row))[:SHOWN]


def _confirm(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    try:
        changes = redeem(request.POST["ticket"], unit=unit, month=month, by=_person(request))
        count = write_changes(unit, month, changes, by=_person(request))
    except Refused as refusal:
        for sentence in str(refusal).split("\n"):
            messages.error(request, sentence)
        return redirect("scoring:month-import", unit.pk, month)
    messages.success(request, _("已写入 %d 格，请核对后提交。") % count)
    return redirect("scoring:month-grid", unit.pk, month)


@require_GET
@permitted("scoring.view_month", OrgUnit)
def month_sheet(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    """The month table on screen, to be read and printed."""
    _require_month(month)
    if unit.kind != OrgUnit.Kind.BRANCH:
        raise Http404
    try:
        table = sheets.month_table(unit, month)
    except Refused as refusal:
        return _refused(request, unit, month, str(refusal))
    printed = stamp(_person(request), timezone.localtime())
    context = {"unit": unit, "month": month, "table": table, "stamp": printed}
    return render(request, "scoring/month_sheet.html", context)


@require_GET
@permitted("scoring.export_ledger", OrgUnit)
def month_sheet_xlsx(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    _require_month(month)
    name = _("%(unit)s党员月度积分表（%(month)s）.xlsx") % {"unit": unit, "month": scope_of(unit, month).label}
    return _file(
        request, unit, month, name, lambda file: sheets.write_month_table(file, unit, month, by=_person(request))
    )


@require_GET
@permitted("scoring.export_ledger", OrgUnit)
def ledger_xlsx(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    _require_month(month)
    period = _period(request)
    name = _("%(unit)s党员积分台账（%(month)s）.xlsx") % {"unit": unit, "month": scope_of(unit, month, period).label}
    return _file(
        request,
        unit,
        month,
        name,
        lambda file: sheets.write_ledger(file, unit, month, by=_person(request), period=period),
    )


@require_GET
@permitted("scoring.export_ledger", OrgUnit)
def ledger_pdf(request: HttpRequest, unit: OrgUnit, month: int) -> HttpResponse:
    _require_month(month)
    period = _period(request)
    try:
        content = sheets.ledger_pdf(unit, month, by=_person(request), period=period)
    except PdfUnavailable:
        url = reverse("scoring:ledger-xlsx", args=[unit.pk, month])
        return render(request, "scoring/pdf_missing.html", {"packages": PACKAGES.split(), "url": url}, status=503)
    except Refused as refusal:
        return _refused(request, unit, month, str(refusal))
    name = _("%(unit)s党员积分台账（%(month)s）.pdf") % {"unit": unit, "month": scope_of(unit, month, period).label}
    headers = {"Content-Disposition": content_disposition_header(True, name) or ""}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
