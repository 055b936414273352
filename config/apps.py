from typing import Any

from celery.signals import worker_init
from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import post_migrate

from members import append_only


class ConfigApp(AppConfig):
    """The house itself: home page, pages that mix apps, commands for the whole installation."""

    name = "config"
    label = "site"

    def ready(self) -> None:
        # Last of the apps, so that every table stands when the triggers are put on.
        post_migrate.connect(_guard, sender=self)


def _guard(using: str, **kwargs: Any) -> None:
    append_only.install(using)


@worker_init.connect
def _require_triggers(**kwargs: Any) -> None:
    """As wsgi.py does for the server. Celery swallows an exception here, so the worker is told to leave."""
    try:
        append_only.require()
    except ImproperlyConfigured as missing:
        raise SystemExit(str(missing)) from None
