"""Where each row says its person belongs: branch and group, standing or to be created. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from members.models import OrgUnit
from members.roster.units import Known, Question, Target, ask, bare_branch, exact, in_order, tidy
from members.roster.validate import Person, Roster


@dataclass(frozen=True)
class Place:
    """`None` where the row says nothing: then what stands stays."""

    branch: Target | None = None
    group: Target | None = None


@dataclass
class Places:
    of_row: dict[int, Place] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)


@dataclass(frozen=True)
class Scope:
    """Where the roster goes, and what the person who imports it may do there."""

    unit: OrgUnit
    units: dict[int, OrgUnit]
    may_reorganise: bool
    decisions: dict[str, str]
    parents: dict[str, int]

    @property
    def is_single_branch(self) -> bool:
        return self.unit.kind == OrgUnit.Kind.BRANCH

    def known(self, kind: str, parent: int | None = None) -> list[Known]:
        """Open units of a kind, of all places or below one."""
        return [Known(unit.pk, unit.name) for unit in self._of(kind, parent) if not unit.closed_on]

    def is_closed(self, kind: str, name: str, parent: int | None = None) -> bool:
        return any(unit.closed_on and tidy(unit.name) == name for unit in self._of(kind, parent))

    def _of(self, kind: str, parent: int | None) -> list[OrgUnit]:
        return [unit for unit in self.units.values() if unit.kind == kind and parent in (None, unit.parent_id)]


def find_places(roster: Roster, scope: Scope, branch_of: Callable[[Person], int | None]) -> Places:
    """Resolve the names of all rows; what cannot be resolved is noted at the row.

    `branch_of` gives the branch a person belongs to now, for rows that name only a group.
    """
    places = Places()
    branches = _branches(roster, scope, places)
    by_branch: dict[Target, dict[str, list[Person]]] = {}
    for person in roster.people:
        branch = branches.get(person.row)
        group = person.values.get("group")
        within = branch if branch is not None else branch_of(person)
        if group and within is not None:
            by_branch.setdefault(within, {}).setdefault(tidy(group), []).append(person)
        places.of_row[person.row] = Place(branch)
    for within, names in by_branch.items():
        _groups(roster, scope, places, within, names)
    return places


def _branches(roster: Roster, scope: Scope, places: Places) -> dict[int, Target]:
    names: dict[str, list[Person]] = {}
    for person in roster.people:
        name = person.values.get("branch")
        if name:
            names.setdefault(tidy(name), []).append(person)
    if scope.is_single_branch:
        return _in_own_branch(roster, scope, names)
    known = scope.known(OrgUnit.Kind.BRANCH)
    found: dict[int, Target] = {}
    asked: dict[str, Question] = {}
    for name, people in names.items():
        same = exact(name, known)
        if len(same) == 1:
            found.update((person.row, same[0].id) for person in people)
        elif same:
            say = _("有 %d 个同名的党支部，请进入其中一个党支部单独导入。") % len(same)
            _note(roster, people, "branch", _("支部重名"), say)
        elif _may_be_created(roster, scope, name, people):
            asked[name] = _branch_question(scope, name, people)
    ask(list(asked.values()), known, scope.decisions, is_branch=True)
    for name, question in asked.items():
        if question.target is None:
            say = _("“%s”选择了不新建，请改写这一行的党支部。") % name
            _note(roster, names[name], "branch", _("党支部不新建"), say)
        else:
            found.update((person.row, question.target) for person in names[name])
    places.questions.extend(asked.values())
    return found


def _in_own_branch(roster: Roster, scope: Scope, names: dict[str, list[Person]]) -> dict[int, Target]:
    """Into one branch only its own people; the column may be missing."""
    for name, people in names.items():
        if bare_branch(name) != bare_branch(scope.unit.name):
            say = _("本次只能导入到“%s”，请删去其他党支部的行。") % scope.unit.name
            _note(roster, people, "branch", _("不是本支部"), say)
    return {person.row: scope.unit.pk for person in roster.people}


def _may_be_created(roster: Roster, scope: Scope, name: str, people: list[Person]) -> bool:
    general = [unit.name for unit in scope.units.values() if unit.kind == OrgUnit.Kind.GENERAL_BRANCH]
    if name.endswith(("党总支", "总支部", "党委")) or name in map(tidy, general):
        _note(roster, people, "branch", _("不是党支部"), _("“%s”不是党支部，请写明所在的党支部。") % name)
        return False
    if scope.is_closed(OrgUnit.Kind.BRANCH, name):
        _note(roster, people, "branch", _("党支部已撤销"), _("“%s”已撤销，请改写为现在的党支部。") % name)
        return False
    if not scope.may_reorganise:
        _note(roster, people, "branch", _("没有这个党支部"), _("没有“%s”，新建党支部须由党务工作者导入。") % name)
        return False
    return True


def _branch_question(scope: Scope, name: str, people: list[Person]) -> Question:
    question = Question(name, OrgUnit.Kind.BRANCH, name, len(people), people[0].row)
    question.parent = scope.parents.get(name) or _usual_parent(name, scope)
    return question


def _group_question(scope: Scope, within: Target, name: str, people: list[Person]) -> Question:
    label = scope.units[within].name if isinstance(within, int) and within in scope.units else str(within)
    return Question(
        key=f"{within}/{name}",
        kind=OrgUnit.Kind.PARTY_GROUP,
        name=name,
        rows=len(people),
        first_row=people[0].row,
        within=label,
        within_target=within,
    )


def _usual_parent(name: str, scope: Scope) -> int:
    """The general branch whose name begins the branch's own, else the unit the roster goes to."""
    for unit in scope.units.values():
        if unit.kind == OrgUnit.Kind.GENERAL_BRANCH and name.startswith(tidy(unit.name)):
            return unit.pk
    return scope.unit.pk


def _groups(roster: Roster, scope: Scope, places: Places, within: Target, names: dict[str, list[Person]]) -> None:
    known = scope.known(OrgUnit.Kind.PARTY_GROUP, within) if isinstance(within, int) else []
    asked: dict[str, Question] = {}
    for name, people in sorted(names.items(), key=lambda item: in_order(item[0])):
        same = exact(name, known)
        if same:
            _set_group(places, people, same[0].id)
        elif isinstance(within, int) and scope.is_closed(OrgUnit.Kind.PARTY_GROUP, name, within):
            _note(roster, people, "group", _("党小组已撤销"), _("“%s”已撤销，请改写为现在的党小组。") % name)
        else:
            asked[name] = _group_question(scope, within, name, people)
    ask(list(asked.values()), known, scope.decisions, is_branch=False)
    for name, question in asked.items():
        if question.target is None:
            _note(roster, names[name], "group", _("党小组不新建"), _("“%s”选择了不新建，请改写或清空这一格。") % name)
        else:
            _set_group(places, names[name], question.target)
    places.questions.extend(asked.values())


def _set_group(places: Places, people: list[Person], group: Target) -> None:
    for person in people:
        places.of_row[person.row] = Place(places.of_row[person.row].branch, group)


def _note(roster: Roster, people: list[Person], key: str, kind: str, say: str) -> None:
    for person in people:
        roster.problem(person, key, kind, say)
