"""The editor of a draft: one page, every part a form of its own that htmx opens in its place."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.errors import Refused
from members.permissions import SignedIn, permitted
from scoring.books import layout_of
from scoring.forms.rules import ExampleForm, HeadForm, ItemForm, PartForm, SectionForm
from scoring.models import RuleSet
from scoring.rulebook.summary import Told, summary, told
from scoring.rulebook.writer import document_of
from scoring.services import rule_drafts as drafts
from scoring.services.rules import problems_in, problems_of
from scoring.views.rules import earlier_version

_FORMS: dict[str, type[PartForm]] = {
    drafts.HEAD: HeadForm,
    drafts.SECTION: SectionForm,
    drafts.ITEM: ItemForm,
    drafts.EXAMPLE: ExampleForm,
}
_RELATED = ("owner",)


def _problems(rule_set: RuleSet, problems: list[str]) -> list[Told]:
    return told(problems, layout_of(rule_set), rule_set.examples)


@require_GET
@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_edit(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    if rule_set.state != RuleSet.State.DRAFT:
        return redirect("scoring:rules-detail", rule_set.pk)
    # A draft is read anew whenever it is asked for: here once for all.
    layout = layout_of(rule_set)
    problems = problems_in(document_of(rule_set, layout))
    context = {
        "rule_set": rule_set,
        "summary": summary(rule_set, layout),
        "problems": told(problems, layout, rule_set.examples),
        "earlier": earlier_version(request, rule_set),
        "may_try": request.user.has_perm("scoring.try_rules", rule_set),
    }
    return render(request, "scoring/rules_edit.html", context)


def _part(rule_set: RuleSet, name: str) -> drafts.Part:
    try:
        if rule_set.state != RuleSet.State.DRAFT:
            raise Refused(_("已发布的积分办法不能修改。"))
        return drafts.find_part(rule_set, name)
    except Refused as refusal:
        raise Http404(str(refusal)) from None


def _form(request: SignedIn, rule_set: RuleSet, part: drafts.Part, name: str) -> PartForm:
    document = drafts.part_document(rule_set, part)
    return _FORMS[part.kind](request.POST or None, document=document, auto_id=f"{name}-%s")


@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_part(request: SignedIn, rule_set: RuleSet, name: str) -> HttpResponse:
    """The form of one part; a good one is saved and answered by the part as it stands then."""
    part = _part(rule_set, name)
    form = _form(request, rule_set, part, name)
    if request.method == "POST" and _save(request, rule_set, name, form):
        if not request.htmx or part.is_new:  # type: ignore[attr-defined]
            return _back(request, rule_set)
        return _changed(_show(request, rule_set, name))
    return _show_form(request, rule_set, name, part, form)


def _save(request: SignedIn, rule_set: RuleSet, name: str, form: PartForm) -> bool:
    values = form.document()
    try:
        if not form.errors:
            drafts.save_part(rule_set, name, values, by=request.user)
            return True
        problems = drafts.try_change(rule_set, drafts.find_part(rule_set, name), values).problems
    except Refused as refusal:
        problems = str(refusal).split("\n")
    form.show(problems, drafts.place_of(drafts.find_part(rule_set, name), values))
    return False


def _show_form(request: SignedIn, rule_set: RuleSet, name: str, part: drafts.Part, form: PartForm) -> HttpResponse:
    context = {"rule_set": rule_set, "name": name, "part": part, "form": form}
    is_htmx = request.htmx  # type: ignore[attr-defined]
    return render(request, "scoring/_rules_form.html" if is_htmx else "scoring/rules_part.html", context)


@require_GET
@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_row(request: SignedIn, rule_set: RuleSet, name: str) -> HttpResponse:
    """The part as it stands, when its form is closed without saving."""
    return _changed(_show(request, rule_set, name))


def _show(request: SignedIn, rule_set: RuleSet, name: str) -> HttpResponse:
    part = _part(rule_set, name)
    found: dict[str, Any] = {"rule_set": rule_set, "name": name, "is_listed": part.kind != drafts.SECTION}
    if part.is_new:
        return render(request, "scoring/_rules_new.html", found)
    shown = summary(rule_set)
    if part.kind == drafts.HEAD:
        return render(request, "scoring/_rules_head.html", found | {"head": shown.head})
    if part.kind == drafts.EXAMPLE:
        return render(request, "scoring/_rules_example.html", found | {"example": shown.examples[part.inner or 0]})
    section = shown.sections[part.outer or 0]
    if part.kind == drafts.SECTION:
        return render(request, "scoring/_rules_section.html", found | {"section": section})
    return render(request, "scoring/_rules_item.html", found | {"item": section.items[part.inner or 0]})


def _changed(answer: HttpResponse) -> HttpResponse:
    """Tell the page, so that its checks are made anew."""
    answer["HX-Trigger"] = "rules-changed"
    return answer


def _back(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """The whole page again: parts have come, gone or changed places."""
    answer = redirect("scoring:rules-edit", rule_set.pk)
    if request.htmx:  # type: ignore[attr-defined]
        answer = HttpResponse(status=204)  # type: ignore[assignment]
        answer["HX-Refresh"] = "true"
    return answer


@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_check(request: SignedIn, rule_set: RuleSet, name: str) -> HttpResponse:
    """All problems: as the draft stands, or with what is being typed into the form of a part. Nothing is saved."""
    problems = problems_of(rule_set)
    is_tried = request.method == "POST"
    if is_tried:
        part = _part(rule_set, name)
        form = _form(request, rule_set, part, name)
        values = form.document()
        unread = [f"“{key}”：{text}" for key, texts in form.errors.items() for text in texts]
        change = drafts.try_change(rule_set, part, values)
        problems = unread + (change.problems or problems_in(change.document))
    context = {"rule_set": rule_set, "problems": _problems(rule_set, problems), "is_tried": is_tried}
    return render(request, "scoring/_rules_checks.html", context)


@require_POST
@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_move(request: SignedIn, rule_set: RuleSet, name: str) -> HttpResponse:
    try:
        by_places = -1 if request.POST.get("to") == "up" else 1
        drafts.move_part(rule_set, name, by_places, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("scoring:rules-edit", rule_set.pk)


@require_POST
@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_remove(request: SignedIn, rule_set: RuleSet, name: str) -> HttpResponse:
    try:
        drafts.remove_part(rule_set, name, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("scoring:rules-edit", rule_set.pk)


@require_POST
@permitted("scoring.change_rules", RuleSet, related=_RELATED)
def rules_drop(request: SignedIn, rule_set: RuleSet) -> HttpResponse:
    """Delete the draft."""
    name = str(rule_set)
    try:
        drafts.drop_draft(rule_set, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("scoring:rules-detail", rule_set.pk)
    messages.success(request, _("草稿“%s”已删除。") % name)
    return redirect("scoring:rules-list")
