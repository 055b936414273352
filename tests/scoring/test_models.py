"""Points as a field, and what the database never lets in."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Max, Sum
from django.utils import timezone

from scoring.fields import PointsField
from scoring.models import (
    Account,
    DraftCell,
    DraftRemark,
    Evidence,
    Item,
    LedgerEntry,
    Month,
    MonthMove,
    RuleSet,
    Score,
    Seal,
    Section,
    Standing,
    Veto,
)  # fmt: skip
from scoring.months import first_day
from scoring.rules import unit_of
from tests.factories import branch, committee, member, unit, user
from tests.scoring.factories import MONTH, account, draft, item, rule_set
from tests.scoring.ledger import entry


# --- points ---------------------------------------------------------------------------------
def test_points_are_whole_hundredths_in_the_database(db):
    home = branch()
    rules = rule_set(home.parent)
    row = entry(account(member(home)), item(rules, "加-2"), "-1.25")
    with connection.cursor() as cursor:
        cursor.execute("SELECT points FROM scoring_ledgerentry")
        assert cursor.fetchone() == (-125,)
    assert LedgerEntry.objects.get().points == Decimal("-1.25")
    assert LedgerEntry.objects.filter(points=Decimal("-1.25"), points__lt=0, points__gte="-1.25").get() == row


def test_points_are_summed_and_compared_exactly(db):
    home = branch()
    rules = rule_set(home.parent)
    own = account(member(home))
    for value in ("0.1", "0.2", "-0.3", "7"):
        entry(own, item(rules, "加-2"), value)
    found = LedgerEntry.objects.aggregate(sum=Sum("points"), most=Max("points"))
    assert found == {"sum": Decimal("7.00"), "most": Decimal("7.00")}


@pytest.mark.parametrize("value", ["2.505", "abc", Decimal("0.001"), "1_000", "1e2", Decimal("NaN"), 2.505])
def test_points_refuse_what_is_not_exact(db, value):
    rules = RuleSet(owner=committee(), code="r", name="办法", effective_from=202601, floor=value)
    for act in (rules.clean_fields, rules.save):
        with pytest.raises(ValidationError, match="“.*”不是积分，请填数字，最多两位小数。"), transaction.atomic():
            act()


def test_points_are_written_out_and_read_back(db):
    rules = rule_set(committee())
    field = RuleSet._meta.get_field("floor")
    assert field.value_to_string(RuleSet(floor=Decimal("2.50"))) == "2.50"
    assert [field.to_python(value) for value in ("2.5", 3, None, Decimal("2.5"))] == [
        Decimal("2.50"),
        3,
        None,
        Decimal("2.50"),
    ]
    assert isinstance(field, PointsField)
    assert field.formfield().clean("2.5") == Decimal("2.5")
    assert rules.floor == 0


# --- what the database refuses --------------------------------------------------------------
def refused(name, act):
    """SQLite names the columns of a unique constraint, PostgreSQL its name."""
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        act()
    assert name in str(refusal.value) or "UNIQUE constraint failed" in str(refusal.value)


def test_accounts_have_their_subject(db):
    who, place = member(), unit("WORK_TEAM", committee())
    for wrong in (
        {"kind": "MEMBER"},
        {"kind": "MEMBER", "unit": place},
        {"kind": "TEAM", "member": who},
        {"kind": "BRANCH"},
    ):
        refused("account_has_its_subject", lambda wrong=wrong: Account.objects.create(**wrong))
    refused("account_has_its_subject", lambda: Account.objects.create(kind="MEMBER", member=who, unit=place))
    team = Account.objects.create(kind="TEAM", unit=place)
    own = Account.objects.create(kind="MEMBER", member=who)
    assert [str(team), str(own)] == [str(place), str(who)]
    refused("scoring_account_member_id_key", lambda: Account.objects.create(kind="MEMBER", member=who))


def test_rules_have_one_version_and_possible_months(db):
    owner = committee()
    RuleSet.objects.create(owner=owner, code="r", name="办法", effective_from=202601)
    for name, fields in (
        ("rule_set_version_once", {}),
        ("rule_set_decimals", {"version": 2, "decimals": 3}),
        ("rule_set_effective_span", {"version": 2, "effective_to": 202512}),
    ):
        given = {"owner": owner, "code": "r", "name": "办法", "effective_from": 202601, **fields}
        refused(name, lambda given=given: RuleSet.objects.create(**given))


def test_codes_stand_once(db):
    rules = rule_set(committee(), published=False)
    clause = item(rules, "加-2")
    refused(
        "item_code_once", lambda: Item.objects.create(section=clause.section, code="加-2", name="乙", pricing="fixed")
    )
    refused("section_code_once", lambda: Section.objects.create(rule_set=rules, code="加", name="乙", kind="bonus"))


def test_cells_remarks_scores_and_standings_stand_once(db):
    home, by = branch(), user()
    rules = rule_set(home.parent)
    own = account(member(home))
    draft(own, item(rules, "加-2"), "3次", by, home)
    refused("draft_cell_once", lambda: draft(own, item(rules, "加-2"), "1次", by, home))
    for model, name, fields in (
        (DraftRemark, "draft_remark_once", {"account": own, "unit": home, "month": MONTH, "edited_by": by}),
        (
            Score,
            "score_once",
            {
                "account": own,
                "month": MONTH,
                "unit": home,
                "rule_set": rules,
                "total": 1,
                "sections": [],
                "computed_at": timezone.now(),
            },
        ),
        (
            Standing,
            "standing_once",
            {"unit": home, "month": MONTH, "kind": "MEMBER", "total": 1, "count": 1, "rank": 1},
        ),
        (
            Seal,
            "seal_number_once",
            {
                "unit": home,
                "month": MONTH,
                "number": 1,
                "digest": "d",
                "last_entry_id": 0,
                "entry_count": 0,
                "sealed_at": timezone.now(),
            },
        ),
        (Month, "month_once_per_unit", {"unit": home, "month": MONTH}),
    ):
        model.objects.create(**fields)
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.create(**fields)
        assert model.objects.count() == 1, name


def test_veto_that_caps_names_its_points(db):
    own, by = account(member(branch())), user()
    common = {
        "account": own,
        "level": "LIGHT",
        "ground": "纪律",
        "reason": "事由",
        "from_month": MONTH,
        "decided_on": first_day(MONTH),
        "by": by,
    }
    refused("veto_cap_with_its_points", lambda: Veto.objects.create(effect="CAP", **common))
    refused("veto_cap_with_its_points", lambda: Veto.objects.create(effect="ZERO", cap=60, **common))
    assert Veto.objects.create(effect="CAP", cap=60, **common).cap == 60


def test_evidence_belongs_somewhere(db):
    refused(
        "evidence_belongs_somewhere",
        lambda: Evidence.objects.create(file="a", digest="a", name="a", content_type="a", size=1, by=user()),
    )


def test_entries_protect_what_they_stand_on(db):
    home = branch()
    rules = rule_set(home.parent)
    row = entry(account(member(home)), item(rules, "加-2"), 3)
    for thing in (row.account, row.item, row.filed_by, row.account.member):
        with pytest.raises(IntegrityError), transaction.atomic():
            thing.delete()


# --- facts about one row --------------------------------------------------------------------
def test_rows_name_themselves(db):
    home, by = branch(name="检修部党支部"), user()
    rules = rule_set(home.parent)
    cell = draft(account(member(home)), item(rules, "加-2"), "3次", by, home)
    month = Month.objects.create(unit=home, month=MONTH)
    move = MonthMove.objects.create(month=month, from_state="OPEN", to_state="SUBMITTED", by=by, at=timezone.now())
    assert [str(one) for one in (rules, cell.item, cell, month, move)] == [
        "党员积分登记表（简表） v1", "加-2 积极参加党建活动", "3次", "检修部党支部 2026 年 9 月", "录入中 → 待审核",
    ]  # fmt: skip
    assert isinstance(cell, DraftCell)
    assert (month.is_open, month.is_closed) == (True, False)


def test_unit_of_a_thing_is_where_it_counts(db):
    home = branch()
    rules = rule_set(home.parent)
    row = entry(account(member(home)), item(rules, "加-2"), 3)
    month = Month.objects.create(unit=home, month=MONTH)
    assert [unit_of(thing) for thing in (home, row, month, rules, None, "x")] == [
        home,
        home,
        home,
        home.parent,
        None,
        None,
    ]
