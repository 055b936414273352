from django import forms
from django.utils.translation import gettext_lazy as _

from scoring.models import MonthPolicy


class PolicyForm(forms.ModelForm):
    class Meta:
        model = MonthPolicy
        fields = ["submit_by_day", "check_by_day", "close_by_day", "answer_days", "remind_days", "closed_by"]
        help_texts = {
            "submit_by_day": _("1 至 28，且不晚于审核截止日。"),
            "remind_days": _("申报、月份、自定义条款等待超过这些天，就提醒该办理的人；之后每满这些天再提醒一次。"),
            "answer_days": _("0 表示不设申辩期；扣分提交后满这些天才能结账。"),
        }
