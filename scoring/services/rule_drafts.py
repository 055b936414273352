"""Drafts of rule sets: a new version of published rules, and every change until it is published.

A change is made in the document (the mapping that rule files are) and the whole is read again, so a form, a file
and a workbook pass the same checks. What is wrong with a value refuses the change; how the parts fit together is
told all the time and only keeps the draft from being published.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import User
from members.services.audit import record
from scoring.books import Layout, layout_of
from scoring.models import Item, RuleSet, Section
from scoring.months import is_month, label, shift
from scoring.rulebook.file import ParsedRules, read_rules
from scoring.rulebook.writer import Document, document_of, head_document, item_document, placed, section_document
from scoring.services.rules import store_draft

HEAD, SECTION, ITEM, EXAMPLE = "head", "section", "item", "example"


@dataclass(frozen=True)
class Part:
    """What a form changes: the head, a section, a clause, an example; its place in the document, if it has one."""

    kind: str
    section: Section | None = None
    item: Item | None = None
    # Places in the document; None where the part is not in it yet.
    outer: int | None = None
    inner: int | None = None

    @property
    def is_new(self) -> bool:
        return {HEAD: False, SECTION: self.outer is None}.get(self.kind, self.inner is None)


def find_part(rule_set: RuleSet, name: str) -> Part:
    """head, section-5, section-new, item-7, item-new-5 (in section 5), example-0, example-new. Raise Refused."""
    kind, _dash, rest = name.partition("-")
    layout = layout_of(rule_set)
    if name == HEAD:
        return Part(HEAD)
    if kind == EXAMPLE and rest == "new":
        return Part(EXAMPLE)
    if kind == EXAMPLE and rest.isdecimal() and int(rest) < len(rule_set.examples):
        return Part(EXAMPLE, inner=int(rest))
    if name == "section-new":
        return Part(SECTION)
    for outer, (section, items) in enumerate(layout):
        if name == f"section-{section.pk}":
            return Part(SECTION, section, outer=outer)
        if name == f"item-new-{section.pk}":
            return Part(ITEM, section, outer=outer)
        for inner, item in enumerate(items):
            if name == f"item-{item.pk}":
                return Part(ITEM, section, item, outer, inner)
    raise Refused(_("这一条已经不在草稿里了，请刷新页面。"))


def part_document(rule_set: RuleSet, part: Part) -> Document:
    """What stands in the part now."""
    if part.item is not None:
        return item_document(part.item)
    if part.kind == SECTION and part.section is not None:
        return section_document(part.section)
    if part.kind == EXAMPLE and part.inner is not None:
        return dict(rule_set.examples[part.inner])
    return head_document(rule_set) if part.kind == HEAD else {}


def with_part(document: Document, part: Part, values: Document) -> Document:
    """The document with the part changed or added."""
    changed = deepcopy(document)
    if part.kind == HEAD:
        if values.get("生效月份") != changed["生效月份"]:
            changed = _with_months(changed)
        return values | {key: changed[key] for key in ("板块", "示例") if key in changed}
    if part.kind == SECTION:
        sections = changed["板块"]
        if part.outer is None:
            sections.append(values)
        else:
            kept = {key: sections[part.outer][key] for key in ("条款",) if key in sections[part.outer]}
            sections[part.outer] = values | kept
        return changed
    where = changed if part.kind == EXAMPLE else changed["板块"][part.outer or 0]
    rows = where.setdefault("示例" if part.kind == EXAMPLE else "条款", [])
    if part.inner is None:
        rows.append(values)
    else:
        rows[part.inner] = values
    return changed


def place_of(part: Part, values: Document) -> str:
    """How the reader begins a sentence about this part."""
    if part.kind == HEAD:
        return ""
    kind, key = {SECTION: ("板块", "代号"), ITEM: ("条款", "条款号"), EXAMPLE: ("示例", "名称")}[part.kind]
    return f"{kind}“{values.get(key, '')}”"


def _with_months(document: Document) -> Document:
    """Examples whose records name months say which month they score: else it would move away from the records."""
    examples = [
        one if "月份" in one or not any(row[2:3] not in ([], [""]) for row in one["记录"])
        else one | {"月份": document["生效月份"]}
        for one in document.get("示例", [])
    ]  # fmt: skip
    return document | ({"示例": examples} if examples else {})


@dataclass(frozen=True)
class Change:
    """A part as it would be: the rules read anew, what is wrong with its values, and with the whole."""

    rules: ParsedRules
    document: Document
    problems: list[str]


def try_change(rule_set: RuleSet, part: Part, values: Document) -> Change:
    """Read the rules with this part. Nothing is saved."""
    document = with_part(document_of(rule_set), part, values)
    rules, problems = read_rules(placed(document))
    return Change(rules, document, problems + _taken(document, part, values))


def _taken(document: Document, part: Part, values: Document) -> list[str]:
    """Numbers by which people name a part stand once."""
    sections = document["板块"]
    if part.kind == SECTION and values.get("代号"):
        if [section.get("代号") for section in sections].count(values["代号"]) > 1:
            return [_("板块代号“%s”已经用过，请改成不同的代号。") % values["代号"]]
    if part.kind == ITEM and values.get("条款号"):
        codes = [item.get("条款号") for section in sections for item in section.get("条款", [])]
        if codes.count(values["条款号"]) > 1:
            return [_("条款号“%s”已经用过，请改成不同的条款号。") % values["条款号"]]
    return []


# --- the verbs ------------------------------------------------------------------------------
def _lock(rule_set: RuleSet) -> None:
    RuleSet.objects.select_for_update().get(pk=rule_set.pk)
    rule_set.refresh_from_db()
    if rule_set.state != RuleSet.State.DRAFT:
        raise Refused(_("“%s”已经发布，不能修改；请另建新版本。") % rule_set)


@transaction.atomic
def revise(rule_set: RuleSet, *, effective_from: int, by: User | None) -> RuleSet:
    """A new draft version with the same content, in force from a later month."""
    if rule_set.state == RuleSet.State.DRAFT:
        raise Refused(_("“%s”还是草稿，直接修改即可。") % rule_set)
    if not is_month(effective_from):
        raise Refused(_("生效月份“%s”不是月份，请写成 202601 这样的形式。") % effective_from)
    versions = RuleSet.objects.filter(owner=rule_set.owner, code=rule_set.code)
    draft = versions.filter(state=RuleSet.State.DRAFT).first()
    if draft is not None:
        raise Refused(_("已有草稿“%s”，请先发布或删除它。") % draft)
    last = versions.aggregate(last=Max("effective_from"))["last"]
    if effective_from <= last:
        raise Refused(_("现有版本从%s起生效，新版本请从%s或以后生效。") % (label(last), label(shift(last, 1))))
    document = _with_months(document_of(rule_set)) | {"生效月份": str(effective_from)}
    document.pop("失效月份", None)
    rules, problems = read_rules(placed(document))
    if problems:
        raise Refused("\n".join(problems))
    made = store_draft(rules, owner=rule_set.owner)
    record(by, "scoring.revise_rule_set", made, detail=_("由“%s”修订") % rule_set)
    return made


@transaction.atomic
def save_part(rule_set: RuleSet, name: str, values: Document, *, by: User | None) -> Part:
    """Change or add one part of a draft. Raise Refused with a sentence per mistake, then nothing is changed."""
    _lock(rule_set)
    part = find_part(rule_set, name)
    change = try_change(rule_set, part, values)
    if change.problems:
        raise Refused("\n".join(change.problems))
    save = {HEAD: _save_head, SECTION: _save_section, ITEM: _save_item, EXAMPLE: _save_example}[part.kind]
    saved = save(rule_set, part, change.rules)
    record(by, "scoring.change_rule_set", rule_set, detail=_told(part, values))
    return saved


def _told(part: Part, values: Document) -> str:
    name = values.get("条款号") or values.get("代号") or values.get("名称") or ""
    verb = _("新增") if part.is_new else _("修改")
    kind = {HEAD: _("办法"), SECTION: _("板块"), ITEM: _("条款"), EXAMPLE: _("示例")}[part.kind]
    return f"{verb}{kind} {name}"


def _assign(row: Any, fields: dict[str, Any]) -> None:
    for field, value in fields.items():
        setattr(row, field, value)
    row.save(update_fields=list(fields))


def _save_head(rule_set: RuleSet, part: Part, rules: ParsedRules) -> Part:
    fields = dict(rules.fields)
    if fields["code"] != rule_set.code:
        others = RuleSet.objects.filter(owner=rule_set.owner, code=fields["code"])
        fields["version"] = (others.aggregate(last=Max("version"))["last"] or 0) + 1
    _assign(rule_set, fields)
    return part


def _save_section(rule_set: RuleSet, part: Part, rules: ParsedRules) -> Part:
    fields = dict(rules.sections[-1 if part.outer is None else part.outer].fields)
    position = fields.pop("position")
    if part.section is None:
        last = rule_set.sections.aggregate(last=Max("position"))["last"]
        position = position if last is None else last + 1
        return Part(SECTION, Section.objects.create(rule_set=rule_set, position=position, **fields))
    _assign(part.section, fields)
    return part


def _save_item(rule_set: RuleSet, part: Part, rules: ParsedRules) -> Part:
    if part.section is None or part.outer is None:
        raise Refused(_("这一条已经不在草稿里了，请刷新页面。"))
    fields = dict(rules.sections[part.outer].items[-1 if part.inner is None else part.inner].fields)
    position = fields.pop("position")
    if part.item is None:
        last = part.section.items.aggregate(last=Max("position"))["last"]
        position = position if last is None else last + 1
        return Part(ITEM, part.section, Item.objects.create(section=part.section, position=position, **fields))
    _assign(part.item, fields)
    return part


def _save_example(rule_set: RuleSet, part: Part, rules: ParsedRules) -> Part:
    _assign(rule_set, {"examples": rules.fields["examples"]})
    return part


@transaction.atomic
def remove_part(rule_set: RuleSet, name: str, *, by: User | None) -> None:
    """Take a section with its clauses, a clause or an example out of a draft."""
    _lock(rule_set)
    part = find_part(rule_set, name)
    detail = _told(part, part_document(rule_set, part))
    if part.item is not None:
        part.item.delete()
    elif part.kind == SECTION and part.section is not None:
        if rule_set.sections.count() == 1:
            raise Refused(_("这是最后一个板块，办法里至少要有一个板块。"))
        part.section.delete()
    elif part.kind == EXAMPLE and part.inner is not None:
        rest = [one for place, one in enumerate(rule_set.examples) if place != part.inner]
        _assign(rule_set, {"examples": rest})
    else:
        raise Refused(_("只能删除板块、条款和示例。"))
    record(by, "scoring.change_rule_set", rule_set, detail=detail.replace(_("修改"), _("删除"), 1))


@transaction.atomic
def move_part(rule_set: RuleSet, name: str, by_places: int, *, by: User | None) -> None:
    """A section or a clause up (-1) or down (1) among its neighbours; at the end it stays where it is."""
    _lock(rule_set)
    part = find_part(rule_set, name)
    layout = layout_of(rule_set)
    rows: list[Any] = _neighbours(layout, part)
    place = part.outer if part.kind == SECTION else part.inner
    if not rows or place is None or not 0 <= place + by_places < len(rows):
        return
    rows.insert(place + by_places, rows.pop(place))
    for position, row in enumerate(rows):
        row.position = position
    type(rows[0]).objects.bulk_update(rows, ["position"])
    record(by, "scoring.change_rule_set", rule_set, detail=_told(part, part_document(rule_set, part)))


def _neighbours(layout: Layout, part: Part) -> list[Any]:
    if part.kind == SECTION:
        return [section for section, _items in layout]
    if part.item is None or part.outer is None:
        return []
    return list(layout[part.outer][1])


@transaction.atomic
def drop_draft(rule_set: RuleSet, *, by: User | None) -> None:
    """Delete a draft with everything in it."""
    _lock(rule_set)
    record(by, "scoring.drop_rule_set", rule_set)
    rule_set.delete()
