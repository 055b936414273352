"""Lists and tables of rule files as lines of text: how they are typed into a form and stand in one cell of a sheet.

    国家级 10          a level and its points
    60～80 0.5         a band, half-open, and its points; ～60 and 90～ are open at one end
    1 -3               from so many times on, and the points
    加-1 | 5次         a record: clause, text, and where needed month and occasion

What is pasted from a spreadsheet has tabs between its columns and is read just the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from scoring.rulebook.fields import BANDS, LEVELS, LINES, NUMBER, RECORDS, SEVERAL, STEPS, Field
from scoring.rulebook.reader import Wrong

_NUMBER = r"[+\-−]?[0-9]+(?:\.[0-9]+)?"
_END = rf"[\s|｜:：=]+(?P<worth>{_NUMBER})\s*分?"
_LEVEL = re.compile(rf"(?P<name>.*?\S){_END}")
_BAND = re.compile(rf"(?P<low>{_NUMBER})?\s*(?:～|~|—|至|\t)\s*(?P<high>{_NUMBER})?{_END}")
_HYPHEN = re.compile(rf"(?P<low>{_NUMBER})\s*-\s*(?P<high>{_NUMBER}){_END}")
_STEP = re.compile(rf"(?P<times>{_NUMBER})\s*次?{_END}")


def _plain(number: str | None) -> str:
    return (number or "").replace("−", "-").removeprefix("+")


def _wrong(line: str, example: str) -> Wrong:
    return Wrong(
        _("“%(line)s”读不懂，请一行写一条，例如：%(example)s。") % {"line": line.strip()[:30], "example": example}
    )


def _level(line: str) -> list[str]:
    found = _LEVEL.fullmatch(line.strip())
    if not found:
        raise _wrong(line, "国家级 10")
    return [found["name"], _plain(found["worth"])]


def _band(line: str) -> list[str]:
    found = _BAND.fullmatch(line.strip(" ")) or _HYPHEN.fullmatch(line.strip(" "))
    if not found:
        raise _wrong(line, "60～80 0.5")
    return [_plain(found["low"]), _plain(found["high"]), _plain(found["worth"])]


def _step(line: str) -> list[str]:
    found = _STEP.fullmatch(line.strip())
    if not found:
        raise _wrong(line, "1 -3")
    return [_plain(found["times"]), _plain(found["worth"])]


def _record(line: str) -> list[str]:
    marked = re.split(r"[|｜\t]", line)
    parts = [part.strip() for part in (marked if len(marked) > 1 else line.split(maxsplit=3))]
    if not 2 <= len(parts) <= 4 or not parts[0]:
        raise _wrong(line, "加-1 | 5次")
    while len(parts) > 2 and not parts[-1]:
        parts.pop()
    return parts


_READERS: dict[str, Callable[[str], Any]] = {
    LEVELS: _level, BANDS: _band, STEPS: _step, RECORDS: _record, LINES: str.strip, SEVERAL: str.strip,
}  # fmt: skip
_WRITERS: dict[str, Callable[[Any], str]] = {
    LEVELS: " ".join,
    BANDS: lambda row: f"{row[0]}～{row[1]} {row[2]}",
    STEPS: " ".join,
    RECORDS: " | ".join,
    LINES: str,
    SEVERAL: str,
}


def to_lines(field: Field, value: Any) -> str:
    """A value of the document as text."""
    if not field.is_list:
        return str(value)
    text = "\n".join(_WRITERS[field.kind](row) for row in value)
    # A single line that holds such a sign would be taken for several.
    return text + "\n" if len(value) == 1 and _SIGN.search(text) else text


_SIGN = re.compile("[；;]")


def _split(field: Field, text: str) -> list[str]:
    """Lines; a single line may hold several parts, one after the other: 国家级 10；省部级 8."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    if field.kind == SEVERAL:
        return [part for part in re.split(r"[；;、，,\s]+", text) if part]
    if "\n" in text or not lines or field.kind == RECORDS:
        return lines
    parts = [part for part in _SIGN.split(lines[0]) if part.strip()]
    return parts if all(_reads(field, part) for part in parts) else lines


def _reads(field: Field, line: str) -> bool:
    try:
        _READERS[field.kind](line)
    except Wrong:
        return False
    return True


def from_lines(field: Field, text: str) -> Any:
    """The text as a value of the document. Raise Wrong with what to write instead."""
    if not field.is_list:
        # People write a full-width or typographic minus; a number has one spelling.
        return text.strip().replace("−", "-").replace("－", "-") if field.kind == NUMBER else text.strip()
    return [_READERS[field.kind](line) for line in _split(field, text)]
