"""参加情况: how often an account was expected at each kind of organisation life in a year, and how often it came."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Count

from scoring.models import Activity, Attendance
from scoring.services.activity_entries import EXEMPT

Mark = Attendance.Mark
# Who took part: was there, or has made it up since.
TOOK_PART = (Mark.PRESENT, Mark.MADE_UP)


@dataclass(frozen=True)
class Turnout:
    """Times: held with the account on the sheet, attended (there or made up), exempt (away on duty: leave that the
    rules do not hold against anybody)."""

    held: int = 0
    attended: int = 0
    exempt: int = 0

    @property
    def expected(self) -> int:
        return self.held - self.exempt

    @classmethod
    def of(cls, mark: str, times: int = 1) -> Turnout:
        """What a mark says, so many times."""
        return cls(times, times * (mark in TOOK_PART), times * (mark in EXEMPT))

    def __add__(self, other: Turnout) -> Turnout:
        return Turnout(self.held + other.held, self.attended + other.attended, self.exempt + other.exempt)


def attended_counts(accounts: Collection[int], year: int) -> dict[int, dict[str, Turnout]]:
    """Account -> kind of activity -> turnout of the year. One query, for one account or for a hundred thousand.

    Every account asked for is in the answer; a kind that never had it on a sheet is not in its turnout. Only what is
    held counts: neither plans nor what was cancelled or undone.
    """
    found: dict[int, dict[str, Turnout]] = {account: {} for account in accounts}
    rows = Attendance.objects.filter(
        account__among=list(found), activity__state=Activity.State.HELD, activity__held_on__year=year
    ).order_by()
    for account, kind, mark, times in rows.values_list("account", "activity__kind", "mark").annotate(n=Count("pk")):
        found[account][kind] = found[account].get(kind, Turnout()) + Turnout.of(mark, times)
    return found


def turnout_by_kind(marks: Iterable[tuple[str, str]]) -> dict[str, Turnout]:
    """Kind -> turnout, of single marks that are at hand. In: kind and mark."""
    found: dict[str, Turnout] = {}
    for kind, mark in marks:
        found[kind] = found.get(kind, Turnout()) + Turnout.of(mark)
    return found


def kinds_of(counts: Collection[dict[str, Turnout]]) -> list[Activity.Kind]:
    """The kinds that anybody had, in their usual order."""
    return [kind for kind in Activity.Kind if any(kind in one for one in counts)]


def total_of(turnout: dict[str, Turnout]) -> Turnout:
    return sum(turnout.values(), start=Turnout())
