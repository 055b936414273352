"""站内消息: what one has been told, newest first.

A message is opened by POST: that is what marks it as read, and no link that a browser fetches ahead may do that.
"""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from members.models import Message
from members.permissions import SignedIn, permitted
from members.services.messages import mark_read, open_message

PAGE_SIZE = 30


@require_GET
@permitted("members.read_messages")
def message_list(request: SignedIn) -> HttpResponse:
    rows = Message.objects.visible_to(request.user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    newest = Message.objects.unread(request.user).values_list("pk", flat=True).first()
    return render(request, "members/message_list.html", {"page": page, "newest": newest})


@require_POST
@permitted("members.read_messages", Message)
def message_open(request: SignedIn, message: Message) -> HttpResponse:
    """Read it, and on to the page where more stands; its address was made here, never typed."""
    open_message(message)
    return redirect(message.url or "members:message-list")


@require_POST
@permitted("members.read_messages")
def messages_read(request: SignedIn) -> HttpResponse:
    """All up to the newest one that was on the page; what came in since stays unread."""
    last = request.POST.get("last", "")
    if last.isdecimal() and len(last) < 19:
        mark_read(request.user, int(last))
    return redirect("members:message-list")
