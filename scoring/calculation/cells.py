"""What people type into a cell of the month sheet, read strictly: "3", "−2", "2次", "优秀", "３．５"."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from members.errors import Refused
from scoring.calculation.amounts import hundredths
from scoring.calculation.book import ItemRule
from scoring.calculation.pricing import Fact, price, show

_NUMBER = re.compile(r"[+-]?\d{1,7}(?:\.\d{1,2})?", re.ASCII)
_BLANK = {"", "-", "—", "——", "/", "无", "－"}
# Full-width forms only: a wider normalisation would read "3²" as 32 and "①" as 1.
_PLAIN = {0xFF01 + place: chr(0x21 + place) for place in range(94)}
_PLAIN |= {0x3000: " ", ord("−"): "-", ord("–"): "-", ord("﹣"): "-", ord("。"): "."}
_COUNTERS = ("小时", *"次分篇个场项人天件时")


def tidy(text: str) -> str:
    """Full-width forms to plain ones, odd blanks gone; signs for "nothing" become the empty text."""
    plain = str(text).translate(_PLAIN).strip()
    return "" if plain in _BLANK else plain


def plain_number(text: str) -> str:
    """The text itself when it is a plain number with at most two decimals. Raise ValueError for 1e2, 1_000, ٨."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return text


def _number(item: ItemRule, bare: str, text: str) -> int:
    if not _NUMBER.fullmatch(bare):
        raise Refused(
            _("%(item)s：“%(text)s”不是规定的写法，请填数字，最多两位小数，例如 3 或 2.5。")
            % {"item": f"{item.code} {item.name}", "text": text[:20]}
        )
    return hundredths(bare)


def _without_counter(item: ItemRule, text: str) -> str:
    for label in (tidy(item.unit_label), *_COUNTERS):
        if label and text.endswith(label):
            return text[: -len(label)].strip()
    return text


def _times(item: ItemRule, text: str) -> Fact:
    number = _number(item, _without_counter(item, text), text)
    if number < 0 and not item.is_deduction:
        raise Refused(_("%s：数量不能为负。") % f"{item.code} {item.name}")
    fact = Fact(quantity=abs(number))
    says_points = text.endswith("分") and item.unit_label != "分" and item.pricing != "bands"
    # A sign or "分" speaks of points: taken only where it comes to the same as a quantity.
    if (number < 0 or says_points) and abs(price(item, fact)) != abs(number):
        raise Refused(
            _("%(item)s：这里填数量，不填分数；“%(text)s”请换算成数量，例如 2%(unit)s。")
            % {"item": f"{item.code} {item.name}", "text": text[:20], "unit": item.unit_label}
        )
    return fact


def _level(item: ItemRule, text: str) -> Fact:
    """The level as the rules spell it, however its brackets were typed."""
    levels: list[list[str]] = item.pricing_table["levels"]  # type: ignore[assignment]
    return Fact(level=next((name for name, _points in levels if tidy(name) == text), text))


def _points(item: ItemRule, text: str) -> Fact:
    bare = text[:-1].strip() if text.endswith("分") else text
    chosen = _number(item, bare, text)
    # In a column of deductions "1" means one point off; the screen then shows −1.
    if item.is_deduction and chosen > 0:
        chosen = -chosen
    return Fact(chosen=chosen)


def read_cell(item: ItemRule, text: str) -> Fact | None:
    """A typed text as a fact for this item; None for an empty cell. Raise Refused with a sentence."""
    text = tidy(text)
    if not text:
        return None
    if item.pricing in ("level", "grade"):
        return _level(item, text)
    if item.pricing == "range":
        return _points(item, text)
    return _times(item, text)


def write_cell(item: ItemRule, fact: Fact | None) -> str:
    """The canonical text of a fact: what the cell shows after saving."""
    if fact is None:
        return ""
    if fact.level:
        return fact.level
    if fact.chosen is not None:
        return show(fact.chosen).replace("−", "-")
    return f"{show(fact.quantity or 0)}{item.unit_label}"
