"""Rankings, the ledger of an account, one entry, and its reversal."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import SEEING_POSTS
from members.errors import Refused
from members.models import OrgUnit
from members.permissions import SignedIn, permitted
from members.refusals import refuse
from scoring import months, ranking
from scoring.cards import unclosed_branches
from scoring.explanation import explain
from scoring.forms.scores import ReversalForm
from scoring.models import Account, Claim, LedgerEntry, Month, Score, Span
from scoring.services.posting import reverse_entry
from scoring.views.months import asked_month, recent_months

PAGE = 50


@permitted("scoring.view_ranking")
def ranking_home(request: SignedIn) -> HttpResponse:
    """To the ranking that is nearest to this person: the unit of the first seeing post, else the own branch."""
    authority = request.user.authority
    held = [post.unit_id for post in authority.posts if post.post in SEEING_POSTS]
    unit_id = held[0] if held else authority.branch_id
    unit = OrgUnit.objects.filter(pk=unit_id or 0).first()
    while unit is not None and unit.kind not in ranking.RANKED_KINDS:
        unit = unit.parent
    if unit is None:
        return render(request, "scoring/ranking_none.html")
    return redirect("scoring:ranking-of", unit.pk)


def _asked_span(request: SignedIn) -> str:
    span = request.GET.get("span", Span.MONTH)
    if span not in Span.values:
        raise Http404
    return span


@permitted("scoring.view_unit_ranking", OrgUnit)
def ranking_of(request: SignedIn, unit: OrgUnit) -> HttpResponse:
    """Ranking of a branch, or of everything below a committee, in one month, quarter or year."""
    if unit.kind not in ranking.RANKED_KINDS:
        raise Http404
    span, current = _asked_span(request), months.month_of(timezone.localdate())
    month = ranking.newest_month(unit, current, span)
    if request.GET.get("month"):
        month = months.period_end(asked_month(request, current), span)
    sees_all = request.user.has_perm("scoring.view_month", unit)
    # Members see the published figures: months that are closed.
    rows = ranking.rows_of(unit, month, span, only_closed=not sees_all)
    table = ranking.table_of(unit, month, span)
    # First which rows stand on the page, then what they say: a late page would read all the earlier ones in full.
    paginator = Paginator(rows.values_list("pk", flat=True), PAGE)
    if sees_all:
        paginator.count = table.count
    page = paginator.get_page(request.GET.get("page"))
    shown = rows.filter(pk__in=list(page.object_list)).order_by("-total", "account__member__pinyin", "pk")
    is_branch = unit.kind == OrgUnit.Kind.BRANCH
    context = {
        "unit": unit,
        "month": month,
        "span": span,
        "spans": Span,
        "choices": ranking.spans_of(span, current),
        "page": page,
        "rows": ranking.places_of(table, shown),
        "summary": table,
        "is_branch": is_branch,
        "unclosed": 0 if is_branch else unclosed_branches(unit.path, month).count(),
        "sees_all": sees_all,
        "branch_means": [] if is_branch else ranking.branch_means(unit, month, span),
        "distribution": None if is_branch else ranking.distribution_chart(table),
    }
    return render(request, "scoring/ranking.html", context)


@permitted("scoring.view_ledger", Account, related=("member",))
def ledger_of(request: SignedIn, account: Account) -> HttpResponse:
    """All entries of an account, reversals beside what they reverse, newest first."""
    entries = LedgerEntry.objects.filter(account=account).select_related(
        "item__section", "unit", "filed_by__member", "rule_set", "reverses", "reversal"
    )
    month = request.GET.get("month", "")
    if month.isdigit() and months.is_month(int(month)):
        entries = entries.filter(month=int(month))
    page = Paginator(entries.order_by("-month", "-pk"), PAGE).get_page(request.GET.get("page"))
    current = months.month_of(timezone.localdate())
    return render(
        request,
        "scoring/ledger.html",
        {
            "account": account,
            "member": account.member,
            "may_adjust": request.user.has_perm("scoring.adjust_score", account),
            "page": page,
            "month": int(month) if month.isdigit() else None,
            "months": recent_months(current, 18),
        },
    )


@permitted(
    "scoring.view_ledger",
    LedgerEntry,
    related=(
        "account__member",
        "item__section",
        "unit",
        "filed_by__member",
        "rule_set",
        "reverses__filed_by__member",
        "cause",
    ),
)
def entry_detail(request: SignedIn, entry: LedgerEntry) -> HttpResponse:
    """One record: rule, evidence, person, and the way its month has gone."""
    reversal = LedgerEntry.objects.filter(reverses=entry).select_related("filed_by__member").first()
    row = Month.objects.filter(unit=entry.unit_id, month=entry.month)
    month = row.select_related("submitted_by__member", "checked_by__member", "closed_by__member").first()
    may_reverse = reversal is None and entry.reverses_id is None
    may_reverse = may_reverse and request.user.has_perm("scoring.reverse_entry", entry)
    return render(
        request,
        "scoring/entry.html",
        {
            "entry": entry,
            "reversal": reversal,
            "month": month,
            "files": entry.evidence.filter(removed_at=None),
            "claim": _claim_of(request, entry),
            "siblings": entry.cause.entries.standing().count() if entry.cause else 0,
            "sees_month": request.user.has_perm("scoring.view_month", entry),
            "form": ReversalForm(),
            "may_reverse": may_reverse,
        },
    )


def _claim_of(request: SignedIn, entry: LedgerEntry) -> int | None:
    """The claim that the entry came from, for whoever may see that too."""
    if entry.source != LedgerEntry.Source.CLAIM:
        return None
    return Claim.objects.visible_to(request.user).filter(entry=entry).values_list("pk", flat=True).first()


@permitted("scoring.reverse_entry", LedgerEntry, related=("account__member", "unit"))
def entry_reverse(request: SignedIn, entry: LedgerEntry) -> HttpResponse:
    """Put a mistake right by its one reversal."""
    if request.method != "POST":
        return redirect("scoring:entry", entry.pk)
    form = ReversalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请写明冲正的原因，不超过 200 字。"))
        return redirect("scoring:entry", entry.pk)
    try:
        reversal = reverse_entry(entry, by=request.user, reason=form.cleaned_data["reason"])
    except Refused as refusal:
        refuse(request, refusal, entry)
        return redirect("scoring:entry", entry.pk)
    messages.success(request, _("已冲正，冲正记录为 #%d。") % reversal.pk)
    return redirect("scoring:entry", entry.pk)


@permitted("scoring.view_score", Score, related=("account__member", "unit", "rule_set"))
def explanation(request: SignedIn, score: Score) -> HttpResponse:
    """Total → sections → items → entries, with what each cap and floor took."""
    people = ("submitted_by__member", "checked_by__member", "closed_by__member")
    month = Month.objects.filter(unit=score.unit_id, month=score.month).select_related(*people).first()
    context = {
        "score": score,
        "member": score.account.member,
        "explained": explain(score),
        "month": month,
        "sees_month": request.user.has_perm("scoring.view_month", score),
    }
    return render(request, "scoring/explanation.html", context)
