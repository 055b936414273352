"""Rule sets: what is in force, its clauses, versions, files, loading and publishing. The editor: rules_edit.py."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.access import BUSINESS_ADMIN_POSTS, below
from members.errors import Refused
from members.models import OrgUnit, User
from members.permissions import SignedIn, permitted
from members.services.audit import record
from members.spreadsheet import download, scratch_file, stamp
from scoring.books import layout_of
from scoring.forms.rules import RevisionForm
from scoring.forms.rules_load import RulesForm
from scoring.models import RuleSet
from scoring.months import month_of
from scoring.rulebook.differences import compare
from scoring.rulebook.sheet import write_rules
from scoring.rulebook.writer import document_of
from scoring.services import rules as services
from scoring.services.rule_drafts import revise


@permitted("scoring.view_rules")
def rules_list(request: SignedIn) -> HttpResponse:
    rows = RuleSet.objects.visible_to(request.user).select_related("owner", "published_by__member")
    return render(request, "scoring/rules_list.html", {"rule_sets": rows})


@permitted("scoring.view_rule_set", RuleSet, related=("owner", "published_by__member"))
def rules_detail(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    context = {
        "rule_set": rule_set,
        "layout": layout_of(rule_set),
        "earlier": earlier_version(request, rule_set),
        "may_change": request.user.has_perm("scoring.change_rules", rule_set),
        "may_try": request.user.has_perm("scoring.try_rules", rule_set),
        "revision": RevisionForm(rule_set=rule_set, month=month_of(timezone.localdate())),
    }
    return render(request, "scoring/rules_detail.html", context)


def earlier_version(request: SignedIn, rule_set: RuleSet) -> RuleSet | None:
    """The version before this one, among those the person may see."""
    versions = RuleSet.objects.visible_to(request.user).filter(owner=rule_set.owner_id, code=rule_set.code)
    return versions.filter(version__lt=rule_set.version).order_by("-version").first()


@require_GET
@permitted("scoring.view_rule_set", RuleSet, related=("owner",))
def rules_differences(request: SignedIn, rule_set: RuleSet, other: int) -> HttpResponse:
    """This version against another one of the same rules; the earlier one stands on the left."""
    versions = RuleSet.objects.visible_to(request.user).filter(owner=rule_set.owner_id, code=rule_set.code)
    before, after = sorted((get_object_or_404(versions, pk=other), rule_set), key=lambda one: one.version)
    context = {
        "rule_set": rule_set,
        "before": before,
        "after": after,
        "versions": versions.exclude(pk=rule_set.pk).order_by("-version"),
        "other": other,
        "found": compare(document_of(before), document_of(after)),
    }
    return render(request, "scoring/rules_differences.html", context)


def _file_name(rule_set: RuleSet, ending: str) -> str:
    return f"{rule_set.code}-v{rule_set.version}.{ending}"


@require_GET
@permitted("scoring.view_rule_set", RuleSet)
def rules_file(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """The rule set as a rule file."""
    record(request.user, "scoring.export_rule_set", rule_set, detail="YAML")
    answer = HttpResponse(services.text_of(rule_set), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{_file_name(rule_set, "yaml")}"'
    return answer


@require_GET
@permitted("scoring.view_rule_set", RuleSet)
def rules_xlsx(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """The rule set as a workbook (细则)."""
    record(request.user, "scoring.export_rule_set", rule_set, detail="Excel")
    file = scratch_file()
    write_rules(file, document_of(rule_set), stamp=stamp(request.user, timezone.localtime()))
    return download(_file_name(rule_set, "xlsx"), file)  # type: ignore[return-value]


@require_POST
@permitted("scoring.change_rules", RuleSet, related=("owner",))
def rules_revise(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """A new draft version of published rules."""
    form = RevisionForm(request.POST, rule_set=rule_set, month=month_of(timezone.localdate()))
    try:
        if not form.is_valid():
            raise Refused(_("请写明新版本从哪个月起生效，例如 202701。"))
        made = revise(rule_set, effective_from=form.cleaned_data["effective_from"], by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("scoring:rules-detail", rule_set.pk)
    messages.success(request, _("已建立草稿“%s”，请修改后发布。") % made)
    return redirect("scoring:rules-edit", made.pk)


@permitted("scoring.edit_rules")
def rules_load(request: SignedIn) -> HttpResponse:
    """Load a shipped rule set or a rule file into a draft."""
    owners = OrgUnit.objects.filter(below(request.user.authority.paths(BUSINESS_ADMIN_POSTS), "path"))
    form = RulesForm(
        request.POST or None, request.FILES or None, owners=owners, presets=services.presets(),
        wanted=request.GET.get("owner", ""),
    )  # fmt: skip
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            rule_set = _load(form, request.user)
            messages.success(request, _("已载入为草稿，请核对条款后发布。"))
            return redirect("scoring:rules-detail", rule_set.pk)
        except Refused as refusal:
            problems = str(refusal).split("\n")
    return render(request, "scoring/rules_load.html", {"form": form, "problems": problems})


def _load(form: RulesForm, by: User) -> RuleSet:
    owner, preset, file = (form.cleaned_data[key] for key in ("owner", "preset", "file"))
    if preset:
        return services.load_rule_set(services.preset_text(preset), owner=owner, by=by)
    return services.load_rule_file(file.name, file.read(), owner=owner, by=by)


@require_POST
@permitted("scoring.publish_rules", RuleSet, related=("owner",))
def rules_publish(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    try:
        services.publish_rule_set(rule_set, by=request.user)
        messages.success(request, _("积分办法已发布，自生效月份起使用。"))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("scoring:rules-detail", rule_set.pk)
