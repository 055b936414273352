"""党员积分台账: the scores as they were computed, one table per branch. Nothing is computed anew but sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from scoring.books import layout_of
from scoring.calculation.amounts import from_fine, hundredths
from scoring.calculation.pricing import show
from scoring.models import RuleSet, Score, Section
from scoring.sheets.papers import Papers, Scope, joined
from scoring.sheets.tables import BODY, COUNT, POINTS, TAIL, Column, Table, Value

CHUNK = 5_000
# Sections that share a column; a veto section that takes points away stands with the deductions.
_BONUS = {Section.Kind.BONUS}
_DEDUCTION = {Section.Kind.DEDUCTION, Section.Kind.VETO}


@dataclass(frozen=True)
class ScoreLine:
    """One `Score` row, as it comes from the database."""

    unit: int
    account: int
    name: str
    month: int
    rule_set: int
    total: Decimal
    sections: list[int]
    has_veto: bool


def scores_in(scope: Scope) -> QuerySet[Score]:
    return Score.objects.within(scope.unit).filter(month__in=scope.months, account__kind=RuleSet.AccountKind.MEMBER)


def ledger_tables(papers: Papers) -> Iterator[Table]:
    """One table per branch that has scores, in the order of the tree; held one at a time."""
    papers.rule_sets = _rule_sets(papers.scope)
    for unit, lines in groupby(_lines(papers.scope), key=attrgetter("unit")):
        yield _BranchLedger(papers, unit, list(lines)).table()


def ledger_columns(papers: Papers) -> list[list[Column]]:
    """The columns of every rule set in the scope, for one long table over all branches."""
    return [_columns(papers.scope, [rule_set]) for rule_set in _rule_sets(papers.scope).values()]


def _rule_sets(scope: Scope) -> dict[int, RuleSet]:
    """What the scores stand on."""
    used = scores_in(scope).order_by().values("rule_set").distinct()
    return {row.pk: row for row in RuleSet.objects.filter(pk__in=used)}


def _sections(rule_set: RuleSet) -> list[Section]:
    return [section for section, _items in layout_of(rule_set)]


def _lines(scope: Scope) -> Iterator[ScoreLine]:
    rows = scores_in(scope).order_by(
        "unit__path", "account__member__pinyin", "account__member__staff_number", "account", "month"
    )
    fields = ("unit", "account", "account__member__name", "month", "rule_set", "total", "sections", "has_veto")
    for row in rows.values_list(*fields).iterator(CHUNK):
        yield ScoreLine(*row)


def _columns(scope: Scope, rule_sets: list[RuleSet]) -> list[Column]:
    """As published (domain.md §8); a quarter has its months beside each other before the total."""
    to_date = any(rule_set.period != RuleSet.Period.MONTH for rule_set in rule_sets)
    columns = [Column("number", _("序号"), COUNT, 6), Column("name", _("党员姓名"), width=12)]
    if scope.is_quarter:
        heading = _("至%d月") if to_date else _("%d月")
        columns += [Column(f"month:{month}", heading % (month % 100), POINTS, 9) for month in scope.months]
    total = _("总分") if not scope.is_quarter or to_date else _("季度合计")
    columns.append(Column("total", total, POINTS, 10))
    columns += [
        Column(f"section:{section.code}", _heading(scope, rule_set, section), POINTS, 14, place=BODY)
        for rule_set in rule_sets
        for section in _sections(rule_set)
        if section.kind not in _BONUS | _DEDUCTION
    ]
    columns += [
        Column("bonus", _("加分项"), POINTS, 10, place=TAIL),
        Column("deduction", _("扣分项"), POINTS, 10, place=TAIL),
        Column("veto", _("有无一票否决"), width=10, place=TAIL),
        Column("remark", _("备注"), width=28, place=TAIL),
    ]
    return list({column.key: column for column in reversed(columns)}.values())[::-1]


def _heading(scope: Scope, rule_set: RuleSet, section: Section) -> str:
    """A section with what it can bring: its weight where it has one, else its full marks."""
    full = section.weight if section.weight is not None else section.full_marks
    if full is None:
        return section.name
    each = _("每月") if scope.is_quarter and rule_set.period == RuleSet.Period.MONTH else ""
    return _("%(name)s（%(each)s%(full)s分）") % {
        "name": section.name,
        "each": each,
        "full": show(hundredths(full)),
    }


class _BranchLedger:
    """The scores of one branch as a table."""

    def __init__(self, papers: Papers, unit: int, lines: list[ScoreLine]) -> None:
        self.papers, self.scope, self.unit, self.lines = papers, papers.scope, unit, lines
        used = dict.fromkeys(line.rule_set for line in sorted(lines, key=attrgetter("month")))
        self.rule_sets = [papers.rule_sets[pk] for pk in used]
        self.columns = _columns(self.scope, self.rule_sets)
        self.months = {line.month for line in lines}

    def table(self) -> Table:
        people = groupby(self.lines, key=attrgetter("account"))
        rows = [self._row(number, list(lines)) for number, (_account, lines) in enumerate(people, start=1)]
        name = str(self.papers.units[self.unit])
        notes = self.papers.notes(self.unit, self.rule_sets) + self._explained()
        return Table(
            unit=name,
            title=_("%(unit)s党员积分台账(%(label)s)") % {"unit": name, "label": self.scope.label},
            columns=self.columns,
            rows=rows,
            notes=notes,
            signatures=_(
                "支部书记（签字）：　　　　　　　　组织委员（签字）：　　　　　　　　日期：　　　　年　　月　　日"
            ),
            state=self.papers.state(self.unit),
        )

    def _explained(self) -> list[str]:
        periods = {rule_set.period for rule_set in self.rule_sets}
        if self.scope.is_quarter and periods == {RuleSet.Period.MONTH}:
            return [_("季度合计为各月总分之和，各板块、加分项、扣分项为各月之和。")]
        if RuleSet.Period.QUARTER in periods:
            return [_("总分为本季度截至当月的累计积分。")]
        if RuleSet.Period.YEAR in periods:
            return [_("总分为本年度截至当月的累计积分。")]
        return []

    def _row(self, number: int, lines: list[ScoreLine]) -> tuple[Value, ...]:
        values: dict[str, Value] = {"number": number, "name": lines[0].name}
        if self.scope.is_quarter:
            values |= {f"month:{line.month}": line.total for line in lines}
        counted = self._counted(lines)
        values["total"] = sum((line.total for line in counted), start=Decimal(0))
        fine: dict[str, int] = {}
        for line in counted:
            sections = _sections(self.papers.rule_sets[line.rule_set])
            for section, value in zip(sections, line.sections, strict=True):
                key = _key(section)
                fine[key] = fine.get(key, 0) + value
        values |= {key: from_fine(value) for key, value in fine.items()}
        values["veto"] = _("有") if any(line.has_veto for line in lines) else _("无")
        values["remark"] = self._remark(lines)
        return tuple(values.get(column.key) for column in self.columns)

    def _counted(self, lines: list[ScoreLine]) -> list[ScoreLine]:
        """The lines whose sum is the result: every month, or where a score runs to date only the last."""
        period = self.papers.rule_sets[lines[-1].rule_set].period
        return lines if period == RuleSet.Period.MONTH else lines[-1:]

    def _remark(self, lines: list[ScoreLine]) -> str:
        parts = [self.papers.remark(lines[0].account)]
        if len(lines) < len(self.months):
            parts.append(_("在本支部计 %d 个月") % len(lines))
        return joined(parts)


def _key(section: Section) -> str:
    if section.kind in _BONUS:
        return "bonus"
    return "deduction" if section.kind in _DEDUCTION else f"section:{section.code}"
