"""自定义条款: what units add to published rules; asked for, decided, ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.errors import Refused
from members.models import User
from members.permissions import SignedIn, permitted
from members.refusals import note, refuse
from scoring.calculation.pricing import show
from scoring.forms.custom_items import CustomItemForm, EndForm, LoadForm, ReturnForm
from scoring.models import CustomItem, RuleSet, Section
from scoring.months import label, month_of, shift, span
from scoring.rulebook.room import Wish, problems_with, room_of
from scoring.services import custom_items as services

PAGE = 50
_HEADING = ("条款号", "名称", "标准")
# As rule files say it; a database may keep the keys in another order.
_ORDER = (
    "计价", "分值", "单价", "起算数量", "计量步长", "不足一步", "级别", "分数段", "最低", "最高", "单位", "汇总",
    "分档", "比例满分", "比例分母", "最高范围", "起始分", "下限", "每月上限", "每季上限", "每年上限",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A proposal as the list shows it."""

    custom: CustomItem
    terms: str
    may_decide: bool
    may_end: bool


def _terms(content: dict[str, Any]) -> str:
    """The clause but for its heading, in the words of rule files."""
    told = []
    places = {word: place for place, word in enumerate(_ORDER)}
    for key, value in sorted(content.items(), key=lambda pair: (places.get(pair[0], len(places)), pair[0])):
        if isinstance(value, list):
            # An open end of a band is a dash, as it is typed.
            rows = [" ".join(word or "-" for word in row) if isinstance(row, list) else str(row) for row in value]
            value = "；".join(rows)
        if key not in _HEADING:
            told.append(f"{key} {value}")
    return "，".join(told)


def _line(custom: CustomItem, user: User, decides: bool) -> Line:
    is_waiting = custom.state == CustomItem.State.PROPOSED
    is_counting = custom.item is not None and custom.item.to_month is None
    return Line(
        custom,
        _terms(custom.content),
        may_decide=is_waiting and decides and custom.proposed_by_id != user.pk,
        may_end=is_counting and (decides or services.may_propose(user, custom.unit)),
    )


