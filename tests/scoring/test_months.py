"""A month on its way: every move by every actor, four eyes, deadlines, answer days, races."""

import datetime
import os
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils import timezone

from members.errors import Refused
from members.models import AuditEvent, Membership
from scoring.models import DraftCell, LedgerEntry, Month, MonthMove, MonthPolicy, Score, Seal, Standing
from scoring.progress import branches_of, counts_of, progress_of, with_numbers
from scoring.published_only import gate
from scoring.services import months
from scoring.services.accounts import open_member_accounts
from scoring.services.grid import Change, save_cells
from scoring.services.posting import lock_month, reverse_entry
from scoring.services.scores import compute_units
from scoring.services.seals import verify_ledger
from tests.factories import appointment, branch, cast, committee, exclusion, membership, official, user
from tests.harness.threads import race
from tests.scoring.factories import MONTH, account, draft, item, rule_set
from tests.scoring.world import World, world

STATES = list(Month.State)
VERBS = {
    "submit": lambda month, by: months.submit_month(month, by=by),
    "recall": lambda month, by: months.recall_month(month, by=by),
    "check": lambda month, by: months.check_month(month, by=by),
    "return": lambda month, by: months.return_month(month, by=by, reason="请核对"),
    "close": lambda month, by: months.close_month(month, by=by),
    "reopen": lambda month, by: months.reopen_month(month, by=by, reason="漏记一次"),
}


def in_state(made: World, state: str) -> Month:
    """The month of the world in this state, submitted by the secretary, checked by the commissioner."""
    if state != "OPEN":
        made.submit()
    if state in ("CHECKED", "CLOSED"):
        made.check()
    if state == "CLOSED":
        made.close()
    return made.month()


def outcome(made: World, verb: str, by) -> str:
    try:
        VERBS[verb](made.month(), by)
    except Refused as refusal:
        return "refused" if str(refusal).endswith("。") else str(refusal)
    return made.month().state


