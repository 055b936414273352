"""自定义条款: what a unit adds to its superior's published rules, within limits and with the superior's consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from scoring.models import CustomItem, DraftCell, Item, LedgerEntry, RuleSet, Section
from scoring.months import is_month, label, shift
from scoring.rulebook.carry import carried_items
from scoring.rulebook.file import read_document
from scoring.rulebook.reader import Lined, Reader, code, mappings, plain, text
from scoring.rulebook.room import Wish, earliest_month, parsed_item, problems_with
from scoring.rules import DECIDING_POSTS, PROPOSING_POSTS

PRESET_DIR = Path(__file__).resolve().parent.parent / "presets" / "units"


@cache
def unit_presets(rule_set_code: str) -> dict[str, str]:
    """The shipped files for these rules: name of the file -> whose items they were."""
    found = {}
    for path in sorted(PRESET_DIR.glob("*.yaml")):
        document = read_document(path.read_text(encoding="utf-8"))
        if document.get("办法") == rule_set_code:
            found[path.stem] = str(document.get("单位", path.stem))
    return found


def unit_preset_text(name: str) -> str:
    path = PRESET_DIR / f"{name}.yaml"
    if path.parent != PRESET_DIR or not path.is_file():
        raise Refused(_("没有名为“%s”的内置条款。") % name)
    return path.read_text(encoding="utf-8")


def may_propose(user: User, unit: OrgUnit) -> bool:
    return user.authority.reaches(unit, PROPOSING_POSTS)


def may_decide(user: User, rule_set: RuleSet) -> bool:
    return user.authority.reaches(rule_set.owner, DECIDING_POSTS)


@transaction.atomic
def propose_custom_item(
    unit: OrgUnit, section: Section, content: Mapping[str, Any], from_month: int, *, by: User
) -> CustomItem:
    """Ask for an item. In: the clause in the words of rule files. Raise Refused with one sentence per problem."""
    if not may_propose(by, unit):
        raise Refused(_("只有%s的书记、副书记或上级党务工作者可以申请自定义条款。") % unit)
    RuleSet.objects.select_for_update().get(pk=section.rule_set_id)
    problems = problems_with(Wish(section, unit, content, from_month))
    if problems:
        raise Refused("\n".join(problems))
    custom = CustomItem.objects.create(
        section=section, unit=unit, content=plain(dict(content)), from_month=from_month,
        proposed_by=by, proposed_at=timezone.now(),
    )  # fmt: skip
    record(by, "scoring.propose_custom_item", custom, detail=str(unit))
    return custom


def _waiting(custom: CustomItem, by: User) -> CustomItem:
    """The proposal, locked together with its rules: limits hold whoever decides at the same moment."""
    RuleSet.objects.select_for_update().get(pk=custom.section.rule_set_id)
    rows = CustomItem.objects.select_for_update(of=("self",)).select_related("section__rule_set__owner", "unit")
    custom = rows.get(pk=custom.pk)
    if not may_decide(by, custom.section.rule_set):
        raise Refused(_("自定义条款由%s审定，请由其党务工作者或委员办理。") % custom.section.rule_set.owner)
    if custom.state != CustomItem.State.PROPOSED:
        raise Refused(_("这项申请已经办理过，请刷新页面。"))
    if custom.proposed_by_id == by.pk:
        raise Refused(_("申请人不能审定自己的申请，请由其他人办理。"))
    return custom


def _decide(custom: CustomItem, state: str, *, by: User, **fields: Any) -> None:
    rows = CustomItem.objects.filter(pk=custom.pk, state=CustomItem.State.PROPOSED)
    if not rows.update(state=state, decided_by=by, decided_at=timezone.now(), **fields):
        raise Refused(_("这项申请刚刚已由他人办理，请刷新页面。"))
    custom.refresh_from_db()


@transaction.atomic
def approve_custom_item(custom: CustomItem, *, by: User) -> Item:
    """Take the clause into the published rules, for its unit and from its month on."""
    custom = _waiting(custom, by)
    problems = problems_with(Wish(custom.section, custom.unit, custom.content, custom.from_month, custom.pk))
    if problems:
        raise Refused("\n".join([*problems, _("请退回，由申请单位更正后重新申请。")]))
    parsed, _problems = parsed_item(custom.section, custom.content)
    last = Item.objects.filter(section=custom.section).aggregate(last=Max("position"))["last"]
    fields = {**parsed.fields, "position": (last or 0) + 1}
    item = Item.objects.create(section=custom.section, unit=custom.unit, from_month=custom.from_month, **fields)
    _decide(custom, CustomItem.State.APPROVED, by=by, item=item)
    _renew(custom.section.rule_set)
    record(by, "scoring.approve_custom_item", custom, detail=str(custom.unit))
    return item


def _renew(rule_set: RuleSet) -> None:
    """Whoever keeps the rules in memory reads them anew."""
    RuleSet.objects.filter(pk=rule_set.pk).update(custom_changed_at=timezone.now())


@transaction.atomic
def return_custom_item(custom: CustomItem, *, reason: str, by: User) -> None:
    """Send a proposal back, saying what to change."""
    reason = reason.strip()[:200]
    if not reason:
        raise Refused(_("请写明退回的原因，让申请单位知道要改什么。"))
    custom = _waiting(custom, by)
    _decide(custom, CustomItem.State.RETURNED, by=by, reason=reason)
    record(by, "scoring.return_custom_item", custom, detail=reason)


@transaction.atomic
def end_custom_item(custom: CustomItem, to_month: int, *, by: User) -> None:
    """The last month in which the item counts. Months already typed or closed stay as they are."""
    RuleSet.objects.select_for_update().get(pk=custom.section.rule_set_id)
    custom = CustomItem.objects.select_related("section__rule_set__owner", "unit", "item").get(pk=custom.pk)
    if not (may_propose(by, custom.unit) or may_decide(by, custom.section.rule_set)):
        raise Refused(_("只有%s的书记、副书记或上级可以停用自定义条款。") % custom.unit)
    item = custom.item
    if item is None:
        raise Refused(_("这一条没有起用过，不用停用。"))
    least = max(_last_used(item) or 0, shift(earliest_month(custom.unit, timezone.localdate()), -1), custom.from_month)
    if not is_month(to_month) or to_month < least:
        raise Refused(_("最后一个计分的月份最早是%s：以前的月份已经录入或结账。") % label(least))
    Item.objects.filter(pk=item.pk).update(to_month=to_month)
    _renew(custom.section.rule_set)
    record(by, "scoring.end_custom_item", custom, detail=_("用到%s") % label(to_month))


def carry_custom_items(rule_set: RuleSet) -> int:
    """Take what units added to the version before, and what they have asked for, into the version just published.

    Out: how many items. Part of the publication, in its transaction.
    """
    carried = carried_items(rule_set, rule_set.effective_from)
    decided = CustomItem.objects.filter(item__in=[item.pk for _section, item in carried])
    proposals = {custom.item_id: custom for custom in decided}
    copies = [_copied(item, section, rule_set.effective_from, place) for place, (section, item) in enumerate(carried)]
    Item.objects.bulk_create(copies)
    CustomItem.objects.bulk_create(
        _followed(proposals[item.pk], copy)
        for (_section, item), copy in zip(carried, copies, strict=True)
        if item.pk in proposals
    )
    for section in rule_set.sections.filter(custom_count__gt=0):
        waiting = CustomItem.objects.filter(state=CustomItem.State.PROPOSED, section__code=section.code)
        waiting.filter(
            section__rule_set__owner=rule_set.owner_id,
            section__rule_set__code=rule_set.code,
            section__rule_set__version__lt=rule_set.version,
        ).update(section=section)
    if copies:
        _renew(rule_set)
    return len(copies)


def _copied(item: Item, section: Section, effective_from: int, place: int) -> Item:
    fields = {field.attname: getattr(item, field.attname) for field in Item._meta.concrete_fields}
    fields |= {"id": None, "section_id": section.pk, "position": 10_000 + place}
    return Item(**fields | {"from_month": max(item.from_month or 0, effective_from)})


def _followed(custom: CustomItem, item: Item) -> CustomItem:
    """The same decision, for the copy."""
    fields = {field.attname: getattr(custom, field.attname) for field in CustomItem._meta.concrete_fields}
    fields |= {"id": None, "section_id": item.section_id, "item_id": item.pk, "from_month": item.from_month}
    return CustomItem(**fields)


def _last_used(item: Item) -> int | None:
    """The last month in which something was typed or posted under the item."""
    entries = LedgerEntry.objects.standing().filter(item=item).aggregate(last=Max("month"))["last"]
    cells = DraftCell.objects.filter(item=item).exclude(text="").aggregate(last=Max("month"))["last"]
    return max((month for month in (entries, cells) if month is not None), default=None)


@dataclass(frozen=True)
class _File:
    rule_set_code: str
    clauses: list[tuple[str, Lined]]


def _read(content: str) -> _File:
    problems: list[str] = []
    reader = Reader(read_document(content), problems)
    rule_set_code = reader.take("办法", code, "", needed=True)
    # For people: whose items these were.
    reader.take("单位", text(100), "")
    sections = reader.take("板块", mappings, [], needed=True)
    reader.finish()
    clauses = []
    for section in sections:
        inner = Reader(section, problems)
        name = inner.take("代号", text(20), "", needed=True)
        clauses += [(name, clause) for clause in inner.take("条款", mappings, [], needed=True)]
        inner.finish()
    if problems:
        raise Refused("\n".join(problems))
    return _File(rule_set_code, clauses)


@transaction.atomic
def load_custom_items(
    content: str, *, rule_set: RuleSet, unit: OrgUnit, from_month: int, by: User
) -> list[CustomItem]:
    """Propose every clause of a file, or none of them. Raise Refused with one sentence per problem."""
    file = _read(content)
    if file.rule_set_code != rule_set.code:
        raise Refused(
            _("文件写给代号为“%(told)s”的办法，这里是“%(code)s”，请核对文件第一行。")
            % {"told": file.rule_set_code, "code": rule_set.code}
        )
    sections = {section.code: section for section in rule_set.sections.select_related("rule_set__owner")}
    made, problems = [], []
    for name, clause in file.clauses:
        section = sections.get(name)
        if section is None:
            problems.append(_("%(place)s：没有代号为“%(code)s”的板块。") % {"place": clause.place, "code": name})
            continue
        try:
            made.append(propose_custom_item(unit, section, clause, from_month, by=by))
        except Refused as refusal:
            clause_name = f"{clause.get('条款号', '')} {clause.get('名称', '')}".strip() or clause.place
            problems += [f"{clause_name}：{line}" for line in str(refusal).split("\n")]
    if problems:
        raise Refused("\n".join(problems))
    return made
