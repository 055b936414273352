"""提醒: people are told what has waited for long, once per step and stretch of waiting (trust.md §5)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Message, Reminder, User
from members.services.messages import TEXT_LENGTH

# People per transaction: one takes their lock, tells them and goes on.
BATCH = 200
# A slot names the stretch of waiting, of at most 30 days; older rows can meet no slot of today any more.
KEPT_DAYS = 60


@dataclass(frozen=True)
class Summary:
    """What one person is to be told: the sentences with their addresses, and the slots that these stand for."""

    slots: frozenset[str]
    lines: Sequence[tuple[str, str]]


def merged(parts: Iterable[Mapping[int, Summary]]) -> dict[int, Summary]:
    """What several apps have to tell, as one summary per person, in the order of the apps."""
    found: dict[int, Summary] = {}
    for part in parts:
        for user, summary in part.items():
            told = found.get(user, Summary(frozenset(), []))
            found[user] = Summary(told.slots | summary.slots, [*told.lines, *summary.lines])
    return found


def remind(summaries: Mapping[int, Summary]) -> int:
    """One message for everyone of whose slots at least one is new. Out: how many messages.

    In: account -> summary. A run that is repeated, late, or beside another one tells nobody anything twice: each
    person is locked, and each slot can be written once.
    """
    people = sorted(summaries)
    return sum(_remind(people[place : place + BATCH], summaries) for place in range(0, len(people), BATCH))


@transaction.atomic
def _remind(people: list[int], summaries: Mapping[int, Summary]) -> int:
    users = User.objects.select_for_update().filter(pk__in=people, is_active=True).order_by("pk")
    locked = list(users.values_list("pk", flat=True))
    known = set(Reminder.objects.filter(user__in=locked).values_list("user", "slot"))
    new = {user: [slot for slot in summaries[user].slots if (user, slot) not in known] for user in locked}
    told = [user for user in locked if new[user]]
    Reminder.objects.bulk_create(_rows(told, new), batch_size=500)
    Message.objects.bulk_create((_message(user, summaries[user].lines) for user in told), batch_size=500)
    return len(told)


def _rows(told: Iterable[int], new: Mapping[int, list[str]]) -> Iterator[Reminder]:
    return (Reminder(user_id=user, slot=slot) for user in told for slot in sorted(new[user]))


def _message(user: int, lines: Sequence[tuple[str, str]]) -> Message:
    """A single thing is the message itself; several stand below one sentence."""
    if len(lines) == 1:
        ((text, url),) = lines
        return Message(user_id=user, text=text[:TEXT_LENGTH], url=url, lines=[])
    text = _("提醒：有 %d 类事项等您办理") % len(lines)
    return Message(user_id=user, text=text, lines=[list(line) for line in lines])


def forget_reminders() -> int:
    """Drop the rows that no reminder can meet any more. Out: how many."""
    old = timezone.now() - datetime.timedelta(days=KEPT_DAYS)
    return Reminder.objects.filter(at__lt=old).delete()[0]
