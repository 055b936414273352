"""Further database connections that live for the length of a `with`."""

import contextlib
from collections.abc import Iterator
from typing import Any

from django.db import connections


@contextlib.contextmanager
def connected(alias: str, **changes: Any) -> Iterator[str]:
    """Connect `alias` to what the default connection names, with some settings changed."""
    connections.settings[alias] = connections.settings["default"] | changes
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]
