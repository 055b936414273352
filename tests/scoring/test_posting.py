"""From the grid to the ledger: only what changed, all or nothing, and back by one reversal."""

import datetime
import uuid
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.errors import Refused
from members.models import Membership
from scoring.models import DraftCell, Evidence, LedgerEntry, Month
from scoring.services import months
from scoring.services.accounts import open_member_accounts
from scoring.services.grid import Change, save_cells
from scoring.services.posting import reverse_entry
from tests.factories import cast, exclusion, member, membership
from tests.harness.threads import race
from tests.scoring.factories import ALL_KINDS, MONTH, account, draft, item, rule_set
from tests.scoring.ledger import entry
from tests.scoring.world import World, world


def kinds() -> World:
    """The fixed cast under a rule set with one item of every kind; nothing typed yet."""
    people = cast()
    rules = rule_set(people.committee, ALL_KINDS)
    open_member_accounts()
    return World(people, rules)


def cell(made, code, text, who=None, **fields):
    by = made.cast.secretary
    return draft(made.account(who or made.cast.member), item(made.rules, code), text, by, made.cast.branch, **fields)


def retype(made, row, text, remark=None):
    """The secretary types the cell anew in the grid."""
    row = DraftCell.objects.get(pk=row.pk)
    change = Change(row.account_id, row.item_id, text, row.version, remark)
    saved, _totals = save_cells(made.month(), [change], by=made.cast.secretary)
    assert not saved[0].refusal + saved[0].conflict, saved


def give_back(made):
    months.return_month(made.month(), by=made.cast.commissioner, reason="请更正")


def lines():
    """The ledger as people read it, in the order of filing."""
    rows = LedgerEntry.objects.select_related("item")
    return [(row.item.code, str(row.points), row.source, row.reverses_id is not None) for row in rows]


def evidence(row, name="证明.pdf"):
    return Evidence.objects.create(
        cell=row,
        file="evidence/aa/aa",
        digest="aa",
        name=name,
        content_type="application/pdf",
        size=1,
        by=row.edited_by,
    )


# --- what is posted -------------------------------------------------------------------------
def test_every_kind_of_cell_is_posted_as_its_fact(db):
    made = kinds()
    for code, text in (("基-1", "60"), ("基-2", "优秀"), ("加-1", "2"), ("加-2", "3小时"), ("加-4", "59.99")):
        cell(made, code, text)
    cell(made, "加-3", "5", remark="抢修立功")
    proven = cell(made, "减-1", "-2")
    evidence(proven)
    made.submit()
    rows = LedgerEntry.objects.order_by("item__section__position", "item__position")
    assert [(row.item.code, row.points, row.quantity, row.level, row.remark) for row in rows] == [
        ("基-1", 60, None, "", ""),
        ("基-2", 20, None, "优秀", ""),
        ("加-1", 4, 2, "", ""),
        ("加-2", Decimal("1.5"), 3, "", ""),
        ("加-3", 5, None, "", "抢修立功"),
        ("加-4", 0, Decimal("59.99"), "", ""),
        ("减-1", -2, None, "", ""),
    ]
    first = rows[0]
    assert (first.account, first.unit, first.month, first.source) == (
        made.account(made.cast.member),
        made.cast.branch,
        MONTH,
        "GRID",
    )
    assert (first.rule_set, first.filed_by, first.happened_on) == (
        made.rules,
        made.cast.secretary,
        datetime.date(2026, 9, 30),
    )
    assert all(row.entry_id for row in DraftCell.objects.all())


def test_unchanged_month_submitted_again_posts_nothing(db):
    made = world()
    made.submit()
    before = list(LedgerEntry.objects.values_list("pk", flat=True))
    give_back(made)
    assert months.submit_month(made.month(), by=made.cast.deputy) == 0
    assert list(LedgerEntry.objects.values_list("pk", flat=True)) == before


