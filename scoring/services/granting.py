"""集体计分: one cause that credits several accounts — an event of a group, an award shared out."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import ENTRY_POSTS
from members.errors import Refused
from members.models import User
from members.services.audit import record
from scoring import months
from scoring.books import book_of, item_rule, layout_of
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.book import ItemRule
from scoring.calculation.cells import read_cell
from scoring.calculation.order import Groups
from scoring.calculation.pricing import MOST, Fact, price, show
from scoring.calculation.sharing import shares
from scoring.circumstances import read_circumstances
from scoring.models import Account, Grant, Item, LedgerEntry, Month, RuleSet
from scoring.services.archive import require_not_archived
from scoring.services.columns import check_cell, hint_of
from scoring.services.grid import require_open
from scoring.services.months import rules_of, touched
from scoring.services.population import population
from scoring.services.posting import lock_month, mark_later, reversal_of
from scoring.services.posts import entry_of
from scoring.services.stale import mark_accounts

# What comes from organisation life or an inspection has a record of its own there.
GRANTED = (Item.FedBy.GRID, Item.FedBy.CLAIM, Item.FedBy.POST)
REASON_LENGTH = 200


# --- what may be granted -------------------------------------------------------------------------
@dataclass(frozen=True)
class Choice:
    """An item that a grant may be made for."""

    item: Item
    rule: ItemRule

    @property
    def hint(self) -> str:
        return hint_of(self.rule)

    @property
    def is_shareable(self) -> bool:
        """Points chosen by people can be shared out; the other items price each fact by themselves."""
        return self.rule.pricing == Item.Pricing.RANGE


def choices_of(month: Month) -> list[Choice]:
    """The items of the month that a grant may be made for, in the order of the rules."""
    layout = layout_of(rules_of(month), month.unit, month.month)
    return [
        Choice(item, item_rule(item, section))
        for section, items in layout
        for item in items
        if item.fed_by in GRANTED and item.evidence != Item.EvidenceRule.REQUIRED
    ]


def open_month(month: Month) -> Month:
    """The saved row, locked, which can still take entries."""
    require_not_archived(month.unit, month.month)
    month = touched(month)
    require_open(month)
    return month


def require_listed(month: Month, accounts: Sequence[int]) -> None:
    """All of them count for the branch in the month."""
    if not accounts:
        raise Refused(_("没有选中任何党员，请勾选或选择党小组后再计分。"))
    strangers = sorted(set(accounts) - set(population([month.unit_id], month.month).accounts.tolist()))
    if strangers:
        raise Refused(_("%s本月不在本支部的积分名单中，请刷新页面后重选。") % _names(strangers))


def _names(accounts: Sequence[int]) -> str:
    rows = Account.objects.filter(pk__in=accounts).select_related("member", "unit").order_by("member__pinyin", "pk")
    return "、".join(str(account) for account in rows)


def _require_entry_post(month: Month, by: User) -> None:
    if not by.authority.reaches(month.unit, ENTRY_POSTS):
        raise Refused(_("只有本支部的书记、副书记、组织委员或记分员可以集体计分。"))


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(_("请写明事由，它会显示在每个人的记录里。"))
    if len(reason) > REASON_LENGTH:
        raise Refused(_("事由最多 200 字，现在 %d 字，请缩短。") % len(reason))
    return reason


def _choice(month: Month, item: Item) -> Choice:
    for choice in choices_of(month):
        if choice.item.pk == item.pk:
            return choice
    raise Refused(_("%s不在本月可以集体计分的条款中，请刷新页面后重选。") % item)


def _require_applies(month: Month, rule_set: RuleSet, choice: Choice, accounts: Sequence[int]) -> None:
    """The item is meant for all of them, and an item of posts has not been given to any of them yet."""
    ids = np.array(sorted(accounts), dtype=np.int64)
    book = book_of(rule_set, layout_of(rule_set, month.unit, month.month))
    groups = Groups(len(ids), [month.month], {}, read_circumstances(book, ids, month.month))
    outside = ids[groups.applies(choice.rule) == 0].tolist()
    if outside:
        words = {"item": choice.item, "who": _names(outside)}
        raise Refused(_("%(item)s按党员分类或职务不适用于%(who)s，请去掉后再计分。") % words)
    if choice.item.fed_by == Item.FedBy.POST:
        given = LedgerEntry.objects.standing().filter(item=choice.item, month=month.month, account__in=accounts)
        again = list(given.values_list("account", flat=True))
        if again:
            words = {"item": choice.item, "who": _names(again)}
            raise Refused(_("%(who)s本月已有%(item)s的记录，请去掉后再计分。") % words)


# --- granting ------------------------------------------------------------------------------------
@transaction.atomic
def grant_group_event(
    month: Month, item: Item, accounts: Sequence[int], *, text: str, reason: str, by: User, key: uuid.UUID
) -> Grant:
    """One event credited to each of these accounts alike. In: what a cell of the item would say. Once per key."""
    _require_entry_post(month, by)
    month = open_month(month)
    standing = Grant.objects.filter(key=key).first()
    if standing is not None:
        return standing
    reason, accounts = _checked_reason(reason), sorted(set(accounts))
    choice = _choice(month, item)
    fact, points = read_fact(choice, text)
    require_listed(month, accounts)
    _require_applies(month, rules_of(month), choice, accounts)
    grant = Grant(kind=Grant.Kind.GROUP_EVENT, unit=month.unit, month=month.month, item=choice.item, reason=reason)
    return _grant(grant, dict.fromkeys(accounts, points), fact, rules_of(month), by=by, key=key)


def read_fact(choice: Choice, text: str) -> tuple[Fact, int]:
    """What was typed, and its price in hundredths. Raise Refused as a cell of the month sheet would."""
    canonical, _points = check_cell(choice.rule, text)
    fact = read_cell(choice.rule, canonical)
    if fact is None:
        raise Refused(_("%(item)s：请填写（%(hint)s）。") % {"item": choice.item, "hint": choice.hint})
    return fact, price(choice.rule, fact)


@transaction.atomic
def grant_share(
    month: Month, item: Item, weights: Mapping[int, int], *, total: int, reason: str, by: User, key: uuid.UUID
) -> Grant:
    """A collective award shared out by weight; the shares add up to the total exactly. In: account -> weight,
    hundredths. Once per key."""
    _require_entry_post(month, by)
    month = open_month(month)
    standing = Grant.objects.filter(key=key).first()
    if standing is not None:
        return standing
    reason = _checked_reason(reason)
    choice = _choice(month, item)
    parts = share_out(choice, weights, total)
    require_listed(month, list(parts))
    _require_applies(month, rules_of(month), choice, list(parts))
    grant = Grant(kind=Grant.Kind.SHARED, unit=month.unit, month=month.month, item=choice.item, reason=reason)
    grant.points = from_hundredths(sum(parts.values()))
    return _grant(grant, parts, Fact(), rules_of(month), by=by, key=key)


def share_out(choice: Choice, weights: Mapping[int, int], total: int) -> dict[int, int]:
    """Account -> its share in hundredths. Raise Refused when one of them is not what the item allows.

    A weight of 0 gets nothing, unless all are 0: then all get the same.
    """
    if not choice.is_shareable:
        raise Refused(_("%s不是“打分”的条款，不能按比例分配；请用“集体事项”逐人计分。") % choice.item)
    if not weights:
        raise Refused(_("没有选中任何党员，请填写各人的比例。"))
    if choice.rule.is_deduction:
        # In a column of deductions "6" means six points off.
        total = -abs(total)
    if not total or abs(total) > MOST:
        raise Refused(_("分配总分不能为 0，也不能超过 %s 分，请核对。") % show(MOST))
    counted = {account: weight for account, weight in weights.items() if weight} or dict(weights)
    parts = dict(zip(counted, shares(total, list(counted.values())), strict=True))
    table = choice.rule.pricing_table
    least, most = hundredths(str(table["min"])), hundredths(str(table["max"]))
    wrong = next((share for share in parts.values() if not least <= share <= most), None)
    if wrong is not None:
        words = {"share": show(wrong), "item": choice.item, "least": show(least), "most": show(most)}
        raise Refused(
            _("分到的 %(share)s 分超出%(item)s每人 %(least)s 到 %(most)s 分的范围，请调整总分或比例。") % words
        )
    return parts


def _grant(
    grant: Grant, parts: Mapping[int, int], fact: Fact, rule_set: RuleSet, *, by: User, key: uuid.UUID
) -> Grant:
    now = timezone.now()
    grant.by, grant.at, grant.key = by, now, key
    grant.save(force_insert=True)
    LedgerEntry.objects.bulk_create(
        (
            entry_of(grant, account, points, fact, rule_set=rule_set, by=by, now=now, key=str(account))
            for account, points in parts.items()
        ),
        batch_size=500,
    )
    _mark(rule_set, set(parts), grant.month)
    record(by, "scoring.grant_points", grant, detail=_("%d 人") % len(parts))
    return grant


def _mark(rule_set: RuleSet, accounts: set[int], month: int) -> None:
    mark_accounts(accounts, month, month)
    mark_later(rule_set, accounts, month)


# --- undoing -------------------------------------------------------------------------------------
@transaction.atomic
def reverse_grant(grant: Grant, *, by: User, reason: str) -> int:
    """Reverse every entry of a grant that still stands. Out: how many were reversed.

    Raise Refused when the month is checked or closed, or no reason is given.
    """
    month = Month.objects.select_related("unit").get(unit=grant.unit_id, month=grant.month)
    _require_entry_post(month, by)
    reason = reason.strip()[:REASON_LENGTH]
    if not reason:
        raise Refused(_("请写明撤销的原因。"))
    month = lock_month(month)
    if month.is_closed:
        raise Refused(_("%s已结账，不能撤销。需要更正请由党委写明原因重新打开该月。") % months.label(grant.month))
    if month.state == Month.State.CHECKED:
        raise Refused(_("%s已审核，不能撤销。请先由审核人退回，更正后重新提交。") % months.label(grant.month))
    standing = list(LedgerEntry.objects.standing().filter(cause=grant).select_related("rule_set"))
    now = timezone.now()
    LedgerEntry.objects.bulk_create(
        (reversal_of(entry, by=by, now=now, reason=reason) for entry in standing), batch_size=500
    )
    for rule_set in {entry.rule_set for entry in standing}:
        _mark(rule_set, {entry.account_id for entry in standing if entry.rule_set_id == rule_set.pk}, grant.month)
    if standing:
        record(by, "scoring.reverse_grant", grant, detail=reason)
    return len(standing)
