"""What is told of all apps together has its tasks above them."""

from functools import partial

from celery import shared_task
from django.utils import timezone

from config.waiting import send_reminders as remind_everyone
from config.waiting import waiting_for
from members.services.digest import send_digests as send


@shared_task
def send_digests() -> None:
    now = timezone.now()
    send(partial(waiting_for, today=timezone.localdate(now)), now)


@shared_task
def send_reminders() -> None:
    remind_everyone(timezone.localdate())
