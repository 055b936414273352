from typing import Any

from django.apps import AppConfig
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
