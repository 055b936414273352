"""Seals: a branch's ledger of a month, fixed when it closes. Tamper-evident, never tamper-proof.

The digest is SHA-256 over the branch's previous digest and the canonical text of the month's entries. The text
is made of whole numbers, dates and plain text only, so that either engine gives the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Max
from django.utils import timezone

from members.models import OrgUnit
from scoring import months
from scoring.calculation.amounts import hundredths
from scoring.models import LedgerEntry, Month, Seal

# The columns of the canonical text, in this order, separated by tabs.
FIELDS = (
    "id", "account_id", "unit_id", "item_id", "rule_set_id", "happened_on", "month", "points", "quantity", "held",
    "level", "occasion", "reason", "remark", "source", "filed_by_id", "filed_at", "reverses_id", "corrects_month",
    "key", "cause_id", "activity_id",
)  # fmt: skip
# Columns that came later stand in the text only where they hold something: earlier seals keep holding.
_LATER = {"cause_id", "activity_id"}
_AMOUNTS = {"points", "quantity", "held"}


def _plain(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _AMOUNTS:
        return str(hundredths(value))
    if name == "filed_at":
        return f"{value.astimezone(timezone.get_default_timezone()):%Y-%m-%dT%H:%M:%S.%f}"
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def canonical_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for row in rows:
        named = zip(FIELDS, row, strict=True)
        yield "\t".join(_plain(name, value) for name, value in named if value is not None or name not in _LATER)


def _digests(rows: Iterable[tuple[Any, ...]], previous: str) -> tuple[str, list[tuple[int, str]]]:
    whole = hashlib.sha256(previous.encode() + b"\n")
    each = []
    for line in canonical_lines(rows):
        content = line.encode()
        whole.update(content + b"\n")
        each.append((int(line.split("\t", 1)[0]), hashlib.sha256(content).hexdigest()[:16]))
    return whole.hexdigest(), each


def _entries(using: str, unit_id: int, month: int, last: int | None = None) -> Any:
    rows = LedgerEntry.objects.using(using).filter(unit=unit_id, month=month)
    if last is not None:
        rows = rows.filter(pk__lte=last)
    return rows.order_by("pk").values_list(*FIELDS).iterator()


def seal_month(unit: OrgUnit, month: int) -> Seal:
    """Append a seal over what stands in the ledger now. The caller holds the locks on month and branch."""
    last = Seal.objects.filter(unit=unit).order_by("number").last()
    previous = last.digest if last else ""
    digest, each = _digests(_entries("default", unit.pk, month), previous)
    return Seal.objects.create(
        unit=unit,
        month=month,
        number=last.number + 1 if last else 1,
        previous=previous,
        digest=digest,
        last_entry_id=each[-1][0] if each else 0,
        entry_count=len(each),
        entry_digests=",".join(f"{pk}:{short}" for pk, short in each),
        sealed_at=timezone.now(),
    )


def _difference(sealed: str, found: list[tuple[int, str]]) -> str:
    """Name the first entry that is not as it was sealed."""
    before = dict(part.split(":") for part in sealed.split(",") if part)
    now = {str(pk): short for pk, short in found}
    for pk in sorted(set(before) | set(now), key=int):
        if pk not in now:
            return f"记录 #{pk} 已不在台账中"
        if pk not in before:
            return f"记录 #{pk} 是封签之后插入的"
        if before[pk] != now[pk]:
            return f"记录 #{pk} 与封签时不同"
    return "封签链与前一封签不符"


def verify_ledger(using: str = "default") -> list[str]:
    """Recompute every seal. Out: one sentence per seal that does not hold or is missing; empty when all do."""
    findings: list[str] = []
    closed = {(row.unit_id, row.month): row for row in _closed(using)}
    newest = dict(_newest(using))
    previous: dict[int, str] = {}
    numbers: dict[int, int] = {}
    for seal in Seal.objects.using(using).select_related("unit").order_by("unit", "number").iterator():
        # While a month is closed, nothing may stand behind what its newest seal holds either.
        key = (seal.unit_id, seal.month)
        is_last_word = key in closed and newest[key] == seal.number
        rows = _entries(using, seal.unit_id, seal.month, None if is_last_word else seal.last_entry_id)
        digest, each = _digests(rows, previous.get(seal.unit_id, ""))
        place = f"{seal.unit} {months.label(seal.month)} 第 {seal.number} 号封签"
        if seal.number != numbers.get(seal.unit_id, 0) + 1:
            findings.append(f"{place}：前面缺少封签。")
        if digest != seal.digest or seal.previous != previous.get(seal.unit_id, ""):
            findings.append(f"{place}：{_difference(seal.entry_digests, each)}。")
        previous[seal.unit_id] = seal.digest
        numbers[seal.unit_id] = seal.number
    return findings + [f"{row}：已结账，但没有封签。" for key, row in closed.items() if key not in newest]


def _closed(using: str) -> Iterable[Month]:
    rows = Month.objects.using(using).filter(state=Month.State.CLOSED).select_related("unit")
    return rows.order_by("unit__path", "month").iterator()


def _newest(using: str) -> Iterator[tuple[tuple[int, int], int]]:
    """(unit, month) -> number of its newest seal."""
    rows = Seal.objects.using(using).order_by().values("unit", "month").annotate(newest=Max("number"))
    for row in rows:
        yield (row["unit"], row["month"]), row["newest"]


def latest_seal(unit_id: int, month: int) -> Seal | None:
    return Seal.objects.filter(unit=unit_id, month=month).order_by("number").last()


def export_seals(using: str = "default") -> Iterator[str]:
    """The sealed ledger as lines of JSON that bin/check_ledger.py verifies without this application.

    A line with "seal" opens each seal, in the order of branch and number; the lines with "entry" behind it are the
    canonical texts it was made of, and for the last word on a closed month all that stands there now. A line with
    "unsealed" names a closed month without a seal.
    """
    closed = {(row.unit_id, row.month): row for row in _closed(using)}
    newest = dict(_newest(using))
    for key, row in closed.items():
        if key not in newest:
            yield json.dumps({"unsealed": str(row)}, ensure_ascii=False)
    for seal in Seal.objects.using(using).select_related("unit").order_by("unit", "number").iterator():
        head = {
            "unit": seal.unit_id, "name": seal.unit.name, "month": seal.month, "number": seal.number,
            "previous": seal.previous, "digest": seal.digest, "entries": seal.entry_digests,
        }  # fmt: skip
        yield json.dumps({"seal": head}, ensure_ascii=False)
        key = (seal.unit_id, seal.month)
        last = None if key in closed and newest[key] == seal.number else seal.last_entry_id
        for line in canonical_lines(_entries(using, seal.unit_id, seal.month, last)):
            yield json.dumps({"entry": line}, ensure_ascii=False)
