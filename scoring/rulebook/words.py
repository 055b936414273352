"""The words of rule files: what people write, and what the tables hold for it."""

from __future__ import annotations

from members.models import Appointment
from scoring.models import Activity, Attendance, RuleSet, VetoEffect

KINDS = {"党员": "MEMBER", "党支部": "BRANCH", "班组": "TEAM"}
PERIODS = {"月": "MONTH", "季": "QUARTER", "年": "YEAR"}
CAP_ORDERS = {"先封顶后扣分": "CAP_THEN_DEDUCT", "先扣分后封顶": "DEDUCT_THEN_CAP"}
VETO_UNTIL = {"解除为止": "LIFTED", "当年年底": "YEAR_END"}
VETO_FORMS = {str(form.label): form.value for form in RuleSet.VetoForm}
# A level that the rules do not know has no effect.
VETO_EFFECTS = {"不设": ""} | {str(effect.label): effect.value for effect in VetoEffect}
NEWCOMERS = {"从到岗月起计": "NOTHING", "以支部平均分起步": "BRANCH_AVERAGE"}
ABOVE = {"合计": "SUM", "平均": "MEAN", "以最后一期为准": "LAST", "折算": "SCALED"}
YEAR_OF = {"各期": "PERIODS", "各季": "QUARTERS"}
SECTION_KINDS = {"基础": "base", "履职": "duty", "加分": "bonus", "扣分": "deduction", "一票否决": "veto"}
PRICINGS = {
    "每次定分": "fixed", "按数量": "per_unit", "按级别": "level",
    "按等次": "grade", "按分数段": "bands", "打分": "range",
}  # fmt: skip
ROUNDINGS = {"舍去": "down", "进一": "up", "四舍五入": "half_up"}
TALLIES = {
    "累加": "sum", "取最高": "highest", "取最新": "latest",
    "月平均": "mean_of_months", "按次数分档": "steps", "按比例": "ratio",
}  # fmt: skip
HIGHEST_OF = {"全期": "period", "同一事项": "occasion"}
RATIO_OF = {"应到次数": "held", "应完成次数": "expected"}
EVIDENCE = {"不需要": "none", "可附": "optional", "必附": "required"}
FED_BY = {
    "月度录入": "grid", "任职自动计入": "post", "个人申报": "claim", "组织生活": "activity", "检查考评": "inspection",
}  # fmt: skip
MEASURES = {"痕迹": "record", "完成": "done", "成效": "effect"}
ACTIVITY_KINDS = {str(kind.label): kind.value for kind in Activity.Kind}
ACTIVITY_MARKS = {str(mark.label): mark.value for mark in Attendance.Mark}
CLAIM_STEPS = {"初核": "CHECK", "审核": "REVIEW", "审定": "APPROVE"}
YES_NO = {"是": True, "否": False}
POSTS = {str(post.label): post.value for post in Appointment.Post}


def word_of(table: dict[str, object] | dict[str, str] | dict[str, bool], value: object) -> str:
    """What people write for a value of the tables."""
    return next(word for word, known in table.items() if known == value)