def test_returned_month_corrects_only_the_cells_that_changed(db):
    made = kinds()
    kept, changed, emptied, reworded = [cell(made, code, "2") for code in ("基-1", "加-1", "加-2", "加-4")]
    made.submit()
    give_back(made)
    retype(made, changed, "1")
    retype(made, emptied, "")
    retype(made, reworded, "2", remark="补考")
    added = cell(made, "基-2", "合格")
    before = lines()
    assert months.submit_month(made.month(), by=made.cast.secretary) == 6
    assert lines()[len(before) :] == [
        ("加-1", "-4.00", "REVERSAL", True),
        ("加-2", "-1.00", "REVERSAL", True),
        ("加-4", "0.00", "REVERSAL", True),
        ("基-2", "10.00", "GRID", False),
        ("加-1", "2.00", "GRID", False),
        ("加-4", "0.00", "GRID", False),
    ]
    standing = {row.item.code: (row.points, row.remark) for row in LedgerEntry.objects.standing()}
    assert standing == {"基-1": (2, ""), "加-1": (2, ""), "加-4": (0, "补考"), "基-2": (10, "")}
    entries = dict(DraftCell.objects.values_list("pk", "entry__item__code"))
    assert entries == {kept.pk: "基-1", changed.pk: "加-1", emptied.pk: None, reworded.pk: "加-4", added.pk: "基-2"}


def test_cell_may_go_back_and_forth(db):
    made = world()
    row = DraftCell.objects.get(account__member=made.cast.member.member, item__code="加-2")
    for text in ("1", "", "3", "2", "3"):
        made.submit()
        give_back(made)
        retype(made, row, text)
    made.submit()
    assert [str(one.points) for one in LedgerEntry.objects.standing().filter(account=row.account, item=row.item)] == [
        "3.00"
    ]


# --- what is refused ------------------------------------------------------------------------
def test_missing_reasons_and_evidence_are_told_all_at_once_and_nothing_is_written(db):
    made = kinds()
    cell(made, "基-1", "60")
    cell(made, "加-3", "5")
    cell(made, "减-1", "-2")
    cell(made, "减-1", "-1", who=made.cast.colleague)
    cell(made, "基-2", "良好", who=made.cast.colleague)
    with pytest.raises(Refused) as refusal:
        made.submit()
    assert str(refusal.value).split("\n") == [
        "李静怡：基-2 等次：“良好”不是规定的等级，可填：优秀、合格。",
        "李静怡：减-1 扣分须附佐证材料。",
        "王建国：加-3 须写理由须写理由，请在单元格备注中填写。",
        "王建国：减-1 扣分须附佐证材料。",
    ]
    assert not LedgerEntry.objects.exists()
    assert not Month.objects.exclude(state="OPEN").exists()


def test_nothing_chosen_needs_neither_reason_nor_evidence(db):
    made = kinds()
    cell(made, "减-1", "0")
    made.submit()
    assert lines() == [("减-1", "0.00", "GRID", False)]


def test_removed_evidence_is_none(db):
    made = kinds()
    row = cell(made, "减-1", "-2")
    file = evidence(row)
    Evidence.objects.filter(pk=file.pk).update(removed_at=timezone.now())
    with pytest.raises(Refused, match="须附佐证材料"):
        made.submit()


def test_item_of_another_class_is_refused_before_it_counts_for_nothing(db):
    people = cast()
    rules = rule_set(people.committee, ALL_KINDS.replace("基-1, 名称: 打分,", "基-1, 名称: 打分, 适用分类: [骨干类],"))
    open_member_accounts()
    made = World(people, rules)
    cell(made, "基-1", "60")
    with pytest.raises(Refused, match="王建国：基-1 打分只适用于骨干类，请清空该单元格或更正党员分类。"):
        made.submit()
    people.member.member.__class__.objects.filter(pk=people.member.member_id).update(member_class="骨干类")
    made.submit()


# --- who is not on the list any more --------------------------------------------------------
def test_cells_of_people_not_in_scope_are_neither_posted_nor_in_the_way(db):
    """They are not on the secretary's list: a missing reason there could not be put right."""
    made = kinds()
    cell(made, "基-1", "60")
    cell(made, "加-3", "5", who=made.cast.colleague)
    exclusion(made.cast.colleague.member, made.cast.business_admin)
    made.submit()
    assert lines() == [("基-1", "60.00", "GRID", False)]


