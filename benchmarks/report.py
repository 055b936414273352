"""One line per measurement, and the table they make."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Line:
    """A median, what it is held against, and whether that is good enough."""

    what: str
    size: str
    seconds: float | None = None
    # Against the limit measured in the same run.
    ratio: float | None = None
    target: str = ""
    is_met: bool | None = None
    # Peak of the process that did it, in MB.
    memory: float | None = None
    remark: str = ""

    def dump(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Line:
        fields: dict[str, Any] = json.loads(text)
        return cls(**fields)

    def cells(self) -> list[str]:
        met = {None: "", True: "met", False: "NOT MET"}[self.is_met]
        return [
            self.what,
            self.size,
            "" if self.seconds is None else f"{self.seconds:.3f}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self.target,
            met,
            "" if self.memory is None else f"{self.memory:.0f}",
            self.remark,
        ]


HEADINGS = ["what", "size", "median s", "ratio", "target", "", "peak MB", "remark"]
_NUMBERS = {2, 3, 6}


def middle(values: Iterable[float]) -> float:
    return float(median(list(values)))


def table(lines: list[Line]) -> str:
    """As Markdown, so that it can be put into docs/benchmarks.md as it is."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(_width(row[i]) for row in rows) for i in range(len(HEADINGS))]
    rule = ["-" * (width - 1) + ":" if i in _NUMBERS else "-" * width for i, width in enumerate(widths)]
    return "\n".join("| " + " | ".join(_padded(row, widths)) + " |" for row in [rows[0], rule, *rows[1:]])


def _padded(row: list[str], widths: list[int]) -> list[str]:
    blanks = [" " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
    return [blanks[i] + cell if i in _NUMBERS else cell + blanks[i] for i, cell in enumerate(row)]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
