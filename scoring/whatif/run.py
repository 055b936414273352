"""The calculation: the same functions as for the published scores, over facts priced anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit
from scoring.books import book_of, layout_of
from scoring.calculation.amounts import Column, hundredths
from scoring.calculation.book import RuleBook
from scoring.calculation.order import Result as Computed
from scoring.calculation.order import compute, months_in_view, ranks
from scoring.calculation.results import Periods, quarter_of, year_of
from scoring.circumstances import openings, read_circumstances
from scoring.groups import facts_of, groups_of_rows
from scoring.models import Result, RuleSet, Score, Section, Span
from scoring.months import period_start
from scoring.scope import read_scope
from scoring.services.population import read_vetoes
from scoring.services.results import to_date
from scoring.whatif.asked import Asked, scores_asked
from scoring.whatif.facts import Facts, Repricing
from scoring.whatif.layouts import Layouts

# So many accounts at a time: a year of their entries stays within some tens of megabytes.
CHUNK = 2_000
_Scored = tuple[int, int, int, int, list[int]]


@dataclass
class SectionSums:
    """What a section came to for everyone together, in ten-thousandths."""

    name: str
    before: int = 0
    after: int = 0


@dataclass
class Outcome:
    """Per account, ascending: the branch, the totals in hundredths, the ranks in the branch."""

    asked: Asked
    accounts: Column
    units: Column
    before: Column
    after: Column
    sections: dict[str, SectionSums]
    warnings: list[tuple[str, str, int]]
    # How many are scored under rules of a unit below, which stay nearer to them.
    untouched: int

    @property
    def change(self) -> Column:
        return self.after - self.before

    @property
    def rank_before(self) -> Column:
        return ranks(self.before, self.units)

    @property
    def rank_after(self) -> Column:
        return ranks(self.after, self.units)


@dataclass
class _Run:
    asked: Asked
    layouts: Layouts
    repricing: Repricing
    sections: dict[str, SectionSums] = field(default_factory=dict)
    rule_sets: dict[int, RuleSet] = field(default_factory=dict)
    units: dict[int, OrgUnit] = field(default_factory=dict)
    codes: dict[int, list[Section]] = field(default_factory=dict)


def what_if(asked: Asked) -> Outcome:
    """Everyone scored in the unit, as published and as the rule set would have it. Raise Refused with a sentence."""
    if not asked.ends:
        raise Refused(_("“%s”的计分周期比季度长，没有季度积分，请选月份或年度。") % asked.rule_set)
    layouts = Layouts(asked.rule_set, min(asked.ends))
    run = _Run(asked, layouts, Repricing(layouts.everything))
    rows = list(scores_asked(asked).order_by("unit", "account").values_list("account", "unit", "rule_set"))
    _get(run, ((unit, rule_set) for _account, unit, rule_set in rows))
    for section, _items in layout_of(asked.rule_set):
        run.sections[section.code] = SectionSums(section.name)
    ours = [(account, unit) for account, unit, rule_set in rows if _holds(run, unit, rule_set)]
    pieces = [_chunk(run, ours[first : first + CHUNK]) for first in range(0, len(ours), CHUNK)]
    columns = [np.concatenate(column) for column in zip(*pieces, strict=True)] if pieces else [_empty()] * 4
    order = np.argsort(columns[0])
    accounts, units, before, after = (column[order] for column in columns)
    return Outcome(
        asked, accounts, units, before, after, run.sections, run.repricing.warnings, untouched=len(rows) - len(ours)
    )


def _empty() -> Column:
    return np.zeros(0, dtype=np.int64)


def _get(run: _Run, wanted: Iterable[tuple[int, int]]) -> None:
    """The units and rule sets that rows name, where they are not known yet."""
    pairs = set(wanted)
    units = {unit for unit, _rule_set in pairs} - run.units.keys()
    rule_sets = {rule_set for _unit, rule_set in pairs} - run.rule_sets.keys()
    if units:
        run.units |= OrgUnit.objects.in_bulk(list(units))
    if rule_sets:
        run.rule_sets |= RuleSet.objects.select_related("owner").in_bulk(list(rule_sets))
        for section in Section.objects.filter(rule_set__in=list(rule_sets)).order_by("rule_set", "position"):
            run.codes.setdefault(section.rule_set_id, []).append(section)


def _holds(run: _Run, unit: int, rule_set: int) -> bool:
    """Whether the rules would reach these scores: below the owner, and no nearer unit has rules of its own."""
    owner, nearest = run.asked.rule_set.owner, run.rule_sets[rule_set].owner
    is_nearer = nearest.pk != owner.pk and nearest.path.startswith(owner.path)
    return run.units[unit].path.startswith(owner.path) and not is_nearer


def _chunk(run: _Run, people: Sequence[tuple[int, int]]) -> tuple[Column, Column, Column, Column]:
    """Accounts, units, totals before and after: some accounts over the whole span."""
    asked = run.asked
    places = np.array(sorted(people), dtype=np.int64).reshape(-1, 2)
    accounts, units = places[:, 0], places[:, 1]
    totals = np.zeros((asked.places, len(accounts)), dtype=np.int64)
    scored, published = np.zeros_like(totals), _empty()
    months = sorted(asked.ends)
    told_from = period_start(months[0], asked.rule_set.period)
    facts = run.repricing.read(accounts, _first_in_view(run), months[-1], told_from)
    scores = _scores_of(run, accounts, months)
    for month in months:
        rows, place = scores.get(month, []), asked.ends[month]
        where = np.searchsorted(accounts, np.array([row[0] for row in rows], dtype=np.int64))
        published = np.array([row[3] for row in rows], dtype=np.int64)
        totals[place, where] = _month(run, month, rows, facts, published)
        scored[place, where] = 1
    if asked.span == Span.MONTH:
        return accounts, units, published, totals[0]
    return accounts, units, _published(run, accounts, scores[asked.month]), _combined(asked, accounts, totals, scored)


def _first_in_view(run: _Run) -> int:
    """The first month whose entries can matter, in any unit."""
    book = book_of(run.asked.rule_set, run.layouts.everything)
    return min(months_in_view(book, month)[0] for month in run.asked.ends)


def _scores_of(run: _Run, accounts: Column, months: Sequence[int]) -> dict[int, list[_Scored]]:
    """Published scores by month, ascending by account: account, unit, rule set, total, sections."""
    rows = Score.objects.filter(account__in=accounts.tolist(), month__in=months).order_by("account")
    found: dict[int, list[_Scored]] = {}
    for month, account, unit, rule_set, total, sections in rows.values_list(
        "month", "account", "unit", "rule_set", "total", "sections"
    ):
        found.setdefault(month, []).append((account, unit, rule_set, hundredths(total), sections))
    _get(run, ((unit, rule_set) for lines in found.values() for _account, unit, rule_set, _t, _s in lines))
    return found


def _month(run: _Run, month: int, rows: Sequence[_Scored], facts: Facts, published: Column) -> Column:
    """Totals of one month. Where the rules would not have reached somebody then, what was published stands."""
    totals = published.copy()
    reached = [place for place, row in enumerate(rows) if _holds(run, row[1], row[2])]
    for place in reached:
        _add_published(run, rows[place])
    units = [run.units[pk] for pk in sorted({rows[place][1] for place in reached})]
    for part in run.layouts.parts(units):
        inside = {unit.pk for unit in part}
        chosen = np.array([place for place in reached if rows[place][1] in inside], dtype=np.int64)
        layout = run.layouts.of(part[0], month)
        accounts = np.array([rows[place][0] for place in chosen.tolist()], dtype=np.int64)
        computed = _computed(book_of(run.asked.rule_set, layout), accounts, month, facts)
        totals[chosen] = computed.total
        for (section, _items), value in zip(layout, computed.sections, strict=True):
            run.sections[section.code].after += int(value.sum())
    return totals


def _add_published(run: _Run, row: _Scored) -> None:
    for section, value in zip(run.codes.get(row[2], []), row[4], strict=False):
        run.sections.setdefault(section.code, SectionSums(section.name)).before += value


def _computed(book: RuleBook, accounts: Column, month: int, facts: Facts) -> Computed:
    view = months_in_view(book, month)
    rows, occasions = facts.of(accounts, view[0], month)
    scope = read_scope(accounts, view) if "scope" in facts_of(book.items) else None
    about = read_circumstances(book, accounts, month)
    groups = groups_of_rows(accounts, view, rows, scope=scope, occasions=occasions, about=about)
    return compute(book, groups, read_vetoes(accounts, month, book))


def _combined(asked: Asked, accounts: Column, totals: np.ndarray, scored: np.ndarray) -> Column:
    book, periods = book_of(asked.rule_set), Periods(totals, scored)
    if asked.span == Span.QUARTER:
        return quarter_of(book, periods)
    return year_of(book, periods, None if book.period == Span.YEAR else openings(accounts, asked.month))


def _published(run: _Run, accounts: Column, rows: Sequence[_Scored]) -> Column:
    """The quarter or year as it stands: the stored result, or its value to date while the span is under way."""
    asked = run.asked
    stored = Result.objects.filter(account__in=accounts.tolist(), span=asked.span, month=asked.month)
    known = {account: hundredths(total) for account, total in stored.values_list("account", "total")}
    missing: dict[int, list[_Scored]] = {}
    for row in rows:
        if row[0] not in known:
            missing.setdefault(row[2], []).append(row)
    for rule_set, lines in missing.items():
        known |= _to_date(book_of(run.rule_sets[rule_set]), lines, asked)
    return np.array([known[account] for account in accounts.tolist()], dtype=np.int64)


def _to_date(book: RuleBook, rows: Sequence[_Scored], asked: Asked) -> dict[int, int]:
    """Rules of a whole year know no quarter: their score stands for it."""
    accounts = np.array([row[0] for row in rows], dtype=np.int64)
    found = to_date(book, accounts, asked.month).get(asked.span.value)
    totals = [row[3] for row in rows] if found is None else found.tolist()
    return dict(zip(accounts.tolist(), totals, strict=True))
