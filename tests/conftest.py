"""Fixtures every test may use. What they do stands in `tests/harness/`, how to use them in `docs/testing.md`."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext, setup_databases, teardown_databases
from playwright.sync_api import Browser, Page, sync_playwright

from tests.harness import browser as chromium
from tests.harness.clones import cloned_database
from tests.harness.server import running_server
from tests.harness.workers import Worker, own_broker

NO_CHROMIUM = "Chromium is not installed"
hypothesis.settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("nightly", max_examples=5000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# --- collection and report ------------------------------------------------------------------
def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="leave out what asks no database: its answer is the same on every engine",
    )


def asks_database(item: pytest.Item) -> bool:
    """Whether the engine can make a difference to this test. How a page looks, in light and dark, is none of its
    business."""
    if "dark" in getattr(getattr(item, "callspec", None), "params", {}):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool({"db", "real_db"} & fixtures) or item.get_closest_marker("django_db") is not None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database-only"):
        left = [item for item in items if not asks_database(item)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if asks_database(item)]
    missing = chromium.chromium() is None
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        flushed = item.get_closest_marker("django_db")
        if {"transactional_db", "live_server"} & set(fixtures) or (flushed and flushed.kwargs.get("transaction")):
            raise pytest.UsageError(f"{item.nodeid}: the ledger refuses a flush; use the fixture real_db or server")
        if "browser" in fixtures:
            item.add_marker("browser")
            if missing:
                item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_CHROMIUM in str(report.longrepr)]
    if skipped:
        terminalreporter.section("BROWSER TESTS WERE SKIPPED", sep="!", red=True, bold=True)
        terminalreporter.line(f"{NO_CHROMIUM}: {len(skipped)} browser tests did not run.", red=True, bold=True)
        terminalreporter.line("Install it (Debian: apt-get install chromium fonts-noto-cjk) and run again.", red=True)


# --- database -------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The test database, also for a run in which every test clones it."""
    with django_db_blocker.unblock():
        created = setup_databases(verbosity=0, interactive=False, aliases={"default": None}, serialized_aliases={})
    yield
    with django_db_blocker.unblock():
        connection.close()
        teardown_databases(created, verbosity=0)


@pytest.fixture
def real_db(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """A copy of the empty migrated database where commits, threads and other processes are real."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("real_db and db exclude each other: db is one transaction that is rolled back")
    with django_db_blocker.unblock(), cloned_database() as name:
        yield name


@pytest.fixture
def queries() -> Callable[[], CaptureQueriesContext]:
    """`with queries() as asked: …` — then `len(asked)` is the number of queries."""
    return lambda: CaptureQueriesContext(connection)


# --- browser --------------------------------------------------------------------------------
@pytest.fixture
def server(real_db: str) -> Iterator[str]:
    """Address of a running web server on the cloned database."""
    with running_server() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.chromium(), args=chromium.ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def complaints() -> Iterator[chromium.Complaints]:
    """Fails the test for every console error, uncaught exception and policy violation it did not expect."""
    heard = chromium.Complaints()
    yield heard
    unexpected = heard.unexpected()
    if unexpected:
        pytest.fail("the page complained:\n" + "\n".join(unexpected), pytrace=False)


@pytest.fixture
def page_for(browser: Browser, server: str, complaints: chromium.Complaints) -> Iterator[Callable[..., Page]]:
    """`page_for(user, phone=False, dark=False)`: a page in a browser of its own, signed in; None for nobody."""
    contexts = []

    def open_page(user: Any = None, *, phone: bool = False, dark: bool = False, **options: Any) -> Page:
        context = browser.new_context(base_url=server, **chromium.context_options(phone=phone, dark=dark) | options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        chromium.listen(context, complaints)
        if user is not None:
            chromium.sign_in(context, user, server)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(server: str) -> Callable[..., None]:
    """`sign_in(page, user)`: the page goes on as this person."""
    return lambda where, user: chromium.sign_in(where, user, server)


# --- jobs -----------------------------------------------------------------------------------
@pytest.fixture
def start_worker(real_db: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Worker]]:
    """`start_worker(beat=False, JOB_LEASE_SECONDS="1")`: a worker process on the cloned database."""
    folder = tmp_path_factory.mktemp("jobs")
    workers: list[Worker] = []
    with own_broker(folder / "broker") as broker:

        def start(*, beat: bool = False, **environment: str) -> Worker:
            workers.append(Worker(folder / f"worker{len(workers)}", broker, environment, beat=beat))
            workers[-1].wait_until_ready()
            return workers[-1]

        yield start
        for worker in workers:
            worker.kill()


@pytest.fixture
def worker(start_worker: Callable[..., Worker]) -> Worker:
    """One running worker; `worker.kill()` is `kill -9`."""
    return start_worker()
