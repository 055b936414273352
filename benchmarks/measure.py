"""One measurement in this process: `python -m benchmarks.measure MODULE SIZE --runs 5 --history 0 --out FILE`.

Started by `python -m benchmarks`, which prepares the environment. A module has `measure(setting)`, which yields lines.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import django


@dataclass(frozen=True)
class Setting:
    size: int
    runs: int
    history: int
    # Parts of names, of what is named one by one; empty is everything.
    only: tuple[str, ...] = ()

    def names(self, name: str) -> bool:
        return not self.only or any(part in name for part in self.only)


def seconds(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def peak_memory() -> float:
    """MB at the highest point of this process so far. (ru_maxrss begins with what the parent had at the fork.)"""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("memory is read from /proc: run the benchmarks on Linux")
    return int(found[1]) / 1024


def note(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("module")
    parser.add_argument("size", type=int)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--history", type=int, required=True)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    django.setup()
    module = importlib.import_module(f"benchmarks.{options.module}")
    with options.out.open("a") as out:
        for line in module.measure(Setting(options.size, options.runs, options.history, tuple(options.only))):
            note(" · ".join(cell for cell in line.cells() if cell))
            print(line.dump(), file=out, flush=True)


if __name__ == "__main__":
    main()
