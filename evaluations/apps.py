from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from evaluations.audit_labels import LABELS
from members import audit_labels


class EvaluationsConfig(AppConfig):
    name = "evaluations"
    verbose_name = _("评议")

    def ready(self) -> None:
        audit_labels.add(LABELS)
