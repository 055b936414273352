"""What a person gives to a roster import: the file; then corrections of what was recognised."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from members.forms.fields import UnitField, UnitSelect, day_field, today
from members.models import OrgUnit, RosterImport
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


@dataclass(frozen=True)
class UnitQuestion:
    """One new name with its number in the report and, for a branch, the select of the unit it will stand below."""

    number: int
    unit: dict[str, Any]
    parents: SafeString | str


@dataclass(frozen=True)
class UnitQuestions:
    """Some of the new names; a file of 10,000 people may have 800, each with two selects."""

    rows: list[UnitQuestion]
    left: int
    next_start: int


QUESTIONS = 50


def unit_questions(row: RosterImport, start: int = 0) -> UnitQuestions:
    """The doubtful names first, then in the order of the file."""
    numbered = sorted(enumerate(row.report["units"]), key=lambda pair: not pair[1]["hint"])
    stop = start + QUESTIONS
    above = OrgUnit.objects.open().within(row.unit).filter(kind__in=["PARTY_COMMITTEE", "GENERAL_BRANCH"])
    units = list(above.values_list("pk", "name"))
    select = UnitSelect({"class": "form-select form-select-sm"}, choices=units) if len(units) > 1 else None
    rows = [UnitQuestion(number, unit, _parents(select, number, unit)) for number, unit in numbered[start:stop]]
    return UnitQuestions(rows, max(len(numbered) - stop, 0), stop)


def _parents(select: UnitSelect | None, number: int, unit: dict[str, Any]) -> SafeString | str:
    """Empty where there is nothing to choose."""
    if select is None or unit["kind"] != OrgUnit.Kind.BRANCH:
        return ""
    label = gettext("“%(name)s”的上级组织") % {"name": unit["name"]}
    return select.render(f"parent-{number}", unit["parent"], {"aria-label": label})


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
            decisions=self._kept("decisions") | self._answers("decision"),
            parents=self._kept("parents")
            | {key: int(pk) for key, pk in self._answers("parent").items() if pk.isdecimal()},
        )

    def _answers(self, what: str) -> dict[str, str]:
        """Each question carries its key, so that an answer never lands on another name."""
        count = len(self.row.report["units"])
        pairs = ((self.data.get(f"unit-{i}"), self.data.get(f"{what}-{i}")) for i in range(count))
        return {key: answer for key, answer in pairs if key and answer}

    def _kept(self, what: str) -> dict[str, Any]:
        """Earlier answers to the questions that still stand: the page sends only those that were on it."""
        standing = {unit["key"] for unit in self.row.report["units"]}
        return {key: answer for key, answer in self.row.options[what].items() if key in standing}
