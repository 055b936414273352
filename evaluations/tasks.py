"""Thin: call a service, end. The rows know what is to do."""

from celery import shared_task

from evaluations.services.codes import forget_wrong_codes
from evaluations.services.counting import count_due_polls as count


@shared_task
def count_due_polls() -> None:
    """Every night, and hourly through the day for a night that was missed; a second run finds nothing."""
    count()
    forget_wrong_codes()
