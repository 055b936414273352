"""Chromium, driven by Playwright: pages in the product's language and time, which complain aloud."""

import os
import re
import shutil
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Reported by the browser for every directive of the Content-Security-Policy a page breaks.
_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`Content-Security-Policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


def chromium() -> str | None:
    """Path of the browser; the environment variable CHROMIUM names another one."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


class Complaints:
    """What the pages of one test said on their console, and every exception nobody caught."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """This test provokes a complaint that matches the regular expression; any other still fails it."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        return [line for line in self.lines if not any(re.search(pattern, line) for pattern in self.expected)]

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", self._page_error)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "assert"):
            self.lines.append(f"{message.text} ({message.location.get('url', '')})")

    def _page_error(self, error: Error) -> None:
        self.lines.append(f"uncaught: {error.message}")


def context_options(*, phone: bool, dark: bool) -> dict[str, Any]:
    return {
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": PHONE if phone else DESKTOP,
        "is_mobile": phone,
        "has_touch": phone,
        "color_scheme": "dark" if dark else "light",
        "reduced_motion": "reduce",
    }


def listen(context: BrowserContext, complaints: Complaints) -> None:
    context.add_init_script(_REPORT_VIOLATIONS)
    context.on("page", complaints.listen)


def sign_in(where: Page | BrowserContext, user: Any, address: str) -> None:
    """Give the browser a session of `user`, without the sign-in page."""
    client = Client()
    client.force_login(user, backend="members.backends.SignInBackend")
    context = where.context if isinstance(where, Page) else where
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": address}])
