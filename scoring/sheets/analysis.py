"""The analysis of a unit as a workbook: a sheet per question, the same numbers as on the page."""

from __future__ import annotations

from collections.abc import Collection
from typing import IO

from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import User
from members.services.audit import record
from members.spreadsheet import stamp
from scoring import months
from scoring.analysis.finding import Subject
from scoring.analysis.parts import findings_of
from scoring.sheets.workbook import write_book


def write_analysis(target: str | IO[bytes], subject: Subject, span: str, *, by: User, parts: Collection[str]) -> None:
    """Write these parts; what was exported, by whom and when, goes to the log."""
    tables = [finding.table for finding in findings_of(subject, span, parts)]
    write_book(target, tables, stamp=stamp(by, timezone.localtime()))
    detail = _("%(month)s，%(count)d 张表") % {"month": months.label(subject.month), "count": len(tables)}
    record(by, "scoring.export_analysis", subject.unit, detail=detail)
