"""Claims that cannot count, typed into the form that members use: each is refused with a sentence, nothing is kept."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent, Membership, User
from scoring.models import ArchivedYear, Claim, Item, LedgerEntry, Month, Section
from scoring.services.claims import advance_claim
from tests.factories import exclusion, user
from tests.scoring.claiming import DAY, Claiming, claiming
from tests.scoring.factories import MONTH

pytestmark = pytest.mark.django_db
NEW = reverse("scoring:claim-create")


@pytest.fixture
def made() -> Claiming:
    return claiming("审定")


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def fill_in(made: Claiming, code: str = "加-1", **typed: str) -> list[str]:
    """What the next page says against it; empty when the claim was taken."""
    given = {
        "text": "1", "happened_on": f"{DAY}", "month": "", "reason": "周末社区义诊", "key": str(uuid.uuid4()),
        "submit": "1",
    } | typed  # fmt: skip
    page = client_of(made.cast.member).post(f"{NEW}?item={code}", given, follow=True)
    assert page.status_code == 200
    if page.redirect_chain:
        return []
    if "form" not in page.context:
        return [str(message) for message in page.context["messages"]]
    return [sentence for sentences in page.context["form"].errors.values() for sentence in sentences]


# --- where and when ------------------------------------------------------------------------------
def months(made: Claiming, *numbers: int, state: str = "CLOSED") -> None:
    closer = made.cast.committee_member if state == "CLOSED" else None
    Month.objects.bulk_create(
        Month(unit=made.cast.branch, month=number, state=state, closed_by=closer) for number in numbers
    )


def all_closed(made: Claiming) -> None:
    months(made, *range(202601, 202613))


def checked(made: Claiming) -> None:
    months(made, *range(202601, 202613), state="CHECKED")


def archived(made: Claiming) -> None:
    ArchivedYear.objects.create(unit=made.cast.committee, year=2026, by=made.cast.committee_member)


def left_out(made: Claiming) -> None:
    exclusion(made.cast.member.member, user(), started_on=datetime.date(2026, 1, 1))


def came_later(made: Claiming) -> None:
    Membership.objects.filter(member=made.cast.member.member).update(started_on=datetime.date(2026, 9, 20))


def as_it_is(made: Claiming) -> None:
    """Nothing in the way but what is typed."""


_NOT_OFFERED = "这一条款不能申报，可能办法刚刚改过；请重新选择条款。"


@pytest.mark.parametrize(
    ("scene", "typed", "sentence"),
    [
        (all_closed, {}, "2026 年 9 月已审核或结账，不能再计入；请把计入月份改到还在录入的月份。"),
        (checked, {}, "2026 年 9 月已审核或结账，不能再计入；请把计入月份改到还在录入的月份。"),
        (all_closed, {"month": "202609"}, "这个月份现在不能计入（可能已审核或结账），请选择“自动”或还在录入的月份。"),
        (archived, {}, "2026 年度已经归档，9 月"),
        (left_out, {}, "2026 年 9 月按决定不列入积分，请核对月份。"),
        (came_later, {}, "2026-09-12 时不在任何支部，以前的事项不能申报；请核对发生日期。"),
        (came_later, {"month": "202610"}, "2026-09-12 时不在任何支部，以前的事项不能申报；请核对发生日期。"),
        (as_it_is, {"happened_on": "2019-12-31"}, "2019-12-31 时不在任何支部，以前的事项不能申报；请核对发生日期。"),
        (as_it_is, {"happened_on": "2099-01-01"}, "发生日期还没有到，请核对。"),
        (as_it_is, {"happened_on": "2026-09-31"}, "请写成 2026-09-30 的样子。"),
        (as_it_is, {"happened_on": "去年"}, "请写成 2026-09-30 的样子。"),
        (as_it_is, {"month": "202608"}, "计入月份须与发生日期在同一年，且不早于发生的月份，请核对。"),
        (as_it_is, {"code": "加-3"}, "加-3 骨干带头只适用于骨干类，请另选条款。"),
        (as_it_is, {"code": "加-4"}, _NOT_OFFERED),
        (as_it_is, {"code": "减-1"}, _NOT_OFFERED),
        (as_it_is, {"code": "没有这一条"}, _NOT_OFFERED),
        (as_it_is, {"reason": "长" * 201}, "事由最多 200 字，现在 201 字，请缩短。"),
    ],
)  # fmt: skip
def test_claim_that_cannot_count_is_refused_and_not_kept(
    made: Claiming, scene: Callable[[Claiming], None], typed: dict[str, str], sentence: str
) -> None:
    scene(made)
    said = fill_in(made, **typed)
    assert (len(said), said[0][: len(sentence)]) == (1, sentence)
    assert (Claim.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_item_of_another_unit_cannot_be_claimed(made):
    section = Section.objects.get(rule_set=made.rules, code="加")
    Item.objects.create(
        section=section, unit=made.cast.other_branch, from_month=202601, code="自-1", name="运行部的条款", position=99,
        pricing="fixed", pricing_table={"points": "1"}, claimable=True,
    )  # fmt: skip
    assert fill_in(made, "自-1") == [_NOT_OFFERED]
    assert not Claim.objects.exists()


def test_refused_claim_leaves_a_line_with_the_sentence(made):
    all_closed(made)
    said = fill_in(made)
    event = AuditEvent.objects.get(result="REFUSED")
    assert (event.user, event.action, event.target, [event.detail]) == (
        made.cast.member, "scoring.file_claim", "/claims/new/", said,
    )  # fmt: skip


def test_closed_month_is_passed_over_when_a_later_one_of_the_year_takes_claims(made):
    months(made, MONTH)
    assert fill_in(made) == []
    assert (Claim.objects.get().month, Claim.objects.get().happened_on) == (202610, DAY)


def test_used_up_cap_is_allowed_and_said(made):
    advance_claim(made.claim(text="2次"), by=made.cast.secretary)
    assert fill_in(made) == []
    claim = Claim.objects.latest("pk")
    page = client_of(made.cast.member).get(reverse("scoring:claim-detail", args=[claim.pk]))
    note = "该条款每月最多 4 分，本月已入账 4 分：可以申报并留下记录，超出部分不计分。"
    assert (claim.state, page.context["note"], note in page.content.decode()) == ("CLAIMED", note, True)


# --- quantities ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed",
    ["1_000", "1e2", "0x10", "١٢", "१२", "一", "½", "²", "1.0.0", "1..5", "--1", "+-1", "NaN", "∞", "1 2", "=1+1",
     "1/2", "99999999999", "1" * 41],
)  # fmt: skip
def test_quantity_that_is_no_plain_number_is_refused(made, typed):
    said = fill_in(made, text=typed)
    assert len(said) == 1
    assert "。" in said[0]
    assert not Claim.objects.exists()


@pytest.mark.parametrize(("typed", "text"), [("２", "2次"), ("３次", "3次"), (" 2 ", "2次"), ("2.0", "2次")])
def test_quantity_is_read_with_the_digits_of_any_keyboard(made, typed, text):
    assert fill_in(made, text=typed) == []
    assert Claim.objects.get().text == text
