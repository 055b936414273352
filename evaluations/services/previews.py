"""预演: what a campaign would come to by the points of a year as they stand. Computes and writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.calculation.bands import seats
from evaluations.models import Band, Campaign, Candidate
from evaluations.services.campaigns import rated_in
from evaluations.services.rating import rate
from members.models import OrgUnit
from scoring.models import Account

# As many of those barred or tied are named; the rest are counted.
NAMED = 20


@dataclass(frozen=True)
class BandShare:
    """A band over everyone rated: how many points put into it, and the seats of its quota (None: no quota)."""

    band: Band
    people: int
    seats: int | None

    @property
    def left(self) -> int | None:
        return None if self.seats is None else self.seats - self.people


@dataclass
class BranchShare:
    """A branch: how many it has rated, barred and without points, and how many in each band."""

    name: str
    people: int = 0
    barred: int = 0
    unknown: int = 0
    bands: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Named:
    name: str
    branch: str
    why: str


@dataclass(frozen=True)
class Preview:
    """`left_out`: reason -> how many. `tied`, `barred`: the first of them by name. `unknown`: how many have no points
    at all, `beyond`: more of the year's than a hundred. `unheard`: the stages that count and have no ballots yet."""

    people: int
    bands: list[BandShare]
    branches: list[tuple[BranchShare, list[int]]]
    left_out: list[tuple[str, int]]
    tied: list[Named]
    tied_total: int
    barred: list[Named]
    barred_total: int
    unknown: int
    beyond: int
    unheard: list[str]

    @property
    def left_out_total(self) -> int:
        return sum(count for _reason, count in self.left_out)


def preview_campaign(campaign: Campaign, year: int) -> Preview:
    """Everyone as they belong today, by the points of `year`; stages without ballots hand their weight on, whatever
    the campaign's setting. A bounded number of queries.
    """
    tried = Campaign.objects.select_related("unit").get(pk=campaign.pk)
    tried.year, tried.empty_stage = year, Campaign.EmptyStage.RENORMALISE
    places = rated_in(tried, timezone.localdate())
    candidates = [
        Candidate(pk=number, campaign=tried, account_id=place.account, unit_id=place.unit)
        for number, place in enumerate((one for one in places if not one.left_out), start=1)
    ]
    rate(tried, candidates)
    bands = list(tried.bands.all())
    inside = Counter(one.computed_id for one in candidates if one.computed_id)
    units = _units(candidates)
    tied, barred = [one for one in candidates if one.is_tied], [one for one in candidates if one.bar]
    reasons = Counter(place.left_out for place in places if place.left_out)
    return Preview(
        people=len(candidates),
        bands=[BandShare(band, inside[band.pk], seats(band.quota, len(candidates))) for band in bands],
        branches=_branches(candidates, bands, units),
        left_out=reasons.most_common(),
        tied=_named(tied, units, lambda one: _tie_of(one, bands)),
        tied_total=len(tied),
        barred=_named(barred, units, lambda one: str(Candidate.Bar(one.bar).label)),
        barred_total=len(barred),
        unknown=sum(one.total is None for one in candidates),
        beyond=sum(one.daily is not None and one.daily > 100 for one in candidates),
        unheard=[str(stage) for stage in tried.stages.all() if stage.has_ballots and stage.weight > 0],
    )


def _units(candidates: Sequence[Candidate]) -> dict[int, str]:
    """Unit -> name, in the order of the tree."""
    wanted = {one.unit_id for one in candidates}
    return dict(OrgUnit.objects.filter(pk__in=wanted).order_by("path").values_list("pk", "name"))


def _branches(
    candidates: Sequence[Candidate], bands: Sequence[Band], units: Mapping[int, str]
) -> list[tuple[BranchShare, list[int]]]:
    """Every branch with its people per band, highest band first."""
    found = {unit: BranchShare(name) for unit, name in units.items()}
    for one in candidates:
        line = found[one.unit_id]
        line.people += 1
        line.barred += bool(one.bar)
        line.unknown += one.total is None
        if one.computed_id:
            line.bands[one.computed_id] += 1
    return [(line, [line.bands[band.pk] for band in bands]) for line in found.values()]


def _tie_of(one: Candidate, bands: Sequence[Band]) -> str:
    """Somebody tied stands one band below the one whose quota the tie is about."""
    above = {below.pk: band for band, below in pairwise(bands)}
    return _("“%s”的名额线上同分") % above[one.computed_id] if one.computed_id in above else _("名额线上同分")


def _named(
    candidates: Sequence[Candidate], units: Mapping[int, str], words: Callable[[Candidate], str]
) -> list[Named]:
    """The first of them with name and branch. One query."""
    some = candidates[:NAMED]
    rows = Account.objects.filter(pk__in=[one.account_id for one in some]).select_related("member", "unit")
    names = {row.pk: str(row) for row in rows}
    return [Named(names[one.account_id], units[one.unit_id], words(one)) for one in some]
