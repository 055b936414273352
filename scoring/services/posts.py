"""任职计分: what a post brings its holder every month, entered when the month is submitted."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Iterable

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import User
from scoring import months
from scoring.books import book_of, item_rule, layout_of
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.pricing import Fact, price
from scoring.circumstances import read_circumstances
from scoring.models import Grant, Item, LedgerEntry, Month, RuleSet
from scoring.services.population import population
from scoring.services.posting import mark_later, reversal_of

_KEYS = uuid.UUID("0b0f5a0e-6c39-4a57-8a43-5d1c9a7d5e21")

# Item and account -> points in hundredths.
Due = dict[tuple[int, int], int]


def entry_of(
    grant: Grant,
    account: int,
    points: int,
    fact: Fact,
    *,
    rule_set: RuleSet,
    by: User,
    now: datetime.datetime,
    key: str,
) -> LedgerEntry:
    """One account's part of a grant. Not yet saved. In: hundredths, what was typed, and what tells it from the
    other entries of the grant."""
    return LedgerEntry(
        account_id=account,
        unit_id=grant.unit_id,
        item_id=grant.item_id,
        rule_set=rule_set,
        happened_on=min(months.last_day(grant.month), timezone.localdate()),
        month=grant.month,
        points=from_hundredths(points),
        quantity=None if fact.quantity is None else from_hundredths(fact.quantity),
        level=fact.level,
        reason=grant.reason,
        source=LedgerEntry.Source.GROUP_EVENT,
        filed_by=by,
        filed_at=now,
        cause=grant,
        key=uuid.uuid5(grant.key, key),
    )


def grant_posts(month: Month, rule_set: RuleSet, *, by: User) -> int:
    """Enter what the posts held on the first day bring. In: a locked, open month. Out: the number of new entries,
    reversals included.

    Run again, only what has changed is entered: a reversal for who does not hold the post any more, an entry for who
    does now. What a person has reversed stays reversed, and what already stands is not given twice.
    """
    items = {item.pk: item for item in _post_items(rule_set, month)}
    made = list(
        LedgerEntry.objects.filter(unit=month.unit, month=month.month, cause__kind=Grant.Kind.POST)
        .select_related("reversal")
        .order_by("pk")
    )
    if not items and not made:
        return 0
    due = _due(rule_set, month, items.values())
    now = timezone.now()
    taken = [entry for entry in made if _stands(entry) and due.get(_place(entry)) != hundredths(entry.points)]
    reversals = [reversal_of(entry, by=by, now=now, reason=_("不再任职或条款有变")) for entry in taken]
    for reversal, entry in zip(reversals, taken, strict=True):
        # The system's own reversal names the cause; a person's does not, and is not overruled.
        reversal.cause_id = entry.cause_id
    entries = _new_entries(month, rule_set, items, due, made, taken, by=by, now=now)
    LedgerEntry.objects.bulk_create([*reversals, *entries], batch_size=500)
    changed = {entry.account_id for entry in [*reversals, *entries]}
    if changed:
        mark_later(rule_set, changed, month.month)
    return len(reversals) + len(entries)


def _post_items(rule_set: RuleSet, month: Month) -> list[Item]:
    layout = layout_of(rule_set, month.unit, month.month)
    return [item for _section, items in layout for item in items if item.fed_by == Item.FedBy.POST]


def _due(rule_set: RuleSet, month: Month, items: Iterable[Item]) -> Due:
    """Who is to have what: the holders, on the first day, of one of the item's posts, once each."""
    people = population([month.unit_id], month.month)
    book = book_of(rule_set, layout_of(rule_set, month.unit, month.month))
    held = read_circumstances(book, people.accounts, month.month).posts
    due: Due = {}
    for item in items:
        points = price(item_rule(item, item.section), Fact(quantity=100))
        holds = np.zeros(len(people.accounts), dtype=np.int64)
        for post in item.posts:
            holds = np.maximum(holds, held.get(post, 0))
        due |= {(item.pk, account): points for account in people.accounts[holds > 0].tolist()}
    return due


def _place(entry: LedgerEntry) -> tuple[int, int]:
    return entry.item_id or 0, entry.account_id


def _stands(entry: LedgerEntry) -> bool:
    return entry.reverses_id is None and not hasattr(entry, "reversal")


def _is_declined(entry: LedgerEntry) -> bool:
    """Whether a person has reversed it."""
    return hasattr(entry, "reversal") and entry.reversal.cause_id is None


def _new_entries(
    month: Month,
    rule_set: RuleSet,
    items: dict[int, Item],
    due: Due,
    made: list[LedgerEntry],
    taken: list[LedgerEntry],
    *,
    by: User,
    now: datetime.datetime,
) -> list[LedgerEntry]:
    standing = LedgerEntry.objects.standing().filter(unit=month.unit, month=month.month, item__in=items)
    gone = {entry.pk for entry in taken}
    settled = {_place(entry) for entry in standing if entry.pk not in gone}
    settled |= {_place(entry) for entry in made if _is_declined(entry)}
    lacking = {place: points for place, points in due.items() if place not in settled}
    if not lacking:
        return []
    grants = _grants(month, [items[item] for item in sorted({item for item, _account in lacking})], by, now)
    # Given again after a reversal, an entry needs another key: its number among those of the account.
    before = Counter(_place(entry) for entry in made if entry.reverses_id is None)
    return [
        entry_of(
            grants[item], account, points, Fact(quantity=100),
            rule_set=rule_set, by=by, now=now, key=f"{account}:{before[item, account]}",
        )
        for (item, account), points in lacking.items()
    ]  # fmt: skip


def _grants(month: Month, items: list[Item], by: User, now: datetime.datetime) -> dict[int, Grant]:
    """The one grant of each item in this branch and month; item -> grant."""
    keys = {item.pk: uuid.uuid5(_KEYS, f"{month.unit_id}:{month.month}:{item.pk}") for item in items}
    known = {grant.item_id: grant for grant in Grant.objects.filter(key__in=keys.values())}
    new = [
        Grant(
            kind=Grant.Kind.POST, unit=month.unit, month=month.month, item=item, reason=item.name, by=by, at=now,
            key=keys[item.pk],
        )
        for item in items
        if item.pk not in known
    ]  # fmt: skip
    created = Grant.objects.bulk_create(new)
    return known | {grant.item_id: grant for grant in created}
