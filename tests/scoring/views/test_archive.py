"""Archiving a year, and adjusting what it holds."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scoring.models import ArchivedYear, LedgerEntry, Score
from scoring.months import month_of
from tests.scoring.granting import House
from tests.scoring.test_archive import archived, year_closed

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def archive(made: House, year: int):
    url = reverse("scoring:archive-year", args=[made.cast.committee.pk, year])
    return client_of(made.cast.committee_member).post(url, follow=True)


def scored(made: House) -> House:
    Score.objects.create(
        account=made.account(made.cast.member), month=202509, unit=made.cast.branch, rule_set=made.rules, total=1,
        sections=[], computed_at=timezone.now(),
    )  # fmt: skip
    return made


def adjust(made: House, **given):
    fields = {
        "corrects": 202509, "month": month_of(timezone.localdate()), "points": "-2.5", "reason": "漏记一次缺席",
        "key": uuid.uuid4(),
    } | given  # fmt: skip
    url = reverse("scoring:account-adjust", args=[made.account(made.cast.member).pk])
    return client_of(made.cast.committee_member).post(url, fields, follow=True)


def test_year_is_archived_and_listed():
    made = year_closed()
    page = archive(made, 2025)
    assert said(page) == ["2025 年度已归档。"]
    lines = [(line.year, line.closed, line.begun, line.archived is not None) for line in page.context["lines"]]
    assert lines == [(2025, 36, 36, True)]


def test_missing_months_are_named_on_the_page():
    made = year_closed(but=(202503,))
    assert said(archive(made, 2025)) == ["2025 年还不能归档，请先结账：检修部党支部（3 月）。"]
    assert not ArchivedYear.objects.exists()


def test_only_committees_have_archives():
    made = year_closed()
    url = reverse("scoring:archive-list", args=[made.cast.branch.pk])
    assert client_of(made.cast.committee_member).get(url).status_code == 404


def test_adjustment_leads_to_its_record():
    made = scored(archived())
    page = adjust(made)
    entry = LedgerEntry.objects.get()
    assert said(page) == [f"已记入调整，台账记录 #{entry.pk}。"]
    assert page.redirect_chain[-1][0] == reverse("scoring:entry", args=[entry.pk])
    assert (str(entry.points), entry.corrects_month, entry.reason) == ("-2.50", 202509, "漏记一次缺席")
    assert "2025 年 9 月" in page.content.decode()


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"points": "0"}, {"points": ["请填写调整分，不能为 0。"]}),
        ({"points": "很多"}, {"points": ["调整分：“很多”不是数字，最多两位小数，请改正。"]}),
        ({"points": "20000"}, {"__all__": ["调整分不能为 0，也不能超过 10000 分，请核对。"]}),
    ],
)
def test_adjustment_keeps_what_was_typed_when_it_is_refused(given, errors):
    made = scored(archived())
    form = adjust(made, **given).context["form"]
    assert (form.errors, form["points"].value()) == (errors, given["points"])
    assert not LedgerEntry.objects.exists()


def test_without_an_archived_year_there_is_nothing_to_adjust():
    made = scored(year_closed())
    url = reverse("scoring:account-adjust", args=[made.account(made.cast.member).pk])
    page = client_of(made.cast.committee_member).get(url)
    assert (page.context["corrects"], "不用调整" in page.content.decode()) == ([], True)


def test_score_page_and_ledger_offer_the_adjustment_to_who_may():
    made = scored(archived())
    account = made.account(made.cast.member).pk
    link = reverse("scoring:account-adjust", args=[account])
    offered = {}
    for role in ("member", "secretary", "committee_member", "business_admin"):
        client = client_of(made.cast.by_role()[role])
        for page in ("score-of", "scoring:ledger"):
            offered[role, page] = link in client.get(reverse(page, args=[account])).content.decode()
    assert {place for place, is_there in offered.items() if is_there} == {
        (role, page) for role in ("committee_member", "business_admin") for page in ("score-of", "scoring:ledger")
    }
