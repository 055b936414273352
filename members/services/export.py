"""The 花名册 as a file. Each export is itself noted in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import Member, Membership, OrgUnit, User
from members.personal import mask, unseal
from members.services.audit import record
from members.spreadsheet import Column, stamp, write_table

CHUNK = 5_000
_FIELDS = (
    "member__staff_number",
    "member__name",
    "member__gender",
    "member__ethnicity",
    "member__id_number_sealed",
    "member__born_on",
    "member__education",
    "member__category",
    "branch__name",
    "group__name",
    "member__joined_on",
    "member__regular_on",
    "member__job",
    "member__phone_sealed",
    "member__is_floating",
    "member__is_missing",
    "member__remark",
)


def write_roster(target: str | IO[bytes], *, unit: OrgUnit | None, in_full: bool, by: User | None) -> int:
    """Write the 花名册 of a unit, or of everybody. Out: how many members.

    Numbers stand in full only when `in_full`; whoever calls has asked for members.reveal_member.
    """
    rows = Membership.objects.current()
    if unit:
        rows = rows.within(unit)
    rows = rows.order_by("branch__path", "member__pinyin", "member__staff_number")
    counter = _Counter(_roster_rows(rows, in_full))
    write_table(
        target,
        sheet=_("花名册"),
        title=_("%s党员花名册") % unit if unit else _("党员花名册"),
        columns=_roster_columns(),
        rows=counter,
        footer=stamp(by or "系统", timezone.localtime()),
    )
    detail = f"{counter.count} 名党员，{'含完整身份证号和电话' if in_full else '身份证号和电话已遮挡'}"
    record(by, "members.export_roster", unit or "", detail=detail)
    return counter.count


class _Counter:
    """Counts rows while they pass: the table is written in one go and never held."""

    def __init__(self, rows: Iterator[tuple[Any, ...]]) -> None:
        self.rows, self.count = rows, 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for row in self.rows:
            self.count += 1
            yield row


def _roster_columns() -> list[Column]:
    return [
        Column(_("序号"), 6),
        Column(_("工号"), 12, is_code=True),
        Column(_("姓名"), 10),
        Column(_("性别"), 6),
        Column(_("民族"), 10),
        Column(_("公民身份号码"), 22, is_code=True),
        Column(_("出生日期"), 12, is_date=True),
        Column(_("学历"), 12),
        Column(_("人员类别"), 10),
        Column(_("所在党支部"), 20),
        Column(_("党小组"), 14),
        Column(_("入党日期"), 12, is_date=True),
        Column(_("转正日期"), 12, is_date=True),
        Column(_("工作岗位"), 16),
        Column(_("联系电话"), 14, is_code=True),
        Column(_("是否流动"), 9),
        Column(_("是否失联"), 9),
        Column(_("备注"), 24),
    ]


def _roster_rows(rows: QuerySet[Membership], in_full: bool) -> Iterator[tuple[Any, ...]]:
    genders = {"": "", **{gender.value: str(gender.label) for gender in Member.Gender}}
    categories = {category.value: str(category.label) for category in Member.Category}
    flags = {False: _("否"), True: _("是")}
    found = rows.values_list(*_FIELDS).iterator(CHUNK)
    for number, row in enumerate(found, start=1):
        staff, name, gender, people, id_sealed, born, education, category, *rest = row
        branch, group, joined, regular, job, phone_sealed, floating, missing, remark = rest
        id_number, phone = unseal(id_sealed), unseal(phone_sealed)
        if not in_full:
            id_number, phone = mask(id_number, head=6, tail=4), mask(phone, head=3, tail=4)
        yield (
            number, staff, name, genders[gender], people, id_number, born, education, categories[category],
            branch, group, joined, regular, job, phone, flags[floating], flags[missing], remark,
        )  # fmt: skip
