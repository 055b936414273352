"""What the page, the command line and the archive see of an examination: bounded, personal numbers masked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from members.models import Member, OrgUnit
from members.personal import mask
from members.roster.cells import text_of
from members.roster.examine import Examination
from members.roster.fields import BY_KEY
from members.roster.plan import Admission, Change, Move
from members.roster.problems import grouped
from members.roster.recognise import Column
from members.roster.units import Target
from members.roster.validate import Roster, shown

SHOWN_PROBLEMS = 200
SHOWN_PEOPLE = 50
SHOWN_SAMPLES = 3
SEEN_FOR_SAMPLES = 50


def make_report(found: Examination) -> dict[str, Any]:
    roster, plan = found.roster, found.plan
    names = Names(found)
    blocked = roster.blocked_rows
    admissions = [entry for entry in plan.admissions if entry.person.row not in blocked]
    changes = [entry for entry in plan.changes if entry.person.row not in blocked]
    moves = [entry for entry in plan.moves if entry.person.row not in blocked]
    return {
        "sheet": roster.recognised.sheet.name,
        "sheets": list(found.sheets),
        "heading_row": roster.recognised.heading_row + 1,
        "footers": roster.footers,
        "columns": [_column(roster, column) for column in roster.recognised.columns],
        "blockers": list(found.blockers),
        "counts": {
            "rows": len(roster.people),
            "blocked": len(blocked),
            "errors": found.errors,
            "problems": found.errors + len(found.blockers),
            "warnings": len(roster.problems) - found.errors,
            "new": len(admissions),
            "changed": len(changes),
            "moved": len(moves),
            "unchanged": plan.unchanged,
            "absent": plan.absent,
            "new_branches": sum(unit.kind == OrgUnit.Kind.BRANCH for unit in plan.new_units),
            "new_groups": sum(unit.kind == OrgUnit.Kind.PARTY_GROUP for unit in plan.new_units),
            "doubtful_units": sum(bool(unit.hint) for unit in plan.questions),
        },
        "groups": [asdict(group) for group in grouped(roster.problems)],
        "problems": [asdict(problem) for problem in errors_first(roster)[:SHOWN_PROBLEMS]],
        "units": [asdict(question) for question in plan.questions],
        "new": [names.admission(entry) for entry in admissions[:SHOWN_PEOPLE]],
        "changed": [names.change(entry) for entry in changes[:SHOWN_PEOPLE]],
        "moved": [names.move(entry) for entry in moves[:SHOWN_PEOPLE]],
    }


def errors_first(roster: Roster) -> list[Any]:
    return sorted(roster.problems, key=lambda problem: (not problem.is_error, problem.row))


def _column(roster: Roster, column: Column) -> dict[str, Any]:
    samples = []
    spec = BY_KEY.get(column.field)
    for person in roster.people[:SEEN_FOR_SAMPLES]:
        row = roster.recognised.sheet.rows[person.row - 1]
        cell = row[column.index] if column.index < len(row) else ""
        # A column nobody recognised may hold anything, so also ID numbers.
        text = shown(spec, cell) if spec else _guarded(text_of(cell))
        if text and text not in samples:
            samples.append(text)
        if len(samples) == SHOWN_SAMPLES:
            break
    return {
        "index": column.index,
        "letter": column.letter,
        "heading": column.heading,
        "field": column.field,
        "rival": column.rival,
        "samples": samples,
    }


def _guarded(text: str) -> str:
    digits = sum(sign.isdigit() for sign in text)
    return mask(text, head=2, tail=2) if digits >= 7 else text[:20]


class Names:
    """Says in words what a plan holds in ids and codes."""

    def __init__(self, found: Examination) -> None:
        self.units = found.units
        self.labels = {
            "gender": dict(Member.Gender.choices),
            "category": dict(Member.Category.choices),
        }

    def unit(self, target: Target | None) -> str:
        if target is None:
            return ""
        if isinstance(target, str):
            return target
        unit: OrgUnit | None = self.units.get(target)
        return unit.name if unit else f"#{target}"

    def place(self, branch: Target | None, group: Target | None) -> str:
        return " · ".join(filter(None, (self.unit(branch), self.unit(group))))

    def value(self, key: str, value: Any) -> str:
        if value is None or value == "":
            return _("（空）")
        if isinstance(value, bool):
            return _("是") if value else _("否")
        if key in self.labels:
            return str(self.labels[key].get(value, value))
        if BY_KEY[key].is_personal:
            return mask(value, head=6, tail=4) if len(value) > 14 else mask(value, head=3, tail=4)
        return str(value)

    def admission(self, entry: Admission) -> dict[str, Any]:
        return {
            "row": entry.person.row,
            "staff_number": entry.values.get("staff_number", ""),
            "name": entry.values.get("name", ""),
            "place": self.place(entry.place.branch, entry.place.group),
            "started_on": str(entry.started_on),
        }

    def change(self, entry: Change) -> dict[str, Any]:
        return {
            "row": entry.person.row,
            "staff_number": entry.member.staff_number,
            "name": entry.member.name,
            "fields": [
                {
                    "label": str(BY_KEY[key].label),
                    "old": self.value(key, old),
                    "new": self.value(key, new),
                }
                for key, (old, new) in entry.fields.items()
            ],
        }

    def move(self, entry: Move) -> dict[str, Any]:
        old = entry.membership
        return {
            "row": entry.person.row,
            "staff_number": entry.member.staff_number,
            "name": entry.member.name,
            "old": self.place(old.branch_id, old.group_id) if old else _("（已转出）"),
            "new": self.place(entry.place.branch, entry.place.group),
        }
