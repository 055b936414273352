"""年度归档: from then on the months of a year stay closed; what is found later is an adjustment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS, COMMITTEE_POSTS
from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from scoring.models import ArchivedYear, Month, RuleSet
from scoring.months import first_day

# Who archives a year, and who adjusts what is archived.
ARCHIVE_POSTS = COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS
# As many branches as a sentence names.
NAMED = 10


def _chain(path: str) -> list[int]:
    return [int(part) for part in path.split(".") if part]


def is_archived(unit: OrgUnit, year: int) -> bool:
    """Whether a committee above the unit has archived the year."""
    return ArchivedYear.objects.filter(unit__in=_chain(unit.path), year=year).exists()


def require_not_archived(unit: OrgUnit, month: int) -> None:
    if is_archived(unit, month // 100):
        raise Refused(
            _("%(year)d 年度已经归档，%(month)s不能再改；需要更正请由党委在录入中的月份做“调整”，写明更正的月份。")
            % {"year": month // 100, "month": _("%d 月") % (month % 100)}
        )


@dataclass(frozen=True)
class Unclosed:
    """A branch with the months of the year that it has not closed."""

    branch: str
    path: str
    months: list[int]

    def __str__(self) -> str:
        return _("%(branch)s（%(months)s 月）") % {
            "branch": self.branch,
            "months": "、".join(str(month % 100) for month in self.months),
        }


# Every month in which somebody of the branch counts and whose row is not closed; as in the population of a month.
_UNCLOSED = """
WITH days(month, day) AS (VALUES {days})
SELECT u.name, u.path, d.month
FROM days d JOIN members_membership s ON s.started_on <= d.day AND (s.ended_on IS NULL OR s.ended_on > d.day)
JOIN members_orgunit u ON u.id = s.branch_id
WHERE u.path LIKE %s
  AND NOT EXISTS (SELECT 1 FROM members_exclusion x WHERE x.member_id = s.member_id
                  AND x.started_on <= d.day AND (x.ended_on IS NULL OR x.ended_on > d.day))
  AND NOT EXISTS (SELECT 1 FROM scoring_month k WHERE k.unit_id = s.branch_id AND k.month = d.month
                  AND k.state = 'CLOSED')
GROUP BY u.name, u.path, d.month ORDER BY u.path, d.month
"""


def unclosed(unit: OrgUnit, year: int) -> list[Unclosed]:
    """The branches below that still have to close a month of the year. Months without rules have nothing to close.

    Two queries.
    """
    postgresql = connection.vendor == "postgresql"
    marks = ", ".join(["(%s, %s::date)" if postgresql else "(%s, %s)"] * 12)
    days = [value for month in range(year * 100 + 1, year * 100 + 13) for value in (month, first_day(month))]
    with connection.cursor() as cursor:
        cursor.execute(_UNCLOSED.format(days=marks), [*days, f"{unit.path}%"])
        rows = cursor.fetchall()
    spans = _ruled_spans()
    found: dict[str, Unclosed] = {}
    for name, path, month in rows:
        if any(owner in _chain(path) and first <= month <= last for owner, first, last in spans):
            found.setdefault(path, Unclosed(name, path, [])).months.append(month)
    return list(found.values())


def _ruled_spans() -> list[tuple[int, int, int]]:
    """(owner, first month, last month) of every published rule set for members."""
    rows = RuleSet.objects.published().filter(account_kind=RuleSet.AccountKind.MEMBER)
    spans = rows.values_list("owner_id", "effective_from", "effective_to")
    return [(owner, first, last or 299912) for owner, first, last in spans]


def _named(branches: Iterable[Unclosed]) -> str:
    listed = list(branches)
    text = "；".join(str(one) for one in listed[:NAMED])
    return text if len(listed) <= NAMED else _("%(text)s等 %(count)d 个支部") % {"text": text, "count": len(listed)}


@transaction.atomic
def archive_year(unit: OrgUnit, year: int, *, by: User) -> ArchivedYear:
    """Archive a year of everything below a committee, once every branch has closed every month of it."""
    if not by.authority.reaches(unit, ARCHIVE_POSTS):
        raise Refused(_("只有党委书记、委员或党务工作者可以归档。"))
    if unit.kind != OrgUnit.Kind.PARTY_COMMITTEE:
        raise Refused(_("年度由党委归档，请从党委的页面办理。"))
    standing = ArchivedYear.objects.filter(unit=unit, year=year).first()
    if standing is not None:
        return standing
    rows = Month.objects.within(unit).filter(month__gte=year * 100 + 1, month__lte=year * 100 + 12)
    # Nobody opens one of them again before the year stands as archived.
    states = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("state", flat=True))
    if Month.State.CLOSED not in states:
        raise Refused(_("%d 年还没有已结账的月份，没有可归档的内容。") % year)
    missing = unclosed(unit, year)
    if missing:
        raise Refused(_("%(year)d 年还不能归档，请先结账：%(what)s。") % {"year": year, "what": _named(missing)})
    archived = ArchivedYear.objects.create(unit=unit, year=year, by=by)
    record(by, "scoring.archive_year", unit, detail=_("%d 年") % year)
    return archived


@dataclass(frozen=True)
class YearLine:
    """A year of a committee: how many months of branches are closed, and who archived it."""

    year: int
    closed: int
    begun: int
    archived: ArchivedYear | None


def years_of(unit: OrgUnit) -> list[YearLine]:
    """Every year with months below the unit, newest first. Two queries."""
    archived = {row.year: row for row in ArchivedYear.objects.filter(unit=unit).select_related("by__member")}
    closed: dict[int, int] = {}
    begun: dict[int, int] = {}
    rows = Month.objects.within(unit).order_by().values_list("month", "state").annotate(count=Count("pk"))
    for month, state, count in rows:
        begun[month // 100] = begun.get(month // 100, 0) + count
        if state == Month.State.CLOSED:
            closed[month // 100] = closed.get(month // 100, 0) + count
    years = sorted({*begun, *archived}, reverse=True)
    return [YearLine(year, closed.get(year, 0), begun.get(year, 0), archived.get(year)) for year in years]
