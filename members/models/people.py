from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from members import personal
from members.models.units import OrgUnit
from members.pinyin import spell
from members.querysets import AppointmentQuerySet, ExclusionQuerySet, MemberQuerySet, MembershipQuerySet


class Member(models.Model):
    """A party member, with the fields of the 花名册 (domain.md §8).

    Where a member belongs is history and stands in `Membership`; posts held stand in `Appointment`.
    ID number and telephone are encrypted at rest: use the properties `id_number` and `phone`.
    """

    class Category(models.TextChoices):
        FULL = "FULL", _("正式党员")
        PROBATIONARY = "PROBATIONARY", _("预备党员")

    class Gender(models.TextChoices):
        MALE = "MALE", _("男")
        FEMALE = "FEMALE", _("女")

    staff_number = models.CharField(_("工号"), max_length=30, unique=True)
    name = models.CharField(_("姓名"), max_length=60)
    pinyin = models.CharField(max_length=200, editable=False, db_index=True)
    initials = models.CharField(max_length=30, editable=False, db_index=True)
    gender = models.CharField(_("性别"), max_length=6, choices=Gender, blank=True)
    ethnicity = models.CharField(_("民族"), max_length=20, blank=True)
    id_number_sealed = models.TextField(editable=False, blank=True)
    # Keyed hash: finds a number without storing it. Empty numbers are null, so many may be empty.
    id_number_hash = models.CharField(max_length=64, editable=False, null=True, unique=True)
    phone_sealed = models.TextField(editable=False, blank=True)
    born_on = models.DateField(_("出生日期"), null=True, blank=True)
    education = models.CharField(_("学历"), max_length=30, blank=True)
    category = models.CharField(_("人员类别"), max_length=12, choices=Category, default=Category.FULL)
    member_class = models.CharField(_("党员分类"), max_length=30, blank=True, help_text=_("分层分类，由积分办法使用"))
    joined_on = models.DateField(_("入党日期"), null=True, blank=True)
    regular_on = models.DateField(_("转正日期"), null=True, blank=True)
    job = models.CharField(_("工作岗位"), max_length=60, blank=True)
    is_floating = models.BooleanField(_("是否流动"), default=False)
    is_missing = models.BooleanField(_("是否失联"), default=False)
    is_retired = models.BooleanField(_("是否退休"), default=False)
    is_suspended = models.BooleanField(_("是否停止党籍"), default=False)
    remark = models.CharField(_("备注"), max_length=200, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("党员")
        verbose_name_plural = _("党员")
        ordering = ["pinyin", "staff_number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(regular_on__isnull=True)
                | models.Q(joined_on__isnull=True)
                | models.Q(regular_on__gte=models.F("joined_on")),
                name="member_regular_after_joined",
                violation_error_message=_("转正日期早于入党日期，请核对人事档案。"),
            ),
            models.CheckConstraint(
                condition=models.Q(category__in=["FULL", "PROBATIONARY"]),
                name="member_category_known",
                violation_error_message=_("人员类别只能是正式党员或预备党员。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is None:
            self.spell_name()
        super().save(*args, **kwargs)

    def spell_name(self) -> None:
        """Fill the columns that search and sorting use from the name."""
        self.pinyin, self.initials = spell(self.name)

    @property
    def id_number(self) -> str:
        return personal.unseal(self.id_number_sealed)

    @id_number.setter
    def id_number(self, value: str) -> None:
        self.id_number_sealed = personal.seal(value)
        self.id_number_hash = personal.lookup_hash(value)

    @property
    def phone(self) -> str:
        return personal.unseal(self.phone_sealed)

    @phone.setter
    def phone(self, value: str) -> None:
        self.phone_sealed = personal.seal(value)

    @property
    def masked_id_number(self) -> str:
        return personal.mask(self.id_number, head=6, tail=4)

    @property
    def masked_phone(self) -> str:
        return personal.mask(self.phone, head=3, tail=4)

    @cached_property
    def last_membership(self) -> Membership | None:
        """The open membership, else the one that ended last; read once per object."""
        rows = self.memberships.order_by(models.F("ended_on").desc(nulls_first=True), "-started_on")
        return rows.select_related("branch", "group").first()

    def party_years(self, on: datetime.date) -> int | None:
        """Whole years since 转正日期, from which 党龄 counts (domain.md §3); None while probationary."""
        if self.regular_on is None:
            return None
        full = on.year - self.regular_on.year
        return full - ((on.month, on.day) < (self.regular_on.month, self.regular_on.day))


class Membership(models.Model):
    """A stretch of time in one branch, and in one group of it. Start included, end excluded."""

    class Ending(models.TextChoices):
        TRANSFER = "TRANSFER", _("转到其他支部")
        REGROUP = "REGROUP", _("调整党小组")
        LEFT = "LEFT", _("转出本单位")
        DECEASED = "DECEASED", _("去世")
        EXPELLED = "EXPELLED", _("出党")

    member = models.ForeignKey(Member, models.PROTECT, related_name="memberships", verbose_name=_("党员"))
    branch = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("所在党支部"))
    group = models.ForeignKey(
        OrgUnit, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("党小组")
    )
    started_on = models.DateField(_("开始日期"))
    ended_on = models.DateField(_("结束日期"), null=True, blank=True)
    ending = models.CharField(_("结束原因"), max_length=10, choices=Ending, blank=True)
    reason = models.CharField(_("说明"), max_length=200, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("组织关系")
        verbose_name_plural = _("组织关系")
        ordering = ["member", "started_on"]
        indexes = [models.Index(fields=["branch", "ended_on"]), models.Index(fields=["group"])]
        constraints = [
            models.UniqueConstraint(
                fields=["member"],
                condition=models.Q(ended_on__isnull=True),
                name="membership_one_open_per_member",
                violation_error_message=_("该党员已有一条未结束的组织关系，请先办理转出。"),
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("started_on")),
                name="membership_ends_after_start",
                violation_error_message=_("组织关系的结束日期早于开始日期。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.branch}"


class ClassChange(models.Model):
    """A change of 党员分类. Whoever asks about an earlier day finds the class of that day here (start included)."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="class_changes", verbose_name=_("党员"))
    before = models.CharField(_("原分类"), max_length=30, blank=True)
    after = models.CharField(_("新分类"), max_length=30, blank=True)
    changed_on = models.DateField(_("变更日期"))

    class Meta:
        verbose_name = _("党员分类变更")
        verbose_name_plural = _("党员分类变更")
        ordering = ["changed_on", "pk"]
        indexes = [models.Index(fields=["changed_on"], name="class_change_day")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class Exclusion(models.Model):
    """Left out of scoring by decision (domain.md §5): no score and no rank while it lasts, never 0."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="exclusions", verbose_name=_("党员"))
    started_on = models.DateField(_("开始日期"))
    ended_on = models.DateField(_("结束日期"), null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=200)
    decided_on = models.DateField(_("决定日期"))
    by = models.ForeignKey("members.User", models.PROTECT, related_name="+", verbose_name=_("经办人"))

    objects = ExclusionQuerySet.as_manager()

    class Meta:
        verbose_name = _("不列入积分")
        verbose_name_plural = _("不列入积分")
        ordering = ["-started_on"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("started_on")),
                name="exclusion_ends_after_start",
                violation_error_message=_("结束日期早于开始日期。"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} {self.reason}"


class Appointment(models.Model):
    """Who holds which post in which unit, from when to when (start included, end excluded)."""

    class Post(models.TextChoices):
        COMMITTEE_SECRETARY = "COMMITTEE_SECRETARY", _("党委书记")
        COMMITTEE_MEMBER = "COMMITTEE_MEMBER", _("党委委员")
        BRANCH_SECRETARY = "BRANCH_SECRETARY", _("支部书记")
        BRANCH_DEPUTY = "BRANCH_DEPUTY", _("支部副书记")
        ORG_COMMISSIONER = "ORG_COMMISSIONER", _("组织委员")
        PUBLICITY_COMMISSIONER = "PUBLICITY_COMMISSIONER", _("宣传委员")
        DISCIPLINE_COMMISSIONER = "DISCIPLINE_COMMISSIONER", _("纪检委员")
        GROUP_LEADER = "GROUP_LEADER", _("党小组长")
        PARTY_WORKER = "PARTY_WORKER", _("党务工作者")
        SCORE_CLERK = "SCORE_CLERK", _("记分员")
        INSPECTOR = "INSPECTOR", _("职能部门考评员")

    _BRANCH_POSTS = {
        Post.BRANCH_SECRETARY,
        Post.BRANCH_DEPUTY,
        Post.ORG_COMMISSIONER,
        Post.PUBLICITY_COMMISSIONER,
        Post.DISCIPLINE_COMMISSIONER,
        Post.SCORE_CLERK,
    }
    # The kind of unit in which a post can be held.
    UNIT_KINDS: ClassVar[dict[str, set[OrgUnit.Kind]]] = {
        Post.COMMITTEE_SECRETARY: {OrgUnit.Kind.PARTY_COMMITTEE},
        Post.COMMITTEE_MEMBER: {OrgUnit.Kind.PARTY_COMMITTEE},
        Post.PARTY_WORKER: {OrgUnit.Kind.PARTY_COMMITTEE},
        Post.GROUP_LEADER: {OrgUnit.Kind.PARTY_GROUP},
        Post.INSPECTOR: {OrgUnit.Kind.DEPARTMENT},
        **{post: {OrgUnit.Kind.BRANCH, OrgUnit.Kind.GENERAL_BRANCH} for post in _BRANCH_POSTS},
    }

    member = models.ForeignKey(Member, models.PROTECT, related_name="appointments", verbose_name=_("党员"))
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+", verbose_name=_("任职组织"))
    post = models.CharField(_("职务"), max_length=30, choices=Post)
    started_on = models.DateField(_("任职日期"))
    ended_on = models.DateField(_("免职日期"), null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("任职")
        verbose_name_plural = _("任职")
        ordering = ["unit", "post", "started_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "unit", "post"],
                condition=models.Q(ended_on__isnull=True),
                name="appointment_once_while_open",
                violation_error_message=_("该党员已担任这一职务，不必重复任命。"),
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("started_on")),
                name="appointment_ends_after_start",
                violation_error_message=_("免职日期早于任职日期。"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit} {self.get_post_display()}"

    def clean(self) -> None:
        if self.post and self.unit_id and self.unit.kind not in self.UNIT_KINDS.get(self.post, set()):
            raise ValidationError(
                {
                    "post": _("%(post)s不能在“%(unit)s”（%(kind)s）任职，请选择对应的组织。")
                    % {
                        "post": self.get_post_display(),
                        "unit": self.unit,
                        "kind": self.unit.get_kind_display(),
                    }
                }
            )
