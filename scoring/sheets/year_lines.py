"""加扣分明细: a member's plus and minus lines of a year, for criticism and self-criticism at the 组织生活会. Pure.

Every line is what stands in the ledger, before caps and floors. A month sheet's points that say nothing but their
number are one line per clause, with the months beside each other: twelve times "四讲四有 60" would bury the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import Claim, Item, LedgerEntry, Section
from scoring.sheets.people import Person
from scoring.sheets.tables import COUNT, POINTS, Column, Table, Value

Source = LedgerEntry.Source
# Tallies that make points of times.
_COUNTED = frozenset({Item.Tally.RATIO, Item.Tally.STEPS})
# Adjustments stand outside all sections.
_AFTER_ALL = 999
_AGAINST = frozenset({Section.Kind.DEDUCTION, Section.Kind.VETO})
# What a month sheet brings has the month's last day, which is not the day on which it happened.
_BY_MONTH = frozenset({Source.GRID, Source.IMPORT})


@dataclass(frozen=True)
class Subject(Person):
    """Whose sheet it is, and where that person is now."""

    branch: str = ""
    group: str = ""


@dataclass(frozen=True)
class Part:
    """One entry of a line: which one, its month, its points."""

    entry: int
    month: int
    points: Decimal


@dataclass
class Line:
    """One line of the sheet. `amount` says times or a share where the points come from the rules' tally."""

    day: str
    section: str
    clause: str
    happened: str
    origin: str
    amount: str
    parts: list[Part]
    # Of a proposed deduction: what the member said to it, and what was decided.
    answer: str = ""
    decision: str = ""

    @property
    def points(self) -> Decimal:
        return sum((part.points for part in self.parts), start=Decimal(0))

    @property
    def is_of_months(self) -> bool:
        return len(self.parts) > 1


@dataclass
class Sum:
    """What a section's lines come to."""

    section: str
    plus: Decimal = Decimal(0)
    minus: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return self.plus + self.minus


@dataclass
class YearSheet:
    """One member's year: 加分行, 扣分行, and the sums by section in the order of the rules."""

    person: Subject
    plus: list[Line] = field(default_factory=list)
    minus: list[Line] = field(default_factory=list)
    sums: list[Sum] = field(default_factory=list)

    @property
    def total(self) -> Sum:
        plus = sum((one.plus for one in self.sums), start=Decimal(0))
        minus = sum((one.minus for one in self.sums), start=Decimal(0))
        return Sum(_("合计"), plus, minus)

    @property
    def count(self) -> int:
        return len(self.plus) + len(self.minus)


def note() -> str:
    """Below every sheet: why its sums are not the score."""
    return _("分值为台账记录的原始分值，未计上限、下限和折算；已冲正的不列。只写次数的，按积分办法汇总后计分。")


def side_of(entry: LedgerEntry) -> int:
    """1 plus, −1 minus, 0 neither: a fact that changes nothing has no place on the sheet.

    Without points of its own an entry still counts where the rules tally times: an absence in a share or in steps
    speaks against the member, a study target met speaks for.
    """
    if entry.points:
        return 1 if entry.points > 0 else -1
    times = entry.quantity or Decimal(0)
    if entry.held is not None:
        return -1 if times < entry.held else 0
    if entry.item is None or not times:
        return 0
    if entry.item.section.kind in _AGAINST or _steps_down(entry.item):
        return -1
    return 1 if entry.item.tally in _COUNTED else 0


def _steps_down(item: Item) -> bool:
    """Counted in steps that take points off, in whichever section it stands."""
    steps = item.tally_table.get("steps") or []
    return item.tally == Item.Tally.STEPS and any(hundredths(str(step[1])) < 0 for step in steps)


def sheet_of(person: Subject, entries: Iterable[LedgerEntry]) -> YearSheet:
    """In: the person's standing entries of the year, by day, each with item, section and claim."""
    sheet = YearSheet(person)
    sums: dict[tuple[int, str], Sum] = {}
    merged: dict[tuple[int | None, int], Line] = {}
    for entry in entries:
        side = side_of(entry)
        if not side:
            continue
        _add_up(sums, entry, side)
        place = (entry.item_id, side) if _is_silent(entry) else None
        if place is not None and place in merged:
            merged[place].parts.append(_part(entry))
            continue
        line = _line(entry)
        if place is not None:
            merged[place] = line
        (sheet.plus if side > 0 else sheet.minus).append(line)
    for line in merged.values():
        _tell_months(line)
    sheet.sums = [sums[place] for place in sorted(sums)]
    return sheet


