"""每日汇总邮件: whether they arrive, for whoever looks after the mail server."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from members.models import Digest
from members.permissions import SignedIn, permitted

PAGE_SIZE = 50


@require_safe
@permitted("members.view_digests")
def digest_list(request: SignedIn) -> HttpResponse:
    """Newest first; all of them, or one state. Mails that could not be delivered are one thing to look at, whether
    they were given up or may have arrived."""
    rows, state = Digest.objects.select_related("user__member"), request.GET.get("state", "")
    if state == Digest.State.FAILED:
        rows = rows.undelivered()
    elif state in Digest.State.values:
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    states = [Digest.State.WAITING, Digest.State.SENT, Digest.State.EMPTY, Digest.State.FAILED]
    context = {"page": page, "state": state, "states": states, "is_on": settings.MAIL_IS_ON}
    return render(request, "members/digest_list.html", context)
