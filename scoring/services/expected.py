"""应完成次数: how often one account is expected to do something, where it differs from the rules."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS
from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from scoring.books import layout_of
from scoring.models import Account, ExpectedCount, Item, RuleSet
from scoring.services.archive import require_not_archived
from scoring.services.stale import mark_accounts

MOST = 9999


def expecting_items(unit: OrgUnit, month: int) -> list[Item]:
    """The items of the rules in force that compare what was done with what is expected."""
    rule_set = RuleSet.objects.for_unit(unit, month)
    return [] if rule_set is None else expecting_items_of(rule_set, unit, month)


def expecting_items_of(rule_set: RuleSet, unit: OrgUnit, month: int) -> list[Item]:
    layout = layout_of(rule_set, unit, month)
    return [item for _section, items in layout for item in items if item.tally_table.get("of") == "expected"]


@transaction.atomic
def save_expected(unit: OrgUnit, year: int, counts: Mapping[tuple[int, str], int | None], *, by: User) -> int:
    """Write the counts of accounts below the unit: (account, clause number) -> times, None for the rules' own number.

    Out: how many changed.
    """
    if not by.authority.reaches(unit, BUSINESS_ADMIN_POSTS):
        raise Refused(_("只有党务工作者可以设定应完成次数。"))
    require_not_archived(unit, year * 100 + 12)
    accounts = {account for account, _code in counts}
    inside = Account.objects.filter(pk__in=accounts, member__memberships__branch__path__startswith=unit.path)
    if inside.values("pk").distinct().count() != len(accounts):
        raise Refused(_("名单里有不属于%s的党员，请刷新页面后重填。") % unit)
    if any(count is not None and not 0 <= count <= MOST for count in counts.values()):
        raise Refused(_("应完成次数须为 0 至 %d 的整数。") % MOST)
    rows = ExpectedCount.objects.select_for_update().filter(account__in=accounts, year=year)
    standing = {(row.account_id, row.code): row for row in rows}
    known = {place: row.count for place, row in standing.items()}
    changed = {place: count for place, count in counts.items() if known.get(place) != count}
    if not changed:
        return 0
    gone = [standing[place].pk for place, count in changed.items() if count is None]
    ExpectedCount.objects.filter(pk__in=gone).delete()
    ExpectedCount.objects.bulk_create(
        [
            ExpectedCount(account_id=account, code=code, year=year, count=count, by=by)
            for (account, code), count in changed.items()
            if count is not None
        ],
        update_conflicts=True,
        unique_fields=["account", "year", "code"],
        update_fields=["count", "by", "at"],
        batch_size=500,
    )
    mark_accounts({account for account, _code in changed}, year * 100 + 1, year * 100 + 12)
    people = len({account for account, _code in changed})
    record(by, "scoring.save_expected", unit, detail=_("%(year)d 年，%(count)d 人") % {"year": year, "count": people})
    return len(changed)
