"""A year archived, and what is found afterwards: an adjustment, by someone above, outside every cap."""

import datetime
import uuid
from decimal import Decimal

import pytest

from members.errors import Refused
from members.models import Membership, OrgUnit
from scoring.models import ArchivedYear, LedgerEntry, Month, Score
from scoring.services import granting, months
from scoring.services.adjusting import adjust, archived_months, open_months
from scoring.services.archive import archive_year, is_archived, unclosed
from scoring.services.scores import compute_units
from tests.factories import branch
from tests.harness.threads import race
from tests.scoring.factories import MONTH
from tests.scoring.granting import House, answers, house, only

LAST_YEAR = range(202501, 202513)


def year_closed(*, but: tuple[int, ...] = (), since: int = 202501) -> House:
    """Last year's months are closed in every branch, except some of the branch of the cast."""
    made = house(since)
    rows = []
    for unit in OrgUnit.objects.branches():
        for month in LAST_YEAR:
            is_closed = unit != made.cast.branch or month not in but
            state = Month.State.CLOSED if is_closed else Month.State.OPEN
            rows.append(Month(unit=unit, month=month, state=state, closed_by=made.cast.committee_member))
    Month.objects.bulk_create(rows)
    return made


def archived() -> House:
    made = year_closed()
    archive_year(made.cast.committee, 2025, by=made.cast.committee_member)
    return made


def test_year_is_archived_once_every_month_is_closed(db):
    made = year_closed()
    row = archive_year(made.cast.committee, 2025, by=made.cast.committee_member)
    assert archive_year(made.cast.committee, 2025, by=made.cast.business_admin) == row
    assert ArchivedYear.objects.get() == row
    assert [is_archived(made.cast.branch, year) for year in (2024, 2025, 2026)] == [False, True, False]


def test_archive_names_the_months_that_are_missing(db):
    made = year_closed(but=(202503, 202511))
    with pytest.raises(Refused) as refusal:
        archive_year(made.cast.committee, 2025, by=made.cast.committee_member)
    assert str(refusal.value) == "2025 年还不能归档，请先结账：检修部党支部（3、11 月）。"
    assert not ArchivedYear.objects.exists()


@pytest.mark.parametrize(("since", "missing"), [(202503, []), (202502, ["检修部党支部（2 月）"])])
def test_months_without_rules_or_members_need_no_closing(db, since, missing):
    made = year_closed(but=(202501, 202502), since=since)
    branch(made.cast.committee, "新成立的支部")
    assert [str(one) for one in unclosed(made.cast.committee, 2025)] == missing


def test_year_without_months_cannot_be_archived(db):
    made = year_closed()
    with pytest.raises(Refused, match="没有可归档的内容"):
        archive_year(made.cast.committee, 2019, by=made.cast.committee_member)


def test_only_a_committee_archives_and_only_who_decides_there(db):
    made = year_closed()
    with pytest.raises(Refused, match="由党委归档"):
        archive_year(made.cast.branch, 2025, by=made.cast.committee_member)
    told = answers(made, lambda user: archive_year(made.cast.committee, 2025, by=user))
    assert told == only(made, "只有党委书记、委员或党务工作者可以归档。", "committee_member", "business_admin")


def test_archived_month_is_neither_reopened_nor_filled(db):
    made = archived()
    row = made.month(202509)
    with pytest.raises(Refused, match="2025 年度已经归档，9 月不能再改；需要更正请由党委在录入中的月份做“调整”"):
        months.reopen_month(row, by=made.cast.committee_member, reason="漏记")
    # A branch that had nobody then never closed anything.
    Month.objects.filter(pk=row.pk).delete()
    with pytest.raises(Refused, match="已经归档"):
        months.submit_month(made.month(202509), by=made.cast.secretary)
    given = {"text": "1", "reason": "补记", "by": made.cast.secretary, "key": uuid.uuid4()}
    with pytest.raises(Refused, match="已经归档"):
        granting.grant_group_event(made.month(202509), made.item("加-1"), [made.account(made.cast.member).pk], **given)


