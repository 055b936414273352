from django.db import models
from django.utils.translation import gettext_lazy as _

from members.querysets import AuditEventQuerySet


class AuditEvent(models.Model):
    """One line of the audit log: who, when, from where, what, with which result. Append-only by trigger."""

    class Result(models.TextChoices):
        DONE = "DONE", _("成功")
        REFUSED = "REFUSED", _("被拒绝")

    append_only = True

    at = models.DateTimeField(_("时间"), auto_now_add=True, db_index=True)
    user = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+", verbose_name=_("账号"))
    # Copied, so that the line still reads when the person has another name.
    actor = models.CharField(_("姓名"), max_length=80)
    address = models.GenericIPAddressField(_("来源地址"), null=True)
    action = models.CharField(_("动作"), max_length=60, db_index=True)
    target = models.CharField(_("对象"), max_length=120, blank=True)
    result = models.CharField(_("结果"), max_length=8, choices=Result, default=Result.DONE)
    detail = models.TextField(_("说明"), blank=True)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("操作日志")
        verbose_name_plural = _("操作日志")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action}"
