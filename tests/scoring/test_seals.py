"""Seals: a chain of digests that names the first entry which is not as it was when the month closed."""

import datetime
import hashlib
import uuid
from decimal import Decimal

import pytest
from django.db import connection

from members.models import Member, OrgUnit, User
from scoring.models import Account, Item, LedgerEntry, Month, RuleSet, Seal, Section
from scoring.services import months
from scoring.services.posting import reverse_entry
from scoring.services.seals import FIELDS, latest_seal, seal_month, verify_ledger
from tests.scoring.ledger import entry
from tests.scoring.world import World, world


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def without_triggers(table="scoring_ledgerentry"):
    """What whoever owns the database can do."""
    if connection.vendor == "postgresql":
        return sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for name in ("update", "delete", "replace"):
        sql(f"DROP TRIGGER {table}_keep_{name}")
    return sql("PRAGMA foreign_keys = OFF")


def place(number=1):
    return f"检修部党支部 2026 年 9 月 第 {number} 号封签"


def test_seal_holds_what_stood_in_the_ledger(db):
    made = world()
    made.submit()
    reverse_entry(made.entry(made.cast.member, "加-2"), by=made.cast.secretary, reason="错")
    made.check()
    made.close()
    seal = latest_seal(made.cast.branch.pk, 202609)
    rows = list(LedgerEntry.objects.values_list("pk", flat=True))
    assert (seal.number, seal.previous, seal.entry_count, seal.last_entry_id) == (1, "", 5, rows[-1])
    assert [int(part.split(":")[0]) for part in seal.entry_digests.split(",")] == rows
    assert seal.short == " ".join(seal.digest[n : n + 4].upper() for n in (0, 4, 8))
    assert verify_ledger() == []


def test_seals_of_a_branch_are_a_chain_and_branches_have_their_own(db):
    made = world(closed=True)
    for month in (202607, 202608):
        seal_month(made.cast.branch, month)
    seal_month(made.cast.other_branch, 202609)
    rows = [(seal.unit, seal.number, seal.previous) for seal in Seal.objects.order_by("unit__pk", "number")]
    digests = dict(Seal.objects.filter(unit=made.cast.branch).values_list("number", "digest"))
    assert rows == [
        (made.cast.branch, 1, ""), (made.cast.branch, 2, digests[1]), (made.cast.branch, 3, digests[2]),
        (made.cast.other_branch, 1, ""),
    ]  # fmt: skip
    # The same entries after another seal give another digest: nothing was entered in either month.
    assert digests[2] != digests[3]
    assert verify_ledger() == []


def test_second_closing_appends_a_seal_and_both_hold(db):
    made = world(closed=True)
    months.reopen_month(made.month(), by=made.cast.committee_member, reason="复核有误")
    reverse_entry(made.entry(made.cast.member, "加-2"), by=made.cast.secretary, reason="复核有误")
    made.submit()
    made.check()
    made.close()
    first, second = Seal.objects.order_by("number")
    assert (second.number, second.previous, second.entry_count) == (2, first.digest, first.entry_count + 1)
    assert latest_seal(made.cast.branch.pk, 202609) == second
    assert verify_ledger() == []


# --- tampering ------------------------------------------------------------------------------
def tampered(statement, *values, table="scoring_ledgerentry"):
    without_triggers(table)
    sql(statement, *values)
    return verify_ledger()


@pytest.fixture
def closed(real_db) -> World:
    return world(closed=True)


def test_verify_names_the_first_entry_that_differs(closed):
    second, third = LedgerEntry.objects.order_by("pk").values_list("pk", flat=True)[1:3]
    findings = tampered("UPDATE scoring_ledgerentry SET points = points + 1 WHERE id IN (%s, %s)", second, third)
    assert findings == [f"{place()}：记录 #{second} 与封签时不同。"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("remark", "改过"),
        ("happened_on", "2026-09-01"),
        ("filed_at", "2026-09-30 00:00:00+00"),
        ("level", "A"),
        ("quantity", 1),
    ],
)
def test_no_column_of_a_sealed_entry_changes_unnoticed(closed, column, value):
    first = LedgerEntry.objects.order_by("pk").first()
    findings = tampered(f"UPDATE scoring_ledgerentry SET {column} = %s WHERE id = %s", value, first.pk)
    assert findings == [f"{place()}：记录 #{first.pk} 与封签时不同。"]


def test_seal_covers_every_column_of_the_ledger():
    assert set(FIELDS) == {field.attname for field in LedgerEntry._meta.concrete_fields}


def test_verify_names_an_entry_that_is_missing(closed):
    last = LedgerEntry.objects.order_by("pk").last()
    sql("UPDATE scoring_draftcell SET entry_id = NULL")
    findings = tampered("DELETE FROM scoring_ledgerentry WHERE id = %s", last.pk)
    assert findings == [f"{place()}：记录 #{last.pk} 已不在台账中。"]


def test_verify_names_an_entry_moved_to_another_month(closed):
    first = LedgerEntry.objects.order_by("pk").first()
    findings = tampered("UPDATE scoring_ledgerentry SET month = 202608 WHERE id = %s", first.pk)
    assert findings == [f"{place()}：记录 #{first.pk} 已不在台账中。"]


def copied(closed, pk):
    """A row put in past the program, with an id of the tamperer's choice."""
    columns = [field.column for field in LedgerEntry._meta.fields if field.column not in ("id", "key")]
    key = uuid.uuid4()
    sql(
        f"INSERT INTO scoring_ledgerentry (id, key, {', '.join(columns)}) SELECT %s, %s, {', '.join(columns)} "
        "FROM scoring_ledgerentry WHERE id = (SELECT max(id) FROM scoring_ledgerentry)",
        pk,
        key if connection.vendor == "postgresql" else key.hex,
    )


