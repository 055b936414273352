from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluations.models.votes import MeetingVote
from evaluations.querysets import VetoCaseQuerySet
from members.models import OrgUnit
from scoring.models import Account, Evidence, RuleSet, Veto


class VetoCase(models.Model):
    """一票否决: from the facts to a decision and, where somebody appeals, to another one (evaluations.md §2)."""

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("已提出")
        VOTED = "VOTED", _("大会已通过")
        IN_FORCE = "IN_FORCE", _("已生效")
        REJECTED = "REJECTED", _("不予否决")
        WITHDRAWN = "WITHDRAWN", _("已撤回")
        APPEALED = "APPEALED", _("申诉中")
        LIFTED = "LIFTED", _("已解除")

    # Which moves there are; every other one is refused.
    MOVES = {
        ("PROPOSED", "VOTED"),
        ("PROPOSED", "IN_FORCE"),
        ("PROPOSED", "REJECTED"),
        ("PROPOSED", "WITHDRAWN"),
        ("VOTED", "IN_FORCE"),
        ("VOTED", "REJECTED"),
        ("IN_FORCE", "APPEALED"),
        ("APPEALED", "IN_FORCE"),
        ("APPEALED", "LIFTED"),
    }
    EFFECTIVE = ("IN_FORCE", "APPEALED", "LIFTED")

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("党员"))
    # The branch at the time, and the rules that say what each level does.
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", verbose_name=_("积分办法"))
    form = models.CharField(_("决定方式"), max_length=9, choices=RuleSet.VetoForm)
    level = models.CharField(_("程度"), max_length=6, choices=Veto.Level)
    ground = models.CharField(_("事由类别"), max_length=40)
    happened_on = models.DateField(_("发生日期"))
    facts = models.TextField(_("事实"), max_length=2000)
    state = models.CharField(_("状态"), max_length=9, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("提出人"))
    proposed_at = models.DateTimeField(_("提出时间"))
    # Until when the member may answer before anything is decided, and what was said.
    answer_until = models.DateField(_("申辩截止"))
    answer = models.CharField(_("本人申辩"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(_("申辩时间"), null=True)
    # The vote that carried, of those held.
    vote = models.OneToOneField(MeetingVote, models.PROTECT, null=True, related_name="+")
    decision = models.CharField(_("决定意见"), max_length=1000, blank=True)
    decided_by = models.ForeignKey("members.User", models.PROTECT, null=True, related_name="+")
    decided_on = models.DateField(_("决定日期"), null=True)
    veto = models.OneToOneField(Veto, models.PROTECT, null=True, related_name="+")
    appeal = models.CharField(_("申诉"), max_length=1000, blank=True)
    appealed_at = models.DateTimeField(_("申诉时间"), null=True)
    appeal_decision = models.CharField(_("申诉处理意见"), max_length=1000, blank=True)
    key = models.UUIDField(unique=True, default=uuid.uuid4)

    objects = VetoCaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("一票否决")
        verbose_name_plural = _("一票否决")
        ordering = ["-id"]
        indexes = [models.Index(fields=["unit", "state"], name="veto_case_unit_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["IN_FORCE", "APPEALED", "LIFTED"], veto__isnull=False)
                | (~Q(state__in=["IN_FORCE", "APPEALED", "LIFTED"]) & Q(veto__isnull=True)),
                name="veto_case_in_force_has_its_effect",
                violation_error_message=_("生效的一票否决须有对应的效果。"),
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["VOTED"]) | Q(vote__isnull=False),
                name="veto_case_voted_has_its_vote",
                violation_error_message=_("大会通过的一票否决须有对应的表决。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.ground}"

    @property
    def is_open(self) -> bool:
        """Proposed or voted, not decided yet."""
        return self.state in (self.State.PROPOSED, self.State.VOTED)


class VetoMove(models.Model):
    """Who moved a case from which state to which, when and why."""

    append_only = True

    case = models.ForeignKey(VetoCase, models.PROTECT, related_name="moves")
    from_state = models.CharField(max_length=9, choices=VetoCase.State, blank=True)
    to_state = models.CharField(max_length=9, choices=VetoCase.State)
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("一票否决办理记录")
        verbose_name_plural = _("一票否决办理记录")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.get_to_state_display()


class CaseVote(models.Model):
    """A vote about a case, also one that was not valid or did not carry."""

    append_only = True

    case = models.ForeignKey(VetoCase, models.PROTECT, related_name="votes")
    vote = models.OneToOneField(MeetingVote, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("一票否决的表决")
        verbose_name_plural = _("一票否决的表决")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.vote)


class CaseFile(models.Model):
    """A file that a case rests on; who sees the case may open it."""

    case = models.ForeignKey(VetoCase, models.PROTECT, related_name="files")
    evidence = models.OneToOneField(Evidence, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("一票否决的材料")
        verbose_name_plural = _("一票否决的材料")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.evidence)
