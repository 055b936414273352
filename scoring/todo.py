"""What waits for this person in scoring."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple, cast

from django.db.models import Case, Count, F, Min, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, ENTRY_POSTS, LEADER_POSTS, below
from members.models import OrgUnit, User
from members.todo import Todo
from scoring import months
from scoring.models import Activity, Claim, ClaimMove, CustomItem, Month, MonthPolicy
from scoring.rules import DECIDING_POSTS
from scoring.services.months import deadlines, policy_of
from scoring.services.overdue import LOOK_BACK

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
                    kind=_("月度积分待录入"),
                )
            )
    for row in moved.values():
        if row.is_open and row.return_reason and row.month != last:
            title = _("更正被退回的%s") % months.label(row.month)
            due = deadlines(policy, row.month).submit_by
            waiting.append(Todo(title, _grid(row.unit_id, row.month), 1, due, kind=_("退回的月度积分待更正")))
    return waiting


def _steps(user: User, policy: MonthPolicy) -> list[Todo]:
    """Months that wait to be checked or closed by this person."""
    checks = user.authority.paths(BRANCH_COMMITTEE_POSTS)
    if not checks and not user.authority.holds(COMMITTEE_POSTS):
        return []
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
                kind=_("月度积分待审核"),
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
                kind=_("月度积分待结账"),
            )
            for month, count in sorted(ready.items())
        ]
    return waiting


def _custom_items(user: User, policy: MonthPolicy) -> list[Todo]:
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
            due=_after(timezone.localdate(first), policy),
            kind=_("自定义条款待审定"),
        )
        for rule_set, name, count, first in counted.annotate(n=Count("pk"), first=Min("proposed_at"))
    ]


def _after(day: datetime.date, policy: MonthPolicy) -> datetime.date:
    """Until when something should be done that came on a day: on the next one a reminder goes out."""
    return day + datetime.timedelta(days=policy.remind_days)


class _Named(NamedTuple):
    """What waits, its number, its name, until when where it is set, since when."""

    what: str
    pk: int
    name: str
    until: datetime.date | None
    since: datetime.datetime | None


def _by_name(user: User, today: datetime.date, policy: MonthPolicy) -> list[Todo]:
    """Claims whose next step is this person's, of the own ones what came back or may be answered, and activities
    whose day has passed without an attendance sheet; one query."""
    parts = [*_claims(user, today), *_activities(user, today)]
    if not parts:
        return []
    rows = [_Named(*row) for row in parts[0].union(*parts[1:], all=True)]  # type: ignore[arg-type]
    found = []
    queue = f"{reverse('scoring:claim-list')}?tab=waiting"
    for what, words in _COUNTED.items():
        days = [_came(row) for row in rows if row.what == what]
        if days:
            found.append(Todo(str(words), queue, len(days), _after(min(days), policy), kind=str(words)))
    for what in _NAMED:
        own = sorted((row for row in rows if row.what == what), key=lambda row: (row.until or today, row.pk))
        found += _one_by_one(what, own)
    return found


# Counted: what others wait for. Named one by one: what is the person's own, with its page and the page of all.
_COUNTED = {"waiting": gettext_lazy("待办理的申报"), "deciding": gettext_lazy("待决定的扣分提议")}
_NAMED = {
    "answerable": (
        gettext_lazy("可以说明的扣分提议“%s”"),
        gettext_lazy("可以说明的扣分提议"),
        "scoring:claim-detail",
        "scoring:claim-list",
    ),
    "returned": (
        gettext_lazy("补正被退回的申报“%s”"),
        gettext_lazy("补正被退回的申报"),
        "scoring:claim-detail",
        "scoring:claim-list",
    ),
    "unrecorded": (
        gettext_lazy("记录“%s”的到会情况"),
        gettext_lazy("没有记录到会情况的组织生活"),
        "scoring:activity-attendance",
        "scoring:activity-list",
    ),
}


def _came(row: _Named) -> datetime.date:
    """The day it came to this person; a deduction that was not answered, when the days for that are over."""
    if row.since is None and row.until is not None:
        return row.until + datetime.timedelta(days=1)
    return timezone.localdate(row.since)


def _one_by_one(what: str, rows: Sequence[_Named]) -> list[Todo]:
    """The first few by name, the rest by their number."""
    title, kind, route, whole = _NAMED[what]
    found = [
        Todo(str(title) % row.name, reverse(route, args=[row.pk]), 1, row.until, kind=str(kind))
        for row in rows[:NAMED]
    ]
    rest = rows[NAMED:]
    return [*found, Todo(str(kind), reverse(whole), len(rest), rest[0].until, str(kind))] if rest else found


def _claims(user: User, today: datetime.date) -> list[QuerySet[Claim, tuple[object, ...]]]:
    parts = []
    if user.has_perm("scoring.act_on_claims"):
        deduction = When(kind=Claim.Kind.DEDUCTION, then=Value("deciding"))
        what = Case(deduction, default=Value("waiting"))
        # As long as the member may answer, nobody can decide.
        rows = Claim.objects.waiting_for(user).exclude(
            kind=Claim.Kind.DEDUCTION, answered_at=None, answer_until__gte=today
        )
        moved = ClaimMove.objects.filter(claim=OuterRef("pk")).order_by("-pk").values("at")[:1]
        answered = When(kind=Claim.Kind.DEDUCTION, answer_until__isnull=False, then=F("answered_at"))
        parts.append(_named(rows, what, Case(answered, default=Subquery(moved))))
    if user.member_id is not None:
        own = Claim.objects.filter(account__member=user.member_id)
        parts.append(_named(own.filter(state=Claim.State.RETURNED), Value("returned"), F("filed_at")))
        answerable = own.filter(kind=Claim.Kind.DEDUCTION, state=Claim.State.CLAIMED, answered_at=None)
        answerable = answerable.filter(answer_until__gte=today)
        parts.append(_named(answerable, Value("answerable"), F("filed_at")))
    return parts


def _named(claims: QuerySet[Claim], what: Combinable, since: Combinable) -> QuerySet[Claim, tuple[object, ...]]:
    named = claims.order_by().annotate(what=what, since=since)
    return named.values_list("what", "pk", "item__name", "answer_until", "since")


def _activities(user: User, today: datetime.date) -> list[QuerySet[Activity, tuple[object, ...]]]:
    keeps, leads = user.authority.paths(ENTRY_POSTS), user.authority.paths(LEADER_POSTS)
    if not keeps and not leads:
        return []
    own = below(keeps, "unit__path") | below(leads, "group__path")
    first = months.first_day(months.shift(months.month_of(today), -LOOK_BACK))
    rows = Activity.objects.filter(own, state=Activity.State.PLANNED, planned_on__lt=today, planned_on__gte=first)
    named = rows.order_by().annotate(what=Value("unrecorded"))
    return [named.values_list("what", "pk", "title", "planned_on", "at")]


def waiting_for(user: User, today: datetime.date | None = None) -> list[Todo]:
    """To-dos of scoring, at most seven queries."""
    today = today or timezone.localdate()
    path = user.authority.posts[0].unit_path if user.authority.posts else ""
    # Asked for only where something waits that has a day.
    policy = cast(MonthPolicy, SimpleLazyObject(lambda: policy_of(OrgUnit(path=path))))
    return _of_posts(user, today, policy) + _by_name(user, today, policy)


def _of_posts(user: User, today: datetime.date, policy: MonthPolicy) -> list[Todo]:
    last = months.shift(months.month_of(today), -1)
    return _entries(user, last, policy) + _steps(user, policy) + _custom_items(user, policy)
