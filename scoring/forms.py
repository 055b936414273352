from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring.models import MonthPolicy


class PolicyForm(forms.ModelForm):
    class Meta:
        model = MonthPolicy
        fields = ["submit_by_day", "check_by_day", "close_by_day", "answer_days", "closed_by"]
        help_texts = {
            "submit_by_day": _("1 至 28，且不晚于审核截止日。"),
            "answer_days": _("0 表示不设申辩期；扣分提交后满这些天才能结账。"),
        }


class ReversalForm(forms.Form):
    reason = forms.CharField(label=_("冲正原因"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class RulesForm(forms.Form):
    """A rule file, or one of the shipped ones."""

    owner = forms.ModelChoiceField(OrgUnit.objects.none(), label=_("制定单位"))
    preset = forms.ChoiceField(label=_("内置办法"), required=False)
    file = forms.FileField(label=_("规则文件"), required=False, help_text=_("YAML 文本，UTF-8 编码，不超过 1 MB。"))

    def __init__(self, *args: object, owners: object, presets: dict[str, tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["owner"].queryset = owners  # type: ignore[attr-defined]
        choices = [("", _("（使用下面上传的文件）")), *((code, name) for code, (name, _note) in presets.items())]
        self.fields["preset"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not cleaned.get("preset") and not cleaned.get("file"):
            raise forms.ValidationError(_("请选择一份内置办法，或上传规则文件。"))
        file = cleaned.get("file")
        if file is not None and file.size > 1024 * 1024:
            raise forms.ValidationError(_("规则文件超过 1 MB，请检查是否选错了文件。"))
        return cleaned

    def content(self) -> str:
        """The text of the uploaded file. Raise ValidationError when it is not UTF-8."""
        try:
            return str(self.cleaned_data["file"].read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_("规则文件不是 UTF-8 文本，请另存为 UTF-8 后上传。")) from None


class YearTotalsForm(forms.Form):
    year = forms.IntegerField(label=_("年度"), min_value=2000, max_value=2999)
    file = forms.FileField(
        label=_("总分表"), help_text=_("xlsx、xls 或 csv，表头须有“工号”和“总分”两列，其他列不影响。")
    )

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if file.size > settings.ROSTER_FILE_LIMIT:
            raise forms.ValidationError(_("文件超过 20 MB，请检查是否选错了文件。"))
        return file
