"""Edited cells against what stands: each is taken, refused with a sentence, or in conflict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import User
from scoring.models import DraftCell, DraftRemark, Month
from scoring.services.columns import GridColumn, Layout, Prices, check_cell
from scoring.services.population import Population

REMARK_LENGTH = 200


@dataclass(frozen=True)
class Change:
    """One edited cell. `item` is None for the remark column; `version` is the one the editor saw."""

    account: int
    item: int | None
    text: str
    version: int
    remark: str | None = None


@dataclass
class Saved:
    """What became of a change: `refusal` names the rule; `conflict` the person whose newer value stands."""

    account: int
    item: int | None
    version: int
    text: str
    remark: str = ""
    points: int | None = None
    refusal: str = ""
    conflict: str = ""


@dataclass
class Saver:
    """One request's changes against what stands: two reads, two bulk writes."""

    month: Month
    layout: Layout
    people: Population
    by: User
    # What has to be written, by account and item (None: the row remark).
    touched: dict[tuple[int, int | None], DraftCell | DraftRemark] = field(default_factory=dict)

    def run(self, changes: Sequence[Change]) -> list[Saved]:
        accounts = {change.account for change in changes}
        cells = DraftCell.objects.filter(account__in=accounts, month=self.month.month)
        self.standing = {(c.account_id, c.item_id): c for c in cells.select_related("edited_by__member")}
        remarks = DraftRemark.objects.filter(account__in=accounts, month=self.month.month)
        remarks = remarks.select_related("edited_by__member")
        self.remarks = {remark.account_id: remark for remark in remarks}
        self.columns = self.layout.by_item
        self.known = set(self.people.accounts.tolist())
        saved = [self._one(change) for change in changes]
        self._write()
        return saved

    def _write(self) -> None:
        """One statement for new and old rows alike: an UPDATE with a CASE per cell takes seconds."""
        rows = list(self.touched.values())
        cells = [row for row in rows if isinstance(row, DraftCell)]
        remarks = [row for row in rows if isinstance(row, DraftRemark)]
        for cell in cells:
            cell.pk, cell.unit, cell.edited_by = None, self.month.unit, self.by
        for remark in remarks:
            remark.pk, remark.unit = None, self.month.unit
        DraftCell.objects.bulk_create(
            cells,
            update_conflicts=True,
            unique_fields=["account", "item", "month"],
            update_fields=["text", "remark", "version", "edited_by", "edited_at", "unit"],
        )
        DraftRemark.objects.bulk_create(
            remarks,
            update_conflicts=True,
            unique_fields=["account", "month"],
            update_fields=["text", "version", "unit", "edited_by"],
        )

    def _one(self, change: Change) -> Saved:
        try:
            if change.account not in self.known:
                raise Refused(_("该党员本月不在本支部的积分名单中，请刷新页面。"))
            if change.item is None:
                return self._row_remark(change)
            column = self.columns.get(change.item)
            if column is None:
                raise Refused(_("该条款不在本月的积分办法中，请刷新页面。"))
            if not column.is_editable:
                raise Refused(_("%s由其他记录自动计入，不能在这里填写。") % column.item)
            return self._cell(change, column)
        except Refused as refusal:
            return Saved(change.account, change.item, change.version, change.text, refusal=str(refusal))

    def _cell(self, change: Change, column: GridColumn) -> Saved:
        text, points = check_cell(column.rule, change.text)
        key = (change.account, column.item.pk)
        cell = self.standing.get(key)
        if cell is None:
            cell = DraftCell(account_id=change.account, item=column.item, month=self.month.month, version=0)
            cell.edited_by = self.by
        remark = cell.remark if change.remark is None else _short(change.remark)
        if (cell.text, cell.remark) != (text, remark):
            if cell.version != change.version:
                priced = Prices().of(column.rule, cell.text)
                return Saved(
                    change.account, change.item, cell.version, cell.text, cell.remark,
                    priced.points if priced else None, conflict=str(cell.edited_by),
                )  # fmt: skip
            cell.text, cell.remark, cell.version = text, remark, cell.version + 1
            self.standing[key] = self.touched[key] = cell
        return Saved(change.account, change.item, cell.version, text, remark, points)

    def _row_remark(self, change: Change) -> Saved:
        text = _short(change.text)
        remark = self.remarks.get(change.account)
        if remark is None:
            remark = DraftRemark(account_id=change.account, unit=self.month.unit, month=self.month.month, version=0)
        if remark.text != text:
            if remark.version != change.version:
                return Saved(change.account, None, remark.version, remark.text, conflict=str(remark.edited_by))
            remark.text, remark.version, remark.edited_by = text, remark.version + 1, self.by
            self.remarks[change.account] = self.touched[change.account, None] = remark
        return Saved(change.account, None, remark.version, text)


def _short(typed: str) -> str:
    text = typed.strip()
    if len(text) > REMARK_LENGTH:
        raise Refused(_("备注最多 %(most)d 字，现在 %(now)d 字，请缩短。") % {"most": REMARK_LENGTH, "now": len(text)})
    return text
