"""Outside voters: a code instead of an account. Who guesses has to wait (trust.md §2)."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from evaluations.models import Poll, RollEntry, WrongCode
from evaluations.services.polls import code_hash, new_code
from members.errors import Refused
from members.models import User
from members.services.audit import record

# From one address: so many codes that nobody was given, in so many minutes.
MOST_WRONG, MINUTES = 10, 10


def voter_with(code: str, address: str) -> RollEntry:
    """The roll entry a code belongs to, with its poll. Raise Refused for a code that nobody was given, that has been
    spent, or after too many wrong ones from this address."""
    where = _blurred(address)
    since = timezone.now() - datetime.timedelta(minutes=MINUTES)
    if WrongCode.objects.filter(address=where, at__gt=since).count() >= MOST_WRONG:
        raise Refused(_("输错的次数太多，请 %d 分钟后再试。") % MINUTES)
    entry = (
        RollEntry.objects.select_related("poll__stage__campaign", "poll__unit").filter(code=code_hash(code)).first()
    )
    if entry is None:
        WrongCode.objects.create(address=where)
        raise Refused(_("没有这个投票码，请核对纸条上的 12 位字母和数字。"))
    if entry.has_voted:
        raise Refused(_("这个投票码已经用过，每个投票码只能投一次。"))
    return entry


def _blurred(address: str) -> str:
    """Enough to count by, not to know by."""
    return salted_hmac("evaluations.poll.address", address, secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()


def forget_wrong_codes() -> int:
    """Rows that no longer make anybody wait. Out: how many there were."""
    before = timezone.now() - datetime.timedelta(minutes=MINUTES)
    deleted, _by_model = WrongCode.objects.filter(at__lt=before).delete()
    return deleted


@transaction.atomic
def renew_codes(poll: Poll, *, by: User) -> list[str]:
    """New codes in place of all that are not spent, which become void. Out: the codes, which are kept nowhere.

    Raise Refused once the poll has ended, and where every code is spent or there are none.
    """
    poll = Poll.objects.select_for_update(of=("self",)).select_related("stage", "unit").get(pk=poll.pk)
    if poll.state not in (Poll.State.PREPARED, Poll.State.OPEN) or poll.mode != Poll.Mode.SECRET:
        raise Refused(_("这次投票%s，不能再生成投票码。") % poll.get_state_display())
    unspent = RollEntry.objects.select_for_update().filter(poll=poll, code__isnull=False, has_voted=False)
    entries = list(unspent.order_by("code"))
    if not entries:
        raise Refused(_("没有未使用的投票码。"))
    codes = [new_code() for _entry in entries]
    for entry, code in zip(entries, codes, strict=True):
        entry.code = code_hash(code)
    RollEntry.objects.bulk_update(entries, ["code"], batch_size=500)
    record(by, "evaluations.renew_codes", poll, detail=_("%d 个投票码，原来未使用的作废") % len(codes))
    return codes