@require_GET
@permitted("scoring.view_custom_items", RuleSet, related=("owner",))
def custom_item_list(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """What was asked for, what holds, and what may be added; narrowed to a unit or a state."""
    rows = CustomItem.objects.visible_to(request.user).filter(section__rule_set=rule_set)
    unit, state = request.GET.get("unit", ""), request.GET.get("state", "")
    if unit.isdecimal() and len(unit) < 19:
        rows = rows.filter(unit=int(unit))
    if state in CustomItem.State.values:
        rows = rows.filter(state=state)
    rows = rows.select_related("section", "unit", "item", "proposed_by__member", "decided_by__member")
    page = Paginator(rows.order_by("-id"), PAGE).get_page(request.GET.get("page"))
    decides = services.may_decide(request.user, rule_set)
    last_month = shift(month_of(timezone.localdate()), -1)
    context = {
        "rule_set": rule_set,
        "sections": [section for section in rule_set.sections.all() if section.custom_count],
        "page": page,
        "lines": [_line(custom, request.user, decides) for custom in page],
        "states": CustomItem.State.choices,
        "state": state,
        "end_months": span(shift(last_month, -1), shift(last_month, 12)),
        "may_propose": rule_set.state == RuleSet.State.PUBLISHED,
    }
    return render(request, "scoring/custom_item_list.html", context)


@permitted("scoring.propose_custom_items", RuleSet, related=("owner",))
def custom_item_propose(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """Ask for one item."""
    form = _form(request, rule_set)
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            asked = form.cleaned_data
            services.propose_custom_item(
                asked["unit"], asked["section"], form.content(), asked["from_month"], by=request.user
            )
            messages.success(request, _("已申请，等待%s审定。") % rule_set.owner)
            return redirect("scoring:custom-item-list", rule_set.pk)
        except Refused as refusal:
            problems = str(refusal).split("\n")
            note(request, refusal, rule_set)
    return render(
        request, "scoring/custom_item_propose.html", {"rule_set": rule_set, "form": form, "problems": problems}
    )


def _form(request: SignedIn, rule_set: RuleSet) -> CustomItemForm:
    return CustomItemForm(
        request.POST or None, rule_set=rule_set, by=request.user, wanted=request.GET.get("unit", "")
    )  # fmt: skip


@require_POST
@permitted("scoring.propose_custom_items", RuleSet, related=("owner",))
def custom_item_check(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """While it is typed: what still is in the way, and what room there is. Nothing is saved."""
    form = _form(request, rule_set)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        asked = form.cleaned_data
        section: Section = asked["section"]
        context["problems"] = problems_with(Wish(section, asked["unit"], form.content(), asked["from_month"]))
        room = room_of(section, asked["unit"], asked["from_month"])
        context |= {"section": section, "count": room.count, "points": show(room.points)}
    else:
        context["problems"] = [
            f"{form.fields[name].label}：{error}" for name, errors in form.errors.items() for error in errors
        ]
    return render(request, "scoring/_custom_item_check.html", context)


@permitted("scoring.propose_custom_items", RuleSet, related=("owner",))
def custom_item_load(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """Ask for every item of a file, or of a shipped one."""
    form = LoadForm(
        request.POST or None, request.FILES or None, rule_set=rule_set, by=request.user,
        wanted=request.GET.get("unit", ""), presets=services.unit_presets(rule_set.code),
    )  # fmt: skip
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            content = services.unit_preset_text(asked["preset"]) if asked["preset"] else form.uploaded()
            made = services.load_custom_items(
                content, rule_set=rule_set, unit=asked["unit"], from_month=asked["from_month"], by=request.user
            )
            messages.success(request, _("已申请 %d 条，等待审定。") % len(made))
            return redirect("scoring:custom-item-list", rule_set.pk)
        except Refused as refusal:
            problems = str(refusal).split("\n")
            note(request, refusal, rule_set)
        except forms.ValidationError as error:
            problems = error.messages
    return render(request, "scoring/custom_item_load.html", {"rule_set": rule_set, "form": form, "problems": problems})


_RELATED = ("section__rule_set__owner", "unit", "item")


@require_POST
@permitted("scoring.decide_custom_item", CustomItem, related=_RELATED)
def custom_item_approve(request: SignedIn, custom: CustomItem) -> HttpResponse:
    try:
        services.approve_custom_item(custom, by=request.user)
        messages.success(request, _("已同意，自%(month)s起在%(unit)s计分。") % {
            "month": label(custom.from_month), "unit": custom.unit,
        })  # fmt: skip
    except Refused as refusal:
        refuse(request, refusal, custom)
    return redirect("scoring:custom-item-list", custom.section.rule_set_id)


@require_POST
@permitted("scoring.decide_custom_item", CustomItem, related=_RELATED)
def custom_item_return(request: SignedIn, custom: CustomItem) -> HttpResponse:
    form = ReturnForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        services.return_custom_item(custom, reason=reason, by=request.user)
        messages.success(request, _("已退回。"))
    except Refused as refusal:
        refuse(request, refusal, custom)
    return redirect("scoring:custom-item-list", custom.section.rule_set_id)


@require_POST
@permitted("scoring.end_custom_item", CustomItem, related=_RELATED)
def custom_item_end(request: SignedIn, custom: CustomItem) -> HttpResponse:
    form = EndForm(request.POST)
    try:
        to_month = form.cleaned_data["to_month"] if form.is_valid() else 0
        services.end_custom_item(custom, to_month, by=request.user)
        messages.success(request, _("%(month)s以后不再计分。") % {"month": label(to_month)})
    except Refused as refusal:
        refuse(request, refusal, custom)
    return redirect("scoring:custom-item-list", custom.section.rule_set_id)
