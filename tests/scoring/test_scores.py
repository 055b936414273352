"""Scores of whole branches: who is scored where, under which rules, with which rank; standings; vetoes."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from members.models import Membership, OrgUnit
from scoring.models import Account, LedgerEntry, Month, Score, Standing, Veto
from scoring.months import first_day
from scoring.published_only import gate
from scoring.services import scores
from scoring.services.accounts import accounts_of_members, open_member_accounts
from scoring.services.months import committees_above
from scoring.services.population import population, rules_in_force
from scoring.services.rules import load_rule_set, publish_rule_set
from scoring.services.scores import compute_units
from scoring.services.standings import refresh_standings
from tests.factories import branch, committee, exclusion, group, member, membership, user
from tests.harness.threads import race
from tests.scoring.factories import MONTH, account, item, rule_set
from tests.scoring.ledger import entry, reversal

POINTS = """
代号: points
名称: 分值
周期: {period}
生效月份: 202601
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    条款:
      - {{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 100, 汇总: {tally}}}
      - {{条款号: 基-2, 名称: 骨干, 计价: 打分, 最低: 0, 最高: 100, 起始分: 5, 适用分类: [骨干类]}}
"""


def points_rules(owner, period="月", tally="累加"):
    return rule_set(owner, POINTS.format(period=period, tally=tally))


def scored(rules, *people, month=MONTH, points=(90, 80, 80, 70)):
    """Give these members points in the month and compute their branches."""
    for who, value in zip(people, points, strict=False):
        entry(account(who), item(rules, "基-1"), value, month=month)
    units = set(Membership.objects.at(first_day(month)).filter(member__in=people).values_list("branch", flat=True))
    return compute_units(sorted(units), month)


def in_force(unit_ids, month):
    found = rules_in_force(OrgUnit.objects.filter(pk__in=unit_ids).order_by("pk"), month)
    return {rules.pk: [unit.pk for unit in units] for rules, units in found}


def ranks_of(*people, month=MONTH):
    rows = {row.account.member: row for row in Score.objects.filter(month=month).select_related("account__member")}
    return [
        (str(rows[who].total), rows[who].rank_in_branch, rows[who].rank_in_group) if who in rows else None
        for who in people
    ]


# --- accounts -------------------------------------------------------------------------------
def test_accounts_are_opened_once_for_everybody(db):
    people = [member(), member()]
    assert [open_member_accounts(), open_member_accounts()] == [2, 0]
    assert accounts_of_members([who.pk for who in people]) == {a.member_id: a.pk for a in Account.objects.all()}


def test_accounts_opened_by_two_at_once_are_one_each(real_db):
    for _ in range(30):
        member()
    opened = race(4, lambda number: open_member_accounts())
    assert sum(opened) == 30
    assert Account.objects.count() == 30


# --- who is scored, and where ---------------------------------------------------------------
def test_ranks_are_inside_branch_and_group_with_ties(db):
    home = branch()
    team, other_team = group(home), group(home)
    rules = points_rules(home.parent)
    people = [member(home, team), member(home, team), member(home, other_team), member(home, None)]
    stranger = member(branch(home.parent))
    assert scored(rules, *people, stranger, points=(90, 80, 80, 70, 85)) == 5
    assert ranks_of(*people, stranger) == [
        ("90.00", 1, 1), ("80.00", 2, 2), ("80.00", 2, 1), ("70.00", 4, None), ("85.00", 1, None),
    ]  # fmt: skip


def test_member_counts_for_the_branch_of_the_first_day(db):
    home = branch()
    other = branch(home.parent)
    rules = points_rules(home.parent)
    who = member(home)
    Membership.objects.update(ended_on=datetime.date(2026, 9, 15))
    membership(who, other, started_on=datetime.date(2026, 9, 15))
    entry(account(who), item(rules, "基-1"), 60, unit=home)
    entry(account(who), item(rules, "基-1"), 50, month=202610, unit=other)
    for month in (202609, 202610):
        compute_units([home.pk, other.pk], month)
    found = Score.objects.order_by("month").values_list("month", "unit", "total")
    assert list(found) == [(202609, home.pk, Decimal(60)), (202610, other.pk, Decimal(50))]


@pytest.mark.parametrize(
    ("started", "ended", "expected"),
    [
        ("2026-09-01", None, True),
        ("2026-09-02", None, False),
        ("2026-01-01", "2026-09-01", False),
        ("2026-01-01", "2026-09-02", True),
    ],
)
def test_population_is_that_of_the_first_day(db, started, ended, expected):
    home = branch()
    who = member(None)
    membership(
        who,
        home,
        started_on=datetime.date.fromisoformat(started),
        ended_on=ended and datetime.date.fromisoformat(ended),
    )
    own = account(who)
    assert (own.pk in population([home.pk], MONTH).accounts.tolist()) is expected


def test_member_left_out_has_no_score_and_loses_an_old_one(db):
    home = branch()
    rules = points_rules(home.parent)
    people = [member(home), member(home)]
    scored(rules, *people)
    assert ranks_of(*people) == [("90.00", 1, None), ("80.00", 2, None)]
    exclusion(people[0], user())
    assert compute_units([home.pk], MONTH) == 1
    assert ranks_of(*people) == [None, ("80.00", 1, None)]


def test_scores_of_other_branches_and_months_stay(db):
    home = branch()
    rules = points_rules(home.parent)
    who, stranger = member(home), member(branch(home.parent))
    scored(rules, who, stranger)
    scored(rules, who, month=202608)
    exclusion(who, user())
    compute_units([home.pk], MONTH)
    assert list(Score.objects.order_by("pk").values_list("account__member", "month")) == [
        (stranger.pk, MONTH),
        (who.pk, 202608),
    ]


def test_branch_without_rules_has_no_scores(db):
    home = branch()
    rules = points_rules(home.parent)
    who = member(home)
    scored(rules, who)
    with gate():
        rules.__class__.objects.update(effective_to=202608)
    assert compute_units([home.pk], MONTH) == 0
    assert not Score.objects.exists()


def test_item_of_a_class_is_for_that_class(db):
    home = branch()
    points_rules(home.parent)
    people = [member(home, member_class="骨干类"), member(home, member_class="普通类")]
    open_member_accounts()
    Month.objects.create(unit=home, month=MONTH, state="SUBMITTED")
    compute_units([home.pk], MONTH)
    assert ranks_of(*people) == [("5.00", 1, None), ("0.00", 2, None)]


def test_branch_that_has_reported_nothing_has_no_score_never_zero(db):
    home, silent = branch(), branch()
    rules = points_rules(home.parent)
    points_rules(silent.parent)
    scored(rules, member(home))
    member(silent)
    open_member_accounts()
    Month.objects.create(unit=silent, month=MONTH)
    assert compute_units([home.pk, silent.pk], MONTH) == 1
    assert set(Score.objects.values_list("unit", flat=True)) == {home.pk}


def test_unchanged_scores_are_not_written_again(db):
    home = branch()
    rules = points_rules(home.parent)
    people = [member(home), member(home)]
    scored(rules, *people)
    before = dict(Score.objects.values_list("account__member", "computed_at"))
    entry(account(people[1]), item(rules, "基-1"), 1)
    compute_units([home.pk], MONTH)
    after = dict(Score.objects.values_list("account__member", "computed_at"))
    assert {pk for pk in before if before[pk] != after[pk]} == {people[1].pk}


def test_mean_is_over_the_months_in_scope(db):
    """Joined in May and left out in July: the quarter and the year do not count months without."""
    home = branch()
    rules = points_rules(home.parent, period="年", tally="月平均")
    whole, late, away = member(home), member(home, started_on=datetime.date(2026, 5, 1)), member(home)
    exclusion(away, user(), started_on=datetime.date(2026, 3, 1), ended_on=datetime.date(2026, 5, 1))
    for who in (whole, late, away):
        for month in (202605, 202606):
            entry(account(who), item(rules, "基-1"), 60, month=month)
    compute_units([home.pk], 202606)
    assert [total for total, *_ in ranks_of(whole, late, away, month=202606)] == ["20.00", "60.00", "30.00"]


# --- the ledger behind it -------------------------------------------------------------------
def test_entry_and_its_reversal_leave_the_score(db):
    home = branch()
    rules = points_rules(home.parent, tally="取最高")
    who = member(home)
    entry(account(who), item(rules, "基-1"), 40)
    reversal(entry(account(who), item(rules, "基-1"), 90))
    compute_units([home.pk], MONTH)
    assert ranks_of(who) == [("40.00", 1, None)]


def test_latest_is_the_newest_entry_of_the_newest_month(db):
    home = branch()
    rules = points_rules(home.parent, period="季", tally="取最新")
    who = member(home)
    for month, value in ((202608, 90), (202607, 70), (202608, 0), (202609, 50)):
        entry(account(who), item(rules, "基-1"), value, month=month)
    reversal(LedgerEntry.objects.get(month=202609))
    found = []
    for month in (202607, 202608, 202609):
        compute_units([home.pk], month)
        found += [total for total, *_ in ranks_of(who, month=month)]
    assert found == ["70.00", "0.00", "0.00"]


# --- rules in force -------------------------------------------------------------------------
def test_nearest_owner_decides_then_the_later_version(db):
    top = committee()
    home, other = branch(top), branch(top)
    first = points_rules(top)
    second = publish_rule_set(
        load_rule_set(POINTS.format(period="月", tally="累加").replace("202601", "202609"), owner=top, by=None),
        by=None,
    )
    own = points_rules(home)
    assert in_force([home.pk, other.pk], 202609) == {own.pk: [home.pk], second.pk: [other.pk]}
    assert in_force([home.pk, other.pk], 202608) == {own.pk: [home.pk], first.pk: [other.pk]}
    assert in_force([home.pk, other.pk], 202512) == {}


def test_every_question_for_the_rules_has_one_answer(db):
    """Two rule sets of the same month and version: grid and scores take the same, the one loaded last."""
    home = branch()
    points_rules(home.parent)
    later = rule_set(home.parent, POINTS.format(period="月", tally="累加").replace("points", "other"))
    assert later.__class__.objects.for_unit(home, MONTH) == later
    assert in_force([home.pk], MONTH) == {later.pk: [home.pk]}


# --- vetoes ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("period", "from_month", "to_month", "expected"),
    [
        ("月", 202609, None, "0.00"),
        ("月", 202608, 202610, "0.00"),
        ("月", 202608, 202609, "90.00"),
        ("月", 202610, None, "90.00"),
        # In force in any month of the period to date.
        ("季", 202607, 202608, "0.00"),
        ("季", 202606, 202607, "90.00"),
        ("年", 202602, 202603, "0.00"),
    ],
)
def test_veto_is_in_force_from_its_month_until_lifted(db, period, from_month, to_month, expected):
    home = branch()
    rules = points_rules(home.parent, period=period)
    who = member(home)
    Veto.objects.create(
        account=account(who),
        level="SEVERE",
        effect="ZERO",
        ground="纪律",
        reason="违纪",
        from_month=from_month,
        to_month=to_month,
        decided_on=first_day(from_month),
        by=user(),
    )
    scored(rules, who)
    assert [(str(row.total), row.has_veto) for row in Score.objects.all()] == [(expected, expected == "0.00")]


def test_two_levels_of_veto_may_stand_side_by_side(db):
    home = branch()
    rules = points_rules(home.parent)
    who = member(home)
    for effect, cap in (("CAP", 60), ("CAP", 70), ("DISQUALIFY", None)):
        Veto.objects.create(
            account=account(who),
            level="LIGHT",
            effect=effect,
            cap=cap,
            ground="纪律",
            reason="违纪",
            from_month=MONTH,
            decided_on=first_day(MONTH),
            by=user(),
        )
    scored(rules, who)
    assert ranks_of(who) == [("60.00", 1, None)]


# --- standings ------------------------------------------------------------------------------
def test_standings_rank_every_total_of_every_committee_above(db):
    top = committee()
    lower = committee(top)
    home, far = branch(lower), branch(top)
    rules = points_rules(top)
    scored(rules, member(home), member(home), member(far), member(far), points=(90, 80, 80, 95))
    refresh_standings(committees_above(home), MONTH)
    rows = Standing.objects.filter(span="MONTH").order_by("unit__path", "rank")
    rows = rows.values_list("unit", "total", "count", "rank")
    assert list(rows) == [
        (top.pk, Decimal(95), 1, 1), (top.pk, Decimal(90), 1, 2), (top.pk, Decimal(80), 2, 3),
        (lower.pk, Decimal(90), 1, 1), (lower.pk, Decimal(80), 1, 2),
    ]  # fmt: skip
    Score.objects.filter(total=95).delete()
    refresh_standings([top], MONTH)
    refresh_standings([top], MONTH)
    rows = Standing.objects.filter(unit=top, span="MONTH").order_by("rank")
    assert list(rows.values_list("total", "rank")) == [(90, 1), (80, 2)]


def test_standings_refreshed_by_many_at_once_are_right_for_all(real_db):
    """Branches that close at the same moment replace the same rank table."""
    top = committee()
    home = branch(top)
    rules = points_rules(top)
    scored(rules, *[member(home) for _ in range(4)])
    for _ in range(5):
        assert race(4, lambda number: refresh_standings([top], MONTH)) == [None] * 4
    assert list(Standing.objects.filter(span="MONTH").order_by("rank").values_list("total", "count", "rank")) == [
        (90, 1, 1),
        (80, 2, 2),
        (70, 1, 4),
    ]


# --- several at once ------------------------------------------------------------------------
def test_closed_month_is_not_computed_again(db):
    """What is closed was sealed and shown; only reopening may change it."""
    home, other = branch(), branch()
    rules = points_rules(home.parent)
    rule_set(other.parent, POINTS.format(period="月", tally="累加"))
    who, stranger = member(home), member(other)
    scored(rules, who, stranger)
    by = user()
    Month.objects.create(unit=home, month=MONTH, state="CLOSED", closed_by=by, is_stale=True)
    exclusion(who, by)
    exclusion(stranger, by)
    assert compute_units([home.pk, other.pk], MONTH) == 0
    assert ranks_of(who, stranger) == [("90.00", 1, None), None]
    assert not Month.objects.get().is_stale


def test_transfer_entered_late_takes_nobody_out_of_a_closed_month(db):
    """The score was sealed and shown in the old branch: it stays there, and the new branch does not have it twice."""
    home, other = branch(), branch()
    rules = points_rules(home.parent)
    rule_set(other.parent, POINTS.format(period="月", tally="累加"))
    who = member(home)
    scored(rules, who)
    Month.objects.create(unit=home, month=MONTH, state="CLOSED", closed_by=user())
    Membership.objects.update(branch=other)
    Month.objects.create(unit=other, month=MONTH, state="SUBMITTED")
    assert compute_units([home.pk, other.pk], MONTH) == 0
    assert Score.objects.get().unit == home
    Month.objects.filter(unit=home).update(state="CHECKED", closed_by=None)
    assert compute_units([home.pk, other.pk], MONTH) == 1
    assert Score.objects.get().unit == other


def test_stale_mark_of_a_change_during_the_computation_is_kept(real_db, monkeypatch):
    """A correction that comes after the ledger was read must be found by the next night."""
    home = branch()
    rules = points_rules(home.parent)
    who = member(home)
    scored(rules, who)
    Month.objects.create(unit=home, month=MONTH)
    done = []

    def mark():
        Month.objects.update(is_stale=True)
        done.append("marked")

    def store_after_a_mark(*args, **named):
        real_store(*args, **named)
        if connection.vendor == "postgresql":
            race(1, lambda number: mark())

    real_store = scores.store_scores
    monkeypatch.setattr(scores, "store_scores", store_after_a_mark)
    compute_units([home.pk], MONTH)
    if connection.vendor == "sqlite":
        # One writer: the mark cannot come in between.
        mark()
    assert done == ["marked"]
    assert Month.objects.get().is_stale


def test_many_computing_one_branch_give_one_right_row_each(real_db):
    home = branch()
    rules = points_rules(home.parent)
    people = [member(home) for _ in range(4)]
    for who, value in zip(people, (90, 80, 80, 70), strict=True):
        entry(account(who), item(rules, "基-1"), value)

    def act(number):
        if number % 2:
            with transaction.atomic():
                entry(Account.objects.get(member=people[0]), item(rules, "基-1"), 1)
                return compute_units([home.pk], MONTH)
        return compute_units([home.pk], MONTH)

    assert race(6, act) == [4] * 6
    assert ranks_of(*people) == [("93.00", 1, None), ("80.00", 2, None), ("80.00", 2, None), ("70.00", 4, None)]
