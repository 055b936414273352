from config.celery import app
from tests.harness.threads import wait_until


def test_worker_receives_what_this_process_sends(worker):
    app.send_task("celery.accumulate", args=[1, 2])
    wait_until(lambda: "celery.accumulate" in worker.log() and "succeeded" in worker.log(), what=worker.log)


def test_killed_worker_is_followed_by_another(start_worker):
    first = start_worker()
    first.kill()
    assert first.process.returncode == -9
    second = start_worker()
    app.send_task("celery.accumulate", args=[1, 2])
    wait_until(lambda: "succeeded" in second.log(), what=second.log)
    assert "succeeded" not in first.log()
