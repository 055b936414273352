from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from members.models import OrgUnit
from scoring.fields import PointsField
from scoring.models.ledger import Account, LedgerEntry
from scoring.models.rules import Item
from scoring.querysets import ClaimQuerySet


class Claim(models.Model):
    """申报: a member's deed on its way to an entry; or a deduction that the committee proposes (evaluations.md §1)."""

    class Kind(models.TextChoices):
        CLAIM = "CLAIM", _("个人申报")
        DEDUCTION = "DEDUCTION", _("扣分提议")

    class State(models.TextChoices):
        DRAFT = "DRAFT", _("草稿")
        CLAIMED = "CLAIMED", _("已申报")
        CHECKED = "CHECKED", _("已初核")
        REVIEWED = "REVIEWED", _("已审核")
        APPROVED = "APPROVED", _("已入账")
        RETURNED = "RETURNED", _("已退回")
        WITHDRAWN = "WITHDRAWN", _("已撤回")
        DROPPED = "DROPPED", _("不予扣分")

    class Step(models.TextChoices):
        CHECK = "CHECK", _("初核")
        REVIEW = "REVIEW", _("审核")
        APPROVE = "APPROVE", _("审定")

    # Which moves there are; every other one is refused.
    MOVES = {
        ("DRAFT", "CLAIMED"),
        ("RETURNED", "CLAIMED"),
        *((state, to) for state in ("CLAIMED", "CHECKED", "REVIEWED") for to in ("RETURNED", "WITHDRAWN", "APPROVED")),
        ("CLAIMED", "CHECKED"),
        ("CLAIMED", "REVIEWED"),
        ("CHECKED", "REVIEWED"),
        ("DRAFT", "WITHDRAWN"),
        ("RETURNED", "WITHDRAWN"),
        # Of a deduction.
        ("CLAIMED", "DROPPED"),
    }

    kind = models.CharField(_("类别"), max_length=9, choices=Kind, default=Kind.CLAIM)
    account = models.ForeignKey(Account, models.PROTECT, related_name="claims", verbose_name=_("账户"))
    # Where the month is that it counts in, and the group whose leader checks it.
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    group = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+", verbose_name=_("党小组"))
    item = models.ForeignKey(Item, models.PROTECT, related_name="+", verbose_name=_("条款"))
    month = models.PositiveIntegerField(_("计入月份"))
    happened_on = models.DateField(_("发生日期"))
    # As typed, in its canonical spelling, and what it is worth (scoring/calculation/cells.py).
    text = models.CharField(_("申报内容"), max_length=40)
    points = PointsField(_("分值"))
    occasion = models.CharField(_("同一事项"), max_length=80, blank=True)
    reason = models.CharField(_("事由"), max_length=200)
    state = models.CharField(_("状态"), max_length=9, choices=State, default=State.DRAFT)
    # What it waits for; empty when nobody but the claimant can do anything.
    next_step = models.CharField(_("下一步"), max_length=7, choices=Step, blank=True)
    # The secretary cannot approve it (own claim, has acted on it, post vacant): the deputy or the level above does.
    is_escalated = models.BooleanField(default=False)
    # Goes up with every filing: nobody acts twice in one round.
    round = models.PositiveSmallIntegerField(default=0)
    filed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("申报人"))
    filed_at = models.DateTimeField(_("申报时间"), null=True)
    return_reason = models.CharField(_("退回原因"), max_length=200, blank=True)
    # Of a deduction: until when the member may answer, what was answered, and what the decision says to it.
    answer_until = models.DateField(_("申辩截止"), null=True)
    answer = models.CharField(_("本人说明"), max_length=500, blank=True)
    answered_at = models.DateTimeField(_("说明时间"), null=True)
    decision = models.CharField(_("处理意见"), max_length=500, blank=True)
    entry = models.OneToOneField(LedgerEntry, models.PROTECT, null=True, related_name="claim")
    key = models.UUIDField(unique=True, default=uuid.uuid4)

    objects = ClaimQuerySet.as_manager()

    class Meta:
        verbose_name = _("申报")
        verbose_name_plural = _("申报")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["unit", "month"], name="claim_unit_month"),
            models.Index(fields=["next_step", "unit"], name="claim_next_step"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="APPROVED", entry__isnull=False) | (~Q(state="APPROVED") & Q(entry__isnull=True)),
                name="claim_approved_has_its_entry",
                violation_error_message=_("入账的申报须有对应的台账记录。"),
            ),
            models.CheckConstraint(
                condition=Q(kind="CLAIM", points__gte=0) | Q(kind="DEDUCTION", points__lte=0),
                name="claim_points_have_their_sign",
                violation_error_message=_("申报只能加分，扣分提议只能扣分。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.name} {self.reason}"

    @property
    def is_under_way(self) -> bool:
        return bool(self.next_step)

    @property
    def is_editable(self) -> bool:
        return self.state in (self.State.DRAFT, self.State.RETURNED)


class ClaimMove(models.Model):
    """Who moved a claim from which state to which, when and why."""

    append_only = True

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="moves")
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=7, choices=Claim.Step, blank=True)
    from_state = models.CharField(max_length=9, choices=Claim.State)
    to_state = models.CharField(max_length=9, choices=Claim.State)
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("申报办理记录")
        verbose_name_plural = _("申报办理记录")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "round", "by"],
                condition=~Q(step=""),
                name="claim_one_act_per_person",
                violation_error_message=_("同一个人在一件申报上只能办理一步，请由其他人办理。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_from_state_display()} → {self.get_to_state_display()}"
