"""Rule sets: what is in force, its clauses, loading and publishing."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from members.access import BUSINESS_ADMIN_POSTS, below
from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from scoring.books import layout_of
from scoring.forms import RulesForm
from scoring.models import RuleSet
from scoring.services import rules as services


@permitted("scoring.view_rules")
def rules_list(request: SignedIn) -> HttpResponse:
    rows = RuleSet.objects.visible_to(request.user).select_related("owner", "published_by__member")
    return render(request, "scoring/rules_list.html", {"rule_sets": rows})


@permitted("scoring.view_rule_set", RuleSet, related=("owner", "published_by__member"))
def rules_detail(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    return render(request, "scoring/rules_detail.html", {"rule_set": rule_set, "layout": layout_of(rule_set)})


@permitted("scoring.edit_rules")
def rules_load(request: SignedIn) -> HttpResponse:
    """Load a shipped rule set or a rule file into a draft."""
    kinds = (OrgUnit.Kind.PARTY_COMMITTEE, OrgUnit.Kind.GENERAL_BRANCH, OrgUnit.Kind.BRANCH)
    owners = OrgUnit.objects.filter(below(request.user.authority.paths(BUSINESS_ADMIN_POSTS), "path"), kind__in=kinds)
    form = RulesForm(
        request.POST or None, request.FILES or None, owners=owners, presets=services.presets(),
        initial={"owner": owners.order_by("path").first()},
    )  # fmt: skip
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            preset = form.cleaned_data["preset"]
            content = services.preset_text(preset) if preset else form.content()
            rule_set = services.load_rule_set(content, owner=form.cleaned_data["owner"], by=request.user)
            messages.success(request, _("已载入为草稿，请核对条款后发布。"))
            return redirect("scoring:rules-detail", rule_set.pk)
        except Refused as refusal:
            problems = str(refusal).split("\n")
        except forms.ValidationError as error:
            problems = error.messages
    return render(request, "scoring/rules_load.html", {"form": form, "problems": problems})


@require_POST
@permitted("scoring.publish_rules", RuleSet, related=("owner",))
def rules_publish(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    try:
        services.publish_rule_set(rule_set, by=request.user)
        messages.success(request, _("积分办法已发布，自生效月份起使用。"))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("scoring:rules-detail", rule_set.pk)
