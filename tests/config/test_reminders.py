"""提醒 in scoring: what has waited for too long, for whom, and that everybody is told once."""

import datetime
import uuid

import pytest
from django.utils import timezone

from config import tasks
from config.waiting import send_reminders
from members.models import Message, Reminder, User
from scoring.models import Activity, Claim, CustomItem, Month, MonthMove, MonthPolicy
from scoring.services.claims import advance_claim, return_claim, submit_claim
from scoring.services.deductions import answer_deduction, propose_deduction
from scoring.services.overdue import waiting
from tests.factories import Post, appointment, branch, committee, member
from tests.harness.threads import race, wait_until
from tests.scoring.claiming import claiming
from tests.scoring.factories import MONTH
from tests.scoring.living import DAY as PLANNED
from tests.scoring.living import Life
from tests.scoring.world import world

DAY = datetime.timedelta(days=1)
COMMITTEE = {"secretary", "deputy", "commissioner"}


def roles(made, today, kind) -> set[str]:
    """For whom something of this kind has waited for too long."""
    found = {one.user_id for one in waiting(today) if one.kind == kind}
    return {role for role, who in made.cast.by_role().items() if who.pk in found}


def messages(who) -> list[str]:
    return list(Message.objects.filter(user=who).order_by("pk").values_list("text", flat=True))


# --- claims -----------------------------------------------------------------------------------
def soon(days=3):
    """Steps of claims are as old as the clock says, so the day asked about lies ahead."""
    return timezone.localdate() + days * DAY


def test_each_step_of_a_claim_waits_for_those_who_may_take_it(db):
    made = claiming()
    claim = made.claim()
    assert roles(made, soon(2), "CHECK") == set()
    assert roles(made, soon(), "CHECK") == {"group_leader"}
    claim = advance_claim(claim, by=made.cast.group_leader)
    assert (roles(made, soon(), "CHECK"), roles(made, soon(), "REVIEW")) == (set(), COMMITTEE)
    claim = advance_claim(claim, by=made.cast.commissioner)
    assert (roles(made, soon(), "REVIEW"), roles(made, soon(), "APPROVE")) == (set(), {"secretary"})
    advance_claim(claim, by=made.cast.secretary)
    assert not [one for one in waiting(soon(30)) if one.kind in ("CHECK", "REVIEW", "APPROVE")]


def deduction(made, by, days=0) -> Claim:
    deed = made.deed("减-1", "1次", reason="九月主题党日无故缺席")
    account = made.account(made.cast.colleague)
    return propose_deduction(account, deed, by=by, key=uuid.uuid4(), answer_days=days)


def test_reminded_are_exactly_those_for_whom_the_queue_has_it(db):
    """Own claims, steps taken before, proposals of one's own, vacant posts: the same people as on the pages."""
    made = claiming()
    people = made.cast
    appointment(people.colleague.member, people.other_branch, Post.GROUP_LEADER)
    made.claim()
    made.claim(by=people.secretary)
    advance_claim(advance_claim(made.claim(), by=people.group_leader), by=people.secretary)
    advance_claim(made.claim(), by=people.group_leader)
    made.claim(by=people.group_leader)
    for who in (people.secretary, people.commissioner, people.committee_member):
        deduction(made, who)
    found = {(one.user_id, one.things[0]) for one in waiting(soon(9)) if one.slot.startswith("claim:")}
    fresh = User.objects.filter(pk__in=[who.pk for who in people.by_role().values()])
    assert found == {(who.pk, claim.pk) for who in fresh for claim in Claim.objects.waiting_for(who)}
    assert len({claim for _who, claim in found}) == Claim.objects.count()


def test_deduction_waits_for_its_decision_from_the_answer_or_the_last_day_on(db):
    made = claiming()
    claim = deduction(made, made.cast.commissioner, days=5)
    assert [roles(made, soon(days), "DECIDE") for days in (8, 9)] == [set(), {"secretary"}]
    answer_deduction(claim, by=made.cast.colleague, answer="已请假。")
    assert [roles(made, soon(days), "DECIDE") for days in (2, 3)] == [set(), {"secretary"}]


def test_member_is_reminded_before_the_time_for_an_answer_runs_out(db):
    made = claiming()
    claim = deduction(made, made.cast.commissioner, days=5)
    found = [roles(made, soon(days), "ANSWER") for days in (3, 4, 5, 6)]
    assert found == [set(), {"colleague"}, {"colleague"}, set()]
    for days in (4, 5):
        send_reminders(soon(days))
    assert messages(made.cast.colleague)[1:] == [f"1 件扣分提议您可以说明，最早 {claim.answer_until:%m-%d} 截止"]
    answer_deduction(claim, by=made.cast.colleague, answer="已请假。")
    assert roles(made, soon(5), "ANSWER") == set()


