"""Every page states an existing permission, and answers each role as its table says (tests/routes/)."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
import rules
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import factories
from tests.routes import ROLES

APPS = ("members", "scoring", "evaluations", "publicity", "config")
# Pages that need no sign-in. Each new one is a decision.
OPEN = {"members:sign-in", "evaluations:vote", "evaluations:vote-cast", "evaluations:vote-receipts"}


def pages(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Name and pattern of every page but those of the rescue tool, which has a test of its own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if not isinstance(pattern, URLResolver):
            yield f"{prefix}{pattern.name}", pattern
        elif pattern.app_name != "admin":
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from pages(pattern.url_patterns, inner)


PAGES = dict(pages())


def app_of(name: str) -> str:
    return name.split(":")[0] if ":" in name else "config"


def table(app: str) -> ModuleType | None:
    try:
        return importlib.import_module(f"tests.routes.{app}")
    except ModuleNotFoundError:
        return None


TABLES = {app: found for app in APPS if (found := table(app))}
ROWS = [(app, name) for app, found in TABLES.items() for name in found.ROUTES]


@pytest.mark.parametrize("name", PAGES)
def test_page_states_a_permission_that_exists(name):
    permission = getattr(PAGES[name].callback, "permission", None)
    if name in OPEN:
        assert permission == "open"
    else:
        assert permission is not None, f"{name} has no @permitted"
        assert rules.perm_exists(permission), f"{name} asks {permission}, which no rules.py knows"


@pytest.mark.parametrize("app", sorted({app_of(name) for name in PAGES}))
def test_every_page_stands_in_the_table_of_its_app(app):
    known = set(TABLES[app].ROUTES) if app in TABLES else set()
    assert known == {name for name in PAGES if app_of(name) == app}


def test_no_two_pages_share_a_name():
    names = [name for name, _pattern in pages()]
    assert sorted(names) == sorted(set(names))


@dataclass(frozen=True)
class House:
    """The cast signed in, and the addresses of an app's pages: made once, every request is taken back."""

    table: ModuleType
    clients: dict[str, Client]
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def house(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    table = TABLES[request.param]
    with django_db_blocker.unblock(), transaction.atomic():
        cast = factories.cast()
        arguments = table.arguments(cast)
        people = {"nobody": None, **cast.by_role()}
        clients = {role: Client() for role in ROLES}
        for role in ROLES:
            if people[role]:
                clients[role].force_login(people[role])
        yield House(table, clients, {name: reverse(name, args=arguments.get(name)) for name in table.ROUTES})
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("house", "name"), ROWS, ids=[name for _app, name in ROWS], indirect=["house"], scope="module"
)
def test_page_answers_each_role_as_the_table_says(house, name):
    got = {role: status_for(house, role, name, name in house.table.POSTED) for role in ROLES}
    assert got == house.table.ROUTES[name]


def status_for(house: House, role: str, name: str, is_posted: bool) -> int:
    """What one role is answered; what the request wrote is taken back, and so is a sign-out."""
    client, address = house.clients[role], house.addresses[name]
    cookies = client.cookies.copy()
    with transaction.atomic():
        answer = client.post(address) if is_posted else client.get(address)
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer.status_code
