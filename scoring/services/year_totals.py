"""Last year's totals, taken over once when a unit begins: from a table with staff numbers and totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from members.tabular import Sheet, column_letter
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.calculation.cells import plain_number, tidy
from scoring.models import Account, YearTotal

_NUMBER = {"工号", "职工号", "员工编号", "人员编号"}
_TOTAL = {"总分", "年度总分", "合计", "总积分", "积分", "得分", "全年总分"}
HEADER_ROWS = 10
LIMIT = 100_000_00


@dataclass(frozen=True)
class YearLine:
    """One row of the table: account, and total in hundredths."""

    account: int
    total: int


@dataclass(frozen=True)
class YearTable:
    lines: list[YearLine]
    problems: list[str]

    def as_json(self) -> list[dict[str, int]]:
        return [asdict(line) for line in self.lines]


def _header(rows: Sequence[Sequence[Any]]) -> tuple[int, int, int]:
    """(header row, column of the staff number, column of the total)."""
    for place, row in enumerate(rows[:HEADER_ROWS]):
        names = [tidy(str(cell or "")).split("\n")[0].split("(")[0].strip() for cell in row]
        number = next((i for i, name in enumerate(names) if name in _NUMBER), None)
        total = next((i for i, name in enumerate(names) if name in _TOTAL), None)
        if number is not None and total is not None:
            return place, number, total
    raise Refused(_("没有找到“工号”和“总分”两列，请在表头写明这两列后再上传。"))


def _text(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return tidy("" if cell is None else str(cell))


def read_year_totals(unit: OrgUnit, sheets: Sequence[Sheet]) -> YearTable:
    """Read a table against the members below the unit; every mistake of every row at once."""
    rows = sheets[0].rows
    head, number_column, total_column = _header(rows)
    accounts = dict(
        Account.objects.filter(member__memberships__branch__path__startswith=unit.path)
        .distinct()
        .values_list("member__staff_number", "pk")
    )
    lines: list[YearLine] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for place, row in enumerate(rows[head + 1 :], start=head + 2):
        number = _text(row[number_column]) if number_column < len(row) else ""
        typed = _text(row[total_column]) if total_column < len(row) else ""
        if not number:
            continue
        if number in seen:
            problems.append(
                _("第 %(row)d 行：工号 %(number)s 与第 %(first)d 行重复，请只保留一行。")
                % {"row": place, "number": number, "first": seen[number]}
            )
            continue
        seen[number] = place
        if number not in accounts:
            problems.append(
                _("第 %(row)d 行：工号 %(number)s 不在名册中，请核对或先导入名册。") % {"row": place, "number": number}
            )
            continue
        try:
            total = hundredths(plain_number(typed))
            if not 0 <= total <= LIMIT:
                raise ValueError(typed)
        except ValueError:
            where = f"{column_letter(total_column)}{place}"
            problems.append(
                _("第 %(row)d 行（%(where)s）：“%(typed)s”不是总分，请填数字，最多两位小数。")
                % {"row": place, "where": where, "typed": typed[:20]}
            )
            continue
        lines.append(YearLine(accounts[number], total))
    if not lines and not problems:
        problems.append(_("表中没有任何一行有工号，请检查是否选错了文件。"))
    return YearTable(lines, problems)


@transaction.atomic
def save_year_totals(unit: OrgUnit, year: int, lines: Sequence[YearLine], *, by: User) -> int:
    """Write the totals of a year, all or none; a total entered before is replaced and the audit log says so."""
    YearTotal.objects.bulk_create(
        [YearTotal(account_id=line.account, year=year, total=from_hundredths(line.total), by=by) for line in lines],
        update_conflicts=True,
        unique_fields=["account", "year"],
        update_fields=["total", "by", "at"],
        batch_size=500,
    )
    record(
        by,
        "scoring.save_year_totals",
        unit,
        detail=_("%(year)d 年，%(count)d 人") % {"year": year, "count": len(lines)},
    )
    return len(lines)
