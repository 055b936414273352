"""组织生活: the calendar and list of a unit, one's own attendance, one activity and its plan."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.access import ENTRY_POSTS, LEADER_POSTS, SEEING_POSTS
from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from scoring import life, months
from scoring.forms.activities import PlanForm
from scoring.models import Account, Activity, Attendance, LedgerEntry, Month
from scoring.services.activities import cancel_activity, may_keep, plan_activity, undo_activity
from scoring.services.activity_checks import checks_of
from scoring.views.months import recent_months
from scoring.views.own_year import own_year

Kind, State = Activity.Kind, Activity.State
Unit = OrgUnit.Kind
PAGE = 50
RELATED = ("unit", "group", "by__member")
# Units that one may choose from at once; larger committees are opened branch by branch.
MOST_UNITS = 300
# Ahead of today, for what is planned.
MONTHS_AHEAD = 3


def asked_month(request: SignedIn) -> int:
    """The month in the query string, this one when it is missing or no month."""
    text = request.GET.get("month", "")
    if text.isdecimal() and months.is_month(int(text)):
        return int(text)
    return months.month_of(timezone.localdate())


def _offered_months(month: int) -> list[int]:
    current = months.month_of(timezone.localdate())
    return sorted({*recent_months(months.shift(current, MONTHS_AHEAD), 15), month}, reverse=True)


# --- the list ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Row:
    """An activity on the list: who came, and whether this person is to enter it now."""

    activity: Activity
    share: life.Share | None
    waits: bool


@require_GET
@permitted("scoring.list_activities")
def activity_list(request: SignedIn) -> HttpResponse:
    """Calendar and list of a unit's month; with `mine` one's own attendance of the year."""
    if request.GET.get("mine"):
        return own_year(request)
    unit, month, today = _asked_unit(request), asked_month(request), timezone.localdate()
    context: dict[str, Any] = {"unit": unit, "month": month, "months": _offered_months(month)}
    if unit is None:
        return render(request, "scoring/activity_list.html", context)
    context["units"] = _offered_units(request, unit)
    context["may_keep"] = unit.kind == Unit.BRANCH and request.user.has_perm("scoring.keep_activities", unit)
    context["may_check"] = request.user.has_perm("scoring.view_life_check", unit)
    context["lacking"] = _lacking(unit, month, today) if context["may_check"] and unit.kind == Unit.BRANCH else []
    return render(request, "scoring/activity_list.html", context | _month_of_unit(request, unit, month, today))


def _month_of_unit(request: SignedIn, unit: OrgUnit, month: int, today: datetime.date) -> dict[str, Any]:
    """The calendar, with names while all fit on one page, and the list, of the whole month or of a day in it."""
    rows = Activity.objects.visible_to(request.user).within(unit)
    rows = rows.between(months.first_day(month), months.last_day(month)).select_related("unit", "group")
    rows = rows.order_by("planned_on", "pk")
    counts, day = life.counts_by_day(rows), _asked_day(request)
    paginator = Paginator(rows.filter(Q(held_on=day) | Q(held_on=None, planned_on=day)) if day else rows, PAGE)
    paginator.count = counts[day] if day else counts.total()
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    is_whole = not day and not page.has_other_pages()
    return {
        "day": day,
        "page": page,
        "rows": _rows(request, shown, today),
        "weeks": life.calendar_of(month, counts, shown if is_whole else [], today),
        "is_branch": unit.kind == Unit.BRANCH,
    }


def _lacking(unit: OrgUnit, month: int, today: datetime.date) -> list[str]:
    """What a branch still owes of 三会一课, in words; months to come owe nothing yet."""
    if month > months.month_of(today):
        return []
    return [str(check) for check in checks_of([unit], month)[unit.pk] if check.is_missing]


def _rows(request: SignedIn, shown: list[Activity], today: datetime.date) -> list[Row]:
    shares = life.shares_of(shown)
    return [
        Row(
            activity,
            shares.get(activity.pk),
            activity.state == State.PLANNED
            and activity.planned_on <= today
            and may_keep(activity.unit, activity.group, request.user),
        )
        for activity in shown
    ]


def _asked_day(request: SignedIn) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return None


def _asked_unit(request: SignedIn) -> OrgUnit | None:
    """The unit asked for; else the highest one that this person looks after, else the own branch."""
    asked = request.GET.get("unit", "")
    if asked:
        units = OrgUnit.objects.visible_to(request.user).filter(kind__in=_KINDS)
        return get_object_or_404(units, pk=int(asked) if asked.isdecimal() and len(asked) < 18 else 0)
    authority = request.user.authority
    path = min(authority.paths(SEEING_POSTS - LEADER_POSTS), key=len, default=authority.branch_path)
    return OrgUnit.objects.filter(path=path).first() if path else None


_KINDS = (Unit.PARTY_COMMITTEE, Unit.GENERAL_BRANCH, Unit.BRANCH)


def _offered_units(request: SignedIn, unit: OrgUnit) -> list[OrgUnit]:
    """The unit with what stands above and directly below it, as far as one looks after it; one's own branch."""
    authority = request.user.authority
    reach = [*authority.paths(SEEING_POSTS - LEADER_POSTS), authority.branch_path]
    above = [int(part) for part in unit.path.split(".") if part]
    held = [post.unit_id for post in authority.posts if post.post in SEEING_POSTS]
    places = Q(pk__in=[*above, *held, authority.branch_id or 0]) | Q(parent=unit) | Q(parent=unit.parent_id)
    units = OrgUnit.objects.filter(places, kind__in=_KINDS).order_by("path")[:MOST_UNITS]
    return [
        one
        for one in units
        if one.pk == unit.pk or authority.is_superuser or any(path and one.path.startswith(path) for path in reach)
    ]


