"""Home: what waits for this person, and where things stand.

The page comes with the person's own figures; to-dos and progress follow as fragments, so that each answer stays small
whatever the number of posts and branches.
"""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from config.waiting import waiting_for
from members.permissions import SignedIn, permitted
from scoring import months, progress
from scoring.cards import committee_rank, history
from scoring.models import Account, Month, MonthPolicy
from scoring.services import months as month_services

BRANCHES = 8


@permitted("members.use_product")
def home(request: SignedIn) -> HttpResponse:
    today = timezone.localdate()
    own = _own(request, months.month_of(today))
    has_branches = request.user.has_perm("scoring.list_months")
    return render(request, "home.html", {"today": today, "has_branches": has_branches, **own})


@permitted("members.use_product")
def home_todo(request: SignedIn) -> HttpResponse:
    """What waits and until when, the most urgent first."""
    today = timezone.localdate()
    return render(request, "_home_todo.html", {"waiting": waiting_for(request.user, today), "today": today})


@permitted("scoring.list_months")
def home_branches(request: SignedIn) -> HttpResponse:
    """The first branches one works with, with their progress lights."""
    today = timezone.localdate()
    last = months.shift(months.month_of(today), -1)
    branches = progress.branches_of(request.user).order_by("path")
    units = list(progress.with_numbers(branches, last)[:BRANCHES])
    policy = month_services.policy_of(units[0]) if units else MonthPolicy()
    limits = month_services.deadlines(policy, last)
    context = {
        "last": last,
        "lines": progress.progress_of(units, last, limits, today),
        "counts": progress.counts_of(branches, last),
    }
    return render(request, "_home_branches.html", context)


def _own(request: SignedIn, current: int) -> dict[str, object]:
    """The newest score of the person, when there is one."""
    account = Account.objects.filter(member=request.user.member_id).select_related("member").first()
    scores = history(account, current) if account and account.member_id else []
    if not scores:
        return {"account": account, "score": None}
    newest = scores[-1]
    closed = newest.state == Month.State.CLOSED
    return {
        "account": account,
        "score": newest,
        "is_closed": closed,
        "change": newest.total - scores[-2].total if len(scores) > 1 else None,
        "rank": committee_rank(newest) if closed else None,
    }
