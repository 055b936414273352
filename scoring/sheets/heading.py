"""Which rows of a month sheet are its heading, and what each column means. Pure.

By meaning, not by place: one to three rows anywhere near the top, items by name, alias or clause number, with
or without hints; whatever stands above an item may be its section.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from members.roster.cells import is_number, text_of
from members.roster.recognise import bare
from members.tabular import Cell, Sheet, column_letter
from scoring.sheets import words

SEARCH_ROWS = 40
DEEPEST = 3
ITEM, NAME, STAFF_NUMBER, REMARK = "item", "name", "staff_number", "remark"
NUMBER, TOTAL, PERSONAL, UNKNOWN = "number", "total", "personal", "unknown"


@dataclass(frozen=True)
class KnownItem:
    """An item of the rule set, as headings may call it."""

    key: int
    code: str
    name: str
    section: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class SheetColumn:
    """One column of the file. `rivals` are the items an ambiguous heading could mean."""

    index: int
    heading: str
    role: str
    item: int | None = None
    rivals: tuple[int, ...] = ()

    @property
    def letter(self) -> str:
        return column_letter(self.index)


@dataclass(frozen=True)
class Recognised:
    """The heading of a sheet. Rows count from 0; the people begin at `first_row`."""

    sheet: Sheet
    heading_row: int
    first_row: int
    columns: tuple[SheetColumn, ...] = ()
    score: int = 0

    @property
    def merit(self) -> tuple[int, int, int]:
        """Most items; of equals the one that ends first, for headings repeat on every page; then the deeper one,
        because what stands above an item tells its section."""
        return self.score, -self.first_row, self.first_row - self.heading_row

    def first(self, role: str) -> SheetColumn | None:
        return next((column for column in self.columns if column.role == role), None)

    def having(self, *roles: str) -> list[SheetColumn]:
        return [column for column in self.columns if column.role in roles]

    def above(self) -> list[str]:
        """The texts of the title: everything down to the heading that is no heading itself."""
        headings = {column.heading for column in self.columns if column.role != UNKNOWN}
        rows = self.sheet.rows[: self.first_row]
        texts = [_shown(text_of(cell)) for row in rows for cell in row if isinstance(cell, str)]
        return [text for text in dict.fromkeys(texts) if text and text not in headings]


@dataclass
class Vocabulary:
    """All spellings of all items."""

    items: Sequence[KnownItem]
    names: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_key = {item.key: item for item in self.items}
        for item in self.items:
            for name in _names_of(item):
                keys = self.names.setdefault(name, [])
                if item.key not in keys:
                    keys.append(item.key)

    def find(self, text: str, above: Iterable[str]) -> tuple[int, ...]:
        """The items a heading may mean; what stands above it decides between items of the same name."""
        sections = {spelled for heading in above for spelled in words.spellings(heading)}
        for spelled in words.spellings(text):
            keys = self.names.get(spelled, [])
            if len(keys) > 1:
                here = [key for key in keys if set(words.spellings(self.by_key[key].section)) & sections]
                keys = here or keys
            if keys:
                return tuple(keys)
        return ()


def _names_of(item: KnownItem) -> set[str]:
    names = {words.whole(name) for name in (item.name, *item.aliases)}
    names |= {words.whole(bare(name)) for name in (item.name, *item.aliases)}
    code = words.whole(item.code)
    return {name for name in names if name} | {code} | {code + name for name in names}


def recognise(sheet: Sheet, items: Sequence[KnownItem]) -> Recognised | None:
    """The heading of the sheet, or None when no row names a person and at least one item."""
    vocabulary = Vocabulary(items)
    best: Recognised | None = None
    rows = sheet.rows[:SEARCH_ROWS]
    for depth in range(1, DEEPEST + 1):
        for top in range(len(rows) - depth + 1):
            window = rows[top : top + depth]
            if depth > 1 and not all(_may_continue(row) for row in window[1:]):
                continue
            columns = _columns(window, vocabulary)
            score = sum(column.role == ITEM for column in columns)
            identified = any(column.role in (NAME, STAFF_NUMBER) for column in columns)
            found = Recognised(sheet, top, top + depth, columns, score)
            if score and identified and (best is None or found.merit > best.merit):
                best = found
    return best


def no_heading(items: Sequence[KnownItem]) -> str:
    return _(
        "没有找到表头。请用一行写明“姓名”或“工号”，并按积分办法写明各条款的名称，例如：%s；也可以下载本月模板填写后上传。"
    ) % "、".join(item.name for item in items[:3])


def _may_continue(row: list[Cell]) -> bool:
    """A second or third heading row holds no figures: those belong to people."""
    return not any(is_number(cell) or re.fullmatch(r"[-+−]?\d+(\.\d+)?", text_of(cell)) for cell in row)


def _columns(window: list[list[Cell]], vocabulary: Vocabulary) -> tuple[SheetColumn, ...]:
    width = max(map(len, window))
    spread = [_spread(row, width, is_last=row is window[-1]) for row in window]
    columns = []
    for index in range(width):
        texts = [text for text in dict.fromkeys(lines_of(row[index]) for row in spread) if text]
        own = [text for row in window if index < len(row) and (text := lines_of(row[index]))]
        columns.append(_column(index, own, texts, vocabulary))
    while columns and not columns[-1].heading:
        columns.pop()
    return tuple(columns)


def _spread(row: list[Cell], width: int, *, is_last: bool) -> list[Cell]:
    """An upper row speaks for the blanks right of it too: a merged section that came without its merging."""
    padded = [*row, *[""] * (width - len(row))]
    if is_last:
        return padded
    for index in range(1, width):
        if text_of(padded[index]) == "":
            padded[index] = padded[index - 1]
    return padded


def _column(index: int, own: list[str], texts: list[str], vocabulary: Vocabulary) -> SheetColumn:
    """`own` is what stands in the column, `texts` also what reaches it from the left. The lowest speaks first."""
    own = list(dict.fromkeys(own))
    if not own:
        return SheetColumn(index, "", UNKNOWN)
    role = _role(bare("".join(own)))
    if role in (NAME, STAFF_NUMBER):
        return SheetColumn(index, _shown(own[-1]), role)
    for place, text in reversed(list(enumerate(own))):
        keys = vocabulary.find(text, [other for other in texts if other != text])
        if len(keys) == 1:
            return SheetColumn(index, _shown(text), ITEM, keys[0])
        if keys:
            return SheetColumn(index, _shown(text), UNKNOWN, rivals=keys)
        role = _role(bare(text))
        if role in (NAME, STAFF_NUMBER) and any(bare(below) for below in own[place + 1 :]):
            # What stands below "姓名" and is no hint is the name of a person: this is no heading row.
            return SheetColumn(index, _shown(own[-1]), UNKNOWN)
        if role != UNKNOWN:
            return SheetColumn(index, _shown(text), role)
    return SheetColumn(index, _shown(own[-1]), UNKNOWN)


def _shown(heading: str) -> str:
    return " ".join(heading.split())[:60]


def lines_of(cell: Cell) -> str:
    """The text of a heading cell with its line breaks: a hint often stands on a line of its own."""
    if not isinstance(cell, str):
        return text_of(cell)
    return "\n".join(filter(None, map(text_of, cell.splitlines())))


def _role(text: str) -> str:
    for role, known in (
        (NAME, words.NAME),
        (STAFF_NUMBER, words.STAFF_NUMBER),
        (REMARK, words.REMARK),
        (NUMBER, words.NUMBER),
        (PERSONAL, words.PERSONAL),
    ):
        if text in known:
            return role
    return TOTAL if words.is_total(text) else UNKNOWN
