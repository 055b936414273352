"""Fields that several forms share."""

from __future__ import annotations

import datetime
from html import escape
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from members.querysets import OrgUnitQuerySet
from members.roster.cells import Doubtful, Wrong
from members.roster.fields import BY_KEY


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        # The browser's date field only understands this form.
        super().__init__(attrs, format="%Y-%m-%d")


def today() -> datetime.date:
    return timezone.localdate()


def day_field(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(
        label=label, widget=DateInput, error_messages={"invalid": _("请写成 2026-09-30 的样子。")}, **options
    )


class RosterField(forms.CharField):
    """A field of the 花名册, read exactly as the roster import reads its cell."""

    def __init__(self, key: str, **options: Any) -> None:
        self.key = key
        super().__init__(label=str(BY_KEY[key].label), **options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        try:
            read = BY_KEY[self.key].read(text)
        except Wrong as problem:
            raise forms.ValidationError(problem.say) from None
        # What is merely unusual may be typed by a person who sees it; the import warns instead.
        return (read.value if isinstance(read, Doubtful) else read) or ""


class UnitSelect(forms.Select):
    """A select of many units, written in one go: a template per option takes too long for 2,500 branches."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = self.build_attrs({"class": "form-select", **self.attrs}, {**(attrs or {}), "name": name})
        chosen = str(value or "")
        # Escaped here, by the plain function: format_html_join takes several times as long.
        options = "\n".join(
            f'<option value="{escape(pk)}"{" selected" if pk == chosen else ""}>{escape(str(label))}</option>'
            for pk, label in ((str(pk), label) for pk, label in self.choices)
            if not isinstance(label, list)
        )
        return format_html("<select{}>{}</select>", flatatt(attributes), SafeString(options))


class _UnitChoices(ModelChoiceIterator):
    """The choices of a unit field: id and name only, no model objects."""

    def __iter__(self) -> Any:
        yield "", self.field.empty_label
        if self.field.queryset is not None:
            yield from self.field.queryset.values_list("pk", "name")


class UnitField(forms.ModelChoiceField):
    widget = UnitSelect
    iterator = _UnitChoices

    def __init__(self, queryset: OrgUnitQuerySet | None = None, **options: Any) -> None:
        options.setdefault("empty_label", _("请选择"))
        units = OrgUnit.objects.none() if queryset is None else queryset
        super().__init__(units, error_messages={"invalid_choice": _("请从列表中选择。")}, **options)


class UnitIdField(UnitField):
    """For filters of rows that are narrowed to what one may see anyway: the id, without asking for the unit."""

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if not str(value).isdecimal() or len(str(value)) > 18:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return int(value)
