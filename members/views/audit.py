"""The log, for the auditor: read, searched, exported; never changed."""

from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members.audit_labels import label_of
from members.forms.filters import AuditFilter
from members.models import AuditEvent
from members.permissions import SignedIn, permitted
from members.services.export import write_audit
from members.spreadsheet import download, scratch_file

PAGE_SIZE = 100


@require_safe
@permitted("members.view_audit")
def audit_list(request: SignedIn) -> HttpResponse:
    narrowed = AuditFilter(request.GET)
    page = Paginator(narrowed.apply(AuditEvent.objects.all()), PAGE_SIZE).get_page(request.GET.get("page"))
    lines = [{"event": event, "action": label_of(event.action)} for event in page]
    return render(request, "members/audit_list.html", {"filter": narrowed, "page": page, "lines": lines})


@require_safe
@permitted("members.export_audit")
def audit_export(request: SignedIn) -> FileResponse:
    file = scratch_file()
    write_audit(file, events=AuditFilter(request.GET).apply(AuditEvent.objects.all()), by=request.user)
    return download(_("操作日志.xlsx"), file)
