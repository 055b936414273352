from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from members.models import User


class DutyForm(forms.Form):
    duty = forms.ChoiceField(label=_("管理职责"), required=False)

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        kept_apart = settings.SEPARATE_ADMINISTRATORS
        duties = [duty for duty in User.Duty if not (kept_apart and duty == User.Duty.ALL)]
        self.fields["duty"].choices = [(duty.value, duty.label) for duty in duties]  # type: ignore[attr-defined]


class LockForm(forms.Form):
    reason = forms.CharField(label=_("停用理由"), max_length=200)


class NewAdministratorForm(forms.Form):
    username = forms.CharField(
        label=_("登录名"), max_length=60, help_text=_("不对应党员的账号，供系统、安全、审计管理员使用。")
    )
