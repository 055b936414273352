"""站内消息: what one has been told, newest first, and whether one wants a mail about it.

A message is opened by POST: that is what marks it as read, and no link that a browser fetches ahead may do that.
"""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.forms.carry_out import carried_out
from members.forms.messages import MailForm
from members.models import Message
from members.permissions import SignedIn, permitted
from members.services.digest import choose_mail
from members.services.messages import mark_read, open_message

PAGE_SIZE = 30


@require_GET
@permitted("members.read_messages")
def message_list(request: SignedIn) -> HttpResponse:
    user = request.user
    return _inbox(request, MailForm(initial={"email": user.email, "mail": user.mail}))


def _inbox(request: SignedIn, form: MailForm) -> HttpResponse:
    rows = Message.objects.visible_to(request.user)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    newest = Message.objects.unread(request.user).values_list("pk", flat=True).first()
    # Without a mail server there is nothing to choose.
    context = {"page": page, "newest": newest, "form": form, "mail_is_on": settings.MAIL_IS_ON}
    return render(request, "members/message_list.html", context)


@require_POST
@permitted("members.choose_mail")
def mail_choose(request: SignedIn) -> HttpResponse:
    form = MailForm(request.POST)
    if carried_out(form, lambda: choose_mail(request.user, **form.cleaned_data)):
        messages.success(request, _("邮件通知已保存。"))
        return redirect("members:message-list")
    return _inbox(request, form)


@require_POST
@permitted("members.read_messages", Message)
def message_open(request: SignedIn, message: Message) -> HttpResponse:
    """Read it, and on to the page where more stands; its address was made here, never typed."""
    open_message(message)
    return redirect(_address(message, request.POST.get("line", "")) or "members:message-list")


def _address(message: Message, line: str) -> str:
    """Of a reminder with several lines that of the line chosen, by its place."""
    addresses = [url for _text, url in message.lines]
    if line.isdecimal() and len(line) < 4 and int(line) < len(addresses):
        return addresses[int(line)]
    return message.url


@require_POST
@permitted("members.read_messages")
def messages_read(request: SignedIn) -> HttpResponse:
    """All up to the newest one that was on the page; what came in since stays unread."""
    last = request.POST.get("last", "")
    if last.isdecimal() and len(last) < 19:
        mark_read(request.user, int(last))
    return redirect("members:message-list")
