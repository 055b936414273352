from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from members import audit_labels
from scoring.audit_labels import LABELS


class ScoringConfig(AppConfig):
    name = "scoring"
    verbose_name = _("积分")

    def ready(self) -> None:
        from scoring import published_only, receivers  # noqa: F401  (connects the signals)

        audit_labels.add(LABELS)
        connection_created.connect(published_only.teach)
