"""A rescue tool for the system administrator: accounts, the tree, stuck imports. No points, no personal files.

Django's own permissions play no part: `rules.py` lets only the system administrator in.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from members.models import OrgUnit, RosterImport, User

admin.site.unregister(Group)
admin.site.site_header = admin.site.site_title = "后台维护"


class RescueAdmin(admin.ModelAdmin):
    """Everything can be looked at, only `changeable` fields changed, nothing added or deleted."""

    changeable: tuple[str, ...] = ()
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("members")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("members")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.changeable) and request.user.has_perm("members")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for name in self.fields or () if name not in self.changeable]  # type: ignore[misc]


@admin.register(User)
class UserAdmin(RescueAdmin):
    list_display = ("username", "member", "duty", "is_active", "must_change_password", "last_login")
    list_filter = ("duty", "is_active")
    list_select_related = ("member",)
    search_fields = ("username",)
    fields = ("username", "member", "duty", "is_active", "must_change_password", "last_login")


@admin.register(OrgUnit)
class OrgUnitAdmin(RescueAdmin):
    list_display = ("name", "kind", "parent", "closed_on")
    list_filter = ("kind",)
    list_select_related = ("parent",)
    search_fields = ("name",)
    fields = ("name", "kind", "parent", "path", "position", "closed_on")
    changeable = ("position",)


@admin.register(RosterImport)
class RosterImportAdmin(RescueAdmin):
    list_display = ("file_name", "unit", "state", "done", "total", "by", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("unit", "by__member")
    fields = ("file_name", "unit", "state", "done", "total", "by", "created_at", "claimed_at", "finished_at")
