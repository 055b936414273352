"""Rankings, ledger, entry and reversal as pages."""

import pytest
from django.test import Client
from django.urls import reverse

from scoring.models import LedgerEntry
from tests.factories import member
from tests.scoring.factories import MONTH
from tests.scoring.world import world

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_member_sees_the_ranking_of_the_own_branch_only_when_closed():
    made = world()
    made.submit()
    url = reverse("scoring:ranking-of", args=[made.cast.branch.pk])
    client = client_of(made.cast.member)
    assert client.get(url, {"month": MONTH}).context["rows"] == []
    made.check()
    made.close()
    rows = client.get(url, {"month": MONTH}).context["rows"]
    assert [(str(row.score.account.member), row.rank) for row in rows[:2]] == [("王建国", 1), ("李静怡", 2)]


def test_stranger_does_not_see_the_ranking_of_another_branch():
    made = world(closed=True)
    url = reverse("scoring:ranking-of", args=[made.cast.branch.pk])
    assert client_of(made.cast.stranger).get(url).status_code == 403


def test_committee_ranking_uses_the_rank_table_and_ties_share_a_rank():
    made = world()
    made.type(made.cast.colleague, "加-3", "2")
    made.submit()
    made.check()
    made.close()
    url = reverse("scoring:ranking-of", args=[made.cast.committee.pk])
    rows = client_of(made.cast.committee_member).get(url, {"month": MONTH}).context["rows"]
    assert [(str(row.score.account.member), row.rank) for row in rows[:3]] == [
        ("李静怡", 1),
        ("王建国", 1),
        ("陈志远", 3),
    ]


def test_ranking_home_leads_to_the_nearest_unit():
    made = world(closed=True)
    url = reverse("scoring:ranking")
    to_branch = reverse("scoring:ranking-of", args=[made.cast.branch.pk])
    to_committee = reverse("scoring:ranking-of", args=[made.cast.committee.pk])
    for role, target in (("member", to_branch), ("group_leader", to_branch), ("committee_member", to_committee)):
        assert client_of(made.cast.by_role()[role]).get(url).url == target
    assert client_of(made.cast.auditor).get(url).status_code == 200


def test_ranking_takes_the_same_queries_for_more_members(queries):
    made = world(closed=True)
    client = client_of(made.cast.committee_member)
    for unit in (made.cast.branch, made.cast.committee):
        url = reverse("scoring:ranking-of", args=[unit.pk])
        client.get(url)
        with queries() as few:
            client.get(url, {"month": MONTH})
        assert len(few) <= 12


def test_ledger_shows_every_entry_to_those_who_may():
    made = world(closed=True)
    account = made.account(made.cast.member)
    url = reverse("scoring:ledger", args=[account.pk])
    for role in ("member", "group_leader", "secretary", "commissioner", "committee_member"):
        page = client_of(made.cast.by_role()[role]).get(url).context["page"]
        assert {entry.item.code for entry in page} == {"基-1", "加-2"}
    for role in ("colleague", "stranger", "system_admin", "auditor"):
        assert client_of(made.cast.by_role()[role]).get(url).status_code == 404


def test_ledger_and_entry_take_the_same_queries_for_more_lines(queries):
    made = world(closed=True)
    client = client_of(made.cast.secretary)
    client.get(reverse("scoring:ranking"))
    counts = []
    for user in (made.cast.colleague, made.cast.member):
        with queries() as asked:
            client.get(reverse("scoring:ledger", args=[made.account(user).pk]))
        counts.append(len(asked))
    assert max(counts) <= 12
    with queries() as asked:
        client.get(reverse("scoring:entry", args=[made.entry(made.cast.member, "加-2").pk]))
    assert len(asked) <= 12


def test_reversal_takes_the_entry_out_and_names_its_reason():
    made = world()
    made.submit()
    entry = made.entry(made.cast.member, "加-2")
    url = reverse("scoring:entry-reverse", args=[entry.pk])
    response = client_of(made.cast.secretary).post(url, {"reason": "重复登记"}, follow=True)
    reversal = LedgerEntry.objects.get(reverses=entry)
    assert said(response) == [f"已冲正，冲正记录为 #{reversal.pk}。"]
    assert (reversal.points, reversal.reason) == (-entry.points, "重复登记")
    assert not LedgerEntry.objects.standing().filter(account=entry.account, item=entry.item).exists()


def test_reversal_in_a_closed_month_is_refused():
    made = world(closed=True)
    entry = made.entry(made.cast.member, "加-2")
    url = reverse("scoring:entry-reverse", args=[entry.pk])
    response = client_of(made.cast.secretary).post(url, {"reason": "重复登记"}, follow=True)
    assert "已结账，不能冲正" in said(response)[0]
    assert not LedgerEntry.objects.filter(reverses=entry).exists()


def test_reversal_in_a_checked_month_is_refused():
    made = world()
    made.submit()
    made.check()
    entry = made.entry(made.cast.member, "加-2")
    response = client_of(made.cast.secretary).post(
        reverse("scoring:entry-reverse", args=[entry.pk]), {"reason": "重复登记"}, follow=True
    )
    assert said(response) == ["2026 年 9 月已审核，不能直接冲正。请先由审核人退回，更正后重新提交。"]
    assert not LedgerEntry.objects.filter(reverses=entry).exists()


@pytest.mark.parametrize(("role", "status"), [("member", 403), ("stranger", 404), ("committee_member", 403)])
def test_reversal_refuses_other_roles(role, status):
    made = world()
    made.submit()
    entry = made.entry(made.cast.member, "加-2")
    url = reverse("scoring:entry-reverse", args=[entry.pk])
    assert client_of(made.cast.by_role()[role]).post(url, {"reason": "x"}).status_code == status


def test_reversal_needs_a_reason():
    made = world()
    made.submit()
    entry = made.entry(made.cast.member, "加-2")
    url = reverse("scoring:entry-reverse", args=[entry.pk])
    response = client_of(made.cast.secretary).post(url, {"reason": " "}, follow=True)
    assert said(response) == ["请写明冲正的原因，不超过 200 字。"]


def test_member_of_no_unit_is_told():
    made = world()
    outsider = member(None, name="周敏")
    assert outsider.pk
    response = client_of(made.cast.system_admin).get(reverse("scoring:ranking"))
    assert "没有可以查看的排名" in response.content.decode()
