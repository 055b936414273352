"""What-if as a page and a workbook: who gets in, what stands there, and that reading writes nothing."""

import io

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent
from scoring.services.rules import load_rule_set, text_of
from scoring.whatif import asked as asking
from tests.scoring.factories import MONTH, rule_set
from tests.scoring.world import World, world

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


class Tried:
    """A closed month, and a draft under which the activity is worth nothing."""

    def __init__(self):
        self.world: World = world(closed=True)
        self.cast = self.world.cast
        content = text_of(self.world.rules).replace("条款号: 加-2,", "条款号: 加-9,").split("示例:")[0]
        self.draft = load_rule_set(content, owner=self.cast.committee, by=None)

    def get(self, name: str = "rules-what-if", by=None, **query: object):
        client = client_of(by or self.cast.business_admin)
        return client.get(reverse(f"scoring:{name}", args=[self.draft.pk]), query)

    def query(self) -> dict[str, object]:
        return {"unit": self.cast.committee.pk, "span": f"MONTH:{MONTH}"}


def test_page_offers_units_and_spans_and_computes_nothing_yet():
    tried = Tried()
    page = tried.get()
    assert page.context["form"].fields["unit"].initial == tried.cast.committee.pk
    assert "figures" not in page.context
    assert f'value="MONTH:{MONTH}"' in page.content.decode()


def test_page_without_scores_says_what_comes_first():
    people = world().cast
    draft = rule_set(people.committee, published=False)
    page = client_of(people.business_admin).get(reverse("scoring:rules-what-if", args=[draft.pk]))
    assert "还没有可以试算的积分" in page.content.decode()


def test_outcome_names_everyone_the_biggest_change_first():
    tried = Tried()
    page = tried.get(**tried.query())
    lines = [(str(line.account), str(line.change)) for line in page.context["lines"]]
    assert lines[:2] == [("王建国", "-3.00"), ("李静怡", "-1.00")]
    assert {change for _name, change in lines[2:]} == {"0.00"}
    text = page.content.decode()
    assert "这份办法里没有这个条款，不计分。" in text
    assert "共 2 条记录" in text


@pytest.mark.parametrize("name", ["rules-what-if", "rules-what-if-xlsx"])
def test_those_who_administer_or_decide_get_in(name):
    tried = Tried()
    got = {
        role
        for role, user in tried.cast.by_role().items()
        if tried.get(name, user, **tried.query()).status_code == 200
    }
    assert got == {"business_admin", "committee_member"}


def test_unknown_units_and_spans_are_refused():
    tried = Tried()
    for query in ({"unit": 0, "span": "MONTH:1"}, {"unit": tried.cast.committee.pk, "span": "DECADE:202609"}):
        page = tried.get(**query)
        assert "figures" not in page.context
        assert page.context["form"].errors
        answer = tried.get("rules-what-if-xlsx", **query)
        assert answer.url == reverse("scoring:rules-what-if", args=[tried.draft.pk])


def test_unit_too_big_is_told_on_the_page(monkeypatch):
    monkeypatch.setattr(asking, "MOST_ACCOUNTS", 1)
    tried = Tried()
    assert "请选择它下面的一个组织" in tried.get(**tried.query()).content.decode()
    assert tried.get("rules-what-if-xlsx", **tried.query()).status_code == 302


def test_workbook_holds_everyone_and_leaves_a_line_in_the_log():
    tried = Tried()
    answer = tried.get("rules-what-if-xlsx", **tried.query())
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    assert {sheet.title: [cell.value for cell in sheet[2]][:3] for sheet in book} == {
        "概况": ["项目", "数值"],
        "名单": ["序号", "姓名", "工号"],
        "板块": ["板块", "原人均", "试算人均"],
        "未计入的记录": ["条款", "原因", "记录数"],
    }
    assert [cell.value for cell in book["名单"][3]][1] == "王建国"
    line = AuditEvent.objects.filter(action="scoring.export_what_if").get()
    assert (line.user, line.detail) == (tried.cast.business_admin, "华东能源集团有限公司党委 2026 年 9 月，6 人")
