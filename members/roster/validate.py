"""Rows of cells become people, and every problem of every row is noted. Pure: no database, no clock."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from members import personal
from members.roster.cells import Doubtful, Wrong, text_of
from members.roster.consistency import contradictions
from members.roster.dates import MonthOnly
from members.roster.fields import BY_KEY, Field
from members.roster.id_number import birth_date
from members.roster.problems import Problem, Severity
from members.roster.recognise import Recognised
from members.tabular import Cell

_FOOTER = re.compile(
    r"(合计|总计|小计|共计|填表人|填表单位|填表日期|填报人|填报日期|制表人?|审核人?|导出人|导出时间|复核人?|经办人?|(单位)?负责人|联系人|盖章"
    r"|(党支部|党委|党总支)?书记|注|备注|说明|填表说明)\s*([（(:：].*|\d.*|签.*)?"
)
_MOST_VALUES_OF_A_FOOTER = 4
_SHOWN = 40


@dataclass
class Person:
    """One row of the roster. `values` has only what the row really gives: a blank gives nothing."""

    row: int
    values: dict[str, Any]

    @cached_property
    def id_hash(self) -> str | None:
        """By which the ID number is found among those stored."""
        return personal.lookup_hash(self.values.get("id_number", ""))


@dataclass
class Roster:
    """What the file says: people, problems of single rows, and rows that are no people."""

    recognised: Recognised
    people: list[Person] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    footers: list[int] = field(default_factory=list)
    _failed: set[tuple[int, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._columns = self.recognised.fields

    def has_failed(self, person: Person, key: str) -> bool:
        """Whether the row has an error in this field."""
        return (person.row, key) in self._failed

    @property
    def blocked_rows(self) -> set[int]:
        return {row for row, _key in self._failed}

    def has_column(self, key: str) -> bool:
        return key in self._columns

    def problem(self, person: Person, key: str, kind: str, say: str, severity: Severity = Severity.ERROR) -> None:
        """Note a problem at one field of a person, with the cell as the file has it."""
        if severity == Severity.ERROR:
            self._failed.add((person.row, key))
        column = self._columns.get(key)
        row = self.recognised.sheet.rows[person.row - 1]
        cell = row[column.index] if column and column.index < len(row) else ""
        self.problems.append(
            Problem(
                row=person.row,
                column=str(BY_KEY[key].label),
                value=shown(BY_KEY[key], cell),
                kind=kind,
                say=say,
                severity=severity,
                staff_number=person.values.get("staff_number") or "",
                name=person.values.get("name") or "",
            )
        )


def read_roster(recognised: Recognised, today: datetime.date) -> Roster:
    """Read all rows below the heading. Whether they fit what is stored is the plan's question."""
    roster = Roster(recognised)
    columns = [column for column in recognised.columns if column.field]
    heading = recognised.sheet.rows[recognised.first_row - 1]
    seen: Seen = {}
    for number, row in enumerate(recognised.sheet.rows[recognised.first_row :], recognised.first_row + 1):
        cells = [(column.field, row[column.index]) for column in columns if column.index < len(row)]
        if not any(text_of(cell) for _key, cell in cells) or row == heading:
            continue
        if is_footer(row):
            roster.footers.append(number)
            continue
        _read_person(roster, number, cells, today, seen)
    _find_twins(roster)
    roster.problems.sort(key=lambda problem: problem.row)
    return roster


def is_footer(row: list[Cell]) -> bool:
    """Signatures, sums and notes below the table: few words, the first of them typical."""
    if len(set(row)) > _MOST_VALUES_OF_A_FOOTER + 1:
        return False
    texts = [text for text in dict.fromkeys(map(text_of, row)) if text]
    return bool(texts) and len(texts) <= _MOST_VALUES_OF_A_FOOTER and _FOOTER.fullmatch(texts[0]) is not None


def shown(spec: Field, cell: Cell) -> str:
    """The cell as it may stand on a page: short, personal numbers masked."""
    text = text_of(cell)
    if spec.is_personal:
        text = personal.mask(text, head=3, tail=2) if len(text) < 15 else personal.mask(text, head=6, tail=4)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


