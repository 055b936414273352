from celery import shared_task
from kombu.exceptions import OperationalError

from members.services import roster


@shared_task
def run_roster_import(pk: int) -> None:
    roster.run_import(pk)


@shared_task
def sweep_roster_imports() -> None:
    """Whatever is due, whoever was told or not; and uploads that nobody went on with."""
    for pk in roster.due_imports():
        roster.run_import(pk)
    roster.forget_uploads()


def wake_for_import(pk: int) -> None:
    """Called after the commit. Without a broker the minutely sweep finds the row."""
    try:
        run_roster_import.delay(pk)
    except OperationalError:
        return
