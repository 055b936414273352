"""Templates of campaigns: what the five organisations do, as a first draft that a unit changes (domain.md §1, §6).

Where no document names a number, it is an example; the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from evaluations.models import Grade, Stage
from scoring.models import Activity, RuleSet

Kind, Form, Rater = Stage.Kind, Stage.Form, Stage.Rater


@dataclass(frozen=True)
class StagePlan:
    """`days`: from which day after the start until which one, both included."""

    kind: str
    weight: str
    days: tuple[int, int]
    form: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    pools: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BandPlan:
    name: str
    low: str
    high: str
    grade: str
    quota: str = ""
    needs_support: bool = False


@dataclass(frozen=True)
class Blueprint:
    code: str
    name: object
    note: object
    kind: str
    daily_weight: str
    stages: tuple[StagePlan, ...]
    bands: tuple[BandPlan, ...]
    # Kind of activity -> how often at least.
    conditions: dict[str, int] = field(default_factory=dict)


GRADES = (
    (Grade.EXCELLENT.value, "100"),
    (Grade.QUALIFIED.value, "85"),
    (Grade.BASICALLY_QUALIFIED.value, "70"),
    (Grade.UNQUALIFIED.value, "50"),
)
_COMMITTEE = ((Rater.MEMBERS.value, "100"),)
_MASSES = ((Rater.OUTSIDERS.value, "100"),)
_STARS = (
    BandPlan("五星", "96", "", Grade.EXCELLENT.value, quota="20"),
    BandPlan("四星", "90", "96", Grade.QUALIFIED.value),
    BandPlan("三星", "80", "90", Grade.QUALIFIED.value),
    BandPlan("二星", "70", "80", Grade.QUALIFIED.value),
    BandPlan("一星", "60", "70", Grade.BASICALLY_QUALIFIED.value),
    BandPlan("不合格", "0", "60", Grade.UNQUALIFIED.value, needs_support=True),
)
_APPRAISAL = (
    BandPlan("优秀", "90", "", Grade.EXCELLENT.value, quota="33.33"),
    BandPlan("合格", "70", "90", Grade.QUALIFIED.value),
    BandPlan("基本合格", "60", "70", Grade.BASICALLY_QUALIFIED.value, needs_support=True),
    BandPlan("不合格", "0", "60", Grade.UNQUALIFIED.value, needs_support=True),
)

BLUEPRINTS = (
    Blueprint(
        "star",
        _("党员评星定级"),
        _("自评、党员互评、群众测评、支委会审定、党委综评五个环节，五星分档；日常积分占六成。分值和名额是示例。"),
        RuleSet.AccountKind.MEMBER,
        "60",
        (
            StagePlan(Kind.SELF, "0", (0, 6)),
            StagePlan(Kind.PEER, "50", (7, 13), Form.GRADES, GRADES, _COMMITTEE),
            StagePlan(Kind.MASSES, "50", (7, 13), Form.GRADES, GRADES, _MASSES),
            StagePlan(Kind.BRANCH, "0", (14, 20)),
            StagePlan(Kind.COMMITTEE, "0", (21, 27)),
        ),
        _STARS,
    ),
    Blueprint(
        "appraisal",
        _("民主评议党员"),
        _("自评、党员互评、群众测评后由支委会提出等次，党委审批；四个等次，优秀一般不超过三分之一。"),
        RuleSet.AccountKind.MEMBER,
        "60",
        (
            StagePlan(Kind.SELF, "0", (0, 6)),
            StagePlan(Kind.PEER, "60", (7, 13), Form.GRADES, GRADES, _COMMITTEE),
            StagePlan(Kind.MASSES, "40", (7, 13), Form.GRADES, GRADES, _MASSES),
            StagePlan(Kind.BRANCH, "0", (14, 20)),
            StagePlan(Kind.COMMITTEE, "0", (21, 27)),
        ),
        _APPRAISAL,
        {Activity.Kind.THEME_DAY.value: 6},
    ),
    Blueprint(
        "year",
        _("党员年度考评"),
        _("以全年积分为主，书记和支委、党小组长、党员分组互评；分组权重各单位自定。"),
        RuleSet.AccountKind.MEMBER,
        "80",
        (
            StagePlan(
                Kind.PEER, "100", (0, 6), Form.POINTS,
                (("学习", "20"), ("履职", "40"), ("作风", "20"), ("奉献", "20")),
                ((Rater.COMMITTEE.value, "40"), (Rater.LEADERS.value, "30"), (Rater.MEMBERS.value, "30")),
            ),
            StagePlan(Kind.BRANCH, "0", (7, 13)),
            StagePlan(Kind.COMMITTEE, "0", (14, 20)),
        ),
        _APPRAISAL,
    ),
    Blueprint(
        "branch",
        _("党支部评星定级"),
        _("以支部全年积分为准，党委综评；分档和名额是示例。"),
        RuleSet.AccountKind.BRANCH,
        "100",
        (StagePlan(Kind.COMMITTEE, "0", (0, 13)),),
        _STARS,
    ),
    Blueprint(
        "team",
        _("班组评星定级"),
        _("以班组全年积分为准，党委综评；分档和名额是示例。"),
        RuleSet.AccountKind.TEAM,
        "100",
        (StagePlan(Kind.COMMITTEE, "0", (0, 13)),),
        _STARS,
    ),
)  # fmt: skip


def blueprint(code: str) -> Blueprint:
    """Raise KeyError for a code nobody knows."""
    return {one.code: one for one in BLUEPRINTS}[code]
