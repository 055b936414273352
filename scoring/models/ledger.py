from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import Member, OrgUnit
from scoring.fields import PointsField
from scoring.models.rules import Item, RuleSet, VetoEffect
from scoring.querysets import AccountQuerySet, GrantQuerySet, LedgerEntryQuerySet, VetoQuerySet


class Account(models.Model):
    """Anything that is scored: a member, a branch, a work team."""

    kind = models.CharField(_("积分对象"), max_length=6, choices=RuleSet.AccountKind)
    member = models.OneToOneField(Member, models.PROTECT, null=True, blank=True, related_name="account")
    unit = models.OneToOneField(OrgUnit, models.PROTECT, null=True, blank=True, related_name="account")

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分账户")
        verbose_name_plural = _("积分账户")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="MEMBER", member__isnull=False, unit__isnull=True)
                | Q(kind__in=["BRANCH", "TEAM"], member__isnull=True, unit__isnull=False),
                name="account_has_its_subject",
                violation_error_message=_("积分账户须对应一名党员或一个组织。"),
            )
        ]

    def __str__(self) -> str:
        return str(self.member or self.unit)


class LedgerEntry(models.Model):
    """One credited or debited fact. Written once; a mistake is put right by one reversal (scoring.md §1)."""

    class Source(models.TextChoices):
        GRID = "GRID", _("月度录入")
        CLAIM = "CLAIM", _("个人申报")
        IMPORT = "IMPORT", _("表格导入")
        ACTIVITY = "ACTIVITY", _("组织生活")
        INSPECTION = "INSPECTION", _("检查考评")
        GROUP_EVENT = "GROUP_EVENT", _("集体事项")
        ADJUSTMENT = "ADJUSTMENT", _("调整")
        REVERSAL = "REVERSAL", _("冲正")

    append_only = True

    # The indexes below begin with account and unit.
    account = models.ForeignKey(
        Account, models.PROTECT, related_name="ledger_entries", verbose_name=_("账户"), db_index=False
    )
    # The branch (or the unit itself) in whose month the entry counts, frozen: seals stand on it.
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"), db_index=False)
    # Empty for an adjustment, which stands outside all items.
    item = models.ForeignKey(Item, models.PROTECT, null=True, related_name="+", verbose_name=_("条款"))
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", verbose_name=_("积分办法"))
    happened_on = models.DateField(_("发生日期"))
    month = models.PositiveIntegerField(_("计入月份"))
    points = PointsField(_("分值"))
    quantity = PointsField(_("数量"), null=True)
    held = PointsField(_("应有数量"), null=True)
    level = models.CharField(_("级别"), max_length=40, blank=True)
    occasion = models.CharField(_("同一事项"), max_length=80, blank=True)
    reason = models.CharField(_("事由"), max_length=200, blank=True)
    remark = models.CharField(_("备注"), max_length=200, blank=True)
    source = models.CharField(_("来源"), max_length=12, choices=Source)
    filed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("记录人"))
    filed_at = models.DateTimeField(_("记录时间"))
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversal", verbose_name=_("冲正"))
    # The one decision or event that this entry and its siblings were made for.
    cause = models.ForeignKey("Grant", models.PROTECT, null=True, related_name="entries", verbose_name=_("来由"))
    activity = models.ForeignKey(
        "Activity", models.PROTECT, null=True, related_name="entries", verbose_name=_("组织生活")
    )
    # The closed month that an adjustment puts right.
    corrects_month = models.PositiveIntegerField(_("更正月份"), null=True)
    key = models.UUIDField(unique=True, default=uuid.uuid4)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("台账记录")
        verbose_name_plural = _("台账")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["account", "month"], name="ledger_account_month"),
            models.Index(fields=["unit", "month"], name="ledger_unit_month"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(source="REVERSAL", reverses__isnull=False)
                | (~Q(source="REVERSAL") & Q(reverses__isnull=True)),
                name="ledger_reversal_names_its_entry",
                violation_error_message=_("冲正须指明被冲正的记录。"),
            ),
            models.CheckConstraint(
                condition=Q(item__isnull=False) | Q(source__in=["ADJUSTMENT", "REVERSAL"]),
                name="ledger_item_unless_adjustment",
                violation_error_message=_("除调整外，每条记录都须对应一个条款。"),
            ),
            models.CheckConstraint(
                condition=Q(month__gte=190001, month__lte=299912),
                name="ledger_month_known",
                violation_error_message=_("计入月份不正确。"),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Grant(models.Model):
    """One cause that credits several accounts: a post held, an event of a group, an award shared out."""

    class Kind(models.TextChoices):
        POST = "POST", _("任职计分")
        GROUP_EVENT = "GROUP_EVENT", _("集体事项")
        SHARED = "SHARED", _("集体奖励分配")

    append_only = True

    kind = models.CharField(_("类别"), max_length=11, choices=Kind)
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    month = models.PositiveIntegerField(_("计入月份"))
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("条款"))
    # Of a shared award: what there was to share.
    points = PointsField(_("分配总分"), null=True)
    reason = models.CharField(_("事由"), max_length=200)
    by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(_("时间"))
    key = models.UUIDField(unique=True, default=uuid.uuid4)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("集体计分")
        verbose_name_plural = _("集体计分")
        ordering = ["-id"]
        indexes = [models.Index(fields=["unit", "month"], name="grant_unit_month")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="SHARED", points__isnull=False) | (~Q(kind="SHARED") & Q(points__isnull=True)),
                name="grant_shares_points",
                violation_error_message=_("只有集体奖励分配写明总分。"),
            )
        ]

    def __str__(self) -> str:
        return self.reason


