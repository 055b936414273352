from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.forms.fields import UnitField
from members.models import OrgUnit
from members.querysets import OrgUnitQuerySet


class RulesForm(forms.Form):
    """A rule file, or one of the shipped ones.

    Rules are made by committees and general branches; of the thousands of branches only the one is offered whose
    page leads here (`wanted`). Whoever may make rules for a unit may name it all the same.
    """

    owner = UnitField(label=_("制定单位"), help_text=_("党支部自己的办法，从“组织”里这个支部的页面进来。"))
    preset = forms.ChoiceField(label=_("内置办法"), required=False)
    file = forms.FileField(
        label=_("规则文件"), required=False, help_text=_("规则文件（YAML 文本）或 Excel 细则，不超过 1 MB。")
    )

    KINDS = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH)

    def __init__(
        self, *args: Any, owners: OrgUnitQuerySet, presets: dict[str, tuple[str, str]], wanted: str = ""
    ) -> None:
        super().__init__(*args)
        owner: Any = self.fields["owner"]
        owner.queryset = owners.filter(kind__in=(*self.KINDS, OrgUnit.Kind.BRANCH))
        # Also what was chosen before, so that it stands there again beside an error.
        named = [int(pk) for pk in (wanted, self.data.get("owner", "")) if pk.isdecimal() and len(pk) < 19]
        offered = owner.queryset.filter(Q(kind__in=self.KINDS) | Q(pk__in=named)).order_by("path")
        owner.choices = list(offered.values_list("pk", "name"))
        known = [pk for pk, _name in owner.choices]
        owner.initial = next((pk for pk in (*named, *known) if pk in known), None)
        choices = [("", _("（使用下面上传的文件）")), *((code, name) for code, (name, _note) in presets.items())]
        self.fields["preset"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not cleaned.get("preset") and not cleaned.get("file"):
            raise forms.ValidationError(_("请选择一份内置办法，或上传规则文件。"))
        file = cleaned.get("file")
        if file is not None and file.size > 1024 * 1024:
            raise forms.ValidationError(_("规则文件超过 1 MB，请检查是否选错了文件。"))
        return cleaned
