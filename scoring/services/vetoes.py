"""The effect of a veto on points: put in force and lifted by the case that decided it (evaluations.md §2)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit, User
from scoring import months
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import Account, Month, RuleSet, Score, Veto, VetoEffect
from scoring.services.population import rules_in_force
from scoring.services.scores import compute_changed
from scoring.services.stale import mark_accounts
from scoring.services.standings import refresh_standings

# Beyond every month there is.
_FAR = 999912


@dataclass(frozen=True)
class Level:
    """What one level of veto does under the rules in force; `cap` in points, only of 积分封顶."""

    level: str
    name: str
    effect: str
    cap: Decimal | None

    @property
    def sentence(self) -> str:
        """轻：积分封顶（60 分）."""
        name = str(VetoEffect(self.effect).label)
        if self.cap is None:
            return name
        return _("%(effect)s（%(cap)s 分）") % {"effect": name, "cap": show(hundredths(self.cap))}


def veto_rules(unit: OrgUnit, day: datetime.date) -> RuleSet:
    """The rules under which a veto of this branch is decided. Raise Refused when there are none."""
    found = rules_in_force([unit], months.month_of(day))
    if not found:
        raise Refused(_("%s还没有已发布的积分办法，先发布积分办法才能提出一票否决。") % unit)
    return found[0][0]


def levels_of(rule_set: RuleSet) -> list[Level]:
    """The levels the rules know, light before severe."""
    known = (
        (Veto.Level.LIGHT, rule_set.veto_light, rule_set.veto_light_cap),
        (Veto.Level.SEVERE, rule_set.veto_severe, rule_set.veto_severe_cap),
    )
    return [Level(str(level.value), str(level.label), effect, cap) for level, effect, cap in known if effect]


@transaction.atomic
def impose_veto(
    account: Account, unit: OrgUnit, rule_set: RuleSet, level: str, *, ground: str, reason: str,
    decided_on: datetime.date, by: User,
) -> Veto:  # fmt: skip
    """Put a veto in force from the month decided on, and compute the scores that show it at once.

    A month that is closed already stays as it was sealed: then it begins with the first one that is not.
    """
    known = next((one for one in levels_of(rule_set) if one.level == level), None)
    if known is None:
        raise Refused(_("“%s”没有规定这一程度的一票否决，请核对。") % rule_set)
    veto = Veto.objects.create(
        account=account,
        level=level,
        effect=known.effect,
        cap=known.cap,
        ground=ground,
        reason=reason[:200],
        from_month=first_open_month(unit, months.month_of(decided_on)),
        decided_on=decided_on,
        by=by,
    )
    _compute_again(veto)
    return veto


@transaction.atomic
def lift_veto(veto: Veto, unit: OrgUnit, *, from_month: int) -> Veto:
    """End a veto: it no longer holds from this month on, at the earliest from the first one that is not closed.

    With the month it began in, it never held; months closed meanwhile stay as they were sealed.
    """
    if veto.to_month is not None:
        raise Refused(_("这项一票否决已于%s解除。") % months.label(veto.to_month))
    veto.to_month = first_open_month(unit, max(from_month, veto.from_month))
    veto.save(update_fields=["to_month"])
    _compute_again(veto)
    return veto


def first_open_month(unit: OrgUnit, month: int) -> int:
    """The month, or the first one after it that this branch has not closed."""
    closed = set(
        Month.objects.filter(unit=unit, month__gte=month, state=Month.State.CLOSED).values_list("month", flat=True)
    )
    while month in closed:
        month = months.shift(month, 1)
    return month


def _compute_again(veto: Veto) -> None:
    """Every open score from the month on in which the veto begins, in whatever branch it stands."""
    mark_accounts([veto.account_id], veto.from_month, _FAR)
    shown = Score.objects.filter(account=veto.account, month__gte=veto.from_month).select_related("unit")
    # One account has a handful of months that are not closed yet.
    for score in shown.order_by("month"):
        compute_changed([score.unit_id], score.month)
        refresh_standings(_committees_over(score.unit), score.month)


def _committees_over(unit: OrgUnit) -> set[OrgUnit]:
    above = [int(part) for part in unit.path.split(".") if part]
    return set(OrgUnit.objects.filter(pk__in=above, kind=OrgUnit.Kind.PARTY_COMMITTEE))
