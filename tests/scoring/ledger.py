"""Ledger entries as other services leave them, for tests that begin where the ledger already stands."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from members.models import OrgUnit
from scoring import months
from scoring.models import Account, Item, LedgerEntry
from scoring.services.posting import reversal_of
from tests.factories import user
from tests.scoring.factories import MONTH


def entry(
    account: Account,
    item: Item | None,
    points: object,
    month: int = MONTH,
    unit: OrgUnit | None = None,
    **fields: object,
) -> LedgerEntry:
    """An imported entry in the branch the member belongs to on the first day, unless another is named."""
    if unit is None:
        unit = account.member.memberships.at(months.first_day(month)).get().branch
    return LedgerEntry.objects.create(
        account=account,
        item=item,
        unit=unit,
        month=month,
        points=Decimal(str(points)),
        rule_set=fields.pop("rule_set", None) or item.section.rule_set,
        happened_on=fields.pop("happened_on", None) or months.first_day(month),
        source=fields.pop("source", LedgerEntry.Source.IMPORT),
        filed_by=fields.pop("filed_by", None) or user(),
        filed_at=timezone.now(),
        **fields,
    )


def reversal(entry: LedgerEntry) -> LedgerEntry:
    row = reversal_of(entry, by=entry.filed_by, now=timezone.now(), reason="更正")
    row.save(force_insert=True)
    return row
