"""The month sheet comes back from a spreadsheet: read and compared first, written only when confirmed.

Every cell passes the check it passes when typed into the grid. All problems come at once, with row and column; the
draft is written as a whole or not at all, and never over what someone changed since the preview.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit, User
from members.roster.cells import text_of
from members.services.audit import record
from members.tabular import Cell, Sheet, read_table
from scoring import months
from scoring.models import Item, Month
from scoring.services.columns import check_cell
from scoring.services.drafts import REMARK_LENGTH, Change, Saved
from scoring.services.grid import build_grid, require_open, save_cells
from scoring.services.months import month_of_unit
from scoring.services.sheet import Grid, GridCell, GridRow
from scoring.sheets import heading, title
from scoring.sheets.heading import KnownItem, Recognised, SheetColumn
from scoring.sheets.people import Branch, Person, Problem, SheetRow, lay_rows, typed
from scoring.sheets.plan import PlannedChange, SheetPlan


def read_month_sheet(unit: OrgUnit, month: int, file_name: str, content: bytes) -> SheetPlan:
    """Compare a file with the grid of an open month; nothing is written.

    Raise Refused when the file as a whole cannot be taken: not a table, no heading, another branch or month, the
    month already submitted. Problems of rows and cells stand in the plan, all of them.
    """
    row = month_of_unit(unit, month)
    require_open(row)
    sheets = read_table(file_name, content)
    grid = build_grid(row)
    return _Reading(grid, _choose(sheets, grid)).plan()


def _known_items(grid: Grid) -> list[KnownItem]:
    return [
        KnownItem(each.item.pk, each.item.code, each.item.name, each.section.name, tuple(map(str, each.item.aliases)))
        for each in grid.columns
    ]


def _choose(sheets: Sequence[Sheet], grid: Grid) -> Recognised:
    """The one sheet of the file that is of this branch and month. A workbook may hold many."""
    items = _known_items(grid)
    found = [recognised for sheet in sheets if (recognised := heading.recognise(sheet, items)) is not None]
    if not found:
        raise Refused(heading.no_heading(items))
    names = _branch_names(grid.month.unit)
    doubts = [_disagreement(each, grid.month, names) for each in found]
    fitting = [each for each, doubt in zip(found, doubts, strict=True) if not doubt]
    if not fitting:
        raise Refused(doubts[0])
    if len(fitting) > 1:
        listed = "、".join(f"“{each.sheet.name}”" for each in fitting)
        raise Refused(
            _("文件里有 %(count)d 张工作表都像%(month)s的积分表：%(names)s。请只保留要导入的一张，另存后上传。")
            % {"count": len(fitting), "month": grid.month, "names": listed}
        )
    return fitting[0]


def _branch_names(unit: OrgUnit) -> list[str]:
    root = unit.path.split(".", 1)[0] + "."
    rows = OrgUnit.objects.filter(path__startswith=root, kind__in=[OrgUnit.Kind.BRANCH, OrgUnit.Kind.GENERAL_BRANCH])
    return list(rows.values_list("name", flat=True))


def _disagreement(found: Recognised, month: Month, names: Iterable[str]) -> str:
    """A sentence when the title names another branch or another month; empty when it does not."""
    texts = found.above()
    named = set().union(*(title.months_named(text) for text in texts)) or title.months_named(found.sheet.name)
    if not title.fits_month(named, month.month):
        others = "、".join(months.label(m) if m > 12 else _("%d 月") % m for m in sorted(named))
        return _("表中写的是 %(named)s，而现在录入的是 %(month)s。请换成当月的表，或到那个月份去导入。") % {
            "named": others,
            "month": months.label(month.month),
        }
    branches = set().union(*(title.branches_named(text, names) for text in texts))
    if branches and month.unit.name not in branches:
        return _("表中写的是“%(named)s”，而现在录入的是“%(branch)s”。请换成本支部的表，或到那个支部去导入。") % {
            "named": "、".join(sorted(branches)),
            "branch": month.unit,
        }
    return ""


class _Reading:
    """One sheet against one grid."""

    def __init__(self, grid: Grid, found: Recognised) -> None:
        self.grid, self.found = grid, found
        self.rows = {row.account: row for row in grid.rows}
        self.result = SheetPlan(grid.month, found.sheet.name)

    def plan(self) -> SheetPlan:
        taken = self._columns()
        people = [Person(row.account, row.member.name, row.member.staff_number) for row in self.grid.rows]
        rows, problems = lay_rows(self.found, Branch(people, str(self.grid.month)))
        self.result.problems += problems
        if not rows and not self.result.problems:
            raise Refused(_("表头以下没有任何党员的行，请检查是否选错了文件或工作表。"))
        remark = self.found.first(heading.REMARK)
        for row in rows:
            for column, index in taken:
                self._cell(row, column, self.rows[row.person.account].cells[index])
            if remark is not None:
                self._remark(row, remark, self.rows[row.person.account])
        present = {row.person.account for row in rows}
        self.result.people = len(rows)
        self.result.absent = [row.member.name for row in self.grid.rows if row.account not in present]
        self.result.problems.sort(key=lambda problem: problem.row)
        return self.result

    def _columns(self) -> list[tuple[SheetColumn, int]]:
        """The columns to take, with their place in the grid. The others are named with the reason."""
        places = {column.item.pk: index for index, column in enumerate(self.grid.columns)}
        taken: dict[int, SheetColumn] = {}
        for column in self.found.columns:
            if column.rivals:
                self._heading_problem(column, self._rivals(column))
            elif column.item is None:
                self._leave_aside(column)
            elif column.item in taken:
                first = taken[column.item]
                text = _("与 %(letter)s 列是同一条款“%(name)s”，请只保留一列。")
                name = self.grid.columns[places[column.item]].item.name
                self._heading_problem(column, text % {"letter": first.letter, "name": name})
            elif not self.grid.columns[places[column.item]].is_editable:
                self.result.left_aside.append((column, _("由其他记录自动计入")))
            else:
                taken[column.item] = column
        self.result.untouched = [
            str(column.item) for column in self.grid.columns if column.is_editable and column.item.pk not in taken
        ]
        return [(column, places[item]) for item, column in taken.items()]

    def _leave_aside(self, column: SheetColumn) -> None:
        reasons = {
            heading.TOTAL: _("合计和名次由系统计算"),
            heading.PERSONAL: _("党员信息以花名册为准"),
            heading.UNKNOWN: _("不是本月积分办法的条款，请核对列名"),
        }
        if column.heading and column.role in reasons:
            self.result.left_aside.append((column, reasons[column.role]))

    def _rivals(self, column: SheetColumn) -> str:
        by_key = {each.item.pk: each.item for each in self.grid.columns}
        listed = "、".join(str(by_key[key]) for key in column.rivals)
        return _("“%(heading)s”可能是：%(items)s。请在列名中写上条款号。") % {
            "heading": column.heading,
            "items": listed,
        }

    def _heading_problem(self, column: SheetColumn, text: str) -> None:
        self.result.problems.append(Problem(self.found.first_row, _label(column), text))

    def _cell(self, row: SheetRow, column: SheetColumn, standing: GridCell) -> None:
        try:
            new, _points = check_cell(standing.column.rule, typed(row.cell(column.index)))
        except Refused as refusal:
            self.result.problems.append(Problem(row.number, _label(column), f"{row.person.name}：{refusal}"))
            return
        self._compare(row, standing.column.item.name, standing.column.item, standing.text, new, standing.version)

    def _remark(self, row: SheetRow, column: SheetColumn, standing: GridRow) -> None:
        new = _remark_text(row.cell(column.index))
        if len(new) > REMARK_LENGTH:
            text = _("%(name)s：备注有 %(length)d 个字，最多 %(limit)d 个，请缩短。")
            said = text % {"name": row.person.name, "length": len(new), "limit": REMARK_LENGTH}
            self.result.problems.append(Problem(row.number, _label(column), said))
            return
        self._compare(row, _("备注"), None, standing.remark, new, standing.remark_version)

    def _compare(self, row: SheetRow, column: str, item: Item | None, old: str, new: str, version: int) -> None:
        if old != new:
            person, key = row.person, item.pk if item else None
            change = PlannedChange(row.number, person.account, key, version, person.name, column, old, new)
            self.result.changes.append(change)
        elif new:
            self.result.unchanged += 1


def _label(column: SheetColumn) -> str:
    return _("%(letter)s 列“%(heading)s”") % {"letter": column.letter, "heading": column.heading}


def _remark_text(cell: Cell) -> str:
    """A remark may say anything; only lay-out and the signs for "nothing" go."""
    blank = text_of(cell) == ""
    return "" if blank else " ".join(cell.split()) if isinstance(cell, str) else text_of(cell)


@transaction.atomic
def write_changes(unit: OrgUnit, month: int, changes: Sequence[Change], *, by: User) -> int:
    """Write what was confirmed into the drafts, all of it or nothing. Out: how many cells.

    Raise Refused with one sentence per cell that someone changed since, or that the rules now refuse.
    """
    row = month_of_unit(unit, month)
    saved, _totals = save_cells(row, changes, by=by)
    spoilt = [one for one in saved if one.refusal or one.conflict]
    if spoilt:
        raise Refused("\n".join([_("没有写入任何内容。"), *_spoilt_sentences(build_grid(row), spoilt)]))
    detail = _("%(month)s：%(count)d 格") % {"month": months.label(month), "count": len(saved)}
    record(by, "scoring.import_month", unit, detail=detail)
    return len(saved)


def _spoilt_sentences(grid: Grid, spoilt: Iterable[Saved]) -> list[str]:
    names = {line.account: line.member.name for line in grid.rows}
    columns: dict[int | None, str] = {column.item.pk: column.item.name for column in grid.columns}
    changed = _("%(who)s的“%(column)s”在预览之后被%(other)s改成了“%(text)s”，请重新上传核对。")
    return [
        f"{names.get(one.account, '')}：{one.refusal}"
        if one.refusal
        else changed
        % {
            "who": names.get(one.account, ""),
            "column": columns.get(one.item, _("备注")),
            "other": one.conflict,
            "text": one.text,
        }
        for one in spoilt
    ]
