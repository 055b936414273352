"""The log, for the auditor: read, searched, exported; never changed."""

from __future__ import annotations

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from members.audit_labels import label_of, takes_out
from members.errors import Refused
from members.forms.audit import AuditFilter
from members.models import AuditEvent
from members.paging import Place, log_page
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from members.services.audit_export import write_audit
from members.spreadsheet import download, scratch_file

PAGE = 100


@require_safe
@permitted("members.view_audit")
def audit_list(request: SignedIn) -> HttpResponse:
    """A page of the log, newest first. In the query string: the filter, and where the page before ended."""
    narrowed, after = AuditFilter(request.GET), Place.read(request.GET.get("before", ""))
    narrow = narrowed.narrow if narrowed.is_searching else None
    page = log_page(narrowed.span(AuditEvent.objects.all()), narrow, after=after, size=PAGE)
    lines = [
        {"event": event, "action": label_of(event.action), "takes_out": takes_out(event.action)}
        for event in page.events
    ]
    context = {"filter": narrowed, "page": page, "lines": lines, "is_first": after is None}
    return render(request, "members/audit_list.html", context)


@require_safe
@permitted("members.export_audit")
def audit_export(request: SignedIn) -> HttpResponseBase:
    """What the filter finds, as a workbook."""
    narrowed, file = AuditFilter(request.GET), scratch_file()
    events = narrowed.apply(AuditEvent.objects.all())
    try:
        write_audit(file, events=events, by=request.user, said=narrowed.in_words())
    except Refused as refusal:
        refuse(request, refusal)
        return redirect(f"{reverse('members:audit-list')}?{request.GET.urlencode()}")
    return download(_("操作日志.xlsx"), file)
