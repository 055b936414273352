"""What 资料库 is narrowed down by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.querysets import CandidateQuerySet
from members.forms.fields import UnitIdField
from members.forms.filters import ANY, Filter
from members.models import Member
from members.querysets import OrgUnitQuerySet


class YearFileFilter(Filter):
    year = forms.TypedChoiceField(label=gettext_lazy("年度"), required=False, coerce=int, empty_value=None)
    unit = UnitIdField(label=gettext_lazy("党支部"), required=False, empty_label=gettext_lazy("全部"))
    band = forms.CharField(label=gettext_lazy("等次"), required=False, max_length=20)

    def __init__(self, data: Any, *, years: list[int], units: OrgUnitQuerySet) -> None:
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = _("姓名、拼音、首字母或工号")
        self.fields["band"].widget.attrs["placeholder"] = _("如：五星")
        self.fields["year"].choices = [ANY, *((year, year) for year in years)]  # type: ignore[attr-defined]
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def apply(self, rows: CandidateQuerySet) -> CandidateQuerySet:
        """By the band that holds: only the committee's word counts as one."""
        if (self.value("q") or "").strip():
            rows = rows.filter(account__member__in=Member.objects.search(self.value("q")).values("pk"))
        if self.value("year"):
            rows = rows.filter(campaign__year=self.value("year"))
        if self.value("unit"):
            rows = rows.filter(unit=self.value("unit"))
        if self.value("band"):
            rows = rows.filter(approved__name__contains=self.value("band").strip())
        return rows
