from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _("登录名或密码不对，请重新输入；忘记密码请找支部书记重置。"),
        "inactive": _("这个账号已停用，请联系系统管理员。"),
    }


class PasswordForm(PasswordChangeForm):
    """The new password must not be the one it replaces."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["new_password1"].help_text = _("至少 10 个字符；不要全用数字，不要用姓名、工号和常见密码。")
        self.fields["new_password2"].help_text = ""

    def clean_new_password1(self) -> str:
        password: str = self.cleaned_data["new_password1"]
        if self.user.check_password(password):
            raise forms.ValidationError(_("新密码不能与原密码相同。"))
        return password
