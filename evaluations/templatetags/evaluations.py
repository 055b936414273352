"""Small things that templates of evaluations ask for."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.forms import BoundField

from evaluations.forms.bands import BandsForm

register = template.Library()


@register.filter
def row_of(form: BandsForm, candidate: int) -> tuple[BoundField, BoundField] | None:
    """The fields of a candidate in the form of all."""
    return form.row(candidate)


@register.filter
def of(counts: Mapping[int, int], key: int) -> int:
    """A count by its key; nothing counted is 0."""
    return counts.get(key, 0)
