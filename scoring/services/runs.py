"""The month job. The row says what is to do; a message only wakes a worker.

Everything here may run twice, late, on two workers or after `kill -9`: a chunk is computed and marked done in one
short transaction, and its scores are upserted, so the result is the same and appears once.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Membership, OrgUnit, User
from members.services.audit import record
from scoring import months
from scoring.models import Month, Score, ScoreChunk, ScoreRun, StaleScore
from scoring.services.scores import compute_changed, compute_units
from scoring.services.standings import refresh_standings

logger = logging.getLogger(__name__)

State = ScoreRun.State
# SQLite has one writer: shorter transactions leave room for people at the browser.
CHUNK_ACCOUNTS = {"postgresql": 10_000, "sqlite": 2_000}
CHANGED_BRANCHES = {"postgresql": 2_500, "sqlite": 500}
MAX_ATTEMPTS = 5
# How far back a night looks for months that were never computed.
CATCH_UP_MONTHS = 12


def _branches(root: OrgUnit, month: int, *, changed_only: bool) -> list[int]:
    """What a run has to go through, in the order of the tree."""
    branches = OrgUnit.objects.within(root).branches()
    if changed_only:
        rows = Month.objects.filter(unit=OuterRef("pk"), month=month).exclude(state=Month.State.CLOSED)
        marked = StaleScore.objects.filter(month=month).values("account")
        scores = Score.objects.filter(month=month, account__in=marked, unit__path__startswith=root.path)
        branches = branches.filter(Exists(rows.filter(is_stale=True)) | Q(pk__in=scores.values("unit")))
    return list(branches.order_by("path").values_list("pk", flat=True))


def _batched(branches: list[int], size: int) -> Iterator[list[int]]:
    return (branches[place : place + size] for place in range(0, len(branches), size))


def _chunks(root: OrgUnit, month: int, branches: Iterable[int]) -> Iterator[list[int]]:
    """Branches below the root in parts of some thousand accounts each; a branch is never cut."""
    size = CHUNK_ACCOUNTS[connection.vendor]
    sizes = dict(
        Membership.objects.at(months.first_day(month))
        .filter(branch__path__startswith=root.path)
        .values_list("branch")
        .annotate(n=Count("pk"))
    )
    part: list[int] = []
    filled = 0
    for branch in branches:
        if part and filled + sizes.get(branch, 0) > size:
            yield part
            part, filled = [], 0
        part.append(branch)
        filled += sizes.get(branch, 0)
    if part:
        yield part


def _changed_parts(root: OrgUnit, month: int, branches: list[int]) -> Iterator[list[int]]:
    """Branches marked as a whole by their size; of the others a few accounts are computed, and size says nothing."""
    marked = Month.objects.filter(unit__among=branches, month=month, is_stale=True)
    whole = set(marked.values_list("unit", flat=True))
    yield from _chunks(root, month, (branch for branch in branches if branch in whole))
    yield from _batched([branch for branch in branches if branch not in whole], CHANGED_BRANCHES[connection.vendor])


@transaction.atomic
def start_run(root: OrgUnit, month: int, *, by: User | None, slot: str = "", changed_only: bool = False) -> ScoreRun:
    """Write down that a month is to be computed for everything below `root`. The same slot twice is one run.

    With `changed_only` just what is marked as changed since it was last computed.

    A run started by hand is refused while another of the same month is under way.
    """
    if not months.is_month(month) or months.first_day(month) > timezone.localdate():
        raise Refused(_("%s还没有开始，不能计算。") % (months.label(month) if months.is_month(month) else month))
    if not slot:
        busy = ScoreRun.objects.filter(unit=root, month=month, state__in=[State.WAITING, State.RUNNING])
        if busy.exists():
            raise Refused(_("%s正在计算，请等它完成。") % months.label(month))
        slot = f"{root.pk}:{month}:{timezone.now().isoformat()}"
    new = {"unit": root, "month": month, "by": by, "changed_only": changed_only}
    run, created = ScoreRun.objects.get_or_create(slot=slot, defaults=new)
    if created:
        branches = _branches(root, month, changed_only=changed_only)
        parts = _changed_parts(root, month, branches) if changed_only else _chunks(root, month, branches)
        ScoreChunk.objects.bulk_create(ScoreChunk(run=run, unit_ids=part) for part in parts)
        record(by, "scoring.start_run", root, detail=months.label(month))
    return run


def _lease_is_over() -> Q:
    over = timezone.now() - datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return Q(state=ScoreChunk.State.WAITING) | Q(state=ScoreChunk.State.CLAIMED, claimed_at__lt=over)


def claim_chunk(run: ScoreRun) -> ScoreChunk | None:
    """Take the next free chunk of a run, or one whose worker has not reported in time. None when there is none.

    Compare-and-set on the number of attempts: of two workers one gets it.
    """
    free = ScoreChunk.objects.filter(_lease_is_over(), run=run).order_by("attempts", "pk")
    for chunk in free[:8]:
        taken = ScoreChunk.objects.filter(_lease_is_over(), pk=chunk.pk, attempts=chunk.attempts).update(
            state=ScoreChunk.State.CLAIMED, claimed_at=timezone.now(), attempts=F("attempts") + 1
        )
        if taken:
            chunk.refresh_from_db()
            return chunk
    return None


def compute_chunk(chunk: ScoreChunk, run: ScoreRun) -> None:
    """One short transaction: the scores and the note that they are done."""
    compute = compute_changed if run.changed_only else compute_units
    with transaction.atomic():
        scored = compute(chunk.unit_ids, run.month)
        ScoreChunk.objects.filter(pk=chunk.pk).update(state=ScoreChunk.State.DONE, accounts=scored)


def work_on(run_id: int) -> bool:
    """Compute one chunk of a run and finish the run when it was the last. Out: whether there may be more to do."""
    run = ScoreRun.objects.select_related("unit").get(pk=run_id)
    if run.state not in (State.WAITING, State.RUNNING):
        return False
    ScoreRun.objects.filter(pk=run.pk, state=State.WAITING).update(state=State.RUNNING)
    chunk = claim_chunk(run)
    if chunk is None:
        _finish(run)
        return False
    if chunk.attempts > MAX_ATTEMPTS:
        _fail(run, _("第 %s 片多次计算未成功，请查看工作进程日志。") % chunk.pk)
        return False
    compute_chunk(chunk, run)
    return True


def _finish(run: ScoreRun) -> None:
    """Rank the committee when every chunk is done; the loser of a race finds the state changed."""
    if run.chunks.exclude(state=ScoreChunk.State.DONE).exists():
        return
    with transaction.atomic():
        done = ScoreRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
            state=State.DONE, finished_at=timezone.now()
        )
        if done:
            committees = OrgUnit.objects.within(run.unit).filter(kind=OrgUnit.Kind.PARTY_COMMITTEE)
            refresh_standings({run.unit, *committees}, run.month)


def _fail(run: ScoreRun, why: str) -> None:
    ScoreRun.objects.filter(pk=run.pk, state=State.RUNNING).update(
        state=State.FAILED, finished_at=timezone.now(), failure=why
    )
    logger.error("score run %s failed: %s", run.pk, why)


@transaction.atomic
def cancel_run(run: ScoreRun, *, by: User) -> None:
    """Stop a run between two chunks; what is computed stays, it is right branch by branch."""
    moved = ScoreRun.objects.filter(pk=run.pk, state__in=[State.WAITING, State.RUNNING]).update(
        state=State.CANCELLED, finished_at=timezone.now()
    )
    if not moved:
        raise Refused(_("这次计算已经结束，不能取消。"))
    record(by, "scoring.cancel_run", run)


def finish_run(run: ScoreRun) -> ScoreRun:
    """Work on a run to its end in this process: for commands and for installations without a worker."""
    while work_on(run.pk):
        pass
    run.refresh_from_db()
    return run


def progress(run: ScoreRun) -> tuple[int, int, int]:
    """(chunks done, chunks in all, accounts scored)."""
    numbers = run.chunks.aggregate(
        done=Count("pk", filter=Q(state=ScoreChunk.State.DONE)), total=Count("pk"), accounts=Sum("accounts")
    )
    return numbers["done"], numbers["total"], numbers["accounts"] or 0


def due_runs() -> list[int]:
    """Runs with a chunk that nobody is working on, and runs whose chunks are all done."""
    waiting = ScoreRun.objects.filter(state__in=[State.WAITING, State.RUNNING])
    busy = Q(chunks__state=ScoreChunk.State.CLAIMED) & ~Q(chunks__in=ScoreChunk.objects.filter(_lease_is_over()))
    counted = waiting.annotate(
        total=Count("chunks"),
        done=Count("chunks", filter=Q(chunks__state=ScoreChunk.State.DONE)),
        busy=Count("chunks", filter=busy),
    )
    numbers = counted.values_list("pk", "total", "done", "busy")
    return [pk for pk, total, done, busy in numbers if done + busy < total or done == total]


def _monthly_runs(root: OrgUnit, last: int) -> list[ScoreRun]:
    """The run of the month before, those of the months that a standstill left out, and the newest if it failed."""
    slots = {f"{root.pk}:{month}": month for month in months.span(months.shift(last, -CATCH_UP_MONTHS), last)}
    known = ScoreRun.objects.filter(slot__in=slots).order_by("month").last()
    if known is not None and known.state == State.FAILED:
        known.chunks.exclude(state=ScoreChunk.State.DONE).update(state=ScoreChunk.State.WAITING, attempts=0)
        failed = ScoreRun.objects.filter(pk=known.pk, state=State.FAILED)
        failed.update(state=State.WAITING, finished_at=None, failure="")
    first = known.month if known is not None else last
    return [start_run(root, month, by=None, slot=f"{root.pk}:{month}") for month in months.span(first, last)]


def _changed_months(root: OrgUnit, current: int) -> list[int]:
    """Months in which something is marked, earlier ones first: a later one may stand on them."""
    stale = Month.objects.within(root).filter(is_stale=True, month__lte=current).exclude(state=Month.State.CLOSED)
    accounts = StaleScore.objects.filter(month__lte=current)
    return sorted({*stale.values_list("month", flat=True), *accounts.values_list("month", flat=True)})


def night_runs(today: datetime.date) -> list[ScoreRun]:
    """What a night has to compute: the month before (once, on whichever night comes first), and every month in which
    something has changed since. A standstill is caught up, because the rows say what is missing."""
    runs = []
    last = months.shift(months.month_of(today), -1)
    tops = OrgUnit.objects.filter(parent__isnull=True)
    for root in tops:
        runs += _monthly_runs(root, last)
        for month in _changed_months(root, months.month_of(today)):
            slot = f"{root.pk}:{month}:{today:%Y%m%d}"
            runs.append(start_run(root, month, by=None, slot=slot, changed_only=True))
    return [run for run in runs if run.state in (State.WAITING, State.RUNNING)]
