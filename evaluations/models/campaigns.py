from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from evaluations.querysets import CampaignQuerySet
from members.models import OrgUnit
from scoring.fields import PointsField
from scoring.models import Activity, RuleSet


class Grade(models.TextChoices):
    """民主评议的等次 (domain.md §2)."""

    EXCELLENT = "EXCELLENT", _("优秀")
    QUALIFIED = "QUALIFIED", _("合格")
    BASICALLY_QUALIFIED = "BASICALLY_QUALIFIED", _("基本合格")
    UNQUALIFIED = "UNQUALIFIED", _("不合格")


class Campaign(models.Model):
    """评定: one year's rating of the members, branches or teams below a committee (evaluations.md §3)."""

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("筹备中")
        RUNNING = "RUNNING", _("进行中")
        DECIDED = "DECIDED", _("已审定")
        FINAL = "FINAL", _("已确定")
        ARCHIVED = "ARCHIVED", _("已归档")

    class EmptyStage(models.TextChoices):
        """What becomes of the weight of a stage in which nobody rated."""

        RENORMALISE = "RENORMALISE", _("由其余环节按比例补足，并写明")
        DECIDE = "DECIDE", _("停下来，由党委决定")

    MOVES = {
        ("DRAFT", "RUNNING"),
        ("RUNNING", "DECIDED"),
        ("DECIDED", "RUNNING"),
        ("DECIDED", "FINAL"),
        ("FINAL", "ARCHIVED"),
    }

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("组织单位"))
    year = models.PositiveSmallIntegerField(_("年度"))
    kind = models.CharField(_("评定对象"), max_length=6, choices=RuleSet.AccountKind)
    name = models.CharField(_("名称"), max_length=80)
    basis = models.CharField(_("依据文件"), max_length=200, blank=True)
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.DRAFT)
    # Percent of the whole that the year's points count; the rest are the stages, by their weights.
    daily_weight = PointsField(_("日常积分占比（%）"), default=60)
    # Full marks of the year's points, when they are not out of a hundred.
    daily_full = PointsField(_("日常积分满分"), null=True, blank=True)
    empty_stage = models.CharField(
        _("没有人参评的环节"), max_length=11, choices=EmptyStage, default=EmptyStage.RENORMALISE
    )
    rates_probationary = models.BooleanField(_("预备党员参加评定"), default=False)
    # More than this share in the best grade asks for a reason; it never blocks.
    excellent_share = PointsField(_("优秀比例提醒（%）"), default="33.33")
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("建立人"))
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(_("启动时间"), null=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("评定")
        verbose_name_plural = _("评定")
        ordering = ["-year", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "year", "kind", "name"],
                name="campaign_once",
                violation_error_message=_("这个单位本年度已有同名的评定，请改名。"),
            ),
            models.CheckConstraint(
                condition=Q(daily_weight__gte=0, daily_weight__lte=100),
                name="campaign_daily_weight",
                violation_error_message=_("日常积分占比须在 0 到 100 之间。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """环节: one step of a campaign, in the order of their positions."""

    class Kind(models.TextChoices):
        SELF = "SELF", _("个人自评")
        PEER = "PEER", _("党员互评")
        MASSES = "MASSES", _("群众测评")
        BRANCH = "BRANCH", _("支委会审定")
        COMMITTEE = "COMMITTEE", _("党委综评")

    class Form(models.TextChoices):
        NONE = "", _("不打分")
        POINTS = "POINTS", _("分项打分")
        GRADES = "GRADES", _("评等次")

    class Rater(models.TextChoices):
        """Who makes up a pool. Somebody of two pools rates once, in the first of the stage."""

        COMMITTEE = "COMMITTEE", _("支委会成员")
        LEADERS = "LEADERS", _("党小组长")
        MEMBERS = "MEMBERS", _("党员")
        OUTSIDERS = "OUTSIDERS", _("群众")

    BALLOTS = ("PEER", "MASSES")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="stages")
    kind = models.CharField(_("环节"), max_length=9, choices=Kind)
    position = models.PositiveSmallIntegerField()
    # Of what the year's points leave; 0: heard, not counted.
    weight = PointsField(_("权重（%）"), default=0)
    opens_on = models.DateField(_("开始日期"))
    # The last day, included.
    closes_on = models.DateField(_("截止日期"))
    form = models.CharField(_("评价方式"), max_length=6, choices=Form, blank=True)
    # Of 分项打分: [[name, full marks], …]; of 评等次: [[grade, points], …].
    marks = models.JSONField(_("评价内容"), default=list, blank=True)
    # [[rater, weight], …] of a stage with ballots; how many outsiders there are is said by their codes.
    pools = models.JSONField(_("参评人员"), default=list, blank=True)
    quorum = PointsField(_("最低参评率（%）"), default=50)
    # As many ballots about each person before a pool is opened; never below three.
    threshold = models.PositiveSmallIntegerField(_("开票人数下限"), default=5)

    class Meta:
        verbose_name = _("评定环节")
        verbose_name_plural = _("评定环节")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "kind"],
                name="stage_kind_once",
                violation_error_message=_("每个环节只能有一个。"),
            ),
            models.CheckConstraint(
                condition=Q(opens_on__lte=F("closes_on")),
                name="stage_opens_before_it_closes",
                violation_error_message=_("截止日期早于开始日期，请核对。"),
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=3),
                name="stage_threshold_keeps_secrets",
                violation_error_message=_("少于 3 票就能看出是谁投的，开票人数下限不能低于 3。"),
            ),
            models.CheckConstraint(
                condition=Q(weight__gte=0, weight__lte=100),
                name="stage_weight",
                violation_error_message=_("权重须在 0 到 100 之间。"),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def has_ballots(self) -> bool:
        return self.kind in self.BALLOTS


class Band(models.Model):
    """等次: stars for a stretch of points, half-open; position 0 is the highest."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="bands")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("等次"), max_length=20)
    low = PointsField(_("起点（含）"))
    high = PointsField(_("终点（不含）"), null=True, blank=True)
    quota = PointsField(_("名额（%）"), null=True, blank=True)
    grade = models.CharField(_("对应评议等次"), max_length=19, choices=Grade)
    # A low result leads to a talk, written problems, rectification, a supporter.
    needs_support = models.BooleanField(_("须谈话整改"), default=False)

    class Meta:
        verbose_name = _("等次")
        verbose_name_plural = _("等次")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="band_position_once"),
            models.UniqueConstraint(
                fields=["campaign", "name"],
                name="band_name_once",
                violation_error_message=_("等次名称重复。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Condition(models.Model):
    """最低条件: so often must somebody have taken part, whatever the points say; else the lowest band."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="conditions")
    activity_kind = models.CharField(_("组织生活"), max_length=17, choices=Activity.Kind)
    least = models.PositiveSmallIntegerField(_("至少参加次数"))

    class Meta:
        verbose_name = _("最低条件")
        verbose_name_plural = _("最低条件")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "activity_kind"],
                name="condition_once",
                violation_error_message=_("同一类组织生活只写一个最低条件。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_activity_kind_display()} ≥ {self.least}"
