"""One's own year of organisation life: every attendance, the turnout by kind, and what is still expected."""

from __future__ import annotations

import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from members.models import Membership, OrgUnit
from members.permissions import SignedIn
from scoring import life, months
from scoring.models import Attendance
from scoring.targets import Target, targets_of
from scoring.turnout import kinds_of, turnout_by_kind


def own_year(request: SignedIn) -> HttpResponse:
    """Part of the activity list: whoever may open that may see the own year."""
    today = timezone.localdate()
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and today.year - 1 <= int(asked) <= today.year else today.year
    member = request.user.member_id or 0
    # Branch and account in one question; whoever belongs nowhere today has neither on this page.
    stays = Membership.objects.current().filter(member=member, member__account__isnull=False)
    stay = stays.select_related("branch", "member__account").first()
    branch, account = (stay.branch, stay.member.account) if stay else (None, None)
    lines = list(
        Attendance.objects.filter(account__member=member, activity__held_on__year=year)
        .select_related("activity__unit")
        .order_by("-activity__held_on", "-pk")
    )
    marks: dict[str, int] = {}
    for line in lines:
        marks[line.mark] = marks.get(line.mark, 0) + 1
    turnout = turnout_by_kind((line.activity.kind, line.mark) for line in lines)
    context = {
        "account": account,
        "year": year,
        "years": [today.year, today.year - 1],
        "lines": lines,
        "branch": branch,
        "share": life.share_of(marks),
        "counts": [(label, marks.get(value, 0)) for value, label in Attendance.Mark.choices],
        "kinds": [(kind, turnout[kind]) for kind in kinds_of([turnout])],
        "targets": _targets(account.pk, branch, year, today) if branch and account else [],
    }
    return render(request, "scoring/activity_mine.html", context)


def _targets(account: int, branch: OrgUnit, year: int, today: datetime.date) -> list[Target]:
    """Of this year the period under way, of the year before its last one."""
    month = months.month_of(today) if year == today.year else year * 100 + 12
    return targets_of([account], branch, month)[account]
