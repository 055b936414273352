"""The roster import, page by page: upload → columns → problems and preview → write → report."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from members.errors import Refused
from members.forms.carry_out import carried_out
from members.forms.roster import OptionsForm, UploadForm, unit_questions
from members.models import RosterImport
from members.permissions import SignedIn, permitted
from members.roster.fields import FIELDS
from members.roster.files import write_problems, write_template
from members.roster.report import SHOWN_PEOPLE, SHOWN_PROBLEMS
from members.roster.steps import steps_of
from members.services import roster
from members.spreadsheet import download, scratch_file
from members.tasks import wake_for_import

PAGE_SIZE = 20


@require_safe
@permitted("members.import_roster")
def roster_import_list(request: SignedIn) -> HttpResponse:
    rows = RosterImport.objects.visible_to(request.user).select_related("unit", "by__member")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "members/roster_import_list.html", {"page": page})


@permitted("members.import_roster")
def roster_import_create(request: SignedIn) -> HttpResponse:
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        units=roster.units_for(request.user),
        initial={"unit": request.GET.get("unit", "")} if request.GET.get("unit") else None,
    )
    made: list[RosterImport] = []
    if carried_out(form, lambda: made.append(_checked(request, form))):
        return redirect("members:roster-import-detail", made[0].pk)
    return render(request, "members/roster_import_create.html", {"form": form, "steps": steps_of(None)})


def _checked(request: SignedIn, form: UploadForm) -> RosterImport:
    chosen = form.cleaned_data
    options = roster.usual_options(timezone.localdate(), started_on=chosen["started_on"])
    file = chosen["file"]
    return roster.check_upload(chosen["unit"], file.name, file.read(), by=request.user, options=options)


@require_safe
@permitted("members.view_import", RosterImport, related=("unit", "by__member"))
def roster_import_detail(request: SignedIn, row: RosterImport) -> HttpResponse:
    return render(request, "members/roster_import_detail.html", _context(row))


def _context(row: RosterImport, form: OptionsForm | None = None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "row": row,
        "report": row.report,
        "steps": steps_of(row),
        "shown_people": SHOWN_PEOPLE,
        "shown_problems": SHOWN_PROBLEMS,
        "can_recheck": _can_recheck(row),
    }
    if context["can_recheck"]:
        context |= {
            "form": form or OptionsForm(row),
            "fields": FIELDS,
            "questions": unit_questions(row),
            "earlier": roster.earlier_import(row),
        }
    return context


@require_safe
@permitted("members.view_import", RosterImport, related=("unit",))
def roster_import_units(request: SignedIn, row: RosterImport) -> HttpResponse:
    """A fragment: further names of new units, into the form that stands on the page."""
    if not _can_recheck(row):
        return HttpResponseClientRefresh()
    start = request.GET.get("start", "")
    questions = unit_questions(row, int(start) if start.isdecimal() and len(start) < 9 else 0)
    return render(request, "members/_roster_unit_rows.html", {"row": row, "questions": questions})


def _can_recheck(row: RosterImport) -> bool:
    """In these states the upload is still here; its bytes need not be read to know it."""
    return row.state in (RosterImport.State.CHECKED, RosterImport.State.FAILED)


@require_POST
@permitted("members.view_import", RosterImport, related=("unit", "by__member"))
def roster_import_columns(request: SignedIn, row: RosterImport) -> HttpResponse:
    form = OptionsForm(row, request.POST)
    if carried_out(form, lambda: roster.choose_columns(row, form.options(), by=request.user)):
        messages.success(request, _("已重新校验。"))
        return redirect("members:roster-import-detail", row.pk)
    row.refresh_from_db()
    return render(request, "members/roster_import_detail.html", _context(row, form))


@require_POST
@permitted("members.view_import", RosterImport, related=("unit", "by__member"))
def roster_import_confirm(request: SignedIn, row: RosterImport) -> HttpResponse:
    try:
        roster.confirm_import(row, request.POST.get("plan", ""), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        wake_for_import(row.pk)
    return redirect("members:roster-import-detail", row.pk)


@require_POST
@permitted("members.view_import", RosterImport, related=("unit", "by__member"))
def roster_import_drop(request: SignedIn, row: RosterImport) -> HttpResponse:
    try:
        roster.drop_import(row, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("members:roster-import-detail", row.pk)
    messages.success(request, _("已放弃这次导入，上传的文件已清除，名册没有改动。"))
    return redirect("members:roster-import-list")


@require_safe
@permitted("members.view_import", RosterImport, related=("unit", "by__member"))
def roster_import_progress(request: SignedIn, row: RosterImport) -> HttpResponse:
    """The fragment asked for every second; once the work has ended the page loads anew with the report."""
    if not row.is_under_way:
        return HttpResponseClientRefresh()
    return render(request, "members/_roster_progress.html", {"row": row})


@require_safe
@permitted("members.view_import", RosterImport, related=("unit", "by__member"))
def roster_import_problems(request: SignedIn, row: RosterImport) -> HttpResponse | FileResponse:
    file = scratch_file()
    try:
        write_problems(file, roster.examined(row), by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("members:roster-import-detail", row.pk)
    return download(_("名册问题清单.xlsx"), file)


@require_safe
@permitted("members.import_roster")
def roster_template(request: SignedIn) -> FileResponse:
    file = scratch_file()
    write_template(file)
    return download(_("党员花名册模板.xlsx"), file)
