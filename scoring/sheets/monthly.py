"""月度积分表: every item with what it brought, total and rank.

Computed by the engine from what is posted; the table of a single branch that is still open takes the drafts, as the
grid does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from members.models import Exclusion, Membership
from scoring import months
from scoring.books import Layout, item_rule
from scoring.calculation.amounts import Column as Numbers
from scoring.calculation.amounts import from_fine, from_hundredths, hundredths
from scoring.calculation.order import ADJUSTMENT, Groups, Result, compute, months_in_view, ranks
from scoring.calculation.pricing import show
from scoring.circumstances import read_circumstances
from scoring.groups import Rows, draft_rows, facts_of, read_groups
from scoring.models import DraftCell, DraftRemark, Month, RuleSet
from scoring.services.columns import Prices
from scoring.services.population import Population, Ruled, read_vetoes, ruled
from scoring.sheets.papers import Papers, joined
from scoring.sheets.tables import BODY, COUNT, POINTS, TAIL, Column, Table, Value, signature_line


def month_tables(papers: Papers) -> Iterator[Table]:
    """One table per branch below the unit whose month has been handed in; of a branch itself, in any state."""
    for rules in ruled(_chosen(papers), papers.scope.months[0]):
        yield from _Computed(papers, rules).tables()


def month_columns(papers: Papers) -> list[list[Column]]:
    """The columns of every rule set in force below the unit, for one long table over all branches."""
    return [_columns(rules.layout) for rules in ruled(_chosen(papers), papers.scope.months[0])]


def _chosen(papers: Papers) -> list[int]:
    month = papers.scope.months[0]
    if papers.scope.is_branch:
        return list(papers.units)
    return [pk for pk in papers.units if papers.state_of(pk, month) != Month.State.OPEN]


def _columns(layout: Layout) -> list[Column]:
    columns = [
        Column("number", _("序号"), COUNT, 6),
        Column("name", _("姓名"), width=10),
        Column("staff_number", _("工号"), width=10),
    ]
    for section, items in layout:
        full = section.full_marks
        marks = {"name": section.name, "full": "" if full is None else show(hundredths(full))}
        above = section.name if full is None else _("%(name)s（%(full)s分）") % marks
        columns += [Column(f"item:{item.code}", item.name, POINTS, 11, above, BODY) for item in items]
    return [
        *columns,
        Column("total", _("合计"), POINTS, 9, place=TAIL),
        Column("rank", _("名次"), COUNT, 7, place=TAIL),
        Column("remark", _("备注"), width=24, place=TAIL),
    ]


@dataclass(frozen=True)
class Stay:
    """Who is scored in a branch's month: what a row begins with, and what is remarked."""

    account: int
    unit: int
    group: int
    pinyin: str
    staff_number: str
    name: str
    remark: str


def _stays(branches: QuerySet[Membership], month: int) -> list[Stay]:
    """One query; ascending by account, as the calculation takes them."""
    day = months.first_day(month)
    remark = DraftRemark.objects.filter(account=OuterRef("member__account"), month=month)
    rows = (
        branches.filter(member__account__isnull=False)
        .exclude(Exists(Exclusion.objects.at(day).filter(member=OuterRef("member"))))
        .annotate(row_remark=Subquery(remark.values("text")[:1]))
        .order_by("member__account")
    )
    fields = ("member__account", "branch", "group", "member__pinyin", "member__staff_number")
    return [
        Stay(account, unit, group or -1, pinyin, number, name, text or "")
        for account, unit, group, pinyin, number, name, text in rows.values_list(*fields, "member__name", "row_remark")
    ]


