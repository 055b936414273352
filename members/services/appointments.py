"""Posts: given from a day on, ended on a day."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Appointment, Member, Membership, OrgUnit, User
from members.services.audit import record
from members.signals import membership_changed

Post = Appointment.Post
# Posts that only one person can hold in a unit at a time.
SINGLE_POSTS = frozenset({Post.COMMITTEE_SECRETARY, Post.BRANCH_SECRETARY, Post.GROUP_LEADER})


@transaction.atomic
def appoint(
    member: Member,
    *,
    unit: OrgUnit,
    post: str,
    started_on: datetime.date,
    ended_on: datetime.date | None = None,
    by: User,
) -> Appointment:
    """Give a member a post. A post that only one person can hold must be free."""
    OrgUnit.objects.select_for_update().get(pk=unit.pk)
    row = Appointment(member=member, unit=unit, post=post, started_on=started_on, ended_on=ended_on)
    _check(row)
    row.save()
    record(by, "members.appoint_member", member, detail=f"{row}，自 {started_on}")
    membership_changed.send(Appointment, from_day=started_on, members=[member.pk])
    return row


@transaction.atomic
def end_appointment(appointment: Appointment, *, on: datetime.date, by: User) -> None:
    appointment = Appointment.objects.select_for_update().get(pk=appointment.pk)
    if appointment.ended_on:
        raise Refused(_("这个任职已于 %s 免去，不必再办。") % appointment.ended_on)
    if on < appointment.started_on:
        raise Refused(_("免职日期不能早于任职日期 %s，请改日期。") % appointment.started_on)
    appointment.ended_on = on
    appointment.save(update_fields=["ended_on"])
    record(by, "members.end_appointment", appointment.member, detail=f"{appointment}，自 {on} 免去")
    membership_changed.send(Appointment, from_day=on, members=[appointment.member_id])


def end_posts(appointments: QuerySet[Appointment], *, on: datetime.date) -> int:
    """End open posts because the person or the unit goes; one that would begin later ends as it begins."""
    still_held = appointments.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=on))
    return still_held.update(ended_on=Greatest(F("started_on"), Value(on)))


def _check(row: Appointment) -> None:
    try:
        row.full_clean()
    except ValidationError as problem:
        raise Refused("；".join(problem.messages)) from None
    if row.unit.closed_on:
        raise Refused(_("“%s”已撤销，不能在其中任职，请另选组织。") % row.unit)
    if not Membership.objects.current().filter(member=row.member).exists():
        raise Refused(_("%s已不在本单位，不能任职。") % row.member)
    _check_free(row)
    if settings.SEPARATE_ADMINISTRATORS and User.objects.filter(member=row.member).exclude(duty="").exists():
        raise Refused(_("%s是三员管理员，按三员分立不能再任业务职务，请先免去管理职责。") % row.member)


def _check_free(row: Appointment) -> None:
    if row.post not in SINGLE_POSTS:
        return
    same = Appointment.objects.filter(unit=row.unit, post=row.post).exclude(pk=row.pk)
    same = same.filter(Q(ended_on__isnull=True) | Q(ended_on__gt=row.started_on))
    if row.ended_on:
        same = same.filter(started_on__lt=row.ended_on)
    holder = same.select_related("member").first()
    if holder:
        raise Refused(
            _("“%(unit)s”已有%(post)s %(holder)s，请先免去其职务。")
            % {"unit": row.unit, "post": row.get_post_display(), "holder": holder.member}
        )
