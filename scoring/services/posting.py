"""From the grid's drafts to the ledger, and from the ledger back by reversal."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import User
from members.services.audit import record
from scoring import months
from scoring.books import book_of, item_rule, widest_layout
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.book import ItemRule
from scoring.calculation.cells import read_cell
from scoring.calculation.pricing import Fact, price
from scoring.models import DraftCell, Evidence, LedgerEntry, Month, RuleSet
from scoring.services.population import population
from scoring.services.stale import last_touched, mark_accounts

_KEYS = uuid.UUID("6f0a4d52-6a53-4e8e-9d39-1f1b5a0c2f6e")


@dataclass(frozen=True)
class Wanted:
    """What a cell says now: the fact and its price."""

    cell: DraftCell
    rule: ItemRule
    fact: Fact
    points: int


def lock_month(month: Month) -> Month:
    """The row, locked until the end of the transaction: nothing slips in between sum and close."""
    if month.pk is None:
        raise Refused(_("%s还没有录入任何内容，请先由支部录入并提交。") % month)
    return Month.objects.select_for_update(of=("self",)).select_related("unit").get(pk=month.pk)


def _cells(month: Month, rule_set: RuleSet) -> list[DraftCell]:
    """What the grid of the month shows. Whoever is not on its list any more is neither posted nor in the way."""
    listed = population([month.unit_id], month.month).accounts.tolist()
    cells = DraftCell.objects.filter(unit=month.unit, month=month.month, item__section__rule_set=rule_set)
    return list(
        cells.filter(account__in=listed)
        .select_related("item__section", "account__member", "entry__unit")
        .order_by(
            "account__member__pinyin", "account__member__staff_number", "item__section__position", "item__position"
        )
    )


def _wanted(cells: list[DraftCell]) -> tuple[list[Wanted], list[str]]:
    wanted, problems = [], []
    evidenced = set(Evidence.objects.filter(cell__in=cells, removed_at__isnull=True).values_list("cell_id", flat=True))
    for cell in cells:
        rule = item_rule(cell.item, cell.item.section)
        try:
            fact = read_cell(rule, cell.text)
            if fact is None:
                continue
            wanted.append(Wanted(cell, rule, fact, price(rule, fact)))
        except Refused as refusal:
            problems.append(f"{cell.account.member}：{refusal}")
            continue
        problems += _missing(wanted[-1], evidenced=cell.pk in evidenced)
    return wanted, problems


def _missing(want: Wanted, *, evidenced: bool) -> list[str]:
    """What a cell still needs before it can be posted."""
    cell, rule = want.cell, want.rule
    words = {"who": cell.account, "item": cell.item, "classes": "、".join(rule.classes)}
    found = []
    if rule.classes and cell.account.member and cell.account.member.member_class not in rule.classes:
        found.append(_("%(who)s：%(item)s只适用于%(classes)s，请清空该单元格或更正党员分类。") % words)
    if rule.reason_required and want.points and not cell.remark:
        found.append(_("%(who)s：%(item)s须写理由，请在单元格备注中填写。") % words)
    if cell.item.evidence == "required" and want.points and not evidenced:
        found.append(_("%(who)s：%(item)s须附佐证材料。") % words)
    return found


def _says_the_same(entry: LedgerEntry, want: Wanted) -> bool:
    quantity = None if entry.quantity is None else hundredths(entry.quantity)
    return (hundredths(entry.points), quantity, entry.level, entry.remark, entry.item_id) == (
        want.points,
        want.fact.quantity,
        want.fact.level,
        want.cell.remark,
        want.rule.key,
    )


def _entry(want: Wanted, month: Month, rule_set: RuleSet, now: datetime.datetime) -> LedgerEntry:
    fact = want.fact
    return LedgerEntry(
        account_id=want.cell.account_id,
        unit=month.unit,
        item=want.cell.item,
        rule_set=rule_set,
        happened_on=min(months.last_day(month.month), timezone.localdate()),
        month=month.month,
        points=from_hundredths(want.points),
        quantity=None if fact.quantity is None else from_hundredths(fact.quantity),
        level=fact.level,
        remark=want.cell.remark,
        source=LedgerEntry.Source.GRID,
        filed_by_id=want.cell.edited_by_id,
        filed_at=now,
        key=uuid.uuid5(_KEYS, f"cell:{want.cell.pk}:{want.cell.version}"),
    )


def reversal_of(entry: LedgerEntry, *, by: User, now: datetime.datetime, reason: str) -> LedgerEntry:
    """The one entry that takes another out of every tally. Not yet saved."""
    return LedgerEntry(
        account_id=entry.account_id,
        unit_id=entry.unit_id,
        item_id=entry.item_id,
        rule_set_id=entry.rule_set_id,
        happened_on=entry.happened_on,
        month=entry.month,
        points=-entry.points,
        quantity=None if entry.quantity is None else -entry.quantity,
        held=None if entry.held is None else -entry.held,
        level=entry.level,
        occasion=entry.occasion,
        reason=reason,
        source=LedgerEntry.Source.REVERSAL,
        filed_by=by,
        filed_at=now,
        reverses=entry,
        corrects_month=entry.corrects_month,
        key=uuid.uuid5(_KEYS, f"reversal:{entry.pk}"),
    )


def post_drafts(month: Month, rule_set: RuleSet, *, by: User) -> int:
    """Post the cells of a locked, open month. Out: the number of new entries, reversals included.

    Only what changed since the last submission is corrected, by reversal and new entry. Raise Refused with
    one sentence per cell that cannot be posted; then nothing is.
    """
    cells = _cells(month, rule_set)
    wanted, problems = _wanted(cells)
    now = timezone.now()
    by_cell = {want.cell.pk: want for want in wanted}
    reversals, entries, changed = [], [], []
    for cell in cells:
        want = by_cell.get(cell.pk)
        if cell.entry is not None:
            if want is not None and _says_the_same(cell.entry, want):
                continue
            if cell.entry.unit_id != month.unit_id:
                problems.append(_posted_elsewhere(cell, cell.entry))
            reversals.append(reversal_of(cell.entry, by=by, now=now, reason=_("退回后更正")))
        elif want is None:
            continue
        cell.entry = _entry(want, month, rule_set, now) if want else None
        if cell.entry is not None:
            entries.append(cell.entry)
        changed.append(cell)
    if problems:
        raise Refused("\n".join(problems))
    LedgerEntry.objects.bulk_create([*reversals, *entries], batch_size=500)
    DraftCell.objects.bulk_update(changed, ["entry"], batch_size=500)
    _hand_over_evidence(cells)
    if changed:
        mark_later(rule_set, {cell.account_id for cell in changed}, month.month)
    return len(reversals) + len(entries)


def _posted_elsewhere(cell: DraftCell, entry: LedgerEntry) -> str:
    words = {"who": cell.account, "item": cell.item, "unit": entry.unit}
    return _("%(who)s：%(item)s已由%(unit)s入账，不能在这里更正，请由%(unit)s冲正后再录入。") % words


def mark_later(rule_set: RuleSet, accounts: Collection[int], month: int) -> None:
    """Caps and periods carry a change into later months, wherever the accounts are then."""
    book = book_of(rule_set, widest_layout(rule_set))
    mark_accounts(accounts, months.shift(month, 1), last_touched(book, month))


def _hand_over_evidence(cells: list[DraftCell]) -> None:
    """Files attached to a cell stand from now on for the entry made of it."""
    entries: dict[int | None, int] = {cell.pk: cell.entry_id for cell in cells if cell.entry_id}
    files = Evidence.objects.filter(cell__in=entries, removed_at__isnull=True)
    moved = [evidence for evidence in files if evidence.entry_id != entries[evidence.cell_id]]
    for evidence in moved:
        evidence.entry_id = entries[evidence.cell_id]
    Evidence.objects.bulk_update(moved, ["entry"])


@transaction.atomic
def reverse_entry(entry: LedgerEntry, *, by: User, reason: str) -> LedgerEntry:
    """Put a mistake right: one reversal per entry. The same request twice gives the same reversal.

    Raise Refused when the month is checked or closed, the entry is itself a reversal, or no reason is given.
    """
    reason = reason.strip()
    if not reason:
        raise Refused(_("请写明冲正的原因。"))
    if entry.reverses_id:
        raise Refused(_("冲正记录不能再冲正；需要恢复时请重新录入。"))
    month, _created = Month.objects.get_or_create(unit_id=entry.unit_id, month=entry.month)
    month = lock_month(month)
    standing = LedgerEntry.objects.filter(reverses=entry).first()
    if standing is not None:
        return standing
    if month.is_closed:
        raise Refused(_("%s已结账，不能冲正。需要更正请由党委写明原因重新打开该月。") % months.label(entry.month))
    if month.state == Month.State.CHECKED:
        # What somebody has checked is not changed behind their back.
        raise Refused(_("%s已审核，不能直接冲正。请先由审核人退回，更正后重新提交。") % months.label(entry.month))
    reversal = reversal_of(entry, by=by, now=timezone.now(), reason=reason[:200])
    reversal.save(force_insert=True)
    # The cell behind it is emptied, or the next submission would post it again.
    for cell in DraftCell.objects.filter(entry=entry):
        cell.text, cell.entry, cell.version = "", None, cell.version + 1
        cell.save(update_fields=["text", "entry", "version", "edited_at"])
    Month.objects.filter(pk=month.pk).update(is_stale=True)
    mark_later(entry.rule_set, {entry.account_id}, entry.month)
    record(by, "scoring.reverse_entry", entry, detail=f"{entry.account}：{reason[:200]}")
    return reversal
