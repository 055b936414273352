from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from members.models import Member, OrgUnit


class MeetingVote(models.Model):
    """表决: how a meeting voted, with the list of those who should have come. Written once; who errs votes again."""

    append_only = True

    class Body(models.TextChoices):
        BRANCH_MEETING = "BRANCH_MEETING", _("支部党员大会")
        BRANCH_COMMITTEE = "BRANCH_COMMITTEE", _("支部委员会")
        PARTY_COMMITTEE = "PARTY_COMMITTEE", _("党委会")

    class Manner(models.TextChoices):
        HANDS = "HANDS", _("举手表决")
        BALLOT = "BALLOT", _("无记名投票")

    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("组织"))
    body = models.CharField(_("会议"), max_length=16, choices=Body)
    held_on = models.DateField(_("会议日期"))
    subject = models.CharField(_("表决事项"), max_length=200)
    manner = models.CharField(_("表决方式"), max_length=6, choices=Manner)
    # Whether more than half had to be there, not just half: admission, conversion, disposal.
    is_strict = models.BooleanField(default=False)
    due = models.PositiveSmallIntegerField(_("应到"))
    present = models.PositiveSmallIntegerField(_("实到"))
    yes = models.PositiveSmallIntegerField(_("赞成"))
    no = models.PositiveSmallIntegerField(_("反对"))
    abstained = models.PositiveSmallIntegerField(_("弃权"))
    is_valid = models.BooleanField(_("有效"))
    is_carried = models.BooleanField(_("通过"))
    verdict = models.CharField(_("结论"), max_length=200)
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("记录人"))
    at = models.DateTimeField(_("记录时间"))

    class Meta:
        verbose_name = _("表决")
        verbose_name_plural = _("表决")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(present__lte=F("due"), due__gte=1),
                name="vote_present_among_due",
                violation_error_message=_("实到人数不能多于应到人数。"),
            ),
            models.CheckConstraint(
                condition=Q(present=F("yes") + F("no") + F("abstained")),
                name="vote_adds_up",
                violation_error_message=_("赞成、反对、弃权合计须等于实到人数。"),
            ),
            models.CheckConstraint(
                condition=Q(is_carried=False) | Q(is_valid=True, due__lt=F("yes") * 2),
                name="vote_carried_by_more_than_half_of_due",
                violation_error_message=_("赞成须超过应到人数的一半才算通过。"),
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class Voter(models.Model):
    """One member with a vote at one meeting: there, not there, or left out of 应到 by decision."""

    append_only = True

    class State(models.TextChoices):
        PRESENT = "PRESENT", _("到会")
        ABSENT = "ABSENT", _("未到")
        EXCUSED = "EXCUSED", _("不计入应到")

    class Excuse(models.TextChoices):
        """The five kinds of people who may be left out of 应到."""

        ILLNESS = "ILLNESS", _("患精神病或其他疾病，不能表达本人意志")
        ABROAD = "ABROAD", _("自费出国半年以上")
        DETAINED = "DETAINED", _("被留置、拘留、逮捕或受劳动教养、服刑")
        OLD = "OLD", _("年老体弱或长期患病，不能参加")
        AWAY = "AWAY", _("外出半年以上，按规定应转未转组织关系")

    vote = models.ForeignKey(MeetingVote, models.PROTECT, related_name="voters")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+", verbose_name=_("党员"))
    state = models.CharField(_("到会情况"), max_length=7, choices=State)
    excuse = models.CharField(_("不计入的原因"), max_length=8, choices=Excuse, blank=True)

    class Meta:
        verbose_name = _("有表决权的党员")
        verbose_name_plural = _("有表决权的党员")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["vote", "member"], name="voter_once"),
            models.CheckConstraint(
                condition=(Q(state="EXCUSED") & ~Q(excuse="")) | (~Q(state="EXCUSED") & Q(excuse="")),
                name="voter_excused_with_reason",
                violation_error_message=_("不计入应到的党员须写明属于哪一类。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.get_state_display()}"
