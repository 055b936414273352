"""The organisation tree and the pages of its units."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.http import FileResponse, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from members.access import SEEING_POSTS
from members.forms.carry_out import carried_out
from members.forms.units import CloseUnitForm, NewUnitForm, UnitForm
from members.models import Appointment, Membership, OrgUnit
from members.permissions import SignedIn, permitted
from members.querysets import MembershipQuerySet
from members.services import units as services
from members.services.export import write_roster
from members.spreadsheet import download, scratch_file
from members.tree import level

PAGE_SIZE = 50


@require_safe
@permitted("members.view_tree")
def unit_tree(request: SignedIn) -> HttpResponse:
    """The tops of the tree with one level below; or, when searched, a flat list."""
    visible = OrgUnit.objects.visible_to(request.user).open()
    today = timezone.localdate()
    query = request.GET.get("q", "").strip()
    without_secretary = bool(request.GET.get("without_secretary"))
    context: dict[str, Any] = {"query": query, "without_secretary": without_secretary}
    if query or without_secretary:
        if query:
            visible = visible.filter(name__contains=query)
        if without_secretary:
            held = Appointment.objects.at(today).filter(unit=OuterRef("pk"), post="BRANCH_SECRETARY")
            visible = visible.branches().filter(~Exists(held))
        context["page"] = Paginator(visible.order_by("path"), PAGE_SIZE).get_page(request.GET.get("page"))
        context["found"] = level(OrgUnit.objects.filter(pk__in=[unit.pk for unit in context["page"]]), on=today)
    else:
        tops = level(visible.filter(parent=None), on=today)
        context["tops"] = tops
        if len(tops.nodes) == 1:
            context["below"] = _below(tops.nodes[0].unit)
    context["can_add_root"] = request.user.has_perm("members.add_root_unit")
    return render(request, "members/unit_tree.html", context)


def _below(unit: OrgUnit, start: int = 0) -> Any:
    children = OrgUnit.objects.open().filter(parent=unit).order_by("position", "pk")
    return level(children, on=timezone.localdate(), start=start)


@require_safe
@permitted("members.view_unit", OrgUnit)
def unit_children(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """A fragment: the next level of the tree, or the rest of it."""
    start = request.GET.get("start", "")
    found = _below(unit, int(start) if start.isdigit() and len(start) < 9 else 0)
    return render(request, "members/_unit_level.html", {"level": found, "unit": unit})


@require_safe
@permitted("members.view_unit", OrgUnit, related=("parent",))
def unit_detail(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    own_posts = Q(unit=unit) | Q(unit__parent=unit, post="GROUP_LEADER")
    posts = Appointment.objects.at(timezone.localdate()).filter(own_posts)
    verbs = ("add_unit", "change_unit", "open_users", "export_roster", "change_member", "appoint_member")
    context = {
        "unit": unit,
        "posts": posts.select_related("member", "unit").in_order(),
        "below": _below(unit),
        "can": {verb: request.user.has_perm(f"members.{verb}", unit) for verb in verbs},
    }
    people = Membership.objects.current().within(unit)
    if unit.kind in (OrgUnit.Kind.BRANCH, OrgUnit.Kind.PARTY_GROUP):
        context |= _people(request, unit, people)
    else:
        # 100,000 members are counted here, not listed: the list has its own page.
        units = OrgUnit.objects.within(unit).open().aggregate(branches=_count("BRANCH"), groups=_count("PARTY_GROUP"))
        context |= {"total": people.count(), "units": units}
    return render(request, "members/unit_detail.html", context)


def _count(kind: str) -> Count:
    return Count("pk", filter=Q(kind=kind))


def _people(request: SignedIn, unit: OrgUnit, people: MembershipQuerySet) -> dict[str, Any]:
    """The figures of a branch or group; its list for whoever sees all of it."""
    figures = people.aggregate(
        total=Count("pk"),
        probationary=Count("pk", filter=Q(member__category="PROBATIONARY")),
        floating=Count("pk", filter=Q(member__is_floating=True)),
        retired=Count("pk", filter=Q(member__is_retired=True)),
    )
    if not request.user.authority.reaches(unit, SEEING_POSTS):
        return {"total": figures["total"], "figures": figures}
    pages = Paginator(people.select_related("member", "group").by_name(), PAGE_SIZE)
    pages.count = figures["total"]
    return {"total": figures["total"], "figures": figures, "page": pages.get_page(request.GET.get("page"))}


@permitted("members.add_root_unit")
def unit_create_root(request: SignedIn) -> HttpResponse:
    return _create(request, None)


@permitted("members.add_unit", OrgUnit)
def unit_create(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    return _create(request, unit)


def _create(request: SignedIn, parent: OrgUnit | None) -> HttpResponse:
    form = NewUnitForm(request.POST or None, parent=parent)
    if carried_out(form, lambda: services.create_unit(**form.cleaned_data, parent=parent, by=request.user)):
        messages.success(request, _("已建立“%s”。") % form.cleaned_data["name"])
        return redirect("members:unit-detail", parent.pk) if parent else redirect("members:unit-tree")
    return _show(request, form, parent, _("新建下级组织") if parent else _("新建顶层组织"), _("建立"))


@permitted("members.change_unit", OrgUnit, related=("parent",))
def unit_edit(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    form = UnitForm(request.POST or None, unit=unit, by=request.user)
    if carried_out(form, lambda: _change(form, unit, request)):
        messages.success(request, _("已保存。"))
        return redirect("members:unit-detail", unit.pk)
    return _show(request, form, unit, _("名称和上级组织"), _("保存"))


def _change(form: UnitForm, unit: OrgUnit, request: SignedIn) -> None:
    parent = form.cleaned_data.get("parent")
    services.change_unit(unit, name=form.cleaned_data["name"], parent=parent, by=request.user)


@permitted("members.change_unit", OrgUnit)
def unit_close(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    form = CloseUnitForm(request.POST or None)
    if carried_out(form, lambda: services.close_unit(unit, on=form.cleaned_data["on"], by=request.user)):
        messages.success(request, _("已撤销“%s”，历史记录保留。") % unit)
        return redirect("members:unit-tree")
    hint = _("撤销后不能再接收党员，其中的任职同时免去；历史记录保留，不能恢复。")
    return _show(request, form, unit, _("撤销组织"), _("撤销"), hint)


def _show(
    request: SignedIn, form: Any, unit: OrgUnit | None, heading: str, submit: str, hint: str = ""
) -> HttpResponse:
    context = {"form": form, "unit": unit, "heading": heading, "submit": submit, "hint": hint}
    return render(request, "members/unit_action.html", context)


@require_POST
@permitted("members.export_roster", OrgUnit)
def roster_export(request: SignedIn, unit: OrgUnit) -> FileResponse:
    """The 花名册 of the unit; with the numbers in full only for whoever may look at each of them."""
    in_full = "in_full" in request.POST and request.user.has_perm("members.reveal_member", unit)
    file = scratch_file()
    write_roster(file, unit=unit, in_full=in_full, by=request.user)
    return download(_("%s党员花名册.xlsx") % unit, file)
