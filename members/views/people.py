"""Members: the list, the personal file, and what is done with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from members.access import SEEING_POSTS, below
from members.forms.carry_out import carried_out
from members.forms.filters import MemberFilter
from members.forms.people import (
    CLASSES,
    AdmissionForm,
    EndForm,
    ExclusionForm,
    LeaveForm,
    MemberForm,
    PlaceForm,
    TransferForm,
)
from members.models import Appointment, Exclusion, Member, Membership, OrgUnit
from members.paging import ByName
from members.permissions import SignedIn, permitted
from members.services import people as services

PAGE_SIZE = 50


@require_safe
@permitted("members.list_members")
def member_list(request: SignedIn) -> HttpResponse:
    paths = request.user.authority.paths(SEEING_POSTS)
    above = Q(pk__in=[held.unit_id for held in request.user.authority.posts])
    units = OrgUnit.objects.branches().open().filter(below(paths, "path") | above)
    narrowed = MemberFilter(request.GET, units=units)
    rows = narrowed.apply(Membership.objects.visible_to(request.user))
    page = ByName(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"filter": narrowed, "page": page, "lines": _lines(list(page.object_list))}
    context["may_admit"] = request.user.has_perm("members.admit_members")
    return render(request, "members/member_list.html", context)


def _lines(pks: list[int]) -> list[dict[str, Any]]:
    """A page of memberships with what else is said about each person: left out, posts held."""
    today = timezone.localdate()
    excluded = Exclusion.objects.at(today).filter(member=OuterRef("member"))
    found = Membership.objects.filter(pk__in=pks).select_related("member", "branch", "group").by_name()
    rows = list(found.annotate(is_excluded=Exists(excluded)))
    posts: dict[int, list[str]] = {}
    held = Appointment.objects.at(today).filter(member__in=[row.member_id for row in rows])
    for post in held.in_order():
        posts.setdefault(post.member_id, []).append(str(post.get_post_display()))
    return [{"row": row, "member": row.member, "posts": posts.get(row.member_id, [])} for row in rows]


@require_safe
@permitted("members.view_member", Member, related=("user",))
def member_detail(request: SignedIn, member: Member) -> HttpResponse:
    may = ("change_member", "reveal_member", "transfer_member", "leave_member", "exclude_member", "appoint_member")
    today, account = timezone.localdate(), getattr(member, "user", None)
    can = {verb: request.user.has_perm(f"members.{verb}", member) for verb in may}
    can["reset_password"] = account is not None and request.user.has_perm("members.reset_password", account)
    context = {
        "member": member,
        "today": today,
        "party_years": member.party_years(today),
        "memberships": member.memberships.select_related("branch", "group").order_by("-started_on", "-pk"),
        "appointments": Appointment.objects.filter(member=member).select_related("unit").order_by("-started_on"),
        "exclusions": list(Exclusion.objects.filter(member=member)),
        "can": can,
        "account": account,
    }
    return render(request, "members/member_detail.html", context)


@require_POST
@never_cache
@permitted("members.reveal_member", Member)
def member_reveal(request: SignedIn, member: Member) -> HttpResponse:
    """A fragment: the numbers in full."""
    id_number, phone = services.reveal(member, by=request.user)
    return render(request, "members/_member_numbers.html", {"id_number": id_number, "phone": phone, "is_full": True})


@permitted("members.admit_members")
def member_create(request: SignedIn) -> HttpResponse:
    place = AdmissionForm(request.POST or None, by=request.user, initial={"branch": request.GET.get("branch")})
    form = MemberForm(request.POST or None)
    if place.is_bound and place.is_valid() and carried_out(form, lambda: _admit(form, place, request)):
        messages.success(request, _("已新增党员%s。") % form.cleaned_data["name"])
        return redirect("members:member-list")
    return render(request, "members/member_edit.html", {"form": form, "place": place, "classes": CLASSES})


def _admit(form: MemberForm, place: AdmissionForm, request: SignedIn) -> None:
    member = Member()
    for name, value in form.values().items():
        setattr(member, name, value)
    services.admit(member, **place.cleaned_data, by=request.user)


@permitted("members.change_member", Member)
def member_edit(request: SignedIn, member: Member) -> HttpResponse:
    form = MemberForm(request.POST or None, member=member)
    if carried_out(form, lambda: services.change_member(member, form.values(), by=request.user)):
        messages.success(request, _("已保存。"))
        return redirect("members:member-detail", member.pk)
    return render(request, "members/member_edit.html", {"form": form, "member": member, "classes": CLASSES})


@require_safe
@permitted("members.admit_members")
def group_options(request: SignedIn) -> HttpResponse:
    """A fragment: the select of groups, for the branch that was chosen."""
    return HttpResponse(str(PlaceForm(request.GET, by=request.user)["group"]))


@permitted("members.transfer_member", Member)
def member_transfer(request: SignedIn, member: Member) -> HttpResponse:
    place = member.last_membership
    initial = {"branch": place.branch_id, "group": place.group_id} if place else {}
    form = TransferForm(request.POST or None, by=request.user, initial=initial)
    if carried_out(form, lambda: services.transfer(member, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已转移%s的组织关系。") % member)
        return redirect("members:member-detail", member.pk)
    return _show(request, form, member, _("转移组织关系"), _("转移"))


@permitted("members.leave_member", Member)
def member_leave(request: SignedIn, member: Member) -> HttpResponse:
    form = LeaveForm(request.POST or None)
    if carried_out(form, lambda: services.leave(member, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已办理%s离开，历史记录保留。") % member)
        return redirect("members:member-list")
    hint = _("离开后职务全部免去、账号停用，历史记录保留。转出后又回来的，可再办“转移”。")
    return _show(request, form, member, _("办理离开"), _("确认离开"), hint)


@permitted("members.exclude_member", Member)
def member_exclude(request: SignedIn, member: Member) -> HttpResponse:
    form = ExclusionForm(request.POST or None)
    if carried_out(form, lambda: services.exclude(member, **form.cleaned_data, by=request.user)):
        messages.success(request, _("已记录，%s在此期间不计分、不排名。") % member)
        return redirect("members:member-detail", member.pk)
    hint = _("须经支部决定。在此期间不计分、不排名，不是记 0 分。")
    return _show(request, form, member, _("不列入积分"), _("保存"), hint)


@permitted("members.exclude_member", Exclusion, related=("member",))
def exclusion_end(request: SignedIn, exclusion: Exclusion) -> HttpResponse:
    form = EndForm(request.POST or None)
    if carried_out(form, lambda: services.end_exclusion(exclusion, **form.cleaned_data, by=request.user)):
        messages.success(request, _("%s恢复积分。") % exclusion.member)
        return redirect("members:member-detail", exclusion.member_id)
    return _show(request, form, exclusion.member, _("恢复积分"), _("保存"), exclusion.reason)


def _show(request: SignedIn, form: Form, member: Member, heading: str, submit: str, hint: str = "") -> HttpResponse:
    context = {"form": form, "member": member, "heading": heading, "submit": submit, "hint": hint}
    return render(request, "members/member_action.html", context)
