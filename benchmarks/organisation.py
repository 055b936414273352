"""An organisation of any size, made inside the database: one INSERT … SELECT per table, the same rows every time.

The statements run on PostgreSQL and on SQLite. A committee has below it one committee for every 50 branches; a
branch has 40 members in four groups; a member has 12 entries a month under the short rule set of S3. One entry in
a hundred is reversed, one member in five hundred is left out by decision, one in fifty came from another branch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from django.utils import timezone

from members.models import OrgUnit, User
from members.personal import seal
from members.pinyin import spell
from scoring.models import Item, RuleSet
from scoring.months import month_of, shift, span
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set

MEMBERS_PER_GROUP = 10
MEMBERS_PER_BRANCH = 40
BRANCHES_PER_COMMITTEE = 50
ENTRIES = 12
# The items that the entries are of, in turn.
CLAUSES = ("基-1", "加-1", "加-2", "加-3", "减-1", "减-2")
RULES_FROM = 202001

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN = (
    "建国 静怡 志远 海涛 雪 志刚 卫东 立新 敏 秀英 伟 芳 娜 强 磊 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英".split()
)


@dataclass(frozen=True)
class Organisation:
    members: int
    root: OrgUnit
    rule_set: RuleSet
    clerk: User
    # Ascending; the last one is the month to compute.
    months: list[int]

    @property
    def month(self) -> int:
        return self.months[-1]

    @property
    def branches(self) -> int:
        return -(-self.members // MEMBERS_PER_BRANCH)

    @property
    def committees(self) -> int:
        return -(-self.branches // BRANCHES_PER_COMMITTEE)

    @property
    def first_branch(self) -> int:
        """Ids: the root is 1, its committees follow, then the branches, then the groups."""
        return 2 + self.committees

    @property
    def first_group(self) -> int:
        return self.first_branch + self.branches


def build(members: int, months_of_history: int = 0, rules_text: str = "") -> Organisation:
    """Fill an empty migrated database. In: how many members, how many months lie before the one to compute, and a rule
    file whose items have the clause numbers of S3's short sheet, in any order."""
    root = OrgUnit.objects.create(id=1, kind=OrgUnit.Kind.PARTY_COMMITTEE, name="集团党委", path="1.")
    clerk = User.objects.create(username="clerk")
    rules = load_rule_set(rules_text or preset_text("s3-short"), owner=root, by=clerk)
    RuleSet.objects.filter(pk=rules.pk).update(effective_from=RULES_FROM)
    publish_rule_set(RuleSet.objects.get(pk=rules.pk), by=clerk)
    last = shift(month_of(timezone.localdate()), -1)
    made = Organisation(members, root, rules, clerk, span(shift(last, -months_of_history), last))
    with _fast_loading():
        _numbers(made)
        _units(made)
        _people(made)
        _ledger(made)
    settle()
    return made


@contextlib.contextmanager
def _fast_loading() -> Iterator[None]:
    """Rows made here refer to each other by arithmetic; where we may, PostgreSQL does not look them up one by one."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone()[0]:
            cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("RESET session_replication_role")


def settle() -> None:
    """What time does to a real database: sequences behind the ids, statistics, visibility map."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(apps.get_models())):
            cursor.execute(statement)
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _numbers(made: Organisation) -> None:
    _run(
        "CREATE TEMPORARY TABLE number AS WITH RECURSIVE n(i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) SELECT i FROM n",
        max(made.members, ENTRIES),
    )
    _run("CREATE TEMPORARY TABLE spelling (i integer, name text, pinyin text, initials text)")
    names = [surname + given for surname in _SURNAMES for given in _GIVEN]
    rows = [(number, name, *spell(name)) for number, name in enumerate(names)]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO spelling VALUES (%s, %s, %s, %s)", rows)