def test_archived_and_reopened_at_once_never_leaves_an_open_month_in_an_archived_year(real_db):
    made = year_closed()
    by = made.cast.committee_member
    acts = [
        lambda: archive_year(made.cast.committee, 2025, by=by),
        lambda: months.reopen_month(made.month(202509), by=by, reason="漏记"),
    ]
    outcomes = race(2, lambda number: acts[number]())
    assert [type(one) for one in outcomes if isinstance(one, Exception)] == [Refused]
    is_open = Month.objects.filter(month=202509).exclude(state=Month.State.CLOSED).exists()
    assert is_open != ArchivedYear.objects.exists()


# --- adjustments ---------------------------------------------------------------------------------
KEY = uuid.UUID(int=5)


def adjusted(made: House, user=None, **given) -> LedgerEntry:
    options = {
        "corrects": 202509, "points": -250, "reason": "漏记一次缺席", "by": made.cast.committee_member, "key": KEY,
    } | given  # fmt: skip
    return adjust(made.account(user or made.cast.member), made.month(), **options)


def test_adjustment_counts_outside_every_cap_and_names_its_month(db):
    made = archived()
    entry = adjusted(made, points=20_000)
    assert (entry.item, entry.source, entry.corrects_month, entry.month, entry.points) == (
        None, "ADJUSTMENT", 202509, MONTH, Decimal("200.00"),
    )  # fmt: skip
    compute_units([made.cast.branch.pk], MONTH)
    assert Score.objects.get(account=made.account(made.cast.member)).total == Decimal("200.00")


def test_same_key_twice_is_one_adjustment(db):
    made = archived()
    first = adjusted(made)
    assert adjusted(made) == first
    assert LedgerEntry.objects.count() == 1


def test_adjustment_is_made_by_someone_above_and_never_for_oneself(db):
    made = archived()
    told = answers(made, lambda user: adjusted(made, by=user))
    assert told == only(made, "只有党委书记、委员或党务工作者可以调整。", "committee_member", "business_admin")
    office = Membership.objects.get(member=made.cast.committee_member.member).branch
    with pytest.raises(Refused, match="不能调整自己的积分"):
        adjust(
            made.account(made.cast.committee_member), made.month(branch=office), corrects=202509, points=100,
            reason="自己", by=made.cast.committee_member, key=KEY,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"reason": " "}, "请写明调整的原因"),
        ({"reason": "长" * 201}, "最多 200 字"),
        ({"points": 0}, "不能为 0"),
        ({"points": 1_000_001}, "不能超过 10000 分"),
        ({"corrects": 202608}, "2026 年 8 月所在年度还没有归档，不用调整"),
        ({"corrects": 201912}, "没有积分，请核对月份"),
        ({"corrects": 202513}, "没有积分，请核对月份"),
    ],
)
def test_adjustment_refuses_with_a_sentence(db, given, sentence):
    made = archived()
    with pytest.raises(Refused, match=sentence):
        adjusted(made, **given)
    assert not LedgerEntry.objects.exists()


def test_adjustment_needs_an_open_month_of_the_members_branch(db):
    made = archived()
    with pytest.raises(Refused, match="孙立新本月不在本支部的积分名单中"):
        adjusted(made, user=made.cast.stranger)
    made.submit()
    with pytest.raises(Refused, match="已提交"):
        adjusted(made)


def test_months_offered_for_an_adjustment(db):
    made = archived()
    own = made.account(made.cast.member)
    for month in (202508, 202509, 202601):
        Score.objects.create(
            account=own, month=month, unit=made.cast.branch, rule_set=made.rules, total=1, sections=[],
            computed_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        )  # fmt: skip
    assert archived_months(own) == [202509, 202508]
    today = datetime.date.today()
    latest = today.year * 100 + today.month
    assert [row.month for row in open_months(own)][-1] == latest
