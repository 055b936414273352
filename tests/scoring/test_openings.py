"""Points brought along: entered while nothing is closed, or the branch's average for a newcomer, once."""

import datetime
from decimal import Decimal

import pytest

from members.errors import Refused
from members.models import AuditEvent, Membership
from scoring.models import Opening, RuleSet, StaleScore
from scoring.services.accounts import open_member_accounts
from scoring.services.openings import OpeningLine, open_newcomers, save_openings
from scoring.services.scores import compute_units
from tests.factories import member
from tests.scoring.factories import MONTH
from tests.scoring.granting import House, answers, house, only


def enter(made: House, lines: dict, **given) -> int:
    options = {"by": made.cast.business_admin} | given
    by_account = {made.account(user).pk: line for user, line in lines.items()}
    return save_openings(made.cast.committee, 2026, by_account, **options)


def standing() -> list[tuple]:
    rows = Opening.objects.order_by("account__member__pinyin").values_list(
        "account__member__name", "from_month", "points", "kind"
    )
    return list(rows)


def test_openings_are_entered_changed_and_taken_away(db):
    made = house()
    people = made.cast
    assert enter(made, {people.member: OpeningLine(8850, MONTH), people.colleague: OpeningLine(None, MONTH)}) == 1
    assert enter(made, {people.member: OpeningLine(8850, MONTH)}) == 0
    assert standing() == [("王建国", MONTH, Decimal("88.50"), "ENTERED")]
    assert enter(made, {people.member: OpeningLine(-50, 202610), people.colleague: OpeningLine(0, MONTH)}) == 2
    assert standing() == [
        ("李静怡", MONTH, Decimal("0.00"), "ENTERED"),
        ("王建国", 202610, Decimal("-0.50"), "ENTERED"),
    ]
    assert enter(made, {people.member: OpeningLine(None, 202610)}) == 1
    assert standing() == [("李静怡", MONTH, Decimal("0.00"), "ENTERED")]
    details = AuditEvent.objects.filter(action="scoring.save_openings").order_by("pk").values_list("detail", flat=True)
    assert list(details) == ["2026 年，1 人", "2026 年，2 人", "2026 年，1 人"]


def test_opening_marks_the_scores_from_its_month_on(db):
    made = house()
    made.submit()
    made.submit(202610)
    StaleScore.objects.all().delete()
    enter(made, {made.cast.member: OpeningLine(100, 202610)})
    marked = StaleScore.objects.values_list("account", "month")
    assert list(marked) == [(made.account(made.cast.member).pk, 202610)]


def test_opening_is_refused_where_a_score_is_closed(db):
    made = house()
    made.close()
    for from_month in (202608, MONTH):
        with pytest.raises(Refused, match="王建国：2026 年 9 月的积分已结账"):
            enter(made, {made.cast.member: OpeningLine(100, from_month)})
    assert enter(made, {made.cast.member: OpeningLine(100, 202610)}) == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (OpeningLine(100, 202512), "起始月份须在 2026 年内"),
        (OpeningLine(100, 202613), "起始月份须在 2026 年内"),
        (OpeningLine(1_000_001, MONTH), "不能超过 10000 分"),
    ],
)
def test_opening_refuses_what_cannot_be(db, line, sentence):
    made = house()
    with pytest.raises(Refused, match=sentence):
        enter(made, {made.cast.member: line})
    assert standing() == []


def test_only_the_business_administrator_enters_them(db):
    made = house()
    lines = {made.cast.member: OpeningLine(100, MONTH)}
    sentence = "只有党务工作者可以录入期初积分。"
    assert answers(made, lambda user: enter(made, lines, by=user)) == only(made, sentence, "business_admin")


def test_opening_refuses_members_of_other_units(db):
    made = house()
    accounts = {made.account(made.cast.stranger).pk: OpeningLine(100, MONTH)}
    with pytest.raises(Refused, match="不属于检修部党支部"):
        save_openings(made.cast.branch, 2026, accounts, by=made.cast.business_admin)


# --- newcomers -----------------------------------------------------------------------------------


def with_august(made: House) -> None:
    """August is computed: 基-3 brings 5 to the secretary and the commissioner, the others have nothing."""
    made.submit(202608)


def test_newcomer_begins_with_the_mean_of_the_others(db):
    made = house()
    with_august(made)
    person = member(made.cast.branch, name="新来的", started_on=datetime.date(2026, 8, 2))
    open_member_accounts()
    made.submit()
    # The ratio item brings 60 ÷ 12 × 0 = 0; six others: 5 + 5 + 0 × 4, ten sixths rounded.
    assert standing() == [("新来的", MONTH, Decimal("1.67"), "BRANCH_AVERAGE")]
    opening = Opening.objects.get()
    assert (opening.account.member, opening.by, opening.year) == (person, None, 2026)


def test_newcomer_is_opened_once_and_never_changed(db):
    made = house()
    with_august(made)
    member(made.cast.branch, name="新来的", started_on=datetime.date(2026, 8, 2))
    open_member_accounts()
    made.submit()
    made.recall()
    Opening.objects.update(points=Decimal("3"))
    made.submit()
    assert standing() == [("新来的", MONTH, Decimal("3.00"), "BRANCH_AVERAGE")]


def test_who_came_from_another_branch_is_no_newcomer(db):
    made = house()
    with_august(made)
    Membership.objects.filter(member=made.cast.stranger.member).update(ended_on=datetime.date(2026, 8, 15))
    Membership.objects.create(
        member=made.cast.stranger.member, branch=made.cast.branch, started_on=datetime.date(2026, 8, 15)
    )
    made.submit()
    assert standing() == []


def test_first_month_of_the_year_opens_nobody(db):
    made = house()
    member(made.cast.branch, name="新来的", started_on=datetime.date(2025, 12, 15))
    open_member_accounts()
    made.submit(202601)
    assert standing() == []


@pytest.mark.parametrize("fields", [{"newcomer": "NOTHING"}, {"year_value": "MEAN"}])
def test_rules_decide_whether_there_is_an_average_to_begin_with(db, fields):
    made = house()
    with_august(made)
    member(made.cast.branch, name="新来的", started_on=datetime.date(2026, 8, 2))
    open_member_accounts()
    month = made.month()
    rules = RuleSet.objects.get(pk=made.rules.pk)
    for name, value in fields.items():
        setattr(rules, name, value)
    assert open_newcomers(month, rules) == 0
    assert standing() == []


def test_without_anybody_scored_there_is_no_average(db):
    made = house()
    member(made.cast.branch, name="新来的", started_on=datetime.date(2026, 8, 2))
    open_member_accounts()
    made.submit()
    compute_units([made.cast.branch.pk], MONTH)
    assert standing() == []