def test_deduction_with_a_day_to_answer_is_not_told_twice_on_its_first_day(db):
    made = claiming()
    deduction(made, made.cast.commissioner, days=1)
    assert roles(made, timezone.localdate(), "ANSWER") == set()


# --- months -----------------------------------------------------------------------------------
def october(day):
    return datetime.date(2026, 10, day)


def put(made, state, moved_at=None, **fields) -> Month:
    row, _made = Month.objects.update_or_create(
        unit=made.cast.branch, month=MONTH, defaults={"state": state, **fields}
    )
    if moved_at:
        at = datetime.datetime.combine(moved_at, datetime.time(4), datetime.UTC)
        MonthMove.objects.create(month=row, from_state="OPEN", to_state=state, by=made.cast.secretary, at=at)
    return row


@pytest.mark.parametrize(
    ("state", "deadline", "whom"),
    [
        ("OPEN", 5, COMMITTEE),
        ("SUBMITTED", 8, {"deputy", "commissioner"}),
        ("CHECKED", 10, {"committee_member"}),
    ],
)
def test_month_is_due_on_the_day_after_its_deadline(db, state, deadline, whom):
    made = world()
    put(made, state, submitted_by=made.cast.secretary, checked_by=made.cast.deputy)
    assert [roles(made, october(deadline + late), state) for late in (0, 1, 9)] == [set(), whom, whom]


def test_month_nobody_has_begun_is_due_like_an_open_one(db):
    made = world()
    Month.objects.all().delete()
    assert [roles(made, october(day), "OPEN") for day in (5, 6)] == [set(), COMMITTEE]
    empty, elsewhere = branch(made.cast.committee), branch(committee())
    member(elsewhere)
    units = {one.things[0] for one in waiting(october(6)) if one.kind == "OPEN"}
    assert units == {made.cast.branch.pk} == units - {empty.pk, elsewhere.pk}


def test_step_after_a_late_one_has_its_days_too(db):
    made = world()
    put(made, "SUBMITTED", moved_at=october(20), submitted_by=made.cast.secretary)
    found = [roles(made, october(day), "SUBMITTED") for day in (21, 22, 23)]
    assert found == [set(), set(), {"deputy", "commissioner"}]


def test_closing_is_due_when_the_days_to_answer_are_over(db):
    made = world()
    MonthPolicy.objects.create(unit=made.cast.committee, answer_days=10)
    put(made, "CHECKED", submitted_at=datetime.datetime(2026, 10, 5, tzinfo=datetime.UTC))
    assert [roles(made, october(day), "CHECKED") for day in (11, 17, 18)] == [set(), set(), {"committee_member"}]


def test_branch_committee_is_reminded_to_close_where_it_closes(db):
    made = world()
    MonthPolicy.objects.create(unit=made.cast.committee, closed_by="BRANCH")
    put(made, "CHECKED", submitted_by=made.cast.secretary, checked_by=made.cast.deputy)
    assert roles(made, october(11), "CHECKED") == COMMITTEE


def test_earlier_month_is_due_when_it_has_come_back_and_not_for_ever(db):
    made = world()
    put(made, "OPEN")
    november = datetime.date(2026, 11, 20)
    assert {one.things[1] for one in waiting(november) if one.kind == "OPEN"} == {202610}
    put(made, "OPEN", return_reason="缺依据")
    assert {one.things[1] for one in waiting(november) if one.kind == "OPEN"} == {MONTH, 202610}
    assert {one.things[1] for one in waiting(datetime.date(2027, 2, 20)) if one.kind == "OPEN"} == {202701}


def test_nearest_committee_sets_the_days(db):
    made = world()
    MonthPolicy.objects.create(unit=made.cast.committee, remind_days=7)
    activity = Activity.objects.create(
        unit=made.cast.branch, kind="THEME_DAY", title="重温入党誓词", planned_on=PLANNED, by=made.cast.secretary
    )
    assert [roles(made, PLANNED + days * DAY, "ACTIVITY") for days in (6, 7)] == [set(), COMMITTEE]
    MonthPolicy.objects.create(unit=made.cast.branch, remind_days=1)
    assert roles(made, PLANNED + DAY, "ACTIVITY") == COMMITTEE
    assert activity.state == "PLANNED"


# --- custom items and activities --------------------------------------------------------------
def test_proposed_custom_item_waits_for_those_who_decide(db):
    made = claiming()
    at = datetime.datetime(2026, 9, 1, 4, tzinfo=datetime.UTC)
    fields = {"section": made.item("加-1").section, "unit": made.cast.branch, "content": {}, "from_month": 202610}
    CustomItem.objects.create(**fields, proposed_by=made.cast.secretary, proposed_at=at)
    deciding = {"committee_member", "business_admin"}
    assert [roles(made, datetime.date(2026, 9, day), "CUSTOM") for day in (3, 4)] == [set(), deciding]
    CustomItem.objects.update(proposed_by=made.cast.business_admin)
    assert roles(made, datetime.date(2026, 9, 4), "CUSTOM") == {"committee_member"}


