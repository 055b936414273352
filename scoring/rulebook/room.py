"""Whether a unit may add an item: what the section allows, what is used of it, and from which month on."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from members.models import OrgUnit
from scoring.books import item_rule, layout_of
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import CustomItem, DraftCell, Item, LedgerEntry, Month, RuleSet, Section
from scoring.months import is_month, label, month_of, shift
from scoring.rulebook.checks import check_rules
from scoring.rulebook.file import ParsedItem, read_item, read_rules
from scoring.rulebook.limits import bound_of
from scoring.rulebook.reader import lined
from scoring.rulebook.writer import document_of, placed

UNIT_KINDS = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.BRANCH)


@dataclass(frozen=True)
class Wish:
    """A clause in rule-file words that a unit wants; `proposal` when it has been asked for already."""

    section: Section
    unit: OrgUnit
    content: Mapping[str, Any]
    from_month: int
    proposal: int | None = None

    @property
    def code(self) -> str:
        return str(self.content.get("条款号", ""))


def parsed_item(section: Section, content: Mapping[str, Any]) -> tuple[ParsedItem, list[str]]:
    """The clause as values of the tables, and what is wrong with any of them."""
    return read_item(lined(content, _("条款“%s”") % content.get("条款号", "")), section.kind)


def problems_with(wish: Wish) -> list[str]:
    """Everything in the way of this item, a sentence each. The section's rule set and its owner are loaded."""
    problems = [*_place(wish), *_month(wish)]
    clause = [_code_taken(wish)] if _is_taken(wish) else _clause(wish)
    return [*problems, *(clause or _limits(wish))]


def _place(wish: Wish) -> list[str]:
    section, rule_set = wish.section, wish.section.rule_set
    is_below = wish.unit.pk != rule_set.owner_id and wish.unit.path.startswith(rule_set.owner.path)
    if not is_below or wish.unit.kind not in UNIT_KINDS:
        return [_("自定义条款只能由%s下面的党组织申请。") % rule_set.owner]
    if rule_set.state != RuleSet.State.PUBLISHED:
        return [_("“%s”不是现行办法，请在现行版本上申请。") % rule_set]
    if not section.custom_count:
        return [_("板块“%s”不允许自定义条款，请换一个板块。") % section]
    if is_month(wish.from_month) and _ruling(wish) != rule_set:
        return [
            _("%(unit)s在%(month)s不使用“%(rules)s”，请核对起用月份。")
            % {"unit": wish.unit, "month": label(wish.from_month), "rules": rule_set}
        ]
    return []


def _ruling(wish: Wish) -> RuleSet | None:
    return RuleSet.objects.for_unit(wish.unit, wish.from_month, wish.section.rule_set.account_kind)


def _month(wish: Wish) -> list[str]:
    earliest = earliest_month(wish.unit, timezone.localdate())
    if not is_month(wish.from_month) or wish.from_month < earliest:
        return [_("起用月份最早是%s：以前的月份已经录入、结账或过期。") % label(earliest)]
    return []


def earliest_month(unit: OrgUnit, today: datetime.date) -> int:
    """The first month that nobody below the unit has begun; never before the one that is entered now (last month)."""
    open_month = shift(month_of(today), -1)
    below = {"unit__path__startswith": unit.path, "month__gte": open_month}
    used = (
        DraftCell.objects.filter(**below).exclude(text=""),
        LedgerEntry.objects.standing().filter(**below),
        Month.objects.filter(**below).exclude(state=Month.State.OPEN),
    )
    months = [rows.aggregate(last=Max("month"))["last"] for rows in used]
    return max([open_month, *(shift(month, 1) for month in months if month is not None)])


def _same_people(unit: OrgUnit) -> Q:
    """Rows of the units above and below: their items meet this unit's in the same grid."""
    return Q(unit__in=[int(part) for part in unit.path.split(".") if part]) | Q(unit__path__startswith=unit.path)


def _is_taken(wish: Wish) -> bool:
    rule_set = wish.section.rule_set
    items = Item.objects.filter(Q(unit=None) | _same_people(wish.unit), section__rule_set=rule_set, code=wish.code)
    return items.exists() or any(row.content.get("条款号") == wish.code for row in _pending(wish, all_sections=True))


