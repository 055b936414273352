"""A month of a branch: open → submitted → checked → closed, and back with a reason (scoring.md §3)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS, ENTRY_POSTS
from members.errors import Refused
from members.models import OrgUnit, User
from members.services.audit import record
from scoring import months
from scoring.models import LedgerEntry, Month, MonthMove, MonthPolicy, RuleSet
from scoring.services.archive import require_not_archived
from scoring.services.openings import open_newcomers
from scoring.services.posting import lock_month, post_drafts
from scoring.services.posts import grant_posts
from scoring.services.scores import compute_units
from scoring.services.seals import seal_month
from scoring.services.standings import refresh_standings

State = Month.State


def committees_above(unit: OrgUnit) -> list[OrgUnit]:
    """The committees a unit stands under, nearest first."""
    chain = [int(part) for part in unit.path.split(".") if part]
    rows = OrgUnit.objects.filter(pk__in=chain, kind=OrgUnit.Kind.PARTY_COMMITTEE)
    return sorted(rows, key=lambda row: -row.depth)


def policy_of(unit: OrgUnit) -> MonthPolicy:
    """The rules of the nearest committee that has set some; otherwise the defaults, unsaved."""
    chain = [int(part) for part in unit.path.split(".") if part]
    rows = MonthPolicy.objects.filter(unit__in=chain).select_related("unit")
    return max(rows, key=lambda row: row.unit.depth, default=MonthPolicy())


@dataclass(frozen=True)
class Deadlines:
    submit_by: datetime.date
    check_by: datetime.date
    close_by: datetime.date

    def of(self, state: str) -> datetime.date | None:
        """Until when a month in this state should have moved on."""
        steps: dict[str, datetime.date] = {
            State.OPEN: self.submit_by,
            State.SUBMITTED: self.check_by,
            State.CHECKED: self.close_by,
        }
        return steps.get(state)


def deadlines(policy: MonthPolicy, month: int) -> Deadlines:
    """Deadlines lie in the following month."""
    following = months.first_day(months.shift(month, 1))
    return Deadlines(
        following.replace(day=policy.submit_by_day),
        following.replace(day=policy.check_by_day),
        following.replace(day=policy.close_by_day),
    )


def month_of_unit(unit: OrgUnit, month: int) -> Month:
    """The row of a branch's month; not yet saved when nobody has touched it. Raise Refused for a future one."""
    if not months.is_month(month):
        raise Refused(_("“%s”不是月份，请写成 202609 这样的形式。") % month)
    if months.first_day(month) > timezone.localdate():
        raise Refused(_("%s还没有开始，不能录入。") % months.label(month))
    people = ("submitted_by__member", "checked_by__member", "closed_by__member")
    row = Month.objects.filter(unit=unit, month=month).select_related("unit", *people).first()
    return row or Month(unit=unit, month=month)


def touched(month: Month) -> Month:
    """The saved row, locked. Two people who open a month at once get the same row."""
    if month.pk is None:
        month, _created = Month.objects.get_or_create(unit=month.unit, month=month.month)
    return lock_month(month)


def rules_of(month: Month) -> RuleSet:
    rule_set = RuleSet.objects.for_unit(month.unit, month.month)
    if rule_set is None:
        raise Refused(
            _("%(unit)s在%(month)s没有生效的积分办法，请先由党务工作者发布积分办法。")
            % {"unit": month.unit, "month": months.label(month.month)}
        )
    return rule_set


def _move(month: Month, to: str, *, by: User, reason: str = "", **fields: object) -> None:
    """Move a month where its state is still the old one; the loser of a race gets a sentence."""
    if (month.state, to) not in Month.MOVES:
        raise Refused(
            _("%(month)s现在是“%(state)s”，不能这样办理，请刷新页面查看最新状态。")
            % {"month": month, "state": month.get_state_display()}
        )
    old = month.state
    moved = Month.objects.filter(pk=month.pk, state=old).update(state=to, **fields)
    if not moved:
        raise Refused(_("%s刚刚已由他人办理，请刷新页面。") % month)
    MonthMove.objects.create(month=month, from_state=old, to_state=to, by=by, at=timezone.now(), reason=reason)
    month.refresh_from_db()
    record(by, f"scoring.month_{to.lower()}", month, detail=reason)


def _require_post(month: Month, by: User, posts: frozenset[str], sentence: str) -> None:
    if not by.authority.reaches(month.unit, posts):
        raise Refused(sentence)


@transaction.atomic
def submit_month(month: Month, *, by: User) -> int:
    """Post the drafts and hand the month to the branch committee. Out: the number of entries posted."""
    _require_post(month, by, ENTRY_POSTS, _("只有本支部的书记、副书记、组织委员或记分员可以提交。"))
    require_not_archived(month.unit, month.month)
    month = touched(month)
    rule_set = rules_of(month)
    posted = 0
    if month.is_open:
        posted = post_drafts(month, rule_set, by=by) + grant_posts(month, rule_set, by=by)
        open_newcomers(month, rule_set)
    _move(
        month,
        State.SUBMITTED,
        by=by,
        submitted_by=by,
        submitted_at=timezone.now(),
        checked_by=None,
        checked_at=None,
        return_reason="",
    )
    compute_units([month.unit_id], month.month)
    return posted


