"""Ballots in a burst: everybody votes at once, half of them members, half with a code, through a real web server.

Sixteen clients keep their connections open, as browsers do. Afterwards every receipt that was given is in the box, and
there is nothing else in it.
"""

from __future__ import annotations

import contextlib
import datetime
import http.client
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from benchmarks.measure import Setting, note
from benchmarks.report import Line, middle
from evaluations.blueprints import blueprint
from evaluations.models import Campaign, Poll, RollEntry, SealedBallot
from evaluations.services.ballots import BallotForm
from evaluations.services.campaigns import create_campaign, open_campaign
from evaluations.services.polls import MOST_AT_ONCE, open_polls, prepare_polls
from members.models import Appointment, Member, Membership, OrgUnit, User
from scoring.services.accounts import open_member_accounts

CLIENTS = 16
# As many vote with a code in each branch as are members of it.
MEMBERS_PER_BRANCH = 20
PER_SECOND = {"postgresql": 200, "sqlite": 100}
QUERIES = 8
TOKEN = "b" * 32
_RECEIPT = re.compile(rb'data-copy-text="([0-9a-f]{64})"')


@dataclass(frozen=True)
class Request:
    """One ballot on its way: where it goes, what it says, who sends it."""

    path: str
    body: str
    headers: dict[str, str]


