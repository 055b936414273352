"""A draft as its editor shows it: every part in a few words, and which part a problem is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from scoring.books import Layout, layout_of
from scoring.models import Item, RuleSet, Section
from scoring.rulebook.fields import HEAD, ITEM, SECTION, Field
from scoring.rulebook.lines import to_lines
from scoring.rulebook.writer import Document, head_document, item_document, section_document

# Shown in places of their own.
_TITLES = {"代号", "名称", "类别", "条款号", "标准", "计价", "汇总", "说明"}
_CAPS = ("每月上限", "每季上限", "每年上限", "下限", "起始分")


@dataclass(frozen=True)
class ItemShown:
    name: str
    code: str
    title: str
    standard: str
    pricing: str
    tally: str
    limits: str
    # What is out of the ordinary.
    marks: list[str]


@dataclass(frozen=True)
class SectionShown:
    # As a filter of templates can add it to a word.
    key: str
    name: str
    code: str
    title: str
    kind: str
    facts: list[tuple[str, str]]
    items: list[ItemShown]


@dataclass(frozen=True)
class ExampleShown:
    name: str
    title: str
    records: str
    about: str
    total: str


@dataclass(frozen=True)
class Summary:
    head: list[tuple[str, str]]
    sections: list[SectionShown]
    examples: list[ExampleShown]


def summary(rule_set: RuleSet, layout: Layout | None = None) -> Summary:
    """In: the layout, where it has been read already."""
    parts = layout_of(rule_set) if layout is None else layout
    return Summary(
        head=_head(rule_set),
        sections=[_section(section, items) for section, items in parts],
        examples=[_example(place, one) for place, one in enumerate(rule_set.examples)],
    )


def _written(fields: Iterable[Field], document: Document, keys: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """Fields that say something, in their order."""
    wanted = None if keys is None else set(keys)
    return [
        (field.key, "；".join(to_lines(field, document[field.key]).split("\n")).strip("；"))
        for field in fields
        if field.key in document and (field.key not in _TITLES if wanted is None else field.key in wanted)
    ]


def _head(rule_set: RuleSet) -> list[tuple[str, str]]:
    document = head_document(rule_set)
    return [(field.key, to_lines(field, document.get(field.key, field.default)) or "—") for field in HEAD]


def _section(section: Section, items: Sequence[Item]) -> SectionShown:
    document = section_document(section)
    return SectionShown(
        key=str(section.pk),
        name=f"section-{section.pk}",
        code=section.code,
        title=section.name,
        kind=document["类别"],
        facts=_written(SECTION, document),
        items=[_item(item) for item in items],
    )


def _worded(word: str, fields: Iterable[Field], document: Document) -> str:
    """每次定分：分值 2."""
    own = [(key, text) for key, text in _written([one for one in fields if word in one.only], document)]
    told = "，".join(
        f"{key} {text}" if len(own) > 1 or key not in ("级别", "分数段", "分档") else text for key, text in own
    )
    return f"{word}：{told}" if told else word


def _item(item: Item) -> ItemShown:
    document = item_document(item)
    unit = _("（单位：%s）") % document["单位"] if "单位" in document else ""
    usual = {field.key for field in ITEM if field.only} | {*_CAPS, "单位"}
    marks = [(key, text) for key, text in _written(ITEM, document) if key not in usual]
    return ItemShown(
        name=f"item-{item.pk}",
        code=item.code,
        title=item.name,
        standard=item.standard,
        pricing=_worded(document["计价"], ITEM, document) + unit,
        tally=_worded(document.get("汇总", "累加"), ITEM, document),
        limits="，".join(f"{key} {text}" for key, text in _written(ITEM, document, _CAPS)),
        marks=[key if text == "是" else f"{key} {text}" for key, text in marks],
    )


def _example(place: int, example: dict[str, Any]) -> ExampleShown:
    records = "；".join(" ".join(part for part in row if part) for row in example.get("记录", []))
    about = [f"{key} {example[key]}" for key in ("月份", "分类", "上年总分") if example.get(key)]
    about += [_("职务 %s") % "、".join(example["职务"])] if example.get("职务") else []
    return ExampleShown(
        f"example-{place}", example.get("名称", ""), records, "，".join(about), example.get("总分", "")
    )


# --- problems -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Told:
    """A problem, and the part it is about, if the sentence names one."""

    text: str
    part: str = ""


def told(problems: Iterable[str], layout: Layout, examples: Sequence[dict[str, Any]]) -> list[Told]:
    beginnings: dict[str, str] = {}
    for section, items in layout:
        for item in items:
            beginnings |= dict.fromkeys((f"条款“{item.code}”", f"{item.code} {item.name}："), f"item-{item.pk}")
        beginnings |= dict.fromkeys((f"板块“{section.code}”", f"板块“{section.name}”"), f"section-{section.pk}")
    for place, example in enumerate(examples):
        beginnings[f"示例“{example.get('名称', '')}”"] = f"example-{place}"
    return [
        Told(text, next((part for start, part in beginnings.items() if text.startswith(start)), ""))
        for text in problems
    ]
