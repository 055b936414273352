"""SQL groups the ledger; numpy columns take the groups. Memory is bounded by the accounts asked for."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from django.db import connection

from scoring.calculation.amounts import FINE, Column, Matrix
from scoring.calculation.book import ItemRule
from scoring.calculation.order import Circumstances, Groups
from scoring.calculation.tally import NOTHING, READS, Months, Occasions
from scoring.scope import read_scope

# Grouped rows, column by column: the key, then the facts asked for.
Rows = dict[str, Column]

KEY = ("account_id", "item_id", "month")
# The points of the newest entry ride behind its id in one number; ids stay far below 10^10.
_LATEST_SHIFT = 10**7
NEWEST_ID = 10**10
_FACTS = {
    "total": "CAST(sum(e.points) AS bigint)",
    "highest": "max(e.points)",
    "latest": f"max(e.id * {_LATEST_SHIFT} + e.points + {_LATEST_SHIFT // 2})",
    "count": "count(*)",
    "quantity": "CAST(sum(COALESCE(e.quantity, 100)) AS bigint)",
    "held": "CAST(COALESCE(sum(e.held), 0) AS bigint)",
}
# The months in scope are a fact of the account, not of its ledger; occasions are read entry by entry.
ALL_FACTS = frozenset({*_FACTS, "scope", "occasions"})

# Of each occasion the best fact of a month. What names no occasion is one of its own.
_OCCASIONS = """
SELECT e.account_id, e.item_id, e.month, CASE WHEN e.occasion = '' THEN CAST(e.id AS text) ELSE '#' || e.occasion END,
       max(e.points)
FROM scoring_ledgerentry e JOIN scoring_item i ON i.id = e.item_id
WHERE {in_view} AND e.reverses_id IS NULL AND i.tally = 'highest' {extra}
  AND NOT EXISTS (SELECT 1 FROM scoring_ledgerentry r WHERE r.reverses_id = e.id)
GROUP BY 1, 2, 3, 4
"""

# An entry and its reversal leave every tally: neither a reversal nor anything that has one is read. A reversal stands
# in the account and month of its entry, so the second look is nearly as narrow as the first: from the first account to
# the last, for naming thousands of them twice takes longer than some reversals too many.
_GROUPED = """
SELECT e.account_id, COALESCE(e.item_id, 0), CAST(e.month AS bigint), {facts}
FROM scoring_ledgerentry e
WHERE {in_view} AND e.reverses_id IS NULL {extra}
  AND e.id NOT IN (SELECT r.reverses_id FROM scoring_ledgerentry r WHERE r.reverses_id IS NOT NULL
                   AND r.account_id BETWEEN %(lowest)s AND %(highest)s AND r.month BETWEEN %(first)s AND %(last)s)
