"""The month job under the richest rule set, and the explanation of one score under it.

The hand-written statement knows only the short rule set: it reads the same ledger and writes the same number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from benchmarks import limit
from benchmarks.measure import Setting, note, peak_memory, seconds
from benchmarks.month_job import job
from benchmarks.organisation import Organisation, build
from benchmarks.report import Line, middle
from scoring.explanation import explain
from scoring.models import Score

TARGET = 4.0
EXPLANATION = 0.020
EXPLAINED = 40
RULES = Path(__file__).parent / "rich.yaml"


def measure(setting: Setting) -> Iterator[Line]:
    made = build(setting.size, rules_text=RULES.read_text(encoding="utf-8"))
    note("organisation made")
    ours, bound = [], []
    for number in range(setting.runs):
        _prepare()
        pair = [(ours, lambda: job(made.root, made.month)), (bound, lambda: limit.run(made))]
        for times, work in reversed(pair) if number % 2 else pair:
            times.append(seconds(work))
        note(f"round {number + 1}")
    ratio = middle(ours) / middle(bound)
    size = f"{setting.size:,}"
    yield Line("limit: one SQL statement, first run", size, middle(bound), 1.0, remark="knows the short rules alone")
    yield Line(
        "month job: richest rules, first run", size, middle(ours), ratio, f"≤ {TARGET:.0f} × limit", ratio <= TARGET,
        peak_memory(),
    )  # fmt: skip
    yield from _explanations(made, size)


def _prepare() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE scoring_score, scoring_standing, scoring_stalescore")
        limit.make_table()
        for table in ("scoring_score", limit.TABLE):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _explanations(made: Organisation, size: str) -> Iterator[Line]:
    """From the score's row to all its steps, entries and files."""
    rows = Score.objects.filter(month=made.month).select_related("account__member", "unit", "rule_set")
    # Spread over the whole organisation.
    step = max(made.members // EXPLAINED, 1)
    scores = [rows.get(account=1 + place * step) for place in range(EXPLAINED) if (1 + place * step) % 500]
    explain(scores[0])
    times = sorted(seconds(explain, score) for score in scores)
    late = times[int(len(times) * 0.95)]
    remark = f"p95 {late * 1000:.0f} ms of {len(times)}"
    yield Line(
        "explanation of one score", size, middle(times), None, "p95 ≤ 20 ms", late <= EXPLANATION, remark=remark
    )
