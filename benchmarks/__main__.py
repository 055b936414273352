"""Benchmarks as one table: `python -m benchmarks [names…] [--members 10000,100000] [--runs 5] [--history 0]`.

Every measurement has a process and an empty database of its own. PostgreSQL is a throw-away server
(bin/services.py), or the one in DATABASE_URL, where a database is made and dropped; SQLite lies in a temporary
folder. What the developer works with is not touched. docs/benchmarks.md says what is measured and why.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from benchmarks.report import Line, table
from bin.services import Missing, services

ROOT = Path(__file__).resolve().parent.parent
# What docs/deployment.md advises for a server: with the 128 MB of the defaults a million members do not fit.
# The rounds vacuum by themselves; a helper that came into some of them by chance would be measured with the job.
_SETTINGS = "shared_buffers=4GB effective_cache_size=12GB max_wal_size=8GB checkpoint_timeout=30min autovacuum=off"


def cases(members: list[int]) -> dict[str, list[tuple[str, str, int]]]:
    """Name -> measurements: module, engine, size."""
    on_postgresql = [("month_job", "postgresql", size) for size in members]
    return {
        "roster": [("roster", "postgresql", 10_000), ("roster", "sqlite", 10_000)],
        "month": [*on_postgresql, ("month_job_sqlite", "sqlite", 10_000)],
        "rich": [("rich", "postgresql", size) for size in members],
        "workers": [("workers", "postgresql", members[-1])],
        "export": [("export", "sqlite", 100_000)],
        "ballots": [("ballots", "postgresql", 2_000), ("ballots", "sqlite", 2_000)],
        "pages": [("pages", "postgresql", members[-1])],
    }


def main() -> int:
    options = _options()
    lines: list[Line] = []
    failed = False
    with contextlib.ExitStack() as stack:
        server = ""
        for name, measurements in cases(options.members).items():
            for module, engine, size in measurements if name in options.names else []:
                if engine == "postgresql" and not server:
                    server = stack.enter_context(_server())
                print(f"… {module} {size:,} on {engine}", file=sys.stderr, flush=True)
                with _place(server if engine == "postgresql" else "") as environment:
                    found = _measure(module, size, options, environment)
                failed = failed or not found
                lines += found
    print(table([*lines, *_growth(lines)]))
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = list(cases([0]))
    parser.add_argument("names", nargs="*", choices=[*names, []], metavar="name", help=f"of {', '.join(names)}; all")
    parser.add_argument("--members", type=_sizes, default=[10_000, 100_000], help="sizes, ascending: 10000,100000")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--history", type=int, default=0, help="months of entries before the one that is computed")
    parser.add_argument("--only", action="append", default=[], help="pages by a part of their name; again for more")
    options = parser.parse_args()
    options.names = options.names or names
    return options


def _sizes(text: str) -> list[int]:
    return sorted(int(part) for part in text.split(","))


@contextlib.contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("DATABASE_URL", "")
    if given:
        yield given
        return
    try:
        os.environ.setdefault("POSTGRES_SETTINGS", _SETTINGS)
        with services({"REDIS_URL": "not needed"}) as addresses:
            yield addresses["DATABASE_URL"]
    except Missing as missing:
        sys.exit(str(missing))


@contextlib.contextmanager
def _place(server: str) -> Iterator[dict[str, str]]:
    """The environment of one measurement: its own folder, and on PostgreSQL its own database."""
    keep = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")}
    with tempfile.TemporaryDirectory(prefix="party-points-bench-") as folder:
        environment = keep | {
            "VAR_DIR": folder,
            "DJANGO_ENV": "embedded",
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        if not server:
            yield environment
            return
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
            try:
                yield environment | {"DATABASE_URL": urlsplit(server)._replace(path=f"/{name}").geturl()}
            finally:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _measure(module: str, size: int, options: argparse.Namespace, environment: dict[str, str]) -> list[Line]:
    """Run one measurement in a process of its own. A failed one says so itself and gives no lines."""
    out = Path(environment["VAR_DIR"]) / "lines"
    command = [sys.executable, "-m", "benchmarks.measure", module, str(size), "--runs", str(options.runs)]
    command += ["--history", str(options.history), "--out", str(out)]
    command += [f"--only={part}" for part in options.only]
    # Apart from the measurement: migrating takes memory.
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(migrate, env=environment, cwd=ROOT, check=True)
    done = subprocess.run(command, env=environment, cwd=ROOT)
    lines = [Line.load(text) for text in out.read_text().splitlines()] if out.exists() else []
    if done.returncode:
        lines.append(Line(f"{module}: failed, see above", f"{size:,}", is_met=False))
    return lines


def _growth(lines: list[Line]) -> list[Line]:
    """From one size to the next: seconds per member, against those of the smaller size."""
    grown = []
    by_name: dict[str, list[tuple[int, float]]] = {}
    for line in lines:
        if line.what.startswith("month job:") and line.seconds:
            by_name.setdefault(line.what, []).append((int(line.size.replace(",", "")), line.seconds))
    for what, points in by_name.items():
        for (size, seconds), (larger, longer) in itertools.pairwise(points):
            ratio = (longer / larger) / (seconds / size)
            sizes = f"{size:,} → {larger:,}"
            grown.append(Line(f"growth of {what}", sizes, None, ratio, "≤ 1.2 × linear", ratio <= 1.2))
    return grown


if __name__ == "__main__":
    sys.exit(main())