GROUP BY e.account_id, e.item_id, e.month
"""
_IN_VIEW = {
    "postgresql": "e.account_id = ANY(%(accounts)s::bigint[]) AND e.month BETWEEN %(first)s AND %(last)s",
    "sqlite": "e.account_id IN (SELECT value FROM json_each(%(accounts)s)) AND e.month BETWEEN %(first)s AND %(last)s",
}
# The grid computes with its own drafts in place of what they became in the ledger.
_WITHOUT_CELLS = (
    "AND e.id NOT IN (SELECT c.entry_id FROM scoring_draftcell c "
    "WHERE c.unit_id = {unit:d} AND c.month = {month:d} AND c.entry_id IS NOT NULL)"
)


def facts_of(items: Iterable[ItemRule]) -> frozenset[str]:
    """What the rules read of the ledger. Totals always, for adjustments stand outside all items."""
    read = {"total"}
    for item in items:
        read |= READS[item.tally]
        if item.zeroes:
            read.add("count")
        if item.tally_table.get("of") == "occasion":
            read.add("occasions")
    return frozenset(read)


def read_groups(
    account_ids: Column,
    months: list[int],
    *,
    facts: Collection[str] = ALL_FACTS,
    without_cells: tuple[int, int] | None = None,
    drafts: Rows | None = None,
    older: Mapping[int, int] | None = None,
    about: Circumstances | None = None,
) -> Groups:
    """The ledger of these accounts (ascending ids) over all months in view, one statement; the scope is another.

    `without_cells` (unit, month) leaves out what the cells of that grid posted; `drafts` are rows to add; `older`
    says which item an earlier version's item is now.
    """
    groups = Groups(len(account_ids), months, {}, about or Circumstances())
    if not len(account_ids):
        return groups
    names = [name for name in _FACTS if name in facts]
    texts = {
        "in_view": _IN_VIEW[connection.vendor],
        "extra": _WITHOUT_CELLS.format(unit=without_cells[0], month=without_cells[1]) if without_cells else "",
    }
    query = _GROUPED.format(facts=", ".join(_FACTS[name] for name in names), **texts)
    read = _read_postgresql if connection.vendor == "postgresql" else _read_sqlite
    span = {"lowest": int(account_ids[0]), "highest": int(account_ids[-1]), "first": months[0], "last": months[-1]}
    rows = read(query, account_ids.tolist(), span, [*KEY, *names])
    if drafts is not None:
        rows = {name: np.concatenate([column, drafts[name]]) for name, column in rows.items()}
    rows["item_id"] = _renamed(rows["item_id"], older or {})
    scope = read_scope(account_ids, months) if "scope" in facts else None
    occasions = None
    if "occasions" in facts:
        occasions = _read_occasions(_OCCASIONS.format(**texts), account_ids, span, drafts)
        occasions["item_id"] = _renamed(occasions["item_id"], older or {})
    groups.items = _Items(groups, account_ids, rows, scope, occasions)
    return groups


def _renamed(items: Column, older: Mapping[int, int]) -> Column:
    """The items of earlier versions under the key of today's."""
    if not older:
        return items
    known, places = np.unique(items, return_inverse=True)
    return np.array([older.get(key, key) for key in known.tolist()], dtype=np.int64)[places]


def _read_occasions(query: str, account_ids: Column, span: dict[str, int], drafts: Rows | None) -> Rows:
    """Few rows: only items that count occasions have them. A draft is an occasion of its own."""
    postgresql = connection.vendor == "postgresql"
    accounts = account_ids.tolist()
    listed = "{" + ",".join(map(str, accounts)) + "}" if postgresql else json.dumps(accounts)
    with connection.cursor() as cursor:
        cursor.execute(query, {"accounts": listed, **span})
        found = cursor.fetchall()
    if drafts is not None:
        keys = zip(*(drafts[name].tolist() for name in (*KEY, "latest", "highest")), strict=True)
        found = [*found, *((account, item, month, f"d{own}", points) for account, item, month, own, points in keys)]
    return occasion_rows(found)


def occasion_rows(found: Sequence[tuple[int, int, int, str, int]]) -> Rows:
    """Facts with their occasion as columns. In: account, item, month, occasion, points in hundredths."""
    numbers: dict[str, int] = {}
    rows = [(a, i, m, numbers.setdefault(text, len(numbers)), points) for a, i, m, text, points in found]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return dict(zip((*KEY, "occasion", "points"), columns, strict=True))


def _read_postgresql(query: str, accounts: Sequence[int], span: dict[str, int], names: list[str]) -> Rows:
    """One row with an array per column, by COPY in binary: row by row, half the time would go into handing over.

    A field is 4 bytes of length, 20 of array header, then 4 bytes of length and 8 of value per element.
    """
    arrays = ", ".join(f"array_agg({name})" for name in names)
    query = f"COPY (SELECT {arrays} FROM ({query}) AS grouped({', '.join(names)})) TO STDOUT (FORMAT BINARY)"
    values = {"accounts": "{" + ",".join(map(str, accounts)) + "}", **span}
    with connection.cursor() as cursor, cursor.cursor.copy(query, values) as copy:
        content = b"".join(bytes(block) for block in copy)
    rows: Rows = {}
    # 19 bytes of header and 2 of field count in front.
    place = 21
    for name in names:
        length = int.from_bytes(content[place : place + 4], signed=True)
        element = np.dtype([("length", ">i4"), ("value", ">i8")])
        # Without a group the array is null and its length −1.
        count = max(length - 20, 0) // element.itemsize
        found = np.frombuffer(content, element, count, place + 24) if count else np.empty(0, element)
        rows[name] = found["value"].astype(np.int64)
        place += 4 + max(length, 0)
    return rows


