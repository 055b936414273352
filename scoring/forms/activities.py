"""What people type for 组织生活: the plan, and the attendance sheet with what is pasted into it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.errors import Refused
from members.forms.fields import day_field
from members.models import OrgUnit
from members.tabular import read_table
from scoring.models import Activity
from scoring.services.activities import TITLE_LENGTH, Plan
from scoring.services.activity_sheet import rows_of_text

Kind = Activity.Kind


class PlanForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("类型"))
    group = forms.ChoiceField(
        label=gettext_lazy("党小组"), required=False, help_text=gettext_lazy("只有党小组会需要选择。")
    )
    title = forms.CharField(
        label=gettext_lazy("主题"),
        max_length=TITLE_LENGTH,
        help_text=gettext_lazy("例如“重温入党誓词”，会写进每个人的记录。"),
    )
    planned_on = day_field(gettext_lazy("计划日期"))
    place = forms.CharField(label=gettext_lazy("地点"), max_length=60, required=False)
    note = forms.CharField(
        label=gettext_lazy("主要内容"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, data: Any = None, *, groups: Sequence[OrgUnit], only_groups: bool, initial: Any = None) -> None:
        """`only_groups`: a group's leader plans the meetings of the group and nothing else."""
        super().__init__(data, initial=initial)
        self.groups = {str(group.pk): group for group in groups}
        kinds = [choice for choice in Kind.choices if choice[0] == Kind.GROUP_MEETING or not only_groups]
        if not self.groups:
            kinds = [choice for choice in kinds if choice[0] != Kind.GROUP_MEETING]
            del self.fields["group"]
        else:
            named = [(pk, group.name) for pk, group in self.groups.items()]
            self.fields["group"].choices = named if only_groups else [("", _("不选")), *named]  # type: ignore[attr-defined]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Kind.GROUP_MEETING and not cleaned.get("group"):
            self.add_error("group", _("党小组会须选择党小组。"))
        return cleaned

    def plan(self) -> Plan:
        given = self.cleaned_data
        # Chosen and then another kind taken: the group has nothing to say any more.
        group = self.groups.get(given.get("group", "")) if given["kind"] == Kind.GROUP_MEETING else None
        return Plan(given["kind"], given["title"], given["planned_on"], given["place"], given["note"], group)


class AttendanceForm(forms.Form):
    """The day, and what is pasted or uploaded to fill the sheet; the marks themselves are rows of the page."""

    held_on = day_field(gettext_lazy("开展日期"))
    # When the sheet shown was last changed.
    seen = forms.DateTimeField(widget=forms.HiddenInput, required=False)
    text = forms.CharField(
        label=gettext_lazy("粘贴"),
        max_length=100_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": gettext_lazy("王建国\t到会\n李静怡\t请假")}),
        help_text=gettext_lazy("每行一人：姓名或工号，到会情况。"),
    )
    file = forms.FileField(
        label=gettext_lazy("或上传表格"),
        required=False,
        help_text=gettext_lazy("xlsx、xls 或 csv，同样的两列，别的列不影响。"),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > settings.ROSTER_FILE_LIMIT:
            raise forms.ValidationError(_("文件超过 20 MB，请检查是否选错了文件。"))
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        try:
            rows: list[Sequence[object]] = list(read_table(file.name, file.read())[0].rows) if file else []
        except Refused as refusal:
            self.add_error("file", str(refusal))
            rows = []
        return cleaned | {"rows": [*rows, *rows_of_text(cleaned.get("text", ""))]}

    def day(self, otherwise: datetime.date) -> datetime.date:
        return self.cleaned_data.get("held_on") or otherwise
