"""What people type for a claim and for a proposed deduction: the content as the clause asks for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.forms.fields import day_field
from members.forms.filters import ANY, Filter
from members.models import Member
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.forms.grants import Person
from scoring.models import Claim, Item
from scoring.months import label
from scoring.querysets import ClaimQuerySet
from scoring.services.claimable import Claimable
from scoring.services.deeds import REASON_LENGTH, Deed

AUTOMATIC = gettext_lazy("自动")
DECISION_LENGTH = 500


def _amount(value: object) -> str:
    return show(hundredths(str(value)))


def _number(title: str, hint: str = "", initial: str = "") -> forms.CharField:
    """Typed with the digits of a phone; read as strictly as a cell of the grid."""
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(label=title, max_length=40, widget=widget, help_text=hint, initial=initial)


def content_field(choice: Claimable) -> forms.Field:
    """What the clause asks for: a level to choose, points within a range, or a number of its unit."""
    table = choice.rule.pricing_table
    pricing = choice.rule.pricing
    if pricing in ("level", "grade"):
        rows: list[tuple[str, object]] = table["levels"]  # type: ignore[assignment]
        named = [(name, _("%(level)s（%(points)s 分）") % _level(name, points)) for name, points in rows]
        title = _("等次") if pricing == "grade" else _("级别")
        return forms.ChoiceField(label=title, choices=[("", _("请选择")), *named])
    if pricing == "range":
        return _number(_("分值"), _("%(least)s 到 %(most)s 分。") % _range(table))
    if pricing == "fixed":
        return _number(_("数量（%s）") % (choice.rule.unit_label or _("次")), choice.hint, initial="1")
    return _number(_("数量（%s）") % choice.rule.unit_label if choice.rule.unit_label else _("数量"), choice.hint)


def _level(name: str, points: object) -> dict[str, str]:
    return {"level": name, "points": _amount(points)}


def _range(table: Any) -> dict[str, str]:
    return {"least": _amount(table["min"]), "most": _amount(table["max"])}


class ClaimForm(forms.Form):
    """One deed under one clause. The files come beside it: each is judged for itself."""

    happened_on = day_field(gettext_lazy("发生日期"), initial=timezone.localdate)
    month = forms.TypedChoiceField(
        label=gettext_lazy("计入月份"),
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={
            "invalid_choice": gettext_lazy("这个月份现在不能计入（可能已审核或结账），请选择“自动”或还在录入的月份。")
        },
        help_text=gettext_lazy("自动：发生的当月还在录入就计入当月，已审核的计入下一个还在录入的月份。"),
    )
    reason = forms.CharField(
        label=gettext_lazy("事由"),
        max_length=REASON_LENGTH,
        error_messages={"max_length": gettext_lazy("事由最多 %(limit_value)d 字，现在 %(show_value)d 字，请缩短。")},
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("做了什么、结果怎样，例如“周六到社区义诊半天，服务群众 40 人次”。"),
    )
    occasion = forms.CharField(
        label=gettext_lazy("同一事项"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("同一成果、同一件事的名称。几次申报写同样的名称，只取其中最高的一次。"),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    field_order = ("member", "text", "happened_on", "month", "reason", "occasion")

    def __init__(self, data: Any, *, choice: Claimable, months: Sequence[int], claim: Claim | None = None) -> None:
        super().__init__(data, initial=_written(claim, choice) if claim else {"key": uuid.uuid4()})
        self.fields["text"] = content_field(choice)
        self.order_fields(self.field_order)
        self.choice = choice
        if not choice.is_by_occasion:
            del self.fields["occasion"]
        offered = [(str(month), label(month)) for month in months]
        if claim is not None and claim.month not in months:
            offered.append((str(claim.month), label(claim.month)))
        self.fields["month"].choices = [("", AUTOMATIC), *offered]  # type: ignore[attr-defined]

    @property
    def takes_files(self) -> bool:
        return self.choice.item.evidence != Item.EvidenceRule.NONE

    def deed(self, item: int, month: int) -> Deed:
        given = self.cleaned_data
        return Deed(item, given["text"], given["happened_on"], month, given["reason"], given.get("occasion", ""))


def _written(claim: Claim, choice: Claimable) -> dict[str, object]:
    """What stands in a draft or a returned claim; another clause asks for another content."""
    same = claim.item.code == choice.item.code
    content = {"text": claim.text.removesuffix(choice.rule.unit_label)} if same else {}
    return {
        "key": claim.key, "happened_on": claim.happened_on, "month": claim.month, "reason": claim.reason,
        "occasion": claim.occasion, **content,
    }  # fmt: skip


class DeductionForm(ClaimForm):
    """The same by the committee about a member."""

    member = forms.TypedChoiceField(label=gettext_lazy("党员"), coerce=int)

    def __init__(self, data: Any, *, choice: Claimable, months: Sequence[int], people: Sequence[Person]) -> None:
        super().__init__(data, choice=choice, months=months)
        self.fields["member"].choices = [  # type: ignore[attr-defined]
            ("", _("请选择")), *((person.account, person.name) for person in people)
        ]  # fmt: skip
        self.fields["reason"].help_text = _("写明事实和依据；本人会看到，并可在期限内说明。")


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 4}), strip=True
    )


class ClaimFilter(Filter):
    """What the list of a branch is narrowed down by."""

    state = forms.ChoiceField(label=gettext_lazy("状态"), required=False)
    month = forms.TypedChoiceField(label=gettext_lazy("计入月份"), required=False, coerce=int, empty_value=None)

    def __init__(self, data: Any, *, months: Sequence[int]) -> None:
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = _("姓名、拼音、首字母或工号")
        # A draft is seen by nobody but who writes it.
        states = [one for one in Claim.State.choices if one[0] != Claim.State.DRAFT]
        self.fields["state"].choices = [ANY, *states]  # type: ignore[attr-defined]
        self.fields["month"].choices = [ANY, *((str(one), label(one)) for one in months)]  # type: ignore[attr-defined]

    def apply(self, claims: ClaimQuerySet) -> ClaimQuerySet:
        text = self.value("q") or ""
        if text.strip():
            claims = claims.filter(account__member__in=Member.objects.search(text).values("pk"))
        for name in ("state", "month"):
            if self.value(name):
                claims = claims.filter(**{name: self.value(name)})
        return claims
