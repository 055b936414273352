from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ReversalForm(forms.Form):
    reason = forms.CharField(label=_("冲正原因"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


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
