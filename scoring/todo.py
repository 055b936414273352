"""What waits for this person in scoring."""

from __future__ import annotations

import datetime

from django.db.models import Count, QuerySet, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, ENTRY_POSTS, LEADER_POSTS, below
from members.models import OrgUnit, User
from members.todo import Todo
from scoring import months
from scoring.models import Activity, Claim, CustomItem, Month, MonthPolicy
from scoring.rules import DECIDING_POSTS
from scoring.services.months import deadlines, policy_of

# Older months than these are no longer nagged about.
LOOK_BACK = 3
# As many of the own claims are named one by one.
NAMED = 10


def _grid(unit_id: int, month: int) -> str:
    return reverse("scoring:month-grid", args=[unit_id, month])


def _entries(user: User, last: int, policy: MonthPolicy) -> list[Todo]:
    """Months of the own branches that have not been handed in."""
    units = OrgUnit.objects.branches().open().filter(below(user.authority.paths(ENTRY_POSTS), "path"))
    if not user.authority.paths(ENTRY_POSTS):
        return []
    rows = Month.objects.filter(unit__in=units.values("pk"), month__gte=months.shift(last, -LOOK_BACK))
    moved = {(row.unit_id, row.month): row for row in rows}
    waiting = []
    for unit in units[:20]:
        row = moved.get((unit.pk, last))
        if row is None or row.is_open:
            waiting.append(
                Todo(
                    title=_("录入%(unit)s %(month)s积分") % {"unit": unit, "month": months.label(last)},
                    url=_grid(unit.pk, last),
                    count=1,
                    due=deadlines(policy, last).submit_by,
                )
            )
    for row in moved.values():
        if row.is_open and row.return_reason and row.month != last:
            title = _("更正被退回的%s") % months.label(row.month)
            waiting.append(Todo(title=title, url=_grid(row.unit_id, row.month), count=1))
    return waiting


def _steps(user: User, policy: MonthPolicy) -> list[Todo]:
    """Months that wait to be checked or closed by this person."""
    checks = user.authority.paths(BRANCH_COMMITTEE_POSTS)
    by_committee = policy.closed_by == MonthPolicy.Closer.COMMITTEE
    closes = user.authority.paths(COMMITTEE_POSTS if by_committee else BRANCH_COMMITTEE_POSTS)
    rows = Month.objects.filter(state__in=["SUBMITTED", "CHECKED"]).select_related("unit")
    waiting: list[Todo] = []
    if checks:
        mine = rows.filter(below(checks, "unit__path"), state="SUBMITTED").exclude(submitted_by=user.pk)
        waiting += [
            Todo(
                title=_("审核%s") % row,
                url=_grid(row.unit_id, row.month),
                count=1,
                due=deadlines(policy, row.month).check_by,
            )
            for row in mine[:10]
        ]
    if closes:
        ready: dict[int, int] = {}
        closable = rows.filter(below(closes, "unit__path"), state="CHECKED")
        if by_committee:
            closable = closable.exclude(submitted_by=user.pk).exclude(checked_by=user.pk)
        for month in closable.values_list("month", flat=True):
            ready[month] = ready.get(month, 0) + 1
        waiting += [
            Todo(
                title=_("%s待结账") % months.label(month),
                url=f"{reverse('scoring:month-list')}?month={month}&state=CHECKED",
                count=count,
                due=deadlines(policy, month).close_by,
            )
            for month, count in sorted(ready.items())
        ]
    return waiting


def _custom_items(user: User) -> list[Todo]:
    """What units ask to add to the rules of this person's committee."""
    paths = user.authority.paths(DECIDING_POSTS)
    if not paths:
        return []
    rows = CustomItem.objects.filter(below(paths, "section__rule_set__owner__path"), state=CustomItem.State.PROPOSED)
    counted = rows.exclude(proposed_by=user.pk).order_by().values_list("section__rule_set", "section__rule_set__name")
    return [
        Todo(
            title=_("审定“%s”的自定义条款") % name,
            url=f"{reverse('scoring:custom-item-list', args=[rule_set])}?state=PROPOSED",
            count=count,
        )
        for rule_set, name, count in counted.annotate(n=Count("pk"))
    ]


# What waits, its number, its name, until when.
_Named = tuple[str, int, str, datetime.date | None]


def _by_name(user: User, today: datetime.date) -> list[Todo]:
    """Claims whose next step is this person's, of the own ones what came back or may be answered, and activities
    whose day has passed without an attendance sheet; one query."""
    parts = [*_claims(user, today), *_activities(user, today)]
    if not parts:
        return []
    rows = list(parts[0].union(*parts[1:], all=True))
    waiting = sum(what == "waiting" for what, *_rest in rows)
    queue = f"{reverse('scoring:claim-list')}?tab=waiting"
    found = [Todo(_("待办理的申报"), queue, waiting)] if waiting else []
    for what, (title, route) in _NAMED.items():
        own = sorted((row for row in rows if row[0] == what), key=lambda row: (row[3] or today, row[1]))
        found += [Todo(title % name, reverse(route, args=[pk]), 1, until) for _what, pk, name, until in own[:NAMED]]
    return found


_NAMED = {
    "answerable": (gettext_lazy("可以说明的扣分提议“%s”"), "scoring:claim-detail"),
    "returned": (gettext_lazy("补正被退回的申报“%s”"), "scoring:claim-detail"),
    "unrecorded": (gettext_lazy("记录“%s”的到会情况"), "scoring:activity-attendance"),
}


def _claims(user: User, today: datetime.date) -> list[QuerySet[Claim, _Named]]:
    parts = []
    if user.has_perm("scoring.act_on_claims"):
        parts.append(_named(Claim.objects.waiting_for(user), "waiting"))
    if user.member_id is not None:
        own = Claim.objects.filter(account__member=user.member_id)
        parts.append(_named(own.filter(state=Claim.State.RETURNED), "returned"))
        answerable = own.filter(kind=Claim.Kind.DEDUCTION, state=Claim.State.CLAIMED, answered_at=None)
        parts.append(_named(answerable.filter(answer_until__gte=today), "answerable"))
    return parts


def _named(claims: QuerySet[Claim], what: str) -> QuerySet[Claim, _Named]:
    return claims.order_by().annotate(what=Value(what)).values_list("what", "pk", "item__name", "answer_until")


def _activities(user: User, today: datetime.date) -> list[QuerySet[Activity, _Named]]:
    keeps, leads = user.authority.paths(ENTRY_POSTS), user.authority.paths(LEADER_POSTS)
    if not keeps and not leads:
        return []
    own = below(keeps, "unit__path") | below(leads, "group__path")
    first = months.first_day(months.shift(months.month_of(today), -LOOK_BACK))
    rows = Activity.objects.filter(own, state=Activity.State.PLANNED, planned_on__lt=today, planned_on__gte=first)
    return [rows.order_by().annotate(what=Value("unrecorded")).values_list("what", "pk", "title", "planned_on")]


def waiting_for(user: User, today: datetime.date | None = None) -> list[Todo]:
    """To-dos of scoring, at most seven queries."""
    today = today or timezone.localdate()
    return _of_posts(user, today) + _by_name(user, today)


def _of_posts(user: User, today: datetime.date) -> list[Todo]:
    if not user.authority.holds(COMMITTEE_POSTS | BRANCH_COMMITTEE_POSTS | ENTRY_POSTS):
        return _custom_items(user)
    last = months.shift(months.month_of(today), -1)
    path = user.authority.posts[0].unit_path
    policy = policy_of(OrgUnit(path=path))
    return _entries(user, last, policy) + _steps(user, policy) + _custom_items(user)