class _Computed:
    """The figures of all branches under one rule set, computed in one go."""

    def __init__(self, papers: Papers, rules: Ruled) -> None:
        self.papers, self.rule_set, self.branches = papers, rules.rule_set, rules.branches
        self.month = papers.scope.months[0]
        self.layout, self.book = rules.layout, rules.book
        there = Membership.objects.at(months.first_day(self.month)).within(papers.scope.unit)
        self.stays = _stays(there.filter(branch__in=self.branches), self.month)
        self.people = Population(
            np.array([stay.account for stay in self.stays], dtype=np.int64),
            np.array([stay.unit for stay in self.stays], dtype=np.int64),
            np.array([stay.group for stay in self.stays], dtype=np.int64),
        )
        self.is_draft = papers.state_of(self.branches[0], self.month) == Month.State.OPEN
        self.groups = self._groups()
        vetoes = read_vetoes(self.people.accounts, self.month, self.book)
        self.result: Result = compute(self.book, self.groups, vetoes)
        self.any = vetoes.any
        self.ranks = ranks(self.result.total, self.people.units)

    def _groups(self) -> Groups:
        return read_groups(
            self.people.accounts,
            months_in_view(self.book, self.month),
            facts=facts_of(self.book.items),
            without_cells=(self.branches[0], self.month) if self.is_draft else None,
            drafts=_drafts(self.layout, self.people, self.branches[0], self.month) if self.is_draft else None,
            older=self.book.older,
            about=read_circumstances(self.book, self.people.accounts, self.month),
        )

    def tables(self) -> Iterator[Table]:
        figures, columns = self._figures(), _columns(self.layout)
        places: dict[int, list[int]] = {unit: [] for unit in self.branches}
        for place, stay in enumerate(self.stays):
            places[stay.unit].append(place)
        for unit in sorted(self.branches, key=lambda pk: self.papers.units[pk].path):
            ordered = sorted(places[unit], key=lambda i: (self.stays[i].pinyin, self.stays[i].staff_number))
            name = str(self.papers.units[unit])
            label = self.papers.scope.label
            yield Table(
                unit=name,
                title=_("%(unit)s党员月度积分表(%(label)s)") % {"unit": name, "label": label},
                columns=columns,
                rows=[self._row(number, place, figures) for number, place in enumerate(ordered, start=1)],
                notes=self.papers.notes(unit, [self.rule_set]) + self._explained(),
                signatures=signature_line(_("支部书记"), _("记分员")),
                state=self.papers.state(unit),
            )

    def _explained(self) -> list[str]:
        notes = []
        if self.is_draft:
            notes.append(_("本月尚未提交，表中是录入中的分值，不排名次。"))
        if self.rule_set.period != RuleSet.Period.MONTH:
            notes.append(_("本办法按%s计分，各项为本期截至当月的累计。") % self.rule_set.get_period_display())
        return notes

    def _figures(self) -> list[tuple[Numbers, Numbers]]:
        """Per item, in the order of the columns: what it brought, and how many facts are behind it."""
        first = max(self.groups.months[0], months.period_start(self.month, self.book.period))
        start = self.groups.months.index(first)
        nothing = np.zeros(self.groups.accounts, dtype=np.int64)
        return [
            (
                self.result.items[item.key],
                self.groups.items[item.key].count[start:].sum(axis=0) if item.key in self.groups.items else nothing,
            )
            for item in self.book.items
        ]

    def _row(self, number: int, place: int, figures: list[tuple[Numbers, Numbers]]) -> tuple[Value, ...]:
        stay = self.stays[place]
        # Nothing recorded and nothing earned is a blank, not a nought.
        items = [from_fine(int(value[place])) if value[place] or count[place] else None for value, count in figures]
        total = from_hundredths(int(self.result.total[place]))
        rank = None if self.is_draft else int(self.ranks[place])
        vetoed = _("一票否决") if self.any[place] else ""
        adjusted = self.papers.adjusted(stay.account) if ADJUSTMENT in self.groups.items else ""
        remark = joined([vetoed, stay.remark, adjusted])
        return (number, stay.name, stay.staff_number, *items, total, rank, remark)


def _drafts(layout: Layout, people: Population, unit: int, month: int) -> Rows:
    rules = {item.pk: item_rule(item, section) for section, items in layout for item in items}
    known, prices = set(people.accounts.tolist()), Prices()
    cells = DraftCell.objects.filter(unit=unit, month=month).values_list("account_id", "item_id", "text")
    return draft_rows(
        [
            (account, item, month, priced.points, priced.quantity)
            for account, item, text in cells
            if account in known and item in rules and (priced := prices.of(rules[item], text))
        ]
    )
