"""Appointments as a small workbook, out and in: by staff number, name of unit and name of post."""

from __future__ import annotations

from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets
from import_export.results import Result

from members.access import BUSINESS_ADMIN_POSTS, below
from members.errors import Refused
from members.models import Appointment, Member, OrgUnit, User
from members.roster.cells import Wrong, text_of
from members.roster.dates import read_date
from members.services.appointments import appoint, end_appointment

POSTS = {str(post.label): post.value for post in Appointment.Post}
NUMBER, NAME, ABOVE, UNIT, POST, SINCE, UNTIL = "工号", "姓名", "上级组织", "任职组织", "职务", "任职日期", "免职日期"
HEADINGS = (NUMBER, NAME, ABOVE, UNIT, POST, SINCE, UNTIL)
# Last column of a dataset that is read: the row of the file, for messages.
ROW = "行号"
REQUIRED = (NUMBER, UNIT, POST, SINCE)


def _text(value: Any) -> str:
    return text_of("" if value is None else value)


class _Looked(widgets.Widget):
    """Finds what a cell names in what the resource has read beforehand: no query per row."""

    def __init__(self, resource: AppointmentResource) -> None:
        super().__init__()
        self.resource = resource


class _Person(_Looked):
    def clean(self, value: Any, row: Any = None, **options: Any) -> Member:
        number, name = _text(value), _text(row.get(NAME)).replace(" ", "")
        found = self.resource.people.get(number)
        if not number:
            raise ValueError(_("工号不能为空，请填写。"))
        if found is None:
            raise ValueError(_("没有工号为“%s”的党员，请核对工号。") % number)
        if name and name != found.name:
            raise ValueError(
                _("工号 %(number)s 是%(found)s，不是%(name)s，请核对。")
                % {"number": number, "found": found, "name": name}
            )
        return found


class _Unit(_Looked):
    def clean(self, value: Any, row: Any = None, **options: Any) -> OrgUnit:
        name, above = _text(value), _text(row.get(ABOVE))
        if not name:
            raise ValueError(_("任职组织不能为空，请填写。"))
        found = self.resource.units.get(name, [])
        if above:
            found = [unit for unit in found if unit.parent and unit.parent.name == above]
        if not found:
            raise ValueError(_("没有名为“%s”的组织，请核对名称和上级组织。") % name)
        if len(found) > 1:
            raise ValueError(_("有几个组织都叫“%s”，请在“上级组织”一列写明上级。") % name)
        return found[0]


class _Post(widgets.Widget):
    def clean(self, value: Any, row: Any = None, **options: Any) -> str:
        label = _text(value)
        if label not in POSTS:
            raise ValueError(_("没有“%(label)s”这个职务，可用：%(all)s。") % {"label": label, "all": "、".join(POSTS)})
        return POSTS[label]

    def render(self, value: Any, obj: Any = None, **options: Any) -> str:
        return str(Appointment.Post(value).label)


class _Day(widgets.Widget):
    """Days in every spelling that the roster import takes."""

    def __init__(self, *, is_required: bool) -> None:
        super().__init__()
        self.is_required = is_required

    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        try:
            found = read_date("" if value is None else value)
        except Wrong as problem:
            raise ValueError(problem.say) from None
        day = getattr(found, "value", found)
        if day is None and self.is_required:
            raise ValueError(_("任职日期不能为空，请填写。"))
        return day

    def render(self, value: Any, obj: Any = None, **options: Any) -> Any:
        return value


class AppointmentResource(resources.ModelResource):
    """Each row goes through the service a person would use; what already stands so is left alone."""

    staff_number = fields.Field(attribute="member", column_name=NUMBER)
    name = fields.Field(attribute="member__name", column_name=NAME, readonly=True)
    above = fields.Field(attribute="unit__parent__name", column_name=ABOVE, readonly=True)
    unit = fields.Field(attribute="unit", column_name=UNIT)
    post = fields.Field(attribute="post", column_name=POST, widget=_Post())
    started_on = fields.Field(attribute="started_on", column_name=SINCE, widget=_Day(is_required=True))
    ended_on = fields.Field(attribute="ended_on", column_name=UNTIL, widget=_Day(is_required=False))

    class Meta:
        model = Appointment
        fields = ("staff_number", "name", "above", "unit", "post", "started_on", "ended_on")
        clean_model_instances = True
        use_bulk = False
        # The differences would be HTML; the page shows the rows themselves.
        skip_diff = True
        report_skipped = True
        # Which appointment a row means is asked of `_standing`, by four columns at once.
        force_init_instance = True

    def __init__(self, by: User) -> None:
        super().__init__()
        self.by = by
        self.people: dict[str, Member] = {}
        self.units: dict[str, list[OrgUnit]] = {}
        self.fields["staff_number"].widget = _Person(self)
        self.fields["unit"].widget = _Unit(self)

    def dehydrate_staff_number(self, appointment: Appointment) -> str:
        return appointment.member.staff_number

    def dehydrate_unit(self, appointment: Appointment) -> str:
        return appointment.unit.name

    def get_queryset(self) -> QuerySet[Appointment]:
        return Appointment.objects.select_related("member", "unit__parent")

    def before_import(self, dataset: tablib.Dataset, **options: Any) -> None:
        numbers = {_text(value) for value in dataset[NUMBER]}
        self.people = {member.staff_number: member for member in Member.objects.filter(staff_number__in=numbers)}
        reach = below(self.by.authority.paths(BUSINESS_ADMIN_POSTS), "path")
        names = {_text(value) for value in dataset[UNIT]}
        for unit in OrgUnit.objects.open().filter(reach, name__in=names).select_related("parent"):
            self.units.setdefault(unit.name, []).append(unit)

    def skip_row(self, instance: Appointment, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        standing = None if import_validation_errors else self._standing(instance)
        return standing is not None and standing.ended_on == instance.ended_on

    def do_instance_save(self, instance: Appointment, is_create: bool) -> None:
        standing = self._standing(instance)
        try:
            if standing is None:
                appoint(
                    instance.member,
                    unit=instance.unit,
                    post=instance.post,
                    started_on=instance.started_on,
                    ended_on=instance.ended_on,
                    by=self.by,
                )
            elif instance.ended_on is None:
                raise Refused(_("这个任职已经免去，不能改回；再次任命请另写一行，填写新的任职日期。"))
            else:
                end_appointment(standing, on=instance.ended_on, by=self.by)
        except Refused as refusal:
            raise ValidationError(str(refusal)) from None

    def _standing(self, row: Appointment) -> Appointment | None:
        same = Appointment.objects.filter(member=row.member, unit=row.unit, post=row.post, started_on=row.started_on)
        return same.first()


def import_rows(dataset: tablib.Dataset, *, by: User, dry_run: bool) -> Result:
    """Import all rows or none; with `dry_run` none in any case. What nobody foresaw is raised."""
    resource = AppointmentResource(by)
    result = resource.import_data(dataset, dry_run=dry_run, use_transactions=True, rollback_on_validation_errors=True)
    unforeseen = [error for _number, errors in result.row_errors() for error in errors] + result.base_errors
    if unforeseen:
        raise unforeseen[0].error
    return result


def problems_of(result: Result, dataset: tablib.Dataset) -> list[dict[str, str]]:
    """All problems, each with the row of the file it stands in, for includes/_problems.html."""
    return [
        {"where": _("第 %d 行") % dataset[ROW][row.number - 1], "text": text}
        for row in result.invalid_rows
        for text in row.error.messages
    ]
