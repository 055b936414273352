"""组织生活: planned, held, attendance entered once; what the rules make of it follows by itself."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import ENTRY_POSTS, LEADER_POSTS
from members.errors import Refused
from members.models import Appointment, OrgUnit, User
from members.services.audit import record
from scoring import months
from scoring.models import Activity, Attendance, Month
from scoring.services.activity_entries import post_activity, reverse_activity
from scoring.services.archive import require_not_archived
from scoring.services.months import month_of_unit, touched
from scoring.services.population import population
from scoring.services.scores import compute_units

Kind, State, Mark = Activity.Kind, Activity.State, Attendance.Mark
TITLE_LENGTH = 100
REASON_LENGTH = 200


@dataclass(frozen=True)
class Plan:
    """What is written down of an activity before it is held."""

    kind: str
    title: str
    planned_on: datetime.date
    place: str = ""
    note: str = ""
    group: OrgUnit | None = None


@dataclass(frozen=True)
class Presence:
    """One line of the attendance sheet."""

    mark: str
    remark: str = ""


def may_keep(unit: OrgUnit, group: OrgUnit | None, by: User) -> bool:
    """The branch's secretaries and clerks; for a meeting of a group also its leader."""
    return by.authority.reaches(unit, ENTRY_POSTS) or (
        group is not None and by.authority.holds_in(group, LEADER_POSTS)
    )


def _require_keeper(unit: OrgUnit, group: OrgUnit | None, by: User) -> None:
    if not may_keep(unit, group, by):
        raise Refused(_("只有本支部的书记、副书记、组织委员、记分员（党小组会还有党小组长）可以记录组织生活。"))


@transaction.atomic
def plan_activity(unit: OrgUnit, plan: Plan, *, by: User, activity: Activity | None = None) -> Activity:
    """Write down or change what is planned. What has been held is changed through its attendance sheet."""
    _require_keeper(unit, plan.group, by)
    if activity is not None:
        activity = Activity.objects.select_for_update().get(pk=activity.pk)
        if activity.state != State.PLANNED:
            raise Refused(_("这次组织生活已开展或已取消，不能再改计划。"))
    _check(unit, plan)
    activity = activity or Activity(unit=unit)
    activity.kind, activity.title, activity.planned_on = plan.kind, plan.title.strip(), plan.planned_on
    activity.place, activity.note, activity.group, activity.by = plan.place.strip(), plan.note.strip(), plan.group, by
    activity.save()
    record(by, "scoring.plan_activity", activity)
    return activity


def _check(unit: OrgUnit, plan: Plan) -> None:
    if not months.is_month(months.month_of(plan.planned_on)):
        raise Refused(_("计划日期不对，请重新选择。"))
    title = plan.title.strip()
    if not title or len(title) > TITLE_LENGTH:
        raise Refused(_("请写明主题，不超过 %d 字。") % TITLE_LENGTH)
    if plan.kind not in Kind.values:
        raise Refused(_("请选择组织生活的类型。"))
    if (plan.kind == Kind.GROUP_MEETING) != (plan.group is not None):
        raise Refused(_("党小组会须选择党小组，其他组织生活不选。"))
    if plan.group is not None and plan.group.parent_id != unit.pk:
        raise Refused(_("“%(group)s”不是%(unit)s的党小组，请重新选择。") % {"group": plan.group, "unit": unit})


@transaction.atomic
def cancel_activity(activity: Activity, *, by: User) -> None:
    """Take a planned one off; what was held cannot be cancelled."""
    _require_keeper(activity.unit, activity.group, by)
    moved = Activity.objects.filter(pk=activity.pk, state=State.PLANNED).update(state=State.CANCELLED)
    if not moved:
        raise Refused(_("这次组织生活已开展或已取消，请刷新页面。"))
    record(by, "scoring.cancel_activity", activity)


# --- attendance ----------------------------------------------------------------------------------
def expected_accounts(unit: OrgUnit, kind: str, group: OrgUnit | None, day: datetime.date) -> list[int]:
    """Who should attend, ascending: everybody scored in the branch that month; of a group meeting the group, of a
    committee meeting the branch committee."""
    people = population([unit.pk], months.month_of(day))
    accounts = people.accounts.tolist()
    if kind == Kind.GROUP_MEETING and group is not None:
        return [own for own, place in zip(accounts, people.groups.tolist(), strict=True) if place == group.pk]
    if kind == Kind.COMMITTEE_MEETING:
        held = Appointment.objects.at(day).filter(unit=unit, member__account__in=accounts)
        return sorted(set(held.values_list("member__account", flat=True)))
    return accounts


