"""Facts of the ledger, priced anew by rules they were not filed under."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection
from django.utils.translation import gettext as _

from members.errors import Refused
from scoring.books import Layout, item_rule
from scoring.calculation.amounts import Column
from scoring.calculation.book import ItemRule
from scoring.calculation.order import ADJUSTMENT
from scoring.calculation.pricing import Fact, price
from scoring.fields import AMONG, listed
from scoring.groups import Rows, draft_rows, occasion_rows
from scoring.models import Item

_FACTS = """
SELECT e.id, e.account_id, COALESCE(e.item_id, 0), e.month, e.points, e.quantity, e.level, COALESCE(e.held, 0),
       e.occasion, CASE WHEN g.kind = 'SHARED' THEN 1 ELSE 0 END
FROM scoring_ledgerentry e LEFT JOIN scoring_grant g ON g.id = e.cause_id
WHERE e.account_id {among} AND e.month BETWEEN %s AND %s AND e.reverses_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM scoring_ledgerentry r WHERE r.reverses_id = e.id)
ORDER BY e.id
"""
# id, account, item, month, points, quantity, level, held, occasion, whether it is a share of an award.
Found = tuple[int, int, int, int, int, int | None, str, int, str, int]
# What the price depends on: item, points, quantity, level, whether it is a share.
_Key = tuple[int, int, int | None, str, int]
# Pricings that say nothing without a number.
_MEASURED = frozenset({"per_unit", "bands"})


@dataclass(frozen=True)
class Facts:
    """Entries as rows for the calculation, one each, in the order of filing."""

    rows: Rows
    occasions: Rows

    def of(self, accounts: Column, first: int, last: int) -> tuple[Rows, Rows]:
        """Those of some accounts from one month to another."""
        return _chosen(self.rows, accounts, first, last), _chosen(self.occasions, accounts, first, last)


def _chosen(rows: Rows, accounts: Column, first: int, last: int) -> Rows:
    where = np.isin(rows["account_id"], accounts) & (rows["month"] >= first) & (rows["month"] <= last)
    return {name: column[where] for name, column in rows.items()}


class Repricing:
    """What facts are worth under a rule set. Each distinct fact is priced once; what cannot be is counted."""

    def __init__(self, layout: Layout) -> None:
        """In: all the rules, with the items of every unit."""
        self._rules = {(item.unit_id, item.code): item_rule(item, part) for part, items in layout for item in items}
        self._by_occasion = {rule.key for rule in self._rules.values() if rule.tally_table.get("of") == "occasion"}
        self._filed: dict[int, Item] = {}
        self._known: dict[_Key, tuple[int, int] | None] = {}
        self._why: dict[_Key, str] = {}
        self._lost: Counter[tuple[str, str]] = Counter()

    @property
    def warnings(self) -> list[tuple[str, str, int]]:
        """What does not count under these rules: clause, why, how many records. Most records first."""
        found = [(clause, why, count) for (clause, why), count in self._lost.items()]
        return sorted(found, key=lambda line: (-line[2], line[0]))

    def read(self, accounts: Column, first: int, last: int, told_from: int) -> Facts:
        """The standing entries of these accounts (ascending ids), priced. Two queries at most.

        What is older than `told_from` is read for the sake of caps only, and never a warning.
        """
        with connection.cursor() as cursor:
            cursor.execute(_FACTS.format(among=AMONG[connection.vendor]), [listed(accounts.tolist()), first, last])
            found: list[Found] = cursor.fetchall()
        self._get_filed({row[2] for row in found})
        return self._facts(found, told_from)

    def _get_filed(self, keys: Iterable[int]) -> None:
        unknown = [key for key in keys if key != ADJUSTMENT and key not in self._filed]
        if unknown:
            self._filed |= Item.objects.select_related("section").in_bulk(unknown)

    def _facts(self, found: Sequence[Found], told_from: int) -> Facts:
        rows, held_of, occasions = [], [], []
        for number, account, item, month, points, quantity, level, held, occasion, is_share in found:
            fact = (item, points, quantity, level, is_share)
            priced = self._priced(fact)
            if priced is None:
                if month >= told_from:
                    self._lost[str(self._filed[item]), self._why[fact]] += 1
                continue
            key, worth = priced
            rows.append((account, key, month, worth, 100 if quantity is None else quantity))
            held_of.append(held)
            if key in self._by_occasion:
                occasions.append((account, key, month, f"#{occasion}" if occasion else str(number), worth))
        columns = draft_rows(rows)
        columns["held"] = np.array(held_of, dtype=np.int64)
        return Facts(columns, occasion_rows(occasions))

    def _priced(self, key: _Key) -> tuple[int, int] | None:
        if key not in self._known:
            try:
                self._known[key] = self._price(key)
            except Refused as refusal:
                self._known[key], self._why[key] = None, str(refusal)
        return self._known[key]

    def _price(self, key: _Key) -> tuple[int, int]:
        """The item here and the points. Raise Refused when there is none, or the fact does not say what it asks."""
        filed_under, points, quantity, level, is_share = key
        if filed_under == ADJUSTMENT:
            return ADJUSTMENT, points
        item = self._filed[filed_under]
        rule = self._rule_for(item)
        if rule is None:
            raise Refused(_("这份办法里没有这个条款，不计分。"))
        # A share of an award was never priced, and the same price list gives the same points.
        if is_share or (rule.pricing, rule.pricing_table) == (item.pricing, item.pricing_table):
            return rule.key, points
        if rule.pricing in _MEASURED and quantity is None:
            raise Refused(_("记录没有写数量，按这份办法不能计价。"))
        return rule.key, price(rule, Fact(quantity=quantity, level=level, chosen=points))

    def _rule_for(self, item: Item) -> ItemRule | None:
        """By clause number; a unit's own item also where it has become common to all."""
        return self._rules.get((item.unit_id, item.code)) or self._rules.get((None, item.code))
