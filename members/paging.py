"""Pages of long lists that neither sort nor skip over what they do not show."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from members.models import AuditEvent
from members.querysets import AuditEventQuerySet, MembershipQuerySet

# So many lines of the log are looked through for one page, however few of them fit.
LOOK = 100_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)


class ByName(Paginator):
    """Pages of the ids of memberships in the order of names: nothing else is sorted and skipped over."""

    object_list: MembershipQuerySet

    def page(self, number: int | str) -> Page[Any]:
        valid = self.validate_number(number)
        start = (valid - 1) * self.per_page
        return Page(self.object_list.stretch_by_name(start, start + self.per_page), valid, self)


@dataclass(frozen=True)
class Place:
    """Between two lines of the log: the older ones come before this moment, or at it with a smaller id."""

    at: datetime.datetime
    pk: int = 0

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}-{self.pk}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """As it stands in an address; None for anything else."""
        moment, dash, pk = text.partition("-")
        if not (dash and moment.isdecimal() and pk.isdecimal() and len(moment) < 18 and len(pk) < 19):
            return None
        return cls(_EPOCH + int(moment) * _MICROSECOND, int(pk))


@dataclass(frozen=True)
class LogPage:
    """Lines of the log, newest first, and where the older ones begin."""

    events: list[AuditEvent]
    older: Place | None = None
    # Set when it is not known yet whether anything older fits: it was looked through back to here.
    looked_to: datetime.datetime | None = None


def log_page(
    events: AuditEventQuerySet,
    narrow: Callable[[AuditEventQuerySet], AuditEventQuerySet] | None,
    *,
    after: Place | None,
    size: int,
) -> LogPage:
    """One page of a log of any length in bounded time: it goes on by key, and looks through LOOK lines at most.

    In: the lines of the days in question; what else they are narrowed down by (None: nothing); where the page before
    ended.
    """
    if after is not None:
        events = events.before(after.at, after.pk)
    floor = None
    if narrow is not None:
        # Lines of one moment are never parted by this limit.
        floor = events.order_by("-at").values_list("at", flat=True)[LOOK : LOOK + 1].first()
        events = narrow(events.filter(at__gte=floor) if floor else events)
    rows = list(events.newest_first()[: size + 1])
    if len(rows) > size:
        return LogPage(rows[:size], Place(rows[size - 1].at, rows[size - 1].pk))
    return LogPage(rows, Place(floor), floor) if floor else LogPage(rows)
