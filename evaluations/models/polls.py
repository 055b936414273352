from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluations.models.campaigns import Stage
from evaluations.models.candidates import Candidate
from evaluations.querysets import PollQuerySet
from members.models import Member, OrgUnit


class Poll(models.Model):
    """投票: the secret ballots of one stage about the candidates of one branch (trust.md §2).

    No table of a poll knows when somebody voted, or in which order.
    """

    class State(models.TextChoices):
        PREPARED = "PREPARED", _("未开始")
        OPEN = "OPEN", _("投票中")
        COUNTED = "COUNTED", _("已开票")
        VOID = "VOID", _("作废")

    class Mode(models.TextChoices):
        SECRET = "SECRET", _("无记名投票")
        PAPER = "PAPER", _("纸质票")
        RECORDED = "RECORDED", _("会议记名表决")

    class Key(models.TextChoices):
        SERVER = "SERVER", _("服务器保管")
        SCRUTINEERS = "SCRUTINEERS", _("两名监票人保管")

    MOVES = {
        ("PREPARED", "OPEN"),
        ("PREPARED", "COUNTED"),
        ("OPEN", "COUNTED"),
        ("PREPARED", "VOID"),
        ("OPEN", "VOID"),
    }

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="polls")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("支部"))
    state = models.CharField(_("状态"), max_length=8, choices=State, default=State.PREPARED)
    mode = models.CharField(_("方式"), max_length=8, choices=Mode, default=Mode.SECRET)
    key = models.CharField(_("钥匙"), max_length=11, choices=Key, default=Key.SERVER)
    # Hexadecimal; the private half is a file outside the database and outside the backup.
    public_key = models.CharField(max_length=64, blank=True)
    # The form as it was opened: candidates, marks, pools, threshold. Nothing of it changes afterwards.
    form = models.JSONField(default=dict)
    # Every ballot is padded to so many bytes.
    size = models.PositiveIntegerField(default=0)
    # When it was counted: how many had voted, which pools were merged, the receipts in the order of their digits.
    cast = models.PositiveIntegerField(_("收到票数"), null=True)
    notes = models.JSONField(default=list, blank=True)
    # pool -> the one under whose name it was counted
    merged = models.JSONField(default=dict, blank=True)
    receipts = models.JSONField(default=list, blank=True)
    void_reason = models.CharField(_("作废原因"), max_length=200, blank=True)

    objects = PollQuerySet.as_manager()

    class Meta:
        verbose_name = _("投票")
        verbose_name_plural = _("投票")
        ordering = ["unit__path"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "unit"],
                condition=~Q(state="VOID"),
                name="poll_once_per_stage_and_unit",
                violation_error_message=_("这个支部在这一环节已有投票。"),
            ),
            models.CheckConstraint(
                condition=~Q(state="OPEN") | ~Q(public_key="") & Q(size__gt=0, mode="SECRET"),
                name="poll_open_has_its_key",
                violation_error_message=_("无记名投票须先生成钥匙再开始。"),
            ),
            models.CheckConstraint(
                condition=~Q(state="VOID") | ~Q(void_reason=""),
                name="poll_void_has_its_reason",
                violation_error_message=_("作废须写明原因。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.stage}"


class RollEntry(models.Model):
    """选民名册: one voter of a poll, a member or the bearer of a code, frozen when the poll is opened.

    The order of the numbers says nothing: the roll is written once, by name, before anybody votes.
    """

    poll = models.ForeignKey(Poll, models.PROTECT, related_name="roll")
    member = models.ForeignKey(Member, models.PROTECT, null=True, related_name="+")
    # Keyed hash of a code; the code itself is nowhere.
    code = models.CharField(max_length=64, null=True, unique=True)
    pool = models.CharField(max_length=9, choices=Stage.Rater)
    has_voted = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("选民")
        verbose_name_plural = _("选民")
        constraints = [
            models.UniqueConstraint(fields=["poll", "member"], name="roll_member_once"),
            models.CheckConstraint(
                condition=Q(member__isnull=False, code__isnull=True) | Q(member__isnull=True, code__isnull=False),
                name="roll_member_or_code",
            ),
        ]

    def __str__(self) -> str:
        return self.get_pool_display()


class SealedBallot(models.Model):
    """A ballot as it was cast: unreadable to whoever lacks the poll's key, and gone when the poll is counted."""

    # SHA-256 of the sealed text: what the voter holds as a receipt.
    digest = models.CharField(primary_key=True, max_length=64)
    poll = models.ForeignKey(Poll, models.PROTECT, related_name="sealed")
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("密封票")
        verbose_name_plural = _("密封票")

    def __str__(self) -> str:
        return self.digest[:8]


class Tally(models.Model):
    """票数: how many marked one candidate so, in one pool and one line of the form. What is left of the ballots."""

    poll = models.ForeignKey(Poll, models.PROTECT, related_name="tallies")
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="tallies")
    # Pools that were too small are counted under the name of the one they were merged with.
    pool = models.CharField(max_length=9, choices=Stage.Rater)
    # Place of the dimension in the form; 0 for grades.
    line = models.PositiveSmallIntegerField()
    mark = models.CharField(max_length=20)
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("票数")
        verbose_name_plural = _("票数")
        constraints = [
            models.UniqueConstraint(fields=["candidate", "poll", "pool", "line", "mark"], name="tally_once"),
            models.CheckConstraint(condition=Q(count__gt=0), name="tally_counts_something"),
        ]

    def __str__(self) -> str:
        return f"{self.mark}: {self.count}"


class PaperCount(models.Model):
    """What one scrutineer counted of the paper ballots; two of them must agree before it is a tally."""

    poll = models.ForeignKey(Poll, models.PROTECT, related_name="paper_counts")
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now=True)
    # Ballots given out and received, and {candidate: {pool: {line: {mark: count}}}}.
    content = models.JSONField()

    class Meta:
        verbose_name = _("纸质票计票")
        verbose_name_plural = _("纸质票计票")
        constraints = [models.UniqueConstraint(fields=["poll", "by"], name="paper_count_once")]

    def __str__(self) -> str:
        return f"{self.poll} {self.by}"


class WrongCode(models.Model):
    """A code that nobody was given, by the address it came from: whoever guesses has to wait."""

    address = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("错误的投票码")
        verbose_name_plural = _("错误的投票码")
        indexes = [models.Index(fields=["address", "at"], name="wrong_code_address")]

    def __str__(self) -> str:
        return self.address[:8]
