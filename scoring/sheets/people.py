"""The rows of a month sheet, laid against the people of the branch. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from members.errors import Refused
from members.roster.cells import is_number, text_of
from members.tabular import Cell
from scoring.sheets import heading, words
from scoring.sheets.heading import Recognised

# What a person's points look like; a hint below the heading ("0～5") does not.
_FIGURE = re.compile(r"[-+−]?\d+(?:\.\d+)?[^\W\d_]{0,2}")


@dataclass(frozen=True)
class Person:
    account: int
    name: str
    staff_number: str


@dataclass(frozen=True)
class SheetRow:
    """A row that speaks of a person. `number` is the row's number in the file."""

    number: int
    cells: list[Cell]
    person: Person

    def cell(self, index: int) -> Cell:
        return self.cells[index] if index < len(self.cells) else ""


@dataclass(frozen=True)
class Problem:
    """One thing to put right: where in the sheet, and what to write instead."""

    row: int
    column: str
    text: str

    @property
    def where(self) -> str:
        if self.column:
            return _("第 %(row)d 行 %(column)s") % {"row": self.row, "column": self.column}
        return _("第 %d 行") % self.row

    def __str__(self) -> str:
        return f"{self.where}：{self.text}"


class Branch:
    """The people scored in a branch's month, to be found by staff number or by a name that only one has."""

    def __init__(self, people: Sequence[Person], title: str) -> None:
        self.title = title
        self.by_number = {person.staff_number: person for person in people}
        self.by_name: dict[str, list[Person]] = {}
        for person in people:
            self.by_name.setdefault(words.name_key(person.name), []).append(person)
        # A spreadsheet drops the leading zeros of a number that was typed into a plain cell.
        short = Counter(person.staff_number.lstrip("0") for person in people)
        self.by_short = {p.staff_number.lstrip("0"): p for p in people if short[p.staff_number.lstrip("0")] == 1}

    def find(self, number: Cell, name: Cell) -> Person:
        """Raise Refused when the row fits nobody, or not for certain."""
        typed, called = number_text(number), words.name_key(name)
        if not typed:
            return self._by_name(called)
        person = self.by_number.get(typed) or (self.by_short.get(typed) if is_number(number) else None)
        if person is None:
            raise Refused(
                _(
                    "工号“%(number)s”不在%(branch)s的积分名单中，请核对工号；已调出或本月不列入积分的党员，请删去这一行。"
                )
                % {"number": typed[:30], "branch": self.title}
            )
        if called and called != words.name_key(person.name):
            raise Refused(
                _("工号“%(number)s”是%(known)s，表中写的是“%(called)s”，请核对工号和姓名，改正其中一个。")
                % {"number": typed, "known": person.name, "called": called[:30]}
            )
        return person

    def _by_name(self, called: str) -> Person:
        if not called:
            raise Refused(_("这一行填了分，但没有姓名和工号，请补上；不是党员的行请删去。"))
        found = self.by_name.get(called, [])
        if len(found) == 1:
            return found[0]
        if found:
            numbers = "、".join(person.staff_number for person in found)
            raise Refused(
                _("有 %(count)d 名党员叫“%(name)s”（工号 %(numbers)s），请在“工号”列写明是哪一位。")
                % {"count": len(found), "name": called, "numbers": numbers}
            )
        raise Refused(
            _("“%(name)s”不在%(branch)s的积分名单中，请核对姓名；已调出或本月不列入积分的党员，请删去这一行。")
            % {"name": called[:30], "branch": self.title}
        )


def number_text(cell: Cell) -> str:
    return text_of(cell).removeprefix("'").replace(" ", "")


def lay_rows(found: Recognised, branch: Branch) -> tuple[list[SheetRow], list[Problem]]:
    """Every row below the heading: whose it is, or what is wrong with it. Notes and blank rows are left out."""
    rows: list[SheetRow] = []
    problems: list[Problem] = []
    first: dict[int, int] = {}
    notes = _merged_rows(found)
    for index in range(found.first_row, len(found.sheet.rows)):
        cells, number = found.sheet.rows[index], index + 1
        if index in notes or not _speaks(found, cells, branch):
            continue
        column = _identity_label(found)
        try:
            person = branch.find(*_identity(found, cells))
        except Refused as refusal:
            problems.append(Problem(number, column, str(refusal)))
            continue
        if person.account in first:
            text = _("%(name)s在第 %(row)d 行已经出现过，请合并成一行。")
            problems.append(Problem(number, column, text % {"name": person.name, "row": first[person.account]}))
            continue
        first[person.account] = number
        rows.append(SheetRow(number, cells, person))
    return rows, problems


def _identity(found: Recognised, cells: list[Cell]) -> tuple[Cell, Cell]:
    def cell(role: str) -> Cell:
        column = found.first(role)
        return cells[column.index] if column and column.index < len(cells) else ""

    return cell(heading.STAFF_NUMBER), cell(heading.NAME)


def _identity_label(found: Recognised) -> str:
    column = found.first(heading.STAFF_NUMBER) or found.first(heading.NAME)
    return _("%s 列") % column.letter if column else ""


def _speaks(found: Recognised, cells: list[Cell], branch: Branch) -> bool:
    """Whether a row is about a person: not blank, no note, no heading repeated on the next page."""
    number, name = _identity(found, cells)
    called = words.name_key(name)
    if called in branch.by_name:
        return True
    if called in words.NAME or number_text(number) in words.STAFF_NUMBER:
        return False
    texts = [text for text in map(text_of, cells) if text]
    if not number_text(number) and (not texts or words.is_note(texts[0]) or (called and words.is_note(called))):
        return False
    if called or number_text(number):
        return not words.is_note(called or number_text(number))
    columns = [column.index for column in found.having(heading.ITEM)]
    return any(index < len(cells) and _FIGURE.fullmatch(text_of(cells[index])) for index in columns)


def _merged_rows(found: Recognised) -> set[int]:
    """Rows in which the name and other columns are one merged area: a title, a note, a line for signatures."""
    others = {column.index for column in found.having(heading.ITEM, heading.REMARK)}
    names = {column.index for column in found.having(heading.NAME, heading.STAFF_NUMBER)}
    return {
        row
        for top, left, bottom, right in found.sheet.merged
        if names & (covered := set(range(left, right + 1))) and others & covered
        for row in range(top, min(bottom, len(found.sheet.rows) - 1) + 1)
    }


def typed(cell: Cell) -> str:
    """A cell as one would have typed it into the grid. Raise Refused for what a spreadsheet made of it.

    Figures are read to 15 digits, as the spreadsheet shows them: a sum of 0.1 and 0.2 is 0.3.
    """
    if isinstance(cell, bool):
        raise Refused(_("单元格里是逻辑值，请改填数字，例如 3。"))
    if is_number(cell):
        return format(cell, ".15g")
    if not isinstance(cell, str):
        raise Refused(_("单元格被表格软件变成了日期，请把格式改为“常规”后重填，例如 3。"))
    return text_of(cell)
