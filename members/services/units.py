"""The organisation tree: units are created, renamed, moved and closed; none is ever deleted."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Substr
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Appointment, Membership, OrgUnit, User
from members.services.appointments import end_posts
from members.services.audit import record


@dataclass(frozen=True)
class NewUnit:
    kind: str
    name: str
    parent: OrgUnit | None


def create_unit(*, kind: str, name: str, parent: OrgUnit | None, by: User | None) -> OrgUnit:
    return create_units([NewUnit(kind, name, parent)], by=by)[0]


@transaction.atomic
def create_units(plans: Iterable[NewUnit], *, by: User | None) -> list[OrgUnit]:
    """Create units below parents that exist, in a fixed number of statements.

    Out: the units with their paths, in the order of `plans`.
    """
    _lock_tree()
    drafts = [OrgUnit(kind=plan.kind, name=plan.name.strip(), parent=plan.parent) for plan in plans]
    _check_places(drafts)
    _check_names(drafts)
    try:
        with transaction.atomic():
            units = OrgUnit.objects.bulk_create(drafts)
    except IntegrityError:
        raise Refused(_("同一上级组织下已有同名组织，请换一个名称。")) from None
    _write_paths(OrgUnit.objects.filter(pk__in=[unit.pk for unit in units]))
    fresh = OrgUnit.objects.in_bulk([unit.pk for unit in units])
    for unit in units:
        unit.path = fresh[unit.pk].path
    if units:
        names = "、".join(unit.name for unit in units[:20])
        more = _("等 %d 个组织") % len(units) if len(units) > 20 else ""
        record(by, "members.add_unit", units[0], detail=f"{names}{more}")
    return units


@transaction.atomic
def rename_unit(unit: OrgUnit, *, name: str, by: User) -> None:
    name, old = name.strip(), unit.name
    if name == old:
        return
    _check_names([OrgUnit(kind=unit.kind, name=name, parent=unit.parent)])
    unit.name = name
    unit.save(update_fields=["name"])
    record(by, "members.change_unit", unit, detail=f"名称：{old} → {name}")


@transaction.atomic
def move_unit(unit: OrgUnit, *, parent: OrgUnit, by: User) -> None:
    """Hang the unit with everything below it under another parent; one UPDATE rewrites the paths."""
    _lock_tree()
    unit.refresh_from_db()
    parent.refresh_from_db()
    if unit.parent_id == parent.pk:
        return
    if parent.path.startswith(unit.path):
        raise Refused(_("“%(parent)s”就在“%(unit)s”之下，不能作为它的上级，请另选上级组织。") % _names(unit, parent))
    moved = OrgUnit(kind=unit.kind, name=unit.name, parent=parent)
    _check_places([moved])
    _check_names([moved])
    if unit.kind == OrgUnit.Kind.PARTY_GROUP and Membership.objects.current().filter(group=unit).exists():
        raise Refused(_("党小组“%s”还有党员，不能整组移到其他支部，请先逐人转移组织关系。") % unit)
    old_parent, old_path = unit.parent, unit.path
    unit.parent, unit.path = parent, f"{parent.path}{unit.pk}."
    unit.save(update_fields=["parent"])
    OrgUnit.objects.filter(path__startswith=old_path).update(
        path=Concat(Value(unit.path), Substr("path", len(old_path) + 1), output_field=CharField())
    )
    record(by, "members.change_unit", unit, detail=f"上级组织：{old_parent or '无'} → {parent}")


@transaction.atomic
def change_unit(unit: OrgUnit, *, name: str, parent: OrgUnit | None, by: User) -> None:
    """Another name, another parent, or both; a unit at the top stays there."""
    if parent:
        move_unit(unit, parent=parent, by=by)
    rename_unit(unit, name=name, by=by)


@transaction.atomic
def close_unit(unit: OrgUnit, *, on: datetime.date, by: User) -> None:
    """Close a unit for good. Posts held in it end with it; its history stays."""
    _lock_tree()
    unit.refresh_from_db()
    _check_empty(unit, on)
    unit.closed_on = on
    unit.save(update_fields=["closed_on"])
    ended = end_posts(Appointment.objects.filter(unit=unit), on=on)
    record(by, "members.close_unit", unit, detail=f"撤销日期 {on}；同时免去 {ended} 个任职")


def _lock_tree() -> None:
    """Changes of the tree happen one after the other: two moves at once could tie a knot."""
    list(OrgUnit.objects.select_for_update().filter(parent=None).order_by("pk").values_list("pk"))


def _write_paths(units: QuerySet[OrgUnit]) -> None:
    above = OrgUnit.objects.filter(pk=OuterRef("parent")).values("path")
    units.update(
        path=Concat(
            Coalesce(Subquery(above), Value("")), Cast("pk", CharField()), Value("."), output_field=CharField()
        )
    )


def _check_places(drafts: Sequence[OrgUnit]) -> None:
    for draft in drafts:
        allowed = OrgUnit.ALLOWED_PARENTS.get(OrgUnit.Kind(draft.kind), set())
        if draft.parent is None:
            if None not in allowed:
                raise Refused(_("%s须建在上级组织之下，请先选择上级组织。") % draft.get_kind_display())
        elif draft.parent.kind not in allowed:
            raise Refused(
                _("%(parent_kind)s“%(parent)s”之下不能设%(kind)s，请另选上级组织。")
                % {
                    "parent_kind": draft.parent.get_kind_display(),
                    "parent": draft.parent,
                    "kind": draft.get_kind_display(),
                }
            )
        elif draft.parent.closed_on:
            raise Refused(_("“%s”已撤销，不能在其下设立组织，请另选上级组织。") % draft.parent)


def _check_names(drafts: Sequence[OrgUnit]) -> None:
    """Names are unique below one parent; at the top, where the constraint sees no parent, too."""
    if any(not draft.name for draft in drafts):
        raise Refused(_("组织名称不能为空，请填写名称。"))
    wanted = [(draft.parent_id, draft.name) for draft in drafts]
    taken = OrgUnit.objects.filter(name__in={draft.name for draft in drafts})
    known = set(taken.values_list("parent_id", "name"))
    seen: set[tuple[int | None, str]] = set()
    for place in wanted:
        if place in known or place in seen:
            raise Refused(_("同一上级组织下已有“%s”，请换一个名称。") % place[1])
        seen.add(place)


def _check_empty(unit: OrgUnit, on: datetime.date) -> None:
    if unit.closed_on:
        raise Refused(_("“%(unit)s”已于 %(day)s 撤销，不必再办。") % {"unit": unit, "day": unit.closed_on})
    people = Membership.objects.within(unit)
    count = people.current().count()
    if count:
        raise Refused(
            _("“%(unit)s”还有 %(count)d 名党员，请先把他们的组织关系转走，再撤销。") % {"unit": unit, "count": count}
        )
    below = OrgUnit.objects.open().within(unit).exclude(pk=unit.pk).first()
    if below:
        raise Refused(_("“%(unit)s”下还有“%(parent)s”，请先撤销下级组织。") % _names(unit, below))
    last = people.filter(ended_on__gt=on).order_by("-ended_on").first()
    if last:
        raise Refused(_("撤销日期不能早于最后一名党员离开的日期 %s，请改日期。") % last.ended_on)


def _names(unit: OrgUnit, parent: OrgUnit) -> dict[str, OrgUnit]:
    return {"unit": unit, "parent": parent}
