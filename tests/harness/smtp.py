"""A real mail server on the loopback that takes letters, refuses them, stalls or hangs up: whatever the test says."""

from __future__ import annotations

import contextlib
import email
import socketserver
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from typing import Any

HOST = "127.0.0.1"
STALL, HANG_UP = "stall", "hang up"
STALL_SECONDS = 30


class MailServer(socketserver.ThreadingTCPServer):
    """`answers` says what is different from the usual: by verb, HELLO for the greeting and END for the end of a
    letter, an answer like "550 no", or STALL, or HANG_UP. A list is used up one by one, then the usual holds again."""

    daemon_threads = True
    allow_reuse_address = True
    # A stalled conversation ends with the test.
    block_on_close = False

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Conversation)
        self.answers: dict[str, str | list[str]] = {}
        self.letters: list[EmailMessage] = []
        self.connections = 0
        self.ended = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def answer(self, verb: str, usual: str) -> str:
        given = self.answers.get(verb, usual)
        if isinstance(given, str):
            return given
        return given.pop(0) if given else usual


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.server.connections += 1
        with contextlib.suppress(OSError):
            if not self._say("HELLO", "220 test"):
                return
            while line := self.rfile.readline():
                verb = line[:4].decode("ascii", "replace").strip().upper()
                is_kept = self._letter() if verb == "DATA" else self._say(verb, "250 ok")
                if verb == "QUIT" or not is_kept:
                    return

    def _say(self, verb: str, usual: str) -> bool:
        return self._utter(self.server.answer(verb, usual))

    def _utter(self, words: str) -> bool:
        """Out: whether the conversation goes on."""
        if words == STALL:
            self.server.ended.wait(STALL_SECONDS)
        if words in (STALL, HANG_UP):
            return False
        self.wfile.write(f"{words}\r\n".encode())
        return True

    def _letter(self) -> bool:
        words = self.server.answer("DATA", "354 go on")
        if not self._utter(words) or not words.startswith("3"):
            return words not in (STALL, HANG_UP)
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        words = self.server.answer("END", "250 taken")
        # Whoever stalls or hangs up here has the letter all the same.
        if words in (STALL, HANG_UP) or words.startswith("2"):
            self.server.letters.append(email.message_from_bytes(b"".join(lines), policy=default))
        return self._utter(words)


@contextlib.contextmanager
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server
        server.ended.set()
        server.shutdown()
        thread.join(10)


@contextlib.contextmanager
def mail_is_on(settings: Any) -> Iterator[MailServer]:
    """A mail server, and the product as it is with an EMAIL_URL that names it; its patience is a second."""
    with mail_server() as running:
        settings.MAIL_IS_ON = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = HOST, running.port, 1
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.DEFAULT_FROM_EMAIL = "points@example.cn"
        yield running
