"""What a person gives to a roster import: the file; then corrections of what was recognised."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from members.forms.fields import UnitField, day_field, today
from members.models import RosterImport
from members.querysets import OrgUnitQuerySet
from members.roster.examine import Options


def new_year() -> datetime.date:
    return today().replace(month=1, day=1)


class UploadForm(forms.Form):
    unit = UnitField(label=_("导入到"), help_text=_("整个单位的名册选党委，单个支部的名册选党支部。"))
    started_on = day_field(
        _("新党员从哪一天起算"), initial=new_year, help_text=_("从这一天起的月份可以给新导入的党员记分。")
    )
    file = forms.FileField(label=_("花名册文件"))

    def __init__(self, *args: Any, units: OrgUnitQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit: Any = self.fields["unit"]
        unit.queryset = units
        unit.initial = units.values_list("pk", flat=True).first()

    def clean_file(self) -> UploadedFile[Any]:
        """Refuse by the size the browser announces, before the file is read into memory."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size and file.size > settings.ROSTER_FILE_LIMIT:
            limit = settings.ROSTER_FILE_LIMIT >> 20
            raise ValidationError(_("文件超过 %d MB，请删除图片和无关的工作表后重新上传。") % limit)
        return file


class OptionsForm(forms.Form):
    """Columns, dates, sheet and the fate of new units, as many as the file has of each."""

    started_on = day_field(_("新党员从哪一天起算"))
    moved_on = day_field(_("支部或小组有变的，从哪一天起"))
    sheet = forms.CharField(required=False, strip=False)

    def __init__(self, row: RosterImport, data: QueryDict | None = None) -> None:
        self.row = row
        super().__init__(data, initial=row.options)

    def options(self) -> Options:
        """What was chosen. Another sheet has other columns: then they are recognised afresh."""
        chosen = self.cleaned_data
        is_other_sheet = chosen["sheet"] not in ("", self.row.report["sheet"])
        numbers = [str(column["index"]) for column in self.row.report["columns"]]
        columns = {number: self.data.get(f"column-{number}", "") for number in numbers}
        recognised = {str(column["index"]): column["field"] for column in self.row.report["columns"]}
        is_corrected = bool(self.row.columns) or columns != recognised or bool(self.row.report["blockers"])
        return Options(
            started_on=chosen["started_on"],
            moved_on=chosen["moved_on"],
            sheet=chosen["sheet"] or self.row.options["sheet"],
            columns=columns if is_corrected and not is_other_sheet else {},
            decisions=self._answers("decision"),
            parents={key: int(pk) for key, pk in self._answers("parent").items() if pk.isdecimal()},
        )

    def _answers(self, what: str) -> dict[str, str]:
        """Each question carries its key, so that an answer never lands on another name."""
        count = len(self.row.report["units"])
        pairs = ((self.data.get(f"unit-{i}"), self.data.get(f"{what}-{i}")) for i in range(count))
        return {key: answer for key, answer in pairs if key and answer}
