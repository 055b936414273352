"""The rules tried, as they would hold for a unit: with the items that units added and that would go along."""

from __future__ import annotations

from collections.abc import Iterable

from members.models import OrgUnit
from scoring.books import Layout, by_custom_items, layout_of
from scoring.models import Item, RuleSet
from scoring.rulebook.carry import Carried, carried_items


class Layouts:
    def __init__(self, rule_set: RuleSet, first: int) -> None:
        """In: the first month asked about."""
        self._rule_set = rule_set
        # A published version has its own.
        is_draft = rule_set.state == RuleSet.State.DRAFT
        self._carried: Carried = carried_items(rule_set, first) if is_draft else []
        self._owners = frozenset(item.unit_id for _section, item in self._carried)

    @property
    def everything(self) -> Layout:
        """With the items of every unit."""
        own: list[tuple[int, Item]] = [(section.pk, item) for section, item in self._carried]
        return [
            (section, [*section.items.all(), *(item for key, item in own if key == section.pk)])
            for section in self._rule_set.sections.prefetch_related("items")
        ]

    def parts(self, units: Iterable[OrgUnit]) -> list[list[OrgUnit]]:
        """The units in parts that share the same items."""
        if not self._carried:
            return by_custom_items(self._rule_set, units)
        parts: dict[frozenset[int | None], list[OrgUnit]] = {}
        for unit in units:
            parts.setdefault(self._owners & _chain(unit), []).append(unit)
        return list(parts.values())

    def of(self, unit: OrgUnit, month: int) -> Layout:
        layout = layout_of(self._rule_set, unit, month)
        if not self._carried:
            return layout
        chain = _chain(unit)
        own = [(section.pk, item) for section, item in self._carried if item.unit_id in chain and _counts(item, month)]
        return [(section, [*items, *(item for key, item in own if key == section.pk)]) for section, items in layout]


def _chain(unit: OrgUnit) -> frozenset[int | None]:
    return frozenset(int(part) for part in unit.path.split(".") if part)


def _counts(item: Item, month: int) -> bool:
    return (item.from_month or 0) <= month and (item.to_month is None or month <= item.to_month)
