from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from members.models import User


class MailForm(forms.Form):
    mail = forms.ChoiceField(
        label=_("汇总邮件"),
        choices=User.Mail.choices,
        help_text=_("每天最多一封，只写有几件什么事，不写姓名、分值和消息内容；没有新的事就不发。"),
    )
    email = forms.EmailField(label=_("电子邮箱"), max_length=254, required=False)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("mail") == User.Mail.DAILY and "email" in given and not given["email"]:
            self.add_error("email", _("请填写收每日汇总的邮箱；不想收邮件请选“不发”。"))
        return given
