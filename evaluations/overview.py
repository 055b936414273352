"""党委综评: all branches of a campaign on one page, counted by the database; thousands of people, a few queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count

from evaluations.calculation.bands import seats
from evaluations.models import Band, Campaign, Candidate, Grade


@dataclass
class BranchLine:
    """A branch: how many people stand in which band, by whose word. Band ids are the keys."""

    unit: int
    name: str
    people: int = 0
    barred: int = 0
    tied: int = 0
    departures: int = 0
    # Proposed, or barred from any band: nothing keeps the committee from deciding.
    ready: int = 0
    decided: int = 0
    standing: Counter[int] = field(default_factory=Counter)

    @property
    def waiting(self) -> int:
        return self.people - self.barred - self.decided

    @property
    def is_uniform(self) -> bool:
        """Everybody in one band: that stands out."""
        return self.people > 2 and len(self.standing) == 1 and sum(self.standing.values()) == self.people

    def share(self, band: int) -> Decimal:
        """Percent of its people in a band."""
        return Decimal(self.standing[band] * 100) / self.people if self.people else Decimal(0)


@dataclass(frozen=True)
class BandLine:
    """A band over all branches: used by the last word there is, allowed by the quota, left of it."""

    band: Band
    used: int
    seats: int | None

    @property
    def left(self) -> int | None:
        return None if self.seats is None else self.seats - self.used

    @property
    def over(self) -> int:
        """How many too many."""
        return max(-(self.left or 0), 0)


@dataclass(frozen=True)
class Overview:
    branches: list[BranchLine]
    bands: list[BandLine]
    people: int
    waiting: int
    excellent: int
    # One third of them, rounded down: more asks for a reason.
    excellent_seats: int


def overview_of(campaign: Campaign) -> Overview:
    """Two queries, whatever the number of people."""
    bands = list(campaign.bands.all())
    branches = _branches(campaign)
    used: Counter[int] = Counter()
    for line in branches:
        used += line.standing
    people = sum(line.people for line in branches)
    lines = [BandLine(band, used[band.pk], seats(band.quota, people)) for band in bands]
    excellent = sum(one.used for one in lines if one.band.grade == Grade.EXCELLENT)
    waiting = sum(line.waiting for line in branches)
    return Overview(branches, lines, people, waiting, excellent, seats(campaign.excellent_share, people) or 0)


def _branches(campaign: Campaign) -> list[BranchLine]:
    rows = Candidate.objects.filter(campaign=campaign, left_out="").order_by("unit__path")
    counted = rows.values_list("unit", "unit__name", "bar", "is_tied", "computed", "proposed", "approved").annotate(
        people=Count("pk")
    )
    found: dict[int, BranchLine] = {}
    needs_proposal = campaign.stages.filter(kind="BRANCH").exists()
    for unit, name, bar, is_tied, computed, proposed, approved, people in counted:
        line = found.setdefault(unit, BranchLine(unit, name))
        is_barred = bar == Candidate.Bar.VETO
        last = approved or proposed or computed
        line.people += people
        line.barred += people * is_barred
        line.tied += people * is_tied
        line.decided += people * (approved is not None)
        line.ready += people * (is_barred or proposed is not None or not needs_proposal)
        line.departures += people * (last != computed and last is not None)
        if last is not None and not is_barred:
            line.standing[last] += people
    return list(found.values())
