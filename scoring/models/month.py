from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring import months
from scoring.querysets import MonthQuerySet


class Month(models.Model):
    """One month of one branch, on its way from entry to closing."""

    class State(models.TextChoices):
        OPEN = "OPEN", _("录入中")
        SUBMITTED = "SUBMITTED", _("待审核")
        CHECKED = "CHECKED", _("待结账")
        CLOSED = "CLOSED", _("已结账")

    # Which moves there are; every other one is refused.
    MOVES = {
        ("OPEN", "SUBMITTED"),
        ("SUBMITTED", "OPEN"),
        ("SUBMITTED", "CHECKED"),
        ("CHECKED", "OPEN"),
        ("CHECKED", "CLOSED"),
        # Only with a reason, and only by the committee: nothing published changes silently.
        ("CLOSED", "OPEN"),
    }

    # Until somebody has checked a month, what is approved or held is entered into it.
    TAKING = (State.OPEN, State.SUBMITTED)

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    month = models.PositiveIntegerField(_("月份"))
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    submitted_by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    checked_by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    return_reason = models.CharField(_("退回原因"), max_length=200, blank=True)
    # Something that scores depend on has changed since they were computed.
    is_stale = models.BooleanField(default=False)

    objects = MonthQuerySet.as_manager()

    class Meta:
        verbose_name = _("支部月份")
        verbose_name_plural = _("支部月份")
        ordering = ["-month", "unit"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "month"], name="month_once_per_unit"),
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("submitted_by")),
                name="month_checked_by_another",
                violation_error_message=_("提交人不能审核自己提交的月份，请由支委会其他成员审核。"),
            ),
            models.CheckConstraint(
                condition=~Q(state="CLOSED") | Q(closed_by__isnull=False),
                name="month_closed_by_someone",
                violation_error_message=_("结账须有结账人。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {months.label(self.month)}"

    @property
    def progress_word(self) -> str:
        """The state for people; a month that nobody has touched has not begun."""
        return str(_("未开始") if self.pk is None else self.get_state_display())

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def takes_entries(self) -> bool:
        return self.state in self.TAKING

    @property
    def is_closed(self) -> bool:
        return self.state == self.State.CLOSED


class MonthMove(models.Model):
    """Who moved a month from which state to which, when and why."""

    month = models.ForeignKey(Month, models.PROTECT, related_name="moves")
    from_state = models.CharField(max_length=10, choices=Month.State)
    to_state = models.CharField(max_length=10, choices=Month.State)
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    append_only = True

    class Meta:
        verbose_name = _("月份办理记录")
        verbose_name_plural = _("月份办理记录")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_from_state_display()} → {self.get_to_state_display()}"


class MonthPolicy(models.Model):
    """How a committee runs its months: deadlines as days of the following month, days to answer a deduction,
    and after how many days of waiting people are reminded."""

    class Closer(models.TextChoices):
        COMMITTEE = "COMMITTEE", _("党委")
        BRANCH = "BRANCH", _("支委会")

    unit = models.OneToOneField(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("党委"))
    submit_by_day = models.PositiveSmallIntegerField(_("提交截止（次月几日）"), default=5)
    check_by_day = models.PositiveSmallIntegerField(_("审核截止（次月几日）"), default=8)
    close_by_day = models.PositiveSmallIntegerField(_("结账截止（次月几日）"), default=10)
    answer_days = models.PositiveSmallIntegerField(_("扣分申辩天数"), default=0)
    remind_days = models.PositiveSmallIntegerField(_("等待几天后提醒"), default=3)
    closed_by = models.CharField(_("由谁结账"), max_length=10, choices=Closer, default=Closer.COMMITTEE)

    class Meta:
        verbose_name = _("月度规定")
        verbose_name_plural = _("月度规定")
        constraints = [
            models.CheckConstraint(
                condition=Q(submit_by_day__gte=1, submit_by_day__lte=F("check_by_day"))
                & Q(check_by_day__lte=F("close_by_day"), close_by_day__lte=28),
                name="policy_days_in_order",
                violation_error_message=_("截止日须在 1 至 28 之间，且提交不晚于审核、审核不晚于结账。"),
            ),
            models.CheckConstraint(
                condition=Q(answer_days__lte=30),
                name="policy_answer_days",
                violation_error_message=_("扣分申辩天数不超过 30 天。"),
            ),
            models.CheckConstraint(
                condition=Q(remind_days__gte=1, remind_days__lte=30),
                name="policy_remind_days",
                violation_error_message=_("等待几天后提醒须在 1 至 30 之间。"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.unit)


class ArchivedYear(models.Model):
    """年度归档: from now on months of the year stay closed; what is found later is an adjustment in an open month."""

    append_only = True

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("党委"))
    year = models.PositiveSmallIntegerField(_("年度"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("归档人"))
    at = models.DateTimeField(_("归档时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("年度归档")
        verbose_name_plural = _("年度归档")
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "year"],
                name="year_archived_once",
                violation_error_message=_("这一年度已经归档。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.year}"


class Seal(models.Model):
    """What was in a branch's ledger for a month when it closed, as a chain of SHA-256 digests."""

    append_only = True

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    month = models.PositiveIntegerField(_("月份"))
    # Of the branch, counted from 1; a second closing of a month appends another seal.
    number = models.PositiveIntegerField(_("序号"))
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(_("摘要"), max_length=64)
    last_entry_id = models.BigIntegerField()
    entry_count = models.PositiveIntegerField()
    # Per entry "id:first 16 digits of its digest": names the first entry that differs.
    entry_digests = models.TextField()
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("封签")
        verbose_name_plural = _("封签")
        ordering = ["unit", "number"]
        constraints = [models.UniqueConstraint(fields=["unit", "number"], name="seal_number_once")]

    def __str__(self) -> str:
        return self.short

    @property
    def short(self) -> str:
        """The form printed on notices and sheets."""
        return f"{self.digest[:4]} {self.digest[4:8]} {self.digest[8:12]}".upper()
