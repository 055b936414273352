"""The month job: run twice, late, by many, after `kill -9`, with an emptied broker: the same scores, once."""

import datetime
from collections import Counter
from functools import partial

import pytest
from django.utils import timezone

from config.celery import app
from members.errors import Refused
from members.models import AuditEvent
from scoring import tasks
from scoring.models import Month, Score, ScoreChunk, ScoreRun, Standing
from scoring.services import months, runs
from scoring.services.accounts import open_member_accounts
from scoring.services.runs import (
    cancel_run,
    claim_chunk,
    due_runs,
    finish_run,
    night_runs,
    progress,
    start_run,
    work_on,
)
from tests.factories import branch, committee, member, official, user
from tests.harness.threads import race, wait_until
from tests.scoring.factories import MONTH, account, draft, item, rule_set
from tests.scoring.ledger import entry

State = ScoreRun.State
Part = ScoreChunk.State


def organisation(branches=4, members=3):
    """A committee with branches; the members' points differ, some are equal."""
    top = committee()
    rules = rule_set(top)
    by, clause = user(), item(rules, "基-1")
    homes = [branch(top) for _ in range(branches)]
    people = [member(home) for home in homes for _ in range(members)]
    open_member_accounts()
    for number, who in enumerate(people):
        entry(account(who), clause, number % 7 * 5, filed_by=by)
    return top


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Two branches of three members are a chunk."""
    monkeypatch.setattr(runs, "CHUNK_ACCOUNTS", {"postgresql": 6, "sqlite": 6})


def scores():
    fields = ("account", "month", "unit", "total", "sections", "rank_in_branch")
    return sorted((*row[:3], row[3], tuple(row[4]), row[5]) for row in Score.objects.values_list(*fields))


def standings():
    rows = Standing.objects.filter(span="MONTH").order_by("unit", "rank")
    return list(rows.values_list("unit", "total", "count", "rank"))


# --- the row is the job ---------------------------------------------------------------------
def test_run_is_cut_into_chunks_of_whole_branches(db):
    top = organisation(branches=5)
    run = start_run(top, MONTH, by=None)
    assert [len(chunk.unit_ids) for chunk in run.chunks.all()] == [2, 2, 1]
    assert progress(run) == (0, 3, 0)
    assert (run.state, AuditEvent.objects.filter(action="scoring.start_run").count()) == ("WAITING", 1)


def test_branch_larger_than_a_chunk_is_not_cut(db):
    top = organisation(branches=2, members=20)
    assert [len(chunk.unit_ids) for chunk in start_run(top, MONTH, by=None).chunks.all()] == [1, 1]


def test_run_computes_ranks_and_says_so(db):
    top = organisation()
    run = finish_run(start_run(top, MONTH, by=user()))
    assert (run.state, progress(run), run.failure) == ("DONE", (2, 2, 12), "")
    assert run.finished_at <= timezone.now()
    assert len(scores()) == 12
    assert sum(row[2] for row in standings()) == 12


def test_run_of_a_committee_without_branches_is_done_at_once(db):
    run = finish_run(start_run(committee(), MONTH, by=None))
    assert (run.state, progress(run)) == ("DONE", (0, 0, 0))


def test_run_twice_or_late_gives_the_same(db):
    top = organisation()
    finish_run(start_run(top, MONTH, by=None))
    first = (scores(), standings())
    again = finish_run(start_run(top, MONTH, by=None))
    assert (scores(), standings()) == first
    # A message that comes late finds nothing to do.
    assert work_on(again.pk) is False
    assert (scores(), standings()) == first


def test_same_slot_is_one_run(db):
    top = organisation()
    first = start_run(top, MONTH, by=None, slot="s")
    assert start_run(top, MONTH, by=None, slot="s") == first
    assert ScoreChunk.objects.count() == 2


def test_same_slot_from_two_schedulers_is_one_run(real_db):
    top = organisation()
    started = race(4, lambda number: start_run(top, MONTH, by=None, slot="s"))
    assert {run.pk for run in started} == {ScoreRun.objects.get().pk}
    assert ScoreChunk.objects.count() == 2


def test_run_by_hand_is_refused_while_one_is_under_way(db):
    top = organisation()
    run = start_run(top, MONTH, by=user())
    with pytest.raises(Refused, match="2026 年 9 月正在计算，请等它完成。"):
        start_run(top, MONTH, by=user())
    start_run(top, 202608, by=user())
    finish_run(run)
    assert finish_run(start_run(top, MONTH, by=user())).state == "DONE"


@pytest.mark.parametrize("month", [299912, 202613, 0])
def test_run_of_a_month_that_has_not_begun_is_refused(db, month):
    with pytest.raises(Refused, match="还没有开始，不能计算。"):
        start_run(committee(), month, by=None)


# --- claims, failures, cancelling -----------------------------------------------------------
def test_chunk_is_claimed_once_and_taken_over_when_its_lease_is_over(db, settings):
    run = start_run(organisation(), MONTH, by=None)
    first, second = claim_chunk(run), claim_chunk(run)
    assert first.pk != second.pk
    assert claim_chunk(run) is None
    ScoreChunk.objects.filter(pk=first.pk).update(
        claimed_at=timezone.now() - datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    )
    taken = claim_chunk(run)
    assert (taken.pk, taken.attempts) == (first.pk, 2)
    assert claim_chunk(run) is None


def test_two_claims_at_once_get_different_chunks(real_db):
    run = start_run(organisation(branches=12), MONTH, by=None)
    claimed = race(8, lambda number: claim_chunk(run))
    taken = [chunk.pk for chunk in claimed if chunk is not None]
    assert len(taken) == len(set(taken)) == 6
    assert set(ScoreChunk.objects.values_list("attempts", flat=True)) == {1}


def test_worker_that_was_given_up_and_comes_back_does_no_harm(db, settings):
    """Its chunk was computed by another in the meantime; it writes the same."""
    run = start_run(organisation(), MONTH, by=None)
    slow = claim_chunk(run)
    settings.JOB_LEASE_SECONDS = -1
    finish_run(run)
    before = (scores(), standings())
    runs.compute_chunk(slow, run)
    run.refresh_from_db()
    assert (scores(), standings(), run.state) == (*before, "DONE")


def test_chunk_that_always_fails_ends_the_run_with_a_sentence(db, settings, monkeypatch):
    run = start_run(organisation(), MONTH, by=None)
    settings.JOB_LEASE_SECONDS = -1
    bad = run.chunks.first()
    compute = runs.compute_units

    def broken(unit_ids, month):
        if unit_ids == bad.unit_ids:
            raise RuntimeError("disk full")
        return compute(unit_ids, month)

    monkeypatch.setattr(runs, "compute_units", broken)
    failures = 0
    while run.state in ("WAITING", "RUNNING"):
        try:
            work_on(run.pk)
        except RuntimeError:
            failures += 1
        run.refresh_from_db()
    assert (failures, run.state) == (runs.MAX_ATTEMPTS, "FAILED")
    assert run.failure == f"第 {bad.pk} 片多次计算未成功，请查看工作进程日志。"
    # The other chunk was not held up by it.
    assert progress(run) == (1, 2, 6)
    assert (due_runs(), work_on(run.pk)) == ([], False)


def test_failed_chunk_leaves_nothing_half_written(db, monkeypatch):
    run = start_run(organisation(), MONTH, by=None)

    def broken(*args):
        raise RuntimeError("lost")

    monkeypatch.setattr("scoring.services.scores.drop_others", broken)
    with pytest.raises(RuntimeError):
        work_on(run.pk)
    assert (scores(), progress(run)) == ([], (0, 2, 0))


def test_cancelled_run_stops_between_two_chunks(db):
    run = start_run(organisation(), MONTH, by=None)
    assert work_on(run.pk) is True
    cancel_run(run, by=user())
    assert work_on(run.pk) is False
    run.refresh_from_db()
    assert (run.state, progress(run), len(scores()), due_runs()) == ("CANCELLED", (1, 2, 6), 6, [])
    with pytest.raises(Refused, match="这次计算已经结束，不能取消。"):
        cancel_run(run, by=user())


def test_cancel_and_finish_at_once_leave_one_answer(real_db):
    top = organisation(branches=2)
    by = user()
    for _ in range(5):
        run = start_run(top, MONTH, by=None, slot=f"{timezone.now()}")
        finished, cancelled = race(
            2, lambda place, run=run: [lambda: finish_run(run), lambda: cancel_run(run, by=by)][place]()
        )
        run.refresh_from_db()
        assert run.state in ("DONE", "CANCELLED")
        assert isinstance(cancelled, Refused) is (run.state == "DONE")
        assert not isinstance(finished, Exception)


def test_two_workers_share_a_run_and_finish_it_once(real_db):
    top = organisation(branches=12)
    run = start_run(top, MONTH, by=None)
    assert [one.pk for one in race(3, lambda number: finish_run(run))] == [run.pk] * 3
    finish_run(run)
    run.refresh_from_db()
    assert (run.state, progress(run)) == ("DONE", (6, 6, 36))
    assert set(run.chunks.values_list("attempts", flat=True)) == {1}
    assert len(scores()) == 36
    assert sum(row[2] for row in standings()) == 36


def test_run_beside_people_who_submit_and_close_waits_for_nobody_for_ever(real_db, monkeypatch):
    """One chunk holds all branches, stale marks and all, and each of them goes its way: no deadlock, no old score."""
    monkeypatch.setattr(runs, "CHUNK_ACCOUNTS", {"postgresql": 1000, "sqlite": 1000})
    top = committee()
    clause = item(rule_set(top), "基-1")
    closer = official(top, "COMMITTEE_MEMBER", branch(top))
    homes = [branch(top) for _ in range(4)]
    secretaries = [official(home, "BRANCH_SECRETARY", home) for home in homes]
    checkers = [official(home, "BRANCH_DEPUTY", home) for home in homes]
    open_member_accounts()
    numbers = (202604, 202605, 202606)
    for home, by in zip(homes, secretaries, strict=True):
        for month in numbers:
            Month.objects.create(unit=home, month=month, is_stale=True)
            draft(account(by.member), clause, "50", by, home, month)

    def walk(place, month):
        home = homes[place]
        months.submit_month(months.month_of_unit(home, month), by=secretaries[place])
        months.check_month(months.month_of_unit(home, month), by=checkers[place])
        months.close_month(months.month_of_unit(home, month), by=closer)

    def compute(month):
        for number in range(4):
            finish_run(start_run(top, month, by=None, slot=f"{month}:{number}"))

    for month in numbers:
        acts = [partial(walk, 0), partial(walk, 1), partial(walk, 2), partial(walk, 3), compute]
        assert race(5, lambda place, acts=acts, month=month: acts[place](month)) == [None] * 5
        assert Score.objects.filter(month=month, total=50).count() == 4
        assert Standing.objects.get(month=month, span="MONTH", rank=1).count == 4


# --- what is due ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "parts", "due"),
    [
        ("WAITING", ["WAITING", "WAITING"], True),
        ("RUNNING", ["DONE", "WAITING"], True),
        ("RUNNING", ["CLAIMED", "WAITING"], True),
        ("RUNNING", ["CLAIMED", "DONE"], False),
        ("RUNNING", ["CLAIMED", "CLAIMED"], False),
        ("RUNNING", ["LOST", "DONE"], True),
        ("RUNNING", ["LOST", "CLAIMED"], True),
        ("RUNNING", ["DONE", "DONE"], True),
        ("WAITING", [], True),
        ("DONE", ["DONE", "DONE"], False),
        ("FAILED", ["WAITING", "DONE"], False),
        ("CANCELLED", ["WAITING"], False),
    ],
)
def test_sweep_finds_what_nobody_works_on(db, settings, state, parts, due):
    now = timezone.now()
    lost = now - datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS + 1)
    run = ScoreRun.objects.create(unit=committee(), month=MONTH, state=state, slot="s")
    for part in parts:
        ScoreChunk.objects.create(
            run=run,
            unit_ids=[],
            state=Part.CLAIMED if part == "LOST" else part,
            claimed_at=lost if part == "LOST" else now,
        )
    # Another run, in good hands, must not change the answer.
    other = ScoreRun.objects.create(unit=run.unit, month=MONTH, state="RUNNING", slot="t")
    ScoreChunk.objects.create(run=other, unit_ids=[], state=Part.CLAIMED, claimed_at=now)
    assert due_runs() == ([run.pk] if due else [])


def test_sweep_finishes_what_a_lost_message_forgot(db, monkeypatch):
    top = organisation()
    run = start_run(top, MONTH, by=None)
    work_on(run.pk)
    sent = []
    monkeypatch.setattr(tasks.work_on_score_run, "delay", sent.append)
    tasks.sweep_score_runs()
    assert sent == [run.pk]
    for run_id in sent:
        tasks.work_on_score_run(run_id)
    run.refresh_from_db()
    assert (run.state, len(scores())) == ("DONE", 12)
    tasks.sweep_score_runs()
    assert sent == [run.pk] * 2


# --- nights ---------------------------------------------------------------------------------
def night(*day):
    started = night_runs(datetime.date(*day))
    for run in started:
        finish_run(run)
    return [run.month for run in started]


def test_night_computes_the_month_before_once(db):
    organisation()
    assert night(2026, 10, 1) == [202609]
    assert len(scores()) == 12
    assert [night(2026, 10, day) for day in (1, 2, 15, 31)] == [[], [], [], []]


def test_night_is_late_and_still_does_it(db):
    organisation()
    assert night(2026, 10, 27) == [202609]


def test_nights_of_a_standstill_are_caught_up(db):
    """Off from the end of July until November: nobody has to remember which months are missing."""
    organisation()
    assert night(2026, 7, 1) == [202606]
    assert night(2026, 11, 3) == [202607, 202608, 202609, 202610]
    assert night(2026, 11, 4) == []


def test_night_computes_again_what_has_changed(db):
    top = organisation()
    home = top.__class__.objects.branches().first()
    night(2026, 10, 1)
    Month.objects.create(unit=home, month=202608, is_stale=True)
    Month.objects.create(unit=home, month=202610, is_stale=True)
    Month.objects.create(unit=home, month=202607)
    assert night(2026, 10, 2) == [202608, 202610]
    assert night(2026, 10, 3) == []


def test_night_asks_each_tree_for_itself(db):
    first, second = organisation(), organisation()
    assert Counter(run.unit for run in night_runs(datetime.date(2026, 10, 1))) == {first: 1, second: 1}


def test_night_tries_again_what_failed_but_not_what_was_cancelled(db):
    organisation()
    run = night_runs(datetime.date(2026, 10, 1))[0]
    ScoreRun.objects.filter(pk=run.pk).update(state=State.FAILED)
    assert night(2026, 10, 2) == [202609]
    assert night(2026, 10, 3) == []
    ScoreRun.objects.all().update(state=State.CANCELLED)
    assert night(2026, 10, 4) == []


@pytest.mark.parametrize(
    ("moment", "months"),
    [
        # 30 September 23:30 and 1 October 00:30 in Shanghai.
        ("2026-09-30T15:30:00+00:00", [202608]),
        ("2026-09-30T16:30:00+00:00", [202609]),
        ("2026-12-31T16:30:00+00:00", [202612]),
    ],
)
def test_month_begins_at_midnight_in_shanghai(db, monkeypatch, moment, months):
    organisation()
    monkeypatch.setattr(timezone, "now", lambda: datetime.datetime.fromisoformat(moment))
    sent = []
    monkeypatch.setattr(tasks.work_on_score_run, "delay", sent.append)
    tasks.score_night()
    assert [ScoreRun.objects.get(pk=pk).month for pk in sent] == months


def test_timetable_is_that_of_shanghai():
    assert app.conf.timezone == "Asia/Shanghai"
    due = app.conf.beat_schedule["nightly scores"]["schedule"]
    assert (due.hour, due.minute) == ({1}, {10})
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {tasks.sweep_score_runs.name, tasks.score_night.name} <= scheduled


# --- real workers ---------------------------------------------------------------------------
def undisturbed(top):
    """Scores of a run that nobody disturbs, on the same data."""
    disturbed = (scores(), standings())
    Score.objects.all().delete()
    Standing.objects.all().delete()
    assert finish_run(start_run(top, MONTH, by=None)).state == "DONE"
    return disturbed, (scores(), standings())


def done(run):
    return progress(run)[0]


def state(run):
    return ScoreRun.objects.get(pk=run.pk).state


def swept(run, worker, seconds=60):
    """The sweep of the timetable, without waiting for its minute."""

    def is_done():
        tasks.sweep_score_runs()
        return state(run) == "DONE"

    wait_until(is_done, seconds=seconds, what=worker.log)


def test_month_job_survives_kill_9(start_worker, settings, monkeypatch):
    settings.JOB_LEASE_SECONDS = 1
    monkeypatch.setattr(runs, "CHUNK_ACCOUNTS", {"postgresql": 1, "sqlite": 1})
    top = organisation(branches=240, members=1)
    run = start_run(top, MONTH, by=None)
    first = start_worker(JOB_LEASE_SECONDS="1")
    tasks.work_on_score_run.delay(run.pk)
    wait_until(lambda: done(run) >= 3, what=first.log)
    first.kill()
    assert 3 <= done(run) < 240
    assert state(run) == "RUNNING"
    second = start_worker(JOB_LEASE_SECONDS="1")
    swept(run, second)
    disturbed, clean = undisturbed(top)
    assert len(disturbed[0]) == 240
    assert disturbed == clean


def test_worker_killed_while_it_computes_a_chunk_is_followed_by_another(start_worker, settings):
    """What a dead worker has claimed is taken over when its lease is over."""
    settings.JOB_LEASE_SECONDS = 1
    top = organisation()
    run = start_run(top, MONTH, by=None)
    ScoreRun.objects.update(state=State.RUNNING)
    assert claim_chunk(run).attempts == 1
    worker = start_worker(JOB_LEASE_SECONDS="1")
    swept(run, worker)
    assert sorted(run.chunks.values_list("attempts", flat=True)) == [1, 2]
    disturbed, clean = undisturbed(top)
    assert disturbed == clean


def test_emptied_broker_costs_a_sweep_and_nothing_else(start_worker):
    top = organisation()
    worker = start_worker()
    worker.kill()
    run = start_run(top, MONTH, by=None)
    tasks.work_on_score_run.delay(run.pk)
    assert app.control.purge() == 1
    worker = start_worker()
    swept(run, worker)
    disturbed, clean = undisturbed(top)
    assert disturbed == clean


def test_two_worker_processes_share_a_run(start_worker):
    top = organisation(branches=40)
    run = start_run(top, MONTH, by=None)
    workers = [start_worker(), start_worker()]
    for _ in workers:
        tasks.work_on_score_run.delay(run.pk)
    wait_until(lambda: state(run) == "DONE", seconds=60, what=workers[0].log)
    assert set(run.chunks.values_list("attempts", flat=True)) == {1}
    disturbed, clean = undisturbed(top)
    assert disturbed == clean
