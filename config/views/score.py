"""The member's score page: what the score is made of, and every line back to its record."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.cards import discipline_check
from members.access import BUSINESS_ADMIN_POSTS, COMMITTEE_POSTS
from members.models import Member, Membership
from members.permissions import SignedIn, permitted
from scoring import cards, months
from scoring.models import Account, Month, MonthPolicy, Score
from scoring.services import months as month_services


@permitted("scoring.view_own_score")
def score_mine(request: SignedIn) -> HttpResponse:
    account = Account.objects.select_related("member").filter(member=request.user.member_id or 0).first()
    return _score_page(request, account) if account else _nothing_yet(request, request.user.member)


@permitted("scoring.view_score", Account, related=("member",))
def score_of(request: SignedIn, account: Account) -> HttpResponse:
    return _score_page(request, account)


@permitted("members.view_member", Member)
def score_of_member(request: SignedIn, member: Member) -> HttpResponse:
    """The way in from the personal file, which knows nothing of accounts: on to the page of the member's account."""
    account = Account.objects.filter(member=member).values_list("pk", flat=True).first()
    return redirect("score-of", account) if account else _nothing_yet(request, member)


def _nothing_yet(request: SignedIn, member: Member | None) -> HttpResponse:
    """The page of somebody who has never been scored."""
    membership = Membership.objects.current().filter(member=member).select_related("branch").first()
    context = {"member": member, "is_own": member == request.user.member, "score": None, "membership": membership}
    return render(request, "score.html", context | {"month": months.month_of(timezone.localdate()), "months": []})


def _score_page(request: SignedIn, account: Account) -> HttpResponse:
    current = months.month_of(timezone.localdate())
    scores = cards.history(account, current)
    month = _asked(request, [row.month for row in scores], current)
    shown = [row for row in scores if row.month <= month]
    context = {
        "account": account,
        "member": account.member,
        "is_own": account.member_id == request.user.member_id,
        "may_adjust": _may_adjust(request, account, shown),
        "month": month,
        "months": [row.month for row in reversed(scores)],
    }
    if not shown or shown[-1].month != month:
        membership = Membership.objects.current().filter(member=account.member_id).select_related("branch")
        return render(request, "score.html", context | {"score": None, "membership": membership.first()})
    checked = discipline_check(account, shown[-1], request.user)
    return render(request, "score.html", context | _figures(account, shown) | {"checked": checked})


def _may_adjust(request: SignedIn, account: Account, shown: list[Any]) -> bool:
    """Whether to offer the adjustment. The branch of the score is at hand; else the rule looks for the branch."""
    if not shown:
        return request.user.has_perm("scoring.adjust_score", account)
    decides = request.user.authority.reaches(shown[-1].unit, COMMITTEE_POSTS | BUSINESS_ADMIN_POSTS)
    return decides and account.member_id != request.user.member_id


def _asked(request: SignedIn, known: list[int], current: int) -> int:
    """The month asked for; without one the newest that has a score."""
    text = request.GET.get("month", "")
    if not text:
        return known[-1] if known else current
    if not text.isdigit() or not months.is_month(int(text)):
        raise Http404
    return int(text)


def _figures(account: Account, shown: list[Any]) -> dict[str, object]:
    score = shown[-1]
    before = shown[-2] if len(shown) > 1 else None
    branch = cards.colleagues(score)
    sections = cards.section_points(score, branch)
    entries = cards.entries_of(account, score.month)
    closed = score.state == Month.State.CLOSED
    return {
        "score": score,
        "is_closed": closed,
        "before": before,
        "change": score.total - before.total if before else None,
        "ahead": score.total - score.mean,
        "to_date": cards.to_date(shown),
        "rank": cards.committee_rank(score) if closed else None,
        "sections": sections,
        "entries": entries,
        "rooms": cards.room_left(score, entries) if not closed else [],
        "branch": branch,
        "steps": month_steps(score),
        "trend": cards.trend_chart(shown),
        "radar": cards.section_chart(sections),
        "mix": cards.mix_chart(shown),
        "ranking": cards.ranking_chart(branch, account.pk) if closed else None,
    }


def month_steps(score: Score) -> list[dict[str, str]]:
    """The way of the score's month: entered, checked, closed — with names and days."""
    rows = Month.objects.filter(unit=score.unit_id, month=score.month)
    row = rows.select_related("submitted_by__member", "checked_by__member", "closed_by__member").first()
    row = row or Month(unit=score.unit, month=score.month)
    # A closed month has no deadlines left to ask for.
    policy = MonthPolicy() if row.is_closed else month_services.policy_of(score.unit)
    limits = month_services.deadlines(policy, score.month)
    place = list(Month.State).index(Month.State(row.state))
    done = [
        (_("支部录入"), row.submitted_by, row.submitted_at, limits.submit_by),
        (_("支委会审核"), row.checked_by, row.checked_at, limits.check_by),
        (_("党委结账"), row.closed_by, row.closed_at, limits.close_by),
    ]
    steps = []
    for number, (label, person, at, due) in enumerate(done):
        if number < place and at:
            note = f"{timezone.localtime(at):%m-%d} {person}"
        else:
            note = _("截止 %s") % f"{due:%m-%d}"
        state = "done" if number < place else "now" if number == place else "todo"
        steps.append({"label": label, "note": note, "state": state})
    return steps
