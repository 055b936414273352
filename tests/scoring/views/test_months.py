"""Progress of the months, and the steps from entry to closing as pages."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from scoring.models import Month, MonthPolicy, Score, Seal
from scoring.services.seals import verify_ledger
from tests.factories import branch
from tests.scoring.factories import MONTH
from tests.scoring.world import World, world

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def step(made: World, user, name: str, **fields: str):
    url = reverse(f"scoring:month-{name}", args=[made.cast.branch.pk, MONTH])
    return client_of(user).post(url, fields, follow=True)


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_month_goes_from_entry_to_closing():
    made = world()
    assert said(step(made, made.cast.secretary, "submit")) == ["2026 年 9 月已提交支委会审核。"]
    assert said(step(made, made.cast.commissioner, "check")) == ["2026 年 9 月审核通过。"]
    assert said(step(made, made.cast.committee_member, "close")) == ["2026 年 9 月已结账并封签。"]
    assert made.month().state == Month.State.CLOSED


def test_submitter_cannot_check_own_month():
    made = world()
    made.submit()
    sentences = said(step(made, made.cast.secretary, "check"))
    assert sentences == ["提交人不能审核自己提交的月份，请由支委会其他成员审核。"]
    assert made.month().state == Month.State.SUBMITTED


def test_return_needs_a_reason_and_shows_it():
    made = world()
    made.submit()
    assert said(step(made, made.cast.commissioner, "return")) == ["请写明退回的原因，让录入人知道要改什么。"]
    step(made, made.cast.commissioner, "return", reason="李静怡的加分没有依据")
    assert (made.month().state, made.month().return_reason) == (Month.State.OPEN, "李静怡的加分没有依据")


def test_recall_until_someone_has_checked():
    made = world()
    made.submit()
    assert said(step(made, made.cast.secretary, "recall")) == ["2026 年 9 月已撤回，可以继续修改。"]
    made.submit()
    made.check()
    assert "不能撤回" in said(step(made, made.cast.secretary, "recall"))[0]


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        ("member", "submit", 403),
        ("stranger", "submit", 403),
        ("group_leader", "check", 403),
        ("committee_member", "submit", 403),
        ("system_admin", "close", 403),
        ("auditor", "close", 404),
    ],
)
def test_steps_refuse_other_roles(role, name, status):
    made = world()
    response = step(made, made.cast.by_role()[role], name)
    assert response.status_code == status
    assert made.month().state == Month.State.OPEN


def test_steps_refuse_get():
    made = world()
    url = reverse("scoring:month-submit", args=[made.cast.branch.pk, MONTH])
    assert client_of(made.cast.secretary).get(url).status_code == 405


def test_list_shows_own_branch_to_secretary_and_all_to_committee():
    made = world()
    url = reverse("scoring:month-list")
    own = client_of(made.cast.secretary).get(url, {"month": MONTH})
    everything = client_of(made.cast.committee_member).get(url, {"month": MONTH})
    assert [line.unit.name for line in own.context["lines"]] == ["检修部党支部"]
    assert {line.unit.name for line in everything.context["lines"]} == {"机关党支部", "检修部党支部", "运行部党支部"}


def test_list_filters_by_state():
    made = world()
    made.submit()
    client = client_of(made.cast.committee_member)
    url = reverse("scoring:month-list")
    submitted = client.get(url, {"month": MONTH, "state": "SUBMITTED"})
    still_open = client.get(url, {"month": MONTH, "state": "OPEN"})
    assert [line.unit.name for line in submitted.context["lines"]] == ["检修部党支部"]
    assert len(still_open.context["lines"]) == 2
    assert submitted.context["counts"] == {"OPEN": 2, "SUBMITTED": 1, "CHECKED": 0, "CLOSED": 0, "ALL": 3}


def test_list_takes_the_same_queries_for_more_branches(queries):
    made = world()
    client = client_of(made.cast.committee_member)
    url = reverse("scoring:month-list")
    client.get(url)
    with queries() as few:
        client.get(url)
    for _number in range(3):
        branch(made.cast.committee)
    with queries() as more:
        client.get(url)
    assert len(more) == len(few) <= 12


def test_committee_closes_the_ticked_months_and_names_the_refused():
    made = world()
    made.submit()
    made.check()
    client = client_of(made.cast.committee_member)
    response = client.post(
        reverse("scoring:months-close"), {"month": MONTH, "unit": [made.cast.branch.pk]}, follow=True
    )
    assert said(response) == ["已结账 1 个支部。"]
    again = client.post(reverse("scoring:months-close"), {"month": MONTH, "unit": [made.cast.branch.pk]}, follow=True)
    assert said(again)[0].startswith("检修部党支部：")


def test_closing_without_a_choice_says_so():
    made = world()
    client = client_of(made.cast.committee_member)
    response = client.post(reverse("scoring:months-close"), {"month": "x"}, follow=True)
    assert said(response) == ["没有选中任何支部，请勾选后再结账。"]


def test_policy_is_saved_and_refuses_days_out_of_order():
    made = world()
    client = client_of(made.cast.business_admin)
    url = reverse("scoring:policy-edit", args=[made.cast.committee.pk])
    days = {"submit_by_day": 4, "check_by_day": 6, "close_by_day": 9, "answer_days": 3, "remind_days": 7}
    days |= {"closed_by": "COMMITTEE"}
    assert client.post(url, days).status_code == 302
    policy = MonthPolicy.objects.get()
    assert (policy.answer_days, policy.remind_days) == (3, 7)
    refused = client.post(url, days | {"check_by_day": 2})
    assert "提交不晚于审核" in str(refused.context["form"].errors)
    assert MonthPolicy.objects.get().check_by_day == 6


def test_answer_days_hold_up_the_closing():
    made = world()
    MonthPolicy.objects.create(unit=made.cast.committee, answer_days=5)
    made.type(made.cast.member, "减-1", "-1")
    made.submit()
    made.check()
    sentences = said(step(made, made.cast.committee_member, "close"))
    assert "党员可在" in sentences[0]
    assert made.month().state == Month.State.CHECKED


def test_closed_month_is_reopened_with_a_reason_and_closed_anew():
    made = world(closed=True)
    assert said(step(made, made.cast.committee_member, "reopen")) == ["请写明重新打开的原因，它会留在办理记录里。"]
    step(made, made.cast.committee_member, "reopen", reason="李静怡漏记一次")
    assert (made.month().state, made.month().return_reason) == (Month.State.OPEN, "李静怡漏记一次")
    made.type(made.cast.colleague, "加-3", "2")
    for walk in (made.submit, made.check, made.close):
        walk()
    assert [seal.number for seal in Seal.objects.order_by("number")] == [1, 2]
    assert verify_ledger() == []
    assert Score.objects.get(account=made.account(made.cast.colleague)).total == Decimal(63)


@pytest.mark.parametrize("role", ["secretary", "commissioner", "member", "business_admin"])
def test_only_the_committee_reopens(role):
    made = world(closed=True)
    assert step(made, made.cast.by_role()[role], "reopen", reason="想改").status_code == 403
    assert made.month().is_closed


def test_month_that_is_not_closed_is_not_reopened():
    made = world()
    made.submit()
    assert "没有结账" in said(step(made, made.cast.committee_member, "reopen", reason="想改"))[0]
