"""站内消息: what somebody is told, and that it was read."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils import timezone

from members.models import Message, User

TEXT_LENGTH = 300


def tell(member: int | Iterable[int], text: str, url_name: str = "", *arguments: object) -> int:
    """A message for everyone of these members who can sign in. Out: how many there are. One query to find them, one
    to write."""
    members = [member] if isinstance(member, int) else list(member)
    url = reverse(url_name, args=arguments) if url_name else ""
    users = User.objects.filter(member__in=members, is_active=True)
    rows = [Message(user=user, text=text[:TEXT_LENGTH], url=url) for user in users]
    Message.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def open_message(message: Message) -> None:
    """It has been read, whoever opens it a second time."""
    Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=timezone.now())


def mark_read(user: User, last: int) -> int:
    """Everything up to this message is read. Out: how many were not."""
    return Message.objects.unread(user).filter(pk__lte=last).update(read_at=timezone.now())
