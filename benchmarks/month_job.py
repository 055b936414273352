"""The month job against one hand-written SQL statement, on PostgreSQL: first run, everything changed, nothing changed.

Ours is all of it: start the run, compute every chunk, rank the committees. The limit is the statement alone.
The two take turns, and who is first changes from round to round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from django.db import connection

from benchmarks import limit
from benchmarks.measure import Setting, note, peak_memory, seconds
from benchmarks.organisation import ENTRY_COLUMNS, Organisation, build
from benchmarks.report import Line, middle
from members.models import OrgUnit
from scoring.models import ScoreRun
from scoring.services import runs

TARGET = 2.0
# What is timed, and what is done to both tables before it.
KINDS = ("first run", "all changed", "nothing changed", "1 % changed")
CHANGED = "1 % changed"
SMALLEST_NIGHT = 100_000


def measure(setting: Setting) -> Iterator[Line]:
    made = build(setting.size, setting.history)
    note("organisation made")
    times: dict[tuple[str, str], list[float]] = {}
    peak = 0.0
    for number in range(setting.runs):
        contenders: list[tuple[str, Callable[[], object]]] = [
            ("ours", lambda: job(made.root, made.month)),
            ("limit", lambda: limit.run(made)),
        ]
        if number % 2:
            contenders.reverse()
        for kind in KINDS:
            _prepare(kind, made, number)
            chosen = contenders
            if kind == CHANGED:
                both = {
                    "ours": lambda: job(made.root, made.month, changed_only=True),
                    "limit": lambda: limit.run_changed(made),
                }
                chosen = [(name, both[name]) for name, _work in contenders]
            for name, work in chosen:
                times.setdefault((name, kind), []).append(seconds(work))
            limit.require_equal(made)
        peak = peak_memory()
        limit.make_table()
        times.setdefault(("chunks", "first run"), []).append(seconds(_limit_in_chunks, made))
        limit.require_equal(made)
        note(f"round {number + 1}")
    medians = {key: middle(values) for key, values in times.items()}
    yield from _lines(f"{setting.size:,}", medians, peak, _remark(setting))


def _lines(size: str, medians: dict[tuple[str, str], float], peak: float, remark: str) -> Iterator[Line]:
    for kind in KINDS:
        bound, ours = medians["limit", kind], medians["ours", kind]
        ratio = ours / bound
        yield Line(f"limit: one SQL statement, {kind}", size, bound, 1.0, remark=remark)
        if kind == "first run":
            chunks = medians["chunks", kind]
            yield Line("limit in the chunks of the job, first run", size, chunks, chunks / bound, remark=remark)
        # Where nothing is written there is nothing to share: that line is for the record.
        # A hundred accounts of ten thousand are fewer than the statements that begin and end a run.
        is_held = kind != "nothing changed" and (kind != CHANGED or int(size.replace(",", "")) >= SMALLEST_NIGHT)
        target, is_met = (f"≤ {TARGET:.0f} × limit", ratio <= TARGET) if is_held else ("", None)
        yield Line(f"month job: {kind}", size, ours, ratio, target, is_met, peak, remark)


def _remark(setting: Setting) -> str:
    return f"{setting.history} months of history" if setting.history else ""


def job(root: OrgUnit, month: int, *, changed_only: bool = False) -> None:
    run = runs.start_run(root, month, by=None, slot=str(time.monotonic_ns()), changed_only=changed_only)
    done = runs.finish_run(run)
    if done.state != ScoreRun.State.DONE:
        raise AssertionError(f"the run is {done.state}: {done.failure}")


def _limit_in_chunks(made: Organisation) -> None:
    for units in runs._chunks(made.root, made.month, runs._branches(made.root, made.month, changed_only=False)):
        limit.run(made, units)


# Another entry for every hundredth account, and the mark that the product sets when it is posted.
_CHANGE = """
INSERT INTO scoring_ledgerentry ({columns})
SELECT (SELECT max(id) FROM scoring_ledgerentry) + row_number() OVER (ORDER BY account_id), account_id, unit_id,
       (SELECT min(id) FROM scoring_item WHERE code = '加-3'), rule_set_id, '{day}', {month}, {points}, NULL, '', '',
       '', '', 'GRID', {clerk}, '{day} 09:00:00+00:00', gen_random_uuid(), NULL
FROM scoring_score WHERE month = {month} AND account_id % 100 = {place}
"""


def _change(made: Organisation, number: int) -> None:
    day = f"{made.month // 100}-{made.month % 100:02}-21"
    place = 11 + number
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGE.format(
                columns=ENTRY_COLUMNS, day=day, month=made.month, points=500 + number, clerk=made.clerk.pk, place=place
            )
        )
        chosen = f"SELECT account_id FROM scoring_score WHERE month = {made.month} AND account_id % 100 = {place}"
        cursor.execute(
            f"INSERT INTO scoring_stalescore (account_id, month) SELECT account_id, {made.month} FROM ({chosen}) x"
        )
        cursor.execute("TRUNCATE limit_changed")
        cursor.execute(f"INSERT INTO limit_changed {chosen}")
        cursor.execute("VACUUM ANALYZE scoring_ledgerentry")


def _prepare(kind: str, made: Organisation, number: int) -> None:
    if kind == CHANGED:
        _change(made, number)
    with connection.cursor() as cursor:
        if kind == "first run":
            cursor.execute("TRUNCATE scoring_score, scoring_standing, scoring_stalescore")
            limit.make_table()
        elif kind == "all changed":
            for table in ("scoring_score", limit.TABLE):
                cursor.execute(f"UPDATE {table} SET total = total + 1, rank_in_branch = rank_in_branch + 1")
        for table in ("scoring_score", limit.TABLE):
            cursor.execute(f"VACUUM ANALYZE {table}")