def _code_taken(wish: Wish) -> str:
    return _("条款号“%s”已经用过，请换一个。") % wish.code


def _pending(wish: Wish, *, all_sections: bool = False) -> list[CustomItem]:
    """What else was asked for and waits."""
    where = {"section__rule_set": wish.section.rule_set_id} if all_sections else {"section": wish.section.pk}
    rows = CustomItem.objects.filter(_same_people(wish.unit), state=CustomItem.State.PROPOSED, **where)
    return [row for row in rows.select_related("unit") if row.pk != wish.proposal]


def _clause(wish: Wish) -> list[str]:
    """What is wrong with the clause, alone or beside the others: the checks of a rule file with it in place."""
    document = document_of(wish.section.rule_set, layout_of(wish.section.rule_set, wish.unit))
    for section in document["板块"]:
        if section["代号"] == wish.section.code:
            section["条款"] = [*section.get("条款", []), dict(wish.content)]
    rules, problems = read_rules(placed(document))
    problems += check_rules(rules.fields, rules.parts)
    parsed, _known = parsed_item(wish.section, wish.content)
    if parsed.fields["outside_cap"]:
        problems.append(_("自定义条款须受板块上限限制，请删去“不受板块上限限制”。"))
    return problems


def bound_in(section: Section, item: Item) -> tuple[int | None, int | None]:
    return bound_of(item_rule(item, section), section.rule_set.period)


def _bound(section: Section, content: Mapping[str, Any]) -> int:
    """What a proposal that passed its checks may bring or take."""
    parsed, _problems = parsed_item(section, content)
    return max(bound or 0 for bound in bound_in(section, Item(**parsed.fields)))


def _limits(wish: Wish) -> list[str]:
    section = wish.section
    parsed, _known = parsed_item(section, wish.content)
    brings, takes = bound_in(section, Item(**parsed.fields))
    if brings is None:
        return [_("一期最多能得多少分没有限定，请写明不长于计分周期的上限（如每月上限），或改用取最高、取最新。")]
    if takes is None:
        return [_("一期最多能扣多少分没有限定，请写明下限，并且不写短于计分周期的上限。")]
    room = room_of(section, wish.unit, wish.from_month, wish.proposal)
    problems = []
    if room.count + 1 > section.custom_count:
        problems.append(
            _("板块“%(section)s”最多 %(most)d 项自定义条款，已有 %(used)d 项（含待审定的），请先停用或撤换。")
            % {"section": section, "most": section.custom_count, "used": room.count}
        )
    worth, most = max(brings, takes), hundredths(section.custom_cap or 0)
    if room.points + worth > most:
        problems.append(
            _("板块“%(section)s”的自定义条款一期合计最多 %(most)s 分，已用 %(used)s 分，这一条 %(own)s 分，请改小。")
            % {"section": section, "most": show(most), "used": show(room.points), "own": show(worth)}
        )
    return problems


@dataclass(frozen=True)
class Room:
    """How many items the people of a unit have already, and what these may bring in a period (hundredths)."""

    count: int
    points: int


def room_of(section: Section, unit: OrgUnit, from_month: int, without: int | None = None) -> Room:
    """Used from a month on, waiting proposals included. Items of units above and below meet in the same grids: the
    fullest line counts."""
    still = Q(to_month=None) | Q(to_month__gte=from_month)
    items = Item.objects.filter(_same_people(unit), still, section=section).select_related("unit")
    used = [(item.unit.path, max(bound or 0 for bound in bound_in(section, item))) for item in items if item.unit]
    wish = Wish(section, unit, {}, from_month, without)
    used += [(row.unit.path, _bound(section, row.content)) for row in _pending(wish)]
    ends = {unit.path, *(path for path, _worth in used if path.startswith(unit.path))}
    lines = [[worth for path, worth in used if end.startswith(path)] for end in ends]
    return Room(max(map(len, lines)), max(map(sum, lines)))
