from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring.models.ledger import Account
from scoring.querysets import ActivityQuerySet


class Activity(models.Model):
    """组织生活: a meeting, lecture or theme day, planned and then held. Its entries follow from the attendance."""

    class Kind(models.TextChoices):
        GENERAL_MEETING = "GENERAL_MEETING", _("党员大会")
        COMMITTEE_MEETING = "COMMITTEE_MEETING", _("支委会")
        GROUP_MEETING = "GROUP_MEETING", _("党小组会")
        LECTURE = "LECTURE", _("党课")
        THEME_DAY = "THEME_DAY", _("主题党日")
        ORG_LIFE_MEETING = "ORG_LIFE_MEETING", _("组织生活会")
        APPRAISAL = "APPRAISAL", _("民主评议")

    class State(models.TextChoices):
        PLANNED = "PLANNED", _("计划中")
        HELD = "HELD", _("已开展")
        CANCELLED = "CANCELLED", _("已取消")

    # The branch in whose month it counts; of a group meeting also the group.
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    group = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("党小组")
    )
    kind = models.CharField(_("类型"), max_length=17, choices=Kind)
    title = models.CharField(_("主题"), max_length=100)
    planned_on = models.DateField(_("计划日期"))
    held_on = models.DateField(_("开展日期"), null=True, blank=True)
    place = models.CharField(_("地点"), max_length=60, blank=True)
    note = models.TextField(_("主要内容"), max_length=2000, blank=True)
    state = models.CharField(_("状态"), max_length=9, choices=State, default=State.PLANNED)
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("记录人"))
    at = models.DateTimeField(auto_now=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name = _("组织生活")
        verbose_name_plural = _("组织生活")
        ordering = ["-planned_on", "-id"]
        indexes = [models.Index(fields=["unit", "planned_on"], name="activity_unit_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="HELD", held_on__isnull=False) | (~Q(state="HELD") & Q(held_on__isnull=True)),
                name="activity_held_on_a_day",
                violation_error_message=_("已开展的组织生活须写明开展日期。"),
            ),
            models.CheckConstraint(
                condition=Q(kind="GROUP_MEETING", group__isnull=False)
                | (~Q(kind="GROUP_MEETING") & Q(group__isnull=True)),
                name="activity_group_meeting_has_its_group",
                violation_error_message=_("党小组会须选择党小组，其他组织生活不选。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.title}"

    @property
    def day(self) -> object:
        """The day it is known by: when it was held, until then when it is planned."""
        return self.held_on or self.planned_on


class Attendance(models.Model):
    """到会情况: one account at one activity, entered by the branch, never by a check-in of the member."""

    class Mark(models.TextChoices):
        PRESENT = "PRESENT", _("到会")
        LEAVE = "LEAVE", _("请假")
        OFFICIAL = "OFFICIAL", _("公差")
        ABSENT = "ABSENT", _("缺席")
        MADE_UP = "MADE_UP", _("补课")

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="attendances")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("党员"))
    mark = models.CharField(_("情况"), max_length=8, choices=Mark)
    remark = models.CharField(_("备注"), max_length=100, blank=True)
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("记录人"))
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("到会情况")
        verbose_name_plural = _("到会情况")
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "account"],
                name="attendance_once",
                violation_error_message=_("这名党员的到会情况已经记录。"),
            )
        ]

    def __str__(self) -> str:
        return self.get_mark_display()
