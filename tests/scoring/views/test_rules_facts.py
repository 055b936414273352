"""What the page of a rule set says before its clauses: totals, the way of a claim, what a veto does."""

import re

import pytest
from django.urls import reverse

from scoring.services.rules import load_rule_set
from tests.factories import cast

pytestmark = pytest.mark.django_db
RULES = """
代号: facts
名称: 评星办法
周期: 月
生效月份: 202601
{fields}
板块:
  - {{代号: 基, 名称: 基础分, 类别: 基础, 条款: [{{条款号: 基-1, 名称: 履职, 计价: 打分, 最低: 0, 最高: 60}}]}}
"""
MEETING = "否决方式: 支部党员大会表决\n轻度否决: 积分封顶\n轻度封顶分: 60\n重度否决: 积分记零\n否决事由: [违法, 违纪]"


def facts(page: str) -> dict[str, str]:
    """Heading -> text, without marks and doubled spaces."""
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.S)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for name, text in pairs}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (
            f"总分下限: 0\n总分上限: 100\n申报流程: [审核, 审定]\n{MEETING}",
            {
                "总分": "下限 0 分 · 上限 100 分 · 先封顶后扣分",
                "申报流程": "审核 → 审定",
                "一票否决": "支部党员大会表决 轻：积分封顶（60 分） 重：积分记零 有效至：解除为止",
                "否决事由": "违法、违纪",
            },
        ),
        (
            "否决事由: [违法]",
            {
                "总分": "不设下限 · 不设上限 · 先封顶后扣分",
                "申报流程": "初核 → 审核 → 审定",
                "一票否决": "党委决定 重：取消评定资格 有效至：解除为止",
                "否决事由": "违法",
            },
        ),
    ],
)
def test_page_says_how_claims_go_and_what_a_veto_does(client, fields, shown):
    people = cast()
    rules = load_rule_set(RULES.format(fields=fields), owner=people.committee, by=None)
    client.force_login(people.business_admin)
    page = client.get(reverse("scoring:rules-detail", args=[rules.pk])).content.decode()
    found = facts(page)
    assert {name: found[name] for name in shown} == shown


def test_page_of_rules_for_branches_says_nothing_of_claims(client):
    people = cast()
    rules = load_rule_set(RULES.format(fields="对象: 党支部"), owner=people.committee, by=None)
    client.force_login(people.business_admin)
    page = client.get(reverse("scoring:rules-detail", args=[rules.pk])).content.decode()
    assert {"申报流程", "一票否决", "否决事由"} & set(facts(page)) == set()