def _add_up(sums: dict[tuple[int, str], Sum], entry: LedgerEntry, side: int) -> None:
    position = entry.item.section.position if entry.item else _AFTER_ALL
    name = _section(entry)
    found = sums.setdefault((position, name), Sum(name))
    if side > 0:
        found.plus += entry.points
    else:
        found.minus += entry.points


def _section(entry: LedgerEntry) -> str:
    return entry.item.section.name if entry.item else _("调整")


def _part(entry: LedgerEntry) -> Part:
    return Part(entry.pk, entry.month, entry.points)


def _is_silent(entry: LedgerEntry) -> bool:
    """Points of a month sheet that nobody has said anything about."""
    words = (entry.reason, entry.remark, entry.level, entry.occasion)
    return entry.source in _BY_MONTH and bool(entry.points) and not any(words)


def _line(entry: LedgerEntry) -> Line:
    claim = getattr(entry, "claim", None)
    by_month = entry.source in _BY_MONTH
    return Line(
        day=_("%d 月") % (entry.month % 100) if by_month else f"{entry.happened_on:%m-%d}",
        section=_section(entry),
        clause=str(entry.item) if entry.item else _("调整"),
        happened=_happened(entry),
        origin=_origin(entry, claim),
        amount="" if entry.points else _times(entry),
        parts=[_part(entry)],
        answer=claim.answer if claim else "",
        decision=claim.decision if claim else "",
    )


def _happened(entry: LedgerEntry) -> str:
    words = [entry.reason, entry.occasion, entry.level, entry.remark]
    if entry.corrects_month:
        words.append(_("更正 %(year)d 年 %(month)d 月") % {
            "year": entry.corrects_month // 100, "month": entry.corrects_month % 100,
        })  # fmt: skip
    return "；".join(dict.fromkeys(filter(None, words)))


def _origin(entry: LedgerEntry, claim: Claim | None) -> str:
    if claim is not None and claim.kind == Claim.Kind.DEDUCTION:
        return str(Claim.Kind.DEDUCTION.label)
    return str(Source(entry.source).label)


def _times(entry: LedgerEntry) -> str:
    """What stands for points where the tally gives them: a share of the meetings, or so many times."""
    times = show(hundredths(entry.quantity or Decimal(0)))
    if entry.held is not None:
        return _("%(came)s/%(held)s 次") % {"came": times, "held": show(hundredths(entry.held))}
    unit = entry.item.unit_label if entry.item and entry.item.unit_label else _("次")
    return f"{times} {unit}"


def _tell_months(line: Line) -> None:
    """Of a merged line: from when to when, and each month's points."""
    first, last = line.parts[0].month % 100, line.parts[-1].month % 100
    if first != last:
        line.day = _("%(first)d—%(last)d 月") % {"first": first, "last": last}
    if line.is_of_months:
        line.happened = "，".join(
            _("%(month)d 月 %(points)s") % {"month": part.month % 100, "points": _signed(part.points)}
            for part in line.parts
        )


def _signed(points: Decimal) -> str:
    amount = hundredths(points)
    return f"+{show(amount)}" if amount > 0 else show(amount)


# --- as a table, for a workbook ------------------------------------------------------------------
def lines_table(name: str, title: str, sheets: Iterable[YearSheet]) -> Table:
    """All lines of these members behind each other. In: the name of the sheet, and what stands above it."""
    rows: list[tuple[Value, ...]] = []
    for sheet in sheets:
        for word, lines in ((_("加分"), sheet.plus), (_("扣分"), sheet.minus)):
            rows += [_row(sheet.person, word, line) for line in lines]
    return Table(name, title, _columns(), [(number, *row) for number, row in enumerate(rows, start=1)], notes=[note()])


def _columns() -> list[Column]:
    return [
        Column("number", _("序号"), COUNT, 6),
        Column("name", _("党员姓名"), width=12),
        Column("staff_number", _("工号"), width=10),
        Column("side", _("加扣分"), width=8),
        Column("day", _("日期"), width=10),
        Column("section", _("板块"), width=14),
        Column("clause", _("条款"), width=24),
        Column("happened", _("内容"), width=36),
        Column("points", _("分值"), POINTS, 8),
        Column("amount", _("次数"), width=10),
        Column("origin", _("来源"), width=10),
        Column("answer", _("本人说明"), width=24),
        Column("decision", _("处理意见"), width=24),
    ]


def _row(person: Subject, side: str, line: Line) -> tuple[Value, ...]:
    points = None if line.amount else line.points
    return (
        person.name, person.staff_number, side, line.day, line.section, line.clause, line.happened,
        points, line.amount, line.origin, line.answer, line.decision,
    )  # fmt: skip
