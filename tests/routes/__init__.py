"""Who gets which answer from which page: one table per app, compared in tests/test_routes.py.

Each app has a module here, named after the app, with

    ROUTES       url name -> {role of the cast, or "nobody": status}; build the inner dictionary with `answers`
    POSTED       names in ROUTES that only answer POST
    arguments    a function: the cast -> {url name: arguments of the URL}, for pages of one thing

A page that stands in no table fails the test.
"""

from dataclasses import fields

from tests.factories import Cast

ROLES = ("nobody", *(field.name for field in fields(Cast) if field.type == "User"))
SIGN_IN = 302


def answers(others: int, **exceptions: int) -> dict[str, int]:
    """The status for every role: `exceptions` by name, `others` for the rest; nobody is sent to the sign-in."""
    unknown = set(exceptions) - set(ROLES)
    if unknown:
        raise ValueError(f"no such role: {unknown}")
    return dict.fromkeys(ROLES, others) | {"nobody": SIGN_IN} | exceptions


def only(*roles: str, status: int = 200, others: int = 403) -> dict[str, int]:
    """`status` for these roles, `others` for the rest."""
    return answers(others, **dict.fromkeys(roles, status))
