"""Rank tables of committees: how many accounts reached which total, and the rank that total has."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction

from members.models import OrgUnit
from scoring.models import Span, Standing
from scoring.months import period_end

# Every unit that scores stand in with each unit above it; a branch counts for all committees over it.
_STANDINGS = """
WITH RECURSIVE above(unit_id, node_id) AS (
    SELECT id, id FROM members_orgunit WHERE kind NOT IN ('PARTY_GROUP', 'DEPARTMENT')
    UNION ALL
    SELECT above.unit_id, u.parent_id FROM above JOIN members_orgunit u ON u.id = above.node_id
    WHERE u.parent_id IS NOT NULL
)
INSERT INTO scoring_standing (unit_id, month, span, kind, total, count, rank)
SELECT node_id, %s, %s, account_kind, total, n,
       1 + sum(n) OVER (PARTITION BY node_id, account_kind ORDER BY total DESC) - n
FROM (
    SELECT above.node_id, r.account_kind, s.total, count(*) AS n
    FROM {table} s JOIN scoring_ruleset r ON r.id = s.rule_set_id JOIN above ON above.unit_id = s.unit_id
    WHERE s.month = %s AND {span} above.node_id IN ({committees})
    GROUP BY above.node_id, r.account_kind, s.total
) AS counted
"""


@transaction.atomic
def refresh_standings(committees: Iterable[OrgUnit], month: int) -> None:
    """Replace the rank tables of these committees' month, in one pass."""
    ids = sorted(committee.pk for committee in committees)
    if not ids:
        return
    # Branches that close at the same moment come one after the other.
    list(OrgUnit.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    for span in spans_ending(month):
        Standing.objects.filter(unit__in=ids, month=month, span=span).delete()
        tables = {"table": "scoring_score", "span": ""}
        if span != Span.MONTH:
            tables = {"table": "scoring_result", "span": f"s.span = '{span.value}' AND"}
        with connection.cursor() as cursor:
            cursor.execute(_STANDINGS.format(committees=", ".join(map(str, ids)), **tables), [month, span, month])


def spans_ending(month: int) -> list[Span]:
    """What is complete with this month: the month, perhaps a quarter, perhaps the year."""
    return [span for span in Span if period_end(month, span) == month]