def measure(setting: Setting) -> Iterator[Line]:
    requests = _requests(_campaign(setting.size // 2))
    note(f"{len(requests)} voters made")
    queries = max(_queries(requests[0]), _queries(requests[-1]))
    times = []
    with _server() as port:
        for number in range(setting.runs):
            _empty_boxes()
            connections.close_all()
            taken, receipts = _burst(port, requests)
            _require_whole(receipts, len(requests))
            times.append(taken)
            note(f"round {number + 1}: {len(requests) / taken:.0f} ballots/s")
    seconds = middle(times)
    rate, least = len(requests) / seconds, PER_SECOND[connection.vendor]
    yield Line(
        f"ballots in a burst, {CLIENTS} clients, {connection.vendor}", f"{len(requests):,}", seconds, None,
        f"≥ {least}/s, none lost, ≤ {QUERIES} queries", rate >= least and queries <= QUERIES,
        remark=f"{rate:.0f}/s, {queries} statements each with BEGIN and COMMIT",
    )  # fmt: skip


# --- who votes -------------------------------------------------------------------------------------
def _campaign(members: int) -> list[tuple[Poll, list[str]]]:
    """Branches of twenty with their polls, opened; the codes of the outside voters."""
    top = _unit(OrgUnit.Kind.PARTY_COMMITTEE, None, "党委")
    count = max(1, members // MEMBERS_PER_BRANCH)
    branches = [_unit(OrgUnit.Kind.BRANCH, top, f"第{number}党支部") for number in range(count)]
    rows = [
        Member(
            staff_number=f"{30_000 + number}", name=f"党员{number}", joined_on="2010-07-01", regular_on="2011-07-01"
        )
        for number in range(len(branches) * MEMBERS_PER_BRANCH)
    ]
    for row in rows:
        row.save()
    Membership.objects.bulk_create(
        Membership(member=row, branch=branches[place % len(branches)], started_on="2020-01-01")
        for place, row in enumerate(rows)
    )
    User.objects.bulk_create(User(username=row.staff_number, member=row, password="!") for row in rows)
    Appointment.objects.create(member=rows[0], unit=top, post=Appointment.Post.PARTY_WORKER, started_on="2020-01-01")
    by, today = User.objects.get(member=rows[0]), timezone.localdate()
    open_member_accounts()
    campaign: Campaign = create_campaign(top, blueprint("star"), year=today.year, starts_on=today, name="", by=by)
    campaign.stages.update(opens_on=today, closes_on=today)
    campaign = open_campaign(campaign, by=by)
    peer, masses = campaign.stages.get(kind="PEER"), campaign.stages.get(kind="MASSES")
    made = prepare_polls(peer, {}, by=by)
    # As many codes as are made in one go.
    at_once = MOST_AT_ONCE // MEMBERS_PER_BRANCH
    for place in range(0, len(branches), at_once):
        outsiders = {branch.pk: MEMBERS_PER_BRANCH for branch in branches[place : place + at_once]}
        made += prepare_polls(masses, outsiders, by=by)
    for stage in (peer, masses):
        open_polls(stage, by=by)
    return made


def _unit(kind: str, parent: OrgUnit | None, name: str) -> OrgUnit:
    row = OrgUnit.objects.create(kind=kind, parent=parent, name=name)
    row.path = f"{parent.path if parent else ''}{row.pk}."
    row.save(update_fields=["path"])
    return row


def _requests(made: list[tuple[Poll, list[str]]]) -> list[Request]:
    """Members first, then codes."""
    sessions = _sign_in()
    found = []
    for poll, _codes in made:
        form = BallotForm.of(poll)
        for member in RollEntry.objects.filter(poll=poll, member__isnull=False).values_list("member", flat=True):
            cookie = f"sessionid={sessions[member]}; csrftoken={TOKEN}"
            body = _marks(form, member) | {"csrfmiddlewaretoken": TOKEN}
            found.append(_request(reverse("evaluations:ballot", args=[poll.pk]), body, cookie))
    for poll, codes in made:
        form = BallotForm.of(poll)
        found += [
            _request(reverse("evaluations:vote-cast"), _marks(form, None) | {"code": code}, "") for code in codes
        ]
    return found


def _marks(form: BallotForm, member: int | None) -> dict[str, str]:
    return {f"m{pk}": f"{pk % 4}" for pk in form.asked_of(member)}


def _request(path: str, body: dict[str, str], cookie: str) -> Request:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(path, urlencode(body), headers | ({"Cookie": cookie} if cookie else {}))


def _sign_in() -> dict[int, str]:
    """Member -> key of a session that has just been used: the form was opened a moment ago."""
    rows, keys, now = [], {}, int(time.time())
    for user in User.objects.filter(member__isnull=False):
        store = SessionStore()
        keys[user.member_id] = store._get_new_session_key()
        content = {
            "_auth_user_id": str(user.pk),
            "_auth_user_backend": "members.backends.SignInBackend",
            "_auth_user_hash": user.get_session_auth_hash(),
            # Not in the past for as long as the measurement takes.
            "seen_at": now + 3600,
        }
        expires = timezone.now() + datetime.timedelta(hours=12)
        row = Session(session_key=keys[user.member_id], session_data=store.encode(content), expire_date=expires)
        rows.append(row)
    Session.objects.bulk_create(rows, batch_size=500)
    return keys


# --- the burst -------------------------------------------------------------------------------------
def _queries(request: Request) -> int:
    """In this process, where they can be counted; the ballot is taken out again before the first round."""
    client = Client(SERVER_NAME="localhost")
    cookie = {"HTTP_COOKIE": request.headers["Cookie"]} if "Cookie" in request.headers else {}
    with CaptureQueriesContext(connection) as captured:
        answer = client.post(request.path, request.body, content_type=request.headers["Content-Type"], **cookie)
    if not _RECEIPT.search(answer.content):
        raise AssertionError(f"{request.path} answers {answer.status_code} without a receipt")
    return len(captured)


@contextlib.contextmanager
def _server() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--threads", "8", "--log-level", "warning"]
    process = subprocess.Popen(command)
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", reverse("evaluations:vote"))
            if asked.getresponse().status == 200:
                return
        time.sleep(0.2)
    raise AssertionError("gunicorn did not start")


def _burst(port: int, requests: list[Request]) -> tuple[float, list[str]]:
    """Seconds from the first ballot to the last receipt, and the receipts."""
    waiting, gate = iter(requests), threading.Lock()
    ready = threading.Barrier(CLIENTS + 1)

    def send(_client: int) -> list[str]:
        asked, receipts = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
        ready.wait()
        while True:
            with gate:
                request = next(waiting, None)
            if request is None:
                return receipts
            asked.request("POST", request.path, request.body, request.headers)
            found = _RECEIPT.search(asked.getresponse().read())
            if found:
                receipts.append(found[1].decode())

    with ThreadPoolExecutor(CLIENTS) as pool:
        sending = [pool.submit(send, number) for number in range(CLIENTS)]
        ready.wait()
        started = time.perf_counter()
        found = [receipt for one in sending for receipt in one.result()]
        return time.perf_counter() - started, found


def _empty_boxes() -> None:
    SealedBallot.objects.all().delete()
    RollEntry.objects.update(has_voted=False)


def _require_whole(receipts: list[str], voters: int) -> None:
    """As many receipts as voters, all different, each of a ballot in the box."""
    sealed = set(SealedBallot.objects.values_list("digest", flat=True))
    voted = RollEntry.objects.filter(has_voted=True).count()
    if not (sealed == set(receipts) and len(receipts) == len(sealed) == voted == voters):
        raise AssertionError(f"{voters} voters, {len(receipts)} receipts, {len(sealed)} sealed, {voted} marked")
