"""What was previewed travels to the confirmation in the form itself: signed, for one person, one month, half an hour.

Nothing lies on the server between the two steps, and a second tab or a restart loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit, User
from scoring.services.drafts import Change

SECONDS = 30 * 60
_SALT = "scoring.month-sheet"


def issue(changes: Sequence[Change], *, unit: OrgUnit, month: int, by: User) -> str:
    cells = [[change.account, change.item, change.text, change.version] for change in changes]
    return signing.dumps([unit.pk, month, by.pk, cells], salt=_SALT, compress=True)


def redeem(ticket: str, *, unit: OrgUnit, month: int, by: User) -> list[Change]:
    """Raise Refused when the ticket is stale, altered, or was issued for something else."""
    try:
        issued: list[Any] = signing.loads(ticket, salt=_SALT, max_age=SECONDS)
    except signing.SignatureExpired:
        raise Refused(_("预览已超过 30 分钟，请重新上传文件核对后再确认。")) from None
    except signing.BadSignature:
        raise Refused(_("预览内容不完整，请重新上传文件。")) from None
    if issued[:3] != [unit.pk, month, by.pk]:
        raise Refused(_("这份预览不是您为这个支部这个月份做的，请重新上传文件。"))
    return [Change(account, item, text, version) for account, item, text, version in issued[3]]
