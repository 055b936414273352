"""Names of branches and groups as files write them, against those that exist. Pure.

A name that is nobody's yet becomes a question: create it, or is it one that stands under another spelling?
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from django.utils.translation import gettext as _

NEW, SKIP = "new", "skip"
# An existing unit's id, or the name of one to be created.
Target = int | str
_NUMERALS = dict(zip("0123456789", "〇一二三四五六七八九", strict=True))
_ORDINALS = re.compile(r"[〇一二三四五六七八九十甲乙丙丁A-Za-z]")
_COUNTING = "〇一二三四五六七八九十"
_SIMILAR = 0.6


@dataclass(frozen=True)
class Known:
    """A unit that exists, as far as names are concerned."""

    id: int
    name: str


@dataclass
class Question:
    """One name that is to be created or mapped. `decision` is "new", "skip", "to:<id>" or "as:<name>"."""

    key: str
    kind: str
    name: str
    rows: int
    first_row: int
    # The branch a group belongs to: its name, and what identifies it.
    within: str = ""
    within_target: Target = ""
    options: list[tuple[str, str]] = field(default_factory=list)
    decision: str = NEW
    hint: str = ""
    # Only of branches: below which unit it will stand.
    parent: int | None = None

    @property
    def target(self) -> Target | None:
        """None when the rows that use the name are to be refused."""
        if self.decision == NEW:
            return self.name
        if self.decision.startswith("to:"):
            return int(self.decision[3:])
        return self.decision[3:] if self.decision.startswith("as:") else None


def tidy(name: str) -> str:
    return re.sub(r"\s+", "", name).replace("(", "（").replace(")", "）")


def bare_branch(name: str) -> str:
    """What is left of a branch's name when titles and the kind of unit are taken away: 检修部党支部 -> 检修."""
    text = re.sub(r"^(中共|中国共产党)", "", tidy(name))
    text = re.sub(r"(委员会|党?支部|党组织)+(委员会)?$", "", text) or tidy(name)
    return _numerals(re.sub(r"(部门?|车间|分场|处|科|室|队)$", "", text) or text)


def bare_group(name: str) -> str:
    """第1党小组, 一组 and 第一小组 are one: 一."""
    text = re.sub(r"(党小组|小组|组)$", "", tidy(name)).removeprefix("第")
    return _numerals(text) or tidy(name)


def _numerals(text: str) -> str:
    return "".join(_NUMERALS.get(sign, sign) for sign in text)


def is_similar(left: str, right: str) -> bool:
    """Close enough to ask. Names that differ in a number or letter are different units, not misspellings."""
    if _ORDINALS.findall(left) != _ORDINALS.findall(right):
        return False
    return left in right or right in left or SequenceMatcher(None, left, right).ratio() >= _SIMILAR


def in_order(name: str) -> list[int]:
    """Sort key: 第二 before 第十, whatever the figures are written with."""
    return [_COUNTING.find(sign) if sign in _COUNTING else ord(sign) for sign in _numerals(tidy(name))]


def exact(name: str, known: Iterable[Known]) -> list[Known]:
    return [unit for unit in known if tidy(unit.name) == tidy(name)]


def ask(questions: list[Question], known: list[Known], decisions: dict[str, str], *, is_branch: bool) -> None:
    """Fill in options, hint and decision of questions about one place (all branches, or one branch's groups).

    A name that only spells an existing or a more frequent new name differently is mapped to it unless decided
    otherwise; a name merely similar is to be created, and the likeness is told.
    """
    bare = bare_branch if is_branch else bare_group
    by_bare: dict[str, Question] = {}
    for question in sorted(questions, key=lambda question: -question.rows):
        same = [unit for unit in known if bare(unit.name) == bare(question.name)]
        near = [unit for unit in known if unit not in same and is_similar(bare(unit.name), bare(question.name))]
        twin = by_bare.setdefault(bare(question.name), question)
        question.options = [(NEW, _("新建"))]
        question.options += [(f"to:{unit.id}", _("归入“%s”") % unit.name) for unit in (*same, *near)]
        if twin is not question:
            question.options.append((f"as:{twin.name}", _("归入“%s”（也由本次新建）") % twin.name))
        question.options.append((SKIP, _("不新建（有关行须改写）")))
        if len(same) == 1:
            question.decision, question.hint = f"to:{same[0].id}", _("与现有的“%s”只是写法不同") % same[0].name
        elif twin is not question:
            question.decision, question.hint = f"as:{twin.name}", _("与文件中的“%s”只是写法不同") % twin.name
        elif near:
            question.hint = _("与现有的“%s”相近，请确认不是同一个") % near[0].name
        chosen = decisions.get(question.key)
        if chosen in dict(question.options):
            question.decision = chosen
    _follow_twins(questions)


def _follow_twins(questions: list[Question]) -> None:
    """A name mapped to another new name goes wherever that one goes."""
    by_name = {question.name: question for question in questions}
    for question in questions:
        if question.decision.startswith("as:"):
            twin = by_name[question.decision[3:]]
            if not twin.decision.startswith("as:") and twin.decision != NEW:
                question.decision = twin.decision