def _units(made: Organisation) -> None:
    into = "INSERT INTO members_orgunit (id, kind, name, parent_id, path, position) "
    _run(
        into + "SELECT 1 + i, 'PARTY_COMMITTEE', '第' || i || '党委', 1, '1.' || (1 + i) || '.', i "
        "FROM number WHERE i <= %s",
        made.committees,
    )
    _run(
        into + "SELECT branch, 'BRANCH', '第' || i || '党支部', parent, '1.' || parent || '.' || branch || '.', i "
        "FROM (SELECT i, %s + i - 1 AS branch, 2 + (i - 1) / %s AS parent FROM number WHERE i <= %s) AS x",
        made.first_branch, BRANCHES_PER_COMMITTEE, made.branches,
    )  # fmt: skip
    _run(
        into + "SELECT %s + x.i - 1, 'PARTY_GROUP', '第' || x.i || '党小组', b.id, "
        "b.path || (%s + x.i - 1) || '.', x.i "
        "FROM number x JOIN members_orgunit b ON b.id = %s + (x.i - 1) / %s WHERE x.i <= %s",
        made.first_group, made.first_group, made.first_branch, MEMBERS_PER_BRANCH // MEMBERS_PER_GROUP,
        made.branches * (MEMBERS_PER_BRANCH // MEMBERS_PER_GROUP),
    )  # fmt: skip


def _people(made: Organisation) -> None:
    _run(
        "INSERT INTO members_member (id, staff_number, name, pinyin, initials, gender, ethnicity, id_number_sealed, "
        "phone_sealed, born_on, education, category, member_class, joined_on, regular_on, job, is_floating, "
        "is_missing, is_retired, is_suspended, remark) "
        "SELECT x.i, CAST(100000 + x.i AS text), s.name, s.pinyin, s.initials, "
        "CASE WHEN x.i %% 4 = 0 THEN 'FEMALE' ELSE 'MALE' END, '汉族', %s, %s, '1980-05-17', '本科', "
        "CASE WHEN x.i %% 40 = 0 THEN 'PROBATIONARY' ELSE 'FULL' END, '', '2010-07-01', '2011-07-01', '检修工', "
        "false, false, false, false, '' "
        "FROM number x JOIN spelling s ON s.i = x.i * 7 %% %s WHERE x.i <= %s ORDER BY x.i",
        seal("110101198005170016"), seal("13800001234"), len(_SURNAMES) * len(_GIVEN), made.members,
    )  # fmt: skip
    _run(
        "INSERT INTO members_membership (id, member_id, branch_id, group_id, started_on, ended_on, ending, reason) "
        "SELECT i, i, %s + (i - 1) / %s, %s + (i - 1) / %s, '2020-01-01', NULL, '', '' FROM number WHERE i <= %s "
        "ORDER BY i",
        made.first_branch, MEMBERS_PER_BRANCH, made.first_group, MEMBERS_PER_GROUP, made.members,
    )  # fmt: skip
    _run(
        "INSERT INTO members_membership (id, member_id, branch_id, group_id, started_on, ended_on, ending, reason) "
        "SELECT %s + i, i, %s + i %% %s, NULL, '2018-01-01', '2020-01-01', 'TRANSFER', '' FROM number "
        "WHERE i <= %s AND i %% 50 = 0",
        made.members, made.first_branch, made.branches, made.members,
    )  # fmt: skip
    _run(
        "INSERT INTO members_exclusion (member_id, started_on, ended_on, reason, decided_on, by_id) "
        "SELECT i, '2024-01-01', NULL, '长期病休', '2024-01-01', %s FROM number WHERE i <= %s AND i %% 500 = 0",
        made.clerk.pk, made.members,
    )  # fmt: skip
    _run(
        "INSERT INTO scoring_account (id, kind, member_id) SELECT i, 'MEMBER', i FROM number WHERE i <= %s ORDER BY i",
        made.members,
    )


ENTRY_COLUMNS = (
    "id, account_id, unit_id, item_id, rule_set_id, happened_on, month, points, quantity, level, occasion, reason, "
    "remark, source, filed_by_id, filed_at, key, reverses_id"
)
# Spread without randomness: 0 … 999 from member, entry and month.
_ENTRIES_OF_MONTH = """
INSERT INTO scoring_ledgerentry ({columns})
SELECT {first} + (i - 1) * {entries} + k, i, {first_branch} + (i - 1) / {per_branch}, CASE (k - 1) % 6 {items} END,
       {rule_set},
       '{day}', {month},
       CASE (k - 1) % 6 WHEN 0 THEN 2500 + h % 11 * 50 WHEN 1 THEN h % 8 * 50 WHEN 2 THEN 100 + h % 2 * 100
            WHEN 3 THEN h % 11 * 100 WHEN 4 THEN -(h % 5) * 50 ELSE -(h % 6) * 100 END,
       CASE (k - 1) % 6 WHEN 2 THEN 100 + h % 2 * 100 END,
       '', '', '', '', 'GRID', {clerk}, '{day} 08:00:00+00:00', {key}, NULL
FROM (SELECT m.i AS i, e.i AS k, (m.i * 31 + e.i * 17 + {month} * 7919 + m.i / 7 * (e.i + 3)) % 1000 AS h
      FROM number m CROSS JOIN number e WHERE m.i <= {members} AND e.i <= {entries}) AS x
ORDER BY i, k
"""
_REVERSALS = """
INSERT INTO scoring_ledgerentry ({columns})
SELECT {last} + id / 100 + 1, account_id, unit_id, item_id, rule_set_id, happened_on, month, -points, -quantity,
       level, occasion, '填错', remark, 'REVERSAL', filed_by_id, filed_at, {key}, id
FROM scoring_ledgerentry WHERE id % 100 = 7 ORDER BY id
"""


def _ledger(made: Organisation) -> None:
    key = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    known = dict(Item.objects.filter(section__rule_set=made.rule_set).values_list("code", "pk"))
    items = " ".join(f"WHEN {place} THEN {known[code]}" for place, code in enumerate(CLAUSES))
    with connection.cursor() as cursor:
        for number, month in enumerate(made.months):
            cursor.execute(
                _ENTRIES_OF_MONTH.format(
                    columns=ENTRY_COLUMNS, first=number * made.members * ENTRIES, entries=ENTRIES,
                    first_branch=made.first_branch, per_branch=MEMBERS_PER_BRANCH, rule_set=made.rule_set.pk,
                    day=f"{month // 100}-{month % 100:02}-20", month=month, clerk=made.clerk.pk, key=key,
                    members=made.members, items=items,
                )
            )  # fmt: skip
        last = len(made.months) * made.members * ENTRIES
        cursor.execute(_REVERSALS.format(columns=ENTRY_COLUMNS, last=last, key=key))
