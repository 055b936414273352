"""What leaves the house of a campaign: 审批表, 测评汇总, 结果. Every export leaves a line in the log."""

from __future__ import annotations

from typing import IO

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import Campaign, Candidate
from evaluations.sheets.approval import approvals_of
from evaluations.sheets.outcome import everyone_of, outcome_table, summary_table
from members.errors import Refused
from members.models import OrgUnit, User
from members.pdf import render_pdf
from members.services.audit import record
from members.spreadsheet import stamp
from scoring.sheets.workbook import write_book

# Laying out takes its time: so many sheets, and so many rows of a table, go into one PDF.
PDF_SHEETS = 200
PDF_ROWS = 1_500
XLSX_ROWS = 20_000


def approval_pdf(
    campaign: Campaign, candidates: QuerySet[Candidate], about: Candidate | OrgUnit, *, by: User
) -> bytes:
    """审批表, a page for each of these people. In: what the log line names.

    Raise Refused for nobody at all or for more than one print run should have, PdfUnavailable where the libraries
    are missing.
    """
    count = candidates.count()
    if not count:
        raise Refused(_("%s没有参评的党员，不用打印审批表。") % about)
    if count > PDF_SHEETS:
        raise Refused(_("共 %(count)d 份，一次最多打印 %(most)d 份。") % {"count": count, "most": PDF_SHEETS})
    sheets = approvals_of(campaign, candidates)
    context = {"campaign": campaign, "sheets": sheets, "stamp": stamp(by, timezone.localtime())}
    content = render_pdf("evaluations/year_file_approval_pdf.html", context | {"day": timezone.localdate()})
    words = {"name": campaign, "count": count}
    record(by, "evaluations.export_approvals", about, detail=_("%(name)s，审批表 %(count)d 份") % words)
    return content


def summary_pdf(campaign: Campaign, *, by: User) -> bytes:
    """测评汇总 of a whole campaign. Raise Refused before it runs, and for more rows than paper should have."""
    _require_opened(campaign)
    candidates = everyone_of(campaign)
    if len(candidates) > PDF_ROWS:
        raise Refused(
            _("共 %(count)d 行，一份 PDF 最多 %(most)d 行，请导出 Excel。")
            % {"count": len(candidates), "most": PDF_ROWS}
        )
    tables = [summary_table(campaign, candidates)]
    content = render_pdf(
        "evaluations/campaign_summary_pdf.html", {"tables": tables, "stamp": stamp(by, timezone.localtime())}
    )
    record(by, "evaluations.export_campaign", campaign, detail=_("测评汇总 PDF，%d 行") % len(candidates))
    return content


def write_outcome(target: IO[bytes], campaign: Campaign, *, by: User) -> int:
    """结果 and 测评汇总 as a workbook. Out: how many rows of people. Raise Refused before it runs."""
    _require_opened(campaign)
    candidates = everyone_of(campaign)
    if len(candidates) > XLSX_ROWS:
        words = {"count": len(candidates), "most": XLSX_ROWS}
        raise Refused(_("共 %(count)d 行，一份 Excel 最多 %(most)d 行。") % words)
    tables = [outcome_table(campaign, candidates), summary_table(campaign, candidates)]
    write_book(target, tables, stamp=stamp(by, timezone.localtime()))
    record(by, "evaluations.export_campaign", campaign, detail=_("结果 Excel，%d 行") % len(candidates))
    return len(candidates)


def _require_opened(campaign: Campaign) -> None:
    if campaign.state == Campaign.State.DRAFT:
        raise Refused(_("“%s”还没有启动，没有可以导出的结果。") % campaign)
