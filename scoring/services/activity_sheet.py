"""The attendance sheet: who stands on it, and reading it from what was pasted or uploaded."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from scoring import months
from scoring.calculation.cells import tidy
from scoring.models import Account, Activity, Attendance
from scoring.services.activities import Presence, expected_accounts
from scoring.services.population import population

Mark = Attendance.Mark
# How units write the marks in their own sheets, besides our own words.
_SPELLINGS = {
    Mark.PRESENT: ("到", "出席", "参加", "出勤", "已到", "√", "✓", "✔"),
    Mark.LEAVE: ("假", "事假", "病假", "因事请假", "因病请假"),
    Mark.OFFICIAL: ("公出", "出差", "因公", "因公出差", "公假", "值班"),
    Mark.ABSENT: ("缺", "缺勤", "未到", "无故缺席", "旷会", "×", "x"),
    Mark.MADE_UP: ("补", "已补课", "补学"),
}
MARK_OF = {str(mark.label): mark for mark in Mark} | {
    word: mark for mark, words in _SPELLINGS.items() for word in words
}
_HEADINGS = {"姓名", "党员姓名", "工号", "职工号", "员工编号", "人员编号", "情况", "到会情况", "出勤", "考勤"}
MOST_ROWS = 2_000


@dataclass(frozen=True)
class Line:
    """One person on the sheet. `is_recorded`: the mark is what stands in the database, no proposal."""

    account: int
    name: str
    staff_number: str
    pinyin: str
    initials: str
    mark: str = Mark.PRESENT
    remark: str = ""
    is_recorded: bool = False

    @property
    def found_by(self) -> str:
        """What the filter of the page looks into."""
        return f"{self.name} {self.staff_number} {self.pinyin.replace(' ', '')} {self.initials}"


def sheet_of(activity: Activity, day: datetime.date) -> list[Line]:
    """Everybody expected on the day and whoever is recorded already, by name. Whoever is not recorded is proposed
    as present."""
    expected = set(expected_accounts(activity.unit, activity.kind, activity.group, day))
    recorded = {row.account_id: row for row in Attendance.objects.filter(activity=activity)}
    if not recorded.keys() <= expected:
        # Guests of the branch stay on the sheet; whoever has left the branch since does not.
        expected |= recorded.keys() & set(population([activity.unit_id], months.month_of(day)).accounts.tolist())
    fields = ("pk", "member__name", "member__staff_number", "member__pinyin", "member__initials")
    people = Account.objects.filter(pk__in=expected).order_by("member__pinyin", "member__staff_number")
    lines = [Line(*row) for row in people.values_list(*fields)]
    return [
        replace(line, mark=row.mark, remark=row.remark, is_recorded=True)
        if (row := recorded.get(line.account))
        else line
        for line in lines
    ]


def as_typed(lines: Sequence[Line], typed: Mapping[str, str]) -> tuple[list[Line], list[Line]]:
    """The sheet with what was typed on the page, and the lines that the page did not show."""
    taken = [
        replace(line, mark=typed[f"mark-{line.account}"], remark=typed.get(f"remark-{line.account}", "").strip())
        if f"mark-{line.account}" in typed
        else line
        for line in lines
    ]
    return taken, [line for line in lines if f"mark-{line.account}" not in typed]


def presences(lines: Iterable[Line]) -> dict[int, Presence]:
    return {line.account: Presence(line.mark, line.remark) for line in lines}


# --- pasted and uploaded ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Unmatched:
    """A row that could not be taken, and why."""

    row: int
    text: str
    why: str


@dataclass(frozen=True)
class Reading:
    """Account -> mark, and what was left over."""

    marks: dict[int, str]
    unmatched: list[Unmatched]

    def applied(self, lines: Sequence[Line]) -> list[Line]:
        return [replace(line, mark=self.marks.get(line.account, line.mark)) for line in lines]


def rows_of_text(text: str) -> list[list[str]]:
    """Pasted lines as rows of cells: tabs between the columns, or commas, or blanks."""
    rows = []
    for line in text.splitlines():
        plain = line.replace("，", ",")
        mark = next((mark for mark in ("\t", ",") if mark in plain), None)
        rows.append(plain.split(mark))
    return rows


def read_marks(rows: Sequence[Sequence[object]], lines: Sequence[Line]) -> Reading:
    """Rows with a name or staff number and a mark, in whichever columns, against the people of the sheet."""
    numbers = {line.staff_number: line.account for line in lines}
    names: dict[str, list[int]] = {}
    for line in lines:
        names.setdefault(_bare(line.name), []).append(line.account)
    marks: dict[int, str] = {}
    unmatched = []
    for place, row in enumerate(rows[:MOST_ROWS], start=1):
        cells = [text for cell in row if (text := _text(cell))]
        if not cells or _HEADINGS.intersection(cells):
            continue
        account, mark, why = _read_row(cells, numbers, names)
        if not why and account in marks:
            why = _("这个人前面已经有一行，只取前一行。")
        if why or account is None:
            unmatched.append(Unmatched(place, " ".join(cells)[:60], why))
        else:
            marks[account] = mark
    if len(rows) > MOST_ROWS:
        unmatched.append(Unmatched(MOST_ROWS + 1, "", _("最多读 %d 行，后面的没有读。") % MOST_ROWS))
    return Reading(marks, unmatched)


def _read_row(
    cells: Sequence[str], numbers: Mapping[str, int], names: Mapping[str, Sequence[int]]
) -> tuple[int | None, str, str]:
    """(account, mark, what is wrong). The name comes first: a serial number may look like a staff number."""
    named = next((names[_bare(cell)] for cell in cells if _bare(cell) in names), [])
    numbered = [numbers[cell] for cell in cells if cell in numbers]
    found = named if len(named) == 1 else [own for own in numbered if own in named or not named]
    if not found:
        return None, "", _("同名的有 %d 人，请改用工号。") % len(named) if named else _("名单里没有这个人。")
    mark = next((MARK_OF[cell.lower()] for cell in cells if cell.lower() in MARK_OF), None)
    if mark is None:
        return None, "", _("没有看懂到会情况，请写：%s。") % "、".join(str(label) for label in Mark.labels)
    return found[0], mark, ""


def _bare(name: str) -> str:
    """Blanks stand inside short names to line them up."""
    return "".join(name.split())


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return tidy("" if cell is None else str(cell))
