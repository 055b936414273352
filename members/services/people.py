"""Members come, change, move and go. History is added to, never rewritten."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.errors import Refused
from members.models import Appointment, ClassChange, Exclusion, Member, Membership, OrgUnit, User
from members.services.appointments import end_posts
from members.services.audit import record
from members.signals import members_admitted, membership_changed

Ending = Membership.Ending
# Why somebody is no longer a member here, as opposed to a move inside the organisation.
LEAVINGS = (Ending.LEFT, Ending.DECEASED, Ending.EXPELLED)
# A change of one of these may change whether, and by which rules, somebody is scored.
SCORED_BY = {"category", "member_class", "is_floating", "is_missing", "is_retired", "is_suspended", "regular_on"}
# Never written to the log, neither old nor new.
_PERSONAL = {"id_number": gettext_lazy("公民身份号码"), "phone": gettext_lazy("联系电话")}


@transaction.atomic
def admit(member: Member, *, branch: OrgUnit, group: OrgUnit | None, started_on: datetime.date, by: User) -> Member:
    """Take an unsaved member into a branch."""
    _check_place(branch, group)
    _check_day(started_on)
    _check_member(member)
    member.save()
    Membership.objects.create(member=member, branch=branch, group=group, started_on=started_on)
    record(by, "members.admit_member", member, detail=f"{_place(branch, group)}，自 {started_on}")
    members_admitted.send(Member)
    membership_changed.send(Member, from_day=started_on, members=[member.pk])
    return member


@transaction.atomic
def change_member(member: Member, values: Mapping[str, object], *, by: User) -> list[str]:
    """Write the fields that differ. Out: what changed, as the log says it, personal numbers left out."""
    member = Member.objects.select_for_update().get(pk=member.pk)
    changes = []
    before = member.member_class
    for field, new in values.items():
        old = getattr(member, field)
        if old != new:
            changes.append((field, _change(member, field, new)))
    if not changes:
        return []
    _check_member(member)
    member.save()
    if member.member_class != before:
        note_class_changes([(member.pk, before, member.member_class)], on=timezone.localdate())
    lines = [line for _field, line in changes]
    record(by, "members.change_member", member, detail="；".join(lines))
    if SCORED_BY & {field for field, _line in changes}:
        membership_changed.send(Member, from_day=timezone.localdate(), members=[member.pk])
    return lines


def note_class_changes(changes: Iterable[tuple[int, str, str]], *, on: datetime.date) -> None:
    """Keep what the class was before: earlier months are computed with it. In: member id, old class, new class."""
    ClassChange.objects.bulk_create(
        (ClassChange(member_id=pk, before=before, after=after, changed_on=on) for pk, before, after in changes),
        batch_size=1000,
    )


@transaction.atomic
def transfer(
    member: Member, *, branch: OrgUnit, group: OrgUnit | None, on: datetime.date, reason: str = "", by: User
) -> Membership:
    """Move a member to a branch or group from a day on; somebody who has left comes back this way.

    Earlier months stay with the old branch: the old stretch ends on that day, a new one begins.
    Posts held in the branch left behind end with it.
    """
    _check_place(branch, group)
    _check_day(on)
    old = _latest_for_update(member)
    if old and old.ended_on is None and (old.branch_id, old.group_id) == (branch.pk, group.pk if group else None):
        raise Refused(_("%(member)s已经在%(place)s，不必转移。") % {"member": member, "place": _place(branch, group)})
    if old and on < (old.ended_on or old.started_on):
        raise Refused(
            _("转入日期不能早于 %(day)s：在此之前的组织关系已经记录在案，请改日期。")
            % {"day": old.ended_on or old.started_on}
        )
    if old and old.ending in (Ending.DECEASED, Ending.EXPELLED):
        raise Refused(
            _("%(member)s已%(ending)s，不能再转入。") % {"member": member, "ending": old.get_ending_display()}
        )
    if old and old.ended_on is None:
        moves_branch = old.branch_id != branch.pk
        _end(old, Ending.TRANSFER if moves_branch else Ending.REGROUP, on, reason)
        left = old.branch if moves_branch else old.group
        if left:
            end_posts(Appointment.objects.filter(member=member, unit__path__startswith=left.path), on=on)
    fresh = Membership.objects.create(member=member, branch=branch, group=group, started_on=on)
    before = _place(old.branch, old.group) if old else "无"
    why = f"；{reason}" if reason else ""
    record(by, "members.transfer_member", member, detail=f"{before} → {_place(branch, group)}，自 {on}{why}")
    membership_changed.send(Member, from_day=on, members=[member.pk])
    return fresh


@transaction.atomic
def leave(member: Member, *, ending: str, on: datetime.date, reason: str = "", by: User) -> None:
    """End the open stretch for good: 转出本单位, 去世 or 出党. All posts end and the sign-in is closed."""
    if ending not in LEAVINGS:
        raise Refused(_("请选择离开的原因：转出本单位、去世或出党。"))
    _check_day(on)
    row = _latest_for_update(member)
    if row is None or row.ended_on:
        raise Refused(_("%s已不在本单位，不必再办理。") % member)
    if on < row.started_on:
        raise Refused(_("离开日期不能早于现在这段组织关系的开始日期 %s，请改日期。") % row.started_on)
    _end(row, Ending(ending), on, reason)
    end_posts(Appointment.objects.filter(member=member), on=on)
    User.objects.filter(member=member).update(is_active=False)
    why = f"；{reason}" if reason else ""
    record(by, "members.leave_member", member, detail=f"{Ending(ending).label}，自 {on}{why}")
    membership_changed.send(Member, from_day=on, members=[member.pk])


@transaction.atomic
def exclude(
    member: Member,
    *,
    reason: str,
    decided_on: datetime.date,
    started_on: datetime.date,
    ended_on: datetime.date | None = None,
    by: User,
) -> Exclusion:
    """Leave a member out of scoring by decision: no score and no rank while it lasts."""
    if not reason.strip():
        raise Refused(_("不列入积分须写明理由，请填写理由。"))
    if ended_on and ended_on <= started_on:
        raise Refused(_("结束日期须晚于开始日期，请改日期。"))
    _latest_for_update(member)
    ends_later = Q(ended_on__isnull=True) | Q(ended_on__gt=started_on)
    clash = Exclusion.objects.filter(ends_later, member=member)
    if ended_on:
        clash = clash.filter(started_on__lt=ended_on)
    other = clash.first()
    if other:
        raise Refused(
            _("%(member)s自 %(day)s 起已有一条不列入积分的决定，请先结束那一条。")
            % {"member": member, "day": other.started_on}
        )
    row = Exclusion.objects.create(
        member=member, reason=reason.strip(), decided_on=decided_on, started_on=started_on, ended_on=ended_on, by=by
    )
    record(by, "members.exclude_member", member, detail=f"{row.reason}；{started_on} 至 {ended_on or '另行决定'}")
    membership_changed.send(Member, from_day=started_on, members=[member.pk])
    return row


@transaction.atomic
def end_exclusion(exclusion: Exclusion, *, on: datetime.date, by: User) -> None:
    """The member is scored again from that day on."""
    exclusion = Exclusion.objects.select_for_update().get(pk=exclusion.pk)
    if exclusion.ended_on and exclusion.ended_on <= on:
        raise Refused(_("这条决定已于 %s 结束，不必再办。") % exclusion.ended_on)
    if on < exclusion.started_on:
        raise Refused(_("结束日期不能早于开始日期 %s，请改日期。") % exclusion.started_on)
    exclusion.ended_on = on
    exclusion.save(update_fields=["ended_on"])
    record(by, "members.end_exclusion", exclusion.member, detail=f"自 {on} 起恢复积分")
    membership_changed.send(Member, from_day=on, members=[exclusion.member_id])


def reveal(member: Member, *, by: User) -> tuple[str, str]:
    """ID number and telephone in full, at the price of a line in the log."""
    record(by, "members.reveal_member", member, detail="查看公民身份号码和联系电话")
    return member.id_number, member.phone


def _latest_for_update(member: Member) -> Membership | None:
    """The member's last stretch. The member's row is locked: two transfers at once would leave a hole."""
    Member.objects.select_for_update().get(pk=member.pk)
    member.__dict__.pop("last_membership", None)
    return member.last_membership


def _end(row: Membership, ending: Membership.Ending, on: datetime.date, reason: str) -> None:
    row.ended_on, row.ending, row.reason = on, ending, reason
    row.save(update_fields=["ended_on", "ending", "reason"])
    row.member.__dict__.pop("last_membership", None)


def _change(member: Member, field: str, new: object) -> str:
    if field in _PERSONAL:
        setattr(member, field, new)
        return f"{_PERSONAL[field]}已更改"
    name = str(Member._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
    old = _shown(member, field)
    setattr(member, field, new)
    return f"{name}：{old} → {_shown(member, field)}"


def _shown(member: Member, field: str) -> str:
    display = getattr(member, f"get_{field}_display", None)
    value = display() if display else getattr(member, field)
    if isinstance(value, bool):
        return "是" if value else "否"
    return "空" if value in (None, "") else str(value)


def _place(branch: OrgUnit, group: OrgUnit | None) -> str:
    return f"{branch}{group}" if group else str(branch)


def _check_day(day: datetime.date) -> None:
    if day > timezone.localdate():
        raise Refused(_("日期 %s 还没有到，请到当天再办理。") % day)


def _check_place(branch: OrgUnit, group: OrgUnit | None) -> None:
    if branch.kind != OrgUnit.Kind.BRANCH:
        raise Refused(_("“%s”不是党支部，请选择党支部。") % branch)
    if group and (group.kind != OrgUnit.Kind.PARTY_GROUP or group.parent_id != branch.pk):
        raise Refused(_("“%(group)s”不是“%(branch)s”的党小组，请重新选择。") % {"group": group, "branch": branch})
    for unit in (branch, group):
        if unit and unit.closed_on:
            raise Refused(_("“%s”已撤销，请另选。") % unit)


def _check_member(member: Member) -> None:
    """The constraints with their sentences, before the database would refuse without one."""
    if not member.name.strip() or not member.staff_number.strip():
        raise Refused(_("姓名和工号不能为空，请填写。"))
    others = Member.objects.exclude(pk=member.pk)
    if others.filter(staff_number=member.staff_number).exists():
        raise Refused(_("工号 %s 已属于另一名党员，请核对。") % member.staff_number)
    if member.id_number_hash and others.filter(id_number_hash=member.id_number_hash).exists():
        raise Refused(_("这个公民身份号码已属于另一名党员，请核对。"))
    try:
        member.validate_constraints()
    except ValidationError as problem:
        raise Refused("；".join(problem.messages)) from None
