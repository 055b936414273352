"""What other pages show of evaluations: cards of the score page."""

from __future__ import annotations

from dataclasses import dataclass

from evaluations.models import VetoCase
from evaluations.querysets import CASE_POSTS
from members.models import User
from scoring.models import Account, RuleSet, Score

State = VetoCase.State


@dataclass(frozen=True)
class CheckLine:
    """One ground of the rules, with the cases there are. `is_broken`: a veto on it bears on this month."""

    ground: str
    cases: list[VetoCase]
    is_broken: bool


@dataclass(frozen=True)
class DisciplineCheck:
    lines: list[CheckLine]
    # Cases this person may open, under way ones among them.
    openable: set[int]


def discipline_check(account: Account, score: Score, user: User) -> DisciplineCheck:
    """否决核查 of one account in the month of a score: every ground of its rules, broken or not. One query.

    What is only proposed is shown to the person it is about and to those who work on it.
    """
    cases = list(VetoCase.objects.filter(account=account).select_related("veto", "unit", "account"))
    is_own = account.member_id is not None and account.member_id == user.member_id
    openable = {case.pk for case in cases if is_own or user.authority.reaches(case.unit, CASE_POSTS)}
    bearing = {case.pk for case in cases if _bears_on(case, score)}
    shown = [case for case in cases if case.pk in bearing or (case.pk in openable and _is_under_way(case))]
    grounds = [*score.rule_set.veto_grounds]
    grounds += [case.ground for case in shown if case.ground not in grounds]
    lines = []
    for ground in dict.fromkeys(grounds):
        own = [case for case in shown if case.ground == ground]
        lines.append(CheckLine(ground, own, any(case.pk in bearing for case in own)))
    return DisciplineCheck(lines, openable)


def _is_under_way(case: VetoCase) -> bool:
    return case.state in (State.PROPOSED, State.VOTED, State.APPEALED)


def _bears_on(case: VetoCase, score: Score) -> bool:
    veto = case.veto
    if veto is None or veto.from_month > score.month:
        return False
    if score.rule_set.veto_until == RuleSet.VetoUntil.YEAR_END and veto.from_month // 100 != score.month // 100:
        return False
    return veto.to_month is None or veto.to_month > score.month
