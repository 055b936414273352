"""Bands chosen for the candidates of a branch, and the minutes of the meeting that did so."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.comparison import Line
from evaluations.models import Band, Candidate, MeetingVote, Voter
from evaluations.services.decisions import REASON_LENGTH, Choice
from evaluations.services.votes import Minutes
from members.forms.fields import day_field
from members.models import Member


class BandsForm(forms.Form):
    """One band and one reason per candidate; the reason only where it is not the computed band."""

    reason_length = REASON_LENGTH

    def __init__(self, data: Any, *, lines: Sequence[Line], bands: Sequence[Band], word: str, own: int | None) -> None:
        """`word`: whose band stands in the fields, proposed or approved; `own`: the member who decides, whose own band
        is somebody else's business."""
        super().__init__(data)
        self.band_choices = [("", _("请选择")), *((str(band.pk), band.name) for band in bands)]
        self.lines = [line for line in lines if _is_open_to(line.candidate, own)]
        self.word = word
        for line in self.lines:
            one = line.candidate
            shown = getattr(one, f"{word}_id") or one.proposed_id or one.computed_id
            self.fields[f"band_{one.pk}"] = forms.ChoiceField(label=str(one), choices=self.band_choices, initial=shown)
            self.fields[f"reason_{one.pk}"] = forms.CharField(
                label=_("%s的理由") % one, required=False, max_length=REASON_LENGTH
            )  # fmt: skip

    def row(self, candidate: int) -> tuple[forms.BoundField, forms.BoundField] | None:
        """The two fields of a candidate; None for who is barred, and for oneself."""
        if f"band_{candidate}" not in self.fields:
            return None
        return self[f"band_{candidate}"], self[f"reason_{candidate}"]

    def choices(self) -> dict[int, Choice]:
        """Those whose band is not yet what is asked for, or who are given a reason anew."""
        given = self.cleaned_data
        found = {}
        for line in self.lines:
            pk = line.candidate.pk
            choice = Choice(int(given[f"band_{pk}"]), given[f"reason_{pk}"])
            if choice.band != getattr(line.candidate, f"{self.word}_id") or choice.reason:
                found[pk] = choice
        return found


def _is_open_to(one: Candidate, own: int | None) -> bool:
    return one.bar != Candidate.Bar.VETO and (one.account.member_id is None or one.account.member_id != own)


class MinutesForm(forms.Form):
    """Who of the branch committee was there, and how it voted on the list as a whole."""

    held_on = day_field(gettext_lazy("会议日期"), initial=timezone.localdate)
    no = forms.IntegerField(label=gettext_lazy("反对"), min_value=0, max_value=99, initial=0)
    abstained = forms.IntegerField(label=gettext_lazy("弃权"), min_value=0, max_value=99, initial=0)
    present = forms.MultipleChoiceField(label=gettext_lazy("到会支委"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, data: Any, *, members: Sequence[Member]) -> None:
        super().__init__(data, initial={"present": [str(member.pk) for member in members]})
        self.members = members
        self.fields["present"].choices = [(str(member.pk), member.name) for member in members]  # type: ignore[attr-defined]

    def minutes(self) -> Minutes:
        """赞成 are those present who neither voted no nor abstained."""
        given = self.cleaned_data
        there = {int(pk) for pk in given["present"]}
        voters = {
            member.pk: (Voter.State.PRESENT if member.pk in there else Voter.State.ABSENT).value
            for member in self.members
        }
        yes = len(there) - given["no"] - given["abstained"]
        day: datetime.date = given["held_on"]
        return Minutes(day, MeetingVote.Manner.HANDS.value, voters, yes, given["no"], given["abstained"])
