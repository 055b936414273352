"""What is different between two versions of rules, in the words of rule files; clauses are matched by their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring.rulebook.fields import EXAMPLE, HEAD, ITEM, SECTION, Field
from scoring.rulebook.lines import to_lines
from scoring.rulebook.writer import Document

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_IN_SECTION = Field("板块")


@dataclass(frozen=True)
class Changed:
    """One field: what it was and what it is; empty where it was not written."""

    key: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """A section, a clause or an example that was added, removed or changed."""

    kind: str
    code: str
    name: str
    # Of what was added or removed: everything it says or said.
    fields: list[Changed] = field(default_factory=list)


@dataclass(frozen=True)
class Differences:
    head: list[Changed]
    sections: list[Difference]
    items: list[Difference]
    examples: list[Difference]
    # Sections and clauses that stand in another order.
    is_reordered: bool

    @property
    def is_empty(self) -> bool:
        return not (self.head or self.sections or self.items or self.examples or self.is_reordered)


def compare(before: Document, after: Document) -> Differences:
    """In: the documents of two versions."""
    items_before, items_after = _items(before), _items(after)
    return Differences(
        head=_changes(HEAD, before, after),
        sections=_matched(SECTION, _by("代号", before["板块"]), _by("代号", after["板块"])),
        items=_matched((_IN_SECTION, *ITEM), items_before, items_after),
        examples=_matched(EXAMPLE, _by("名称", before.get("示例", [])), _by("名称", after.get("示例", []))),
        is_reordered=_common(items_before, items_after) != _common(items_after, items_before),
    )


def _by(key: str, rows: Sequence[Document]) -> dict[str, Document]:
    return {str(row[key]): row for row in rows}


def _items(document: Document) -> dict[str, Document]:
    return {
        str(item["条款号"]): item | {_IN_SECTION.key: section["名称"]}
        for section in document["板块"]
        for item in section.get("条款", [])
    }


def _common(these: Mapping[str, Document], those: Mapping[str, Document]) -> list[str]:
    return [code for code in these if code in those]


def _shown(one: Field, document: Document) -> str:
    value: Any = document.get(one.key, "")
    return to_lines(one, value).strip() if value not in ("", []) else one.default


def _changes(fields: Sequence[Field], before: Document, after: Document) -> list[Changed]:
    pairs = [Changed(one.key, _shown(one, before), _shown(one, after)) for one in fields]
    return [pair for pair in pairs if pair.before != pair.after]


def _everything(fields: Sequence[Field], document: Document) -> list[Changed]:
    return [
        Changed(one.key, "", _shown(one, document)) for one in fields if document.get(one.key) not in (None, "", [])
    ]


def _matched(
    fields: Sequence[Field], before: Mapping[str, Document], after: Mapping[str, Document]
) -> list[Difference]:
    """In the order of the later version; what was removed comes last."""
    found = []
    for code, row in after.items():
        if code not in before:
            found.append(Difference(ADDED, code, row["名称"], _everything(fields, row)))
        elif changes := _changes(fields, before[code], row):
            found.append(Difference(CHANGED, code, row["名称"], changes))
    for code, row in before.items():
        if code not in after:
            found.append(Difference(REMOVED, code, row["名称"], _everything(fields, row)))
    return found
