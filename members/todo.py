"""What waits for a person. Every app answers for itself in its own `todo.py`; config puts it together."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS, SECRETARY_POSTS, below
from members.models import Appointment, Membership, Message, OrgUnit, RosterImport, User


@dataclass(frozen=True)
class Todo:
    """One line on the home page. `count` is how many things wait, `due` the day by which."""

    title: str
    url: str
    count: int
    due: datetime.date | None = None


def waiting_for(user: User) -> list[Todo]:
    found = (_without_sign_in(user), _unfinished_imports(user), _without_secretary(user), _unread(user))
    return [todo for todo in found if todo and todo.count]


def _without_sign_in(user: User) -> Todo | None:
    reach = user.authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS)
    if not reach:
        return None
    people = Membership.objects.current().filter(below(reach, "branch__path"), member__user__isnull=True)
    return Todo(_("党员尚未开通账号"), reverse("members:user-list"), people.count())


def _unfinished_imports(user: User) -> Todo | None:
    """Oldest first: the one that has waited longest is the one to open."""
    states = RosterImport.State
    waiting = RosterImport.objects.filter(by=user, state__in=[states.CHECKED, states.FAILED]).order_by("pk")
    pks = list(waiting.values_list("pk", flat=True))
    if not pks:
        return None
    return Todo(_("名册导入尚未完成"), reverse("members:roster-import-detail", args=[pks[0]]), len(pks))


def _unread(user: User) -> Todo:
    return Todo(_("未读消息"), reverse("members:message-list"), Message.objects.unread(user).count())


def _without_secretary(user: User) -> Todo | None:
    reach = user.authority.paths(BUSINESS_ADMIN_POSTS)
    if not reach:
        return None
    held = Appointment.objects.at(timezone.localdate()).filter(unit=OuterRef("pk"), post="BRANCH_SECRETARY")
    branches = OrgUnit.objects.branches().open().filter(~Exists(held), below(reach, "path"))
    return Todo(_("党支部尚未任命书记"), reverse("members:unit-tree") + "?without_secretary=1", branches.count())
