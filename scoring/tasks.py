"""Thin: fetch by id, call a service, end. The rows know what is to do."""

from celery import shared_task
from django.utils import timezone

from scoring.services import runs


@shared_task
def work_on_score_run(run_id: int) -> None:
    """One chunk per message, so that several workers share a run; the next message follows."""
    if runs.work_on(run_id):
        work_on_score_run.delay(run_id)


@shared_task
def sweep_score_runs() -> None:
    """Every minute: wake a worker for whatever is due, whoever forgot it."""
    for run_id in runs.due_runs():
        work_on_score_run.delay(run_id)


@shared_task
def score_night() -> None:
    for run in runs.night_runs(timezone.localdate()):
        work_on_score_run.delay(run.pk)
