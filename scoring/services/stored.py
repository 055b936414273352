"""Columns of computed numbers into the tables, one statement for some thousand accounts.

What came out as it stands is not written again: on most nights that is nearly everything.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db import connection

from scoring.calculation.amounts import Column
from scoring.calculation.order import ranks
from scoring.fields import AMONG, listed
from scoring.services.population import Population

_UPSERT = """
INSERT INTO {table} ({key}, {kept}, computed_at)
SELECT {values}, {now} FROM {numbers} WHERE true
ON CONFLICT ({key}) DO UPDATE SET {updates}, computed_at = excluded.computed_at
WHERE ({stored}) {differs} ({excluded})
"""


def _upsert(table: str, key: Mapping[str, str], kept: Mapping[str, str], numbers: Sequence[str]) -> str:
    """The statement. In: per column of the table what it is made of, and the columns of numbers coming in."""
    postgresql = connection.vendor == "postgresql"
    if postgresql:
        source = f"unnest({', '.join(['%s::bigint[]'] * len(numbers))}) AS x({', '.join(numbers)})"
    else:
        source = "(SELECT " + ", ".join(f"%s AS {name}" for name in numbers) + ") AS x"
    return _UPSERT.format(
        table=table,
        key=", ".join(key),
        values=", ".join([*key.values(), *kept.values()]),
        now="%s",
        numbers=source,
        kept=", ".join(kept),
        updates=", ".join(f"{name} = excluded.{name}" for name in kept),
        stored=", ".join(f"{table}.{name}" for name in kept),
        differs="IS DISTINCT FROM" if postgresql else "IS NOT",
        excluded=", ".join(f"excluded.{name}" for name in kept),
    )


def _write(
    statement: str, constants: Sequence[int | str], now: datetime.datetime, numbers: Mapping[str, Column]
) -> None:
    columns = [column.tolist() for column in numbers.values()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # As text: psycopg looks at every number of a list.
            cursor.execute(statement, [*constants, now, *map(listed, columns)])
        else:
            cursor.executemany(statement, [(*constants, now, *row) for row in zip(*columns, strict=True)])


def _people(people: Population, total: Column, vetoed: Column, *, ranked: bool = True) -> dict[str, Column]:
    numbers = {
        "account": people.accounts,
        "unit": people.units,
        "unit_group": people.groups,
        "total": total,
        "vetoed": vetoed,
    }
    if ranked:
        numbers |= {"in_group": ranks(total, people.groups), "in_branch": ranks(total, people.units)}
    return numbers


_PEOPLE = {"unit_id": "unit", "group_id": "NULLIF(unit_group, -1)", "total": "total", "has_veto": "vetoed > 0"}
_PLACES = {"rank_in_group": "NULLIF(in_group, 0)", "rank_in_branch": "in_branch"}


def store_scores(
    people: Population,
    total: Column,
    sections: Sequence[Column],
    vetoed: Column,
    rule_set: int,
    month: int,
    now: datetime.datetime,
    *,
    ranked: bool = True,
) -> None:
    """Scores of a month. Without `ranked`, of a part of their branches: ranks stay for `rank_again`."""
    postgresql = connection.vendor == "postgresql"
    named = {f"section{number}": column for number, column in enumerate(sections)}
    numbers = _people(people, total, vetoed, ranked=ranked) | named
    made = f"{'jsonb_build_array' if postgresql else 'json_array'}({', '.join(named)})"
    kept = _PEOPLE | {"rule_set_id": "%s", "sections": made}
    # The order of the placeholders: the month, then the rules.
    statement = _upsert(
        "scoring_score", {"account_id": "account", "month": "%s"}, kept | (_PLACES if ranked else {}), [*numbers]
    )
    _write(statement, [month, rule_set], now, numbers)


def store_results(
    people: Population,
    total: Column,
    periods: Column,
    vetoed: Column,
    rule_set: int,
    span: str,
    month: int,
    now: datetime.datetime,
) -> None:
    """Results of a quarter or year that ends with the month."""
    numbers = _people(people, total, vetoed) | {"periods": periods}
    key = {"account_id": "account", "span": "%s", "month": "%s"}
    kept = _PEOPLE | {"rule_set_id": "%s", "periods": "periods"} | _PLACES
    _write(_upsert("scoring_result", key, kept, [*numbers]), [span, month, rule_set], now, numbers)


_RANK_AGAIN = """
UPDATE scoring_score AS s SET rank_in_branch = r.in_branch, rank_in_group = r.in_group
FROM (
    SELECT id, rank() OVER (PARTITION BY unit_id ORDER BY total DESC) AS in_branch,
           CASE WHEN group_id IS NULL THEN NULL
                ELSE rank() OVER (PARTITION BY unit_id, group_id ORDER BY total DESC) END AS in_group
    FROM scoring_score WHERE month = %s AND unit_id {among}
) AS r
WHERE r.id = s.id AND (s.rank_in_branch, s.rank_in_group) {differs} (r.in_branch, r.in_group)
"""


def rank_again(unit_ids: Sequence[int], month: int) -> None:
    """Ranks inside groups and branches from the totals that stand; only what differs is written."""
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    with connection.cursor() as cursor:
        cursor.execute(_RANK_AGAIN.format(among=AMONG[connection.vendor], differs=differs), [month, listed(unit_ids)])


_OUTSIDE = {"postgresql": "NOT IN (SELECT unnest(%s::bigint[]))", "sqlite": "NOT IN (SELECT value FROM json_each(%s))"}


def drop_others(table: str, unit_ids: Sequence[int], month: int, kept: Column) -> None:
    """Whoever of these branches is not in scope any more has no row: no score, never 0."""
    among, outside = AMONG[connection.vendor], _OUTSIDE[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE month = %s AND unit_id {among} AND account_id {outside}",
            [month, listed(unit_ids), listed(kept.tolist())],
        )
