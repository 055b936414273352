from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring.fields import PointsField
from scoring.models.ledger import Account
from scoring.models.rules import RuleSet
from scoring.querysets import ResultQuerySet, ScoreQuerySet, ScoreRunQuerySet


class ScoreRun(models.Model):
    """A computation of one month for everything below a committee. The row is the job."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("等待中")
        RUNNING = "RUNNING", _("计算中")
        DONE = "DONE", _("已完成")
        FAILED = "FAILED", _("未完成")
        CANCELLED = "CANCELLED", _("已取消")

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("范围"))
    month = models.PositiveIntegerField(_("月份"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    # One row per job and slot makes two schedulers harmless: "1:202610:2026-11-01".
    slot = models.CharField(max_length=60, unique=True)
    # Only what is marked as changed, not everything there is.
    changed_only = models.BooleanField(default=False)
    by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, blank=True)

    objects = ScoreRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分计算")
        verbose_name_plural = _("积分计算")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.unit} {self.month}"


class ScoreChunk(models.Model):
    """A part of a run: some branches, computed in one short transaction by whichever worker claims it."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("等待中")
        CLAIMED = "CLAIMED", _("计算中")
        DONE = "DONE", _("已完成")

    run = models.ForeignKey(ScoreRun, models.PROTECT, related_name="chunks")
    unit_ids = models.JSONField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    accounts = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("积分计算分片")
        verbose_name_plural = _("积分计算分片")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.pk}"


class Score(models.Model):
    """Points of one account in one month, of the period to date. Computed from the ledger, never typed."""

    # Every index is written with every score: those that another one begins with, or nobody asks for, are left out.
    account = models.ForeignKey(Account, models.PROTECT, related_name="scores", db_index=False)
    month = models.PositiveIntegerField()
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", db_index=False)
    total = PointsField()
    # Ten-thousandths of a point per section, in the order of the rule set's sections.
    sections = models.JSONField()
    # Under a veto in force, whatever its effect.
    has_veto = models.BooleanField(default=False)
    rank_in_group = models.PositiveIntegerField(null=True)
    rank_in_branch = models.PositiveIntegerField(null=True)
    computed_at = models.DateTimeField()

    objects = ScoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("积分")
        verbose_name_plural = _("积分")
        indexes = [
            models.Index(fields=["unit", "month"], name="score_unit_month"),
            models.Index(fields=["month", "-total"], name="score_month_total"),
        ]
        constraints = [models.UniqueConstraint(fields=["account", "month"], name="score_once")]

    def __str__(self) -> str:
        return str(self.total)


class StaleScore(models.Model):
    """A score that does not show the newest facts: the next night computes these accounts, and no others."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    month = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("待重算积分")
        verbose_name_plural = _("待重算积分")
        constraints = [models.UniqueConstraint(fields=["month", "account"], name="stale_score_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.month}"


class Span(models.TextChoices):
    """What a rank table is about: the scores of a month, or the results of a quarter or year that ends with it."""

    MONTH = "MONTH", _("月")
    QUARTER = "QUARTER", _("季")
    YEAR = "YEAR", _("年")


class Result(models.Model):
    """Points of one account in a whole quarter or year, made of its scores when the span's last month is computed."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="results", db_index=False)
    span = models.CharField(max_length=7, choices=Span)
    # The last month of the span.
    month = models.PositiveIntegerField()
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", db_index=False)
    total = PointsField()
    # How many periods of the span the account was scored in.
    periods = models.PositiveSmallIntegerField()
    # Under a veto in force, whatever its effect.
    has_veto = models.BooleanField(default=False)
    rank_in_group = models.PositiveIntegerField(null=True)
    rank_in_branch = models.PositiveIntegerField(null=True)
    computed_at = models.DateTimeField()

    objects = ResultQuerySet.as_manager()

    class Meta:
        verbose_name = _("季度和年度积分")
        verbose_name_plural = _("季度和年度积分")
        indexes = [
            models.Index(fields=["unit", "month"], name="result_unit_month"),
            models.Index(fields=["span", "month", "-total"], name="result_span_total"),
        ]
        constraints = [models.UniqueConstraint(fields=["account", "span", "month"], name="result_once")]

    def __str__(self) -> str:
        return str(self.total)


class Standing(models.Model):
    """How many accounts below a committee reached which total in a month, and the rank that total has.

    There are far fewer totals than people: the rank of a million members is a table of some thousand rows,
    replaced as a whole when a run is complete.
    """

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+")
    month = models.PositiveIntegerField()
    span = models.CharField(max_length=7, choices=Span, default=Span.MONTH)
    kind = models.CharField(max_length=6, choices=RuleSet.AccountKind)
    total = PointsField()
    count = models.PositiveIntegerField()
    rank = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("名次表")
        verbose_name_plural = _("名次表")
        constraints = [
            models.UniqueConstraint(fields=["unit", "month", "span", "kind", "total"], name="standing_once")
        ]

    def __str__(self) -> str:
        return f"{self.total}: {self.rank}"


class YearTotal(models.Model):
    """A whole year's points from before this system: entered once, the source of carry-over and comparison."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="year_totals", verbose_name=_("账户"))
    year = models.PositiveSmallIntegerField(_("年度"))
    total = PointsField(_("总分"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("往年总分")
        verbose_name_plural = _("往年总分")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "year"],
                name="year_total_once",
                violation_error_message=_("该党员这一年度的总分已经录入。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.total}"
