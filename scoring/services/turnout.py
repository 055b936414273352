"""参加情况 and 应完成 of a branch: the tables for screen and paper, and as workbooks."""

from __future__ import annotations

from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import OrgUnit, User
from members.services.audit import record
from members.spreadsheet import stamp
from scoring.services.year_lines import subjects_of
from scoring.sheets.tables import Table
from scoring.sheets.turnout import targets_table, turnout_table
from scoring.sheets.workbook import write_book
from scoring.targets import targets_of
from scoring.turnout import attended_counts


def turnout_of(unit: OrgUnit, year: int) -> Table | None:
    """Members of the branch by kinds of organisation life; None where nothing was held. Two queries."""
    people = subjects_of(unit)
    return turnout_table(unit.name, year, people, attended_counts([one.account for one in people], year))


def branch_targets(unit: OrgUnit, year: int, current: int) -> Table | None:
    """Members of the branch by what the rules expect of them; None where they expect nothing.

    In: the month it is now. Of this year with the period under way, of an earlier one with its last.
    """
    people = subjects_of(unit)
    targets = targets_of([one.account for one in people], unit, min(year * 100 + 12, current))
    return targets_table(unit.name, year, people, targets)


def write_turnout(target: IO[bytes], unit: OrgUnit, table: Table, *, by: User) -> int:
    """One of the two tables as a workbook, and its line in the log. Out: how many members."""
    rows = write_book(target, [table], stamp=stamp(by, timezone.localtime()))
    words = {"title": table.title, "rows": rows}
    record(by, "scoring.export_turnout", unit, detail=_("%(title)s，%(rows)d 人") % words)
    return rows
