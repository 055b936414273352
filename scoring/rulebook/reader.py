"""Reading one mapping of a rule file strictly: every value converted or told, with its line; nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml
from django.utils.translation import gettext as _

from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.cells import tidy
from scoring.months import is_month

# As large as a cell may be; far beyond any full marks.
MOST_POINTS = 9_999_999_99
_WHOLE = re.compile(r"[0-9]{1,6}")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Wrong(ValueError):
    """The value cannot be used; the message says what to write instead."""


class Lined(dict[str, Any]):
    """A mapping that knows where it was written and which of its keys were written twice."""

    # "第 12 行附近", "条款“加-1”": the beginning of every sentence about it.
    place = ""
    repeated: tuple[str, ...] = ()

    def place_of(self, key: str) -> str:
        return self.place


@dataclass(frozen=True)
class Record:
    """One fact as it is typed into a month sheet: clause, text, the month it counts in (0: the month scored), and
    the occasion where several facts belong to one."""

    code: str
    text: str
    month: int = 0
    occasion: str = ""


def lined(values: Mapping[str, Any], place: str) -> Lined:
    """A mapping made elsewhere, for the reader."""
    found = Lined(values)
    found.place = place
    return found


def plain(value: Any) -> Any:
    """What was read as plain lists and mappings of text, to be kept."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


class Loader(yaml.BaseLoader):
    """Every value stays text, so amounts stay exact; every mapping knows its line."""


def _mapping(loader: Loader, node: yaml.MappingNode) -> Lined:
    pairs = loader.construct_pairs(node, deep=True)
    keys = [key for key, _value in pairs]
    if not all(isinstance(key, str) for key in keys):
        raise yaml.constructor.ConstructorError(problem="key", problem_mark=node.start_mark)
    values = Lined(pairs)
    values.place = _("第 %s 行附近") % (node.start_mark.line + 1)
    values.repeated = tuple(key for key in values if keys.count(key) > 1)
    return values


Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


class Reader:
    """Takes values out of one mapping, notes every mistake, and at the end every key nobody asked for."""

    def __init__(self, values: Lined, problems: list[str]) -> None:
        self.values, self.problems, self.asked = values, problems, set[str]()

    def problem(self, key: str, text: str) -> None:
        self.problems.append(
            _("%(place)s“%(key)s”：%(text)s") % {"place": self.values.place_of(key), "key": key, "text": text}
        )

    def take(self, key: str, convert: Callable[[Any], Any], default: Any = None, *, needed: bool = False) -> Any:
        self.asked.add(key)
        value = self.values.get(key, "")
        if value in ("", []):
            if needed:
                self.problem(key, _("没有填写，请补上。"))
            return default
        try:
            return convert(value)
        except Wrong as wrong:
            self.problem(key, str(wrong))
            return default

    def choice(self, key: str, table: dict[str, Any], default: str = "") -> Any:
        def chosen(value: Any) -> Any:
            if not isinstance(value, str) or value not in table:
                words = {"value": _short(value), "known": "、".join(table)}
                raise Wrong(_("“%(value)s”不是可用的值，可填：%(known)s。") % words)
            return table[value]

        return self.take(key, chosen, table.get(default), needed=not default)

    def finish(self) -> None:
        for key in self.values.repeated:
            self.problem(key, _("写了不止一次，请只保留一个。"))
        for key in self.values:
            if key not in self.asked:
                self.problem(key, _("不认识这个字段，请检查拼写。"))


def _short(value: Any) -> str:
    return str(value)[:30]


# --- converters: a value of the file into a value of the table, or Wrong ---------------------------
def text(most: int) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise Wrong(_("应是一段文字，不是列表或字段。"))
        if len(value) > most:
            raise Wrong(_("最多 %(most)d 个字，现在 %(now)d 个，请缩短。") % {"most": most, "now": len(value)})
        return value

    return convert


def code(value: Any) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise Wrong(_("“%s”不能作代号：只用英文字母、数字、连字符和下划线，最多 40 个。") % _short(value))
    return value


def amount(value: Any) -> int:
    """Hundredths."""
    try:
        found = hundredths(value) if isinstance(value, str) else MOST_POINTS + 1
    except ValueError:
        found = MOST_POINTS + 1
    if abs(found) > MOST_POINTS:
        raise Wrong(_("“%s”不是分值，请填数字，最多两位小数，例如 3 或 2.5。") % _short(value))
    return found


def points(value: Any) -> Any:
    return from_hundredths(amount(value))


def points_text(value: Any) -> str:
    return str(points(value))


