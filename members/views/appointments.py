"""Who holds which post; small imports and exports of it."""

from __future__ import annotations

import tablib
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from members.appointment_file import AppointmentXlsx
from members.errors import Refused
from members.forms.appointments import AppointmentFilter, ConfirmForm, UploadForm
from members.forms.carry_out import carried_out
from members.forms.people import AppointmentForm, EndForm
from members.models import Appointment, Member, OrgUnit
from members.permissions import SignedIn, permitted
from members.querysets import AppointmentQuerySet
from members.resources import HEADINGS, ROW, AppointmentResource, import_rows, problems_of
from members.services import appointments as services
from members.services.audit import record
from members.spreadsheet import download, scratch_file

PAGE_SIZE = 50


def _listed(request: SignedIn) -> tuple[AppointmentFilter, AppointmentQuerySet]:
    units = OrgUnit.objects.visible_to(request.user).open().exclude(kind__in=("PARTY_GROUP", "WORK_TEAM"))
    narrowed = AppointmentFilter(request.GET, units=units)
    rows = narrowed.apply(Appointment.objects.visible_to(request.user))
    return narrowed, rows.select_related("member", "unit__parent").in_order()


@require_safe
@permitted("members.list_appointments")
def appointment_list(request: SignedIn) -> HttpResponse:
    narrowed, rows = _listed(request)
    context = {
        "filter": narrowed,
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "may_import": request.user.has_perm("members.import_appointments"),
    }
    return render(request, "members/appointment_list.html", context)


@require_safe
@permitted("members.list_appointments")
def appointment_export(request: SignedIn) -> FileResponse:
    _narrowed, rows = _listed(request)
    dataset = AppointmentResource(request.user).export(rows)
    file = scratch_file()
    AppointmentXlsx().export_data(dataset, target=file, by=request.user)
    record(request.user, "members.export_appointments", detail=f"{len(dataset)} 个任职")
    return download(_("任职名册.xlsx"), file)


@permitted("members.appoint_member", Member)
def appointment_create(request: SignedIn, member: Member) -> HttpResponse:
    form = AppointmentForm(request.POST or None, member=member, by=request.user)
    if carried_out(form, lambda: services.appoint(member, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已任命%s。") % member)
        return redirect("members:member-detail", member.pk)
    context = {"form": form, "member": member, "heading": _("任职"), "submit": _("任命")}
    return render(request, "members/member_action.html", context)


@permitted("members.appoint_member", Appointment, related=("member", "unit"))
def appointment_end(request: SignedIn, appointment: Appointment) -> HttpResponse:
    form = EndForm(request.POST or None)
    if carried_out(form, lambda: services.end_appointment(appointment, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已免去%s的职务。") % appointment.member)
        return redirect("members:member-detail", appointment.member_id)
    context = {
        "form": form,
        "member": appointment.member,
        "heading": _("免职"),
        "submit": _("免职"),
        "hint": str(appointment),
    }
    return render(request, "members/member_action.html", context)


@permitted("members.import_appointments")
def appointment_import(request: SignedIn) -> HttpResponse:
    """First step: the file is tried, all its problems or all it would do are shown; nothing is written."""
    form = UploadForm(request.POST or None, request.FILES or None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            dataset = AppointmentXlsx().create_dataset(upload.name, upload.read())
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            context |= _trial(dataset, request)
    return render(request, "members/appointment_import.html", context)


def _trial(dataset: tablib.Dataset, request: SignedIn) -> dict[str, object]:
    result = import_rows(dataset, by=request.user, dry_run=True)
    problems = problems_of(result, dataset)
    plain = [[_plain(cell) for cell in row] for row in dataset]
    lines = [{"cells": row[:-1], "is_kept": done.is_skip()} for row, done in zip(plain, result.rows, strict=True)]
    return {
        "problems": problems,
        "headings": HEADINGS,
        "lines": [] if problems else lines,
        "new": sum(not line["is_kept"] for line in lines),
        "sealed": "" if problems else ConfirmForm.seal(plain, request.user.pk),
    }


def _plain(cell: object) -> object:
    """A cell as JSON can carry it; the readers take days as text just as well."""
    return cell.isoformat()[:10] if hasattr(cell, "isoformat") else cell


@require_POST
@permitted("members.import_appointments")
def appointment_import_confirm(request: SignedIn) -> HttpResponse:
    """Second step: the same rows, for good. Something may have changed since, so they are checked again."""
    rows = ConfirmForm(request.POST).unsealed(request.user.pk)
    if rows is None:
        messages.error(request, _("校验已过期，请重新上传文件。"))
        return redirect("members:appointment-import")
    dataset = tablib.Dataset(*rows, headers=[*HEADINGS, ROW])
    result = import_rows(dataset, by=request.user, dry_run=False)
    problems = problems_of(result, dataset)
    if problems:
        return render(request, "members/appointment_import.html", {"form": UploadForm(), "problems": problems})
    written = sum(not row.is_skip() for row in result.rows)
    record(request.user, "members.import_appointments", detail=f"{written} 个任职")
    messages.success(request, _("已写入 %d 个任职。") % written)
    return redirect("members:appointment-list")
