"""What accounts bring along into a year, and how often they are expected to do something: a page of members each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.paginator import Page
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Membership, OrgUnit
from members.paging import ByName
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from members.tabular import read_table
from scoring import months
from scoring.forms.grants import OpeningFileForm, points_typed, read_count, read_points
from scoring.models import Account, ExpectedCount, Item, Opening
from scoring.services.expected import expecting_items, save_expected
from scoring.services.openings import OpeningLine, save_openings
from scoring.services.year_totals import YearLine, read_year_totals

PAGE = 50
_SALT = "scoring.openings"
_MINUTES = 30


@dataclass(frozen=True)
class Line:
    """A member on the page, with one field per column."""

    account: Account
    branch: str
    cells: list[dict[str, Any]]


def _asked_year(request: SignedIn) -> int:
    this = timezone.localdate().year
    text = request.GET.get("year", "")
    return int(text) if text.isdecimal() and this - 1 <= int(text) <= this else this


def _people(request: SignedIn, unit: OrgUnit) -> tuple[Page[Any], list[tuple[Account, str]]]:
    """A page of the members below the unit, by name, with their branch. In the query string: q, page."""
    # Everybody has an account from the day of admission; to look for it in all of them would take longest here.
    rows = Membership.objects.current().within(unit)
    page = ByName(rows.search(request.GET.get("q", "")), PAGE).get_page(request.GET.get("page"))
    shown = Membership.objects.filter(pk__in=list(page.object_list), member__account__isnull=False)
    shown = shown.select_related("member__account", "branch")
    people = []
    for stay in shown.by_name():
        account = stay.member.account
        account.member = stay.member
        people.append((account, str(stay.branch)))
    return page, people


def _context(request: SignedIn, unit: OrgUnit, year: int, page: Page[Any]) -> dict[str, Any]:
    this = timezone.localdate().year
    query = request.GET.get("q", "")
    return {"unit": unit, "year": year, "years": [this, this - 1], "page": page, "q": query}


def _back(request: SignedIn, name: str, unit: OrgUnit) -> HttpResponseRedirect:
    """To the same page of the same list."""
    return redirect(f"{reverse(name, args=[unit.pk])}?{request.GET.urlencode()}")


# --- opening balances ----------------------------------------------------------------------------
@permitted("scoring.enter_openings", OrgUnit)
def openings(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """One row per member: points, and from which month they count."""
    year = _asked_year(request)
    page, people = _people(request, unit)
    if request.method == "POST":
        try:
            lines = _opening_lines(request, people)
            count = save_openings(unit, year, lines, by=request.user)
            messages.success(request, _("已保存，更改了 %d 人的期初积分。") % count)
            return _back(request, "scoring:openings", unit)
        except forms.ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        except Refused as refusal:
            refuse(request, refusal, unit)
    rows = Opening.objects.filter(account__in=[account.pk for account, _branch in people], year=year)
    standing = {row.account_id: row for row in rows}
    context = _context(request, unit, year, page) | {
        "lines": [_opening_row(request, *person, standing.get(person[0].pk), year) for person in people],
        "months": _months(year),
    }
    return render(request, "scoring/opening_list.html", context)


def _months(year: int) -> list[int]:
    return months.span(year * 100 + 1, year * 100 + 12)


def _begin(year: int) -> int:
    """The month that an opening balance most likely counts from: this one, in an earlier year its first."""
    current = months.month_of(timezone.localdate())
    return current if current // 100 == year else year * 100 + 1


def _opening_row(
    request: SignedIn, account: Account, branch: str, standing: Opening | None, year: int
) -> dict[str, Any]:
    """What stands, or what has just been typed and was refused."""
    points = points_typed(standing.points) if standing else ""
    from_month = str(standing.from_month if standing else _begin(year))
    return {
        "account": account,
        "branch": branch,
        "points": request.POST.get(f"points-{account.pk}", points),
        "from_month": request.POST.get(f"from-{account.pk}", from_month),
        "kind": standing.get_kind_display() if standing and standing.kind != Opening.Kind.ENTERED else "",
    }


def _opening_lines(request: SignedIn, people: list[tuple[Account, str]]) -> dict[int, OpeningLine]:
    """What was typed on this page, of whoever is still on it. Raise ValidationError with every slip."""
    lines, problems = {}, []
    for account, _branch in people:
        from_month = request.POST.get(f"from-{account.pk}", "")
        if not from_month.isdecimal():
            continue
        try:
            points = read_points(request.POST.get(f"points-{account.pk}", ""), str(account))
            lines[account.pk] = OpeningLine(points, int(from_month[:6]))
        except forms.ValidationError as problem:
            problems += problem.messages
    if problems:
        raise forms.ValidationError(problems)
    return lines


@permitted("scoring.enter_openings", OrgUnit)
def openings_upload(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """The same from a table: upload, look, confirm."""
    if request.POST.get("preview"):
        return _confirm(request, unit)
    year = _asked_year(request)
    start = {"from_month": _begin(year)}
    form = OpeningFileForm(request.POST or None, request.FILES or None, months=_months(year), initial=start)
    context: dict[str, Any] = {"unit": unit, "form": form, "year": year}
    if request.method == "POST" and form.is_valid():
        file, from_month = form.cleaned_data["file"], form.cleaned_data["from_month"]
        try:
            table = read_year_totals(unit, read_table(file.name, file.read()))
            context["problems"] = table.problems
            if not table.problems:
                content = {"unit": unit.pk, "user": request.user.pk, "from": from_month, "lines": table.as_json()}
                context["preview"] = signing.dumps(content, salt=_SALT, compress=True)
                context |= {"count": len(table.lines), "from_month": from_month}
        except Refused as refusal:
            context["problems"] = [str(refusal)]
    return render(request, "scoring/opening_upload.html", context)


def _confirm(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    try:
        content = signing.loads(request.POST["preview"], salt=_SALT, max_age=_MINUTES * 60)
        if (content["unit"], content["user"]) != (unit.pk, request.user.pk):
            raise Refused(_("这份预览不是您的，请重新上传。"))
        lines = [YearLine(**line) for line in content["lines"]]
        by_account = {line.account: OpeningLine(line.total, content["from"]) for line in lines}
        count = save_openings(unit, content["from"] // 100, by_account, by=request.user)
    except signing.BadSignature:
        messages.error(request, _("预览已经过期，请重新上传。"))
    except Refused as refusal:
        refuse(request, refusal, unit)
    else:
        messages.success(request, _("已保存，更改了 %d 人的期初积分。") % count)
        return redirect(f"{reverse('scoring:openings', args=[unit.pk])}?year={content['from'] // 100}")
    return redirect("scoring:openings-upload", unit.pk)


# --- expected counts -----------------------------------------------------------------------------
@permitted("scoring.set_expected", OrgUnit)
def expected_counts(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """Members by items: how often each is expected in the year, where it is not the rules' own number."""
    year = _asked_year(request)
    items = expecting_items(unit, _begin(year) if year == timezone.localdate().year else year * 100 + 12)
    page, people = _people(request, unit)
    if request.method == "POST":
        try:
            count = save_expected(unit, year, _counts(request, people, items), by=request.user)
            messages.success(request, _("已保存，更改了 %d 处。") % count)
            return _back(request, "scoring:expected", unit)
        except forms.ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        except Refused as refusal:
            refuse(request, refusal, unit)
    rows = ExpectedCount.objects.filter(account__in=[account.pk for account, _branch in people], year=year)
    standing = {(row.account_id, row.code): row.count for row in rows}
    context = _context(request, unit, year, page) | {
        "items": items,
        "lines": [Line(account, branch, _cells(request, account, items, standing)) for account, branch in people],
    }
    return render(request, "scoring/expected_list.html", context)


def _cells(
    request: SignedIn, account: Account, items: list[Item], standing: dict[tuple[int, str], int]
) -> list[dict[str, Any]]:
    cells = []
    for item in items:
        name = f"count-{account.pk}-{item.pk}"
        value = standing.get((account.pk, item.code), "")
        cells.append({"name": name, "item": item, "value": request.POST.get(name, value)})
    return cells


def _counts(
    request: SignedIn, people: list[tuple[Account, str]], items: list[Item]
) -> dict[tuple[int, str], int | None]:
    counts, problems = {}, []
    for account, _branch in people:
        for item in items:
            text = request.POST.get(f"count-{account.pk}-{item.pk}")
            if text is None:
                continue
            try:
                counts[account.pk, item.code] = read_count(text, f"{account}，{item}")
            except forms.ValidationError as problem:
                problems += problem.messages
    if problems:
        raise forms.ValidationError(problems)
    return counts
