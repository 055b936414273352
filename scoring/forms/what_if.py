from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.forms.fields import UnitField
from scoring.models import RuleSet, Span
from scoring.whatif.asked import Asked, spans_of, units_for


class WhatIfForm(forms.Form):
    """Where and over which span a rule set is tried."""

    unit = UnitField(label=_("组织"), empty_label=None)
    span = forms.ChoiceField(label=_("时间"))

    def __init__(self, *args: Any, rule_set: RuleSet) -> None:
        super().__init__(*args)
        self.rule_set = rule_set
        self.fields["unit"].initial = rule_set.owner_id
        self.fields["unit"].queryset = units_for(rule_set)  # type: ignore[attr-defined]
        self.fields["span"].choices = spans_of(rule_set)  # type: ignore[attr-defined]

    @property
    def has_spans(self) -> bool:
        return bool(self.fields["span"].choices)  # type: ignore[attr-defined]

    def asked(self) -> Asked:
        span, _colon, month = self.cleaned_data["span"].partition(":")
        return Asked(self.rule_set, self.cleaned_data["unit"], Span(span), int(month))
