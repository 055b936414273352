"""What the log can be narrowed down by; of the page and of its export alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.audit_labels import LABELS, by_app, codes_named, label_of, takes_out
from members.forms.fields import UnitField, day_field
from members.forms.filters import ANY, Filter
from members.models import AuditEvent, OrgUnit
from members.querysets import AuditEventQuerySet

Result = AuditEvent.Result
# No result of its own: done, and something left the house.
FILE = "FILE"
_KINDS = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.BRANCH)


class AuditFilter(Filter):
    action = forms.ChoiceField(label=gettext_lazy("动作"), required=False)
    result = forms.ChoiceField(
        label=gettext_lazy("结果"),
        required=False,
        choices=[ANY, *Result.choices, (FILE, gettext_lazy("导出或下载"))],
    )
    unit = UnitField(label=gettext_lazy("组织"), required=False, empty_label=gettext_lazy("全部"))
    since = day_field(gettext_lazy("自"), required=False)
    until = day_field(gettext_lazy("至"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["q"].widget.attrs["placeholder"] = _("办理人、对象或说明")
        self.fields["action"].choices = [ANY, *by_app()]  # type: ignore[attr-defined]
        units = OrgUnit.objects.filter(kind__in=_KINDS).order_by("path")
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def span(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        return events.between(self.value("since"), self.value("until"))

    @property
    def is_searching(self) -> bool:
        """Whether anything but the days narrows it down: then lines are looked through for those that fit."""
        return any(self.value(name) for name in ("q", "action", "result", "unit"))

    def narrow(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        """Everything but the days."""
        events = events.search(self.value("q") or "")
        if self.value("action"):
            events = events.filter(action__in=codes_named(label_of(self.value("action"))))
        if self.value("result") == FILE:
            events = events.filter(result=Result.DONE, action__in=[code for code in LABELS if takes_out(code)])
        elif self.value("result"):
            events = events.filter(result=self.value("result"))
        return events.of_unit(self.value("unit")) if self.value("unit") else events

    def apply(self, events: AuditEventQuerySet) -> AuditEventQuerySet:
        return self.narrow(self.span(events))

    def in_words(self) -> str:
        """For the title of the export: label and value of whatever is set."""
        results = dict(self.fields["result"].choices)  # type: ignore[attr-defined]
        words: dict[str, Callable[[Any], Any]] = {"action": label_of, "result": results.get}
        given = ((name, field.label, self.value(name)) for name, field in self.fields.items())
        return "，".join(f"{label}：{words.get(name, str)(value)}" for name, label, value in given if value)