@transaction.atomic
def recall_month(month: Month, *, by: User) -> None:
    """Take a submitted month back, until someone has checked it."""
    _require_post(month, by, ENTRY_POSTS, _("只有本支部的书记、副书记、组织委员或记分员可以撤回。"))
    month = lock_month(month)
    if month.state != State.SUBMITTED:
        raise Refused(_("%s已审核或尚未提交，不能撤回；需要修改请让审核人退回。") % month)
    _move(month, State.OPEN, by=by, reason=_("撤回提交"))


@transaction.atomic
def check_month(month: Month, *, by: User) -> None:
    """The branch committee confirms; never the one who submitted."""
    _require_post(month, by, BRANCH_COMMITTEE_POSTS, _("只有本支部支委会成员可以审核。"))
    month = lock_month(month)
    if month.submitted_by_id == by.pk:
        raise Refused(_("提交人不能审核自己提交的月份，请由支委会其他成员审核。"))
    _move(month, State.CHECKED, by=by, checked_by=by, checked_at=timezone.now())


@transaction.atomic
def return_month(month: Month, *, by: User, reason: str) -> None:
    """Send a month back to the branch with a reason."""
    reason = reason.strip()[:200]
    if not reason:
        raise Refused(_("请写明退回的原因，让录入人知道要改什么。"))
    month = lock_month(month)
    if month.is_closed:
        raise Refused(_("%s已结账，不能退回；需要更正请由党委写明原因重新打开。") % month)
    posts = BRANCH_COMMITTEE_POSTS if month.state == State.SUBMITTED else COMMITTEE_POSTS
    _require_post(month, by, posts | COMMITTEE_POSTS, _("只有审核人或党委可以退回。"))
    if month.state == State.SUBMITTED and month.submitted_by_id == by.pk:
        raise Refused(_("自己提交的月份请用“撤回”，不必退回。"))
    _move(month, State.OPEN, by=by, reason=reason, return_reason=reason)


def answer_until(month: Month, policy: MonthPolicy) -> datetime.date | None:
    """The last day on which members may answer a deduction of this month; None when there is none."""
    if not policy.answer_days or month.submitted_at is None:
        return None
    entries = LedgerEntry.objects.standing().filter(unit=month.unit_id, month=month.month, points__lt=0)
    if not entries.exists():
        return None
    return timezone.localdate(month.submitted_at) + datetime.timedelta(days=policy.answer_days)


@transaction.atomic
def close_month(month: Month, *, by: User) -> None:
    """Close: seal the ledger of the month, compute it a last time, rank it in its committees."""
    policy = policy_of(month.unit)
    if policy.closed_by == MonthPolicy.Closer.COMMITTEE:
        _require_post(month, by, COMMITTEE_POSTS, _("按规定由党委结账，请由党委书记或委员办理。"))
    else:
        _require_post(month, by, BRANCH_COMMITTEE_POSTS, _("按规定由支委会结账，请由支委会成员办理。"))
    month = lock_month(month)
    if by.pk in (month.submitted_by_id, month.checked_by_id) and policy.closed_by == MonthPolicy.Closer.COMMITTEE:
        raise Refused(_("提交人和审核人不能再结账，请由党委其他成员办理。"))
    until = answer_until(month, policy)
    if until and timezone.localdate() <= until:
        raise Refused(
            _("本月有扣分，党员可在 %(day)s 前申辩，到期后才能结账。") % {"day": f"{until.month} 月 {until.day} 日"}
        )
    # A closed month is not computed any more, and from here on the branch is locked: its seals form a chain.
    compute_units([month.unit_id], month.month)
    _move(month, State.CLOSED, by=by, closed_by=by, closed_at=timezone.now())
    seal_month(month.unit, month.month)
    refresh_standings(committees_above(month.unit), month.month)


@transaction.atomic
def reopen_month(month: Month, *, by: User, reason: str) -> None:
    """Open a closed month again, with a reason that stays on record. It goes the whole way once more.

    What it holds stays in the ledger and its seal stays; closing it anew appends another seal.
    """
    reason = reason.strip()[:200]
    if not reason:
        raise Refused(_("请写明重新打开的原因，它会留在办理记录里。"))
    _require_post(month, by, COMMITTEE_POSTS, _("只有党委书记或委员可以重新打开已结账的月份。"))
    month = lock_month(month)
    if not month.is_closed:
        raise Refused(_("%s没有结账，不必重新打开；需要修改请退回。") % month)
    require_not_archived(month.unit, month.month)
    _move(
        month,
        State.OPEN,
        by=by,
        reason=reason,
        return_reason=reason,
        closed_by=None,
        closed_at=None,
        checked_by=None,
        checked_at=None,
        is_stale=True,
    )


@transaction.atomic
def set_policy(unit: OrgUnit, *, by: User, **fields: object) -> MonthPolicy:
    """Set a committee's deadlines (days 1–28 of the following month), answer days (0–30) and who closes."""
    policy = MonthPolicy.objects.filter(unit=unit).first() or MonthPolicy(unit=unit)
    for name, value in fields.items():
        setattr(policy, name, value)
    policy.full_clean()
    policy.save()
    record(by, "scoring.set_policy", unit)
    return policy
