"""Opening balances and expected counts: a page of members, typed or uploaded, all or nothing."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from scoring.models import ExpectedCount, Opening
from tests.scoring.factories import MONTH
from tests.scoring.granting import House, house

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(made: House, name: str) -> str:
    return reverse(f"scoring:{name}", args=[made.cast.committee.pk]) + "?year=2026"


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def typed(made: House, points: dict) -> dict[str, str]:
    fields = {}
    for user, text in points.items():
        account = made.account(user).pk
        fields |= {f"points-{account}": text, f"from-{account}": str(MONTH)}
    return fields


def test_openings_are_typed_and_shown_again():
    made = house()
    client = client_of(made.cast.business_admin)
    fields = typed(made, {made.cast.member: "８８.5", made.cast.colleague: ""})
    page = client.post(address(made, "openings"), fields, follow=True)
    assert said(page) == ["已保存，更改了 1 人的期初积分。"]
    assert Opening.objects.get().points == Decimal("88.50")
    shown = {line["account"].member.name: (line["points"], line["from_month"]) for line in page.context["lines"]}
    assert shown["王建国"] == ("88.5", str(MONTH))


def test_every_slip_is_named_nothing_is_written_and_what_was_typed_stays():
    made = house()
    fields = typed(made, {made.cast.member: "八十", made.cast.colleague: "1e2", made.cast.deputy: "3"})
    page = client_of(made.cast.business_admin).post(address(made, "openings"), fields)
    assert said(page) == [
        "李静怡：“1e2”不是数字，最多两位小数，请改正。 王建国：“八十”不是数字，最多两位小数，请改正。"
    ]
    assert not Opening.objects.exists()
    shown = {line["account"].member.name: line["points"] for line in page.context["lines"]}
    assert (shown["王建国"], shown["吴海涛"]) == ("八十", "3")


def test_closed_month_is_refused_on_the_page():
    made = house()
    made.close()
    fields = typed(made, {made.cast.member: "80"})
    page = client_of(made.cast.business_admin).post(address(made, "openings"), fields)
    assert said(page) == ["王建国：2026 年 9 月的积分已结账，期初积分请从尚未结账的月份起计。"]


def test_openings_of_many_come_from_a_table():
    made = house()
    client, url = client_of(made.cast.business_admin), address(made, "openings-upload")
    number = made.cast.member.member.staff_number
    file = SimpleUploadedFile("openings.csv", f"姓名,工号,积分\n王建国,{number},88.5\n".encode())
    page = client.post(url, {"from_month": MONTH, "file": file})
    assert (page.context["count"], Opening.objects.count()) == (1, 0)
    assert said(client.post(url, {"preview": page.context["preview"]}, follow=True)) == [
        "已保存，更改了 1 人的期初积分。"
    ]
    assert list(Opening.objects.values_list("account", "from_month", "points")) == [
        (made.account(made.cast.member).pk, MONTH, Decimal("88.50"))
    ]


def test_preview_of_openings_cannot_be_forged_or_used_by_another():
    made = house()
    client, url = client_of(made.cast.business_admin), address(made, "openings-upload")
    number = made.cast.member.member.staff_number
    file = SimpleUploadedFile("openings.csv", f"工号,积分\n{number},88.5\n".encode())
    preview = client.post(url, {"from_month": MONTH, "file": file}).context["preview"]
    assert client_of(made.cast.secretary).post(url, {"preview": preview}).status_code == 403
    assert said(client.post(url, {"preview": preview + "x"}, follow=True)) == ["预览已经过期，请重新上传。"]
    assert not Opening.objects.exists()


def test_search_narrows_the_page_and_members_of_others_are_left_alone():
    made = house()
    client = client_of(made.cast.business_admin)
    page = client.get(address(made, "openings") + "&q=王建国")
    assert [line["account"].member.name for line in page.context["lines"]] == ["王建国"]
    fields = typed(made, {made.cast.member: "1", made.cast.colleague: "2"})
    client.post(address(made, "openings") + "&q=王建国", fields)
    assert [str(row.account) for row in Opening.objects.all()] == ["王建国"]


def test_counts_are_typed_with_the_rules_number_behind_them():
    made = house()
    client = client_of(made.cast.business_admin)
    item = made.item("基-2")
    name = f"count-{made.account(made.cast.member).pk}-{item.pk}"
    page = client.post(address(made, "expected"), {name: "6"}, follow=True)
    assert said(page) == ["已保存，更改了 1 处。"]
    assert list(ExpectedCount.objects.values_list("account", "code", "year", "count")) == [
        (made.account(made.cast.member).pk, "基-2", 2026, 6)
    ]
    assert 'placeholder="12"' in page.content.decode()
    assert said(client.post(address(made, "expected"), {name: ""}, follow=True)) == ["已保存，更改了 1 处。"]
    assert not ExpectedCount.objects.exists()


def test_odd_counts_are_refused():
    made = house()
    name = f"count-{made.account(made.cast.member).pk}-{made.item('基-2').pk}"
    page = client_of(made.cast.business_admin).post(address(made, "expected"), {name: "1.5"})
    assert said(page) == ["王建国，基-2 主题党日：“1.5”不是次数，请填 0 至 9999 的整数。"]


@pytest.mark.parametrize("name", ["openings", "expected"])
def test_page_asks_as_often_for_many_members_as_for_few(name, queries):
    made = house()
    client, counts = client_of(made.cast.business_admin), []
    for query in ("&q=王建国", ""):
        client.get(address(made, name) + query)
        with queries() as asked:
            client.get(address(made, name) + query)
        counts.append(len(asked))
    assert counts[0] == counts[1]
