"""The monthly grid: drafts of a branch's month, saved cell by cell, computed by the real engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

import numpy as np
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import AuditEvent, Exclusion, Membership, User
from members.services.audit import record
from scoring import months
from scoring.calculation.amounts import FINE
from scoring.calculation.cells import tidy
from scoring.calculation.order import Groups, Vetoes, compute, months_in_view
from scoring.calculation.pricing import show
from scoring.circumstances import read_circumstances
from scoring.groups import draft_rows, facts_of, read_groups
from scoring.models import DraftCell, DraftRemark, Month, Veto
from scoring.services.columns import GridColumn, Layout, Prices, check_cell, grid_layout
from scoring.services.drafts import REMARK_LENGTH, Change, Saved, Saver
from scoring.services.months import rules_of, touched
from scoring.services.population import Population, population, read_vetoes
from scoring.services.sheet import Grid, GridCell, GridRow

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

__all__ = [
    "REMARK_LENGTH",
    "Change",
    "Grid",
    "GridCell",
    "GridRow",
    "Saved",
    "build_grid",
    "check_cell",
    "last_month_texts",
    "require_open",
    "save_cells",
    "totals_of",
]


class _Asked(TypedDict):
    is_left_out: bool
    has_veto: bool
    row_remark: str | None
    row_remark_version: int | None


class _Draft(NamedTuple):
    """A cell as the grid reads it: a branch of 200 has thousands, and a model instance costs four times as much."""

    account: int
    item: int
    text: str
    remark: str = ""
    version: int = 0
    files: int = 0


if TYPE_CHECKING:
    Stay = WithAnnotations[Membership, _Asked]


# --- reading -------------------------------------------------------------------------------------
def _stays(month: Month) -> list[Stay]:
    """Who belongs to the branch on the first day, with account, row remark and what bears on the score: one query."""
    day = months.first_day(month.month)
    remark = DraftRemark.objects.filter(account=OuterRef("member__account"), month=month.month)
    rows = (
        Membership.objects.at(day)
        .filter(branch=month.unit, member__account__isnull=False)
        .select_related("member__account")
        .annotate(
            is_left_out=Exists(Exclusion.objects.at(day).filter(member=OuterRef("member"))),
            has_veto=Exists(Veto.objects.filter(account=OuterRef("member__account"))),
            row_remark=Subquery(remark.values("text")[:1]),
            row_remark_version=Subquery(remark.values("version")[:1]),
        )
        .order_by("member__account")
    )
    return cast("list[Stay]", list(rows))


def _population(month: Month, stays: list[Stay]) -> Population:
    return Population(
        np.array([stay.member.account.pk for stay in stays], dtype=np.int64),
        np.full(len(stays), month.unit_id, dtype=np.int64),
        np.array([stay.group_id or -1 for stay in stays], dtype=np.int64),
    )


def build_grid(month: Month) -> Grid:
    """Everything the page shows, in a bounded number of queries. Raise Refused when no rule set is in force."""
    rule_set = rules_of(month)
    layout = grid_layout(rule_set, month.unit, month.month)
    everyone = _stays(month)
    stays = [stay for stay in everyone if not stay.is_left_out]
    people = _population(month, stays)
    cells = _cells(month)
    vetoes = Vetoes.none(len(stays))
    if any(stay.has_veto for stay in stays):
        vetoes = read_vetoes(people.accounts, month.month, layout.book)
    prices = Prices()
    groups = _groups(month, layout, people, cells.values(), prices)
    totals = compute(layout.book, groups, vetoes).total.tolist()
    fed = _fed(layout, groups)
    rows = [
        _row(stay, place, total, layout, cells, fed, prices)
        for place, (stay, total) in enumerate(zip(stays, totals, strict=True))
    ]
    rows.sort(key=lambda row: (row.member.pinyin, row.member.staff_number))
    return Grid(month, rule_set, layout.sections, layout.columns, rows, len(everyone) - len(stays))


def _cells(month: Month) -> dict[tuple[int, int], _Draft]:
    if month.pk is None:
        return {}
    rows = DraftCell.objects.filter(unit=month.unit, month=month.month)
    rows = rows.annotate(files=Count("evidence", filter=Q(evidence__removed_at=None)))
    drafts = (_Draft(*row) for row in rows.values_list("account", "item", "text", "remark", "version", "files"))
    return {(draft.account, draft.item): draft for draft in drafts}


def _row(
    stay: Stay,
    place: int,
    total: int,
    layout: Layout,
    cells: dict[tuple[int, int], _Draft],
    fed: dict[int, list[int]],
    prices: Prices,
) -> GridRow:
    account = stay.member.account.pk
    row = GridRow(account, stay.member, [], stay.row_remark or "", stay.row_remark_version or 0, total)
    for column in layout.columns:
        cell = cells.get((account, column.item.pk))
        if not column.is_editable:
            row.cells.append(_fed_cell(column, fed, place))
        elif cell is None:
            row.cells.append(GridCell(column))
        else:
            priced = prices.of(column.rule, cell.text)
            points = priced.points if priced else None
            row.cells.append(GridCell(column, cell.text, cell.remark, cell.version, points, cell.files))
    return row


def _fed(layout: Layout, groups: Groups) -> dict[int, list[int]]:
    """What activities and inspections have put into the ledger this month: item -> hundredths per account."""
    items = [column.item.pk for column in layout.columns if not column.is_editable]
    return {item: (groups.items[item].total[-1] // FINE).tolist() for item in items if item in groups.items}


def _fed_cell(column: GridColumn, fed: dict[int, list[int]], place: int) -> GridCell:
    points = fed[column.item.pk][place] if column.item.pk in fed else 0
    if not points:
        return GridCell(column)
    return GridCell(column, show(points).replace("−", "-"), points=points)


def _groups(month: Month, layout: Layout, people: Population, cells: Iterable[_Draft], prices: Prices) -> Groups:
    """The ledger with the drafts in place of what the same cells had posted before."""
    rules = {column.item.pk: column.rule for column in layout.columns}
    known = set(people.accounts.tolist())
    drafts = []
    for cell in cells:
        rule = rules.get(cell.item)
        priced = prices.of(rule, cell.text) if rule and cell.account in known else None
        if priced:
            drafts.append((cell.account, cell.item, month.month, priced.points, priced.quantity))
    return read_groups(
        people.accounts,
        months_in_view(layout.book, month.month),
        facts=facts_of(rules.values()),
        without_cells=(month.unit_id, month.month),
        drafts=draft_rows(drafts),
        older=layout.book.older,
        about=read_circumstances(layout.book, people.accounts, month.month),
    )


def totals_of(
    month: Month, layout: Layout, people: Population, cells: Iterable[_Draft], prices: Prices
) -> dict[int, int]:
    """Account -> total in hundredths, as it would be if the drafts were posted now."""
    groups = _groups(month, layout, people, cells, prices)
    vetoes = read_vetoes(people.accounts, month.month, layout.book)
    result = compute(layout.book, groups, vetoes)
    return dict(zip(people.accounts.tolist(), result.total.tolist(), strict=True))


def last_month_texts(month: Month) -> list[tuple[int, int, str]]:
    """(account, item, text) of the month before, for items that the rules still know by the same code.

    Only what every member has month after month: an award or an absence happened once and is not repeated.
    """
    columns = grid_layout(rules_of(month), month.unit, month.month).columns
    by_code = {column.item.code: column.item.pk for column in columns if column.is_expected}
    before = DraftCell.objects.filter(unit=month.unit, month=months.shift(month.month, -1)).exclude(text="")
    rows = before.values_list("account_id", "item__code", "text")
    return [(account, by_code[code], tidy(text)) for account, code, text in rows if code in by_code]


# --- saving --------------------------------------------------------------------------------------
def require_open(month: Month) -> None:
    if not month.is_open:
        raise Refused(
            _("%(month)s已提交（%(state)s），不能再改；请先撤回或请审核人退回。")
            % {"month": month, "state": month.get_state_display()}
        )


@transaction.atomic
def save_cells(month: Month, changes: Sequence[Change], *, by: User) -> tuple[list[Saved], dict[int, int]]:
    """Save edited cells of an open month; each is taken, refused with a sentence, or in conflict.

    Out: one `Saved` per change, and the new totals (hundredths) of the accounts concerned. The same change sent
    twice is recognised by its text and gives the same answer.
    """
    month = touched(month)
    require_open(month)
    layout = grid_layout(rules_of(month), month.unit, month.month)
    people = population([month.unit_id], month.month)
    saved = Saver(month, layout, people, by).run(changes)
    _note_day(month, by)
    part = people_of(people, {one.account for one in saved if not one.refusal})
    cells = DraftCell.objects.filter(unit=month.unit, month=month.month, account__in=part.accounts.tolist())
    drafts = [_Draft(*row) for row in cells.values_list("account", "item", "text")]
    return saved, totals_of(month, layout, part, drafts, Prices())


def people_of(people: Population, accounts: set[int]) -> Population:
    chosen = np.isin(people.accounts, np.array(sorted(accounts), dtype=np.int64))
    return Population(people.accounts[chosen], people.units[chosen], people.groups[chosen])


def _note_day(month: Month, by: User) -> None:
    """One line a day per person and month: the drafts themselves keep who and when, cell by cell."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    lines = AuditEvent.objects.filter(user=by, at__gte=today, action="scoring.enter_month")
    if not lines.filter(target__endswith=f" #{month.pk}").exists():
        record(by, "scoring.enter_month", month)
