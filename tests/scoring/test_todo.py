"""What waits for whom: to hand in, to put right, to check, to close; and nothing that this person may not do."""

import datetime

from django.utils import timezone

from scoring.models import Month
from scoring.services import months
from scoring.todo import waiting_for
from tests.factories import appointment, branch, cast, user
from tests.scoring.claiming import claiming
from tests.scoring.factories import MONTH
from tests.scoring.living import Life
from tests.scoring.world import world

TODAY = datetime.date(2026, 10, 4)


def titles(by, today=TODAY):
    # Authority is read once per request; a test asks anew.
    fresh = by.__class__.objects.get(pk=by.pk)
    return [(todo.title, todo.count, todo.due) for todo in waiting_for(fresh, today)]


SUBMIT, CHECK, CLOSE = (datetime.date(2026, 10, day) for day in (5, 8, 10))


def test_each_step_waits_for_those_who_may_take_it(db):
    made = world()
    people = made.cast
    entry = [("录入检修部党支部 2026 年 9 月积分", 1, SUBMIT)]
    assert {role: titles(by) for role, by in people.by_role().items() if titles(by)} == dict.fromkeys(
        ("secretary", "deputy", "commissioner"), entry
    )
    made.submit()
    check = [("审核检修部党支部 2026 年 9 月", 1, CHECK)]
    assert {role: titles(by) for role, by in people.by_role().items() if titles(by)} == dict.fromkeys(
        ("deputy", "commissioner"), check
    )
    made.check()
    close = [("2026 年 9 月待结账", 1, CLOSE)]
    assert {role: titles(by) for role, by in people.by_role().items() if titles(by)} == {"committee_member": close}
    made.close()
    assert not any(titles(by) for by in people.by_role().values())


def test_nothing_waits_for_whoever_may_not_take_the_step(db):
    """Who submitted or checked does not close: it is not on their list either."""
    made = world()
    by = made.cast.commissioner
    appointment(by.member, made.cast.committee, "COMMITTEE_MEMBER")
    made.submit()
    made.check()
    assert titles(by) == []
    assert len(titles(made.cast.committee_member)) == 1


def test_closing_waits_for_the_branch_committee_where_it_closes(db):
    made = world()
    months.set_policy(made.cast.committee, by=made.cast.business_admin, closed_by="BRANCH", close_by_day=12)
    made.submit()
    made.check()
    assert titles(made.cast.committee_member) == []
    assert titles(made.cast.deputy) == [("2026 年 9 月待结账", 1, datetime.date(2026, 10, 12))]


def test_returned_month_of_earlier_is_to_be_put_right(db):
    made = world()
    row = Month.objects.create(unit=made.cast.branch, month=202607, return_reason="缺依据")
    assert ("更正被退回的2026 年 7 月", 1, datetime.date(2026, 8, 5)) in titles(made.cast.secretary)
    row.return_reason = ""
    row.save()
    assert len(titles(made.cast.secretary)) == 1
    Month.objects.create(unit=made.cast.branch, month=202604, return_reason="太久以前")
    assert len(titles(made.cast.secretary)) == 1


def test_branches_ready_to_close_are_counted_per_month(db):
    made = world()
    for unit in (made.cast.other_branch, branch(made.cast.committee)):
        Month.objects.create(unit=unit, month=MONTH, state="CHECKED")
    Month.objects.create(unit=made.cast.other_branch, month=202608, state="CHECKED")
    assert titles(made.cast.committee_member) == [
        ("2026 年 8 月待结账", 1, datetime.date(2026, 9, 10)), ("2026 年 9 月待结账", 2, CLOSE),
    ]  # fmt: skip


def test_nobody_without_a_post_has_anything(db):
    assert waiting_for(user(), TODAY) == []


def test_branch_that_was_closed_down_is_not_asked_for(db):
    people = cast()
    people.branch.closed_on = datetime.date(2026, 9, 1)
    people.branch.save()
    assert titles(people.secretary) == []


def test_todo_takes_at_most_seven_queries_however_much_waits(db, queries):
    made = world()
    made.submit()
    by = made.cast.deputy
    appointment(by.member, made.cast.committee, "COMMITTEE_MEMBER")
    asked = []
    for _number in range(2):
        fresh = by.__class__.objects.get(pk=by.pk)
        assert fresh.authority.posts
        with queries() as found:
            waiting_for(fresh, TODAY)
        asked.append(len(found))
        for place in range(3):
            unit = branch(made.cast.committee)
            Month.objects.create(unit=unit, month=MONTH, state=["SUBMITTED", "CHECKED", "OPEN"][place])
    assert asked[0] == asked[1] <= 7


def test_claims_are_to_be_done_before_a_reminder_goes_out(db):
    made = claiming()
    made.claim()
    today = timezone.localdate()
    assert titles(made.cast.group_leader, today) == [("待办理的申报", 1, today + datetime.timedelta(days=3))]
    months.set_policy(made.cast.committee, by=made.cast.business_admin, remind_days=7)
    assert titles(made.cast.group_leader, today) == [("待办理的申报", 1, today + datetime.timedelta(days=7))]


def test_first_ten_are_named_and_the_rest_counted(db):
    made = Life()
    for number in range(13):
        made.plan("GROUP_MEETING", group=made.cast.group, planned_on=datetime.date(2026, 9, number + 1))
    found = titles(made.cast.group_leader)
    assert [due.day for _title, _count, due in found] == [*range(1, 11), 11]
    assert found[-1] == ("没有记录到会情况的组织生活", 3, datetime.date(2026, 9, 11))
