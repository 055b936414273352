"""Two workers against one: the same run computed by one process, then by two, each round in turn.

Workers are processes of their own that stand ready before the clock starts. They take the chunks from the table, as
a Celery worker does when its message comes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.measure import Setting, note
from benchmarks.month_job import _prepare
from benchmarks.organisation import build
from benchmarks.report import Line, middle
from members.models import OrgUnit
from scoring.models import ScoreRun
from scoring.services import runs

TARGET = 1.6
MOST_SECONDS = 1800
_WORKER = """
import sys, django
django.setup()
from django.db import connection
from scoring.services import runs
connection.ensure_connection()
print("ready", flush=True)
for line in sys.stdin:
    while runs.work_on(int(line)):
        pass
    print("done", flush=True)
"""


class Worker:
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.hear()

    def hear(self) -> None:
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError("a worker has ended")

    def tell(self, run: ScoreRun) -> None:
        assert self.process.stdin is not None
        print(run.pk, file=self.process.stdin, flush=True)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)


def measure(setting: Setting) -> Iterator[Line]:
    made = build(setting.size)
    note("organisation made")
    workers = [Worker(), Worker()]
    times: dict[int, list[float]] = {1: [], 2: []}
    try:
        for number in range(setting.runs):
            for count in (1, 2) if number % 2 else (2, 1):
                _prepare("first run", made, number)
                times[count].append(_timed(made.root, made.month, workers[:count]))
            note(f"round {number + 1}")
    finally:
        for worker in workers:
            worker.end()
    one, two = middle(times[1]), middle(times[2])
    size = f"{setting.size:,}"
    yield Line("month job: one worker process", size, one, 1.0)
    yield Line("month job: two worker processes", size, two, one / two, f"≥ {TARGET} × one", one / two >= TARGET)


def _timed(root: OrgUnit, month: int, workers: list[Worker]) -> float:
    started = time.perf_counter()
    run = runs.start_run(root, month, by=None, slot=str(time.monotonic_ns()))
    for worker in workers:
        worker.tell(run)
    for worker in workers:
        worker.hear()
    # Whoever found no chunk left may have gone before the other was done.
    done = runs.finish_run(run)
    if done.state != ScoreRun.State.DONE or time.perf_counter() - started > MOST_SECONDS:
        raise AssertionError(f"the run is {done.state}: {done.failure}")
    return time.perf_counter() - started
