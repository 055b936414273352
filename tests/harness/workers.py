"""Real Celery workers: a process of its own, at a broker of the test's own, that can be killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from django.conf import settings

from config.celery import app
from tests.harness.clones import database_url
from tests.harness.threads import wait_until

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@contextlib.contextmanager
def own_broker(folder: Path) -> Iterator[dict[str, Any]]:
    """A broker nobody else reads from: Redis below a prefix where REDIS_URL is set, else files in `folder`.

    This process sends to it as well, for as long as it is open.
    """
    broker = _redis_broker() if settings.REDIS_URL else _file_broker(folder)
    before = {name: app.conf[name] for name in ("broker_url", "broker_transport_options")}
    _send_to(broker["url"], broker["options"])
    try:
        yield broker
    finally:
        _send_to(before["broker_url"], before["broker_transport_options"])
        if settings.REDIS_URL:
            _forget_keys(broker["options"]["global_keyprefix"])


def _redis_broker() -> dict[str, Any]:
    prefix = f"test-{uuid.uuid4().hex}-"
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"visibility_timeout": 300, "global_keyprefix": prefix}
    return {"url": settings.REDIS_URL, "options": options}


def _file_broker(folder: Path) -> dict[str, Any]:
    for name in ("queue", "control", "processed"):
        (folder / name).mkdir(parents=True)
    options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "processed"),
    }
    return {"url": "filesystem://localhost", "options": options}


def _send_to(url: str, options: dict[str, Any]) -> None:
    app.conf.update(broker_url=url, broker_transport_options=options)
    # What a forked child does: forget the pools, so that the next message opens its own connection.
    app._after_fork()


def _forget_keys(prefix: str) -> None:
    with contextlib.closing(redis.Redis.from_url(settings.REDIS_URL)) as client:
        for key in client.scan_iter(f"{prefix}*"):
            client.delete(key)


class Worker:
    """One worker process with its pool. `kill` is `kill -9` on all of it."""

    def __init__(self, folder: Path, broker: dict[str, Any], environment: dict[str, str], *, beat: bool) -> None:
        folder.mkdir()
        self._log = folder / "log"
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "worker",
            "--concurrency",
            "1",
            "--loglevel",
            "INFO",
        ]
        if beat:
            command += ["-B", "--schedule", str(folder / "schedule")]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ
                | {
                    "DJANGO_SETTINGS_MODULE": "tests.harness.worker_settings",
                    "DATABASE_URL": database_url(),
                    "TEST_BROKER": json.dumps(broker),
                    "LOG_LEVEL": "INFO",
                }
                | environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        def ready_or_dead() -> bool:
            return " ready." in self.log() or self.process.poll() is not None

        wait_until(ready_or_dead, seconds=START_SECONDS, what=self.log)
        assert self.process.poll() is None, self.log()

    def kill(self) -> None:
        """End worker and pool at once, as a power cut would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
