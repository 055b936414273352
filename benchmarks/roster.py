"""The roster import as lines of the table: the medians of what roster_import.py measures."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from benchmarks import roster_import
from benchmarks.measure import Setting, note
from benchmarks.report import Line, middle

SECONDS, MEGABYTES = 3.0, 200.0


def measure(setting: Setting) -> Iterator[Line]:
    rounds = []
    for number in range(setting.runs):
        rounds.append(roster_import.measure())
        note(f"round {number + 1}")
    size, engine = f"{roster_import.ROWS:,} rows", connection.vendor
    for name in rounds[0]:
        step, unit = name.rsplit(", ", 1)
        what = f"roster import on {engine}, {step}"
        if unit == "s":
            value = middle(numbers[name] for numbers in rounds)
            yield Line(what, size, value, None, f"≤ {SECONDS:.0f} s", value <= SECONDS)
        else:
            # The peak only rises: the first round is what one import takes.
            value = rounds[0][name]
            yield Line(what, size, None, None, f"< {MEGABYTES:.0f} MB", value < MEGABYTES, memory=value)