def test_what_stands_for_a_person_left_out_later_stays(db):
    made = world()
    made.submit()
    give_back(made)
    exclusion(made.cast.colleague.member, made.cast.business_admin)
    assert months.submit_month(made.month(), by=made.cast.secretary) == 0
    assert LedgerEntry.objects.standing().filter(account=made.account(made.cast.colleague)).count() == 2


def test_entry_of_another_branch_is_not_corrected_from_here(db):
    """The transfer was entered late: what the old branch has posted is the old branch's."""
    made = world()
    made.submit()
    who, other = made.cast.member.member, made.cast.other_branch
    Membership.objects.filter(member=who).update(branch=other, group=None)
    row = DraftCell.objects.get(account__member=who, item__code="加-2")
    secretary = made.cast.deputy
    Membership.objects.filter(member=secretary.member).update(branch=other)
    secretary.member.appointments.update(unit=other)
    month = months.month_of_unit(other, MONTH)
    save_cells(month, [Change(row.account_id, row.item_id, "1", row.version)], by=secretary)
    with pytest.raises(
        Refused,
        match="王建国：加-2 积极参加党建活动已由检修部党支部入账，不能在这里更正，请由检修部党支部冲正后再录入。",
    ):
        months.submit_month(months.month_of_unit(other, MONTH), by=secretary)
    assert LedgerEntry.objects.count() == 4


# --- evidence -------------------------------------------------------------------------------
def test_evidence_is_handed_over_to_the_entry(db):
    made = kinds()
    row = cell(made, "减-1", "-2")
    file = evidence(row)
    made.submit()
    assert Evidence.objects.get(pk=file.pk).entry == LedgerEntry.objects.get()
    give_back(made)
    retype(made, row, "-3")
    made.submit()
    assert Evidence.objects.get(pk=file.pk).entry.points == -3


def test_evidence_added_to_an_unchanged_cell_stands_for_its_entry(db):
    made = kinds()
    row = cell(made, "减-1", "-2")
    evidence(row)
    made.submit()
    give_back(made)
    later = evidence(row, "补充.pdf")
    assert months.submit_month(made.month(), by=made.cast.secretary) == 0
    assert Evidence.objects.get(pk=later.pk).entry == LedgerEntry.objects.get()


# --- reversal -------------------------------------------------------------------------------
def test_reversal_mirrors_its_entry_and_empties_the_cell(db):
    made = world()
    made.submit()
    wrong = made.entry(made.cast.member, "加-2")
    back = reverse_entry(wrong, by=made.cast.secretary, reason=" 录错人 ")
    assert (back.reverses, back.points, back.quantity, back.account, back.month, back.source) == (
        wrong, -3, -3, wrong.account, MONTH, "REVERSAL",
    )  # fmt: skip
    assert (back.reason, back.filed_by, back.happened_on) == ("录错人", made.cast.secretary, wrong.happened_on)
    row = DraftCell.objects.get(account=wrong.account, item=wrong.item)
    assert (row.text, row.entry, row.version) == ("", None, 2)
    assert Month.objects.get().is_stale
    # The next submission does not post it again.
    give_back(made)
    assert months.submit_month(made.month(), by=made.cast.secretary) == 0


def test_reversal_asked_for_twice_is_one_even_after_closing(db):
    made = world()
    made.submit()
    wrong = made.entry(made.cast.member, "加-2")
    first = reverse_entry(wrong, by=made.cast.secretary, reason="录错人")
    assert reverse_entry(wrong, by=made.cast.deputy, reason="又点了一次") == first
    made.check()
    made.close()
    assert reverse_entry(wrong, by=made.cast.secretary, reason="录错人") == first


