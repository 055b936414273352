from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class ConfigApp(AppConfig):
    """The house itself: home page, pages that mix apps, commands for the whole installation."""

    name = "config"
    label = "site"

    def ready(self) -> None:
        from config import guards  # models exist only now

        pre_migrate.connect(guards.remove, sender=self)
        # Last of the apps, so that every table stands when the triggers are put on.
        post_migrate.connect(guards.install, sender=self)
