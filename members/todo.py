"""What waits for a person. Every app answers for itself in its own `todo.py`; config puts it together."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS, SECRETARY_POSTS, below
from members.models import Appointment, Digest, Membership, Message, OrgUnit, RosterImport, User


@dataclass(frozen=True)
class Todo:
    """One line on the home page. `count` is how many things wait, `due` the day by which.

    `kind` says it without names of persons and things, for a mail that leaves the house; a line without one is only
    counted there.
    """

    title: str
    url: str
    count: int
    due: datetime.date | None = None
    kind: str = ""


def waiting_for(user: User) -> list[Todo]:
    """To-dos of members, in one query."""
    asked = list(_asked(user))
    first_import = Subquery(_unfinished_imports(user).order_by("pk").values("pk")[:1])
    counts = [_count(rows) for _title, _url, rows in asked]
    first, *found = User.objects.filter(pk=user.pk).order_by().values_list(first_import, *counts)[0]
    todos = []
    for (title, url, _rows), count in zip(asked, found, strict=True):
        # Of the imports the one that has waited longest is the one to open.
        address = url or reverse("members:roster-import-detail", args=[first or 0])
        if count:
            todos.append(Todo(title, address, count, kind=title))
    return todos


# What it is called, its page, its rows.
_Asked = tuple[str, str, QuerySet[Any]]


def _asked(user: User) -> Iterator[_Asked]:
    """Everything that could wait for this person, without asking the database."""
    administers = user.authority.paths(BUSINESS_ADMIN_POSTS)
    looks_after = user.authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS)
    if looks_after:
        yield _("党员尚未开通账号"), reverse("members:user-list"), _without_sign_in(looks_after)
    yield _("名册导入尚未完成"), "", _unfinished_imports(user)
    if administers:
        address = reverse("members:unit-tree") + "?without_secretary=1"
        yield _("党支部尚未任命书记"), address, _without_secretary(administers)
    if settings.MAIL_IS_ON and user.authority.has_duty("SYSTEM"):
        yield _("汇总邮件没有送达"), reverse("members:digest-list") + "?state=FAILED", _undelivered()
    yield _("未读消息"), reverse("members:message-list"), Message.objects.unread(user)


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many rows there are, as part of another query."""
    whole = rows.order_by().annotate(whole=Value(1)).values("whole")
    return Coalesce(Subquery(whole.annotate(n=Count("pk")).values("n")), 0)


def _without_sign_in(reach: list[str]) -> QuerySet[Membership]:
    return Membership.objects.current().filter(below(reach, "branch__path"), member__user__isnull=True)


def _unfinished_imports(user: User) -> QuerySet[RosterImport]:
    states = RosterImport.State
    return RosterImport.objects.filter(by=user.pk, state__in=[states.CHECKED, states.FAILED])


def _without_secretary(reach: list[str]) -> QuerySet[OrgUnit]:
    held = Appointment.objects.at(timezone.localdate()).filter(unit=OuterRef("pk"), post="BRANCH_SECRETARY")
    return OrgUnit.objects.branches().open().filter(~Exists(held), below(reach, "path"))


def _undelivered() -> QuerySet[Digest]:
    """Mails of today and yesterday that did not arrive, for whoever can look after the mail server."""
    since = timezone.localdate() - datetime.timedelta(days=1)
    return Digest.objects.undelivered().filter(day__gte=since)
