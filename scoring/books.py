"""From the tables to the plain values the calculation reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from members.models import OrgUnit
from scoring.calculation.amounts import hundredths
from scoring.calculation.book import ItemRule, RuleBook, SectionRule
from scoring.models import Item, RuleSet, Section


def _amount(value: Decimal | None) -> int | None:
    return None if value is None else hundredths(value)


def item_rule(item: Item, section: Section) -> ItemRule:
    return ItemRule(
        key=item.pk,
        code=item.code,
        name=item.name,
        pricing=item.pricing,
        pricing_table=item.pricing_table,
        tally=item.tally,
        tally_table=item.tally_table,
        start=hundredths(item.start),
        floor=_amount(item.floor),
        cap_month=_amount(item.cap_month),
        cap_quarter=_amount(item.cap_quarter),
        cap_year=_amount(item.cap_year),
        outside_cap=item.outside_cap,
        annual=item.annual,
        zeroes=item.zeroes,
        unit_label=item.unit_label,
        classes=tuple(item.classes),
        posts=tuple(item.posts),
        expected=item.expected_count,
        is_deduction=section.kind == Section.Kind.DEDUCTION or _only_deducts(item),
        reason_required=item.reason_required,
    )


def _only_deducts(item: Item) -> bool:
    """A range that ends at zero takes points off, in whichever section it stands."""
    return item.pricing == Item.Pricing.RANGE and hundredths(item.pricing_table["max"]) <= 0


def section_rule(section: Section, items: Iterable[Item]) -> SectionRule:
    return SectionRule(
        code=section.code,
        name=section.name,
        kind=section.kind,
        items=tuple(item_rule(item, section) for item in items),
        full_marks=_amount(section.full_marks),
        start=hundredths(section.start),
        floor=_amount(section.floor),
        cap=_amount(section.cap),
        weight=_amount(section.weight),
        carry_over=_amount(section.carry_over),
    )


Layout = Sequence[tuple[Section, Sequence[Item]]]


@dataclass(frozen=True)
class _Kept:
    """All of a rule set, with the items that units added, and what earlier versions' items are called here and
    since when each clause number stands."""

    layout: Layout
    older: dict[int, int]
    since: dict[str, int]
    has_custom: bool


def layout_of(rule_set: RuleSet, unit: OrgUnit | None = None, month: int | None = None) -> Layout:
    """Sections with their items, in the order of the rule set, as they hold for a unit in a month.

    Without a unit the common items alone. Three queries, and none for what was read before.
    """
    kept = _kept_of(rule_set)
    if not kept.has_custom:
        return kept.layout
    chain = frozenset(_chain(unit)) if unit is not None else frozenset()
    return [(section, [item for item in items if _holds(item, chain, month)]) for section, items in kept.layout]


def widest_layout(rule_set: RuleSet) -> Layout:
    """With the items of every unit: which sections anybody can have points in, and how far an entry can reach."""
    return _kept_of(rule_set).layout


def _chain(unit: OrgUnit) -> list[int]:
    return [int(part) for part in unit.path.split(".") if part]


def _holds(item: Item, chain: frozenset[int], month: int | None) -> bool:
    """Whether an item counts below these units in the month (any month, where none is named)."""
    if item.unit_id is None:
        return True
    if item.unit_id not in chain:
        return False
    return month is None or ((item.from_month or 0) <= month and (item.to_month is None or month <= item.to_month))


def since_when(rule_set: RuleSet) -> dict[str, int]:
    """Clause number -> the month from which a published version of these rules has had it."""
    return _kept_of(rule_set).since


def custom_units(rule_set: RuleSet) -> frozenset[int]:
    """The units that have added items of their own."""
    kept = _kept_of(rule_set)
    if not kept.has_custom:
        return frozenset()
    return frozenset(item.unit_id for _section, items in kept.layout for item in items if item.unit_id)


def by_custom_items(rule_set: RuleSet, units: Iterable[OrgUnit]) -> list[list[OrgUnit]]:
    """The units in parts that share the same items: one part, where no unit has any of its own."""
    own = custom_units(rule_set)
    parts: dict[frozenset[int], list[OrgUnit]] = {}
    for unit in units:
        parts.setdefault(own.intersection(_chain(unit)) if own else own, []).append(unit)
    return list(parts.values())


_KEEP = 64
_kept: dict[tuple[int, object, object], _Kept] = {}


def _kept_of(rule_set: RuleSet) -> _Kept:
    """Published versions never change, so they are kept; the moments of publication and of the last custom item
    tell them apart."""
    if rule_set.published_at is None:
        return _read(rule_set)
    key = (rule_set.pk, rule_set.published_at, rule_set.custom_changed_at)
    if key not in _kept:
        if len(_kept) >= _KEEP:
            _kept.clear()
        _kept[key] = _read(rule_set)
    return _kept[key]


def _read(rule_set: RuleSet) -> _Kept:
    sections = list(rule_set.sections.all())
    items: dict[int, list[Item]] = {section.pk: [] for section in sections}
    for item in Item.objects.filter(section__in=sections):
        items[item.section_id].append(item)
    layout = [(section, items[section.pk]) for section in sections]
    everything = [item for _section, ones in layout for item in ones]
    others = Item.objects.filter(section__rule_set__owner=rule_set.owner_id, section__rule_set__code=rule_set.code)
    rows = others.exclude(section__rule_set=rule_set.pk).values_list(
        "pk", "unit", "code", "section__rule_set__state", "section__rule_set__effective_from"
    )
    # Items of other versions of the same rules -> the item of the same clause number (and unit) in this one.
    here = {(item.unit_id, item.code): item.pk for item in everything}
    older, since = {}, dict.fromkeys((item.code for item in everything), rule_set.effective_from)
    for pk, unit, code, state, begun in rows:
        if (unit, code) in here:
            older[pk] = here[unit, code]
            if state != RuleSet.State.DRAFT:
                since[code] = min(since[code], begun)
    return _Kept(layout, older, since, any(item.unit_id for item in everything))


def book_of(rule_set: RuleSet, layout: Layout | None = None) -> RuleBook:
    """The rules as plain values. In: a layout, where it is not the common one."""
    return RuleBook(
        period=rule_set.period,
        sections=tuple(section_rule(section, items) for section, items in (layout or layout_of(rule_set))),
        floor=_amount(rule_set.floor),
        ceiling=_amount(rule_set.ceiling),
        decimals=rule_set.decimals,
        cap_order=rule_set.cap_order,
        veto_until=rule_set.veto_until,
        quarter_value=rule_set.quarter_value,
        quarter_full=_amount(rule_set.quarter_full),
        year_value=rule_set.year_value,
        year_of=rule_set.year_of,
        year_full=_amount(rule_set.year_full),
        older=_kept_of(rule_set).older if rule_set.pk else {},
    )


def book_for(rule_set: RuleSet, unit: OrgUnit, month: int) -> RuleBook:
    """The rules as they hold for a unit in a month, its own items included."""
    return book_of(rule_set, layout_of(rule_set, unit, month))
