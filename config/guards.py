"""What the database refuses by triggers: put on after every migration, looked for at every start."""

from __future__ import annotations

from typing import Any

from celery.signals import worker_init
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from members import append_only
from scoring import published_only


def remove(using: str, **kwargs: Any) -> None:
    """Before a migration: the triggers that name several tables would stop it."""
    published_only.remove(using)


def install(using: str, **kwargs: Any) -> None:
    append_only.install(using)
    published_only.install(using)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Tables that lack a trigger."""
    return [*append_only.missing(connection), *published_only.missing(connection)]


def require() -> None:
    """Called when a server or a worker starts. Raise ImproperlyConfigured when a table is unguarded."""
    append_only.require()
    published_only.require()


@worker_init.connect
def _require_for_worker(**kwargs: Any) -> None:
    """As wsgi.py does for the server. Celery swallows an exception here, so the worker is told to leave."""
    try:
        require()
    except ImproperlyConfigured as missing:
        raise SystemExit(str(missing)) from None
