"""What happens at night and in the morning: every entry of the timetable is a task that a worker knows."""

from config.celery import app


def test_every_entry_of_the_timetable_is_a_task():
    app.loader.import_default_modules()
    asked = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert asked - set(app.tasks) == set()
    assert {"config.tasks.send_reminders", "config.tasks.send_digests"} <= asked
