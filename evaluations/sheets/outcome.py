"""测评汇总 and the outcome of a campaign as tables: page, paper and workbook show the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from django.db.models import Sum
from django.utils.translation import gettext as _

from evaluations.calculation.ballots import rounded
from evaluations.calculation.rating import StageValue
from evaluations.models import Band, BandDecision, Campaign, Candidate, Grade, Stage, Tally
from evaluations.services.rating import stage_values
from scoring.sheets.tables import COUNT, POINTS, Column, Table, Value

# (candidate, stage) -> (line, mark) -> how many
Marks = Mapping[tuple[int, int], Mapping[tuple[int, str], int]]


def full_name(campaign: Campaign) -> str:
    """With its year, unless the name says it."""
    if str(campaign.year) in campaign.name:
        return campaign.name
    return _("%(year)d 年度%(name)s") % {"year": campaign.year, "name": campaign.name}


def everyone_of(campaign: Campaign) -> list[Candidate]:
    """Branch by branch, by name; those left out stand among them, with the reason."""
    rows = Candidate.objects.filter(campaign=campaign).select_related(
        "account__member", "account__unit", "unit", "computed", "proposed", "approved"
    )
    return list(rows.order_by("unit__path", "account__member__pinyin", "pk"))


def marks_of(campaign: Campaign, candidates: Sequence[Candidate] | None = None) -> Marks:
    """What was counted, over all pools. One query."""
    rows = Tally.objects.filter(poll__stage__campaign=campaign, poll__state="COUNTED")
    if candidates is not None:
        rows = rows.filter(candidate__in=[one.pk for one in candidates])
    found: dict[tuple[int, int], dict[tuple[int, str], int]] = {}
    keys = ("candidate", "poll__stage", "line", "mark")
    for candidate, stage, line, mark, count in rows.order_by().values_list(*keys).annotate(n=Sum("count")):
        found.setdefault((candidate, stage), {})[line, mark] = count
    return found


def ballots_of(stage: Stage, marks: Mapping[tuple[int, str], int]) -> int:
    """How many ballots marked this candidate: every ballot marks every line once."""
    return sum(count for (line, _mark), count in marks.items() if line == 0)


def figures_of(stage: Stage, marks: Mapping[tuple[int, str], int]) -> list[Value]:
    """Of 评等次 how many per grade; of 分项打分 the mean per dimension; None where nobody marked."""
    if stage.form == Stage.Form.GRADES:
        return [marks.get((0, grade), 0) if marks else None for grade, _points in stage.marks]
    return [_mean(line, marks) for line in range(len(stage.marks))]


def _mean(line: int, marks: Mapping[tuple[int, str], int]) -> Decimal | None:
    own = {int(mark): count for (place, mark), count in marks.items() if place == line}
    ballots = sum(own.values())
    return rounded(Fraction(sum(mark * count for mark, count in own.items()), ballots)) if ballots else None


def headings_of(stage: Stage) -> list[str]:
    if stage.form == Stage.Form.GRADES:
        return [str(Grade(grade).label) for grade, _points in stage.marks]
    return [str(name) for name, _full in stage.marks]


# --- 测评汇总 ------------------------------------------------------------------------------------
def summary_table(campaign: Campaign, candidates: Sequence[Candidate]) -> Table:
    """Rows are the people, columns the marks of every stage with ballots and what they come to."""
    stages = [stage for stage in campaign.stages.all() if stage.has_ballots]
    rated = [one for one in candidates if not one.left_out]
    marks, values = marks_of(campaign), stage_values(campaign, rated)
    rows = []
    for number, one in enumerate(rated, start=1):
        row: list[Value] = [number, str(one.account), one.unit.name, one.daily]
        for stage, value in zip(stages, values[one.pk], strict=True):
            own = marks.get((one.pk, stage.pk), {})
            row += [ballots_of(stage, own), *figures_of(stage, own), _shown(value)]
        rows.append((*row, one.total, _name(one.computed)))
    title = _("%s测评汇总表") % full_name(campaign)
    return Table(_("测评汇总"), title, _summary_columns(stages), rows, notes=_summary_notes(stages))


def _summary_columns(stages: Sequence[Stage]) -> list[Column]:
    columns = [
        Column("number", _("序号"), COUNT, 6),
        Column("name", _("姓名"), width=10),
        Column("unit", _("党支部"), width=18),
        Column("daily", _("日常积分"), POINTS, 10),
    ]
    for stage in stages:
        section, kind = str(stage), COUNT if stage.form == Stage.Form.GRADES else POINTS
        columns.append(Column(f"{stage.kind}-ballots", _("票数"), COUNT, 7, section))
        columns += [
            Column(f"{stage.kind}-{place}", heading, kind, 8, section)
            for place, heading in enumerate(headings_of(stage))
        ]
        columns.append(Column(f"{stage.kind}-value", _("得分"), POINTS, 9, section))
    return [*columns, Column("total", _("综合得分"), POINTS, 10), Column("computed", _("测算等次"), width=10)]


def _summary_notes(stages: Sequence[Stage]) -> list[str]:
    if not stages:
        return []
    return [_("只列合计，不列每张票。票数不足以保密的没有开票，得分空着。")]


def _shown(value: StageValue) -> Decimal | None:
    return None if value.value is None else rounded(value.value)


def _name(band: Band | None) -> str:
    return band.name if band else ""


# --- 结果 ----------------------------------------------------------------------------------------
def outcome_table(campaign: Campaign, candidates: Sequence[Candidate]) -> Table:
    """Everyone with the three words on them, the grade that follows, and what is to be said."""
    reasons = _reasons(campaign)
    rows: list[tuple[Value, ...]] = [
        (
            number, str(one.account), one.unit.name, one.daily, one.total, _name(one.computed), _name(one.proposed),
            _name(one.approved), str(one.approved.get_grade_display()) if one.approved else "",
            _("是") if one.approved and one.approved.needs_support else "",
            "；".join(_remarks(one, reasons.get(one.pk, ""))),
        )
        for number, one in enumerate(candidates, start=1)
    ]  # fmt: skip
    columns = [
        Column("number", _("序号"), COUNT, 6),
        Column("name", _("姓名"), width=10),
        Column("unit", _("党支部"), width=18),
        Column("daily", _("日常积分"), POINTS, 10),
        Column("total", _("综合得分"), POINTS, 10),
        Column("computed", _("测算等次"), width=10),
        Column("proposed", _("支部意见"), width=10),
        Column("approved", _("党委意见"), width=10),
        Column("grade", _("评议等次"), width=10),
        Column("support", _("须谈话整改"), width=10),
        Column("remark", _("备注"), width=30),
    ]
    title = _("%s结果") % full_name(campaign)
    return Table(_("结果"), title, columns, rows, notes=[_("状态：%s") % campaign.get_state_display()])


def _reasons(campaign: Campaign) -> dict[int, str]:
    """Candidate -> the last reason for another band than the computed one."""
    rows = BandDecision.objects.filter(candidate__campaign=campaign, band__isnull=False).exclude(reason="")
    return dict(rows.order_by("pk").values_list("candidate", "reason"))


def _remarks(one: Candidate, reason: str) -> list[str]:
    found = [_("不参评：%s") % one.left_out] if one.left_out else []
    if one.bar:
        found.append(str(Candidate.Bar(one.bar).label))
    if one.is_tied:
        found.append(_("名额线上同分"))
    if one.approved_id and one.approved_id != one.computed_id and reason:
        found.append(_("与测算不同：%s") % reason)
    return found
