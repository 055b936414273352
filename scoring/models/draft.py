from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring.models.ledger import Account, LedgerEntry
from scoring.models.rules import Item
from scoring.querysets import EvidenceQuerySet


class DraftCell(models.Model):
    """One cell of the monthly grid. Changed as often as needed; the ledger gets it when the month is submitted."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, models.PROTECT, related_name="+")
    month = models.PositiveIntegerField()
    # As typed, in its canonical spelling (scoring/calculation/cells.py).
    text = models.CharField(max_length=40, blank=True)
    remark = models.CharField(_("备注"), max_length=200, blank=True)
    # Goes up with every change; the later of two editors is told.
    version = models.PositiveIntegerField(default=1)
    edited_by = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(auto_now=True)
    # The entry that stands in the ledger for this cell since the last submission.
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("录入单元格")
        verbose_name_plural = _("录入单元格")
        indexes = [models.Index(fields=["unit", "month"], name="draft_unit_month")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "item", "month"],
                name="draft_cell_once",
                violation_error_message=_("这个单元格已存在。"),
            )
        ]

    def __str__(self) -> str:
        return self.text


class DraftRemark(models.Model):
    """The 备注 column of the month sheet: one remark per account and month."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+")
    month = models.PositiveIntegerField()
    text = models.CharField(_("备注"), max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    edited_by = models.ForeignKey("members.User", models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("本月备注")
        verbose_name_plural = _("本月备注")
        constraints = [models.UniqueConstraint(fields=["account", "month"], name="draft_remark_once")]

    def __str__(self) -> str:
        return self.text


def evidence_path(evidence: Evidence, file_name: str) -> str:
    """Stored by content hash, outside the web root; the name people gave it stays in the row."""
    return f"evidence/{evidence.digest[:2]}/{evidence.digest}"


class Evidence(models.Model):
    """A file that proves a fact: attached to a cell, then standing for the entry made of it."""

    cell = models.ForeignKey(DraftCell, models.PROTECT, related_name="evidence", null=True)
    entry = models.ForeignKey(LedgerEntry, models.PROTECT, related_name="evidence", null=True)
    claim = models.ForeignKey("Claim", models.PROTECT, related_name="evidence", null=True)
    # A process of another app holds it and says who sees it.
    is_held = models.BooleanField(default=False)
    file = models.FileField(upload_to=evidence_path, max_length=120)
    digest = models.CharField(max_length=64)
    name = models.CharField(_("文件名"), max_length=200)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField(_("大小（字节）"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("佐证材料")
        verbose_name_plural = _("佐证材料")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cell__isnull=False)
                | models.Q(entry__isnull=False)
                | models.Q(claim__isnull=False)
                | models.Q(is_held=True),
                name="evidence_belongs_somewhere",
                violation_error_message=_("佐证材料须附在一条记录上。"),
            )
        ]

    def __str__(self) -> str:
        return self.name
