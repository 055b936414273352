"""What has to be computed again. A mark says only that; the night finds the rest in the tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from django.db import connection

from scoring.calculation.amounts import Column
from scoring.calculation.book import RuleBook
from scoring.fields import AMONG, listed
from scoring.months import period_end

_MARK = """
INSERT INTO scoring_stalescore (account_id, month)
SELECT account_id, month FROM scoring_score WHERE account_id {among} AND month BETWEEN %s AND %s
ON CONFLICT DO NOTHING
"""


def mark_accounts(accounts: Collection[int], first: int, last: int) -> None:
    """The scores that these accounts have from one month to another no longer show everything."""
    if not accounts or first > last:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MARK.format(among=AMONG[connection.vendor]), [listed(sorted(accounts)), first, last])


def last_touched(book: RuleBook, month: int) -> int:
    """The last month whose score an entry of `month` can change: the end of its period or of the longest cap."""
    spans = {book.period, book.longest_cap} | ({"YEAR"} if any(item.annual for item in book.items) else set())
    return max(period_end(month, span) for span in spans)


_TAKE = """
DELETE FROM scoring_stalescore WHERE month = %s AND account_id IN (
    SELECT account_id FROM scoring_score WHERE month = %s AND unit_id {among}
) RETURNING account_id
"""


def take_marks(unit_ids: Sequence[int], month: int) -> Column:
    """Remove the marks of these branches. Out: the accounts, ascending.

    The marks go before the ledger is read: what changes from now on marks anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE.format(among=AMONG[connection.vendor]), [month, month, listed(unit_ids)])
        rows = cursor.fetchall()
    return np.sort(np.array(rows, dtype=np.int64).reshape(-1))
