"""What voters and scrutineers fill in. No Django form: a ballot has as many fields as the branch has members."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evaluations.models import Grade, Poll, Stage
from evaluations.services.ballots import BallotForm
from evaluations.services.hand_counts import HandCount
from members.errors import Refused

MOST = 9999


# --- the ballot ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Choice:
    """One grade to tap. The value is its place: a form whose length told the grade could be read off the wire."""

    value: str
    name: str
    is_chosen: bool


@dataclass(frozen=True)
class Dimension:
    field: str
    name: str
    full: str
    value: str


@dataclass(frozen=True)
class Person:
    candidate: int
    name: str
    field: str
    choices: list[Choice]
    dimensions: list[Dimension]
    # Sent without a mark that fits.
    is_missing: bool


class BallotSheet:
    """The whole branch on one form, without the voter."""

    def __init__(self, form: BallotForm, member: int | None, data: QueryDict | None = None) -> None:
        self.form, self.data = form, data
        self.asked = form.asked_of(member)

    def _sent(self, field: str) -> str:
        return self.data.get(field, "") if self.data is not None else ""

    def marks(self) -> dict[int, list[str]]:
        """As `cast` takes them. What was not on the form comes out as an empty mark, which is refused there."""
        return {pk: self._marks_of(pk) for pk in self.asked}

    def _marks_of(self, pk: int) -> list[str]:
        if not self.form.is_graded:
            return [self._sent(f"m{pk}-{line}").strip() for line in range(len(self.form.lines))]
        place = {str(number): name for number, (name, _points) in enumerate(self.form.lines)}
        return [place.get(self._sent(f"m{pk}"), "")]

    @property
    def people(self) -> list[Person]:
        return [self._person(pk, name) for pk, name in self.asked.items()]

    def _person(self, pk: int, name: str) -> Person:
        field, given = f"m{pk}", self._marks_of(pk)
        choices, dimensions = [], []
        if self.form.is_graded:
            choices = [
                Choice(str(number), label, given == [code]) for number, (code, label) in enumerate(self.form.grades)
            ]
        else:
            dimensions = [
                Dimension(f"{field}-{line}", label, full, given[line])
                for line, (label, full) in enumerate(self.form.lines)
            ]
        return Person(pk, name, field, choices, dimensions, self.data is not None and "" in given)

    @property
    def missing(self) -> list[str]:
        """Who was sent without a mark."""
        return [person.name for person in self.people if person.is_missing]


class CodeForm(forms.Form):
    code = forms.CharField(label=gettext_lazy("投票码"), max_length=40)


# --- organising ------------------------------------------------------------------------------------
class PassphraseForm(forms.Form):
    """Each field is typed by the scrutineer whose it is."""

    first = forms.CharField(label=gettext_lazy("第一名监票人的口令"), max_length=200, strip=False)
    second = forms.CharField(label=gettext_lazy("第二名监票人的口令"), max_length=200, strip=False)

    def pair(self) -> tuple[str, str] | None:
        """None where nothing was asked for. Raise Refused when only one was typed."""
        if not (self.data.get("first") or self.data.get("second")):
            return None
        if not self.is_valid():
            raise Refused(_("请两名监票人各自输入口令。"))
        return self.cleaned_data["first"], self.cleaned_data["second"]


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=200)


def outsiders_from(data: Mapping[str, Any]) -> dict[int, int]:
    """Unit -> how many outside voters, of fields `outsiders-<unit>`. Raise Refused for what is no number."""
    found = {}
    for field, text in data.items():
        unit = field.removeprefix("outsiders-")
        if unit != field and unit.isascii() and unit.isdigit() and len(unit) < 12:
            found[int(unit)] = number(str(text), _("群众人数"))
    return found


def number(text: str, name: str) -> int:
    """A count as it was typed; an empty field is none. Raise Refused for what is no number."""
    text = text.strip()
    if text and not (text.isascii() and text.isdigit() and int(text[:6]) <= MOST and len(text) <= 6):
        words = {"name": name, "text": text[:20], "most": MOST}
        raise Refused(_("%(name)s“%(text)s”不是 0 到 %(most)d 之间的整数。") % words)
    return int(text or 0)


# --- counted by hand -------------------------------------------------------------------------------
@dataclass(frozen=True)
class CountCell:
    field: str
    label: str
    value: str


@dataclass(frozen=True)
class CountRow:
    name: str
    cells: list[CountCell]


@dataclass(frozen=True)
class CountPool:
    name: str
    received: CountCell
    headings: list[str]
    rows: list[CountRow]


# 20x5: five ballots gave twenty points.
_PIECE = re.compile(r"([0-9]{1,4})\s*[xX×*＊]\s*([0-9]{1,4})")
_BETWEEN = re.compile(r"[\s,，、;；]+")


class CountSheet:
    """The result as one person counted it: a number per grade, or per dimension the points with how many gave them."""

    def __init__(self, poll: Poll, data: QueryDict | None = None) -> None:
        self.form, self.data = BallotForm.of(poll), data
        self.candidates = self.form.asked_of(None)

    def _sent(self, field: str) -> str:
        return (self.data.get(field, "") if self.data is not None else "").strip()

    def _columns(self) -> list[tuple[int, str, str]]:
        """(line, mark, heading) of what is typed per person; of points the mark stands in the cell."""
        if self.form.is_graded:
            return [(0, code, label) for code, label in self.form.grades]
        return [
            (line, "", _("%(name)s（满分 %(full)s）") % {"name": name, "full": full})
            for line, (name, full) in enumerate(self.form.lines)
        ]

    @property
    def given(self) -> CountCell:
        return CountCell("given", _("发出的票"), self._sent("given"))

    @property
    def pools(self) -> list[CountPool]:
        columns = self._columns()
        return [
            CountPool(
                str(Stage.Rater(pool).label),
                CountCell(f"received-{pool}", _("收回的票"), self._sent(f"received-{pool}")),
                [heading for _line, _mark, heading in columns],
                [
                    CountRow(name, [self._cell(pool, pk, name, *column) for column in columns])
                    for pk, name in self.candidates.items()
                ],
            )
            for pool in self.form.pools
        ]

    def _cell(self, pool: str, pk: int, name: str, line: int, mark: str, heading: str) -> CountCell:
        field = f"n-{pool}-{pk}-{line}-{mark}"
        return CountCell(field, f"{name} {heading}", self._sent(field))

    def found(self) -> HandCount:
        """Raise Refused, naming the cell, for what is no count."""
        received = {pool: number(self._sent(f"received-{pool}"), _("收回的票")) for pool in self.form.pools}
        marks: dict[tuple[int, str, int, str], int] = {}
        for pool in self.form.pools:
            for pk in self.candidates:
                for line, mark, many in self._marks_of(pool, pk):
                    marks[pk, pool, line, mark] = marks.get((pk, pool, line, mark), 0) + many
        return HandCount(number(self._sent("given"), _("发出的票")), received, marks)

    def _marks_of(self, pool: str, pk: int) -> Iterator[tuple[int, str, int]]:
        name = self.candidates[pk]
        for line, mark, heading in self._columns():
            text = self._sent(f"n-{pool}-{pk}-{line}-{mark}")
            where = f"{name} {Grade(mark).label if mark else heading}"
            if mark:
                many = number(text, where)
                if many:
                    yield line, mark, many
            else:
                yield from ((line, points, many) for points, many in self._pieces(text, where, line))

    def _pieces(self, text: str, where: str, line: int) -> Iterator[tuple[str, int]]:
        tidy = re.sub(r"\s*([xX×*＊])\s*", r"\1", text)
        for piece in filter(None, _BETWEEN.split(tidy)):
            match = _PIECE.fullmatch(piece)
            if match is None or int(match[1]) > int(self.form.lines[line][1]) or not int(match[2]):
                words = {"where": where, "text": piece[:20]}
                raise Refused(_("%(where)s：“%(text)s”看不懂，请写成“分数x票数”，如 20x5 18x3。") % words)
            yield str(int(match[1])), int(match[2])
