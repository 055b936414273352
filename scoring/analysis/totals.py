"""Distribution of the totals, their course over a year, and whether they are inflated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring import months
from scoring.analysis.figures import MonthFigures, Sums, bands, is_inflated, month_figures
from scoring.analysis.finding import Finding, Subject
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.sheets.tables import COUNT, POINTS, Column

TREND = 12

# How many accounts reached which total in which month: a committee's rank table holds just that.
_RANKED = """
SELECT month, total, count FROM scoring_standing
WHERE unit_id = %(unit)s AND kind = 'MEMBER' AND span = 'MONTH' AND month BETWEEN %(first)s AND %(last)s
"""
_SCORED = """
SELECT s.month, s.total, count(*) FROM scoring_score s
JOIN members_orgunit u ON u.id = s.unit_id JOIN scoring_ruleset r ON r.id = s.rule_set_id
WHERE u.path LIKE %(path)s AND r.account_kind = 'MEMBER' AND s.month BETWEEN %(first)s AND %(last)s
GROUP BY s.month, s.total
"""
# The middle of an even number of totals are two; of an odd number both conditions find the same one.
_SUMS = """
WITH counted(month, total, n) AS ({source}),
     placed AS (SELECT month, total, n, sum(n) OVER (PARTITION BY month ORDER BY total) AS upto,
                       sum(n) OVER (PARTITION BY month) AS everyone FROM counted)
SELECT month, sum(n), sum(total * n), sum(total * total * n), min(total), max(total),
       min(total) FILTER (WHERE 2 * upto >= everyone), min(total) FILTER (WHERE 2 * upto > everyone)
FROM placed GROUP BY month ORDER BY month
"""


def _asked(unit: OrgUnit, statement: str, first: int, last: int) -> list[tuple[Any, ...]]:
    source = _RANKED if unit.kind == OrgUnit.Kind.PARTY_COMMITTEE else _SCORED
    values: dict[str, str | int] = {"unit": unit.pk, "path": f"{unit.path}%", "first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(source=source), values)
        return cursor.fetchall()


def counts_of(subject: Subject) -> dict[int, int]:
    """Total in hundredths -> how many reached it in the month. One query."""
    rows = _asked(subject.unit, "{source}", subject.month, subject.month)
    return {int(total): int(count) for _month, total, count in rows}


def figures_of(unit: OrgUnit, first: int, last: int) -> dict[int, MonthFigures]:
    """The figures of every month that has scores. One query."""
    found = {}
    for row in _asked(unit, _SUMS, first, last):
        month, count, total, squares, lowest, highest, lower, upper = map(int, row)
        found[month] = month_figures(month, Sums(count, total, squares, lowest, highest, (lower, upper)))
    return found


def _shown(points: Decimal) -> str:
    return show(hundredths(points))


def distribution(subject: Subject) -> Finding:
    """How many reached which band."""
    found = bands(counts_of(subject))
    everyone = sum(band.count for band in found)
    columns = [Column("band", _("分数段"), width=18), Column("count", _("人数"), COUNT)]
    names = [f"{_shown(band.start)}–{_shown(band.end)}" for band in found]
    counts = [band.count for band in found]
    note = _("分数段含下限，不含上限；共 %d 人。") % everyone
    table = subject.table(_("分数分布"), columns, list(zip(names, counts, strict=True)), note)
    chart = {"labels": names, "series": [{"name": _("人数"), "values": counts}]}
    return Finding("distribution", table, "columns", chart if found else None, lead=note)


def _label(month: int) -> str:
    return _("%(year)d年%(month)d月") % {"year": month // 100, "month": month % 100}


def _short(month: int) -> str:
    return _("%d月") % (month % 100)


def _year_to(month: int, figures: dict[int, MonthFigures]) -> list[int]:
    """The last twelve months, from the first one with scores."""
    span = months.span(months.shift(month, 1 - TREND), month)
    return span[next((place for place, one in enumerate(span) if one in figures), len(span)) :]


def trend(subject: Subject, figures: dict[int, MonthFigures]) -> Finding:
    """Mean, median, lowest and highest, month by month."""
    span = _year_to(subject.month, figures)
    lines = {
        "mean": _("平均分"),
        "median": _("中位数"),
        "highest": _("最高分"),
        "lowest": _("最低分"),
    }
    found = [figures.get(month) for month in span]
    values = {key: [getattr(one, key, None) for one in found] for key in lines}
    columns = [Column("month", _("月份"), width=14), Column("count", _("人数"), COUNT)]
    columns += [Column(key, name, POINTS) for key, name in lines.items()]
    counts = [one and one.count for one in found]
    rows = list(zip(map(_label, span), counts, *values.values(), strict=True))
    lead = _("近十二个月每月的平均分、中位数、最高分和最低分。")
    chart = {
        "labels": [_short(month) for month in span],
        "series": [{"name": name, "values": values[key]} for key, name in lines.items()],
    }
    return Finding("trend", subject.table(_("积分走势"), columns, rows, lead), "lines", chart, lead=lead)


def inflation(subject: Subject, figures: dict[int, MonthFigures]) -> Finding:
    """Mean and spread of each month beside those of the same month a year before."""
    span = _year_to(subject.month, figures)
    found = [figures.get(month) for month in span]
    past = [figures.get(months.shift(month, -12)) for month in span]
    series = {
        "mean": (_("平均分"), [one and one.mean for one in found]),
        "mean_before": (_("上年同月平均分"), [one and one.mean for one in past]),
        "spread": (_("标准差"), [one and one.spread for one in found]),
        "spread_before": (_("上年同月标准差"), [one and one.spread for one in past]),
    }
    columns = [Column("month", _("月份"), width=14)]
    columns += [Column(key, name, POINTS, 16) for key, (name, _values) in series.items()]
    rows = list(zip(map(_label, span), *(values for _name, values in series.values()), strict=True))
    lead, warning = _comparison(figures.get(subject.month), figures.get(months.shift(subject.month, -12)))
    names = (_("当年"), _("上年同月")) * 2
    pairs = [{"name": name, "values": values} for name, (_n, values) in zip(names, series.values(), strict=True)]
    chart = {
        "labels": [_short(month) for month in span],
        "parts": [{"name": _("平均分"), "series": pairs[:2]}, {"name": _("标准差"), "series": pairs[2:]}],
    }
    table = subject.table(_("平均分与离散程度"), columns, rows, warning or lead)
    return Finding("inflation", table, "pair", chart, lead=lead, warning=warning)


def _comparison(now: MonthFigures | None, before: MonthFigures | None) -> tuple[str, str]:
    """A sentence that reads the comparison, and a warning where there is cause for one."""
    if now is None or before is None:
        return _("标准差越大，差距拉得越开。没有上年同月的积分，满一年后即可比较。"), ""
    values = {
        "mean": _shown(now.mean),
        "mean_before": _shown(before.mean),
        "spread": _shown(now.spread),
        "spread_before": _shown(before.spread),
    }
    read = (
        _("上年同月平均分 %(mean_before)s、标准差 %(spread_before)s；本月平均分 %(mean)s、标准差 %(spread)s。")
        % values
    )
    if not is_inflated(now, before):
        return read, ""
    return read, _("平均分升高而差距缩小，积分可能普遍偏高：请对照条款核对加分是否从宽，必要时修订积分办法。")
