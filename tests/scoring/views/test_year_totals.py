"""Last year's totals: upload, look, confirm."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from scoring.models import YearTotal
from tests.scoring.world import world

pytestmark = pytest.mark.django_db


def upload(made, user, text: str, **fields):
    client = Client()
    client.force_login(user)
    url = reverse("scoring:year-totals", args=[made.cast.committee.pk])
    file = SimpleUploadedFile("totals.csv", text.encode())
    return client, url, client.post(url, {"year": 2025, "file": file, **fields})


def test_totals_are_shown_first_and_written_when_confirmed():
    made = world()
    number = made.cast.member.member.staff_number
    client, url, page = upload(made, made.cast.business_admin, f"2025年总分\n姓名,工号,总分\n王建国,{number},８８.5\n")
    assert page.context["count"] == 1
    assert not YearTotal.objects.exists()
    client.post(url, {"preview": page.context["preview"]})
    assert YearTotal.objects.get().total == Decimal("88.50")


def test_all_problems_come_at_once_and_nothing_is_written():
    made = world()
    number = made.cast.member.member.staff_number
    rows = f"工号,总分\n{number},八十\n{number},80\n99999,70\n"
    _client, _url, page = upload(made, made.cast.business_admin, rows)
    assert page.context["problems"] == [
        "第 2 行（B2）：“八十”不是总分，请填数字，最多两位小数。",
        f"第 3 行：工号 {number} 与第 2 行重复，请只保留一行。",
        "第 4 行：工号 99999 不在名册中，请核对或先导入名册。",
    ]
    assert "preview" not in page.context


@pytest.mark.parametrize("total", ["1e2", "1_0", "-1", "NaN", "88.555", "٨٨", ""])
def test_odd_numbers_are_refused(total):
    made = world()
    number = made.cast.member.member.staff_number
    _client, _url, page = upload(made, made.cast.business_admin, f"工号,总分\n{number},{total}\n")
    assert len(page.context["problems"]) == 1


def test_table_without_the_columns_is_refused():
    made = world()
    _client, _url, page = upload(made, made.cast.business_admin, "姓名,分\n王建国,80\n")
    assert page.context["problems"] == ["没有找到“工号”和“总分”两列，请在表头写明这两列后再上传。"]


def test_a_preview_cannot_be_forged_or_used_by_another():
    made = world()
    number = made.cast.member.member.staff_number
    _client, url, page = upload(made, made.cast.business_admin, f"工号,总分\n{number},80\n")
    other = Client()
    other.force_login(made.cast.secretary)
    assert other.post(url, {"preview": page.context["preview"]}).status_code == 403
    _client.post(url, {"preview": page.context["preview"] + "x"})
    assert not YearTotal.objects.exists()
