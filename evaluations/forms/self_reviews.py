"""What a member writes about their own year."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.models import Grade, SelfReview, Stage
from evaluations.services.self_reviews import HONOURS, TEXT, Written


class SelfReviewForm(forms.Form):
    """Text, honours, and the own marks where the stage asks for them. Half-finished is fine until it is handed in."""

    text = forms.CharField(
        label=gettext_lazy("自评"),
        max_length=TEXT,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=gettext_lazy("写做了什么、做得怎样、还有什么不足；积分和到会情况系统已有，不用重写。"),
    )
    honours = forms.CharField(
        label=gettext_lazy("获得荣誉"),
        max_length=HONOURS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("没有可以不填；已审定的申报先填在这里，可以增删。"),
    )

    def __init__(self, data: Any, *, review: SelfReview, stage: Stage, honours: list[str]) -> None:
        initial = {"text": review.text, "honours": review.honours, "grade": review.marks.get("grade", "")}
        if not review.version:
            # Nothing written yet: what the ledger knows stands there already.
            initial["honours"] = "\n".join(honours)[:HONOURS]
        super().__init__(data, initial=initial)
        self.stage = stage
        if stage.form == Stage.Form.GRADES:
            choices = [(grade, Grade(grade).label) for grade, _points in stage.marks]
            self.fields["grade"] = forms.ChoiceField(
                label=_("自评等次"), choices=choices, required=False, widget=forms.RadioSelect
            )
        elif stage.form == Stage.Form.POINTS:
            for place, (name, full) in enumerate(stage.marks):
                label = _("%(name)s（满分 %(full)s）") % {"name": name, "full": full}
                number = forms.IntegerField(label=label, min_value=0, max_value=int(full), required=False)
                number.initial = review.marks.get(str(place))
                self.fields[f"mark_{place}"] = number

    @property
    def mark_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name == "grade" or name.startswith("mark_")]

    def written(self) -> Written:
        """Of a valid form."""
        given = self.cleaned_data
        if self.stage.form == Stage.Form.GRADES:
            marks = {"grade": given["grade"]} if given["grade"] else {}
        else:
            marks = {
                str(place): str(given[f"mark_{place}"])
                for place in range(len(self.stage.marks))
                if given.get(f"mark_{place}") is not None
            }
        return Written(given["text"], given["honours"], marks)

    def mistake(self) -> str:
        """The first thing that cannot be kept."""
        name, texts = next(iter(self.errors.items()))
        return f"“{self.fields[name].label}”：{texts[0]}"
