"""The guided first set-up: which steps there are, and which of them are done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS
from members.models import Appointment, Membership, OrgUnit, User
from members.todo import Todo
from scoring.models import RuleSet, YearTotal


@dataclass(frozen=True)
class SetupStep:
    """One step: `done` says in numbers what stands already, empty while nothing does."""

    label: str
    text: str
    url: str
    action: str
    done: str
    is_optional: bool = False


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many rows there are, as part of another query."""
    whole = rows.order_by().annotate(whole=Value(1)).values("whole")
    return Coalesce(Subquery(whole.annotate(n=Count("pk")).values("n")), 0)


def _reached(inside: str) -> Any:
    """The unit of this path with how much of everything there is below it. One query, whose conditions hold the path
    itself: compared with the path of an outer row, every membership would be compared one by one."""
    root = int(inside.split(".")[-2])
    people = Membership.objects.current().filter(branch__path__startswith=inside)
    units = OrgUnit.objects.filter(path__startswith=inside).exclude(pk=root)
    posts = Appointment.objects.filter(unit__path__startswith=inside, ended_on__isnull=True)
    open_place = "account__member__memberships"
    known = YearTotal.objects.filter(
        **{f"{open_place}__branch__path__startswith": inside, f"{open_place}__ended_on__isnull": True}
    )
    rows: Any = OrgUnit.objects.annotate(
        units=_count(units),
        members=_count(people),
        signed=_count(people.filter(Exists(User.objects.filter(member=OuterRef("member"))))),
        posts=_count(posts),
        totals=_count(known),
    )
    return rows.get(pk=root)


def steps_for(user: User) -> list[SetupStep]:
    """The steps in their order, with what has been reached below the topmost committee this person runs.

    Two queries.
    """
    tops = user.authority.paths(BUSINESS_ADMIN_POSTS)
    if not tops:
        return []
    root = _reached(min(tops))
    rules = RuleSet.objects.published().filter(owner__path__startswith=root.path).first()
    units, members, signed, posts, totals = root.units, root.members, root.signed, root.posts, root.totals
    return [
        SetupStep(
            _("组织"),
            _("党支部、党小组可以现在建好，也可以等名册里写到时一并新建。"),
            reverse("members:unit-detail", args=[root.pk]),
            _("查看组织"),
            _("%d 个下级组织") % units if units else "",
        ),
        SetupStep(
            _("积分办法"),
            _("从内置办法中选一份载入，核对后发布；有自己的办法可上传规则文件。"),
            reverse("scoring:rules-load"),
            _("选择积分办法"),
            str(rules) if rules else "",
        ),
        SetupStep(
            _("党员名册"),
            _("上传现有的 Excel 花名册，系统按意思认列，先校验后写入。"),
            reverse("members:roster-import-list"),
            _("导入名册"),
            _("%d 名党员") % members if members else "",
        ),
        SetupStep(
            _("任职"),
            _("任命支部书记、支委、党小组长和党委委员，他们才能录入、审核和结账；逐个任命，或用 Excel 一次导入。"),
            reverse("members:appointment-list"),
            _("办理任职"),
            _("%d 项任职") % posts if posts > 1 else "",
        ),
        SetupStep(
            _("账号"),
            _("为党员批量开通账号，打印口令单，当面发给本人。"),
            reverse("members:user-list"),
            _("开通账号"),
            _("%(signed)d / %(members)d 人") % {"signed": signed, "members": members} if signed else "",
        ),
        SetupStep(
            _("往年总分"),
            _("上一年度的总分，用于结转和同比；没有就跳过。"),
            reverse("scoring:year-totals", args=[root.pk]),
            _("录入往年总分"),
            _("已录入 %d 人") % totals if totals else "",
            is_optional=True,
        ),
    ]


def waiting_for(user: User) -> list[Todo]:
    """The first step that is not done, for whoever sets a unit up."""
    missing = [step for step in steps_for(user) if not step.done and not step.is_optional]
    if not missing:
        return []
    title = _("首次设置，下一步：%s") % missing[0].label
    return [Todo(title, reverse("setup"), len(missing), kind=title)]