Note = tuple[str, str, str, Severity]
# What a text in a column was read as: branches, dates and the like repeat a thousand times.
Seen = dict[tuple[str, str], Any]
_DIFFERENT_IN_EVERY_ROW = frozenset({"staff_number", "name", "id_number", "phone"})


def _read_person(roster: Roster, number: int, cells: list[tuple[str, Cell]], today: datetime.date, seen: Seen) -> None:
    person = Person(number, {})
    notes = _read_cells(person, cells, seen)
    if _has_settled_birth(person):
        notes = [note for note in notes if note[0] != "born_on"]
    has_name = "name" in person.values or any(note[0] == "name" for note in notes)
    if roster.has_column("name") and not has_name:
        notes.append(("name", _("姓名为空"), _("请填写姓名；不是党员的行请删去。"), Severity.ERROR))
    notes.extend((c.field, c.kind, c.say, c.severity) for c in contradictions(person.values, today))
    roster.people.append(person)
    for note in notes:
        roster.problem(person, *note)


def _read_cells(person: Person, cells: list[tuple[str, Cell]], seen: Seen) -> list[Note]:
    """Fill in the person's values. Out: what is wrong or doubtful."""
    notes: list[Note] = []
    for key, cell in cells:
        if cell == "":
            continue
        value = seen.get((key, cell)) if type(cell) is str else None
        if value is None:
            value = _read_cell(key, cell)
            if type(cell) is str and key not in _DIFFERENT_IN_EVERY_ROW:
                seen[key, cell] = value
        if type(value) is Wrong:
            notes.append((key, value.kind, value.say, Severity.ERROR))
            continue
        if type(value) is Doubtful:
            notes.append((key, value.kind, value.say, Severity.WARNING))
            value = value.value
        if value is not None:
            person.values[key] = value
    return notes


def _read_cell(key: str, cell: Cell) -> Any:
    try:
        return BY_KEY[key].read(cell)
    except Wrong as wrong:
        return wrong


def _has_settled_birth(person: Person) -> bool:
    """Where the file gives only the month of birth, the ID number of that month has the day."""
    born, number = person.values.get("born_on"), person.values.get("id_number")
    by_number = birth_date(number) if number else None
    if not isinstance(born, MonthOnly) or by_number is None:
        return False
    if (by_number.year, by_number.month) != (born.year, born.month):
        return False
    person.values["born_on"] = by_number
    return True


def _find_twins(roster: Roster) -> None:
    """The same staff number or ID number in two rows: both rows are named."""
    for key, kind in (("staff_number", _("工号重复")), ("id_number", _("身份证号重复"))):
        rows: dict[Any, list[Person]] = {}
        for person in roster.people:
            if key in person.values:
                rows.setdefault(person.values[key], []).append(person)
        for people in rows.values():
            for person in people if len(people) > 1 else ():
                others = "、".join(str(other.row) for other in people[:10] if other is not person)
                say = _("与第 %(rows)s 行的%(label)s相同。同一人请只留一行，不同的人请更正%(label)s。")
                roster.problem(person, key, kind, say % {"rows": others, "label": BY_KEY[key].label})


def file_problems(recognised: Recognised) -> Iterator[str]:
    """What is wrong with the table as a whole, before any row is looked at."""
    fields = recognised.fields
    if "name" not in fields:
        yield _("没有认出“姓名”列，请在“核对列”中指定。")
    if "staff_number" not in fields and "id_number" not in fields:
        yield _(
            "没有认出“工号”列，请在“核对列”中指定。没有工号的单位请在表中加一列“工号”，给每名党员编一个不重复的号码。"
        )
    for column in recognised.columns:
        if column.rival:
            say = _("%(letter)s 列和 %(rival)s 列的表头都是“%(heading)s”，请在“核对列”中选定一列，另一列选“不导入”。")
            yield say % {"letter": column.letter, "rival": column.rival, "heading": column.heading}
