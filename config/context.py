"""What every page shows around its content: names, the person, the navigation.

Lazy, because fragments, downloads and redirects render without them: whoever shows nothing asks nothing.
A full page costs one query here (the names of two organisations); the posts are those of `user.authority`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import rules
from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.models import Appointment, OrgUnit, User


@dataclass(frozen=True)
class Entry:
    """A line of the navigation. It is offered to whoever the page itself lets in.

    It is the active one on every page about the same object: `scoring:month-list` also on `scoring:month-grid`, and on
    those about the objects named in `rooms`.
    """

    label: str | Promise
    icon: str
    route: str
    # Shows the person's own things: nothing for an account without a member.
    is_personal: bool = False
    # Set up and looked up now and then: behind "管理".
    is_seldom: bool = False
    # What else belongs to it: `scoring:life` stands for `scoring:life-check` and its like.
    rooms: tuple[str, ...] = ()

    def covers(self, view_name: str) -> bool:
        if view_name == self.route or self.is_personal:
            return view_name == self.route
        about = (self.route.rpartition("-")[0] or self.route, *self.rooms)
        return view_name.startswith(tuple(f"{room}-" for room in about))


class Line(TypedDict):
    label: str
    icon: str
    url: str
    is_seldom: bool
    active: bool


# Pages of a campaign that are about something else by name.
_RATING = tuple(
    f"evaluations:{thing}" for thing in ("self", "candidate", "year-file", "branch", "committee", "poll", "ballot")
)
ENTRIES = (
    Entry(gettext_lazy("首页"), "home", "home"),
    Entry(gettext_lazy("我的积分"), "user-circle", "score-mine", is_personal=True),
    Entry(gettext_lazy("申报"), "clipboard-check", "scoring:claim-list", rooms=("scoring:deduction",)),
    Entry(gettext_lazy("月度录入"), "table", "scoring:month-list", rooms=("scoring:grant",)),
    Entry(gettext_lazy("排名"), "trophy", "scoring:ranking"),
    Entry(gettext_lazy("分析"), "chart-bar", "scoring:analysis"),
    Entry(gettext_lazy("评定"), "award", "evaluations:campaign-list", rooms=_RATING),
    Entry(gettext_lazy("组织生活"), "calendar-event", "scoring:activity-list", rooms=("scoring:life",)),
    Entry(gettext_lazy("党员"), "users", "members:member-list"),
    Entry(gettext_lazy("组织"), "sitemap", "members:unit-tree"),
    Entry(gettext_lazy("积分办法"), "scale", "scoring:rules-list", is_seldom=True),
    Entry(gettext_lazy("一票否决"), "gavel", "evaluations:veto-list", is_seldom=True),
    Entry(gettext_lazy("名册导入"), "file-import", "members:roster-import-list", is_seldom=True),
    Entry(gettext_lazy("账号"), "key", "members:user-list", is_seldom=True),
    Entry(gettext_lazy("每日汇总邮件"), "mail", "members:digest-list", is_seldom=True),
    Entry(gettext_lazy("操作日志"), "history", "members:audit-list", is_seldom=True),
    Entry(gettext_lazy("首次设置"), "rocket", "setup", is_seldom=True),
)


def site(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"site_name": _("党员积分管理"), "site_unit": "", "navigation": []}
    names = SimpleLazyObject(lambda: _unit_names(user))
    return {
        "site_name": _("党员积分管理"),
        "site_unit": SimpleLazyObject(lambda: names["root"]),
        "site_role": SimpleLazyObject(lambda: _role(user, names["own"])),
        "navigation": SimpleLazyObject(lambda: _navigation(user, _view_name(request))),
    }


def _navigation(user: User, view_name: str) -> list[Line]:
    """What this person may open, with the entry marked that the page belongs to."""
    if user.must_change_password:
        return []
    return [
        {
            "label": str(entry.label),
            "icon": entry.icon,
            "url": reverse(entry.route),
            "is_seldom": entry.is_seldom,
            "active": entry.covers(view_name),
        }
        for entry in ENTRIES
        if _is_offered(entry, user)
    ]


def _view_name(request: HttpRequest) -> str:
    """Empty on a page that was not found."""
    return request.resolver_match.view_name if request.resolver_match else ""


def _is_offered(entry: Entry, user: User) -> bool:
    if entry.is_personal and user.member_id is None:
        return False
    return bool(user.is_superuser or rules.has_perm(_permission(entry.route), user))


def _permission(route: str) -> str:
    """What the page itself asks for; see `members.permissions.permitted`."""
    permission: str = resolve(reverse(route)).func.permission  # type: ignore[attr-defined]
    return permission


def _unit_names(user: User) -> dict[str, str]:
    """The names of the topmost organisation and of the person's own, in one query."""
    authority = user.authority
    root = int(authority.branch_path.split(".")[0]) if authority.branch_path else None
    own = authority.posts[0].unit_id if authority.posts else authority.branch_id
    if root is None:
        top = OrgUnit.objects.filter(parent=None).order_by("path").first()
        return {"root": top.name if top else "", "own": ""}
    found = dict(OrgUnit.objects.filter(pk__in=[root, own]).values_list("pk", "name"))
    return {"root": found.get(root, ""), "own": found.get(own or 0, "")}


def _role(user: User, unit_name: str) -> str:
    """What stands below the person's name: the first post held, else the branch, else the duty."""
    posts = user.authority.posts
    if posts:
        return " · ".join(filter(None, [unit_name, str(Appointment.Post(posts[0].post).label)]))
    return unit_name or str(User.Duty(user.duty).label if user.duty else "")
