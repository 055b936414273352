"""Why 87.5? The explanation is the calculation itself, with its steps kept."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from scoring.explanation import explain
from scoring.models import Score, Veto
from scoring.services.months import month_of_unit, submit_month
from scoring.services.scores import compute_units
from tests.factories import cast
from tests.scoring.factories import MONTH, account, draft, item, rule_set
from tests.scoring.world import world

pytestmark = pytest.mark.django_db

# Caps and floors on every level, small enough to be reckoned on paper.
CAPPED = """
代号: capped
名称: 处处封顶
周期: 月
生效月份: 202601
总分上限: 20
小数位数: 1
次序: 先封顶后扣分
板块:
  - 代号: 甲
    名称: 板块甲
    类别: 加分
    满分: 20
    上限: 15
    条款:
      - {条款号: 甲-1, 名称: 每月封顶, 计价: 打分, 最低: 0, 最高: 30, 每月上限: 10}
      - {条款号: 甲-2, 名称: 不封顶, 计价: 打分, 最低: 0, 最高: 30}
  - 代号: 乙
    名称: 板块乙
    类别: 履职
    满分: 30
    权重: 100
    条款:
      - {条款号: 乙-1, 名称: 起始分, 计价: 打分, 最低: 0, 最高: 10, 起始分: 1}
  - 代号: 扣
    名称: 扣分
    类别: 扣分
    下限: -2
    条款:
      - {条款号: 扣-1, 名称: 扣分, 计价: 打分, 最低: -5, 最高: 0}
"""


def scored(texts: dict[str, str]) -> Score:
    people = cast()
    rules = rule_set(people.committee, CAPPED)
    own = account(people.member.member)
    for code, text in texts.items():
        draft(own, item(rules, code), text, people.secretary, people.branch)
    month = month_of_unit(people.branch, MONTH)
    submit_month(month, by=people.secretary)
    return Score.objects.get(account=own)


def notes(score: Score) -> dict[str, list[str]]:
    """What each place says, by code; the total under its own name."""
    explained = explain(score)
    found = {"总分": explained.notes}
    for line in explained.sections:
        found[line.section.code] = line.notes
        found |= {one.item.code: one.notes for one in line.items}
    return {place: said for place, said in found.items() if said}


def test_every_cap_and_floor_says_what_it_took():
    score = scored({"甲-2": "8", "甲-1": "10", "乙-1": "2", "扣-1": "-5"})
    assert notes(score) == {
        "甲": ["合计 18 分，封顶 15 分，未计 3 分"],
        "乙-1": ["起始分 1 分"],
        "乙": ["按权重折算，由 3 分折为 10 分"],
        "扣": ["低于下限，由 −5 分按下限 −2 分计"],
        "总分": ["总分封顶，由 23 分计为 18 分，未计 5 分"],
    }
    assert score.total == Decimal("18.00")


def test_explanation_adds_up_to_the_stored_score():
    made = world(closed=True)
    for score in Score.objects.select_related("account__member", "rule_set"):
        explained = explain(score)
        assert (explained.agrees, explained.total) == (True, score.total)
        assert sum(line.points for line in explained.sections) == score.total
        for line in explained.sections:
            assert sum(one.points for one in line.items) == line.points
    assert made.account(made.cast.member)


def test_explanation_names_the_record_behind_each_item():
    made = world(closed=True)
    score = Score.objects.get(account=made.account(made.cast.member))
    behind = {
        one.item.code: [entry.points for entry in one.entries]
        for line in explain(score).sections
        for one in line.items
    }
    assert behind == {"基-1": [Decimal(60)], "加-1": [], "加-2": [Decimal(3)], "加-3": [], "减-1": [], "减-2": []}


def test_veto_says_what_it_took():
    made = world()
    made.submit()
    own = made.account(made.cast.member)
    Veto.objects.create(
        account=own, level="LIGHT", effect="CAP", cap=Decimal(60), ground="LAW", reason="示例",
        from_month=MONTH, decided_on="2026-09-20", by=made.cast.committee_member,
    )  # fmt: skip
    compute_units([made.cast.branch.pk], MONTH)
    score = Score.objects.get(account=own)
    assert (score.total, explain(score).notes) == (Decimal(60), ["一票否决，由 63 分封顶为 60 分"])


def test_explanation_says_when_the_ledger_has_moved_on():
    made = world()
    made.submit()
    score = Score.objects.get(account=made.account(made.cast.member))
    Score.objects.filter(pk=score.pk).update(total=Decimal(50))
    score.refresh_from_db()
    explained = explain(score)
    assert (explained.agrees, explained.total) == (False, Decimal(63))


def test_page_takes_at_most_twelve_queries_and_leads_to_every_record(queries):
    made = world(closed=True)
    client = Client()
    client.force_login(made.cast.member)
    score = Score.objects.get(account=made.account(made.cast.member))
    url = reverse("scoring:explanation", args=[score.pk])
    client.get(url)
    with queries() as asked:
        page = client.get(url)
    assert len(asked) <= 12
    for code in ("基-1", "加-2"):
        assert reverse("scoring:entry", args=[made.entry(made.cast.member, code).pk]) in page.content.decode()
