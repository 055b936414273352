"""加扣分明细 of a member or a branch: read, and taken away as PDF or workbook, which leaves a line in the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO

from django.db.models import Count, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Membership, OrgUnit, User
from members.pdf import render_pdf
from members.services.audit import record
from members.spreadsheet import stamp
from scoring.fields import PointsField
from scoring.models import Account, LedgerEntry
from scoring.sheets.workbook import write_book
from scoring.sheets.year_lines import Subject, YearSheet, lines_table, note, sheet_of

# Laying out 1,500 lines takes some 15 s and 350 MB.
PDF_LINES = 1_500
# Formatted sheets are held in memory.
XLSX_LINES = 20_000


@dataclass(frozen=True)
class Amounts:
    """Of one account and year: how many entries give points and take points, and what they come to."""

    plus_count: int = 0
    plus: Decimal = Decimal(0)
    minus_count: int = 0
    minus: Decimal = Decimal(0)


def subjects_of(unit: OrgUnit, group: OrgUnit | None = None) -> list[Subject]:
    """Everybody who belongs to the branch (or to one group of it) today, by name: the meeting is theirs."""
    rows = Membership.objects.current().filter(branch=unit, member__account__isnull=False)
    if group is not None:
        rows = rows.filter(group=group)
    fields = ("member__account", "member__name", "member__staff_number", "branch__name", "group__name")
    return [
        Subject(account, name, number, branch, group or "")
        for account, name, number, branch, group in rows.by_name().values_list(*fields)
    ]


def subject_of(account: Account) -> Subject:
    """One member, with the branch of today, or the last one of whoever has left."""
    stays = Membership.objects.filter(member=account.member_id).order_by("-started_on", "-pk")
    stay = stays.select_related("branch", "group").first()
    branch, group = (str(stay.branch), str(stay.group or "")) if stay else ("", "")
    return Subject(
        account.pk, str(account.member), account.member.staff_number if account.member else "", branch, group
    )


def _entries(accounts: Collection[int], year: int) -> QuerySet[LedgerEntry]:
    """What stands of the year, wherever it was filed: the history of a member goes along."""
    return LedgerEntry.objects.standing().filter(
        account__among=list(accounts), month__gte=year * 100 + 1, month__lte=year * 100 + 12
    )


def sheets_of(subjects: Sequence[Subject], year: int) -> list[YearSheet]:
    """One sheet per member in the order given, also for whoever has no line. One query."""
    found: dict[int, list[LedgerEntry]] = {subject.account: [] for subject in subjects}
    rows = _entries(found, year).select_related("item__section", "claim")
    for entry in rows.order_by("month", "happened_on", "item__section__position", "item__position", "pk"):
        found[entry.account_id].append(entry)
    return [sheet_of(subject, found[subject.account]) for subject in subjects]


def amounts_of(accounts: Collection[int], year: int) -> dict[int, Amounts]:
    """Account -> what its year comes to, for a list of many; those without entries are missing. One query."""
    gives, takes = Q(points__gt=0), Q(points__lt=0)
    nothing = Value(Decimal(0), output_field=PointsField())
    rows = _entries(accounts, year).order_by().values_list("account").annotate(
        plus_count=Count("pk", filter=gives), plus=Coalesce(Sum("points", filter=gives), nothing),
        minus_count=Count("pk", filter=takes), minus=Coalesce(Sum("points", filter=takes), nothing),
    )  # fmt: skip
    return {account: Amounts(*amounts) for account, *amounts in rows}


# --- taken away ----------------------------------------------------------------------------------
def year_lines_pdf(about: Account | OrgUnit, subjects: Sequence[Subject], year: int, *, by: User) -> bytes:
    """Everybody's sheet as PDF, each on a page of its own.

    In: what the log line names. Raise Refused for more lines than one print run should have, PdfUnavailable where the
    libraries are missing.
    """
    sheets = sheets_of(subjects, year)
    lines = sum(sheet.count for sheet in sheets)
    if lines > PDF_LINES:
        raise Refused(
            _("共 %(count)d 行，一份 PDF 最多 %(limit)d 行。请按党小组导出 PDF，或导出 Excel。")
            % {"count": lines, "limit": PDF_LINES}
        )
    context = {"sheets": sheets, "year": year, "note": note(), "stamp": stamp(by, timezone.localtime())}
    content = render_pdf("scoring/year_lines_pdf.html", context)
    _note(by, about, year, "PDF", sheets)
    return content


def write_year_lines(
    target: IO[bytes], about: Account | OrgUnit, subjects: Sequence[Subject], year: int, *, by: User
) -> int:
    """The same as a workbook, one line a row. Out: how many. Raise Refused for more than a sheet should hold."""
    sheets = sheets_of(subjects, year)
    if sum(sheet.count for sheet in sheets) > XLSX_LINES:
        raise Refused(_("一份 Excel 最多 %d 行，请按党小组导出。") % XLSX_LINES)
    title = _("%(name)s加扣分明细（%(year)d年）") % {"name": about, "year": year}
    rows = write_book(target, [lines_table(_("加扣分明细"), title, sheets)], stamp=stamp(by, timezone.localtime()))
    _note(by, about, year, "Excel", sheets)
    return rows


def _note(by: User, about: Account | OrgUnit, year: int, kind: str, sheets: Iterable[YearSheet]) -> None:
    counts = [sheet.count for sheet in sheets]
    words = {"year": year, "kind": kind, "people": len(counts), "lines": sum(counts)}
    detail = _("%(year)d 年，%(kind)s，%(people)d 人，%(lines)d 行") % words
    record(by, "scoring.export_year_lines", about, detail=detail)
