"""Sign-ins of others: opened, reset, locked, given a duty."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.access import BUSINESS_ADMIN_POSTS, SECRETARY_POSTS, Authority, below
from members.errors import Refused
from members.forms.carry_out import carried_out
from members.forms.filters import UserFilter
from members.forms.users import DutyForm, LockForm, NewAdministratorForm
from members.models import OrgUnit, User
from members.permissions import SignedIn, permitted
from members.services import users as services

PAGE_SIZE = 50


@require_safe
@permitted("members.list_users")
def user_list(request: SignedIn) -> HttpResponse:
    authority = request.user.authority
    reach = below(authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS), "path")
    units = OrgUnit.objects.branches().open()
    units = units if authority.sees_all_trees else units.filter(reach)
    narrowed = UserFilter(request.GET, units=units)
    rows = narrowed.apply(User.objects.visible_to(request.user)).select_related("member").order_by("username")
    # Sign-ins are opened for the unit that is chosen, else for the whole of what one looks after.
    tops = OrgUnit.objects.filter(pk__in=[held.unit_id for held in authority.posts]).filter(reach)
    unit = narrowed.value("unit") or tops.order_by("path").first()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    verbs = ("lock_user", "assign_duty", "open_administrator")
    context = {
        "filter": narrowed,
        "page": page,
        "resettable": _resettable(request.user, page.object_list),
        "unit": unit,
        "without_user": services.without_user(unit)
        if unit and request.user.has_perm("members.open_users", unit)
        else 0,
        "open_at_once": services.OPEN_AT_ONCE,
        "can": {verb: request.user.has_perm(f"members.{verb}") for verb in verbs},
    }
    return render(request, "members/user_list.html", context)


def _resettable(user: User, accounts: Any) -> set[int]:
    """Whose password this person may reset; the posts of all the accounts are read in one go."""
    authorities = Authority.of_many(accounts)
    for account in accounts:
        account.authority = authorities[account.pk]
    return {account.pk for account in accounts if user.has_perm("members.reset_password", account)}


@require_POST
@never_cache
@permitted("members.open_users", OrgUnit)
def user_open(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """The answer is the only place where the first passwords ever stand; nobody can come back to it."""
    try:
        slips = services.open_users(unit, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("members:user-list")
    return _slips(request, slips, _("%s账号口令单") % unit)


@never_cache
@permitted("members.open_administrator")
def user_create(request: SignedIn) -> HttpResponse:
    form = NewAdministratorForm(request.POST or None)
    opened: list[services.Slip] = []
    if carried_out(form, lambda: opened.append(services.open_administrator(**form.cleaned_data, by=request.user)[1])):
        return _slips(request, opened, _("管理员账号口令单"))
    return _show(request, form, None, _("开通管理员账号"), _("开通"))


@never_cache
@permitted("members.reset_password", User, related=("member",))
def user_reset(request: SignedIn, user: User) -> HttpResponse:
    if request.method != "POST":
        return render(request, "members/user_reset.html", {"account": user})
    try:
        slip = services.reset_password(user, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("members:user-list")
    return _slips(request, [slip], _("%s的新口令") % user)


def _slips(request: SignedIn, slips: list[services.Slip], heading: str) -> HttpResponse:
    context = {"slips": slips, "heading": heading, "address": request.build_absolute_uri("/"), "now": timezone.now()}
    return render(request, "members/user_slips.html", context)


@permitted("members.lock_user", User, related=("member",))
def user_lock(request: SignedIn, user: User) -> HttpResponse:
    form = LockForm(request.POST or None)
    if carried_out(form, lambda: services.lock_user(user, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已停用账号 %s。") % user.username)
        return redirect("members:user-list")
    return _show(request, form, user, _("停用账号"), _("停用"))


@require_POST
@permitted("members.lock_user", User, related=("member",))
def user_unlock(request: SignedIn, user: User) -> HttpResponse:
    try:
        services.unlock_user(user, by=request.user)
        messages.success(request, _("已启用账号 %s。") % user.username)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("members:user-list")


@permitted("members.assign_duty", User, related=("member",))
def user_duty(request: SignedIn, user: User) -> HttpResponse:
    form = DutyForm(request.POST or None, initial={"duty": user.duty})
    if carried_out(form, lambda: services.assign_duty(user, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已指定%s的管理职责。") % user)
        return redirect("members:user-list")
    return _show(request, form, user, _("管理职责"), _("保存"))


def _show(request: SignedIn, form: Any, user: User | None, heading: str, submit: str) -> HttpResponse:
    context = {"form": form, "account": user, "heading": heading, "submit": submit}
    return render(request, "members/user_action.html", context)
