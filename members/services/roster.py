"""Roster imports: check, correct, confirm, drop, run. The row is the job (trust.md §5)."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BUSINESS_ADMIN_POSTS, SECRETARY_POSTS, below
from members.errors import Refused
from members.models import AuditEvent, OrgUnit, RosterImport, User
from members.personal import lookup_hash, seal_bytes, unseal_bytes
from members.querysets import OrgUnitQuerySet
from members.roster.examine import Examination, Options, examine
from members.roster.report import make_report
from members.roster.write import write_plan
from members.services.audit import record
from members.tabular import Sheet, read_table

State = RosterImport.State
INTO_KINDS = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.BRANCH)
# An import in progress: read the file, compare and write, report.
STEPS = 3
MAX_ATTEMPTS = 3
# An upload nobody goes on with is forgotten: it is full of personal numbers.
KEPT_DAYS = 7


def usual_options(today: datetime.date, *, started_on: datetime.date | None = None) -> Options:
    """New members count from New Year, so that the months past can be scored; moves happen today."""
    return Options(started_on=started_on or datetime.date(today.year, 1, 1), moved_on=today)


def units_for(user: User) -> OrgUnitQuerySet:
    """The units into which the person may import."""
    units = OrgUnit.objects.open().filter(kind__in=INTO_KINDS).order_by("path")
    if user.is_superuser:
        return units
    return units.filter(below(user.authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS), "path"))


def check_upload(
    unit: OrgUnit, file_name: str, content: bytes, *, by: User | None, options: Options | None = None
) -> RosterImport:
    """Read and check a file against the unit's roster. Writes nothing but the import's own row.

    Raise Refused when the file cannot be read as a roster; that too leaves a line in the log.
    """
    today = timezone.localdate()
    options = options or usual_options(today)
    _check_unit(unit, by)
    try:
        found = examine(unit, read_table(file_name, content), options, by=by, today=today)
    except Refused as refusal:
        record(
            by, "members.import_roster", unit, detail=f"{file_name[:100]}：{refusal}", result=AuditEvent.Result.REFUSED
        )
        raise
    digest = lookup_hash(hashlib.sha256(content).hexdigest()) or ""
    with transaction.atomic():
        row = RosterImport(unit=unit, file_name=file_name[-200:], digest=digest, by=by)
        row.content_sealed = seal_bytes(content)
        row.options = options.as_json()
        _take_over(row, found)
        row.save()
        record(by, "members.import_roster", row, detail=_("上传并校验：%s") % _counted(row.report["counts"]))
    return row


def choose_columns(row: RosterImport, options: Options, *, by: User | None) -> RosterImport:
    """Check the stored file again: other columns, other dates, decisions about new units, or a changed roster.

    Whoever does this answers for the import from now on.
    """
    _check_unit(row.unit, by)
    found = examine(row.unit, _sheets(row), options, by=by, today=timezone.localdate())
    row.columns, row.options, row.by = options.columns, options.as_json(), by
    _take_over(row, found)
    fields = {name: getattr(row, name) for name in ("columns", "options", "by_id", "report", "plan_digest")}
    waiting = RosterImport.objects.filter(pk=row.pk, state__in=[State.CHECKED, State.FAILED])
    if not waiting.exclude(content_sealed=b"").update(state=State.CHECKED, **fields):
        raise Refused(_("这次导入已经确认或放弃，不能再改，请重新上传。"))
    row.state = State.CHECKED
    return row


def examined(row: RosterImport) -> Examination:
    """Everything about an import that has not been written yet, in full: for the list of all problems."""
    options = Options.of_json(row.options, row.columns)
    return examine(row.unit, _sheets(row), options, by=row.by, today=timezone.localdate())


@transaction.atomic
def confirm_import(row: RosterImport, plan_digest: str, *, by: User | None) -> None:
    """Order what the preview with this digest showed. The caller wakes a worker, or runs it."""
    if row.by != by:
        raise Refused(_("这次导入由%s校验，请由本人确认，或先点“重新校验”接手。") % (row.by or _("命令行")))
    if not row.plan_digest:
        raise Refused(_("还有问题没有解决，或没有需要变更的内容，不能导入。"))
    if row.plan_digest != plan_digest:
        raise Refused(_("页面上的预览已经过时，请刷新后再次核对。"))
    _move(row, State.CHECKED, State.CONFIRMED, done=0, total=STEPS, attempts=0, claimed_at=None)
    record(by, "members.import_roster", row, detail=_("确认导入：%s") % _counted(row.report["counts"]))


@transaction.atomic
def drop_import(row: RosterImport, *, by: User | None) -> None:
    """Give up an import that was not confirmed; the upload is erased."""
    _move(row, row.state, State.DROPPED, content_sealed=b"", finished_at=timezone.now())
    record(by, "members.import_roster", row, detail=_("放弃导入"))


def run_import(pk: int) -> None:
    """Write a confirmed import, once: whoever comes second finds nothing to do.

    Out of the ordinary ends leave the import as FAILED with a sentence; a killed worker's import is
    taken over after its lease.
    """
    row = _claim(pk)
    if row is None:
        return
    try:
        if row.attempts > MAX_ATTEMPTS:
            raise Refused(_("写入多次中断，名册没有改动。请联系系统管理员查看日志后重新校验。"))
        sheets = _sheets(row)
        if not _renew(row, done=1):
            return
        _write(row, sheets)
    except Refused as refusal:
        _fail(row, str(refusal))
    except IntegrityError:
        _fail(row, _("写入时发现名册中已有相同的工号、身份证号或组织名称，名册没有改动，请重新校验。"))


def _write(row: RosterImport, sheets: list[Sheet]) -> None:
    """All or nothing: plan again under locks, compare with what was confirmed, write, report."""
    with transaction.atomic():
        # Also the fence: a worker whose lease another took over stops here.
        if not _renew(row, done=2):
            return
        # One import at a time in a tree; each sees what the other wrote.
        list(OrgUnit.objects.select_for_update().filter(path=row.unit.path.split(".")[0] + "."))
        options = Options.of_json(row.options, row.columns)
        found = examine(row.unit, sheets, options, by=row.by, today=timezone.localdate(), lock=True)
        if not found.is_sound or found.plan.digest() != row.plan_digest:
            raise Refused(_("预览之后名册已有变化，名册没有改动，请重新校验。"))
        write_plan(found.plan, row.unit, by=row.by)
        report = row.report | {"units_created": len(found.plan.new_units)}
        ended = {"done": STEPS, "content_sealed": b"", "report": report, "finished_at": timezone.now()}
        _move(row, State.RUNNING, State.DONE, **ended)
        record(row.by, "members.import_roster", row, detail=_("写入完成：%s") % _counted(report["counts"]))


def due_imports() -> list[int]:
    """Confirmed imports nobody took up, and those whose worker has been silent for too long."""
    return list(RosterImport.objects.filter(_due()).order_by("pk").values_list("pk", flat=True))


def forget_uploads() -> int:
    """Erase uploads that nobody went on with. Out: how many."""
    old = timezone.now() - datetime.timedelta(days=KEPT_DAYS)
    waiting = RosterImport.objects.filter(state__in=[State.CHECKED, State.FAILED], created_at__lt=old)
    return waiting.update(state=State.DROPPED, content_sealed=b"", finished_at=timezone.now())


def earlier_import(row: RosterImport) -> RosterImport | None:
    """The last completed import of the same file into the same unit."""
    same = RosterImport.objects.filter(unit=row.unit, digest=row.digest, state=State.DONE).exclude(pk=row.pk)
    return same.select_related("by__member").defer("content_sealed", "report").first()


def _check_unit(unit: OrgUnit, by: User | None) -> None:
    if unit.kind not in INTO_KINDS or unit.closed_on:
        raise Refused(_("“%s”不能导入花名册，请选择党委、党总支或党支部。") % unit)
    if by and not by.is_superuser and not by.authority.reaches(unit, BUSINESS_ADMIN_POSTS | SECRETARY_POSTS):
        raise Refused(_("你不能向“%s”导入花名册，请选择自己所在的组织。") % unit)


def _sheets(row: RosterImport) -> list[Sheet]:
    if not row.has_content:
        raise Refused(_("上传的文件已经清除，请重新上传。"))
    return read_table(row.file_name, unseal_bytes(bytes(row.content_sealed)))


def _take_over(row: RosterImport, found: Examination) -> None:
    """Keep what the page shows. Without a digest there is nothing that could be confirmed."""
    row.report = make_report(found)
    row.plan_digest = found.plan.digest() if found.is_sound and not found.plan.is_empty else ""


def _move(row: RosterImport, old: str, new: str, **fields: Any) -> None:
    if new not in RosterImport.MOVES.get(State(old), ()):
        raise Refused(_("这次导入%s，不能再办。") % State(old).label)
    if not RosterImport.objects.filter(pk=row.pk, state=old).update(state=new, **fields):
        raise Refused(_("这次导入的状态刚刚变了，请刷新页面。"))
    row.state = new
    for name, value in fields.items():
        setattr(row, name, value)


def _due() -> Q:
    silent = timezone.now() - datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return Q(state=State.CONFIRMED) | Q(state=State.RUNNING, claimed_at__lt=silent)


def _claim(pk: int) -> RosterImport | None:
    """Make this worker the one that writes; None when there is nothing to do or another is at it."""
    claimed = RosterImport.objects.filter(_due(), pk=pk).update(
        state=State.RUNNING, claimed_at=timezone.now(), attempts=F("attempts") + 1, done=0
    )
    return RosterImport.objects.select_related("unit", "by").get(pk=pk) if claimed else None


def _renew(row: RosterImport, *, done: int) -> bool:
    """Report a step; False when the lease was lost to another worker."""
    now = timezone.now()
    held = RosterImport.objects.filter(pk=row.pk, state=State.RUNNING, claimed_at=row.claimed_at)
    if not held.update(claimed_at=now, done=done):
        return False
    row.claimed_at = now
    return True


def _fail(row: RosterImport, sentence: str) -> None:
    """The upload stays for a while, so that it can be checked again."""
    with transaction.atomic():
        held = RosterImport.objects.filter(pk=row.pk, state=State.RUNNING)
        report = row.report | {"failure": sentence}
        if held.update(state=State.FAILED, report=report, finished_at=timezone.now(), plan_digest=""):
            record(row.by, "members.import_roster", row, detail=sentence, result=AuditEvent.Result.REFUSED)


def _counted(counts: dict[str, int]) -> str:
    return _("共 %(rows)d 行，新增 %(new)d，变更 %(changed)d，转移 %(moved)d，不变 %(unchanged)d") % counts
