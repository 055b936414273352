from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from members.access import Authority
from members.models.people import Member
from members.querysets import UserQuerySet


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, password: str | None = None, **fields: object) -> User:
        user: User = self.model(username=username, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: object) -> User:
        return self.create_user(username, password, is_superuser=True, duty=User.Duty.ALL, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A sign-in. Most belong to a member and are named by the staff number; administrators need not."""

    class Duty(models.TextChoices):
        NONE = "", _("无")
        SYSTEM = "SYSTEM", _("系统管理员")
        SECURITY = "SECURITY", _("安全管理员")
        AUDIT = "AUDIT", _("审计管理员")
        ALL = "ALL", _("系统、安全、审计管理员")

    class Mail(models.TextChoices):
        DAILY = "DAILY", _("每日汇总")
        NONE = "NONE", _("不发")

    username = models.CharField(
        _("登录名"),
        max_length=60,
        unique=True,
        error_messages={"unique": _("这个登录名已有人使用。")},
    )
    member = models.OneToOneField(
        Member, models.PROTECT, null=True, blank=True, related_name="user", verbose_name=_("党员")
    )
    duty = models.CharField(_("管理职责"), max_length=10, choices=Duty, blank=True, default=Duty.NONE)
    is_active = models.BooleanField(_("启用"), default=True)
    email = models.EmailField(_("电子邮箱"), blank=True)
    mail = models.CharField(_("邮件通知"), max_length=5, choices=Mail, default=Mail.DAILY)
    must_change_password = models.BooleanField(_("须改密码"), default=False)

    objects = UserManager()

    USERNAME_FIELD = "username"

    class Meta:
        verbose_name = _("账号")
        verbose_name_plural = _("账号")
        ordering = ["username"]

    def __str__(self) -> str:
        return self.member.name if self.member else self.username

    @property
    def is_staff(self) -> bool:
        """The rescue tool is the system administrator's alone."""
        return self.is_superuser or self.duty in (self.Duty.SYSTEM, self.Duty.ALL)

    @cached_property
    def authority(self) -> Authority:
        """What this person may reach today; read once per request."""
        return Authority.of(self)
