"""Files at the cells of the monthly grid: listed, added, downloaded, removed."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.errors import Refused
from members.models import OrgUnit, User
from members.permissions import SignedIn, permitted
from members.refusals import note
from scoring.models import Evidence, Month
from scoring.services import evidence as services
from scoring.services.months import month_of_unit


def _asked(values: object) -> tuple[int, int]:
    """Account and item of the cell. Raise Refused when they are missing."""
    try:
        return int(values["account"]), int(values["item"])  # type: ignore[index]
    except (KeyError, ValueError):
        raise Refused(_("没有说明是哪个单元格，请刷新页面后重试。")) from None


def _files(request: SignedIn, month: Month, cell: tuple[int, int], refusals: list[str]) -> HttpResponse:
    files = list(services.files_of(month, *cell))
    context = {
        "files": files,
        "refusals": refusals,
        "is_editable": month.is_open and request.user.has_perm("scoring.enter_month", month.unit),
        "is_full": len(files) >= services.FILES_PER_CELL,
        "limit": services.FILES_PER_CELL,
    }
    return render(request, "scoring/_grid_files.html", context)


@require_GET
@permitted("scoring.view_month", OrgUnit)
def evidence_list(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    try:
        return _files(request, month_of_unit(unit, month), _asked(request.GET), [])
    except Refused as refusal:
        return HttpResponse(str(refusal), status=400, content_type="text/plain; charset=utf-8")


@require_POST
@permitted("scoring.enter_month", OrgUnit)
def evidence_add(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    """Add the chosen files; what is refused is said above the list."""
    try:
        row, cell = month_of_unit(unit, month), _asked(request.POST)
    except Refused as refusal:
        return HttpResponse(str(refusal), status=400, content_type="text/plain; charset=utf-8")
    uploads = request.FILES.getlist("file")
    refusals = services.add_all(row, *cell, uploads, by=request.user) if uploads else [_("没有选择文件。")]
    return _files(request, row, cell, refusals)


def sent(evidence: Evidence, *, by: User) -> FileResponse:
    """Always as a download: nothing that was uploaded is shown inside a page. Each one leaves a line in the log."""
    services.note_download(evidence, by=by)
    answer = FileResponse(
        evidence.file.open("rb"), as_attachment=True, filename=evidence.name, content_type=evidence.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_GET
@permitted("scoring.view_evidence", Evidence)
def evidence_file(request: SignedIn, evidence: Evidence) -> FileResponse:
    return sent(evidence, by=request.user)


@require_POST
@permitted("scoring.remove_evidence", Evidence, related=("cell__unit",))
def evidence_remove(request: SignedIn, evidence: Evidence) -> HttpResponse:
    refusals = []
    try:
        services.remove_evidence(evidence, by=request.user)
    except Refused as refusal:
        refusals.append(str(refusal))
        note(request, refusal, evidence)
    cell = evidence.cell
    if cell is None:
        return HttpResponse(refusals[0], status=409, content_type="text/plain; charset=utf-8")
    return _files(request, month_of_unit(cell.unit, cell.month), (cell.account_id, cell.item_id), refusals)
