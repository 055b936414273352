"""What leaves the house as a sheet: 党员积分台账, 月度积分表, the month sheet to fill in.

Every export leaves a line in the log, and carries who and when itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from members import spreadsheet
from members.errors import Refused
from members.models import OrgUnit, User
from members.pdf import render_pdf
from members.services.audit import record
from members.spreadsheet import stamp
from scoring import months
from scoring.services.grid import build_grid
from scoring.services.months import month_of_unit
from scoring.sheets.ledger import ledger_columns, ledger_tables, scores_in
from scoring.sheets.monthly import month_columns, month_tables
from scoring.sheets.papers import Papers, Scope, scope_of
from scoring.sheets.tables import COUNT, Column, Table, union
from scoring.sheets.template import template_book
from scoring.sheets.workbook import long_rows, write_book

# Beyond this a workbook is one long table, written as it comes: formatted sheets are held in memory.
BIG_ROWS = 20_000
# Laying out pages takes some 20 ms and 300 KB a row; a branch never has as many.
PDF_ROWS = 500
Target = str | IO[bytes]


def write_ledger(target: Target, unit: OrgUnit, month: int, *, by: User | None, period: str = "month") -> int:
    """Write the 台账 of a branch, or of every branch below a committee. Out: how many rows.

    Raise Refused when no scores have been computed yet.
    """
    papers = Papers(scope_of(unit, month, period))
    scope = papers.scope
    title = _("%(unit)s党员积分台账(%(label)s)") % {"unit": unit, "label": scope.label}
    if _count_of(scope) > BIG_ROWS:
        rows = _write_long(target, title, ledger_tables(papers), union(ledger_columns(papers)), by)
    else:
        rows = write_book(target, ledger_tables(papers), stamp=_stamp(by), front=_front(papers, title))
    _note(by, "scoring.export_ledger", scope, rows)
    return rows


def write_month_table(target: Target, unit: OrgUnit, month: int, *, by: User | None) -> int:
    """Write the 月度积分表 of a branch, or of every branch below that has handed its month in. Out: how many rows."""
    papers = Papers(scope_of(unit, month))
    scope = papers.scope
    title = _("%(unit)s党员月度积分表(%(label)s)") % {"unit": unit, "label": scope.label}
    tables = month_tables(papers)
    first = next(tables, None)
    if first is None:
        raise Refused(_not_computed(scope))
    tables = chain([first], tables)
    if scores_in(scope).count() > BIG_ROWS:
        rows = _write_long(target, title, tables, union(month_columns(papers)), by)
    else:
        rows = write_book(target, tables, stamp=_stamp(by), front=_front(papers, title))
    _note(by, "scoring.export_month_sheet", scope, rows)
    return rows


def month_table(unit: OrgUnit, month: int) -> Table:
    """The 月度积分表 of one branch, for the screen. Raise Refused when no rule set is in force."""
    table = next(month_tables(Papers(scope_of(unit, month))), None)
    if table is None:
        raise Refused(
            _("%(unit)s在%(month)s没有生效的积分办法，请先由党务工作者发布积分办法。")
            % {"unit": unit, "month": months.label(month)}
        )
    return table


def write_template(target: Target, unit: OrgUnit, month: int, *, by: User) -> int:
    """Write the month sheet to fill in, with what is entered so far. Out: how many members."""
    grid = build_grid(month_of_unit(unit, month))
    template_book(grid, _stamp(by)).save(target)
    _note(by, "scoring.export_template", Scope(unit, (month,)), len(grid.rows))
    return len(grid.rows)


def ledger_pdf(unit: OrgUnit, month: int, *, by: User, period: str = "month") -> bytes:
    """The 台账 as PDF. Raise Refused without scores, or for more people than one print run should have."""
    scope = scope_of(unit, month, period)
    count = _count_of(scope)
    if count > PDF_ROWS:
        raise Refused(
            _("共 %(count)d 行，一份 PDF 最多 %(limit)d 行。请按支部导出 PDF，或导出 Excel。")
            % {"count": count, "limit": PDF_ROWS}
        )
    tables = list(ledger_tables(Papers(scope)))
    content = render_pdf("scoring/ledger_pdf.html", {"tables": tables, "stamp": _stamp(by)})
    _note(by, "scoring.export_ledger_pdf", scope, count)
    return content


def _stamp(by: User | None) -> str:
    return stamp(by or _("系统"), timezone.localtime())


def _note(by: User | None, action: str, scope: Scope, rows: int) -> None:
    record(by, action, scope.unit, detail=_("%(label)s，%(rows)d 行") % {"label": scope.label, "rows": rows})


def _count_of(scope: Scope) -> int:
    count = scores_in(scope).order_by().values("unit", "account").distinct().count()
    if not count:
        raise Refused(_not_computed(scope))
    return count


def _not_computed(scope: Scope) -> str:
    return _("%(unit)s %(label)s还没有积分。请先在“月度录入”提交该月，或由党委重新计算后再导出。") % {
        "unit": scope.unit,
        "label": scope.label,
    }


def _front(papers: Papers, title: str) -> Table | None:
    """The first sheet of a workbook over several branches: who is in it, how far, with which seal."""
    if papers.scope.is_branch:
        return None
    members = _members(papers.scope)
    units = sorted(papers.units.values(), key=lambda unit: unit.path)
    rows = [_front_row(number, unit, papers, members) for number, unit in enumerate(units, start=1)]
    columns = [
        Column("number", _("序号"), COUNT, 6),
        Column("unit", _("党支部"), width=30),
        Column("members", _("人数"), COUNT, 8),
        Column("state", _("状态"), width=24),
        Column("seal", _("封签"), width=40),
    ]
    return Table(_("汇总"), title, columns, rows)


def _front_row(number: int, unit: OrgUnit, papers: Papers, members: dict[int, int]) -> tuple[Any, ...]:
    return number, unit.name, members.get(unit.pk, 0), papers.state(unit.pk), papers.seal(unit.pk)


def _members(scope: Scope) -> dict[int, int]:
    counted = scores_in(scope).order_by().values("unit").annotate(members=Count("account", distinct=True))
    return dict(counted.values_list("unit", "members"))


def _write_long(
    target: Target, title: str, tables: Iterable[Table], columns: Sequence[Column], by: User | None
) -> int:
    """One table over all branches, in bounded memory; the branch and its state stand in every row."""
    # Running numbers belong to the single sheets; here the branch comes first.
    columns = [column for column in columns if column.key != "number"]
    counted = _Counter(long_rows(tables, columns))
    spreadsheet.write_table(
        target,
        sheet=_("积分"),
        title=title,
        columns=[
            spreadsheet.Column(_("党支部"), 24),
            *_distinct(columns),
            spreadsheet.Column(_("状态"), 20),
        ],
        rows=counted,
        footer=_stamp(by),
    )
    return counted.count


class _Counter:
    """Counts rows while they pass: the table is written in one go and never held."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self.rows, self.count = rows, 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self.rows:
            self.count += 1
            yield row


def _distinct(columns: Sequence[Column]) -> list[spreadsheet.Column]:
    """Headings that differ, as the writer of big tables needs them."""
    taken: set[str] = set()
    written = []
    for column in columns:
        heading = column.full_heading
        if heading in taken:
            heading = f"{heading} {column.key.partition(':')[2]}"
        taken.add(heading)
        written.append(spreadsheet.Column(heading, column.width, is_code=column.key == "staff_number"))
    return written
