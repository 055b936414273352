"""撤销举办: what was recorded as held by mistake leaves the ledger, and every count."""

import pytest

from members.errors import Refused
from members.models import AuditEvent
from scoring import life as pages
from scoring.models import Attendance, LedgerEntry, Score
from scoring.services import months
from scoring.services.activities import undo_activity
from scoring.services.seals import verify_ledger
from tests.harness.threads import race
from tests.scoring.factories import MONTH
from tests.scoring.living import Life


def refused(act, words):
    with pytest.raises(Refused) as refusal:
        act()
    assert words in str(refusal.value)


def test_undone_activity_leaves_nothing_in_the_ledger_and_counts_nowhere(db):
    life = Life()
    activity, posted = life.hold(member="ABSENT", colleague="LEAVE")
    kept, _posted = life.hold(life.plan("LECTURE"))
    assert undo_activity(activity, by=life.cast.deputy, reason="记错月份") == posted == 8
    activity.refresh_from_db()
    assert (activity.state, activity.held_on) == ("CANCELLED", None)
    assert LedgerEntry.objects.standing().filter(activity=activity).count() == 0
    assert {row.reason for row in LedgerEntry.objects.filter(activity=activity, source="REVERSAL")} == {"记错月份"}
    # What the lecture brought stands; the sheet of the other one stays, and is in nobody's share.
    assert life.entries(life.cast.member) == [("加-1", 2, 1, None), ("基-1", 0, 1, 1)]
    assert Attendance.objects.filter(activity=activity).count() == 6
    assert pages.shares_of([activity, kept]) == {kept.pk: pages.Share(6, 6)}
    assert Score.objects.get(account=life.account(life.cast.member), month=MONTH).total == 12
    line = AuditEvent.objects.get(action="scoring.undo_activity")
    assert (line.user, line.detail) == (life.cast.deputy, "原记录 2026-09-18 开展，冲正 8 条：记错月份")


def test_undoing_is_refused_with_its_cure(db):
    life = Life()
    activity, _posted = life.hold()
    by, planned = life.cast.secretary, life.plan()
    refused(lambda: undo_activity(activity, by=by, reason=" "), "请写明撤销举办的原因")
    refused(lambda: undo_activity(activity, by=by, reason="长" * 201), "不超过 200 字")
    refused(lambda: undo_activity(planned, by=by, reason="没开"), "没有举办记录")
    refused(lambda: undo_activity(activity, by=life.cast.member, reason="没开"), "可以记录组织生活")
    refused(lambda: undo_activity(activity, by=life.cast.committee_member, reason="没开"), "可以记录组织生活")
    months.submit_month(months.month_of_unit(life.cast.branch, MONTH), by=by)
    months.check_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.commissioner)
    refused(lambda: undo_activity(activity, by=by, reason="没开"), "先退回或重新打开该月")
    months.close_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.committee_member)
    refused(lambda: undo_activity(activity, by=by, reason="没开"), "先退回或重新打开该月")
    assert LedgerEntry.objects.filter(source="REVERSAL").count() == 0
    assert verify_ledger() == []
    # The cure works: reopened by the committee, undone, closed and sealed again.
    months.reopen_month(
        months.month_of_unit(life.cast.branch, MONTH), by=life.cast.committee_member, reason="九月主题党日没有开展"
    )
    assert undo_activity(activity, by=by, reason="没有开展") == 6
    months.submit_month(months.month_of_unit(life.cast.branch, MONTH), by=by)
    months.check_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.commissioner)
    months.close_month(months.month_of_unit(life.cast.branch, MONTH), by=life.cast.committee_member)
    assert verify_ledger() == []


def test_undoing_twice_at_once_reverses_once(real_db):
    life = Life()
    activity, posted = life.hold()
    results = race(4, lambda number: undo_activity(activity, by=life.cast.secretary, reason="没有开展"))
    late = "这次组织生活没有举办记录，不用撤销；请刷新页面。"
    assert sorted(map(str, results)) == [str(posted), late, late, late]
    assert LedgerEntry.objects.filter(source="REVERSAL").count() == posted
