"""Counting ballots: which pools are large enough to be opened, and how many marked whom how (trust.md §2).

A ballot is {candidate: (mark, …)} with one mark per line of the form; nobody marks themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Marks = Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Ballot:
    pool: str
    marks: Marks


@dataclass(frozen=True)
class Counted:
    """Out: (candidate, pool, line, mark) -> how many, in the order of the keys; the pools that were merged, each with
    the pool whose name they are counted under; and whether anything could be opened at all."""

    tallies: dict[tuple[int, str, int, str], int]
    merged: dict[str, str]
    is_opened: bool


def fewest(ballots: Sequence[Ballot], candidates: Sequence[int]) -> int:
    """The number of ballots about the candidate with the fewest."""
    about = Counter(candidate for ballot in ballots for candidate in ballot.marks)
    return min((about[candidate] for candidate in candidates), default=0)


def grouped(
    ballots: Sequence[Ballot], pools: Sequence[str], candidates: Sequence[int], threshold: int
) -> list[list[str]]:
    """Pools put together, in their order, until every group holds enough ballots about each candidate. What is left
    over at the end joins the group before it. A pool nobody voted in is empty, it hides nothing and is left out.

    Out: no group at all where even everybody together are too few.
    """
    by_pool = {pool: [ballot for ballot in ballots if ballot.pool == pool] for pool in pools}
    groups: list[list[str]] = []
    waiting: list[str] = []
    for pool in pools:
        if not by_pool[pool]:
            continue
        waiting.append(pool)
        if fewest([ballot for name in waiting for ballot in by_pool[name]], candidates) >= threshold:
            groups.append(waiting)
            waiting = []
    if waiting and not groups:
        return []
    if waiting:
        groups[-1] += waiting
    return groups


def count(ballots: Sequence[Ballot], pools: Sequence[str], candidates: Sequence[int], threshold: int) -> Counted:
    """The tallies of a poll. Nothing of a group under the threshold comes out, in no way."""
    groups = grouped(ballots, pools, candidates, threshold)
    named = {pool: group[0] for group in groups for pool in group}
    found: Counter[tuple[int, str, int, str]] = Counter()
    for ballot in ballots:
        if ballot.pool in named:
            for candidate, marks in ballot.marks.items():
                for line, mark in enumerate(marks):
                    found[candidate, named[ballot.pool], line, mark] += 1
    merged = {pool: name for pool, name in named.items() if pool != name}
    return Counted(dict(sorted(found.items())), merged, bool(groups))
