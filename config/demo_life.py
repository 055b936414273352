"""The organisation life of the demo: what each branch has held in the demo months, and what it plans next.

The demo's rules award nothing for attendance, so that the months' points are those of the sheets; what is held shows
in the calendar, in 三会一课 and in everybody's turnout.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable, Iterator

from django.utils import timezone

from members.models import OrgUnit, User
from scoring import months
from scoring.models import Activity
from scoring.services.activities import Plan, Presence, expected_accounts, hold_activity, plan_activity

Kind = Activity.Kind
# Title, place and what it was about, month by month of a quarter.
_THEME_DAYS = (
    ("重温入党誓词 走进红色教育基地", "市革命纪念馆", "集体重温入党誓词，参观陈列，交流学习体会。"),
    ("迎峰度夏 党员先锋行动", "生产现场", "党员突击队排查设备隐患，带头消缺。"),
    ("国庆保电 党员承诺践诺", "党员活动室", "公布保电承诺，检查三季度承诺完成情况。"),
)
_LECTURE = ("书记讲党课：把党的建设融入安全生产", "会议室", "支部书记结合迎峰度夏讲专题党课。")
_GENERAL = ("三季度支部党员大会", "会议室", "通报支部工作和三季度积分情况，讨论下一季度计划。")
_COMMITTEE = ("研究支部工作和当月积分", "支部办公室", "")
_GROUP = ("小组学习和谈心", "班组", "")
_LIFE_MEETING = ("专题组织生活会", "会议室", "对照加扣分明细开展批评和自我批评。")
_SERVICE = ("志愿服务进社区", "康乐社区", "义务检修家用电器，宣传安全用电。")
_REMARKS = {
    "LEAVE": ("病假", "家中有事"),
    "OFFICIAL": ("外出培训", "值班", "出差"),
    "ABSENT": ("",),
    "MADE_UP": ("已补学",),
}
# One mark in so many: most are there.
_MARKS = ["PRESENT"] * 24 + ["LEAVE"] * 2 + ["OFFICIAL"] * 2 + ["MADE_UP", "ABSENT"]


def hold_month(branches: Iterable[tuple[OrgUnit, User]], month: int) -> None:
    """Plan and hold what a branch holds in a month, before the month is handed in. The same every time.

    Here and there something is left out, so that 三会一课 has something to say.
    """
    for number, (branch, secretary) in enumerate(branches):
        dice = random.Random(f"{branch.name}{month}生活")  # noqa: S311  (a demo, not a secret)
        for plan in _plans(branch, month, number):
            activity = plan_activity(branch, plan, by=secretary)
            people = expected_accounts(branch, plan.kind, plan.group, plan.planned_on)
            if people:
                sheet = {account: _presence(dice) for account in people}
                hold_activity(activity, plan.planned_on, sheet, by=secretary)


def _plans(branch: OrgUnit, month: int, number: int) -> Iterator[Plan]:
    of_quarter = (month % 100 - 1) % 3
    yield Plan(Kind.COMMITTEE_MEETING, _COMMITTEE[0], _day(month, 3), _COMMITTEE[1])
    # Two branches in five have skipped a theme day.
    if (number + of_quarter) % 5 != 4:
        title, place, note = _THEME_DAYS[of_quarter]
        yield Plan(Kind.THEME_DAY, title, _day(month, 15), place, note)
    groups = OrgUnit.objects.filter(parent=branch, kind=OrgUnit.Kind.PARTY_GROUP).open()
    for place_in_month, group in enumerate(groups.order_by("position", "name")):
        yield Plan(Kind.GROUP_MEETING, _GROUP[0], _day(month, 8 + place_in_month), _GROUP[1], group=group)
    if of_quarter == 1:
        yield Plan(Kind.LECTURE, _LECTURE[0], _day(month, 20), *_LECTURE[1:])
    if of_quarter == 2 and number % 4 != 3:
        yield Plan(Kind.GENERAL_MEETING, _GENERAL[0], _day(month, 25), *_GENERAL[1:])


def _day(month: int, day: int) -> datetime.date:
    """The day, or the Monday after it."""
    found = months.first_day(month).replace(day=day)
    return found + datetime.timedelta(days=max(0, 7 - found.weekday()) if found.weekday() > 4 else 0)


def _presence(dice: random.Random) -> Presence:
    mark = dice.choice(_MARKS)
    return Presence(mark, dice.choice(_REMARKS.get(mark, ("",))))


def plan_next(branches: Iterable[tuple[OrgUnit, User]], shown: str) -> None:
    """What is still to come, seen from today; in the branch that is shown also one that waits for its attendance."""
    today = timezone.localdate()
    for branch, secretary in branches:
        plans = [(_THEME_DAYS[0], Kind.THEME_DAY, 3), (_LIFE_MEETING, Kind.ORG_LIFE_MEETING, 10)]
        if branch.name == shown:
            plans.append((_SERVICE, Kind.THEME_DAY, -1))
        for (title, place, note), kind, days in plans:
            day = today + datetime.timedelta(days=days)
            plan_activity(branch, Plan(kind, title, day, place, note), by=secretary)
