"""What the rules make of an attendance sheet: entries, corrected by reversal when the sheet changes."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import OrgUnit, User
from scoring.books import book_for, item_rule, layout_of
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.book import ItemRule
from scoring.calculation.order import Groups
from scoring.calculation.pricing import Fact, price
from scoring.circumstances import read_circumstances
from scoring.models import Activity, Attendance, Item, LedgerEntry, Month, RuleSet
from scoring.rulebook.checks import COUNTED_PRICINGS
from scoring.services.months import rules_of
from scoring.services.posting import mark_later, reversal_of
from scoring.services.stale import mark_accounts

Mark = Attendance.Mark
_KEYS = uuid.UUID("2f0e3d55-9d0c-4b42-8a2e-64b2f6a5c0d1")
# Whoever was away on duty was not expected: nothing is held against them, nothing counts for them.
EXEMPT = frozenset({Mark.OFFICIAL})


@dataclass(frozen=True)
class _Due:
    """One entry that the rules want: hundredths, times done and times held in hundredths."""

    points: int
    quantity: int
    held: int | None


def items_of(rule_set: RuleSet, unit: OrgUnit, month: int, kind: str) -> list[tuple[Item, ItemRule]]:
    """The items that an activity of this kind feeds."""
    return [
        (item, item_rule(item, section))
        for section, items in layout_of(rule_set, unit, month)
        for item in items
        if item.fed_by == Item.FedBy.ACTIVITY
        and item.pricing in COUNTED_PRICINGS
        and (not item.activity_kinds or kind in item.activity_kinds)
    ]


# What a mark comes to: the item, hundredths of a point, and of a share whether it counts as attended (else None).
Effect = tuple[Item, int, bool | None]


def effects_of(rule_set: RuleSet, unit: OrgUnit, month: int, kind: str) -> dict[str, list[Effect]]:
    """For every mark what an activity of this kind brings under the rules, before anybody is marked."""
    fed = items_of(rule_set, unit, month, kind)
    found: dict[str, list[Effect]] = {mark: [] for mark in Mark}
    for mark, effects in found.items():
        for item, rule in fed:
            due = _due(item, rule, mark)
            if due is not None:
                effects.append((item, due.points, None if due.held is None else due.quantity > 0))
    return found


def _due(item: Item, rule: ItemRule, mark: str) -> _Due | None:
    """What a mark comes to under an item; None where it says nothing."""
    if mark in EXEMPT:
        return None
    counts = mark in (item.activity_marks or [Mark.PRESENT, Mark.MADE_UP])
    if rule.tally == Item.Tally.RATIO and rule.tally_table.get("of") != "expected":
        # Whoever was expected and not there lowers the share.
        return _Due(0, 100 if counts else 0, 100)
    if not counts:
        return None
    return _Due(price(rule, Fact(quantity=100)), 100, None)


def post_activity(activity: Activity, month: Month, sheet: Mapping[int, str], *, by: User) -> int:
    """Make the ledger say what the sheet says: reversals for what is not so any more, entries for what is new.

    In: a locked month that takes entries; account -> mark. Out: how many entries were written.
    """
    rule_set = rules_of(month)
    fed = items_of(rule_set, activity.unit, month.month, activity.kind)
    for_whom = _for_whom(rule_set, activity.unit, month.month, fed, sheet)
    wanted = {
        (account, item.pk): due
        for item, rule in fed
        for account in for_whom[item.pk]
        if (due := _due(item, rule, sheet[account])) is not None
    }
    now = timezone.now()
    made = list(LedgerEntry.objects.filter(activity=activity).select_related("reversal").order_by("pk"))
    standing = {(row.account_id, row.item_id or 0): row for row in made if _stands(row)}
    gone = [row for place, row in standing.items() if not _says(row, wanted.get(place))]
    reversals = [reversal_of(row, by=by, now=now, reason=_("到会情况更正")) for row in gone]
    for reversal in reversals:
        reversal.activity = activity
    kept = {place for place, row in standing.items() if row not in gone}
    items = {item.pk: item for item, _rule in fed}
    before = Counter((row.account_id, row.item_id) for row in made if row.reverses_id is None)
    entries = [
        _entry(activity, month, rule_set, items[item], account, due, by, now, before[account, item])
        for (account, item), due in wanted.items()
        if (account, item) not in kept
    ]
    LedgerEntry.objects.bulk_create([*reversals, *entries], batch_size=500)
    changed = {row.account_id for row in [*reversals, *entries]}
    mark_accounts(changed, month.month, month.month)
    mark_later(rule_set, changed, month.month)
    return len(reversals) + len(entries)


def _for_whom(
    rule_set: RuleSet, unit: OrgUnit, month: int, fed: Iterable[tuple[Item, ItemRule]], accounts: Iterable[int]
) -> dict[int, list[int]]:
    """Item -> the accounts it applies to: an item for one class or for holders of a post leaves the others alone."""
    people = np.array(sorted(accounts), dtype=np.int64)
    book = book_for(rule_set, unit, month)
    groups = Groups(len(people), [month], about=read_circumstances(book, people, month))
    return {item.pk: people[groups.applies(rule) > 0].tolist() for item, rule in fed}


def reverse_activity(activity: Activity, *, by: User, reason: str) -> int:
    """Reverse every entry of an activity that still stands. In: its month, locked, takes entries. Out: how many."""
    standing = list(LedgerEntry.objects.standing().filter(activity=activity).select_related("rule_set").order_by("pk"))
    now = timezone.now()
    reversals = [reversal_of(row, by=by, now=now, reason=reason) for row in standing]
    for reversal in reversals:
        reversal.activity = activity
    LedgerEntry.objects.bulk_create(reversals, batch_size=500)
    for rule_set, month in {(row.rule_set, row.month) for row in standing}:
        changed = {row.account_id for row in standing if (row.rule_set, row.month) == (rule_set, month)}
        mark_accounts(changed, month, month)
        mark_later(rule_set, changed, month)
    return len(standing)


def _stands(row: LedgerEntry) -> bool:
    return row.reverses_id is None and not hasattr(row, "reversal")


def _says(row: LedgerEntry, due: _Due | None) -> bool:
    if due is None:
        return False
    quantity = None if row.quantity is None else hundredths(row.quantity)
    held = None if row.held is None else hundredths(row.held)
    return (hundredths(row.points), quantity, held) == (due.points, due.quantity, due.held)


def _entry(
    activity: Activity,
    month: Month,
    rule_set: RuleSet,
    item: Item,
    account: int,
    due: _Due,
    by: User,
    now: datetime.datetime,
    number: int,
) -> LedgerEntry:
    return LedgerEntry(
        account_id=account,
        unit=month.unit,
        item=item,
        rule_set=rule_set,
        happened_on=activity.held_on or activity.planned_on,
        month=month.month,
        points=from_hundredths(due.points),
        quantity=from_hundredths(due.quantity),
        held=None if due.held is None else from_hundredths(due.held),
        reason=str(activity)[:200],
        source=LedgerEntry.Source.ACTIVITY,
        filed_by=by,
        filed_at=now,
        activity=activity,
        key=uuid.uuid5(_KEYS, f"{activity.pk}:{account}:{item.pk}:{number}"),
    )
