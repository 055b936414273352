from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.querysets import MessageQuerySet


class Message(models.Model):
    """站内消息: one sentence for one person, with the page where more stands."""

    user = models.ForeignKey("members.User", models.PROTECT, related_name="messages", verbose_name=_("收件人"))
    text = models.CharField(_("内容"), max_length=300)
    url = models.CharField(max_length=200, blank=True)
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
