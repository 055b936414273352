"""What a claim or a proposed deduction says, checked against the rules of the month it is to count in."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Membership
from scoring import months
from scoring.calculation.amounts import from_hundredths
from scoring.calculation.cells import read_cell, write_cell
from scoring.calculation.pricing import price
from scoring.models import Account, Claim, Month
from scoring.services.archive import require_not_archived
from scoring.services.claimable import Claimable, claimable_items, require_applies
from scoring.services.months import month_of_unit
from scoring.services.population import population

REASON_LENGTH = 200


@dataclass(frozen=True)
class Deed:
    """What a claim says: the clause, what was done, when, in which month it is to count."""

    item: int
    text: str
    happened_on: datetime.date
    month: int
    reason: str
    occasion: str = ""


def fill(claim: Claim, deed: Deed) -> None:
    """Check the deed against the rules of its month and write it into the claim."""
    month, place = _place(claim.account, deed)
    choice = _choice(month, deed, claim)
    require_applies(month, choice, claim.account)
    fact = read_cell(choice.rule, deed.text)
    if fact is None:
        raise Refused(_("%s：请填写申报内容。") % choice.item)
    points = price(choice.rule, fact)
    if claim.kind == Claim.Kind.CLAIM and points < 0:
        raise Refused(_("%s是扣分条款，不能申报。") % choice.item)
    claim.unit, claim.group, claim.item = month.unit, place.group, choice.item
    claim.month, claim.happened_on = deed.month, deed.happened_on
    claim.text, claim.points = write_cell(choice.rule, fact), from_hundredths(points)
    claim.reason, claim.occasion = _checked_reason(deed.reason), deed.occasion.strip()[:80]


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(_("请写明事由：做了什么、结果怎样。"))
    if len(reason) > REASON_LENGTH:
        raise Refused(_("事由最多 200 字，现在 %d 字，请缩短。") % len(reason))
    return reason


def _place(account: Account, deed: Deed) -> tuple[Month, Membership]:
    """The month that the deed counts in, which must still take entries, and where the member belongs then."""
    if deed.happened_on > timezone.localdate():
        raise Refused(_("发生日期还没有到，请核对。"))
    if not months.is_month(deed.month) or months.first_day(deed.month) > timezone.localdate():
        raise Refused(_("计入月份还没有开始，请选择本月或以前的月份。"))
    happened = months.month_of(deed.happened_on)
    if happened > deed.month or happened // 100 != deed.month // 100:
        raise Refused(_("计入月份须与发生日期在同一年，且不早于发生的月份，请核对。"))
    if not Membership.objects.at(deed.happened_on).filter(member=account.member_id).exists():
        raise Refused(_("%s 时不在任何支部，以前的事项不能申报；请核对发生日期。") % deed.happened_on)
    stays = Membership.objects.at(months.first_day(deed.month)).filter(member=account.member_id)
    stay = stays.select_related("branch", "group").first()
    if stay is None:
        raise Refused(_("%s不在任何支部的积分名单中，请核对月份。") % months.label(deed.month))
    month = month_of_unit(stay.branch, deed.month)
    require_not_archived(stay.branch, deed.month)
    if not month.takes_entries:
        raise Refused(_("%s已审核或结账，不能再计入；请把计入月份改到还在录入的月份。") % months.label(deed.month))
    if account.pk not in population([stay.branch_id], deed.month).accounts:
        raise Refused(_("%s按决定不列入积分，请核对月份。") % months.label(deed.month))
    return month, stay


def _choice(month: Month, deed: Deed, claim: Claim) -> Claimable:
    for choice in claimable_items(month, claim.kind):
        if choice.item.pk == deed.item:
            return choice
    raise Refused(_("这一条款在%s不能申报，请重新选择条款。") % months.label(deed.month))
