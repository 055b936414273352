"""每日汇总邮件: at most one mail a day for whoever wants it. The row is the job (trust.md §5).

A mail whose fate is unknown, because the server or the worker went away in the middle, is not sent again: twice a day
is worse than not at all, for everything in it stands on the home page.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from members.mailing import Carrier, Failure, Letter, masked, write_letter
from members.models import AuditEvent, Digest, Message, User
from members.services.audit import record
from members.todo import Todo

State = Digest.State
# What waits for a person is asked of whoever knows all apps.
Asking = Callable[[User], Sequence[Todo]]
MAX_ATTEMPTS = 5
FIRST_PAUSE = datetime.timedelta(minutes=5)
# A round ends after so many seconds; the next one goes on where it stopped.
ROUND_SECONDS = 120
KEPT_DAYS = 90


@transaction.atomic
def choose_mail(user: User, *, email: str, mail: str) -> None:
    """Where a person wants the daily mail, and whether. In: a checked address or "", one of `User.Mail`."""
    user.email, user.mail = email, mail
    user.save(update_fields=["email", "mail"])
    detail = _("%(choice)s，%(address)s") % {
        "choice": user.get_mail_display(), "address": masked(email) or _("没有邮箱")
    }  # fmt: skip
    record(user, "members.choose_mail", user, detail=detail)


def plan_digests(at: datetime.datetime) -> int:
    """A row for everybody who wants a mail and has none for the day. Out: how many people wanted one.

    Two at once, or a second time, make no second row.
    """
    day = timezone.localdate(at)
    planned = Digest.objects.filter(user=OuterRef("pk"), day=day)
    wanting = User.objects.filter(~Exists(planned), is_active=True, mail=User.Mail.DAILY).exclude(email="")
    rows = [Digest(user=user, day=day, address=masked(user.email), due_at=at) for user in wanting.order_by("pk")]
    Digest.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
    return len(rows)


@transaction.atomic
def settle_digests(at: datetime.datetime) -> None:
    """End what can no longer be sent: of an earlier day, or left in the middle by a worker that is gone."""
    day = timezone.localdate(at)
    silent = at - datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS + ROUND_SECONDS)
    lost = Digest.objects.filter(state=State.SENDING, claimed_at__lt=silent)
    lost.update(state=State.UNCLEAR, finished_at=at, failure=_("发送时中断，不知道是否送达；不再重发。"))
    late = Digest.objects.filter(state=State.WAITING, day__lt=day)
    count = late.update(state=State.FAILED, finished_at=at, failure=_("当天没有送出，请检查邮件服务器和后台任务。"))
    if count:
        detail = _("%d 封汇总邮件当天没有送出") % count
        record(None, "members.send_digest", _("每日汇总邮件"), detail=detail, result=AuditEvent.Result.REFUSED)
    Digest.objects.filter(day__lt=day - datetime.timedelta(days=KEPT_DAYS)).delete()


def send_digests(asking: Asking, at: datetime.datetime) -> int:
    """Plan the day's mails and send those that are due. Out: how many went out. Does nothing where mail is off.

    May run twice, late and on two workers: whoever claims a row sends it.
    """
    if not settings.MAIL_IS_ON:
        return 0
    settle_digests(at)
    plan_digests(at)
    until, sent = time.monotonic() + ROUND_SECONDS, 0
    with Carrier() as carrier:
        while time.monotonic() < until and (row := _claim(at)) is not None:
            state = _deliver(row, carrier, asking, at)
            sent += state == State.SENT
            if carrier.is_down:
                break
    return sent


def _claim(at: datetime.datetime) -> Digest | None:
    """Take the next row that is due; of two workers one gets it."""
    for row in Digest.objects.due(at).filter(day=timezone.localdate(at))[:8]:
        free = Digest.objects.filter(pk=row.pk, state=State.WAITING, attempts=row.attempts)
        if free.update(state=State.SENDING, claimed_at=timezone.now(), attempts=F("attempts") + 1):
            return Digest.objects.select_related("user__member").get(pk=row.pk)
    return None


def _deliver(row: Digest, carrier: Carrier, asking: Asking, at: datetime.datetime) -> str:
    """Write the letter as things stand now, carry it, and note what became of it. Out: the new state."""
    user = row.user
    if not user.email or user.mail != User.Mail.DAILY or not user.is_active:
        return _end(row, State.EMPTY)
    todos = asking(user)
    row.fingerprint = _fingerprint(user, todos)
    before = Digest.objects.filter(user=user, state__in=[State.SENT, State.UNCLEAR]).order_by("-day")
    if not todos or before.values_list("fingerprint", flat=True).first() == row.fingerprint:
        return _end(row, State.EMPTY)
    letter: Letter = write_letter(todos, timezone.localdate(at))
    try:
        carrier.carry(letter, user.email)
    except Failure as failure:
        return _failed(row, failure, at)
    return _end(row, State.SENT)


def _fingerprint(user: User, todos: Sequence[Todo]) -> str:
    """Of what waits and of the newest unread message; the count of days does not belong to it."""
    newest = Message.objects.unread(user).values_list("pk", flat=True).first()
    said = [f"{todo.title}\t{todo.count}\t{todo.url}" for todo in todos]
    return sha256("\n".join([str(newest), *said]).encode()).hexdigest()


def _failed(row: Digest, failure: Failure, at: datetime.datetime) -> str:
    """Once more after a pause, three times as long each time; or given up, and the log names it."""
    if failure.is_unclear:
        return _end(row, State.UNCLEAR, failure.sentence)
    if failure.is_final or row.attempts >= MAX_ATTEMPTS:
        with transaction.atomic():
            record(None, "members.send_digest", row, detail=failure.sentence, result=AuditEvent.Result.REFUSED)
            return _end(row, State.FAILED, failure.sentence)
    pause = FIRST_PAUSE * 3 ** (row.attempts - 1)
    held = Digest.objects.filter(pk=row.pk, state=State.SENDING, attempts=row.attempts)
    held.update(state=State.WAITING, due_at=at + pause, failure=failure.sentence, address=masked(row.user.email))
    return State.WAITING


def _end(row: Digest, state: str, failure: str = "") -> str:
    """Also of a row that was given up for lost meanwhile: now its fate is known."""
    mine = Digest.objects.filter(pk=row.pk, attempts=row.attempts, state__in=[State.SENDING, State.UNCLEAR])
    mine.update(
        state=state, finished_at=timezone.now(), failure=failure, fingerprint=row.fingerprint,
        address=masked(row.user.email) or row.address,
    )  # fmt: skip
    return state
