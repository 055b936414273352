"""提醒: vetoes that nobody has moved on for longer than the days set; as scoring/services/reminders.py does."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from evaluations.models import VetoCase
from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS
from members.holders import Holder, Holders
from members.services.reminders import Summary
from scoring.models import RuleSet
from scoring.services.overdue import Policies

State = VetoCase.State
SENTENCES: dict[str, str | Promise] = {
    "VOTE": _("%(count)d 件一票否决等党员大会表决，最久已等 %(days)d 天"),
    "DECIDE": _("%(count)d 件一票否决等您决定，最久已等 %(days)d 天"),
    "SETTLE": _("%(count)d 件一票否决的申诉等您处理，最久已等 %(days)d 天"),
}


def summaries(today: datetime.date) -> dict[int, Summary]:
    """Account -> what waits and is due for a reminder. Three queries."""
    holders, policies = Holders(today), Policies()
    found: dict[int, dict[str, list[tuple[VetoCase, datetime.date]]]] = defaultdict(lambda: defaultdict(list))
    cases = VetoCase.objects.waiting().select_related("account", "unit").annotate(moved_at=Max("moves__at"))
    for case in cases.order_by("pk"):
        since = _since(case)
        if (today - since).days < policies.of(case.unit.path).remind_days:
            continue
        for kind, holder in _who(case, holders):
            if holder.member_id != case.account.member_id:
                found[holder.user_id][kind].append((case, since))
    return {user: _summary(kinds, today) for user, kinds in found.items()}


def _since(case: VetoCase) -> datetime.date:
    """The day it came to this step: the last move, for a proposal the answer or the end of its days."""
    if case.state != State.PROPOSED:
        return timezone.localdate(case.moved_at)  # type: ignore[attr-defined]
    if case.answered_at is not None:
        return timezone.localdate(case.answered_at)
    return case.answer_until + datetime.timedelta(days=1)


def _who(case: VetoCase, holders: Holders) -> Iterator[tuple[str, Holder]]:
    """Whoever could do the step: of a decision not the proposer, of an appeal not who decided."""
    if case.state == State.PROPOSED and case.form == RuleSet.VetoForm.MEETING:
        yield from (("VOTE", one) for one in holders.reaching(case.unit.path, BRANCH_COMMITTEE_POSTS))
        return
    kind, barred = ("SETTLE", case.decided_by_id) if case.state == State.APPEALED else ("DECIDE", case.proposed_by_id)
    above = holders.reaching(case.unit.path, COMMITTEE_POSTS)
    yield from ((kind, one) for one in above if one.user_id != barred)


def _summary(kinds: dict[str, list[tuple[VetoCase, datetime.date]]], today: datetime.date) -> Summary:
    slots = {f"veto:{case.pk}:{case.state}:{since}" for waits in kinds.values() for case, since in waits}
    lines = []
    for kind, sentence in SENTENCES.items():
        waits = {case.pk: since for case, since in kinds.get(kind, [])}
        if waits:
            words = {"count": len(waits), "days": (today - min(waits.values())).days}
            url = reverse("evaluations:veto-detail", args=list(waits)) if len(waits) == 1 else _list_page()
            lines.append((str(sentence) % words, url))
    return Summary(frozenset(slots), lines)


def _list_page() -> str:
    return reverse("evaluations:veto-list")