# Who may move a month from where to where; everyone else, and every other move, is refused.
ALLOWED = {
    ("OPEN", "submit"): {"secretary", "deputy", "commissioner"},
    ("SUBMITTED", "recall"): {"secretary", "deputy", "commissioner"},
    ("SUBMITTED", "check"): {"deputy", "commissioner"},
    ("SUBMITTED", "return"): {"deputy", "commissioner", "committee_member"},
    ("CHECKED", "return"): {"committee_member"},
    ("CHECKED", "close"): {"committee_member"},
    ("CLOSED", "reopen"): {"committee_member"},
}
REACHED = {
    "submit": "SUBMITTED",
    "recall": "OPEN",
    "check": "CHECKED",
    "return": "OPEN",
    "close": "CLOSED",
    "reopen": "OPEN",
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", VERBS)
def test_every_move_by_every_actor(db, state, verb):
    made = world()
    in_state(made, state)
    found = {}
    for role, by in made.cast.by_role().items():
        with transaction.atomic():
            found[role] = outcome(made, verb, by)
            transaction.set_rollback(True)
    allowed = ALLOWED.get((state, verb), set())
    assert found == {role: REACHED[verb] if role in allowed else "refused" for role in found}


def test_move_leaves_who_when_and_why(db):
    made = world()
    before = timezone.now()
    made.submit()
    months.return_month(made.month(), by=made.cast.commissioner, reason="  加分缺依据 ")
    made.submit()
    made.check()
    made.close()
    people = made.cast
    assert list(MonthMove.objects.values_list("from_state", "to_state", "by", "reason")) == [
        ("OPEN", "SUBMITTED", people.secretary.pk, ""),
        ("SUBMITTED", "OPEN", people.commissioner.pk, "加分缺依据"),
        ("OPEN", "SUBMITTED", people.secretary.pk, ""),
        ("SUBMITTED", "CHECKED", people.commissioner.pk, ""),
        ("CHECKED", "CLOSED", people.committee_member.pk, ""),
    ]
    assert all(before <= move.at <= timezone.now() for move in MonthMove.objects.all())
    month = made.month()
    assert (month.submitted_by, month.checked_by, month.closed_by) == (
        people.secretary,
        people.commissioner,
        people.committee_member,
    )
    assert month.return_reason == ""
    actions = (
        AuditEvent.objects.filter(action__startswith="scoring.month_").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == [
        f"scoring.month_{name}" for name in ("submitted", "open", "submitted", "checked", "closed")
    ]


@pytest.mark.parametrize("verb", ["recall", "check", "return", "close", "reopen"])
def test_month_nobody_has_touched_can_only_be_submitted(db, verb):
    people = cast()
    rule_set(people.committee)
    month = months.month_of_unit(people.branch, MONTH)
    assert month.pk is None
    by = people.committee_member if verb in ("close", "reopen") else people.commissioner
    with pytest.raises(Refused), transaction.atomic():
        VERBS[verb](month, by)
    assert not Month.objects.exists()


def test_month_that_has_not_begun_is_refused(db):
    home = branch()
    coming = timezone.localdate() + datetime.timedelta(days=40)
    for month, sentence in ((coming.year * 100 + coming.month, "还没有开始"), (202613, "不是月份")):
        with pytest.raises(Refused, match=sentence):
            months.month_of_unit(home, month)


def test_submit_without_rules_is_refused_with_the_cure(db):
    people = cast()
    with pytest.raises(Refused, match="检修部党支部在2026 年 9 月没有生效的积分办法，请先由党务工作者发布积分办法。"):
        months.submit_month(months.month_of_unit(people.branch, MONTH), by=people.secretary)


# --- four eyes ------------------------------------------------------------------------------
def test_submitter_never_checks_and_never_closes(db):
    made = world()
    by = made.cast.deputy
    appointment(by.member, made.cast.committee, "COMMITTEE_MEMBER")
    months.submit_month(made.month(), by=by)
    with pytest.raises(Refused, match="提交人不能审核自己提交的月份，请由支委会其他成员审核。"):
        months.check_month(made.month(), by=by)
    made.check()
    with pytest.raises(Refused, match="提交人和审核人不能再结账，请由党委其他成员办理。"):
        months.close_month(made.month(), by=by)
    # Sending it back is no approval.
    months.return_month(made.month(), by=by, reason="漏了一人")
    assert made.month().state == "OPEN"


def test_checker_does_not_close(db):
    made = world()
    by = made.cast.commissioner
    appointment(by.member, made.cast.committee, "COMMITTEE_MEMBER")
    made.submit()
    months.check_month(made.month(), by=by)
    with pytest.raises(Refused, match="提交人和审核人不能再结账"):
        months.close_month(made.month(), by=by)


def test_database_refuses_a_checker_who_submitted(db):
    made = world()
    made.submit()
    row = Month.objects.get()
    with pytest.raises(IntegrityError, match="month_checked_by_another"), transaction.atomic():
        Month.objects.filter(pk=row.pk).update(checked_by=row.submitted_by)
    Month.objects.filter(pk=row.pk).update(checked_by=made.cast.deputy, submitted_by=None)
    with pytest.raises(IntegrityError, match="month_closed_by_someone"), transaction.atomic():
        Month.objects.filter(pk=row.pk).update(state="CLOSED")
    with pytest.raises(IntegrityError), transaction.atomic():
        Month.objects.create(unit=row.unit, month=row.month)


def test_submitter_of_a_submitted_month_recalls_it(db):
    made = world()
    made.submit()
    with pytest.raises(Refused, match="自己提交的月份请用“撤回”，不必退回。"):
        months.return_month(made.month(), by=made.cast.secretary, reason="自己退")


def test_return_needs_a_reason(db):
    made = world()
    made.submit()
    with pytest.raises(Refused, match="请写明退回的原因"):
        months.return_month(made.month(), by=made.cast.commissioner, reason=" \n")


def test_return_asks_for_the_posts_of_the_state_it_finds(db):
    """A page opened before the month was checked does not give the right to undo the check."""
    made = world()
    made.submit()
    opened_before = made.month()
    made.check()
    with pytest.raises(Refused, match="只有审核人或党委可以退回。"):
        months.return_month(opened_before, by=made.cast.deputy, reason="再看看")
    assert made.month().state == "CHECKED"


def test_branch_committee_closes_where_the_committee_says_so(db):
    made = world()
    months.set_policy(made.cast.committee, by=made.cast.business_admin, closed_by="BRANCH")
    in_state(made, "CHECKED")
    with pytest.raises(Refused, match="按规定由支委会结账"):
        months.close_month(made.month(), by=made.cast.colleague)
    months.close_month(made.month(), by=made.cast.deputy)
    assert made.month().closed_by == made.cast.deputy


# --- deadlines and answer days --------------------------------------------------------------
def test_deadlines_lie_in_the_following_month(db):
    policy = MonthPolicy(submit_by_day=3, check_by_day=6, close_by_day=28)
    limits = months.deadlines(policy, 202612)
    assert limits == months.Deadlines(datetime.date(2027, 1, 3), datetime.date(2027, 1, 6), datetime.date(2027, 1, 28))
    assert [limits.of(state) for state in STATES] == [limits.submit_by, limits.check_by, limits.close_by, None]


def test_policy_of_the_nearest_committee_counts(db):
    top = committee()
    lower = committee(top)
    home = branch(lower)
    by = user()
    assert months.policy_of(home).submit_by_day == 5
    months.set_policy(top, by=by, submit_by_day=4)
    assert months.policy_of(home).submit_by_day == 4
    months.set_policy(lower, by=by, submit_by_day=2)
    months.set_policy(lower, by=by, answer_days=3)
    assert (months.policy_of(home).submit_by_day, months.policy_of(home).answer_days) == (2, 3)
    assert months.policy_of(branch(top)).submit_by_day == 4


@pytest.mark.parametrize(
    "fields",
    [
        {"submit_by_day": 9},
        {"close_by_day": 29},
        {"submit_by_day": 0},
        {"answer_days": 31},
        {"remind_days": 0},
        {"remind_days": 31},
    ],
)
def test_policy_out_of_order_is_refused_by_service_and_database(db, fields):
    top = committee()
    with pytest.raises(Exception, match="截止日须在|申辩天数|等待几天"):
        months.set_policy(top, by=user(), **fields)
    assert not MonthPolicy.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        MonthPolicy.objects.create(unit=top, **fields)


def days_ago(made: World, days: int) -> None:
    Month.objects.update(submitted_at=timezone.now() - datetime.timedelta(days=days))


@pytest.mark.parametrize(
    ("answer_days", "ago", "deducts", "closes"),
    [(0, 0, True, True), (3, 0, True, False), (3, 3, True, False), (3, 4, True, True), (3, 0, False, True)],
)
def test_month_with_deductions_waits_for_the_answer_days(db, answer_days, ago, deducts, closes):
    made = world()
    months.set_policy(made.cast.committee, by=made.cast.business_admin, answer_days=answer_days)
    if deducts:
        made.type(made.cast.member, "减-1", "-2")
    in_state(made, "CHECKED")
    days_ago(made, ago)
    found = outcome(made, "close", made.cast.committee_member)
    assert found == ("CLOSED" if closes else "refused")


def test_answer_days_name_the_day_and_end_with_the_reversal_of_the_deduction(db):
    made = world()
    months.set_policy(made.cast.committee, by=made.cast.business_admin, answer_days=3)
    made.type(made.cast.member, "减-1", "-2")
    in_state(made, "CHECKED")
    until = timezone.localdate() + datetime.timedelta(days=3)
    with pytest.raises(
        Refused, match=f"本月有扣分，党员可在 {until.month} 月 {until.day} 日 前申辩，到期后才能结账。"
    ):
        made.close()
    # What was checked is returned before it is put right.
    months.return_month(made.month(), by=made.cast.committee_member, reason="申辩成立")
    reverse_entry(made.entry(made.cast.member, "减-1"), by=made.cast.secretary, reason="申辩成立")
    for walk in (made.submit, made.check, made.close):
        walk()
    assert made.month().is_closed


# --- what a move does to ledger and scores --------------------------------------------------
def totals(made: World):
    return dict(Score.objects.filter(month=MONTH, unit=made.cast.branch).values_list("account__member__name", "total"))


def test_submit_posts_and_scores(db):
    made = world()
    assert not Score.objects.exists()
    assert months.submit_month(made.month(), by=made.cast.secretary) == 4
    assert totals(made) == {"王建国": 63, "李静怡": 61, "周敏": 0, "陈志远": 0, "吴海涛": 0, "郑雪": 0}
    assert LedgerEntry.objects.aggregate(sum=Sum("points"))["sum"] == Decimal(124)


def test_recalled_month_keeps_its_entries_until_it_is_submitted_anew(db):
    made = world()
    made.submit()
    months.recall_month(made.month(), by=made.cast.deputy)
    assert LedgerEntry.objects.count() == 4
    made_cell = DraftCell.objects.get(account__member=made.cast.member.member, item__code="加-2")
    save_cells(
        made.month(), [Change(made_cell.account_id, made_cell.item_id, "1", made_cell.version)], by=made.cast.secretary
    )
    assert months.submit_month(made.month(), by=made.cast.secretary) == 2
    assert totals(made)["王建国"] == 61


def test_close_ranks_seals_and_stands(db):
    made = world(closed=True)
    rows = Score.objects.filter(unit=made.cast.branch).values_list(
        "account__member__name", "rank_in_branch", "rank_in_group"
    )
    assert sorted(rows) == sorted(
        [
            ("王建国", 1, 1),
            ("李静怡", 2, 2),
            ("周敏", 3, 3),
            ("陈志远", 3, None),
            ("吴海涛", 3, None),
            ("郑雪", 3, None),
        ]
    )
    standings = Standing.objects.filter(unit=made.cast.committee, span="MONTH").order_by("rank")
    assert list(standings.values_list("total", "count", "rank")) == [(63, 1, 1), (61, 1, 2), (0, 4, 3)]
    assert Seal.objects.get().entry_count == 4


def test_close_computes_what_changed_since_the_submission(db):
    made = world()
    in_state(made, "CHECKED")
    exclusion(made.cast.member.member, made.cast.business_admin)
    made.close()
    assert "王建国" not in totals(made)
    # Afterwards nothing changes it.
    exclusion(made.cast.colleague.member, made.cast.business_admin)
    compute_units([made.cast.branch.pk], MONTH)
    assert totals(made)["李静怡"] == 61


def test_closed_month_takes_neither_cells_nor_submission_nor_reversal(db):
    made = world(closed=True)
    entry = made.entry(made.cast.member, "加-2")
    change = Change(entry.account_id, entry.item_id, "2", 1)
    for act, sentence in (
        (lambda: save_cells(made.month(), [change], by=made.cast.secretary), "已提交（已结账），不能再改"),
        (lambda: months.submit_month(made.month(), by=made.cast.secretary), "现在是“已结账”，不能这样办理"),
        (
            lambda: reverse_entry(entry, by=made.cast.secretary, reason="错"),
            "已结账，不能冲正。需要更正请由党委写明原因重新打开该月。",
        ),
    ):
        with pytest.raises(Refused, match=sentence):
            act()
    assert LedgerEntry.objects.count() == 4


def test_member_moved_in_mid_month_is_typed_and_scored_where_the_month_began(db):
    made = world()
    who = made.cast.member.member
    Membership.objects.filter(member=who).update(ended_on=datetime.date(2026, 9, 20))
    membership(who, made.cast.other_branch, started_on=datetime.date(2026, 9, 20))
    made.submit()
    assert totals(made)["王建国"] == 63
    assert Score.objects.get(account__member=who).unit == made.cast.branch


def test_reopened_month_goes_the_whole_way_again_and_only_then_changes(db):
    made = world(closed=True)
    with pytest.raises(Refused, match="请写明重新打开的原因"):
        months.reopen_month(made.month(), by=made.cast.committee_member, reason=" ")
    months.reopen_month(made.month(), by=made.cast.committee_member, reason="李静怡漏记一次")
    month = made.month()
    assert (month.state, month.closed_by, month.checked_by, month.return_reason, month.is_stale) == (
        "OPEN", None, None, "李静怡漏记一次", True,
    )  # fmt: skip
    assert totals(made)["李静怡"] == 61
    row = DraftCell.objects.get(account__member=made.cast.colleague.member, item__code="加-2")
    save_cells(month, [Change(row.account_id, row.item_id, "2", row.version)], by=made.cast.secretary)
    made.submit()
    made.check()
    made.close()
    assert totals(made)["李静怡"] == 62
    assert [seal.entry_count for seal in Seal.objects.order_by("number")] == [4, 6]
    assert verify_ledger() == []


# --- progress -------------------------------------------------------------------------------
def lines_of(by, limits, today=datetime.date(2026, 10, 6)):
    return progress_of(list(with_numbers(branches_of(by), MONTH)), MONTH, limits, today)


def test_progress_counts_members_in_scope_and_those_filled_in(db):
    made = world()
    exclusion(made.cast.deputy.member, made.cast.business_admin)
    limits = months.deadlines(MonthPolicy(), MONTH)
    lines = lines_of(made.cast.committee_member, limits)
    assert {line.unit.name: (line.members, line.filled, line.due, line.is_late) for line in lines} == {
        "机关党支部": (2, 0, limits.submit_by, True),
        "检修部党支部": (5, 2, limits.submit_by, True),
        "运行部党支部": (1, 0, limits.submit_by, True),
    }
    made.submit()
    lines = lines_of(made.cast.secretary, limits)
    assert [(line.unit.name, line.month.state, line.due, line.is_late) for line in lines] == [
        ("检修部党支部", "SUBMITTED", limits.check_by, False)
    ]


def test_progress_is_the_same_number_of_queries_however_many_branches(db, queries):
    made = world()
    limits = months.deadlines(MonthPolicy(), MONTH)
    asked = []
    for by in (made.cast.secretary, made.cast.committee_member):
        assert by.authority
        with queries() as found:
            lines_of(by, limits)
        asked.append(len(found))
    assert asked == [2, 2]


def test_counts_take_untouched_branches_as_open(db):
    made = world(closed=True)
    branches = branches_of(made.cast.committee_member)
    assert counts_of(branches, MONTH) == {"OPEN": 2, "SUBMITTED": 0, "CHECKED": 0, "CLOSED": 1, "ALL": 3}
    assert set(branches_of(made.cast.secretary)) == {made.cast.branch}
    assert not branches_of(made.cast.member).exists()


# --- races ----------------------------------------------------------------------------------
def sentences(outcomes):
    """Everything that did not go through must be a sentence."""
    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert all(isinstance(one, Refused) and str(one).endswith("。") for one in refused), refused
    return len(refused)


ROUNDS = 20
# Every night the race is run a thousand times.
CLOSE_ROUNDS = 1000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 50


def fresh_months(made: World) -> list[int]:
    """Twenty months of the branch, each with base points for two members."""
    numbers = [202500 + n for n in range(1, 13)] + [202600 + n for n in range(1, 9)]
    with gate():
        made.rules.__class__.objects.update(effective_from=202501)
    rules = item(made.rules, "基-1")
    for number in numbers:
        for who in (made.cast.member, made.cast.colleague):
            draft(made.account(who), rules, "60", made.cast.secretary, made.cast.branch, number)
    assert len(numbers) == ROUNDS
    return numbers


def test_one_of_two_checkers_wins_and_the_other_gets_a_sentence(real_db):
    made = world()
    checkers = [made.cast.deputy, made.cast.commissioner]
    for number in fresh_months(made):
        month = months.month_of_unit(made.cast.branch, number)
        months.submit_month(month, by=made.cast.secretary)
        opened = [months.month_of_unit(made.cast.branch, number) for _ in checkers]
        assert (
            sentences(race(2, lambda place, opened=opened: months.check_month(opened[place], by=checkers[place]))) == 1
        )
        assert MonthMove.objects.filter(month__month=number, to_state="CHECKED").count() == 1


def test_two_who_submit_the_same_month_post_it_once(real_db):
    made = world()
    people = [made.cast.secretary, made.cast.deputy]
    for number in fresh_months(made):
        opened = [months.month_of_unit(made.cast.branch, number) for _ in people]
        assert (
            sentences(race(2, lambda place, opened=opened: months.submit_month(opened[place], by=people[place]))) == 1
        )
        assert LedgerEntry.objects.filter(month=number).aggregate(sum=Sum("points"))["sum"] == 120


def test_nothing_slips_in_between_sum_and_close(real_db):
    """Close against a reversal and a late recall: what is scored and sealed is what stands in the ledger."""
    made = world()
    for number in fresh_months(made):
        month = months.month_of_unit(made.cast.branch, number)
        months.submit_month(month, by=made.cast.secretary)
        months.check_month(months.month_of_unit(made.cast.branch, number), by=made.cast.commissioner)
        checked = months.month_of_unit(made.cast.branch, number)
        entry = LedgerEntry.objects.filter(month=number).first()
        acts = [
            partial(months.close_month, checked, by=made.cast.committee_member),
            partial(reverse_entry, entry, by=made.cast.secretary, reason="多记"),
            partial(months.return_month, checked, by=made.cast.committee_member, reason="再核"),
            partial(compute_units, [made.cast.branch.pk], number),
        ]
        sentences(race(4, lambda place, acts=acts: acts[place]()))
        if Month.objects.get(month=number).is_closed:
            agree(number)
    assert verify_ledger() == []


def agree(number: int) -> None:
    in_ledger = LedgerEntry.objects.standing().filter(month=number).aggregate(sum=Sum("points"))["sum"]
    assert Score.objects.filter(month=number).aggregate(sum=Sum("total"))["sum"] == in_ledger
    assert Seal.objects.get(month=number).entry_count == LedgerEntry.objects.filter(month=number).count()


def test_close_raced_with_post_leaves_what_is_sealed_and_scored_in_the_ledger(real_db):
    """One closes what was checked, another takes it back, changes a cell and posts anew; over and over."""
    made = world()
    made.submit()
    cell = DraftCell.objects.filter(item__code="加-2").first()
    closed = 0
    for number in range(CLOSE_ROUNDS):
        checked = ready_to_close(made)

        def post(text=f"{number % 3 + 1}次", month=checked):
            months.return_month(month, by=made.cast.committee_member, reason="再核")
            DraftCell.objects.filter(pk=cell.pk).update(text=text, version=F("version") + 1)
            months.submit_month(months.month_of_unit(made.cast.branch, MONTH), by=made.cast.secretary)

        acts = [partial(months.close_month, checked, by=made.cast.committee_member), post]
        sentences(race(2, lambda place, acts=acts: acts[place]()))
        row = Month.objects.get(month=MONTH)
        if row.is_closed:
            closed += 1
            last = Seal.objects.order_by("number").last()
            assert last.entry_count == LedgerEntry.objects.filter(month=MONTH).count()
            in_ledger = LedgerEntry.objects.standing().filter(month=MONTH).aggregate(sum=Sum("points"))["sum"]
            assert Score.objects.filter(month=MONTH).aggregate(sum=Sum("total"))["sum"] == in_ledger
    assert closed
    assert Seal.objects.count() == closed
    assert verify_ledger() == []


def ready_to_close(made):
    """The month on its way to the moment before closing, from wherever the last round has left it."""
    row = months.month_of_unit(made.cast.branch, MONTH)
    if row.state == "CLOSED":
        months.reopen_month(row, by=made.cast.committee_member, reason="更正")
        row.refresh_from_db()
    if row.state == "OPEN":
        months.submit_month(row, by=made.cast.secretary)
        row = months.month_of_unit(made.cast.branch, MONTH)
    if row.state == "SUBMITTED":
        months.check_month(row, by=made.cast.commissioner)
    return months.month_of_unit(made.cast.branch, MONTH)


def test_close_and_submission_of_other_branches_do_not_disturb_each_other(real_db):
    """Many branches of one committee close at the same moment: all go through, one rank table."""
    top = committee()
    rules = rule_set(top)
    office = branch(top)
    closer = official(top, "COMMITTEE_MEMBER", office)
    homes = [branch(top) for _ in range(4)]
    secretaries = [official(home, "BRANCH_SECRETARY", home) for home in homes]
    checkers = [official(home, "BRANCH_DEPUTY", home) for home in homes]
    open_member_accounts()
    for number, (home, by) in enumerate(zip(homes, secretaries, strict=True)):
        draft(account(by.member), item(rules, "基-1"), str(40 + number), by, home)

    def walk(place):
        home = homes[place]
        months.submit_month(months.month_of_unit(home, MONTH), by=secretaries[place])
        months.check_month(months.month_of_unit(home, MONTH), by=checkers[place])
        months.close_month(months.month_of_unit(home, MONTH), by=closer)

    assert race(4, walk) == [None] * 4
    assert list(Standing.objects.filter(span="MONTH").order_by("rank").values_list("total", "count", "rank")) == [
        (43, 1, 1), (42, 1, 2), (41, 1, 3), (40, 1, 4), (0, 4, 5),
    ]  # fmt: skip


def test_two_months_of_one_branch_closing_at_once_make_a_chain(real_db):
    made = world()
    numbers = fresh_months(made)[:6]
    for number in numbers:
        months.submit_month(months.month_of_unit(made.cast.branch, number), by=made.cast.secretary)
        months.check_month(months.month_of_unit(made.cast.branch, number), by=made.cast.commissioner)
    opened = [months.month_of_unit(made.cast.branch, number) for number in numbers]
    outcomes = race(6, lambda place: months.close_month(opened[place], by=made.cast.committee_member))
    assert outcomes == [None] * 6
    seals = list(Seal.objects.order_by("number"))
    assert [seal.number for seal in seals] == [1, 2, 3, 4, 5, 6]
    assert [seal.previous for seal in seals] == ["", *(seal.digest for seal in seals[:-1])]


def test_lock_of_a_month_is_a_lock(real_db):
    """PostgreSQL locks the row, SQLite the database: what a second one does waits for the first."""
    made = world()
    made.submit()
    seen = []

    def act(place):
        with transaction.atomic():
            month = lock_month(Month.objects.get())
            seen.append(month.return_reason)
            Month.objects.update(return_reason=month.return_reason + "x")

    race(4, act)
    assert sorted(seen) == ["", "x", "xx", "xxx"]
