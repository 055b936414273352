"""提醒: one message per person that sums up what has waited for too long, each kind with its address."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.services.reminders import Summary
from scoring import months
from scoring.services.overdue import Waits, waiting

# How many there are, and for how many days the oldest has waited; counts only, for they may go out by e-mail.
SENTENCES: dict[str, str | Promise] = {
    "CHECK": _("%(count)d 件申报等您初核，最久已等 %(days)d 天"),
    "REVIEW": _("%(count)d 件申报等您审核，最久已等 %(days)d 天"),
    "APPROVE": _("%(count)d 件申报等您审定，最久已等 %(days)d 天"),
    "DECIDE": _("%(count)d 件扣分提议等您决定，最久已等 %(days)d 天"),
    "ANSWER": _("%(count)d 件扣分提议您可以说明，最早 %(day)s 截止"),
    "OPEN": _("%(count)d 份月度积分还没有提交，最久已过截止日 %(days)d 天"),
    "SUBMITTED": _("%(count)d 份月度积分等您审核，最久已过截止日 %(days)d 天"),
    "CHECKED": _("%(count)d 份月度积分等您结账，最久已过截止日 %(days)d 天"),
    "CUSTOM": _("%(count)d 项自定义条款等您审定，最久已等 %(days)d 天"),
    "ACTIVITY": _("%(count)d 次组织生活还没有记录到会情况，最久已过 %(days)d 天"),
}


def summaries(today: datetime.date) -> dict[int, Summary]:
    """Account -> what waits and is due for a reminder."""
    by_person: dict[int, list[Waits]] = defaultdict(list)
    for one in waiting(today):
        by_person[one.user_id].append(one)
    return {user: summary_of(waits, today) for user, waits in by_person.items()}


def summary_of(waits: Iterable[Waits], today: datetime.date) -> Summary:
    """A sentence for every kind of thing, in the order of the table."""
    by_kind: dict[str, dict[str, Waits]] = defaultdict(dict)
    for one in waits:
        by_kind[one.kind][one.slot] = one
    lines = [_line(kind, list(by_kind[kind].values()), today) for kind in SENTENCES if kind in by_kind]
    return Summary(frozenset(slot for found in by_kind.values() for slot in found), lines)


def _line(kind: str, waits: Sequence[Waits], today: datetime.date) -> tuple[str, str]:
    oldest = min(waits, key=lambda one: (one.since, one.slot))
    words = {"count": len(waits), "days": (today - oldest.since).days, "day": f"{oldest.since:%m-%d}"}
    return str(SENTENCES[kind]) % words, _address(kind, oldest, is_single=len(waits) == 1)


def _address(kind: str, oldest: Waits, *, is_single: bool) -> str:
    """The page of the only one, else the list in which the oldest stands."""
    if kind == "CUSTOM":
        return reverse("scoring:custom-item-list", args=oldest.things) + "?state=PROPOSED"
    one, many = _PAGES.get(kind, _PAGES["CLAIM"])
    return reverse(one, args=oldest.things) if is_single else many(kind, oldest)


def _months_page(kind: str, oldest: Waits) -> str:
    _unit, month = oldest.things
    return f"{reverse('scoring:month-list')}?month={month}&state={kind}"


_PAGES: dict[str, tuple[str, Callable[[str, Waits], str]]] = {
    **dict.fromkeys(("OPEN", "SUBMITTED", "CHECKED"), ("scoring:month-grid", _months_page)),
    "CLAIM": ("scoring:claim-detail", lambda _kind, _oldest: reverse("scoring:claim-list") + "?tab=waiting"),
    "ANSWER": ("scoring:claim-detail", lambda _kind, _oldest: reverse("scoring:claim-list")),
    "ACTIVITY": (
        "scoring:activity-attendance",
        lambda _kind, oldest: f"{reverse('scoring:activity-list')}?month={months.month_of(oldest.since)}",
    ),
}
