"""Star bands: half-open, without gaps and overlaps; and quotas, rounded down and never forced (domain.md §6, P8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Band:
    """From `low` (included) up to `high` (excluded; None: without end). `quota`: percent of those rated, or None."""

    name: str
    low: Decimal
    high: Decimal | None
    quota: Decimal | None = None


def problems_of(bands: Sequence[Band]) -> list[str]:
    """What is wrong with a table of bands, highest band first; a sentence each, with the cure."""
    if not bands:
        return [_("请至少写一个等次。")]
    found = [
        _("等次“%(name)s”从 %(low)s 分到 %(high)s 分，起点须低于终点，请改正。")
        % {"name": band.name, "low": _plain(band.low), "high": _plain(band.high)}
        for band in bands
        if band.high is not None and band.low >= band.high
    ]
    if bands[0].high is not None:
        found.append(_("最高等次“%s”没有包括更高的分数，请去掉它的上限。") % bands[0].name)
    for above, below in pairwise(bands):
        words = {"above": above.name, "below": below.name, "low": _plain(above.low), "high": _plain(below.high)}
        if below.high is None:
            found.append(_("只有最高等次可以没有上限，请给“%(below)s”写明上限。") % words)
        elif below.high < above.low:
            found.append(_("“%(below)s”到 %(high)s 分为止，“%(above)s”从 %(low)s 分起，中间有缺口，请补齐。") % words)
        elif below.high > above.low:
            found.append(_("“%(below)s”到 %(high)s 分为止，“%(above)s”从 %(low)s 分起，互相重叠，请改正。") % words)
    names = [band.name for band in bands]
    found += [
        _("等次“%s”出现了不止一次，请改名。") % name for name in sorted({n for n in names if names.count(n) > 1})
    ]
    return found


def _plain(value: Decimal | None) -> str:
    """Without the zeros that nobody typed."""
    return "" if value is None else format(value.normalize(), "f")


def band_of(points: Decimal, bands: Sequence[Band]) -> int | None:
    """Which band (place in the table, highest first) holds these points; None below the lowest."""
    return next((place for place, band in enumerate(bands) if points >= band.low), None)


@dataclass(frozen=True)
class Placed:
    """Where everybody came to stand: the place of the band, or None for below all; and, by band, those who are equal
    at the line of its quota: who of them gets in is for people to decide, until then they stand below it."""

    bands: dict[int, int | None]
    tied: dict[int, tuple[int, ...]]


def seats(quota: Decimal | None, people: int) -> int | None:
    """How many a quota lets in: rounded down; None without a quota."""
    return None if quota is None else int(quota * people // 100)


def place(points: Mapping[int, Decimal], bands: Sequence[Band], people: int | None = None) -> Placed:
    """Everybody into a band by points. A full band hands the lower ones on to the next; free seats stay free.

    In: points by account; `people` is what a quota is a share of, everybody rated when not given.
    """
    everybody = len(points) if people is None else people
    reached = {account: band_of(value, bands) for account, value in points.items()}
    tied: dict[int, tuple[int, ...]] = {}
    for number, band in enumerate(bands):
        free = seats(band.quota, everybody)
        inside = [account for account, place_ in reached.items() if place_ == number]
        if free is None or len(inside) <= free:
            continue
        inside.sort(key=lambda account: points[account], reverse=True)
        line = points[inside[free]]
        at_line = tuple(sorted(account for account in inside if points[account] == line))
        above = [account for account in inside if points[account] > line]
        # Equal points on both sides of the line: nobody of them passes by chance.
        if len(above) < free:
            tied[number] = at_line
        below = number + 1 if number + 1 < len(bands) else None
        for account in set(inside) - set(above):
            reached[account] = below
    return Placed(reached, tied)
