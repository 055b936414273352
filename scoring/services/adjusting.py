"""An adjustment: what is found after a year is archived, entered in an open month outside all items and caps."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Membership, OrgUnit, User
from members.services.audit import record
from scoring import months
from scoring.calculation.amounts import from_hundredths
from scoring.calculation.pricing import MOST, show
from scoring.models import Account, ArchivedYear, LedgerEntry, Month, Score
from scoring.services.archive import ARCHIVE_POSTS, is_archived
from scoring.services.granting import open_month, require_listed
from scoring.services.months import rules_of
from scoring.services.posting import mark_later
from scoring.services.stale import mark_accounts

# How far back an open month to take the adjustment is looked for.
LOOK_BACK = 3


@transaction.atomic
def adjust(
    account: Account, month: Month, *, corrects: int, points: int, reason: str, by: User, key: uuid.UUID
) -> LedgerEntry:
    """Enter one adjustment, once per key. In: an open month of the account's branch, the archived month that it puts
    right, hundredths, a reason.

    Raise Refused for whoever does not decide above the branch, and for one's own points.
    """
    if not by.authority.reaches(month.unit, ARCHIVE_POSTS):
        raise Refused(_("只有党委书记、委员或党务工作者可以调整。"))
    if account.member_id is not None and account.member_id == by.member_id:
        raise Refused(_("不能调整自己的积分，请由党委其他成员办理。"))
    month = open_month(month)
    standing = LedgerEntry.objects.filter(key=key).first()
    if standing is not None:
        return standing
    reason = _checked_reason(reason)
    _check_points(points)
    _check_corrected(account, corrects)
    require_listed(month, [account.pk])
    rule_set = rules_of(month)
    entry = LedgerEntry.objects.create(
        account=account,
        unit=month.unit,
        rule_set=rule_set,
        happened_on=min(months.last_day(month.month), timezone.localdate()),
        month=month.month,
        points=from_hundredths(points),
        reason=reason,
        source=LedgerEntry.Source.ADJUSTMENT,
        filed_by=by,
        filed_at=timezone.now(),
        corrects_month=corrects,
        key=key,
    )
    mark_accounts({account.pk}, month.month, month.month)
    mark_later(rule_set, {account.pk}, month.month)
    detail = _("%(who)s，更正%(month)s") % {"who": account, "month": months.label(corrects)}
    record(by, "scoring.adjust_score", entry, detail=detail)
    return entry


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(_("请写明调整的原因，它会留在台账里。"))
    if len(reason) > 200:
        raise Refused(_("原因最多 200 字，现在 %d 字，请缩短。") % len(reason))
    return reason


def _check_points(points: int) -> None:
    if not points or abs(points) > MOST:
        raise Refused(_("调整分不能为 0，也不能超过 %s 分，请核对。") % show(MOST))


def _check_corrected(account: Account, month: int) -> None:
    unit = _unit_then(account, month) if months.is_month(month) else None
    if unit is None:
        raise Refused(_("该党员在要更正的月份没有积分，请核对月份。"))
    if not is_archived(unit, month // 100):
        raise Refused(
            _("%(month)s所在年度还没有归档，不用调整；请由党委写明原因重新打开%(unit)s的该月更正。")
            % {"month": months.label(month), "unit": unit}
        )


def _unit_then(account: Account, month: int) -> OrgUnit | None:
    """Where the account was scored in a month, or belonged on its first day."""
    score = Score.objects.filter(account=account, month=month).select_related("unit").first()
    if score is not None:
        return score.unit
    stays = Membership.objects.at(months.first_day(month)).filter(member=account.member_id)
    stay = stays.select_related("branch").first()
    return stay.branch if stay else None


def archived_months(account: Account) -> list[int]:
    """The months in which the account has a score that only an adjustment can put right, newest first. Two queries."""
    archived = set(ArchivedYear.objects.values_list("unit", "year"))
    rows = Score.objects.filter(account=account).order_by("-month").values_list("month", "unit__path")
    return [
        month for month, path in rows if any((int(unit), month // 100) in archived for unit in path.split(".") if unit)
    ]


def open_months(account: Account) -> list[Month]:
    """The months of today's branch that can take an adjustment, the earliest first; rows that nobody has touched are
    not yet saved."""
    stay = account.member.last_membership if account.member else None
    if stay is None or stay.ended_on is not None:
        return []
    latest = months.month_of(timezone.localdate())
    recent = months.span(months.shift(latest, 1 - LOOK_BACK), latest)
    rows_of = Month.objects.filter(unit=stay.branch, month__in=recent).select_related("unit")
    known = {row.month: row for row in rows_of}
    rows = [known.get(month) or Month(unit=stay.branch, month=month) for month in recent]
    rows = [row for row in rows if row.is_open and months.first_day(row.month) >= stay.started_on]
    chain = [int(part) for part in stay.branch.path.split(".") if part]
    archived = set(ArchivedYear.objects.filter(unit__in=chain).values_list("year", flat=True))
    return [row for row in rows if row.month // 100 not in archived]
