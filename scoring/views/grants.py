"""集体计分 of a branch's month: what has been granted, the forms for more, and undoing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from members.errors import Refused
from members.models import Membership, OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from scoring import months
from scoring.calculation.amounts import from_hundredths
from scoring.forms.grants import EventForm, Person, ShareForm, UndoForm
from scoring.models import Grant, LedgerEntry, Month
from scoring.services import granting
from scoring.services.months import month_of_unit
from scoring.services.population import population


@dataclass(frozen=True)
class GrantLine:
    """A grant with its entries; those that were reversed stay visible."""

    grant: Grant
    entries: list[LedgerEntry]

    @property
    def standing(self) -> list[LedgerEntry]:
        return [entry for entry in self.entries if not hasattr(entry, "reversal")]

    @property
    def total(self) -> Decimal:
        return sum((entry.points for entry in self.standing), Decimal(0))


@require_GET
@permitted("scoring.view_month", OrgUnit)
def grant_list(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    """What has been granted in the month, and while it is open the forms for more."""
    return _page(request, _month(unit, month))


def _month(unit: OrgUnit, month: int) -> Month:
    if unit.kind != OrgUnit.Kind.BRANCH or not months.is_month(month):
        raise Http404
    try:
        return month_of_unit(unit, month)
    except Refused:
        raise Http404 from None


def _page(
    request: SignedIn, month: Month, event: EventForm | None = None, share: ShareForm | None = None
) -> HttpResponse:
    context: dict[str, Any] = {"row": month, "unit": month.unit, "month": month.month, "lines": _lines(month)}
    may_enter = request.user.has_perm("scoring.enter_month", month.unit)
    context["may_undo"] = may_enter and month.takes_entries
    if may_enter and month.is_open:
        offer = _offer(month)
        context |= {"event": event or offer.event(), "share": share or offer.share()}
    return render(request, "scoring/grant_list.html", context)


def _lines(month: Month) -> list[GrantLine]:
    grants = list(
        Grant.objects.filter(unit=month.unit, month=month.month).select_related("item__section", "by__member")
    )
    entries: dict[int | None, list[LedgerEntry]] = {grant.pk: [] for grant in grants}
    rows = LedgerEntry.objects.filter(cause__in=grants, reverses=None).select_related("account__member", "reversal")
    for entry in rows.order_by("account__member__pinyin", "pk"):
        entries[entry.cause_id].append(entry)
    return [GrantLine(grant, entries[grant.pk]) for grant in grants]


@dataclass(frozen=True)
class Offer:
    """What may be granted in a month, and to whom."""

    choices: list[granting.Choice]
    people: list[Person]
    groups: list[tuple[int, str]]

    def event(self, given: Any = None) -> EventForm:
        return EventForm(given, choices=self.choices, people=self.people, groups=self.groups)

    def share(self, given: Any = None) -> ShareForm:
        return ShareForm(given, choices=[one for one in self.choices if one.is_shareable], people=self.people)


def _listed(month: Month) -> list[tuple[Any, ...]]:
    listed = population([month.unit_id], month.month).accounts.tolist()
    stays = Membership.objects.at(months.first_day(month.month)).filter(branch=month.unit, member__account__in=listed)
    named = ("member__account", "member__name", "member__staff_number", "group", "group__name")
    return list(stays.by_name().values_list(*named))


def people_of(month: Month, rows: list[tuple[Any, ...]] | None = None) -> list[Person]:
    """Everyone on the list of the month by name; namesakes are told apart by their staff numbers."""
    rows = _listed(month) if rows is None else rows
    often = Counter(name for _account, name, *_rest in rows)
    return [
        Person(account, f"{name} {number}" if often[name] > 1 else name, group)
        for account, name, number, group, _group_name in rows
    ]


def _offer(month: Month) -> Offer:
    """No items where no rules are in force."""
    rows = _listed(month)
    groups = {group: name for *_who, group, name in rows if group}
    try:
        choices = granting.choices_of(month)
    except Refused:
        choices = []
    return Offer(choices, people_of(month, rows), sorted(groups.items(), key=lambda group: group[1]))


@require_POST
@permitted("scoring.enter_month", OrgUnit)
def grant_event(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    """One event credited to a group, the whole branch, or whoever is ticked."""
    row = _month(unit, month)
    form = _offer(row).event(request.POST)

    def act(given: dict[str, Any]) -> Grant:
        return granting.grant_group_event(
            row, form.chosen_item, form.accounts(), text=given["text"], reason=given["reason"], by=request.user,
            key=given["key"],
        )  # fmt: skip

    return _granted(request, row, form, act) or _page(request, row, event=form)


@require_POST
@permitted("scoring.enter_month", OrgUnit)
def grant_share(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    """A collective award shared out by weight."""
    row = _month(unit, month)
    form = _offer(row).share(request.POST)

    def act(given: dict[str, Any]) -> Grant:
        return granting.grant_share(
            row, form.chosen_item, given["weights"], total=given["total"], reason=given["reason"], by=request.user,
            key=given["key"],
        )  # fmt: skip

    return _granted(request, row, form, act) or _page(request, row, share=form)


def _granted(
    request: SignedIn, row: Month, form: EventForm | ShareForm, act: Callable[[dict[str, Any]], Grant]
) -> HttpResponse | None:
    """The way on when it worked; None when the form has to be shown again."""
    if not form.is_valid():
        return None
    try:
        grant = act(form.cleaned_data)
    except Refused as refusal:
        refuse(request, refusal, row.unit)
        return None
    messages.success(request, _("已计分：%(reason)s，共 %(count)d 人。") % _said(grant))
    return redirect("scoring:grant-list", row.unit_id, row.month)


def _said(grant: Grant) -> dict[str, object]:
    return {"reason": grant.reason, "count": LedgerEntry.objects.standing().filter(cause=grant).count()}


@require_GET
@permitted("scoring.enter_month", OrgUnit)
def share_preview(request: SignedIn, unit: OrgUnit, month: int) -> HttpResponse:
    """A fragment: what each would get, while the form is being filled in."""
    row = _month(unit, month)
    form = _offer(row).share(request.GET)
    # What is still missing is no mistake yet.
    form.fields["reason"].required = form.fields["key"].required = False
    context: dict[str, object] = {}
    if form.is_valid() and form.cleaned_data["weights"]:
        try:
            parts = granting.share_out(
                form.choices[form.cleaned_data["item"]], form.cleaned_data["weights"], form.cleaned_data["total"]
            )
            names = {person.account: person.name for person in form.people}
            context["parts"] = [(names[account], from_hundredths(share)) for account, share in parts.items()]
            context["total"] = from_hundredths(sum(parts.values()))
        except Refused as refusal:
            context["refusal"] = str(refusal)
    elif form.errors.get("__all__") or (form.errors.get("total") and request.GET.get("share-total")):
        context["refusal"] = " ".join([*form.non_field_errors(), *form.errors.get("total", [])])
    return render(request, "scoring/_grant_shares.html", context)


@require_POST
@permitted("scoring.enter_month", Grant, related=("unit", "item"))
def grant_undo(request: SignedIn, grant: Grant) -> HttpResponse:
    """Reverse every entry of a grant, with a reason."""
    form = UndoForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused(_("请写明撤销的原因，不超过 200 字。"))
        count = granting.reverse_grant(grant, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("已撤销，冲正 %d 条记录。") % count)
    except Refused as refusal:
        refuse(request, refusal, grant)
    return redirect(f"{reverse('scoring:grant-list', args=[grant.unit_id, grant.month])}#grant-{grant.pk}")
