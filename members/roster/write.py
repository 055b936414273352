"""Writing a plan: few statements for many rows. Called inside one transaction, so all or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef
from django.db.models.functions import StrIndex

from members.models import Appointment, Member, Membership, OrgUnit, User
from members.personal import lookup_hash, seal
from members.pinyin import spell
from members.roster.bulk import insert_rows, update_rows
from members.roster.examine import uncollected
from members.roster.existing import chunks
from members.roster.fields import BY_KEY
from members.roster.plan import Plan
from members.roster.units import Question, Target
from members.services.appointments import end_posts
from members.services.people import SCORED_BY, note_class_changes
from members.services.units import NewUnit, create_units
from members.signals import members_admitted, membership_changed

# What is stored as the roster gives it.
_PLAIN = frozenset(key for key, field in BY_KEY.items() if field.is_of_member and not field.is_personal)


@uncollected()
def write_plan(plan: Plan, unit: OrgUnit, *, by: User | None) -> None:
    """Create units, members and memberships, change members, end and begin memberships; tell who listens."""
    targets = _Targets(_create_units(plan.new_units, unit, by))
    _admit(plan, targets)
    _change(plan)
    _move(plan, targets)
    if plan.admissions:
        members_admitted.send(sender=Member)
    from_day = _first_day_affected(plan)
    if from_day:
        membership_changed.send(sender=Membership, from_day=from_day)


def _first_day_affected(plan: Plan) -> datetime.date | None:
    days = [admission.started_on for admission in plan.admissions]
    if plan.moves:
        days.append(plan.dates.moved_on)
    if any(change.fields.keys() & SCORED_BY for change in plan.changes):
        days.append(plan.dates.today)
    return min(days, default=None)


class _Targets:
    """From a target (an id, or the name of a unit just created) to an id."""

    def __init__(self, created: dict[tuple[str, str], int]) -> None:
        self.created = created

    def branch(self, target: Target | None) -> int | None:
        return self.created["", target] if isinstance(target, str) else target

    def group(self, branch: Target | None, target: Target | None) -> int | None:
        if not isinstance(target, str):
            return target
        return self.created[_branch_key(branch), target]


def _create_units(questions: list[Question], unit: OrgUnit, by: User | None) -> dict[tuple[str, str], int]:
    """Branches first, then the groups in them. Out: (branch, "" for branches themselves; name) -> id."""
    created: dict[tuple[str, str], int] = {}
    kept: dict[int, OrgUnit] = OrgUnit.objects.within(unit).in_bulk()
    branches = [question for question in questions if question.kind == OrgUnit.Kind.BRANCH]
    fresh = create_units([NewUnit(q.kind, q.name, kept[q.parent or unit.pk]) for q in branches], by=by)
    for branch in fresh:
        created["", branch.name] = branch.pk
        kept[branch.pk] = branch
    groups = [question for question in questions if question.kind != OrgUnit.Kind.BRANCH]
    places = [created["", q.within_target] if isinstance(q.within_target, str) else q.within_target for q in groups]
    plans = [NewUnit(q.kind, q.name, kept[place]) for q, place in zip(groups, places, strict=True)]
    for question, group in zip(groups, create_units(plans, by=by), strict=True):
        created[_branch_key(question.within_target), group.name] = group.pk
    return created


def _branch_key(target: Target | None) -> str:
    return target if isinstance(target, str) else f"#{target}"


def _admit(plan: Plan, targets: _Targets) -> None:
    """In pieces, so that only one piece of finished rows is in memory."""
    for piece in chunks(plan.admissions):
        insert_rows(Member, (_columns_of(admission.values) for admission in piece))
        numbers = [admission.values["staff_number"] for admission in piece]
        ids = dict(Member.objects.filter(staff_number__in=numbers).values_list("staff_number", "pk"))
        insert_rows(
            Membership,
            (
                {
                    "member_id": ids[admission.values["staff_number"]],
                    "branch_id": targets.branch(admission.place.branch),
                    "group_id": targets.group(admission.place.branch, admission.place.group),
                    "started_on": admission.started_on,
                }
                for admission in piece
            ),
        )


def _columns_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a roster says of a person, as it is stored: numbers sealed, the name spelled."""
    row = {key: value for key, value in values.items() if key in _PLAIN}
    if "name" in values:
        row["pinyin"], row["initials"] = spell(values["name"])
    if "id_number" in values:
        row["id_number_sealed"] = seal(values["id_number"])
        row["id_number_hash"] = lookup_hash(values["id_number"])
    if "phone" in values:
        row["phone_sealed"] = seal(values["phone"])
    return row


def _change(plan: Plan) -> None:
    renumbered = [change.member.pk for change in plan.changes if "id_number" in change.fields]
    for piece in chunks(renumbered):
        # Two members may exchange numbers; the unique hash must never stand twice on the way.
        Member.objects.filter(pk__in=piece).update(id_number_hash=None)
    # Rows with the same columns changed go together: usually there are only a few such sets.
    alike: dict[tuple[str, ...], list[tuple[int, dict[str, Any]]]] = {}
    for change in plan.changes:
        row = _columns_of({key: new for key, (_old, new) in change.fields.items()})
        alike.setdefault(tuple(sorted(row)), []).append((change.member.pk, row))
    for columns, rows in alike.items():
        update_rows(Member, columns, rows)
    classes = [
        (change.member.pk, *change.fields["member_class"])
        for change in plan.changes
        if "member_class" in change.fields
    ]
    note_class_changes(classes, on=plan.dates.today)


def _move(plan: Plan, targets: _Targets) -> None:
    day = plan.dates.moved_on
    for ending in (Membership.Ending.TRANSFER, Membership.Ending.REGROUP):
        left = [move.membership.pk for move in plan.moves if move.membership and move.ending == ending]
        for piece in chunks(left):
            _end_posts_in(piece, ending, day)
            Membership.objects.filter(pk__in=piece).update(ended_on=day, ending=ending)
    insert_rows(
        Membership,
        (
            {
                "member_id": move.member.pk,
                "branch_id": targets.branch(move.place.branch),
                "group_id": targets.group(move.place.branch, move.place.group),
                "started_on": day,
            }
            for move in plan.moves
        ),
    )


def _end_posts_in(memberships: list[int], ending: str, day: datetime.date) -> None:
    """Who leaves a branch leaves the posts held in it, as with a transfer on the member's page."""
    place = "branch" if ending == Membership.Ending.TRANSFER else "group"
    left = Membership.objects.filter(
        pk__in=memberships, member=OuterRef("member"), **{f"{place}__isnull": False}
    ).annotate(inside=StrIndex(OuterRef("unit__path"), F(f"{place}__path")))
    end_posts(Appointment.objects.filter(Exists(left.filter(inside=1))), on=day)
