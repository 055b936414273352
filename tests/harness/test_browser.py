import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

from django.core.handlers.wsgi import WSGIHandler
from django.urls import reverse

from tests.harness.server import running_server


def test_page_speaks_chinese_at_local_time(page_for):
    page = page_for()
    page.goto(reverse("members:sign-in"))
    assert page.evaluate("navigator.language") == "zh-CN"
    assert page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone") == "Asia/Shanghai"
    assert page.viewport_size == {"width": 1440, "height": 900}


def test_phone_is_narrow(page_for):
    page = page_for(phone=True)
    page.goto(reverse("members:sign-in"))
    assert page.viewport_size == {"width": 390, "height": 844}


def test_complaints_hear_errors_exceptions_and_policy_violations(page_for, complaints):
    page = page_for()
    page.goto(reverse("members:sign-in"))
    page.evaluate("console.error('said aloud')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_timeout(200)
    heard = "\n".join(complaints.unexpected())
    for expected in ("said aloud", "uncaught: thrown", "Content-Security-Policy: style-src-attr"):
        assert re.search(expected, heard), heard
        complaints.expect(expected)
    complaints.expect("Refused to apply|violates the following Content Security Policy")


def test_server_lets_a_late_request_end(real_db, monkeypatch):
    entered = threading.Event()
    ended = []

    def slow(self, environ, start_response):
        entered.set()
        time.sleep(0.5)
        ended.append("ended")
        start_response("200 OK", [("Content-Length", "0")])
        return []

    monkeypatch.setattr(WSGIHandler, "__call__", slow)
    with ThreadPoolExecutor() as pool, running_server() as address:
        pool.submit(urlopen, address, timeout=5)
        assert entered.wait(5)
    assert ended == ["ended"]
