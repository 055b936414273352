"""A what-if as a workbook: the figures, the list of people, and what could not be counted."""

from __future__ import annotations

from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import User
from members.services.audit import record
from members.spreadsheet import stamp
from scoring.sheets.tables import COUNT, POINTS, Column, Table, Value
from scoring.sheets.workbook import write_book
from scoring.whatif.figures import Figures, Line


def write_what_if(target: str | IO[bytes], figures: Figures, *, by: User) -> None:
    """Write the whole outcome; what was exported, by whom and when, goes to the log."""
    asked = figures.outcome.asked
    tables = [_people(figures), _sections(figures)]
    if figures.outcome.warnings:
        tables.append(_warnings(figures))
    write_book(target, tables, stamp=stamp(by, timezone.localtime()), front=_summary(figures))
    detail = _("%(unit)s %(span)s，%(count)d 人") % {
        "unit": asked.unit, "span": asked.name, "count": figures.count,
    }  # fmt: skip
    record(by, "scoring.export_what_if", asked.rule_set, detail=detail)


def _table(figures: Figures, heading: str, columns: list[Column], rows: list[tuple[Value, ...]]) -> Table:
    asked = figures.outcome.asked
    title = _("%(unit)s%(span)s按“%(rules)s”试算：%(heading)s") % {
        "unit": asked.unit, "span": asked.name.replace(" ", ""), "rules": asked.rule_set, "heading": heading,
    }  # fmt: skip
    return Table(heading, title, columns, rows, notes=[_("试算结果，仅供修订办法时参考，不影响已公布的积分。")])


def _summary(figures: Figures) -> Table:
    columns = [Column("name", _("项目"), width=24), Column("value", _("数值"), POINTS)]
    rows: list[tuple[Value, ...]] = [
        (_("人数"), figures.count),
        (_("得分增加"), figures.gaining),
        (_("得分减少"), figures.losing),
        (_("没有变化"), figures.same),
        (_("原平均分"), figures.mean_before),
        (_("试算平均分"), figures.mean_after),
    ]
    return _table(figures, _("概况"), columns, rows)


def _people(figures: Figures) -> Table:
    columns = [
        Column("number", _("序号"), COUNT, width=6),
        Column("name", _("姓名"), width=12),
        Column("staff_number", _("工号"), width=12),
        Column("unit", _("党支部"), width=24),
        Column("before", _("原总分"), POINTS),
        Column("after", _("试算总分"), POINTS),
        Column("change", _("变化"), POINTS),
        Column("rank_before", _("原支部名次"), COUNT, width=12),
        Column("rank_after", _("试算支部名次"), COUNT, width=14),
    ]
    lines = figures.lines(range(figures.count))
    return _table(figures, _("名单"), columns, [(n, *_row(line)) for n, line in enumerate(lines, start=1)])


def _row(line: Line) -> tuple[Value, ...]:
    member = line.account.member
    number = member.staff_number if member else ""
    figures = (line.before, line.after, line.change, line.rank_before, line.rank_after)
    return (str(line.account), number, line.unit, *figures)


def _sections(figures: Figures) -> Table:
    columns = [
        Column("name", _("板块"), width=32),
        Column("before", _("原人均"), POINTS),
        Column("after", _("试算人均"), POINTS),
        Column("change", _("变化"), POINTS),
    ]
    rows: list[tuple[Value, ...]] = [(one.name, one.before, one.after, one.change) for one in figures.sections]
    return _table(figures, _("板块"), columns, rows)


def _warnings(figures: Figures) -> Table:
    columns = [
        Column("clause", _("条款"), width=24), Column("why", _("原因"), width=60), Column("count", _("记录数"), COUNT)
    ]  # fmt: skip
    return _table(figures, _("未计入的记录"), columns, list(figures.outcome.warnings))
