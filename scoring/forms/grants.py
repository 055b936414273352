"""What people type for 集体计分, and for an adjustment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.calculation.amounts import hundredths
from scoring.calculation.cells import plain_number, tidy
from scoring.models import Item, Month
from scoring.months import label
from scoring.services.granting import REASON_LENGTH, Choice


@dataclass(frozen=True)
class Person:
    """Somebody on the list of the month."""

    account: int
    name: str
    group: int | None


def read_points(text: str, what: str) -> int | None:
    """A typed number in hundredths, None for an empty field. Raise ValidationError for anything else."""
    plain = tidy(text)
    if not plain:
        return None
    try:
        return hundredths(plain_number(plain))
    except ValueError:
        words = {"what": what, "text": plain[:20]}
        raise forms.ValidationError(_("%(what)s：“%(text)s”不是数字，最多两位小数，请改正。") % words) from None


class GrantForm(forms.Form):
    """What a group event and a shared award have in common."""

    item = forms.ChoiceField(label=gettext_lazy("条款"))
    reason = forms.CharField(
        label=gettext_lazy("事由"),
        max_length=REASON_LENGTH,
        help_text=gettext_lazy("显示在每个人的记录里，例如“清扫厂区，全组参加”。"),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, choices: Sequence[Choice], people: Sequence[Person], prefix: str = ""
    ) -> None:
        super().__init__(data, initial={"key": uuid.uuid4()}, prefix=prefix)
        self.choices = {str(choice.item.pk): choice for choice in choices}
        self.people = list(people)
        named = [(pk, f"{choice.item}（{choice.hint}）") for pk, choice in self.choices.items()]
        self.fields["item"].choices = [("", _("请选择")), *named]  # type: ignore[attr-defined]

    @property
    def chosen_item(self) -> Item:
        return self.choices[self.cleaned_data["item"]].item


class EventForm(GrantForm):
    CHOSEN, BRANCH = "chosen", "branch"

    text = forms.CharField(
        label=gettext_lazy("每人填写"),
        max_length=40,
        help_text=gettext_lazy("写法同录入表：数量、级别或分值，看条款后面的括号。"),
    )
    whom = forms.ChoiceField(label=gettext_lazy("计给谁"))

    field_order = ("item", "text", "reason", "whom")

    def __init__(
        self, data: Any, *, choices: Sequence[Choice], people: Sequence[Person], groups: Sequence[tuple[int, str]]
    ) -> None:
        super().__init__(data, choices=choices, people=people, prefix="event")
        everyone = _("全支部（%d 人）") % len(self.people)
        named = [(str(pk), _("%(group)s（%(count)d 人）") % self._counted(pk, name)) for pk, name in groups]
        offered = [(self.CHOSEN, _("下面勾选的党员")), (self.BRANCH, everyone), *named]
        self.fields["whom"].choices = offered  # type: ignore[attr-defined]

    def _counted(self, group: int, name: str) -> dict[str, object]:
        return {"group": name, "count": sum(person.group == group for person in self.people)}

    @property
    def ticked(self) -> set[str]:
        """Accounts as they were ticked, for showing them again."""
        return set(self.data.getlist("account")) if isinstance(self.data, QueryDict) else set()

    def accounts(self) -> list[int]:
        whom = self.cleaned_data["whom"]
        if whom == self.CHOSEN:
            return [person.account for person in self.people if str(person.account) in self.ticked]
        if whom == self.BRANCH:
            return [person.account for person in self.people]
        return [person.account for person in self.people if str(person.group) == whom]


class ShareForm(GrantForm):
    total = forms.CharField(label=gettext_lazy("分配总分"), max_length=12)

    field_order = ("item", "total", "reason")

    def __init__(self, data: Any, *, choices: Sequence[Choice], people: Sequence[Person]) -> None:
        super().__init__(data, choices=choices, people=people, prefix="share")

    def clean_total(self) -> int:
        total = read_points(self.cleaned_data["total"], _("分配总分"))
        if total is None:
            raise forms.ValidationError(_("请填写分配总分。"))
        return total

    @property
    def rows(self) -> list[tuple[Person, str]]:
        """Everyone with the weight that was typed."""
        typed = self.data if self.is_bound else {}
        return [(person, str(typed.get(f"weight-{person.account}", ""))) for person in self.people]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        weights = {}
        for person, text in self.rows:
            weight = read_points(text, _("%s的比例") % person.name)
            if weight is not None and weight < 0:
                raise forms.ValidationError(_("%s的比例不能为负，不参加分配的请留空。") % person.name)
            if weight is not None:
                weights[person.account] = weight
        return cleaned | {"weights": weights}


class UndoForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("撤销原因"), max_length=REASON_LENGTH)


class AdjustForm(forms.Form):
    """What a closed and archived month lacked."""

    corrects = forms.TypedChoiceField(label=gettext_lazy("更正哪个月"), coerce=int)
    month = forms.TypedChoiceField(
        label=gettext_lazy("计入哪个月"), coerce=int, help_text=gettext_lazy("还在录入中的月份。")
    )
    points = forms.CharField(
        label=gettext_lazy("调整分"),
        max_length=12,
        help_text=gettext_lazy("加分填正数，减分填负数；不受任何上限限制。"),
    )
    reason = forms.CharField(
        label=gettext_lazy("原因"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 2})
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, corrects: Sequence[int], rows: Sequence[Month]) -> None:
        super().__init__(data, initial={"key": uuid.uuid4()})
        self.rows = {row.month: row for row in rows}
        self.fields["corrects"].choices = [(month, label(month)) for month in corrects]  # type: ignore[attr-defined]
        self.fields["month"].choices = [  # type: ignore[attr-defined]
            (month, f"{label(month)}，{row.unit}") for month, row in self.rows.items()
        ]

    def clean_points(self) -> int:
        points = read_points(self.cleaned_data["points"], _("调整分"))
        if not points:
            raise forms.ValidationError(_("请填写调整分，不能为 0。"))
        return points

    @property
    def row(self) -> Month:
        return self.rows[self.cleaned_data["month"]]


class OpeningFileForm(forms.Form):
    """Opening balances of many as a table."""

    from_month = forms.TypedChoiceField(label=gettext_lazy("计入起始月份"), coerce=int)
    file = forms.FileField(
        label=gettext_lazy("期初积分表"),
        help_text=gettext_lazy("xlsx、xls 或 csv，表头须有“工号”和“积分”两列，其他列不影响。"),
    )

    def __init__(self, *args: Any, months: Sequence[int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["from_month"].choices = [(one, label(one)) for one in months]  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.ROSTER_FILE_LIMIT:
            raise forms.ValidationError(_("文件超过 20 MB，请检查是否选错了文件。"))
        return file


def read_count(text: str, what: str) -> int | None:
    """A typed whole number, None for an empty field. Raise ValidationError for anything else."""
    plain = tidy(text)
    if not plain:
        return None
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 4:
        words = {"what": what, "text": plain[:20]}
        raise forms.ValidationError(_("%(what)s：“%(text)s”不是次数，请填 0 至 9999 的整数。") % words)
    return int(plain)


def points_typed(points: Decimal) -> str:
    """Points as a field shows them: no trailing zeros, a plain minus sign."""
    return f"{points.normalize():f}"