def _read_sqlite(query: str, accounts: Sequence[int], span: dict[str, int], names: list[str]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(query, {"accounts": json.dumps(accounts), **span})
        rows = cursor.fetchall()
    return dict(zip(names, np.array(rows, dtype=np.int64).reshape(-1, len(names)).T, strict=True))


class _Items(Mapping[int, Months]):
    """Item -> its matrices, made when asked for: of a long rule book only one item is spread out at once."""

    def __init__(
        self, groups: Groups, account_ids: Column, rows: Rows, scope: Matrix | None, occasions: Rows | None = None
    ) -> None:
        self._months, self._accounts, self._occasions = np.array(groups.months), account_ids, occasions
        self._nobody = np.zeros(groups.accounts, dtype=np.int64)
        order = np.argsort(rows["item_id"], kind="stable")
        self._rows = {name: column[order] for name, column in rows.items()}
        self._month = np.searchsorted(np.array(groups.months), self._rows["month"])
        self._place = np.searchsorted(account_ids, self._rows["account_id"])
        self._shape = (len(groups.months), groups.accounts)
        self._scope = np.broadcast_to(np.int64(1), self._shape) if scope is None else scope
        keys, firsts = np.unique(self._rows["item_id"], return_index=True)
        bounds = [*firsts.tolist(), len(order)]
        self._slices = {key: slice(*ends) for key, ends in zip(keys.tolist(), pairwise(bounds), strict=True)}

    def __iter__(self) -> Iterator[int]:
        return iter(self._slices)

    def __len__(self) -> int:
        return len(self._slices)

    def __getitem__(self, key: int) -> Months:
        chosen = self._slices[key]
        where = (self._month[chosen], self._place[chosen])
        latest = self._matrix("latest", chosen, where, NOTHING, 1)
        if "latest" in self._rows:
            known = latest != NOTHING
            latest[known] = (latest[known] % _LATEST_SHIFT - _LATEST_SHIFT // 2) * FINE
        return Months(
            total=self._matrix("total", chosen, where, 0, FINE),
            highest=self._matrix("highest", chosen, where, NOTHING, FINE),
            latest=latest,
            count=self._matrix("count", chosen, where, 0, 1),
            quantity=self._matrix("quantity", chosen, where, 0, 1),
            held=self._matrix("held", chosen, where, 0, 1),
            in_scope=self._scope,
            expected=self._nobody,
            occasions=self._occasions_of(key),
        )

    def _occasions_of(self, key: int) -> Occasions:
        if self._occasions is None:
            return Occasions.none()
        chosen = self._occasions["item_id"] == key
        return Occasions(
            np.searchsorted(self._months, self._occasions["month"][chosen]),
            np.searchsorted(self._accounts, self._occasions["account_id"][chosen]),
            self._occasions["occasion"][chosen],
            self._occasions["points"][chosen] * FINE,
        )

    def _matrix(self, fact: str, chosen: slice, where: tuple[Column, Column], empty: int, unit: int) -> Matrix:
        """Months by accounts. A draft may stand beside an entry of the same account, item and month."""
        if fact not in self._rows:
            return np.broadcast_to(np.int64(empty), self._shape)
        matrix = np.full(self._shape, empty, dtype=np.int64)
        gather = np.add if empty == 0 else np.maximum
        gather.at(matrix, where, self._rows[fact][chosen] * unit)
        return matrix


def draft_rows(cells: Sequence[tuple[int, int, int, int, int]]) -> Rows:
    """Cells not yet posted as grouped rows. In: account, item, month, points and quantity in hundredths."""
    columns = np.array(cells, dtype=np.int64).reshape(-1, 5).T
    account, item, month, points, quantity = columns
    newest = (NEWEST_ID + np.arange(len(points))) * _LATEST_SHIFT + points + _LATEST_SHIFT // 2
    ones = np.ones(len(points), dtype=np.int64)
    values = (account, item, month, points, points, newest, ones, quantity, ones * 0)
    return dict(zip((*KEY, *_FACTS), values, strict=True))


def groups_of_rows(
    account_ids: Column,
    months: list[int],
    rows: Rows,
    *,
    scope: Matrix | None = None,
    occasions: Rows | None = None,
    about: Circumstances | None = None,
) -> Groups:
    """Rows that never stood in a ledger, or stand there under other rules: for trying rules out."""
    groups = Groups(len(account_ids), months, {}, about or Circumstances())
    groups.items = _Items(groups, account_ids, rows, scope, occasions)
    return groups
