from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from members.forms.fields import UnitField
from members.models import Appointment
from members.querysets import AppointmentQuerySet, OrgUnitQuerySet

# The rows of a trial travel to the confirmation and back, signed: nothing is kept on the server in between.
_SALT = "members.appointment-import"
_VALID_SECONDS = 3600


class UploadForm(forms.Form):
    file = forms.FileField(label=_("任职表（xlsx、xls 或 csv）"))


class ConfirmForm(forms.Form):
    rows = forms.CharField(widget=forms.HiddenInput)

    @staticmethod
    def seal(rows: list[Any], user_id: int) -> str:
        return signing.dumps([user_id, rows], salt=_SALT, compress=True)

    def unsealed(self, user_id: int) -> list[Any] | None:
        """The rows of one's own trial, None when it is too old or was tampered with."""
        try:
            owner, rows = signing.loads(self.data.get("rows", ""), salt=_SALT, max_age=_VALID_SECONDS)
        except signing.BadSignature:
            return None
        return list(rows) if owner == user_id else None


class AppointmentFilter(forms.Form):
    unit = UnitField(label=_("任职组织"), required=False, empty_label=_("全部"))
    post = forms.ChoiceField(label=_("职务"), required=False, choices=[("", _("全部")), *Appointment.Post.choices])
    past = forms.BooleanField(label=_("包括已免去的"), required=False)

    def __init__(self, *args: Any, units: OrgUnitQuerySet, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def apply(self, rows: AppointmentQuerySet) -> AppointmentQuerySet:
        self.is_valid()
        chosen = self.cleaned_data
        if not chosen.get("past"):
            rows = rows.filter(ended_on__isnull=True)
        if chosen.get("post"):
            rows = rows.filter(post=chosen["post"])
        if chosen.get("unit"):
            rows = rows.filter(unit__path__startswith=chosen["unit"].path)
        return rows