class ExpectedCount(models.Model):
    """How often an account is expected to do what an item counts, where it differs from the rule set's number."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("账户"))
    code = models.CharField(_("条款号"), max_length=20)
    year = models.PositiveSmallIntegerField(_("年度"))
    count = models.PositiveSmallIntegerField(_("应完成次数"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("应完成次数")
        verbose_name_plural = _("应完成次数")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "year", "code"],
                name="expected_count_once",
                violation_error_message=_("这名党员这一条款的应完成次数已经设定。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.count}"


class Opening(models.Model):
    """Points of a year that an account brings along: from before this system, or the branch's average."""

    class Kind(models.TextChoices):
        ENTERED = "ENTERED", _("录入")
        BRANCH_AVERAGE = "BRANCH_AVERAGE", _("支部平均分")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("账户"))
    year = models.PositiveSmallIntegerField(_("年度"))
    # It counts in this month and every later one of the year.
    from_month = models.PositiveIntegerField(_("计入起始月份"))
    points = PointsField(_("期初积分"))
    kind = models.CharField(_("来源"), max_length=14, choices=Kind)
    by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("期初积分")
        verbose_name_plural = _("期初积分")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "year"],
                name="opening_once_per_year",
                violation_error_message=_("这名党员这一年度的期初积分已经录入。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.points}"


class Veto(models.Model):
    """The effect of a 一票否决 on scores: one row. The case behind it belongs to evaluations."""

    class Level(models.TextChoices):
        LIGHT = "LIGHT", _("轻")
        SEVERE = "SEVERE", _("重")

    Effect = VetoEffect

    account = models.ForeignKey(Account, models.PROTECT, related_name="vetoes", verbose_name=_("账户"))
    level = models.CharField(_("程度"), max_length=6, choices=Level)
    effect = models.CharField(_("效果"), max_length=12, choices=Effect)
    cap = PointsField(_("封顶分"), null=True, blank=True)
    ground = models.CharField(_("依据"), max_length=40)
    reason = models.CharField(_("事由"), max_length=200)
    from_month = models.PositiveIntegerField(_("起始月份"))
    # Lifted from this month on (excluded); empty while in force.
    to_month = models.PositiveIntegerField(_("解除月份"), null=True, blank=True)
    decided_on = models.DateField(_("决定日期"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("经办人"))

    objects = VetoQuerySet.as_manager()

    class Meta:
        verbose_name = _("一票否决")
        verbose_name_plural = _("一票否决")
        constraints = [
            models.CheckConstraint(
                condition=Q(effect="CAP", cap__isnull=False) | (~Q(effect="CAP") & Q(cap__isnull=True)),
                name="veto_cap_with_its_points",
                violation_error_message=_("封顶的一票否决须写明封顶分。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.get_effect_display()}"
