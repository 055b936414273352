"""The columns of the monthly grid: what may stand in a cell, and what it is worth."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit
from scoring.books import Layout as RuleLayout
from scoring.books import book_of, custom_units, item_rule, layout_of
from scoring.calculation.amounts import hundredths
from scoring.calculation.book import ItemRule, RuleBook
from scoring.calculation.cells import read_cell, write_cell
from scoring.calculation.pricing import price, show
from scoring.models import Item, RuleSet, Section


@dataclass(frozen=True)
class GridColumn:
    item: Item
    section: Section
    rule: ItemRule
    hint: str
    is_editable: bool

    @property
    def is_expected(self) -> bool:
        """Whether every member is expected to have something here: bonus and deduction may stay empty."""
        return self.is_editable and self.section.kind in (Section.Kind.BASE, Section.Kind.DUTY)

    @property
    def notes(self) -> list[str]:
        """What a cell of this column must keep to, as short sentences."""
        rule = self.rule
        found = [_("填写：%s") % self.hint] if self.hint else []
        is_hinted = rule.pricing in ("fixed", "per_unit")
        for text, cap in (
            (_("每月最多 %s 分"), None if is_hinted else rule.cap_month),
            (_("每季最多 %s 分"), rule.cap_quarter),
            (_("每年最多 %s 分"), rule.cap_year),
        ):
            if cap is not None:
                found.append(text % show(cap))
        if rule.reason_required:
            found.append(_("须在单元格备注中写理由"))
        if self.item.evidence == Item.EvidenceRule.REQUIRED:
            found.append(_("须附佐证材料"))
        if not self.is_editable:
            found.append(_("由%s自动计入，不在这里填写") % self.item.get_fed_by_display())
        return found


@dataclass(frozen=True)
class Layout:
    """A rule set as the grid shows it and as the engine computes it."""

    sections: tuple[tuple[Section, int], ...]
    columns: tuple[GridColumn, ...]
    book: RuleBook

    @property
    def by_item(self) -> dict[int, GridColumn]:
        return {column.item.pk: column for column in self.columns}


@dataclass(frozen=True)
class Priced:
    points: int
    quantity: int


def _plain(amount: object) -> str:
    return show(hundredths(str(amount)))


def hint_of(rule: ItemRule) -> str:
    """The short range under a column's heading."""
    table = rule.pricing_table
    if rule.pricing == "range":
        return f"{_plain(table['min'])}～{_plain(table['max'])}"
    if rule.pricing in ("level", "grade"):
        return "／".join(str(name) for name, _points in table["levels"])  # type: ignore[attr-defined]
    if rule.pricing == "per_unit":
        each = _("每%(unit)s %(rate)s 分") % {"unit": rule.unit_label, "rate": _plain(table["rate"])}
    elif rule.pricing == "fixed":
        each = _("每%(unit)s %(rate)s 分") % {"unit": rule.unit_label or _("次"), "rate": _plain(table["points"])}
    else:
        return rule.unit_label or _("填分数")
    return each + (_("，月限 %s") % show(rule.cap_month) if rule.cap_month is not None else "")


def grid_layout(rule_set: RuleSet, unit: OrgUnit | None = None, month: int | None = None) -> Layout:
    """The columns of a rule set, with the items that the unit added. A published one is made once per process."""
    if rule_set.published_at is None or (unit is not None and custom_units(rule_set)):
        return _made(rule_set, layout_of(rule_set, unit, month))
    return _published(rule_set.pk, rule_set.published_at, rule_set.custom_changed_at)


# A database that is rolled back or restored may give the same id to another rule set; never the same moment.
@lru_cache(maxsize=256)
def _published(
    rule_set_id: int, published_at: datetime.datetime, custom_changed_at: datetime.datetime | None
) -> Layout:
    rule_set = RuleSet.objects.get(pk=rule_set_id)
    return _made(rule_set, layout_of(rule_set))


def _made(rule_set: RuleSet, layout: RuleLayout) -> Layout:
    columns = []
    for section, items in layout:
        for item in items:
            rule = item_rule(item, section)
            columns.append(GridColumn(item, section, rule, hint_of(rule), item.fed_by == Item.FedBy.GRID))
    sections = tuple((section, len(items)) for section, items in layout if items)
    return Layout(sections, tuple(columns), book_of(rule_set, layout))


def check_cell(rule: ItemRule, text: str) -> tuple[str, int | None]:
    """A typed text in canonical spelling and its points. Raise Refused with a sentence that names the clause."""
    fact = read_cell(rule, text)
    if fact is None:
        return "", None
    points = price(rule, fact)
    if rule.cap_month is not None and points > rule.cap_month:
        raise Refused(
            _("%(item)s 每月最多 %(cap)s 分。") % {"item": f"{rule.code} {rule.name}", "cap": show(rule.cap_month)}
        )
    return write_cell(rule, fact), points


class Prices:
    """What saved texts are worth. A month repeats a few texts thousands of times: each is read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Priced | None] = {}

    def of(self, rule: ItemRule, text: str) -> Priced | None:
        """None for an empty text and for one that the rules no longer know."""
        key = (rule.key, text)
        if key not in self._known:
            self._known[key] = self._read(rule, text)
        return self._known[key]

    def _read(self, rule: ItemRule, text: str) -> Priced | None:
        try:
            fact = read_cell(rule, text)
            if fact is None:
                return None
            return Priced(price(rule, fact), 100 if fact.quantity is None else fact.quantity)
        except Refused:
            return None
