"""Files that prove a fact: taken by what they contain, never by what they are called (trust.md §4)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import AuditEvent, User
from members.services.audit import record
from scoring.models import DraftCell, Evidence, Item, Month
from scoring.services.columns import grid_layout
from scoring.services.filetypes import Content, recognise
from scoring.services.grid import require_open
from scoring.services.months import rules_of, touched
from scoring.services.population import population

FILE_LIMIT = 10 * 1024 * 1024
FILES_PER_CELL = 5
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]+')


def files_of(month: Month, account: int, item: int) -> QuerySet[Evidence]:
    cell = {"cell__account": account, "cell__item": item, "cell__month": month.month, "cell__unit": month.unit}
    return Evidence.objects.standing().filter(**cell)


def _tidy_name(name: str, ending: str) -> str:
    """The name people gave, without paths and tricks; the ending says what the file really is."""
    stem = _UNFIT.sub(" ", name.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    stem = stem.rsplit(".", 1)[0].strip(" .") if "." in stem else stem
    return f"{stem[:100] or _('佐证材料')}.{ending}"


def add_evidence(month: Month, account: int, item: int, upload: File[bytes], *, by: User) -> Evidence:
    """Attach a file to a cell of an open month. Pictures are drawn anew, without place and camera.

    The file is read before the database is asked for a lock: a big picture takes a second.
    """
    return _attach(month, account, item, read_upload(upload), by)


@dataclass(frozen=True)
class Upload:
    """A file as it will be stored."""

    content: Content
    name: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content.body).hexdigest()


def read_upload(upload: File[bytes]) -> Upload:
    """Recognise a file and give it a fitting name. Raise Refused with what to do instead."""
    if upload.size > FILE_LIMIT:
        raise Refused(_("文件超过 10 MB，请压缩图片或只上传有关的几页。"))
    content = recognise(upload.read(FILE_LIMIT + 1))
    return Upload(content, _tidy_name(upload.name or "", content.ending))


@transaction.atomic
def _attach(month: Month, account: int, item: int, upload: Upload, by: User) -> Evidence:
    month = touched(month)
    require_open(month)
    cell = _cell(month, account, item, by)
    standing = Evidence.objects.standing().filter(cell=cell)
    require_new(upload, standing, FILES_PER_CELL, _("每个单元格最多附 %d 个文件，请先移除不需要的。"))
    return store(Evidence(cell=cell), upload, by=by, detail=_detail(cell, month))


def require_new(upload: Upload, standing: QuerySet[Evidence], limit: int, full: str) -> None:
    """Raise Refused when there are as many files as there may be, or when this one is among them."""
    known = dict(standing.values_list("digest", "name"))
    if len(known) >= limit:
        raise Refused(full % limit)
    if upload.digest in known:
        raise Refused(_("这个文件已经附上了（%s），不必重复上传。") % known[upload.digest])


def store(evidence: Evidence, upload: Upload, *, by: User, detail: str) -> Evidence:
    """Write the file and its row."""
    body = upload.content.body
    evidence.digest, evidence.name, evidence.size, evidence.by = upload.digest, upload.name, len(body), by
    evidence.content_type = upload.content.content_type
    evidence.file.save(upload.name, ContentFile(body), save=False)
    stored = str(evidence.file.name)
    # A refusal further on, or a failing commit, must not leave a file that no row knows.
    try:
        with transaction.atomic():
            evidence.save(force_insert=True)
            record(by, "scoring.add_evidence", evidence, detail=detail)
    except BaseException:
        default_storage.delete(stored)
        raise
    return evidence


def _detail(cell: DraftCell, month: Month) -> str:
    return f"{month}，{cell.account}，{cell.item}"


def _cell(month: Month, account: int, item: int, by: User) -> DraftCell:
    """The cell the file belongs to; an empty one when nothing has been typed yet."""
    column = grid_layout(rules_of(month), month.unit, month.month).by_item.get(item)
    if column is None or not column.is_editable:
        raise Refused(_("该条款不在本月的录入范围内，请刷新页面。"))
    if column.item.evidence == Item.EvidenceRule.NONE:
        raise Refused(_("%s不需要佐证材料。") % column.item)
    if account not in population([month.unit_id], month.month).accounts:
        raise Refused(_("该党员本月不在本支部的积分名单中，请刷新页面。"))
    cell, _created = DraftCell.objects.select_related("account__member", "item").get_or_create(
        account_id=account,
        item=column.item,
        month=month.month,
        # Version 0 is what the page has seen of a cell that was not there.
        defaults={"unit": month.unit, "edited_by": by, "version": 0},
    )
    return cell


@transaction.atomic
def remove_evidence(evidence: Evidence, *, by: User) -> None:
    """Take a file off its cell, while it has not gone into the ledger with it. The content is destroyed."""
    if evidence.cell is None:
        raise Refused(_("这份材料不是在月度录入中附上的，不能在这里移除。"))
    month = Month.objects.select_related("unit").get(unit=evidence.cell.unit_id, month=evidence.cell.month)
    month = touched(month)
    require_open(month)
    evidence = Evidence.objects.select_related("cell__account__member", "cell__item").get(pk=evidence.pk)
    if evidence.entry_id:
        raise Refused(_("这份材料已随记录入账，不能移除；需要时请另附一份。"))
    if evidence.removed_at is not None or evidence.cell is None:
        return
    destroy(evidence, by=by, detail=_detail(evidence.cell, month))


def destroy(evidence: Evidence, *, by: User, detail: str) -> None:
    """The row stays and says so; the content goes."""
    evidence.removed_at = timezone.now()
    evidence.save(update_fields=["removed_at"])
    record(by, "scoring.remove_evidence", evidence, detail=detail)
    transaction.on_commit(partial(default_storage.delete, str(evidence.file.name)))


def note_download(evidence: Evidence, *, by: User) -> None:
    """A line that also says whose deed the file proves."""
    about = evidence.entry or evidence.claim or evidence.cell
    record(by, "scoring.download_evidence", evidence, detail=f"{about.account}，{about.item}" if about else "")


def add_all(month: Month, account: int, item: int, uploads: Sequence[File[bytes]], *, by: User) -> list[str]:
    """Attach several files, each for itself. Out: a sentence for each that was refused."""
    refusals = []
    for upload in uploads:
        try:
            add_evidence(month, account, item, upload, by=by)
        except Refused as refusal:
            refusals.append(f"{upload.name}：{refusal}")
            record(by, "scoring.add_evidence", month.unit, detail=refusals[-1], result=AuditEvent.Result.REFUSED)
    return refusals
