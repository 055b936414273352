"""Which months an account is in scope: for means over the months in scope. Wherever the member belonged then."""

from __future__ import annotations

import numpy as np
from django.db import connection

from scoring.calculation.amounts import Column, Matrix
from scoring.fields import AMONG, listed

# As in the population of a month: the first day decides; whoever is left out by decision is not in scope. Branches and
# teams always are. A stay covers the months from the first whose first day it holds, counted from the year 0.
_MONTH = {
    "postgresql": "CAST(extract(year FROM {0}) * 12 + extract(month FROM {0}) - 1 AS bigint) "
    "+ CASE WHEN extract(day FROM {0}) > 1 THEN 1 ELSE 0 END",
    "sqlite": "CAST(strftime('%%Y', {0}) AS integer) * 12 + CAST(strftime('%%m', {0}) AS integer) - 1 "
    "+ (strftime('%%d', {0}) > '01')",
}
_NEVER = 100_000
_STAYS = """
SELECT a.id, CASE WHEN a.member_id IS NULL THEN 0 ELSE {start} END, COALESCE({end}, {never})
FROM scoring_account a LEFT JOIN members_membership s ON s.member_id = a.member_id
WHERE a.id {among} AND (a.member_id IS NULL OR s.id IS NOT NULL)
"""
_EXCLUSIONS = """
SELECT a.id, {start}, COALESCE({end}, {never})
FROM scoring_account a JOIN members_exclusion s ON s.member_id = a.member_id WHERE a.id {among}
"""


def read_scope(account_ids: Column, months: list[int]) -> Matrix:
    """Months by accounts (ascending ids; months in a row): 1 where the account is scored. Two queries."""
    here = _covered(_STAYS, account_ids, months)
    left_out = _covered(_EXCLUSIONS, account_ids, months)
    return ((here > 0) & (left_out == 0)).astype(np.int64)


def _covered(query: str, account_ids: Column, months: list[int]) -> Matrix:
    """How many of the stretches that the query finds cover each month."""
    month = _MONTH[connection.vendor]
    statement = query.format(
        start=month.format("s.started_on"),
        end=month.format("s.ended_on"),
        never=_NEVER,
        among=AMONG[connection.vendor],
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [listed(account_ids.tolist())])
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 3)
    first = months[0] // 100 * 12 + months[0] % 100 - 1
    places = np.searchsorted(account_ids, rows[:, 0])
    steps = np.zeros((len(months) + 1, len(account_ids)), dtype=np.int64)
    np.add.at(steps, (np.clip(rows[:, 1] - first, 0, len(months)), places), 1)
    np.add.at(steps, (np.clip(rows[:, 2] - first, 0, len(months)), places), -1)
    return np.cumsum(steps, axis=0)[:-1]
