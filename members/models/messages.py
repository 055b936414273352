from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from members.querysets import DigestQuerySet, MessageQuerySet


class Message(models.Model):
    """站内消息: one sentence for one person, with the page where more stands; a reminder may have several."""

    user = models.ForeignKey("members.User", models.PROTECT, related_name="messages", verbose_name=_("收件人"))
    text = models.CharField(_("内容"), max_length=300)
    url = models.CharField(max_length=200, blank=True)
    # Of a reminder: [sentence, address], one for each kind of thing that waits.
    lines = models.JSONField(_("事项"), default=list)
    at = models.DateTimeField(_("时间"), auto_now_add=True)
    read_at = models.DateTimeField(_("已读时间"), null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("站内消息")
        verbose_name_plural = _("站内消息")
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "read_at"], name="message_unread")]

    def __str__(self) -> str:
        return self.text


class Reminder(models.Model):
    """提醒: this person has been reminded of this step for this stretch of waiting. The row is what makes it once."""

    user = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("收件人"))
    # Which thing, which step of it, the how-manieth stretch.
    slot = models.CharField(max_length=80)
    at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = _("提醒")
        verbose_name_plural = _("提醒")
        constraints = [models.UniqueConstraint(fields=["user", "slot"], name="reminded_once")]

    def __str__(self) -> str:
        return self.slot


class Digest(models.Model):
    """每日汇总邮件: one mail for one person on one day, from planned to sent. The row is the job."""

    class State(models.TextChoices):
        WAITING = "WAITING", _("待发送")
        SENDING = "SENDING", _("发送中")
        SENT = "SENT", _("已发送")
        # Nothing that the last mail did not say.
        EMPTY = "EMPTY", _("没有新内容")
        FAILED = "FAILED", _("没有送达")
        # The server took the mail and did not answer: sending again might send it twice.
        UNCLEAR = "UNCLEAR", _("不能确定")

    user = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("收件人"))
    day = models.DateField(_("日期"))
    # As lists show it; the whole address stands in the account alone.
    address = models.CharField(_("邮箱"), max_length=254)
    state = models.CharField(_("状态"), max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    due_at = models.DateTimeField(_("下次发送"))
    claimed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("办结时间"), null=True)
    failure = models.CharField(_("原因"), max_length=200, blank=True)
    # Of what it said: the same is not said on the next day again.
    fingerprint = models.CharField(max_length=64, blank=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        verbose_name = _("每日汇总邮件")
        verbose_name_plural = _("每日汇总邮件")
        ordering = ["-day", "-id"]
        indexes = [models.Index(fields=["state", "due_at"], name="digest_due")]
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="digest_once_a_day")]

    def __str__(self) -> str:
        return f"{self.user} {self.day}"