def test_planned_activity_without_a_sheet_waits_for_those_who_keep_it(db):
    made = Life()
    made.plan()
    assert [roles(made, PLANNED + days * DAY, "ACTIVITY") for days in (2, 3)] == [set(), COMMITTEE]
    made.plan("GROUP_MEETING", group=made.cast.group)
    assert roles(made, PLANNED + 3 * DAY, "ACTIVITY") == {*COMMITTEE, "group_leader"}
    Activity.objects.update(state="CANCELLED")
    assert roles(made, PLANNED + 3 * DAY, "ACTIVITY") == set()


# --- what is told ------------------------------------------------------------------------------
def test_one_message_sums_up_what_waits_with_an_address_for_each(db):
    made = Life()
    for _number in range(2):
        made.plan()
    today = october(8)
    send_reminders(today)
    (told,) = Message.objects.filter(user=made.cast.secretary)
    assert (told.text, told.url) == ("提醒：有 2 类事项等您办理", "")
    assert told.lines == [
        ["1 份月度积分还没有提交，最久已过截止日 3 天", f"/branches/{made.cast.branch.pk}/months/{MONTH}/"],
        ["2 次组织生活还没有记录到会情况，最久已过 20 天", "/activities/?month=202609"],
    ]
    assert messages(made.cast.member) == messages(made.cast.business_admin) == []


def test_single_claim_leads_to_its_page_and_several_to_the_queue(db):
    made = claiming()
    claim = made.claim()
    send_reminders(soon())
    (told,) = Message.objects.filter(user=made.cast.group_leader)
    assert (told.text, told.url) == ("1 件申报等您初核，最久已等 3 天", f"/claims/{claim.pk}/")
    made.claim()
    send_reminders(soon(6))
    told = Message.objects.filter(user=made.cast.group_leader).first()
    assert (told.text, told.url) == ("2 件申报等您初核，最久已等 6 天", "/claims/?tab=waiting")


def test_everybody_is_told_once_in_each_stretch_of_waiting(db):
    made = claiming()
    made.claim()
    told = []
    for days in (0, 1, 2, 3, 3, 4, 5, 6, 7, 9):
        send_reminders(soon(days))
        told.append(len(messages(made.cast.group_leader)))
    assert told == [0, 0, 0, 1, 1, 1, 1, 2, 2, 3]


def test_late_run_tells_once_of_what_it_has_missed(db):
    made = claiming()
    made.claim()
    for days in (10, 10, 11, 12):
        send_reminders(soon(days))
    assert messages(made.cast.group_leader) == ["1 件申报等您初核，最久已等 10 天", "1 件申报等您初核，最久已等 12 天"]


def test_claim_that_came_back_and_was_filed_again_begins_to_wait_anew(db):
    made = claiming()
    claim = return_claim(made.claim(), by=made.cast.group_leader, reason="请补照片")
    send_reminders(soon())
    assert messages(made.cast.group_leader) == []
    submit_claim(claim, by=made.cast.member)
    send_reminders(soon())
    assert len(messages(made.cast.group_leader)) == 1


def test_run_that_breaks_off_leaves_nothing_half_told(db, monkeypatch):
    made = claiming()
    made.claim()

    def power_cut(*args, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(type(Message.objects), "bulk_create", power_cut)
        with pytest.raises(KeyboardInterrupt):
            send_reminders(soon())
    assert not Reminder.objects.exists()
    send_reminders(soon())
    assert len(messages(made.cast.group_leader)) == 1


def test_survey_takes_as_many_queries_for_one_claim_as_for_three(db, queries):
    made, asked = claiming(), []
    for count in (1, 2):
        for _number in range(count):
            made.claim()
        with queries() as found:
            list(waiting(soon()))
        asked.append(len(found))
    assert asked[0] == asked[1] <= 12


# --- several at once ----------------------------------------------------------------------------
def test_four_runs_at_once_tell_everybody_once(real_db):
    made = Life()
    made.plan()
    outcomes = race(4, lambda _number: send_reminders(PLANNED + 3 * DAY))
    assert sum(outcomes) == len(COMMITTEE)
    assert {role: len(messages(made.cast.by_role()[role])) for role in COMMITTEE} == dict.fromkeys(COMMITTEE, 1)


def test_two_workers_with_the_task_four_times_tell_everybody_once(start_worker):
    made = Life()
    made.plan(planned_on=timezone.localdate() - 4 * DAY)
    workers = [start_worker(), start_worker()]
    for _time in range(4):
        tasks.send_reminders.delay()

    def logs() -> str:
        return "\n".join(worker.log() for worker in workers)

    wait_until(lambda: logs().count("succeeded in") == 4, seconds=60, what=logs)
    texts = [text for role in COMMITTEE for text in messages(made.cast.by_role()[role])]
    assert len(texts) == len(COMMITTEE)
