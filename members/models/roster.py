from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models.units import OrgUnit
from members.querysets import RosterImportQuerySet


class RosterImport(models.Model):
    """One uploaded roster, from upload to report. The row is the job; a message only wakes a worker."""

    class State(models.TextChoices):
        CHECKED = "CHECKED", _("已校验")
        CONFIRMED = "CONFIRMED", _("等待写入")
        RUNNING = "RUNNING", _("正在写入")
        DONE = "DONE", _("已完成")
        FAILED = "FAILED", _("未写入")
        DROPPED = "DROPPED", _("已放弃")

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("导入到"))
    file_name = models.CharField(_("文件名"), max_length=200)
    # The upload itself, encrypted like the numbers in it; emptied when the import has ended.
    content_sealed = models.BinaryField(editable=False, default=bytes)
    digest = models.CharField(max_length=64, editable=False)
    # Column number -> field, complete, once somebody has corrected the recognition; else empty.
    columns = models.JSONField(default=dict)
    # Everything else that was chosen on the page: sheet, dates, what becomes of new names of units.
    options = models.JSONField(default=dict)
    # What the page shows: counts, first problems, first lines of the preview; personal numbers masked.
    report = models.JSONField(default=dict)
    # What the person confirmed; when the roster has changed since, the import is refused.
    plan_digest = models.CharField(max_length=64, editable=False, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.CHECKED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    # How often a worker took it up; one that dies of it every time must not be started for ever.
    attempts = models.PositiveSmallIntegerField(default=0)
    # None on the command line.
    by = models.ForeignKey(
        "members.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("经办人")
    )
    created_at = models.DateTimeField(_("上传时间"), auto_now_add=True)
    claimed_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(_("完成时间"), null=True)

    # Which state may follow which. Whoever moves updates where the state is still the old one.
    MOVES = {
        State.CHECKED: {State.CHECKED, State.CONFIRMED, State.DROPPED},
        State.CONFIRMED: {State.RUNNING},
        State.RUNNING: {State.RUNNING, State.DONE, State.FAILED},
        State.FAILED: {State.CHECKED, State.DROPPED},
    }

    objects = RosterImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("名册导入")
        verbose_name_plural = _("名册导入")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.CONFIRMED, self.State.RUNNING)

    @property
    def has_content(self) -> bool:
        """Whether the upload is still here, to be checked again."""
        return bool(self.content_sealed)
