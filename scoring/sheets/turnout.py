"""参加情况 and 应完成 of a branch in a year as tables: members by kinds of organisation life, members by targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import Activity
from scoring.sheets.people import Person
from scoring.sheets.tables import COUNT, Column, Table, Value, signature_line
from scoring.targets import Progress, Target
from scoring.turnout import Turnout, kinds_of, total_of


def turnout_table(
    unit: str, year: int, people: Sequence[Person], counts: Mapping[int, dict[str, Turnout]]
) -> Table | None:
    """In: the people in their order; account -> kind -> turnout. Cells: "came/expected". None: nothing was held."""
    kinds = kinds_of([*counts.values()])
    if not kinds:
        return None
    rows = []
    for person in people:
        turnout = counts[person.account]
        rows.append([*(_came(turnout.get(kind)) for kind in kinds), *_total(total_of(turnout))])
    return Table(
        unit=unit,
        title=_("%(unit)s党员参加组织生活情况（%(year)d年）") % {"unit": unit, "year": year},
        columns=[*_who(), *_columns(kinds)],
        rows=_numbered(people, rows),
        notes=[_("参加次数/应到次数：到会和补课算参加，公差不算应到。只数已开展、本人在名单上的。")],
        signatures=signature_line(_("支部书记"), _("组织委员")),
    )


def targets_table(
    unit: str, year: int, people: Sequence[Person], targets: Mapping[int, Sequence[Target]]
) -> Table | None:
    """In: account -> targets. Cells read "done/expected". None: the rules expect nothing."""
    items = {target.item.code: target for own in targets.values() for target in own}
    if not items:
        return None
    rows = []
    for person in people:
        own = {target.item.code: target for target in targets[person.account]}
        rows.append([_done(progress) for code in items for progress in _spans(own.get(code), items[code])])
    return Table(
        unit=unit,
        title=_("%(unit)s党员应完成情况（%(year)d年）") % {"unit": unit, "year": year},
        columns=[*_who(), *(column for target in items.values() for column in _of_item(target))],
        rows=_numbered(people, rows),
        notes=[_("完成次数/应完成次数。全年的应完成次数按本人列入积分、办法生效的各计分周期累计。")],
        signatures=signature_line(_("支部书记"), _("组织委员")),
    )


def _who() -> list[Column]:
    return [
        Column("number", _("序号"), COUNT, 6),
        Column("name", _("党员姓名"), width=12),
        Column("staff_number", _("工号"), width=10),
    ]


def _numbered(people: Sequence[Person], rows: Sequence[Sequence[Value]]) -> list[tuple[Value, ...]]:
    return [
        (number, person.name, person.staff_number, *row)
        for number, (person, row) in enumerate(zip(people, rows, strict=True), start=1)
    ]


def _columns(kinds: Sequence[Activity.Kind]) -> list[Column]:
    section = _("组织生活（参加/应到）")
    return [
        *(Column(f"kind:{kind}", str(kind.label), width=11, section=section) for kind in kinds),
        Column("total", _("合计"), width=10, section=section),
        Column("ratio", _("参加率"), width=10, section=section),
    ]


def _came(turnout: Turnout | None) -> Value:
    """Empty where the kind never had the member on a sheet."""
    return None if turnout is None else f"{turnout.attended}/{turnout.expected}"


def _total(turnout: Turnout) -> tuple[Value, Value]:
    if not turnout.expected:
        return _came(turnout) if turnout.held else None, None
    per_mille = (2000 * turnout.attended + turnout.expected) // (2 * turnout.expected)
    return _came(turnout), f"{show(10 * per_mille)}%"


def _of_item(target: Target) -> list[Column]:
    """The period under way and the year; one column where the period is the year."""
    section, key = str(target.item), target.item.code
    year = Column(f"year:{key}", _("全年"), width=12, section=section)
    if target.is_yearly:
        return [year]
    first, last = target.first % 100, target.last % 100
    span = _("%d 月") % last if first == last else _("%(first)d—%(last)d 月") % {"first": first, "last": last}
    return [Column(f"period:{key}", span, width=12, section=section), year]


def _spans(own: Target | None, any_target: Target) -> list[Progress | None]:
    if any_target.is_yearly:
        return [own.year if own else None]
    return [own.period, own.year] if own else [None, None]


def _done(progress: Progress | None) -> Value:
    """Empty where nothing is expected of the member."""
    return None if progress is None else f"{show(hundredths(progress.done))}/{progress.expected}"
