from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring.fields import PointsField
from scoring.querysets import CustomItemQuerySet, RuleSetQuerySet


def all_claim_steps() -> list[str]:
    return ["CHECK", "REVIEW", "APPROVE"]


def disciplines_and_law() -> list[str]:
    """The six disciplines of the party, and the law."""
    kinds = ("政治", "组织", "廉洁", "群众", "工作", "生活")
    return [*(f"违反{kind}纪律" for kind in kinds), "违反法律法规"]


class VetoEffect(models.TextChoices):
    """What a veto does to points (the first two) or to the rating."""

    ZERO = "ZERO", _("积分记零")
    CAP = "CAP", _("积分封顶")
    DISQUALIFY = "DISQUALIFY", _("取消评定资格")
    LOWEST_BAND = "LOWEST_BAND", _("评定为最低档")


class RuleSet(models.Model):
    """积分办法: one version of a unit's rule book. A published version never changes; a revision is a new one."""

    class AccountKind(models.TextChoices):
        MEMBER = "MEMBER", _("党员")
        BRANCH = "BRANCH", _("党支部")
        TEAM = "TEAM", _("班组")

    class Period(models.TextChoices):
        MONTH = "MONTH", _("月")
        QUARTER = "QUARTER", _("季")
        YEAR = "YEAR", _("年")

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("草稿")
        PUBLISHED = "PUBLISHED", _("已发布")
        SUPERSEDED = "SUPERSEDED", _("已被取代")

    class CapOrder(models.TextChoices):
        CAP_THEN_DEDUCT = "CAP_THEN_DEDUCT", _("先封顶后扣分")
        DEDUCT_THEN_CAP = "DEDUCT_THEN_CAP", _("先扣分后封顶")

    class VetoUntil(models.TextChoices):
        LIFTED = "LIFTED", _("解除为止")
        YEAR_END = "YEAR_END", _("当年年底")

    class VetoForm(models.TextChoices):
        """Who decides a veto; what the meeting has voted is confirmed by the committee."""

        COMMITTEE = "COMMITTEE", _("党委决定")
        MEETING = "MEETING", _("支部党员大会表决")

    class Newcomer(models.TextChoices):
        NOTHING = "NOTHING", _("从到岗月起计")
        BRANCH_AVERAGE = "BRANCH_AVERAGE", _("以支部平均分起步")

    class Above(models.TextChoices):
        """How a quarter or a year is made of what stands below it."""

        SUM = "SUM", _("合计")
        MEAN = "MEAN", _("平均")
        LAST = "LAST", _("以最后一期为准")
        SCALED = "SCALED", _("折算")

    class YearOf(models.TextChoices):
        PERIODS = "PERIODS", _("各期")
        QUARTERS = "QUARTERS", _("各季")

    owner = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("制定单位"))
    code = models.SlugField(_("代号"), max_length=40)
    name = models.CharField(_("名称"), max_length=100)
    basis = models.CharField(_("依据文件"), max_length=200, blank=True)
    note = models.TextField(_("说明"), blank=True)
    account_kind = models.CharField(_("积分对象"), max_length=6, choices=AccountKind, default=AccountKind.MEMBER)
    period = models.CharField(_("计分周期"), max_length=7, choices=Period, default=Period.MONTH)
    version = models.PositiveIntegerField(_("版本"), default=1)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    effective_from = models.PositiveIntegerField(_("生效月份"))
    effective_to = models.PositiveIntegerField(_("失效月份"), null=True, blank=True)
    floor = PointsField(_("总分下限"), null=True, blank=True)
    ceiling = PointsField(_("总分上限"), null=True, blank=True)
    decimals = models.PositiveSmallIntegerField(_("小数位数"), default=2)
    cap_order = models.CharField(
        _("封顶与扣分次序"), max_length=16, choices=CapOrder, default=CapOrder.CAP_THEN_DEDUCT
    )
    veto_until = models.CharField(_("一票否决有效至"), max_length=8, choices=VetoUntil, default=VetoUntil.LIFTED)
    veto_form = models.CharField(_("一票否决决定方式"), max_length=9, choices=VetoForm, default=VetoForm.COMMITTEE)
    # What each level does; a level without an effect is not used.
    veto_light = models.CharField(_("轻度否决"), max_length=12, choices=VetoEffect, blank=True)
    veto_light_cap = PointsField(_("轻度封顶分"), null=True, blank=True)
    veto_severe = models.CharField(
        _("重度否决"), max_length=12, choices=VetoEffect, blank=True, default=VetoEffect.DISQUALIFY
    )
    veto_severe_cap = PointsField(_("重度封顶分"), null=True, blank=True)
    veto_grounds = models.JSONField(_("否决事由"), default=disciplines_and_law, blank=True)
    newcomer = models.CharField(_("年中新到党员"), max_length=14, choices=Newcomer, default=Newcomer.NOTHING)
    quarter_value = models.CharField(_("季度积分"), max_length=6, choices=Above, default=Above.SUM)
    # The full marks that a quarter or a year is scaled to; only with 折算.
    quarter_full = PointsField(_("季度满分"), null=True, blank=True)
    year_value = models.CharField(_("年度积分"), max_length=6, choices=Above, default=Above.SUM)
    year_of = models.CharField(_("年度由什么合成"), max_length=8, choices=YearOf, default=YearOf.PERIODS)
    year_full = PointsField(_("年度满分"), null=True, blank=True)
    # Which steps a claim goes through before it is entered; the last one enters it.
    claim_steps = models.JSONField(_("申报流程"), default=all_claim_steps, blank=True)
    # The author's own examples, as in the rule file: records in, total out.
    examples = models.JSONField(_("示例"), default=list, blank=True)
    # SHA-256 of the content that passed every check at publication.
    checked_digest = models.CharField(max_length=64, blank=True, editable=False)
    # When a unit's own item last joined or left: whoever keeps the layout in memory reads it anew.
    custom_changed_at = models.DateTimeField(null=True, editable=False)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True)
    published_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发布人")
    )

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分办法")
        verbose_name_plural = _("积分办法")
        ordering = ["owner", "code", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "code", "version"],
                name="rule_set_version_once",
                violation_error_message=_("这个版本号已经用过。"),
            ),
            models.CheckConstraint(
                condition=models.Q(decimals__lte=2),
                name="rule_set_decimals",
                violation_error_message=_("小数位数只能是 0、1 或 2。"),
            ),
            models.CheckConstraint(
                condition=models.Q(effective_to__isnull=True) | models.Q(effective_to__gte=models.F("effective_from")),
                name="rule_set_effective_span",
                violation_error_message=_("失效月份早于生效月份。"),
            ),
            models.CheckConstraint(
                condition=models.Q(state="DRAFT") | ~models.Q(checked_digest=""),
                name="rule_set_published_was_checked",
                violation_error_message=_("未经检查的积分办法不能发布，请在积分办法页面发布。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class Section(models.Model):
    """板块."""

    class Kind(models.TextChoices):
        BASE = "base", _("基础")
        DUTY = "duty", _("履职")
        BONUS = "bonus", _("加分")
        DEDUCTION = "deduction", _("扣分")
        VETO = "veto", _("一票否决")

    rule_set = models.ForeignKey(RuleSet, models.CASCADE, related_name="sections")
    code = models.CharField(_("代号"), max_length=20)
    name = models.CharField(_("名称"), max_length=60)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    position = models.PositiveSmallIntegerField(default=0)
    full_marks = PointsField(_("满分"), null=True, blank=True)
    start = PointsField(_("起始分"), default=0)
    floor = PointsField(_("下限"), null=True, blank=True)
    cap = PointsField(_("上限"), null=True, blank=True)
    weight = PointsField(_("权重（%）"), null=True, blank=True)
    owner_department = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("归口部门")
    )
    # Percent of last year's total that the section starts with in the first period in scope of a year.
    carry_over = PointsField(_("上年结转（%）"), null=True, blank=True)
    # What a unit below may add of its own: how many items, and how many points they may bring in a period together.
    custom_count = models.PositiveSmallIntegerField(_("自定义条款数"), default=0)
    custom_cap = PointsField(_("自定义条款合计上限"), null=True, blank=True)

    class Meta:
        verbose_name = _("板块")
        verbose_name_plural = _("板块")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule_set", "code"],
                name="section_code_once",
                violation_error_message=_("板块代号重复。"),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """条款: one kind of fact, how it is priced and how its entries are tallied."""

    class Pricing(models.TextChoices):
        FIXED = "fixed", _("每次定分")
        PER_UNIT = "per_unit", _("按数量")
        LEVEL = "level", _("按级别")
        GRADE = "grade", _("按等次")
        BANDS = "bands", _("按分数段")
        RANGE = "range", _("在范围内打分")

    class Tally(models.TextChoices):
        SUM = "sum", _("累加")
        HIGHEST = "highest", _("取最高")
        LATEST = "latest", _("取最新")
        MEAN_OF_MONTHS = "mean_of_months", _("月平均")
        STEPS = "steps", _("按次数分档")
        RATIO = "ratio", _("按比例")

    class EvidenceRule(models.TextChoices):
        NONE = "none", _("不需要")
        OPTIONAL = "optional", _("可附")
        REQUIRED = "required", _("必附")

    class FedBy(models.TextChoices):
        GRID = "grid", _("月度录入")
        POST = "post", _("任职自动计入")
        CLAIM = "claim", _("个人申报")
        ACTIVITY = "activity", _("组织生活")
        INSPECTION = "inspection", _("检查考评")

    class Measures(models.TextChoices):
        RECORD = "record", _("痕迹")
        DONE = "done", _("完成")
        EFFECT = "effect", _("成效")

    section = models.ForeignKey(Section, models.CASCADE, related_name="items")
    code = models.CharField(_("条款号"), max_length=20)
    name = models.CharField(_("名称"), max_length=80)
    # Other headings under which month sheets carry this item.
    aliases = models.JSONField(_("别名"), default=list, blank=True)
    standard = models.TextField(_("评分标准"), blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    pricing = models.CharField(_("计价"), max_length=10, choices=Pricing)
    pricing_table = models.JSONField(_("计价表"), default=dict, blank=True)
    tally = models.CharField(_("汇总"), max_length=16, choices=Tally, default=Tally.SUM)
    tally_table = models.JSONField(_("汇总表"), default=dict, blank=True)
    start = PointsField(_("起始分"), default=0)
    floor = PointsField(_("下限"), null=True, blank=True)
    cap_month = PointsField(_("每月上限"), null=True, blank=True)
    cap_quarter = PointsField(_("每季上限"), null=True, blank=True)
    cap_year = PointsField(_("每年上限"), null=True, blank=True)
    outside_cap = models.BooleanField(_("不受板块上限限制"), default=False)
    # Whatever happened in the year counts in its last period, and only there.
    annual = models.BooleanField(_("年末计入"), default=False)
    zeroes = models.BooleanField(_("发生即清零"), default=False)
    unit_label = models.CharField(_("数量单位"), max_length=10, blank=True)
    reason_required = models.BooleanField(_("须写理由"), default=False)
    evidence = models.CharField(_("佐证"), max_length=8, choices=EvidenceRule, default=EvidenceRule.OPTIONAL)
    fed_by = models.CharField(_("数据来源"), max_length=10, choices=FedBy, default=FedBy.GRID)
    # Whether members may claim it themselves; what is fed by claims alone always can be.
    claimable = models.BooleanField(_("可申报"), default=False)
    # Of what organisation life feeds: which kinds (all where none is named), and which marks are one fact.
    activity_kinds = models.JSONField(_("活动类型"), default=list, blank=True)
    activity_marks = models.JSONField(_("计入情形"), default=list, blank=True)
    classes = models.JSONField(_("适用党员分类"), default=list, blank=True)
    posts = models.JSONField(_("适用职务"), default=list, blank=True)
    expected_count = models.PositiveSmallIntegerField(_("应完成次数"), null=True, blank=True)
    measures = models.CharField(_("衡量"), max_length=6, choices=Measures, default=Measures.DONE)
    # 自定义条款: the unit below that added it, and from when to when it counts there.
    unit = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("自定义单位")
    )
    from_month = models.PositiveIntegerField(_("起用月份"), null=True, blank=True)
    to_month = models.PositiveIntegerField(_("停用月份"), null=True, blank=True)

    class Meta:
        verbose_name = _("条款")
        verbose_name_plural = _("条款")
        ordering = ["section__position", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["section", "code"],
                condition=models.Q(unit__isnull=True),
                name="item_code_once",
                violation_error_message=_("条款号重复。"),
            ),
            models.UniqueConstraint(
                fields=["section", "unit", "code"],
                name="item_code_once_per_unit",
                violation_error_message=_("本单位已有同号的自定义条款。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CustomItem(models.Model):
    """自定义条款: what a unit asks to add to its superior's published rules, and what became of it."""

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("待审定")
        APPROVED = "APPROVED", _("已同意")
        RETURNED = "RETURNED", _("已退回")

    section = models.ForeignKey(Section, models.PROTECT, related_name="custom_items", verbose_name=_("板块"))
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("单位"))
    # The clause as in a rule file: Chinese words, values as text.
    content = models.JSONField(_("条款"))
    from_month = models.PositiveIntegerField(_("起用月份"))
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("申请人"))
    proposed_at = models.DateTimeField(_("申请时间"))
    decided_by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, related_name="+", verbose_name=_("审定人")
    )
    decided_at = models.DateTimeField(_("审定时间"), null=True)
    reason = models.CharField(_("退回原因"), max_length=200, blank=True)
    item = models.OneToOneField(Item, models.PROTECT, null=True, related_name="+")

    objects = CustomItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("自定义条款")
        verbose_name_plural = _("自定义条款")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True) | ~models.Q(decided_by=models.F("proposed_by")),
                name="custom_item_decided_by_another",
                violation_error_message=_("申请人不能审定自己的申请。"),
            ),
            models.CheckConstraint(
                condition=~models.Q(state="APPROVED") | models.Q(item__isnull=False),
                name="custom_item_approved_exists",
                violation_error_message=_("同意的自定义条款须已写入积分办法。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.content.get('条款号', '')} {self.content.get('名称', '')}"
