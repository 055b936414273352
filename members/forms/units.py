from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.access import BUSINESS_ADMIN_POSTS, below
from members.forms.fields import UnitField, day_field, today
from members.models import OrgUnit, User

Kind = OrgUnit.Kind


def units_run_by(user: User) -> Any:
    """Units below which the person may set up others."""
    authority = user.authority
    if authority.has_duty("SYSTEM"):
        return OrgUnit.objects.open()
    return OrgUnit.objects.open().filter(below(authority.paths(BUSINESS_ADMIN_POSTS), "path"))


class NewUnitForm(forms.Form):
    """Only the kinds that may stand below the parent are offered."""

    kind = forms.ChoiceField(label=_("类型"))
    name = forms.CharField(label=_("名称"), max_length=80)

    def __init__(self, *args: Any, parent: OrgUnit | None, **options: Any) -> None:
        super().__init__(*args, **options)
        above = Kind(parent.kind) if parent else None
        allowed = [kind for kind in Kind if above in OrgUnit.ALLOWED_PARENTS[kind]]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in allowed]  # type: ignore[attr-defined]
        # Mostly it is a branch; the first of the list would be a committee.
        self.fields["kind"].initial = Kind.BRANCH.value if Kind.BRANCH in allowed else None


class UnitForm(forms.Form):
    name = forms.CharField(label=_("名称"), max_length=80)
    parent = UnitField(label=_("上级组织"), required=False)

    def __init__(self, data: Any = None, *, unit: OrgUnit, by: User) -> None:
        super().__init__(data, initial={"name": unit.name, "parent": unit.parent_id})
        above = [kind for kind in OrgUnit.ALLOWED_PARENTS[Kind(unit.kind)] if kind]
        if unit.parent_id is None:
            del self.fields["parent"]
            return
        parents = units_run_by(by).filter(kind__in=above).exclude(path__startswith=unit.path)
        self.fields["parent"].queryset = parents | OrgUnit.objects.filter(pk=unit.parent_id)  # type: ignore[attr-defined]
        self.fields["parent"].required = True


class CloseUnitForm(forms.Form):
    on = day_field(_("撤销日期"), initial=today)
