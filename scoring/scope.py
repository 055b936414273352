"""Which months an account is in scope: for means over the months in scope. Wherever the member belonged then."""

from __future__ import annotations

import json

import numpy as np
from django.db import connection

from scoring.calculation.amounts import Column, Matrix
from scoring.months import first_day

# As in the population of a month: the first day decides; whoever is left out by decision is not in scope. Branches and
# teams always are.
_SCOPE = """
WITH days(place, day) AS (VALUES {days})
SELECT d.place, a.id FROM scoring_account a CROSS JOIN days d
WHERE {chosen} AND (a.member_id IS NULL OR (
    EXISTS (SELECT 1 FROM members_membership s WHERE s.member_id = a.member_id
            AND s.started_on <= d.day AND (s.ended_on IS NULL OR s.ended_on > d.day))
    AND NOT EXISTS (SELECT 1 FROM members_exclusion x WHERE x.member_id = a.member_id
                    AND x.started_on <= d.day AND (x.ended_on IS NULL OR x.ended_on > d.day))))
"""


def read_scope(account_ids: Column, months: list[int]) -> Matrix:
    """Months by accounts (ascending ids): 1 where the account is scored. One query."""
    postgresql = connection.vendor == "postgresql"
    accounts = account_ids.tolist()
    query = _SCOPE.format(
        days=", ".join(["(%s, %s::date)" if postgresql else "(%s, %s)"] * len(months)),
        chosen="a.id = ANY(%s::bigint[])" if postgresql else "a.id IN (SELECT value FROM json_each(%s))",
    )
    days = [value for place, month in enumerate(months) for value in (place, first_day(month))]
    with connection.cursor() as cursor:
        cursor.execute(query, [*days, accounts if postgresql else json.dumps(accounts)])
        rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
    scope = np.zeros((len(months), len(accounts)), dtype=np.int64)
    scope[rows[:, 0], np.searchsorted(account_ids, rows[:, 1])] = 1
    return scope
