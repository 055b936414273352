"""What commands are told on the command line: a unit by its name, a person by the sign-in name."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from members.models import OrgUnit, User


def unit_named(name: str) -> OrgUnit:
    """The unit of this name. Raise CommandError when there is none, or more than one."""
    found = list(OrgUnit.objects.filter(name=name).order_by("path")[:2])
    if not found:
        raise CommandError(_("没有名为“%s”的组织，请核对名称（须与组织页上的完全一致）。") % name)
    if len(found) > 1:
        raise CommandError(_("有不止一个组织叫“%s”，请先在组织页上改成不同的名称。") % name)
    return found[0]


def acting_user(username: str | None) -> User:
    """Who stands behind what a command writes: the one named, else the first system administrator."""
    active = User.objects.filter(is_active=True)
    if username:
        user = active.filter(username=username).first()
        if user is None:
            raise CommandError(_("没有登录名为“%s”的有效账号，请核对。") % username)
        return user
    user = active.filter(duty__in=[User.Duty.SYSTEM, User.Duty.ALL]).order_by("pk").first()
    if user is None:
        raise CommandError(_("还没有系统管理员账号，请用 --by 登录名 指明经办人。"))
    return user


def content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise CommandError(_("读不到文件“%s”，请核对路径和权限。") % path) from None
