"""A real web server in a thread, on the database the test has cloned."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.test.testcases import LiveServerThread

from tests.harness.threads import wait_until

HOST = "127.0.0.1"


class _PlainHandler(WSGIHandler):
    """The product alone: no media handler around it, which would serve the working directory."""

    def __init__(self, _with_media: WSGIHandler) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.at_work = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self._count(1)
        try:
            return super().__call__(environ, start_response)
        finally:
            self._count(-1)

    def _count(self, step: int) -> None:
        with self.lock:
            self.at_work += step


@contextlib.contextmanager
def running_server() -> Iterator[str]:
    """Yield the address. Static files come through WhiteNoise, as they do in the product."""
    thread = LiveServerThread(HOST, static_handler=_PlainHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield f"http://{HOST}:{thread.port}"
    finally:
        handler: Any = thread.httpd.get_app()
        thread.terminate()
        # A late request must not find itself on the next test's database.
        wait_until(lambda: handler.at_work == 0, seconds=10)