# --- one activity ------------------------------------------------------------------------------------
@require_GET
@permitted("scoring.view_activity", Activity, related=RELATED)
def activity_detail(request: SignedIn, activity: Activity) -> HttpResponse:
    """The facts, who came, and the records that followed. A member sees the own line, the numbers are everybody's."""
    keeps = may_keep(activity.unit, activity.group, request.user)
    sees_all = keeps or request.user.has_perm("scoring.view_month", activity.unit)
    day = activity.held_on or activity.planned_on
    context = {
        "activity": activity,
        "month": months.month_of(day),
        "share": life.shares_of([activity]).get(activity.pk),
        "lines": _lines(activity, None if sees_all else request.user.member_id or 0),
        "sees_all": sees_all,
        "may_record": keeps and activity.state != State.CANCELLED and day <= timezone.localdate(),
        "may_change": keeps and activity.state == State.PLANNED,
        "may_undo": keeps and activity.state == State.HELD,
        "undone": _undone(activity) if activity.state == State.CANCELLED else None,
        "closed": closed_month(activity, day),
        "own_account": None if sees_all or activity.kind != Kind.ORG_LIFE_MEETING else _own_account(request),
    }
    return render(request, "scoring/activity_detail.html", context)


def _own_account(request: SignedIn) -> int | None:
    return Account.objects.filter(member=request.user.member_id or 0).values_list("pk", flat=True).first()


def _undone(activity: Activity) -> LedgerEntry | None:
    """Of what was held and is not any more: the last reversal, which says why and who."""
    rows = LedgerEntry.objects.filter(activity=activity, source=LedgerEntry.Source.REVERSAL)
    return rows.select_related("filed_by__member").order_by("-pk").first()


