"""From the bytes of a file to roster and plan: the one way for preview, write and command line."""

from __future__ import annotations

import contextlib
import datetime
import gc
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS
from members.errors import Refused
from members.models import OrgUnit, User
from members.roster.consistency import PARTY_FOUNDED
from members.roster.existing import load_existing
from members.roster.places import Scope
from members.roster.plan import Dates, Plan, make_plan
from members.roster.recognise import recognise, rosters
from members.roster.validate import Roster, file_problems, read_roster
from members.tabular import Sheet


@dataclass(frozen=True)
class Options:
    """What a person chose besides the file."""

    started_on: datetime.date
    moved_on: datetime.date
    sheet: str = ""
    # Column number -> field or "", complete or empty (= as recognised).
    columns: dict[str, str] = field(default_factory=dict)
    # Names of new units -> "new", "skip", "to:<id>" or "as:<name>".
    decisions: dict[str, str] = field(default_factory=dict)
    # Names of new branches -> the unit they will stand below.
    parents: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        values.pop("columns")
        return values | {"started_on": str(self.started_on), "moved_on": str(self.moved_on)}

    @classmethod
    def of_json(cls, values: dict[str, Any], columns: dict[str, str]) -> Options:
        days = {key: datetime.date.fromisoformat(values[key]) for key in ("started_on", "moved_on")}
        return cls(**{**values, **days}, columns=columns)


@dataclass(frozen=True)
class Examination:
    roster: Roster
    plan: Plan
    # What is wrong with the table as a whole.
    blockers: tuple[str, ...]
    sheets: tuple[str, ...]
    units: dict[int, OrgUnit]

    @property
    def errors(self) -> int:
        return sum(problem.is_error for problem in self.roster.problems)

    @property
    def is_sound(self) -> bool:
        return not self.blockers and not self.errors


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Hundreds of thousands of small objects are made, none of them garbage: looking for it takes a third longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@uncollected()
def examine(
    unit: OrgUnit, sheets: list[Sheet], options: Options, *, by: User | None, today: datetime.date, lock: bool = False
) -> Examination:
    """Recognise, validate and plan. Writes nothing.

    Raise Refused when the sheets hold no roster or the options make no sense.
    """
    _check_days(options, today)
    recognised = recognise(sheets, options.columns, options.sheet)
    roster = read_roster(recognised, today)
    if not roster.people:
        raise Refused(_("表头下面没有党员，请检查是否选错了文件或工作表。"))
    existing = load_existing(unit, roster.people, lock=lock)
    scope = Scope(
        unit=unit,
        units=existing.units,
        may_reorganise=may_reorganise(by, unit),
        decisions=options.decisions,
        parents={name: pk for name, pk in options.parents.items() if _may_hold_branches(existing.units.get(pk))},
    )
    plan = make_plan(roster, existing, scope, Dates(options.started_on, options.moved_on, today))
    return Examination(roster, plan, tuple(file_problems(recognised)), tuple(rosters(sheets)), existing.units)


def may_reorganise(by: User | None, unit: OrgUnit) -> bool:
    """Found branches and move people between them: the business administrator, and the command line."""
    return by is None or by.is_superuser or by.authority.reaches(unit, BUSINESS_ADMIN_POSTS)


def _may_hold_branches(unit: OrgUnit | None) -> bool:
    return unit is not None and unit.kind in (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH)


def _check_days(options: Options, today: datetime.date) -> None:
    for label, day in ((_("新党员起算日期"), options.started_on), (_("转移日期"), options.moved_on)):
        if not PARTY_FOUNDED <= day <= today:
            say = _("%(label)s %(day)s 不能在将来，也不能早于 1921 年，请改日期。")
            raise Refused(say % {"label": label, "day": day})
