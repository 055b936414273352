"""The hand-written statement (limit.sql) and a table like the product's for it to fill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import connection, transaction

from benchmarks.organisation import Organisation
from scoring.models import Item
from scoring.months import first_day

TABLE = "limit_score"
# The names limit.sql has for the items of the short rule set.
_ITEMS = {
    "base": "基-1",
    "work": "加-1",
    "activity": "加-2",
    "award": "加-3",
    "duty": "减-1",
    "discipline": "减-2",
}
_BRANCHES = "s.branch_id = ANY(%(units)s) AND"
_ACCOUNTS = """e.account_id = ANY(ARRAY(
    SELECT a.id FROM members_membership s JOIN scoring_account a ON a.member_id = s.member_id
    WHERE s.branch_id = ANY(%(units)s) AND s.started_on <= %(day)s AND (s.ended_on IS NULL OR s.ended_on > %(day)s)
)) AND"""
_EQUAL = ("total", "unit_id", "group_id", "rule_set_id", "sections", "has_veto", "rank_in_group", "rank_in_branch")


def make_table() -> None:
    """Empty, with the indexes and foreign keys of scoring_score."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS limit_changed (account_id bigint)")
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS limit_standing (unit_id bigint, total bigint, count integer, rank integer)"
        )
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")
        cursor.execute(f"CREATE TABLE {TABLE} (LIKE scoring_score INCLUDING ALL)")
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = 'scoring_score'::regclass AND contype = 'f'"
        )
        for name, definition in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {TABLE} ADD CONSTRAINT limit_{name} {definition}")


@transaction.atomic
def run(made: Organisation, units: list[int] | None = None) -> None:
    """Score the month: everybody in one statement, or the members of these branches."""
    values = _values(made) | {"units": units}
    statement = (Path(__file__).parent / "limit.sql").read_text(encoding="utf-8")
    with connection.cursor() as cursor:
        # What someone who tunes a statement by hand would do for it.
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        cursor.execute(
            statement.format(target=TABLE, branches=_BRANCHES if units else "", accounts=_ACCOUNTS if units else ""),
            values,
        )


def _values(made: Organisation) -> dict[str, Any]:
    codes = dict(Item.objects.filter(section__rule_set=made.rule_set).values_list("code", "pk"))
    values: dict[str, Any] = {name: codes[code] for name, code in _ITEMS.items()}
    return values | {"month": made.month, "day": first_day(made.month), "rule_set": made.rule_set.pk}


@transaction.atomic
def run_changed(made: Organisation) -> None:
    """Score the accounts named in limit_changed anew, and rank whom it concerns."""
    text = (Path(__file__).parent / "limit_changed.sql").read_text(encoding="utf-8")
    values = _values(made)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'")
        for statement in text.format(target=TABLE).split(";"):
            cursor.execute(statement, values if "%(" in statement else None)


def require_equal(made: Organisation) -> None:
    """Both tables hold the same scores and ranks, and the rank table of the top says the same. Raise otherwise."""
    ours, theirs = (", ".join(f"{side}.{name}" for name in _EQUAL) for side in "xy")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), count(*) FILTER (WHERE ({ours}) IS DISTINCT FROM ({theirs})) "
            f"FROM (SELECT * FROM scoring_score WHERE month = %s) x FULL JOIN {TABLE} y USING (account_id, month)",
            [made.month],
        )
        rows, different = cursor.fetchone()
        cursor.execute(
            f"SELECT count(*) FROM (SELECT DISTINCT total, rank() OVER (ORDER BY total DESC) AS rank FROM {TABLE}) x "
            "FULL JOIN (SELECT * FROM scoring_standing WHERE month = %s AND unit_id = %s) y USING (total, rank) "
            "WHERE x.total IS NULL OR y.total IS NULL",
            [made.month, made.root.pk],
        )
        (ranks,) = cursor.fetchone()
    if not rows or different or ranks:
        raise AssertionError(f"of {rows} scores {different} differ, and {ranks} ranks of the committee")