@pytest.mark.parametrize("where", ["among", "behind"])
def test_verify_names_an_entry_that_was_inserted(closed, where):
    """Also one behind the last that was sealed: while the month is closed nothing may stand there."""
    last = LedgerEntry.objects.order_by("pk").last().pk
    pk = {"among": -5, "behind": last + 100}[where]
    copied(closed, pk)
    assert verify_ledger() == [f"{place()}：记录 #{pk} 是封签之后插入的。"]


def test_entries_of_a_month_that_is_open_again_are_no_finding(closed):
    Month.objects.update(state="OPEN", closed_by=None)
    entry(closed.account(closed.cast.member), LedgerEntry.objects.first().item, 1)
    assert verify_ledger() == []


def test_verify_names_a_seal_that_was_changed_and_the_one_that_stands_on_it(closed):
    seal_month(closed.cast.branch, 202608)
    findings = tampered("UPDATE scoring_seal SET digest = %s WHERE number = 1", "0" * 64, table="scoring_seal")
    assert findings == [
        f"{place()}：封签链与前一封签不符。",
        "检修部党支部 2026 年 8 月 第 2 号封签：封签链与前一封签不符。",
    ]


def test_verify_names_the_place_of_a_seal_that_is_missing(closed):
    seal_month(closed.cast.branch, 202608)
    findings = tampered("DELETE FROM scoring_seal WHERE number = 1", table="scoring_seal")
    assert findings == [
        "检修部党支部 2026 年 8 月 第 2 号封签：前面缺少封签。",
        "检修部党支部 2026 年 8 月 第 2 号封签：封签链与前一封签不符。",
        "检修部党支部 2026 年 9 月：已结账，但没有封签。",
    ]


def test_verify_misses_no_closed_month_whose_seal_was_removed(closed):
    findings = tampered("DELETE FROM scoring_seal", table="scoring_seal")
    assert findings == ["检修部党支部 2026 年 9 月：已结账，但没有封签。"]


# --- the same on both engines ---------------------------------------------------------------
# The canonical text of the two entries below, as a stand-alone checker would write it.
TEXT = (
    "7001\t501\t301\t601\t401\t2026-09-30\t202609\t-150\t200\t\tB+\t主题党日\t缺席\\t两次\\n（补课\\\\无）\t\tGRID\t201"
    "\t2026-10-01T08:30:00.000123\t\t\t11111111-1111-4111-8111-111111111111\n"
    "7002\t501\t301\t\t401\t2026-09-30\t202609\t150\t\t300\t\t\t更正\t备注\tADJUSTMENT\t201"
    "\t2026-10-01T00:00:00.000000\t\t202608\t22222222-2222-4222-8222-222222222222\n"
)


def fixed_ledger():
    home = OrgUnit.objects.create(pk=301, kind="BRANCH", name="检修部党支部", path="301.")
    person = Member.objects.create(pk=101, staff_number="1", name="王建国")
    by = User.objects.create(pk=201, username="u", member=person)
    rules = RuleSet.objects.create(pk=401, owner=home, code="r", name="办法", effective_from=202601)
    section = Section.objects.create(pk=451, rule_set=rules, code="减", name="减分", kind="deduction")
    clause = Item.objects.create(pk=601, section=section, code="减-1", name="缺席", pricing="fixed")
    own = Account.objects.create(pk=501, kind="MEMBER", member=person)
    at = datetime.datetime(2026, 10, 1, 0, 30, 0, 123, tzinfo=datetime.UTC)
    same = {
        "account": own,
        "unit": home,
        "rule_set": rules,
        "happened_on": datetime.date(2026, 9, 30),
        "month": 202609,
        "filed_by": by,
    }
    LedgerEntry.objects.create(
        pk=7001,
        item=clause,
        points=Decimal("-1.5"),
        quantity=2,
        level="B+",
        occasion="主题党日",
        reason="缺席\t两次\n（补课\\无）",
        source="GRID",
        filed_at=at,
        key=uuid.UUID("11111111-1111-4111-8111-111111111111"),
        **same,
    )
    LedgerEntry.objects.create(
        pk=7002,
        item=None,
        points=Decimal("1.50"),
        held=3,
        reason="更正",
        remark="备注",
        source="ADJUSTMENT",
        corrects_month=202608,
        filed_at=datetime.datetime(2026, 9, 30, 16, tzinfo=datetime.UTC),
        key=uuid.UUID("22222222-2222-4222-8222-222222222222"),
        **same,
    )
    return home


def test_digest_is_that_of_the_canonical_text_on_either_engine(db):
    home = fixed_ledger()
    first = seal_month(home, 202609)
    second = seal_month(home, 202609)
    assert first.digest == hashlib.sha256(b"\n" + TEXT.encode()).hexdigest()
    assert second.digest == hashlib.sha256(f"{first.digest}\n{TEXT}".encode()).hexdigest()
    lines = TEXT.encode().splitlines()
    assert first.entry_digests == ",".join(
        f"{7001 + n}:{hashlib.sha256(line).hexdigest()[:16]}" for n, line in enumerate(lines)
    )
    # Written out once, so that neither engine nor version changes it unnoticed.
    assert first.digest == "2b5a19df9261eb30aef46405b5d4ae954147aa9ef50db81f3291470c6d117a4a"
