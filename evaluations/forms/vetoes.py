"""What people type for 一票否决: the facts of a case, the minutes of a vote, the words of a decision."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.models import MeetingVote, VetoCase, Voter
from evaluations.services.vetoes import FACTS, LONG, Facts
from evaluations.services.votes import Minutes
from members.forms.fields import day_field
from members.forms.filters import ANY, Filter
from members.models import Member
from scoring.models import RuleSet
from scoring.services.vetoes import levels_of


class VetoForm(forms.Form):
    member = forms.TypedChoiceField(label=gettext_lazy("党员"), coerce=int)
    ground = forms.ChoiceField(label=gettext_lazy("事由类别"))
    level = forms.ChoiceField(label=gettext_lazy("程度"), widget=forms.RadioSelect)
    happened_on = day_field(gettext_lazy("发生日期"))
    facts = forms.CharField(
        label=gettext_lazy("事实"),
        max_length=FACTS,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("何时、何地、做了什么，依据什么材料认定；本人会看到，并可在期限内申辩。"),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, rule_set: RuleSet, people: Sequence[tuple[int, str]]) -> None:
        levels = [(one.level, f"{one.name}：{one.sentence}") for one in levels_of(rule_set)]
        super().__init__(data, initial={"key": uuid.uuid4(), "level": levels[0][0] if len(levels) == 1 else None})
        grounds = [(one, one) for one in rule_set.veto_grounds]
        for name, choices in (("member", people), ("ground", grounds)):
            self.fields[name].choices = [("", _("请选择")), *choices]  # type: ignore[attr-defined]
        self.fields["level"].choices = levels  # type: ignore[attr-defined]

    def case_facts(self) -> Facts:
        given = self.cleaned_data
        return Facts(given["level"], given["ground"], given["happened_on"], given["facts"])


class VoteForm(forms.Form):
    """One row per member with a vote; 应到 and 实到 follow from the rows."""

    held_on = day_field(gettext_lazy("会议日期"), initial=timezone.localdate)
    manner = forms.ChoiceField(label=gettext_lazy("表决方式"), choices=MeetingVote.Manner)
    yes = forms.IntegerField(label=gettext_lazy("赞成"), min_value=0, max_value=9999)
    no = forms.IntegerField(label=gettext_lazy("反对"), min_value=0, max_value=9999)
    abstained = forms.IntegerField(label=gettext_lazy("弃权"), min_value=0, max_value=9999)

    def __init__(self, data: Any, *, members: Sequence[Member], present: set[int], initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        for name in ("yes", "no", "abstained"):
            self.fields[name].widget.attrs |= {"inputmode": "numeric"}
        choices = [
            (Voter.State.PRESENT.value, _("到会")),
            (Voter.State.ABSENT.value, _("未到")),
            (_("不计入应到"), [(one.value, one.label) for one in Voter.Excuse]),
        ]
        for member in members:
            state = Voter.State.PRESENT if not present or member.pk in present else Voter.State.ABSENT
            self.fields[_row(member.pk)] = forms.ChoiceField(label=member.name, choices=choices, initial=state.value)
        self.members = members

    @property
    def rows(self) -> list[tuple[Member, forms.BoundField]]:
        return [(member, self[_row(member.pk)]) for member in self.members]

    def minutes(self) -> Minutes:
        given = self.cleaned_data
        voters = {member.pk: given[_row(member.pk)] for member in self.members}
        return Minutes(given["held_on"], given["manner"], voters, given["yes"], given["no"], given["abstained"])


def _row(member: int) -> str:
    return f"voter_{member}"


class WordsForm(forms.Form):
    """The one text that a verb asks for."""

    words = forms.CharField(max_length=LONG, widget=forms.Textarea(attrs={"rows": 3}))


class VetoFilter(Filter):
    state = forms.ChoiceField(label=gettext_lazy("状态"), required=False)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = _("姓名、拼音、首字母或工号")
        self.fields["state"].choices = [ANY, *VetoCase.State.choices]  # type: ignore[attr-defined]

    def apply(self, cases: Any) -> Any:
        text = self.value("q") or ""
        if text.strip():
            cases = cases.filter(account__member__in=Member.objects.search(text).values("pk"))
        return cases.filter(state=self.value("state")) if self.value("state") else cases
