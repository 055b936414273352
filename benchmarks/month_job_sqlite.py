"""The month job on SQLite, the engine of an installation without servers. There is no limit to hold it against."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measure import Setting, note, peak_memory, seconds
from benchmarks.month_job import job
from benchmarks.organisation import build
from benchmarks.report import Line, middle
from scoring.models import Score, Standing


def measure(setting: Setting) -> Iterator[Line]:
    made = build(setting.size, setting.history)
    note("organisation made")
    times: dict[str, list[float]] = {"first run": [], "nothing changed": []}
    for _round in range(setting.runs):
        Score.objects.all().delete()
        Standing.objects.all().delete()
        for taken in times.values():
            taken.append(seconds(job, made.root, made.month))
    for kind, taken in times.items():
        yield Line(f"month job on SQLite: {kind}", f"{setting.size:,}", middle(taken), memory=peak_memory())
