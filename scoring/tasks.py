"""Thin: fetch by id, call a service, end. The rows know what is to do."""

import time

from celery import shared_task
from django.utils import timezone

from scoring.services import runs

# A message is worth this much work: between two, the file broker may let a second pass.
MESSAGE_SECONDS = 2


@shared_task
def work_on_score_run(run_id: int) -> None:
    """Chunk after chunk for a moment. The next message goes out after the first, so that another worker may join."""
    until = time.monotonic() + MESSAGE_SECONDS
    if not runs.work_on(run_id):
        return
    work_on_score_run.delay(run_id)
    while time.monotonic() < until and runs.work_on(run_id):
        pass


@shared_task
def sweep_score_runs() -> None:
    """Every minute: wake a worker for whatever is due, whoever forgot it."""
    for run_id in runs.due_runs():
        work_on_score_run.delay(run_id)


@shared_task
def score_night() -> None:
    for run in runs.night_runs(timezone.localdate()):
        work_on_score_run.delay(run.pk)
