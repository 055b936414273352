"""The daily mail as text, and its way to the mail server."""

from __future__ import annotations

import datetime
import smtplib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse
from django.utils.translation import gettext as _

from members.todo import Todo


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str


class Failure(Exception):
    """Why a letter did not go out, in a sentence without its address.

    `is_final`: the server will never take it. `is_unclear`: nobody knows whether the server has taken it.
    """

    def __init__(self, sentence: str, *, is_final: bool = False, is_unclear: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.is_final, self.is_unclear = sentence, is_final, is_unclear


def masked(address: str) -> str:
    """As lists show it: zhang@example.cn -> z***@example.cn. Empty stays empty."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}***@{host}" if name else ""


# --- what it says ------------------------------------------------------------------------------------
def write_letter(todos: Sequence[Todo], today: datetime.date) -> Letter:
    """How much waits of what, and until when. No name of a person, claim or activity, no points, no message: a mail is
    read in places that the product does not guard."""
    lines = [_said(todo, today) for todo in _by_kind(todos)]
    link = f"{settings.SITE_ADDRESS}{reverse('home')}" if settings.SITE_ADDRESS else ""
    where = _("请登录查看：%s") % link if link else _("请登录党员积分管理系统查看。")
    stop = _("不想再收到，可在“站内消息”页选“不发”。")
    text = "\n".join([_("您好："), "", _("有以下事项等您办理："), *lines, "", where, "", stop, ""])
    count = sum(todo.count for todo in todos)
    return Letter(_("党员积分管理：%d 件事项等您办理") % count, text)


def _by_kind(todos: Iterable[Todo]) -> list[Todo]:
    """One line for all things of a kind, with the earliest day."""
    found: dict[str, Todo] = {}
    for todo in todos:
        words = todo.kind or _("其他待办事项")
        known = found.get(words)
        if known is None:
            found[words] = replace(todo, title=words)
        else:
            days = [day for day in (known.due, todo.due) if day]
            found[words] = replace(known, count=known.count + todo.count, due=min(days, default=None))
    return list(found.values())


def _said(todo: Todo, today: datetime.date) -> str:
    line = _("· %(what)s（%(count)d）") % {"what": todo.title, "count": todo.count}
    if todo.due is None:
        return line
    day = f"{todo.due.month} 月 {todo.due.day} 日"
    return line + (_("，%s 已逾期") % day if todo.due < today else _("，%s 前") % day)


# --- how it gets there -------------------------------------------------------------------------------
class Carrier:
    """A connection to the mail server, opened for the first letter and kept for the next ones."""

    def __init__(self) -> None:
        self._connection = get_connection()
        # Nobody is there: the other letters need not be tried now.
        self.is_down = False

    def __enter__(self) -> Carrier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def carry(self, letter: Letter, address: str) -> None:
        """Raise Failure when the letter has not, or perhaps not, been taken."""
        self._open()
        mail = EmailMessage(
            letter.subject, letter.text, to=[address], connection=self._connection,
            # No out-of-office reply to this one.
            headers={"Auto-Submitted": "auto-generated"},
        )  # fmt: skip
        try:
            mail.send()
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refusal:
            code = _code(refusal)
            raise Failure(_("邮件服务器拒收（%d）") % code, is_final=500 <= code < 600) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError):
            raise Failure(_("邮件服务器不支持这个邮箱地址"), is_final=True) from None
        except (OSError, smtplib.SMTPException):
            self._connection.close()
            raise Failure(_("发送时中断，不知道是否送达；不再重发。"), is_unclear=True) from None

    def _open(self) -> None:
        try:
            self._connection.open()
        except smtplib.SMTPAuthenticationError:
            self.is_down = True
            raise Failure(_("邮件服务器不接受账号或口令，请核对 EMAIL_URL")) from None
        except (OSError, smtplib.SMTPException) as error:
            self.is_down = True
            raise Failure(_("连接不上邮件服务器（%s）") % type(error).__name__) from None


def _code(refusal: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> int:
    """There is one recipient, and so one answer."""
    if isinstance(refusal, smtplib.SMTPResponseException):
        return refusal.smtp_code
    return min((code for code, _words in refusal.recipients.values()), default=550)