@transaction.atomic
def hold_activity(
    activity: Activity,
    held_on: datetime.date,
    sheet: Mapping[int, Presence],
    *,
    by: User,
    seen: datetime.datetime | None = None,
) -> int:
    """Enter who was there, once for everybody; enter it again to change it. Out: how many entries were written.

    In: account -> mark; `seen` is when the sheet shown was last changed: whoever saves later over somebody else's
    change is told. What the rules of the month make of it is posted in the same transaction: only what has changed, by
    reversal and new entry; whoever is not on the sheet any more loses mark and entries. Raise Refused where the month
    takes nothing any more.
    """
    activity = Activity.objects.select_for_update(of=("self",)).select_related("unit", "group").get(pk=activity.pk)
    _require_keeper(activity.unit, activity.group, by)
    if seen is not None and seen != activity.at:
        raise Refused(_("这张表刚刚由%s改过，请核对现在的内容后再保存。") % activity.by)
    if activity.state == State.CANCELLED:
        raise Refused(_("这次组织生活已取消，请另建一次。"))
    if held_on > timezone.localdate():
        raise Refused(_("开展日期还没有到，请到当天再记录。"))
    if activity.held_on and months.month_of(activity.held_on) != months.month_of(held_on):
        raise Refused(_("已记录的组织生活不能改到另一个月；请在原月份更正到会情况，另一个月的另建一次。"))
    month = _open_month(activity.unit, held_on)
    _check_sheet(activity, held_on, sheet)
    Activity.objects.filter(pk=activity.pk).update(state=State.HELD, held_on=held_on, by=by, at=timezone.now())
    activity.refresh_from_db()
    Attendance.objects.filter(activity=activity).exclude(account__in=sheet.keys()).delete()
    Attendance.objects.bulk_create(
        [
            Attendance(activity=activity, account_id=account, mark=line.mark, remark=line.remark[:100], by=by)
            for account, line in sheet.items()
        ],
        update_conflicts=True,
        unique_fields=["activity", "account"],
        update_fields=["mark", "remark", "by", "at"],
        batch_size=500,
    )
    posted = post_activity(activity, month, {account: line.mark for account, line in sheet.items()}, by=by)
    if posted:
        compute_units([activity.unit_id], month.month)
    record(by, "scoring.hold_activity", activity, detail=_("%(count)d 人，%(posted)d 条记录") % {
        "count": len(sheet), "posted": posted,
    })  # fmt: skip
    return posted


@transaction.atomic
def undo_activity(activity: Activity, *, by: User, reason: str) -> int:
    """撤销举办: what was recorded as held was not, or not so. Out: how many entries were reversed.

    It is cancelled from then on: another one is planned instead. The attendance sheet stays on the page as history and
    counts nowhere. Raise Refused without a reason, for what is not held, or where the month takes nothing any more.
    """
    activity = Activity.objects.select_for_update(of=("self",)).select_related("unit", "group").get(pk=activity.pk)
    _require_keeper(activity.unit, activity.group, by)
    reason = reason.strip()
    if not reason or len(reason) > REASON_LENGTH:
        raise Refused(_("请写明撤销举办的原因，不超过 %d 字。") % REASON_LENGTH)
    if activity.state != State.HELD or activity.held_on is None:
        raise Refused(_("这次组织生活没有举办记录，不用撤销；请刷新页面。"))
    held_on = activity.held_on
    month = _open_month(activity.unit, held_on)
    reversed_count = reverse_activity(activity, by=by, reason=reason)
    Activity.objects.filter(pk=activity.pk).update(state=State.CANCELLED, held_on=None, by=by, at=timezone.now())
    if reversed_count:
        compute_units([activity.unit_id], month.month)
    record(by, "scoring.undo_activity", activity, detail=_("原记录 %(day)s 开展，冲正 %(count)d 条：%(reason)s") % {
        "day": held_on, "count": reversed_count, "reason": reason,
    })  # fmt: skip
    return reversed_count


def _open_month(unit: OrgUnit, day: datetime.date) -> Month:
    """Locked; until somebody has checked it."""
    number = months.month_of(day)
    require_not_archived(unit, number)
    month = touched(month_of_unit(unit, number))
    if not month.takes_entries:
        raise Refused(_("%s已审核或结账，不能再记录或撤销；需要更正请先退回或重新打开该月。") % months.label(number))
    return month


def _check_sheet(activity: Activity, held_on: datetime.date, sheet: Mapping[int, Presence]) -> None:
    if not sheet:
        raise Refused(_("到会情况是空的，请至少记录一人。"))
    known = set(expected_accounts(activity.unit, activity.kind, activity.group, held_on))
    everyone = set(population([activity.unit_id], months.month_of(held_on)).accounts.tolist())
    strangers = [account for account in sheet if account not in known | everyone]
    if strangers:
        raise Refused(_("名单里有 %d 人当月不在本支部的积分名单中，请刷新页面。") % len(strangers))
    if any(line.mark not in Mark.values for line in sheet.values()):
        raise Refused(_("到会情况只能是：%s。") % "、".join(str(label) for label in Mark.labels))
