"""What stands around the figures of branches: states, seals, rule sets, remarks.

Each is read when it is first asked for, once for all branches: a fixed number of queries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring import months
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import DraftRemark, LedgerEntry, Month, RuleSet, Seal


@dataclass(frozen=True)
class Scope:
    """A unit with everything below it, over one month or the three of a quarter."""

    unit: OrgUnit
    months: tuple[int, ...]

    @property
    def is_quarter(self) -> bool:
        return len(self.months) > 1

    @property
    def is_branch(self) -> bool:
        return self.unit.kind == OrgUnit.Kind.BRANCH

    @property
    def label(self) -> str:
        """2026年9月, 2026年第三季度: as sheets write it."""
        last = self.months[-1]
        return (months.quarter_label(last) if self.is_quarter else months.label(last)).replace(" ", "")


def scope_of(unit: OrgUnit, month: int, period: str = "month") -> Scope:
    if period != "quarter":
        return Scope(unit, (month,))
    first = months.period_start(month, RuleSet.Period.QUARTER)
    return Scope(unit, tuple(months.span(first, months.shift(first, 2))))


def joined(texts: Iterable[str]) -> str:
    return "；".join(filter(None, texts))


@dataclass
class Papers:
    scope: Scope
    rule_sets: dict[int, RuleSet] = field(default_factory=dict)

    @cached_property
    def units(self) -> dict[int, OrgUnit]:
        """The branches of the scope."""
        if self.scope.is_branch:
            return {self.scope.unit.pk: self.scope.unit}
        kinds = [OrgUnit.Kind.BRANCH, OrgUnit.Kind.GENERAL_BRANCH]
        return {unit.pk: unit for unit in OrgUnit.objects.within(self.scope.unit).filter(kind__in=kinds)}

    @property
    def _within(self) -> dict[str, Any]:
        return {"unit__path__startswith": self.scope.unit.path, "month__in": self.scope.months}

    @cached_property
    def states(self) -> dict[tuple[int, int], str]:
        rows = Month.objects.filter(**self._within).order_by().values_list("unit_id", "month", "state")
        return {(unit, month): state for unit, month, state in rows}

    @cached_property
    def seals(self) -> dict[tuple[int, int], str]:
        """The latest seal of each month; the digests of its entries stay where they are."""
        rows = Seal.objects.filter(**self._within).order_by("number").only("unit", "month", "digest")
        return {(seal.unit_id, seal.month): seal.short for seal in rows}

    @cached_property
    def remarks(self) -> dict[int, list[tuple[int, str]]]:
        found = defaultdict(list)
        rows = DraftRemark.objects.filter(**self._within).exclude(text="")
        for account, month, text in rows.values_list("account_id", "month", "text"):
            found[account].append((month, text))
        return found

    @cached_property
    def adjustments(self) -> dict[int, list[tuple[int, str]]]:
        """An adjustment stands in the total but in no section; the remark says so."""
        found = defaultdict(list)
        rows = LedgerEntry.objects.standing().filter(**self._within, item__isnull=True).order_by("pk")
        for account, month, points, corrects in rows.values_list("account_id", "month", "points", "corrects_month"):
            found[account].append((month, _adjusted(hundredths(points), corrects)))
        return found

    def state_of(self, unit: int, month: int) -> str:
        return self.states.get((unit, month), Month.State.OPEN)

    def state(self, unit: int) -> str:
        """已结账 when every month is closed, else 暂定 with the steps still to go."""
        left = [state for month in self.scope.months if (state := self.state_of(unit, month)) != Month.State.CLOSED]
        if not left:
            return _("已结账")
        return _("暂定（%s）") % "、".join(dict.fromkeys(str(Month.State(state).label) for state in left))

    def seal(self, unit: int) -> str:
        """The short forms of the seals of closed months; with the month where there are several."""
        closed = [month for month in self.scope.months if self.state_of(unit, month) == Month.State.CLOSED]
        found = [(month, self.seals[unit, month]) for month in closed if (unit, month) in self.seals]
        return joined(self._dated(found))

    def notes(self, unit: int, rule_sets: Iterable[RuleSet]) -> list[str]:
        """The line below a table: which rules, which state, which seal."""
        parts = [_("积分办法：%s") % "、".join(map(str, rule_sets)), _("状态：%s") % self.state(unit)]
        if self.seal(unit):
            parts.append(_("封签：%s") % self.seal(unit))
        return ["    ".join(parts)]

    def remark(self, account: int) -> str:
        """What was remarked in the months of the scope, each with its month in a quarter."""
        return joined(self._dated(sorted([*self.remarks.get(account, []), *self.adjustments.get(account, [])])))

    def adjusted(self, account: int) -> str:
        return joined(self._dated(self.adjustments.get(account, [])))

    def _dated(self, lines: Iterable[tuple[int, str]]) -> list[str]:
        if not self.scope.is_quarter:
            return [text for _month, text in lines]
        return [_("%(month)d 月：%(text)s") % {"month": month % 100, "text": text} for month, text in lines]


def _adjusted(points: int, corrects: int | None) -> str:
    signed = f"+{show(points)}" if points > 0 else show(points)
    if corrects is None:
        return _("调整 %s") % signed
    return _("调整 %(points)s（更正 %(month)s）") % {"points": signed, "month": months.label(corrects)}