def test_reversal_asked_for_by_many_at_once_is_one(real_db):
    made = world()
    made.submit()
    for row in list(LedgerEntry.objects.all()):
        outcomes = race(4, lambda place, row=row: reverse_entry(row, by=made.cast.secretary, reason=f"第{place}次"))
        assert {one.pk for one in outcomes} == {LedgerEntry.objects.get(reverses=row).pk}


def test_reversal_in_a_month_nobody_has_opened_is_one_and_is_computed_again(real_db):
    """Entries also come from elsewhere: then the month has no row yet."""
    made = world()
    row = entry(made.account(made.cast.member), item(made.rules, "加-2"), 3, month=202608)
    outcomes = race(4, lambda place: reverse_entry(row, by=made.cast.secretary, reason="错"))
    assert {one.pk for one in outcomes} == {LedgerEntry.objects.get(reverses=row).pk}
    assert Month.objects.get(month=202608).is_stale


@pytest.mark.parametrize(("reason", "sentence"), [("", "请写明冲正的原因。"), (" \t", "请写明冲正的原因。")])
def test_reversal_needs_a_reason(db, reason, sentence):
    made = world()
    made.submit()
    with pytest.raises(Refused, match=sentence):
        reverse_entry(made.entry(made.cast.member, "加-2"), by=made.cast.secretary, reason=reason)


def test_reversal_is_not_reversed(db):
    made = world()
    made.submit()
    back = reverse_entry(made.entry(made.cast.member, "加-2"), by=made.cast.secretary, reason="错")
    with pytest.raises(Refused, match="冲正记录不能再冲正；需要恢复时请重新录入。"):
        reverse_entry(back, by=made.cast.secretary, reason="恢复")


def test_reversal_in_a_closed_month_is_refused_with_the_cure(db):
    made = world(closed=True)
    with pytest.raises(Refused) as refusal:
        reverse_entry(made.entry(made.cast.member, "加-2"), by=made.cast.secretary, reason="错")
    assert str(refusal.value) == "2026 年 9 月已结账，不能冲正。需要更正请由党委写明原因重新打开该月。"
    assert LedgerEntry.objects.count() == 4


# --- the constraints behind it --------------------------------------------------------------
def test_database_allows_one_reversal_per_entry_and_one_entry_per_key(db):
    made = world()
    row = entry(made.account(made.cast.member), item(made.rules, "加-2"), 3)
    other = entry(made.account(made.cast.member), item(made.rules, "加-2"), 1)
    again = {"source": "REVERSAL", "reverses": row, "filed_by": made.cast.secretary}
    entry(row.account, row.item, -3, **again)
    for fields in (
        again,
        {"key": other.key},
        {"source": "REVERSAL"},
        {"reverses": other},
        {"month": 99, "happened_on": row.happened_on},
        {"item": None, "rule_set": row.rule_set},
    ):
        given = {"item": row.item, "month": MONTH, "unit": row.unit, "happened_on": row.happened_on, **fields}
        with pytest.raises(IntegrityError), transaction.atomic():
            entry(row.account, points=-3, **given)
    assert LedgerEntry.objects.count() == 3


def test_same_key_twice_gives_one_entry(db):
    """Keys of cells and reversals are made of what they stand for, not of chance."""
    made = world()
    made.submit()
    row = DraftCell.objects.get(account__member=made.cast.member.member, item__code="加-2")
    stale_cell = DraftCell.objects.get(pk=row.pk)
    stale_cell.entry = None
    stale_cell.save()
    give_back(made)
    with pytest.raises(IntegrityError), transaction.atomic():
        made.submit()
    assert LedgerEntry.objects.filter(key=row.entry.key).count() == 1
    assert isinstance(row.entry.key, uuid.UUID)


def test_new_member_of_the_middle_of_the_month_is_not_posted(db):
    made = world()
    late = member(None)
    membership(late, made.cast.branch, started_on=datetime.date(2026, 9, 15))
    draft(account(late), item(made.rules, "加-2"), "3次", made.cast.secretary, made.cast.branch)
    assert months.submit_month(made.month(), by=made.cast.secretary) == 4
