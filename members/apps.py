from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = _("党员与组织")

    def ready(self) -> None:
        from members import receivers  # noqa: F401  (connects the signals)
