"""From the tables to the plain values the calculation reads."""

from __future__ import annotations

from decimal import Decimal

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
        zeroes=item.zeroes,
        unit_label=item.unit_label,
        classes=tuple(item.classes),
        is_deduction=section.kind == Section.Kind.DEDUCTION or _only_deducts(item),
        reason_required=item.reason_required,
    )


def _only_deducts(item: Item) -> bool:
    """A range that ends at zero takes points off, in whichever section it stands."""
    return item.pricing == Item.Pricing.RANGE and hundredths(item.pricing_table["max"]) <= 0


def section_rule(section: Section, items: list[Item]) -> SectionRule:
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
    )


Layout = list[tuple[Section, list[Item]]]


def layout_of(rule_set: RuleSet) -> Layout:
    """Sections with their items, in the order of the rule set: two queries, and none for what was read before.

    Published versions never change, so they are kept; the moment of publication tells them apart.
    """
    if rule_set.published_at is None:
        return _read_layout(rule_set)
    key = (rule_set.pk, rule_set.published_at)
    if key not in _kept:
        if len(_kept) >= _KEEP:
            _kept.clear()
        _kept[key] = _read_layout(rule_set)
    return _kept[key]


_KEEP = 64
_kept: dict[tuple[int, object], Layout] = {}


def _read_layout(rule_set: RuleSet) -> Layout:
    sections = list(rule_set.sections.all())
    items: dict[int, list[Item]] = {section.pk: [] for section in sections}
    for item in Item.objects.filter(section__in=sections):
        items[item.section_id].append(item)
    return [(section, items[section.pk]) for section in sections]


def book_of(rule_set: RuleSet, layout: Layout | None = None) -> RuleBook:
    return RuleBook(
        period=rule_set.period,
        sections=tuple(section_rule(section, items) for section, items in (layout or layout_of(rule_set))),
        floor=_amount(rule_set.floor),
        ceiling=_amount(rule_set.ceiling),
        decimals=rule_set.decimals,
        cap_order=rule_set.cap_order,
    )
