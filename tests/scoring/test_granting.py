"""Group events and shared awards: one cause, one entry for each, once per key."""

import uuid
from decimal import Decimal

import pytest

from members.errors import Refused
from members.models import AuditEvent
from scoring.models import Grant, LedgerEntry, StaleScore
from scoring.services import granting
from scoring.services.posting import reverse_entry
from scoring.services.scores import compute_units
from tests.harness.threads import race
from tests.scoring.factories import MONTH
from tests.scoring.granting import House, answers, house, only

KEY = uuid.UUID(int=1)


def event(made: House, code: str = "加-1", text: str = "3小时", people=None, **given):
    users = people or [made.cast.member, made.cast.colleague]
    options = {"reason": "清扫厂区", "by": made.cast.secretary, "key": KEY} | given
    accounts = [made.account(user).pk for user in users]
    return granting.grant_group_event(made.month(), made.item(code), accounts, text=text, **options)


def share(made: House, weights: dict, code: str = "加-2", total: int = 1000, **given):
    options = {"reason": "先进班组", "by": made.cast.secretary, "key": KEY} | given
    by_account = {made.account(user).pk: weight for user, weight in weights.items()}
    return granting.grant_share(made.month(), made.item(code), by_account, total=total, **options)


def test_group_event_credits_everyone_alike_and_names_its_cause(db):
    made = house()
    grant = event(made)
    assert (grant.kind, grant.reason, grant.unit, grant.month, grant.by) == (
        "GROUP_EVENT", "清扫厂区", made.cast.branch, MONTH, made.cast.secretary,
    )  # fmt: skip
    rows = grant.entries.order_by("account__member__pinyin").values_list(
        "account", "points", "quantity", "source", "reason", "cause"
    )
    assert list(rows) == [
        (made.account(user).pk, Decimal("1.50"), Decimal("3.00"), "GROUP_EVENT", "清扫厂区", grant.pk)
        for user in (made.cast.colleague, made.cast.member)
    ]
    assert AuditEvent.objects.get(action="scoring.grant_points").detail == "2 人"


@pytest.mark.parametrize("verb", [lambda made: event(made), lambda made: share(made, {made.cast.member: 1})])
def test_same_key_twice_is_one_grant_and_the_same_answer(db, verb):
    made = house()
    first = verb(made)
    assert verb(made) == first
    assert (Grant.objects.count(), LedgerEntry.objects.count()) == (1, first.entries.count())


def test_same_key_at_the_same_moment_is_one_grant(real_db):
    made = house()
    made.month().save()
    answers = race(2, lambda number: event(made).pk)
    assert answers == [Grant.objects.get().pk] * 2
    assert LedgerEntry.objects.count() == 2


def test_share_adds_up_exactly(db):
    made = house()
    people = made.cast
    grant = share(made, {people.member: 100, people.colleague: 100, people.secretary: 100, people.deputy: 0})
    assert (grant.kind, grant.points) == ("SHARED", Decimal("10.00"))
    assert made.standing() == [
        ("陈志远", "加-2", "3.33"),
        ("李静怡", "加-2", "3.33"),
        ("王建国", "加-2", "3.34"),
    ]


def test_share_of_a_deduction_is_taken_off(db):
    made = house()
    share(made, {made.cast.member: 2, made.cast.colleague: 1}, code="减-1", total=300)
    assert made.standing() == [("李静怡", "减-1", "-1.00"), ("王建国", "减-1", "-2.00")]


EVENTS_REFUSED = {
    "no reason": ({"reason": "  "}, "请写明事由"),
    "long reason": ({"reason": "长" * 201}, "最多 200 字"),
    "empty": ({"text": " "}, "请填写"),
    "no number": ({"text": "很多"}, "不是规定的写法"),
    "above the month's cap": ({"text": "7小时"}, "每月最多 3 分"),
    "fed by organisation life": ({"code": "基-4", "text": "1"}, "不在本月可以集体计分的条款中"),
    "evidence needed": ({"code": "加-4", "text": "3"}, "不在本月可以集体计分的条款中"),
    "another class": ({"code": "加-3", "text": "1"}, "不适用于李静怡、王建国"),
}


@pytest.mark.parametrize(("given", "sentence"), EVENTS_REFUSED.values(), ids=EVENTS_REFUSED)
def test_group_event_refuses_with_a_sentence(db, given, sentence):
    made = house()
    with pytest.raises(Refused, match=sentence):
        event(made, **given)
    assert not LedgerEntry.objects.exists()


SHARES_REFUSED = {
    "priced by itself": ({"code": "加-1"}, "不能按比例分配"),
    "nothing to share": ({"total": 0}, "不能为 0"),
    "above the range": ({"total": 2100}, "超出加-2 集体荣誉每人 0 到 10 分"),
    "below the range": ({"total": -300}, "超出加-2 集体荣誉每人 0 到 10 分"),
}


@pytest.mark.parametrize(("given", "sentence"), SHARES_REFUSED.values(), ids=SHARES_REFUSED)
def test_share_refuses_with_a_sentence(db, given, sentence):
    made = house()
    with pytest.raises(Refused, match=sentence):
        share(made, {made.cast.member: 1, made.cast.colleague: 1}, **given)
    assert not LedgerEntry.objects.exists()


def test_grants_refuse_strangers_and_nobody(db):
    made = house()
    with pytest.raises(Refused, match="孙立新本月不在本支部的积分名单中"):
        event(made, people=[made.cast.member, made.cast.stranger])
    with pytest.raises(Refused, match="没有选中任何党员"):
        granting.grant_group_event(
            made.month(), made.item("加-1"), [], text="1", reason="无人", by=made.cast.secretary, key=KEY
        )
    assert not LedgerEntry.objects.exists()


def test_grants_refuse_a_month_that_is_not_open(db):
    made = house()
    made.submit()
    with pytest.raises(Refused, match="已提交"):
        event(made)


def test_only_who_enters_the_month_grants(db):
    made = house()
    sentence = "只有本支部的书记、副书记、组织委员或记分员可以集体计分。"
    assert answers(made, lambda user: event(made, by=user)) == only(
        made, sentence, "secretary", "deputy", "commissioner"
    )


def test_undo_reverses_what_still_stands_once(db):
    made = house()
    grant = event(made, people=[made.cast.member, made.cast.colleague, made.cast.deputy])
    reverse_entry(grant.entries.get(account=made.account(made.cast.deputy)), by=made.cast.secretary, reason="没有参加")
    assert granting.reverse_grant(grant, by=made.cast.secretary, reason="记错月份") == 2
    assert granting.reverse_grant(grant, by=made.cast.secretary, reason="记错月份") == 0
    assert made.standing() == []
    assert LedgerEntry.objects.count() == 6


def test_undo_needs_a_reason_and_a_month_not_yet_checked(db):
    made = house()
    grant = event(made)
    with pytest.raises(Refused, match="请写明撤销的原因"):
        granting.reverse_grant(grant, by=made.cast.secretary, reason=" ")
    made.submit()
    made.check()
    with pytest.raises(Refused, match="已审核，不能撤销"):
        granting.reverse_grant(grant, by=made.cast.secretary, reason="记错")
    assert len(made.standing()) == 2 + 2


def test_grant_marks_the_scores_that_show_too_little(db):
    made = house()
    made.submit()
    made.recall()
    compute_units([made.cast.branch.pk], MONTH)
    StaleScore.objects.all().delete()
    event(made)
    marked = StaleScore.objects.values_list("account", "month")
    assert set(marked) == {(made.account(user).pk, MONTH) for user in (made.cast.member, made.cast.colleague)}
