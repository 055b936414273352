"""What can be asked: which units, which spans have scores, and who was scored there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import OrgUnit
from scoring.analysis.sources import ANALYSED_KINDS, MOST_ACCOUNTS
from scoring.models import RuleSet, Score, Span, Standing
from scoring.months import PERIOD_MONTHS, label, period_start, quarter_label, shift

# Older spans are asked for by name of their month in the address.
MOST_MONTHS = 36


@dataclass(frozen=True)
class Asked:
    """A rule set, the unit it is tried on, and a span by its last month that has scores."""

    rule_set: RuleSet
    unit: OrgUnit
    span: Span
    month: int

    @property
    def name(self) -> str:
        return span_label(self.span, self.month)

    @property
    def ends(self) -> dict[int, int]:
        """The months whose scores make up the span, each with its place among the periods."""
        if self.span == Span.MONTH:
            return {self.month: 0}
        start, length = period_start(self.month, self.span), PERIOD_MONTHS[self.rule_set.period]
        places = range(PERIOD_MONTHS[self.span] // length)
        starts = {place: shift(start, place * length) for place in places}
        # A period under way counts with its value to date.
        begun = {place: first for place, first in starts.items() if first <= self.month}
        return {min(shift(first, length - 1), self.month): place for place, first in begun.items()}

    @property
    def places(self) -> int:
        return 1 if self.span == Span.MONTH else PERIOD_MONTHS[self.span] // PERIOD_MONTHS[self.rule_set.period]


def span_label(span: str, month: int) -> str:
    if span == Span.QUARTER:
        return quarter_label(month)
    return _("%d 年") % (month // 100) if span == Span.YEAR else label(month)


def units_for(rule_set: RuleSet) -> QuerySet[OrgUnit]:
    """Where the rule set could hold: its owner and the units below."""
    rows = OrgUnit.objects.open().filter(path__startswith=rule_set.owner.path, kind__in=ANALYSED_KINDS)
    return rows.order_by("path")


def spans_of(rule_set: RuleSet) -> list[tuple[str, list[tuple[str, str]]]]:
    """Months, quarters and years with scores below the owner, newest first, as choices: "QUARTER:202609".

    A quarter or year is named by its last month that has scores.
    """
    found = _scored_months(rule_set)
    groups = []
    for span in Span:
        if PERIOD_MONTHS[span] < PERIOD_MONTHS[rule_set.period] and span != Span.MONTH:
            continue
        newest: dict[int, int] = {}
        for month in found:
            newest.setdefault(period_start(month, span), month)
        choices = [(f"{span.value}:{month}", span_label(span, month)) for month in newest.values()]
        if choices:
            groups.append((str(span.label), choices))
    return groups


def _scored_months(rule_set: RuleSet) -> list[int]:
    """Newest first. A committee's rank tables say it at once; only what is newer is looked up in the scores."""
    ranked = Standing.objects.filter(unit=rule_set.owner, span=Span.MONTH, kind=rule_set.account_kind)
    known = set(ranked.order_by().values_list("month", flat=True).distinct())
    rows = Score.objects.within(rule_set.owner).filter(rule_set__account_kind=rule_set.account_kind)
    newer = rows.filter(month__gt=max(known, default=0)).order_by().values_list("month", flat=True).distinct()
    return sorted(known | set(newer), reverse=True)[:MOST_MONTHS]


def scores_asked(asked: Asked) -> QuerySet[Score]:
    """Who was scored in the last month. Raise Refused when there is nobody, or more than can be waited for."""
    kind = asked.rule_set.account_kind
    rows = Score.objects.within(asked.unit).filter(month=asked.month, rule_set__account_kind=kind)
    count = rows.count()
    if not count:
        raise Refused(_("%(unit)s在%(span)s没有积分，请换一个时间或组织。") % {"unit": asked.unit, "span": asked.name})
    if count > MOST_ACCOUNTS:
        raise Refused(
            _("%(unit)s有 %(count)d 人，一次最多试算 %(most)d 人，请选择它下面的一个组织。")
            % {"unit": asked.unit, "count": count, "most": MOST_ACCOUNTS}
        )
    return rows
