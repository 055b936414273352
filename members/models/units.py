from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from members.querysets import OrgUnitQuerySet


class OrgUnit(models.Model):
    """A node of the organisation tree.

    `path` is the chain of ids from the root, each followed by a dot ("1.4.12."): everything below a
    unit is found with one prefix comparison.
    """

    class Kind(models.TextChoices):
        PARTY_COMMITTEE = "PARTY_COMMITTEE", _("党委")
        GENERAL_BRANCH = "GENERAL_BRANCH", _("党总支")
        BRANCH = "BRANCH", _("党支部")
        PARTY_GROUP = "PARTY_GROUP", _("党小组")
        WORK_TEAM = "WORK_TEAM", _("班组")
        DEPARTMENT = "DEPARTMENT", _("职能部门")

    # Which kinds may stand directly below which; None is the top of the tree.
    ALLOWED_PARENTS: ClassVar[dict[Kind, set[Kind | None]]] = {
        Kind.PARTY_COMMITTEE: {None, Kind.PARTY_COMMITTEE},
        Kind.GENERAL_BRANCH: {Kind.PARTY_COMMITTEE},
        Kind.BRANCH: {Kind.PARTY_COMMITTEE, Kind.GENERAL_BRANCH},
        Kind.PARTY_GROUP: {Kind.BRANCH},
        Kind.WORK_TEAM: {Kind.BRANCH, Kind.DEPARTMENT, Kind.PARTY_COMMITTEE},
        Kind.DEPARTMENT: {Kind.PARTY_COMMITTEE},
    }

    kind = models.CharField(_("类型"), max_length=20, choices=Kind)
    name = models.CharField(_("名称"), max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, verbose_name=_("上级组织"))
    path = models.CharField(max_length=120, editable=False, db_index=True)
    position = models.PositiveIntegerField(_("排序"), default=0)
    closed_on = models.DateField(_("撤销日期"), null=True, blank=True)

    objects = OrgUnitQuerySet.as_manager()

    class Meta:
        verbose_name = _("组织")
        verbose_name_plural = _("组织")
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"],
                name="unit_name_once_below_parent",
                violation_error_message=_("同一上级组织下已有同名组织，请换一个名称。"),
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=[
                        "PARTY_COMMITTEE",
                        "GENERAL_BRANCH",
                        "BRANCH",
                        "PARTY_GROUP",
                        "WORK_TEAM",
                        "DEPARTMENT",
                    ]
                ),
                name="unit_kind_known",
                violation_error_message=_("组织类型不在规定范围内。"),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """Levels below the root; the root is 0."""
        return self.path.count(".") - 1

    def is_within(self, other_path: str) -> bool:
        return bool(other_path) and self.path.startswith(other_path)
