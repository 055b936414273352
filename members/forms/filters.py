"""What lists can be narrowed down by. The filter is the query string, so it can be kept as a bookmark."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.forms.fields import UnitField, UnitIdField
from members.forms.people import CLASSES
from members.models import Exclusion, Member, Membership, OrgUnit
from members.querysets import MembershipQuerySet, OrgUnitQuerySet, UserQuerySet

ANY = ("", _("全部"))


class Filter(forms.Form):
    """A GET form: a value that makes no sense is ignored, it never empties the page."""

    q = forms.CharField(label=_("查找"), required=False)

    def value(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)

    @property
    def is_narrowed(self) -> bool:
        self.is_valid()
        return any(self.cleaned_data.values())


class MemberFilter(Filter):
    STATES = {
        "floating": ("is_floating", _("流动")),
        "missing": ("is_missing", _("失联")),
        "retired": ("is_retired", _("退休")),
        "suspended": ("is_suspended", _("停止党籍")),
    }
    unit = UnitIdField(label=_("党支部"), required=False, empty_label=_("全部"))
    group = UnitIdField(label=_("党小组"), required=False, empty_label=_("全部"))
    category = forms.ChoiceField(label=_("人员类别"), required=False, choices=[ANY, *Member.Category.choices])
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[
            ANY,
            *((key, label) for key, (_field, label) in STATES.items()),
            ("excluded", _("不列入积分")),
            ("left", _("已离开本单位")),
        ],
    )
    member_class = forms.ChoiceField(
        label=_("党员分类"), required=False, choices=[ANY, *((name, name) for name in CLASSES)]
    )

    def __init__(self, *args: Any, units: OrgUnitQuerySet, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["q"].widget.attrs["placeholder"] = _("姓名、拼音、首字母、工号或身份证号")
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        unit = str(self["unit"].value() or "")
        if unit.isdecimal():
            groups = OrgUnit.objects.filter(parent=int(unit), kind=OrgUnit.Kind.PARTY_GROUP)
            self.fields["group"].queryset = groups  # type: ignore[attr-defined]
        else:
            del self.fields["group"]

    def apply(self, rows: MembershipQuerySet) -> MembershipQuerySet:
        """Narrow down memberships; current ones, unless those who left are asked for."""
        state = self.value("state")
        rows = rows.gone() if state == "left" else rows.current()
        if self.value("unit"):
            rows = rows.filter(branch=self.value("unit"))
        if self.value("group"):
            rows = rows.filter(group=self.value("group"))
        if self.value("category"):
            rows = rows.filter(member__category=self.value("category"))
        if self.value("member_class"):
            rows = rows.filter(member__member_class=self.value("member_class"))
        if state in self.STATES:
            rows = rows.filter(**{f"member__{self.STATES[state][0]}": True})
        if state == "excluded":
            excluded = Exclusion.objects.at(timezone.localdate()).filter(member=OuterRef("member"))
            rows = rows.filter(Exists(excluded))
        return rows.search(self.value("q") or "")


class UserFilter(Filter):
    unit = UnitField(label=_("党支部"), required=False, empty_label=_("全部"))
    state = forms.ChoiceField(
        label=_("状态"),
        required=False,
        choices=[
            ANY,
            ("never", _("从未登录")),
            ("first", _("须改密码")),
            ("locked", _("已停用")),
            ("duty", _("管理员")),
        ],
    )

    def __init__(self, *args: Any, units: OrgUnitQuerySet, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["q"].widget.attrs["placeholder"] = _("登录名、姓名、拼音或首字母")
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def apply(self, users: UserQuerySet) -> UserQuerySet:
        states: dict[str, dict[str, Any]] = {
            "never": {"last_login": None},
            "first": {"must_change_password": True},
            "locked": {"is_active": False},
            "duty": {"duty__gt": ""},
        }
        users = users.filter(**states.get(self.value("state"), {})).search(self.value("q") or "")
        unit = self.value("unit")
        if unit:
            users = users.filter(member__in=Membership.objects.current().within(unit).values("member"))
        return users
