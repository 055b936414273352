from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from members.access import BUSINESS_ADMIN_POSTS, SECRETARY_POSTS, below
from members.forms.fields import RosterField, UnitField, day_field, today
from members.models import Appointment, Member, Membership, OrgUnit, User
from members.querysets import OrgUnitQuerySet

# Usual classes (分层分类); others may be typed, the rule set decides what they mean.
CLASSES = ("骨干类", "普通类", "流动类", "特殊类")


def branches_run_by(user: User) -> OrgUnitQuerySet:
    """Branches whose members the person admits and moves."""
    paths = user.authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS)
    return OrgUnit.objects.branches().open().filter(below(paths, "path"))


class MemberForm(forms.Form):
    """The personal file. Numbers that are left empty on an existing member stay as they are."""

    staff_number = RosterField("staff_number")
    name = RosterField("name")
    gender = forms.ChoiceField(label=_("性别"), choices=[("", _("未填")), *Member.Gender.choices], required=False)
    ethnicity = RosterField("ethnicity", required=False)
    id_number = RosterField("id_number", required=False)
    phone = RosterField("phone", required=False)
    born_on = day_field(_("出生日期"), required=False)
    education = RosterField("education", required=False)
    category = forms.ChoiceField(label=_("人员类别"), choices=Member.Category.choices)
    member_class = RosterField("member_class", required=False)
    joined_on = day_field(_("入党日期"), required=False)
    regular_on = day_field(_("转正日期"), required=False)
    job = RosterField("job", required=False)
    is_floating = forms.BooleanField(label=_("流动"), required=False)
    is_missing = forms.BooleanField(label=_("失联"), required=False)
    is_retired = forms.BooleanField(label=_("退休"), required=False)
    is_suspended = forms.BooleanField(label=_("停止党籍"), required=False)
    remark = RosterField("remark", required=False)

    PERSONAL = ("id_number", "phone")
    FLAGS = ("is_floating", "is_missing", "is_retired", "is_suspended")

    def __init__(self, data: Any = None, *, member: Member | None = None) -> None:
        values = {}
        if member:
            names = [name for name in self.base_fields if name not in self.PERSONAL]
            values = {name: getattr(member, name) for name in names}
        super().__init__(data, initial=values)
        self.fields["member_class"].widget.attrs["list"] = "classes"
        if member:
            for name, masked in zip(self.PERSONAL, (member.masked_id_number, member.masked_phone), strict=True):
                self.fields[name].widget.attrs["placeholder"] = masked
                if masked:
                    self.fields[name].help_text = _("不改请留空。")

    def values(self) -> dict[str, Any]:
        """What was typed, by attribute of Member; empty numbers are left out."""
        return {name: value for name, value in self.cleaned_data.items() if value or name not in self.PERSONAL}

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings, for the page."""
        parts = {
            _("基本情况"): (
                "staff_number",
                "name",
                "gender",
                "ethnicity",
                "born_on",
                "education",
                "id_number",
                "phone",
            ),
            _("党员情况"): ("category", "member_class", "joined_on", "regular_on", "job", "remark"),
        }
        return [(heading, [self[name] for name in names]) for heading, names in parts.items()]

    @property
    def flags(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FLAGS]


class PlaceForm(forms.Form):
    """A branch the person runs, and a group of it."""

    branch = UnitField(label=_("党支部"))
    group = UnitField(label=_("党小组"), required=False, empty_label=_("不分党小组"))

    def __init__(self, *args: Any, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["branch"].queryset = branches_run_by(by)  # type: ignore[attr-defined]
        # Another branch has other groups: htmx fetches the second select anew.
        self.fields["branch"].widget.attrs |= {
            "hx-get": reverse("members:group-options"),
            "hx-target": "#id_group",
            "hx-swap": "outerHTML",
            "hx-trigger": "change",
        }
        branch = str(self["branch"].value() or "")
        groups = OrgUnit.objects.open().filter(kind=OrgUnit.Kind.PARTY_GROUP)
        self.fields["group"].queryset = groups.filter(parent=int(branch) if branch.isdigit() else None)  # type: ignore[attr-defined]
        if not branch:
            self.fields["group"].queryset = groups.none()  # type: ignore[attr-defined]


class AdmissionForm(PlaceForm):
    started_on = day_field(_("组织关系转入日期"), initial=today)


class TransferForm(PlaceForm):
    on = day_field(_("转入日期"), initial=today, help_text=_("此前的月份仍归原支部，历史不变。"))
    reason = forms.CharField(label=_("说明"), max_length=200, required=False)


class LeaveForm(forms.Form):
    ending = forms.ChoiceField(
        label=_("离开原因"),
        choices=[(e.value, e.label) for e in Membership.Ending if e.name in ("LEFT", "DECEASED", "EXPELLED")],
    )
    on = day_field(_("离开日期"), initial=today)
    reason = forms.CharField(label=_("说明"), max_length=200, required=False)


class ExclusionForm(forms.Form):
    reason = forms.CharField(
        label=_("理由"), max_length=200, help_text=_("例如：长期病休、年满七十周岁、因私出国半年以上。")
    )
    decided_on = day_field(_("支部决定日期"), initial=today)
    started_on = day_field(_("自哪一天起不列入"), initial=today)
    ended_on = day_field(_("到哪一天恢复"), required=False, help_text=_("未定可以留空，以后再结束。"))


class EndForm(forms.Form):
    on = day_field(_("自哪一天起"), initial=today)


class AppointmentForm(forms.Form):
    post = forms.ChoiceField(label=_("职务"), choices=[("", _("请选择")), *Appointment.Post.choices])
    unit = UnitField(label=_("任职组织"))
    started_on = day_field(_("任职日期"), initial=today)

    def __init__(self, *args: Any, member: Member, by: User, **options: Any) -> None:
        super().__init__(*args, **options)
        paths = by.authority.paths(BUSINESS_ADMIN_POSTS)
        place = member.last_membership
        near = Q(path__startswith=place.branch.path) if place else Q()
        kinds = [kind for kind in OrgUnit.Kind if kind not in (OrgUnit.Kind.WORK_TEAM, OrgUnit.Kind.PARTY_GROUP)]
        # Groups of other branches are left out: nobody leads a group of a branch one is not in.
        units = OrgUnit.objects.open().filter(near | Q(kind__in=kinds), below(paths, "path"))
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        if place:
            self.fields["unit"].initial = place.branch_id