def _lines(activity: Activity, member: int | None) -> list[tuple[Attendance, list[LedgerEntry]]]:
    """By name, of everybody or of one member: the mark and the records that followed, reversed ones too."""
    rows = Attendance.objects.filter(activity=activity).select_related("account__member", "by__member")
    if member is not None:
        rows = rows.filter(account__member=member)
    lines = list(rows.order_by("account__member__pinyin", "account__member__staff_number"))
    entries = LedgerEntry.objects.filter(activity=activity, reverses=None).select_related("item", "reversal")
    by_account: dict[int, list[LedgerEntry]] = {}
    for entry in entries.filter(account__in=[line.account_id for line in lines]).order_by("item__code", "pk"):
        by_account.setdefault(entry.account_id, []).append(entry)
    return [(line, by_account.get(line.account_id, [])) for line in lines]


def closed_month(activity: Activity, day: datetime.date) -> Month | None:
    """The month when it takes nothing any more."""
    rows = Month.objects.filter(unit=activity.unit_id, month=months.month_of(day))
    return rows.exclude(state__in=Month.TAKING).first()


def _plan_form(request: SignedIn, unit: OrgUnit, given: Any, initial: dict[str, Any]) -> PlanForm:
    """A group's leader is offered the groups led, whoever keeps the branch all of them."""
    authority = request.user.authority
    keeps_branch = authority.reaches(unit, ENTRY_POSTS)
    groups = OrgUnit.objects.filter(parent=unit, kind=Unit.PARTY_GROUP).open().order_by("position", "name")
    chosen = [group for group in groups if keeps_branch or authority.holds_in(group, LEADER_POSTS)]
    return PlanForm(given, groups=chosen, only_groups=not keeps_branch, initial=initial)


@permitted("scoring.keep_activities", OrgUnit)
def activity_create(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    if unit.kind != Unit.BRANCH:
        raise Http404
    initial = {"kind": request.GET.get("kind", ""), "planned_on": _asked_day(request) or timezone.localdate()}
    form = _plan_form(request, unit, request.POST or None, initial)
    return _planned(request, form, unit, None)


@permitted("scoring.keep_activities", Activity, related=RELATED)
def activity_edit(request: SignedIn, activity: Activity) -> HttpResponse:
    """Of a plan; what has been held is changed through its attendance."""
    if activity.state != State.PLANNED:
        messages.error(request, _("这次组织生活已开展或已取消，不能再改计划。"))
        return redirect("scoring:activity-detail", activity.pk)
    names = ("kind", "title", "planned_on", "place", "note")
    initial = {name: getattr(activity, name) for name in names} | {"group": activity.group_id or ""}
    form = _plan_form(request, activity.unit, request.POST or None, initial)
    return _planned(request, form, activity.unit, activity)


def _planned(request: SignedIn, form: PlanForm, unit: OrgUnit, activity: Activity | None) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            saved = plan_activity(unit, form.plan(), by=request.user, activity=activity)
        except Refused as refusal:
            refuse(request, refusal, activity or unit)
        else:
            messages.success(request, _("已保存：%s。") % saved)
            return redirect("scoring:activity-detail", saved.pk)
    return render(request, "scoring/activity_edit.html", {"unit": unit, "activity": activity, "form": form})


@require_POST
@permitted("scoring.keep_activities", Activity, related=RELATED)
def activity_cancel(request: SignedIn, activity: Activity) -> HttpResponse:
    try:
        cancel_activity(activity, by=request.user)
        messages.success(request, _("已取消：%s。") % activity)
    except Refused as refusal:
        refuse(request, refusal, activity)
    return redirect("scoring:activity-detail", activity.pk)


@require_POST
@permitted("scoring.keep_activities", Activity, related=RELATED)
def activity_undo(request: SignedIn, activity: Activity) -> HttpResponse:
    """撤销举办: it was recorded as held and was not, or not so."""
    try:
        count = undo_activity(activity, by=request.user, reason=request.POST.get("reason", ""))
        messages.success(request, _("已撤销举办：%(activity)s，冲正 %(count)d 条记录。") % {
            "activity": activity, "count": count,
        })  # fmt: skip
    except Refused as refusal:
        refuse(request, refusal, activity)
    return redirect("scoring:activity-detail", activity.pk)
