"""What an import would do, person by person. Compares; writes nothing.

The plan of the preview and the plan of the write are made by this same code, and compared by their digest.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from members.models import Member, Membership
from members.personal import lookup_hash
from members.roster import id_number
from members.roster.consistency import contradictions
from members.roster.existing import Existing, Stay
from members.roster.fields import BY_KEY
from members.roster.identity import Identities
from members.roster.places import Place, Scope, find_places
from members.roster.problems import Severity
from members.roster.units import NEW, Question, Target
from members.roster.validate import Person, Roster

_GONE_FOR_GOOD = ("DECEASED", "EXPELLED")
# Fields whose change may contradict what stands.
_RELATED = ("id_number", "born_on", "gender", "category", "joined_on", "regular_on")


@dataclass(frozen=True)
class Dates:
    """From when new members belong, and on which day moves take place."""

    started_on: datetime.date
    moved_on: datetime.date
    today: datetime.date


@dataclass(frozen=True)
class Admission:
    person: Person
    place: Place
    started_on: datetime.date

    @property
    def values(self) -> dict[str, Any]:
        return self.person.values


@dataclass(frozen=True)
class Change:
    """`fields` maps a field to its old and new value."""

    person: Person
    member: Member
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True)
class Move:
    """To another branch, to another group, or back after having left (`membership` is None then)."""

    person: Person
    member: Member
    membership: Stay | None
    place: Place

    @property
    def ending(self) -> str:
        is_same_branch = self.membership is not None and self.membership.branch_id == self.place.branch
        return Membership.Ending.REGROUP if is_same_branch else Membership.Ending.TRANSFER


@dataclass
class Plan:
    dates: Dates
    questions: list[Question] = field(default_factory=list)
    admissions: list[Admission] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    unchanged: int = 0
    absent: int = 0

    @property
    def new_units(self) -> list[Question]:
        return [question for question in self.questions if question.decision == NEW]

    @property
    def is_empty(self) -> bool:
        return not (self.admissions or self.changes or self.moves or self.new_units)

    def digest(self) -> str:
        """A keyed digest of everything the plan would do, and of everything it would overwrite."""
        total = hashlib.sha256()
        for entry in self._entries():
            total.update(json.dumps(entry, default=str, ensure_ascii=False, sort_keys=True).encode())
        return lookup_hash(total.hexdigest()) or ""

    def _entries(self) -> Iterator[list[Any]]:
        """One by one: as one text they would take as much memory as the plan itself."""
        yield [self.dates.started_on, self.dates.moved_on]
        for unit in self.new_units:
            yield [unit.key, unit.kind, unit.parent]
        for admission in self.admissions:
            yield [admission.values, admission.place.branch, admission.place.group, admission.started_on]
        for change in self.changes:
            yield [change.member.pk, change.fields]
        for move in self.moves:
            yield [move.member.pk, move.membership and move.membership.pk, move.place.branch, move.place.group]


def make_plan(roster: Roster, existing: Existing, scope: Scope, dates: Dates) -> Plan:
    """Compare the roster with what stands. Further problems of rows are noted in the roster."""
    return _Planner(roster, existing, scope, dates).plan()


class _Planner:
    def __init__(self, roster: Roster, existing: Existing, scope: Scope, dates: Dates) -> None:
        self.roster, self.existing, self.scope, self.dates = roster, existing, scope, dates
        self.members: dict[int, Member] = {}
        self.result = Plan(dates)

    def plan(self) -> Plan:
        identities = Identities(self.roster, self.existing, self.scope)
        for person in self.roster.people:
            member = identities.find(person)
            if member is not None:
                self.members[person.row] = member
        self._find_same_member_twice()
        places = find_places(self.roster, self.scope, self._current_branch)
        self.result.questions = places.questions
        for person in self.roster.people:
            if person.row in identities.elsewhere:
                continue
            member = self.members.get(person.row)
            if member is None:
                self._admit(person, places.of_row[person.row])
            else:
                self._compare(person, member, places.of_row[person.row])
        mentioned = {member.pk for member in self.members.values()}
        self.result.absent = len(self.existing.current_ids - mentioned)
        self.roster.problems.sort(key=lambda problem: problem.row)
        return self.result

    def _current_branch(self, person: Person) -> int | None:
        member = self.members.get(person.row)
        membership = self.existing.open.get(member.pk) if member else None
        return membership.branch_id if membership else None

    def _find_same_member_twice(self) -> None:
        first: dict[int, Person] = {}
        for person in self.roster.people:
            member = self.members.get(person.row)
            if member is None:
                continue
            other = first.setdefault(member.pk, person)
            # Equal staff or ID numbers were noted with the rows themselves.
            if other is not person and other.values.get("staff_number") != person.values.get("staff_number"):
                say = _("与第 %d 行是同一名党员（按工号或身份证号），请只留一行。") % other.row
                self.roster.problem(person, "staff_number", _("同一人出现两次"), say)

    # --- new ------------------------------------------------------------------------------------

    def _admit(self, person: Person, place: Place) -> None:
        """What a new member's row leaves out and the ID number knows is filled in; what stands is never."""
        values = person.values
        if place.branch is None:
            self._miss_branch(person)
        if "category" not in values:
            self.roster.problem(
                person, "category", _("没有人员类别"), _("没有填人员类别，按“正式党员”导入。"), Severity.WARNING
            )
            values["category"] = Member.Category.FULL
        number = values.get("id_number")
        if number:
            values.setdefault("born_on", id_number.birth_date(number))
            values.setdefault("gender", id_number.gender(number))
        joined = values.get("joined_on")
        started_on = max(self.dates.started_on, joined) if joined else self.dates.started_on
        self._warn_of_namesake(person)
        self.result.admissions.append(Admission(person, place, started_on))

    def _miss_branch(self, person: Person) -> None:
        if "branch" not in person.values:
            say = _("新党员须写明所在党支部；合并的单元格请取消合并后逐行填写。")
            self.roster.problem(person, "branch", _("没有所在党支部"), say)

    def _warn_of_namesake(self, person: Person) -> None:
        """Never merged by name; but a person under a second staff number should be noticed."""
        for namesake in self.existing.namesakes.get(person.values.get("name", ""), ()):
            if "id_number" in person.values and namesake.has_id_number:
                continue
            say = _("名册中已有同名党员（工号 %s），将作为另一人新增。如是同一人，请改用原来的工号。")
            self.roster.problem(person, "name", _("与在册党员同名"), say % namesake.staff_number, Severity.WARNING)

    # --- known ----------------------------------------------------------------------------------

    def _compare(self, person: Person, member: Member, place: Place) -> None:
        fields = self._changed_fields(person, member)
        is_moving = self._is_moving(person, member, place)
        if fields:
            self._check_merged(person, member, fields)
            self.result.changes.append(Change(person, member, fields))
        if is_moving:
            self._move(person, member, place)
        if not fields and not is_moving:
            self.result.unchanged += 1

    def _changed_fields(self, person: Person, member: Member) -> dict[str, tuple[Any, Any]]:
        fields = {}
        for key, new in person.values.items():
            if key == "id_number":
                if person.id_hash != member.id_number_hash:
                    fields[key] = (member.id_number, new)
            elif BY_KEY[key].is_of_member:
                old = getattr(member, key)
                if old != new:
                    fields[key] = (old, new)
        return fields

    def _check_merged(self, person: Person, member: Member, fields: dict[str, tuple[Any, Any]]) -> None:
        """What the file leaves out stays, and must fit what it brings."""
        if not fields.keys() & set(_RELATED):
            return
        stored = {key: getattr(member, key) for key in _RELATED}
        merged = stored | {key: new for key, (_old, new) in fields.items() if key in stored}
        told = {(c.field, c.kind) for c in contradictions(person.values, self.dates.today)}
        told |= {(c.field, c.kind) for c in contradictions(stored, self.dates.today)}
        for found in contradictions(merged, self.dates.today):
            if (found.field, found.kind) not in told:
                say = _("与名册中已有的内容不符：%s") % found.say
                self.roster.problem(person, found.field, found.kind, say, found.severity)

    def _is_moving(self, person: Person, member: Member, place: Place) -> bool:
        membership = self.existing.open.get(member.pk)
        if membership is None:
            return True
        if place.branch is not None and place.branch != membership.branch_id:
            return True
        return place.group is not None and place.group != membership.group_id

    def _move(self, person: Person, member: Member, place: Place) -> None:
        membership = self.existing.open.get(member.pk)
        if membership is None:
            self._check_return(person, member, place)
        else:
            branch: Target = place.branch if place.branch is not None else membership.branch_id
            place = Place(branch, place.group)
            self._check_move(person, membership, place)
        self.result.moves.append(Move(person, member, membership, place))

    def _check_move(self, person: Person, membership: Stay, place: Place) -> None:
        if place.branch != membership.branch_id and not self.scope.may_reorganise:
            say = _("名册中属于“%s”，转到其他党支部须由党务工作者办理。") % self.existing.units[membership.branch_id]
            self.roster.problem(person, "branch", _("不能转移支部"), say)
        if self.dates.moved_on < membership.started_on:
            say = _("现在的组织关系自 %s 起，转移日期不能更早，请改后面的日期。") % membership.started_on
            self.roster.problem(person, "branch", _("转移日期过早"), say)

    def _check_return(self, person: Person, member: Member, place: Place) -> None:
        ending, ended_on = self.existing.endings.get(member.pk, ("", None))
        if ending in _GONE_FOR_GOOD:
            label = Membership.Ending(ending).label
            say = _("名册中已登记为“%s”，不能导入。登记有误的，请先更正其组织关系。") % label
            self.roster.problem(person, "staff_number", _("已登记为%s") % label, say)
        elif ended_on and self.dates.moved_on < ended_on:
            say = _("名册中于 %s 转出，转入日期不能更早，请改后面的日期。") % ended_on
            self.roster.problem(person, "branch", _("转移日期过早"), say)
        elif not self.scope.may_reorganise:
            say = _("名册中已转出，重新转入须由党务工作者办理。")
            self.roster.problem(person, "staff_number", _("已转出"), say)
        elif place.branch is None:
            self._miss_branch(person)
