"""Pricing: one fact into signed hundredths of a point, once, when it enters the ledger.

Each shape is a function from the item's table and the fact to points, found by name in PRICING. Tables hold
amounts as decimal text ("2.5"), as in the rule files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from members.errors import Refused
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.book import ItemRule

Table = Mapping[str, Any]
# One entry is never worth more, in hundredths: a slip of the finger is told, and sums stay within their columns.
MOST = 10_000_00


@dataclass(frozen=True)
class Fact:
    """What was typed or imported: how often or how much, which level, or points chosen from a range."""

    quantity: int | None = None
    level: str = ""
    chosen: int | None = None


def show(amount: int) -> str:
    """Hundredths as people write them: 250 -> "2.5", -100 -> "−1"."""
    text = format(from_hundredths(abs(amount)).normalize(), "f")
    return f"−{text}" if amount < 0 else text


def _fixed(table: Table, fact: Fact) -> int:
    """The same points for each occurrence."""
    return hundredths(table["points"]) * _whole_times(fact)


def _whole_times(fact: Fact) -> int:
    quantity = 100 if fact.quantity is None else fact.quantity
    if quantity % 100:
        raise Refused(_("次数须为整数。"))
    return quantity // 100


def _per_unit(table: Table, fact: Fact) -> int:
    """Quantity × rate; below the minimum nothing; counted in whole steps, a rest is dropped or rounded."""
    quantity = fact.quantity or 0
    if quantity < hundredths(table.get("minimum", "0")):
        return 0
    step = hundredths(table.get("step", "0"))
    if step:
        steps, rest = divmod(quantity, step)
        if table.get("rounding", "down") == "half_up" and rest * 2 >= step:
            steps += 1
        elif table.get("rounding") == "up" and rest:
            steps += 1
        quantity = steps * step
    scaled = quantity * hundredths(table["rate"])
    sign = -1 if scaled < 0 else 1
    return sign * ((abs(scaled) + 50) // 100)


def _level(table: Table, fact: Fact) -> int:
    """A table of levels (国家 10, 省部 8 …) or of grades (A 20, B+ 16 …)."""
    for name, points in table["levels"]:
        if name == fact.level:
            return hundredths(points)
    known = "、".join(str(name) for name, _points in table["levels"])
    raise Refused(_("“%(level)s”不是规定的等级，可填：%(known)s。") % {"level": fact.level[:20], "known": known})


def _bands(table: Table, fact: Fact) -> int:
    """Half-open bands on a number: from ≤ x < to. An absent bound is open."""
    quantity = fact.quantity or 0
    for low, high, points in table["bands"]:
        if (low is None or quantity >= hundredths(low)) and (high is None or quantity < hundredths(high)):
            return hundredths(points)
    raise Refused(_("%s 不在任何一个分数段内。") % show(quantity))


def _range(table: Table, fact: Fact) -> int:
    """Points chosen by people between a least and a most."""
    chosen = fact.chosen or 0
    least, most = hundredths(table["min"]), hundredths(table["max"])
    if not least <= chosen <= most:
        raise Refused(_("须在 %(least)s 到 %(most)s 分之间。") % {"least": show(least), "most": show(most)})
    return chosen


PRICING: dict[str, Callable[[Table, Fact], int]] = {
    "fixed": _fixed,
    "per_unit": _per_unit,
    "level": _level,
    "grade": _level,
    "bands": _bands,
    "range": _range,
}


def price(item: ItemRule, fact: Fact) -> int:
    """Signed hundredths of a point for one fact. Raise Refused with a sentence that names the clause."""
    try:
        points = PRICING[item.pricing](item.pricing_table, fact)
        if abs(points) > MOST:
            limit = {"points": show(points), "most": show(MOST)}
            raise Refused(_("合 %(points)s 分，一条记录最多 %(most)s 分，请核对数量。") % limit)
        return points
    except Refused as refusal:
        raise Refused(f"{item.code} {item.name}：{refusal}") from None
