"""Celery: the night's timetable in one place.

A row in the database is the job; a message only wakes a worker. The minutely sweep finds what is due,
so a lost message, an emptied broker or a killed worker costs a minute and nothing else.
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("party_points")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "sweep roster imports": {"task": "members.tasks.sweep_roster_imports", "schedule": crontab()},
    "sweep score runs": {"task": "scoring.tasks.sweep_score_runs", "schedule": crontab()},
    "nightly scores": {"task": "scoring.tasks.score_night", "schedule": crontab(hour=1, minute=10)},
    # Polls whose days are over are opened in the night; hourly, for a beat that was away.
    "count polls": {"task": "evaluations.tasks.count_due_polls", "schedule": crontab(minute=40)},
    # Hourly, for a beat that was away in the morning; nobody is reminded of the same thing twice.
    "reminders": {"task": "config.tasks.send_reminders", "schedule": crontab(hour="7-19", minute=20)},
    "daily mails": {"task": "config.tasks.send_digests", "schedule": crontab(hour="8-19", minute="*/5")},
}
