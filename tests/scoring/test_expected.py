"""How often somebody is expected to do something: the rules' number, unless another one is entered."""

from decimal import Decimal

import pytest

from members.errors import Refused
from scoring.models import ExpectedCount, Score, StaleScore
from scoring.services.expected import expecting_items, save_expected
from scoring.services.grid import Change, save_cells
from tests.scoring.factories import MONTH
from tests.scoring.granting import House, answers, house, only


def enter(made: House, counts: dict, **given) -> int:
    options = {"by": made.cast.business_admin} | given
    by_place = {(made.account(user).pk, "基-2"): count for user, count in counts.items()}
    return save_expected(made.cast.committee, 2026, by_place, **options)


def standing() -> list[tuple]:
    return list(
        ExpectedCount.objects.order_by("account__member__pinyin").values_list(
            "account__member__name", "code", "year", "count"
        )
    )


def test_counts_are_entered_changed_and_taken_away(db):
    made = house()
    people = made.cast
    assert enter(made, {people.member: 6, people.colleague: None}) == 1
    assert enter(made, {people.member: 6}) == 0
    assert enter(made, {people.member: 4, people.colleague: 0}) == 2
    assert standing() == [("李静怡", "基-2", 2026, 0), ("王建国", "基-2", 2026, 4)]
    assert enter(made, {people.member: None}) == 1
    assert standing() == [("李静怡", "基-2", 2026, 0)]


def test_only_items_that_compare_with_an_expectation_are_offered(db):
    made = house()
    assert [item.code for item in expecting_items(made.cast.branch, MONTH)] == ["基-2"]
    assert expecting_items(made.cast.branch, 202512) == []


def test_count_changes_the_score_and_marks_it(db):
    made = house()
    cells = [Change(made.account(made.cast.member).pk, made.item("基-2").pk, "3", 0)]
    save_cells(made.month(), cells, by=made.cast.secretary)
    made.submit()
    scores = Score.objects.filter(account=made.account(made.cast.member))
    assert scores.get().total == Decimal("15.00")
    StaleScore.objects.all().delete()
    enter(made, {made.cast.member: 6})
    assert list(StaleScore.objects.values_list("account", "month")) == [(made.account(made.cast.member).pk, MONTH)]
    made.recall()
    made.submit()
    assert scores.get().total == Decimal("30.00")


@pytest.mark.parametrize("count", [-1, 10_000])
def test_count_out_of_range_is_refused(db, count):
    made = house()
    with pytest.raises(Refused, match="须为 0 至 9999 的整数"):
        enter(made, {made.cast.member: count})


def test_only_the_business_administrator_sets_them(db):
    made = house()
    sentence = "只有党务工作者可以设定应完成次数。"
    assert answers(made, lambda user: enter(made, {made.cast.member: 6}, by=user)) == only(
        made, sentence, "business_admin"
    )
