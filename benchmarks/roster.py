"""The roster import as lines of the table: the medians of what roster_import.py measures."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import roster_import
from benchmarks.measure import Setting, note
from benchmarks.report import Line, middle

SECONDS, MEGABYTES = 3.0, 200.0


def measure(setting: Setting) -> Iterator[Line]:
    rounds = []
    for number in range(setting.runs):
        note(f"round {number + 1}")
        rounds.append(roster_import.measure())
    rows = f"{roster_import.ROWS:,} rows"
    for name in rounds[0]:
        value = middle(numbers[name] for numbers in rounds)
        step, unit = name.rsplit(", ", 1)
        if unit == "s":
            yield Line(f"roster import, {step}", rows, value, None, f"≤ {SECONDS:.0f} s", value <= SECONDS)
        else:
            is_met = value < MEGABYTES
            yield Line(f"roster import, {step}", rows, None, None, f"< {MEGABYTES:.0f} MB", is_met, memory=value)