def whole(least: int, most: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if not isinstance(value, str) or not _WHOLE.fullmatch(value) or not least <= int(value) <= most:
            words = {"value": _short(value), "least": least, "most": most}
            raise Wrong(_("“%(value)s”不可用，请填 %(least)d 到 %(most)d 的整数。") % words)
        return int(value)

    return convert


def month(value: Any) -> int:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value) or not is_month(int(value)):
        raise Wrong(_("“%s”不是月份，请写成 202601 这样的形式。") % _short(value))
    return int(value)


def names(most: int) -> Callable[[Any], list[str]]:
    def convert(value: Any) -> list[str]:
        if not isinstance(value, list):
            raise Wrong(_("请写成列表，例如 [甲, 乙]。"))
        return [text(most)(name) for name in value]

    return convert


def words(table: Mapping[str, str]) -> Callable[[Any], list[str]]:
    """A list of known words, as the tables spell them."""

    def convert(value: Any) -> list[str]:
        found = names(30)(value)
        for word in found:
            if word not in table:
                raise Wrong(
                    _("“%(value)s”不是可用的值，可填：%(known)s。") % {"value": word, "known": "、".join(table)}
                )
        return [table[word] for word in found]

    return convert


def mappings(value: Any) -> list[Lined]:
    if not isinstance(value, list) or not all(isinstance(part, Lined) for part in value):
        raise Wrong(_("请写成列表，每一项以“- 字段: 值”开头。"))
    return value


def _rows(value: Any, width: int, example: str) -> list[list[Any]]:
    if not isinstance(value, list) or not all(isinstance(row, list) and len(row) == width for row in value):
        raise Wrong(_("请写成列表，例如 %s。") % example)
    return value


def levels(value: Any) -> list[list[str]]:
    rows = [[text(40)(name), points_text(worth)] for name, worth in _rows(value, 2, "[[优秀, 20], [合格, 10]]")]
    found = [tidy(name) for name, _worth in rows]
    for name in found:
        if not name:
            raise Wrong(_("“无”“—”等表示没有，不能作级别名称。"))
        if found.count(name) > 1:
            raise Wrong(_("级别“%s”写了不止一次。") % name)
    return rows


def steps(value: Any) -> list[list[str]]:
    rows = [[points_text(times), points_text(worth)] for times, worth in _rows(value, 2, "[[1, -3], [2, -5]]")]
    counts = [amount(times) for times, _worth in rows]
    if min(counts) <= 0 or len(set(counts)) < len(counts):
        raise Wrong(_("次数须大于 0，且每个次数只写一档。"))
    return rows


def bands(value: Any) -> list[list[str | None]]:
    """Half-open, end to end: every number lies in exactly one band."""
    rows = [
        [None if low == "" else points_text(low), None if high == "" else points_text(high), points_text(worth)]
        for low, high, worth in _rows(value, 3, '[["", 60, 0], [60, 80, 0.5], [80, "", 1]]')
    ]
    ends = sorted(
        (-MOST_POINTS if low is None else amount(low), MOST_POINTS if high is None else amount(high))
        for low, high, _worth in rows
    )
    if any(low >= high for low, high in ends):
        raise Wrong(_("每一段的起点须小于终点。"))
    for (_low, high), (low, _high) in pairwise(ends):
        if low != high:
            words = {"from": from_hundredths(min(low, high)), "to": from_hundredths(max(low, high))}
            gap = _("%(from)s 到 %(to)s 之间没有分数段，各段须首尾相接。")
            raise Wrong((gap if low > high else _("分数段在 %(from)s 到 %(to)s 之间重叠，各段须首尾相接。")) % words)
    return rows


def records(value: Any) -> list[Record]:
    """The records of an example: clause and text, a month where it is not the one scored, an occasion."""
    if not isinstance(value, list) or not all(isinstance(row, list) and 2 <= len(row) <= 4 for row in value):
        raise Wrong(_("须是一列“[条款号, 内容, 月份, 事项]”，后两项可不写，例如 [[加-1, 2次], [减-1, -1, 202602]]。"))
    return [_record(*row) for row in value]


def _record(clause: Any, said: Any, when: Any = "", occasion: Any = "") -> Record:
    return Record(str(clause), str(said), month(when) if when else 0, str(occasion))


def mappings_placed(values: list[Mapping[str, Any]], kind: str, name: str) -> list[Lined]:
    """Mappings made elsewhere, each called by what it names itself: 条款“加-1”."""
    return [lined(value, _("%(kind)s“%(name)s”") % {"kind": kind, "name": value.get(name, "")}) for value in values]
