from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from evaluations.models.campaigns import Band, Campaign
from evaluations.models.votes import MeetingVote
from evaluations.querysets import CandidateQuerySet
from members.models import OrgUnit
from scoring.fields import PointsField
from scoring.models import Account


class Candidate(models.Model):
    """参评对象: whoever is rated in a campaign, in the branch of the day it was opened; and what came out."""

    class Bar(models.TextChoices):
        """Why no points put somebody into a band."""

        NONE = "", _("无")
        VETO = "VETO", _("一票否决，取消评定资格")
        LOWEST = "LOWEST", _("一票否决，评为最低等次")
        CONDITION = "CONDITION", _("未达到最低参加次数")

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="candidates")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("参评对象"))
    # The branch that proposes; of branches and teams the unit itself.
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    # Left out by decision: no band, never the lowest one.
    left_out = models.CharField(_("不参评的原因"), max_length=200, blank=True)
    # The year's points, and what they come to with the stages; empty until computed.
    daily = PointsField(_("日常积分"), null=True)
    total = PointsField(_("综合得分"), null=True)
    bar = models.CharField(_("限制"), max_length=9, choices=Bar, blank=True)
    # What the program finds by the points; what the branch committee proposes; what the committee approved.
    computed = models.ForeignKey(Band, models.PROTECT, null=True, related_name="+", verbose_name=_("测算等次"))
    proposed = models.ForeignKey(Band, models.PROTECT, null=True, related_name="+", verbose_name=_("支部意见"))
    approved = models.ForeignKey(Band, models.PROTECT, null=True, related_name="+", verbose_name=_("党委意见"))
    # Equal points at the line of a quota: people decide.
    is_tied = models.BooleanField(default=False)
    # How the total came about, step by step, with the stages that had no ballots.
    steps = models.JSONField(default=list)
    computed_at = models.DateTimeField(null=True)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        verbose_name = _("参评对象")
        verbose_name_plural = _("参评对象")
        ordering = ["id"]
        indexes = [models.Index(fields=["campaign", "unit"], name="candidate_campaign_unit")]
        constraints = [models.UniqueConstraint(fields=["campaign", "account"], name="candidate_once")]

    def __str__(self) -> str:
        return str(self.account)


class SelfReview(models.Model):
    """个人自评: a text, one's own marks, honours. Saved as it is written; handed in once."""

    candidate = models.OneToOneField(Candidate, models.PROTECT, related_name="self_review")
    text = models.TextField(_("自评"), max_length=3000, blank=True)
    honours = models.TextField(_("获得荣誉"), max_length=1000, blank=True)
    # Points by the place of the dimension, or one grade; as the form of the stage asks.
    marks = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    handed_in_at = models.DateTimeField(_("提交时间"), null=True)

    class Meta:
        verbose_name = _("个人自评")
        verbose_name_plural = _("个人自评")

    def __str__(self) -> str:
        return str(self.candidate)


class BandDecision(models.Model):
    """One word on one candidate: by the branch committee or the party committee. Written once, the last one holds."""

    append_only = True

    class Level(models.TextChoices):
        BRANCH = "BRANCH", _("支委会审定")
        COMMITTEE = "COMMITTEE", _("党委综评")

    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="decisions")
    level = models.CharField(_("环节"), max_length=9, choices=Level)
    # Empty: returned to the branch committee.
    band = models.ForeignKey(Band, models.PROTECT, null=True, related_name="+", verbose_name=_("等次"))
    # What the program found at the time: a departure from it stays visible.
    computed = models.ForeignKey(Band, models.PROTECT, null=True, related_name="+", verbose_name=_("测算等次"))
    reason = models.CharField(_("理由"), max_length=500, blank=True)
    vote = models.ForeignKey(MeetingVote, models.PROTECT, null=True, related_name="+", verbose_name=_("会议"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("经办人"))
    at = models.DateTimeField(_("时间"))

    class Meta:
        verbose_name = _("等次意见")
        verbose_name_plural = _("等次意见")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(band=F("computed")) | ~Q(reason=""),
                name="band_departure_has_a_reason",
                violation_error_message=_("与测算等次不同的意见须写明理由。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.candidate} {self.band}"
