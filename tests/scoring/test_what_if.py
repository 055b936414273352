"""Past spans under other rules: an unchanged copy changes nobody, a change is told by person, nothing is written."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from members.errors import Refused
from members.models import OrgUnit
from scoring.models import Grant, Result, Score, Span, Veto, YearTotal
from scoring.months import shift
from scoring.services.rules import load_rule_set, text_of
from scoring.services.scores import compute_units
from scoring.whatif import asked as asking
from scoring.whatif.asked import Asked, spans_of
from scoring.whatif.figures import Figures, SectionLine
from scoring.whatif.run import what_if
from tests.factories import branch, committee, membership, user
from tests.scoring.factories import accounts, item, rule_set
from tests.scoring.ledger import entry, reversal

pytestmark = pytest.mark.django_db
JULY, AUGUST, SEPTEMBER, DECEMBER = 202607, 202608, 202609, 202612
# Caps of every span, tallies that look at several entries, a weight, carry-over, a ceiling, a year of quarters.
RICH = """
代号: rich
名称: 各种算法
周期: {period}
生效月份: 202601
总分下限: 0
总分上限: 100
季度积分: {quarter}
年度积分: 平均
年度由: 各期
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    满分: 50
    权重: 60
    上年结转: 10
    条款:
      - {{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 60, 汇总: 月平均}}
      - {{条款号: 基-2, 名称: 等次, 计价: 按等次, 级别: [[优秀, 20], [合格, 10]], 汇总: 取最新}}
  - 代号: 加
    名称: 加分
    类别: 加分
    满分: 40
    权重: 40
    上限: 30
    条款:
      - {{条款号: 加-1, 名称: 定分, 计价: 每次定分, 分值: 2, 每季上限: 8}}
      - {{条款号: 加-2, 名称: 按数量, 计价: 按数量, 单价: "0.5", 单位: 小时, 每月上限: 3, 每年上限: 10}}
      - {{条款号: 加-3, 名称: 按级别, 计价: 按级别, 级别: [[国家级, 10], [市级, 4]], 汇总: 取最高, 最高范围: 同一事项}}
      - {{条款号: 加-4, 名称: 出勤, 计价: 按数量, 单价: 0, 单位: 次, 汇总: 按比例, 比例满分: 5}}
  - 代号: 减
    名称: 减分
    类别: 扣分
    条款:
      - {{条款号: 减-1, 名称: 缺席, 计价: 每次定分, 分值: -1, 汇总: 按次数分档, 分档: [[1, -3], [2, -5]]}}
      - {{条款号: 减-2, 名称: 扣分, 计价: 打分, 最低: -5, 最高: 0}}
"""
SHORT = """
代号: short
名称: 简表
周期: 月
生效月份: 202601
板块:
  - {代号: 基, 名称: 基础分, 类别: 基础, 满分: 60, 条款: [{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 60}]}
  - 代号: 加
    名称: 加分
    类别: 加分
    条款:
      - {条款号: 加-2, 名称: 参加活动, 计价: 按数量, 单价: 1, 单位: 次}
"""
# What stands in the ledger for a fact of each clause: points, quantity, level, held, occasion.
FACTS = {
    "基-1": [("45", None, "", None, ""), ("60", None, "", None, "")],
    "基-2": [("20", None, "优秀", None, ""), ("10", None, "合格", None, "")],
    "加-1": [("2", "1", "", None, ""), ("6", "3", "", None, "")],
    "加-2": [("2.5", "5", "", None, ""), ("0.5", "1", "", None, "")],
    "加-3": [("10", None, "国家级", None, "竞赛"), ("4", None, "市级", None, "竞赛"), ("4", None, "市级", None, "")],
    "加-4": [("0", "1", "", "2", ""), ("0", "3", "", "3", "")],
    "减-1": [("-1", "1", "", None, ""), ("-2", "2", "", None, "")],
    "减-2": [("-2.5", None, "", None, "")],
}
FILED = [(code, fact) for code, facts in FACTS.items() for fact in facts]


class Past:
    """A committee with two branches of three, their months computed."""

    def __init__(self, content: str = SHORT, first: int = JULY, last: int = SEPTEMBER):
        self.committee = committee()
        self.branches = [branch(self.committee, name) for name in ("甲支部", "乙支部")]
        self.accounts = [account for one in self.branches for account in accounts(one, 3)]
        self.rules = rule_set(self.committee, content)
        self.first, self.last, self.by = first, last, user()

    def file(self, place: int, code: str, fact: tuple = ("1", None, "", None, ""), month: int = SEPTEMBER):
        points, quantity, level, held, occasion = fact
        return entry(
            self.accounts[place], item(self.rules, code), points, month, filed_by=self.by, level=level,
            quantity=quantity and Decimal(quantity), held=held and Decimal(held), occasion=occasion,
        )  # fmt: skip

    def compute(self):
        month = self.first
        while month <= self.last:
            compute_units([one.pk for one in self.branches], month)
            month = shift(month, 1)

    def draft(self, *changes: tuple[str, str]):
        content = text_of(self.rules)
        for old, new in changes:
            assert content.count(old) == 1, old
            content = content.replace(old, new)
        return load_rule_set(content, owner=self.committee, by=None)

    def ask(self, draft, span=Span.MONTH, month=SEPTEMBER, unit=None):
        return what_if(Asked(draft, unit or self.committee, span, month))


def quarter(first: int = JULY) -> Past:
    """Three months under the short rules: 60 and a bonus of 3 each."""
    past = Past(first=first)
    for month in (JULY, AUGUST, SEPTEMBER):
        for place in range(6):
            past.file(place, "基-1", ("60", None, "", None, ""), month)
            past.file(place, "加-2", (str(place % 3 + 1), str(place % 3 + 1), "", None, ""), month)
    past.compute()
    return past


# --- an unchanged copy ------------------------------------------------------------------------
def filed():
    where = st.tuples(st.integers(0, 5), st.sampled_from([JULY, AUGUST, SEPTEMBER, 202610, 202611, DECEMBER]))
    return st.lists(st.tuples(where, st.sampled_from(FILED), st.booleans()), min_size=4, max_size=25)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["月", "季", "年"]), st.sampled_from(["合计", "平均", "以最后一期为准"]), filed())
def test_an_unchanged_copy_changes_nobody(db, period, of_quarters, entries):
    with rolled_back():
        past = Past(RICH.format(period=period, quarter=of_quarters), JULY, DECEMBER)
        for place, account in enumerate(past.accounts[:4]):
            YearTotal.objects.create(account=account, year=2025, total=Decimal(60 + place), by=past.by)
        veto(past, 0, Veto.Effect.ZERO, None, AUGUST)
        veto(past, 1, Veto.Effect.CAP, Decimal(20), SEPTEMBER)
        # One occasion at two levels: the higher one counts.
        for fact in FACTS["加-3"][:2]:
            past.file(3, "加-3", fact)
        for (place, month), (code, fact), is_reversed in entries:
            row = past.file(place, code, fact, month)
            if is_reversed and place % 2:
                reversal(row)
        entry(past.accounts[2], None, "1.5", SEPTEMBER, rule_set=past.rules, source="ADJUSTMENT", filed_by=past.by)
        past.compute()
        draft = past.draft()
        for unit in (past.committee, past.branches[0]):
            for _name, choices in spans_of(draft):
                for value, _label in choices:
                    span, _colon, month = value.partition(":")
                    unchanged(past, draft, Span(span), int(month), unit)


def unchanged(past: Past, draft, span: Span, month: int, unit: OrgUnit):
    rows = Score.objects.within(unit).filter(month=month)
    if not rows:
        return
    outcome = past.ask(draft, span, month, unit)
    assert (outcome.after.tolist(), outcome.warnings, outcome.untouched) == (outcome.before.tolist(), [], 0)
    assert len(outcome.accounts) == len(rows)
    assert {code: one.before for code, one in outcome.sections.items()} == {
        code: one.after for code, one in outcome.sections.items()
    }


class rolled_back:
    """Every drawn example begins with an empty house."""

    def __enter__(self):
        self.point = transaction.savepoint()

    def __exit__(self, *error):
        transaction.savepoint_rollback(self.point)


def veto(past: Past, place: int, effect: str, cap: Decimal | None, month: int):
    Veto.objects.create(
        account=past.accounts[place], level="SEVERE", effect=effect, cap=cap, ground="纪律", reason="测试",
        from_month=month, decided_on=timezone.localdate(), by=past.by,
    )  # fmt: skip


def test_before_is_what_was_published():
    past = quarter()
    outcome = past.ask(past.draft(), Span.QUARTER)
    stored = Result.objects.filter(span=Span.QUARTER, month=SEPTEMBER).order_by("account")
    assert outcome.before.tolist() == [int(row.total * 100) for row in stored]
    year = past.ask(past.draft(), Span.YEAR)
    # Under way: nothing is stored, the value to date stands for it.
    assert year.before.tolist() == outcome.before.tolist() == year.after.tolist()


# --- a change ---------------------------------------------------------------------------------
def test_a_change_is_told_to_the_person():
    past = quarter()
    draft = past.draft(("单价: '1'", "单价: '2'"))
    outcome = past.ask(draft)
    assert outcome.change.tolist() == [100, 200, 300] * 2
    assert outcome.rank_before.tolist() == outcome.rank_after.tolist() == [3, 2, 1] * 2
    figures = Figures(outcome, dict(OrgUnit.objects.values_list("pk", "name")))
    assert (figures.gaining, figures.losing, figures.same) == (6, 0, 0)
    assert (figures.mean_before, figures.mean_after, figures.mean_change) == (62, 64, 2)
    lines = [(line.account, line.unit, line.before, line.after) for line in figures.lines(range(2))]
    assert lines == [(past.accounts[2], "甲支部", 63, 66), (past.accounts[5], "乙支部", 63, 66)]
    assert figures.sections == [
        SectionLine("基础分", Decimal(60), Decimal(60)),
        SectionLine("加分", Decimal(2), Decimal(4)),
    ]
    assert past.ask(draft, Span.QUARTER).change.tolist() == [300, 600, 900] * 2


def test_caps_of_the_draft_look_back_over_their_span():
    past = quarter()
    draft = past.draft(("单价: '1'", "单价: '1', 每季上限: 4"))
    # 3 in July, 1 of the 3 of August, nothing in September.
    assert [past.ask(draft, month=month).change.tolist()[2] for month in (JULY, AUGUST, SEPTEMBER)] == [0, -200, -300]


def test_a_clause_that_is_gone_is_a_warning():
    past = quarter()
    reversal(past.file(0, "加-2", ("3", "3", "", None, "")))
    clause = item(past.rules, "加-2")
    draft = past.draft(("条款号: 加-2", "条款号: 加-9"))
    outcome = past.ask(draft)
    assert outcome.warnings == [(str(clause), "这份办法里没有这个条款，不计分。", 6)]
    assert outcome.change.tolist() == [-100, -200, -300] * 2


def test_what_cannot_be_priced_is_a_warning_with_its_reason():
    past = quarter()
    clause = item(past.rules, "基-1")
    draft = past.draft(("最高: '60'", "最高: '50'"))
    outcome = past.ask(draft)
    assert outcome.warnings == [(str(clause), f"{clause}：须在 0 到 50 分之间。", 6)]


def test_a_share_of_an_award_keeps_its_points():
    past = quarter()
    clause = item(past.rules, "加-2")
    award = Grant.objects.create(
        kind="SHARED", unit=past.branches[0], month=SEPTEMBER, item=clause, points=Decimal(5), reason="奖", by=past.by,
        at=timezone.now(),
    )  # fmt: skip
    entry(past.accounts[0], clause, "1.67", SEPTEMBER, filed_by=past.by, cause=award)
    past.compute()
    draft = past.draft(("单价: '1'", "单价: '2'"))
    assert past.ask(draft).change.tolist()[0] == 100


def test_a_transferred_member_counts_with_the_months_of_both_branches():
    past = quarter()
    moved = past.accounts[0].member
    moved.memberships.update(ended_on="2026-09-01")
    membership(moved, past.branches[1], started_on="2026-09-01")
    compute_units([one.pk for one in past.branches], SEPTEMBER)
    outcome = past.ask(past.draft(("单价: '1'", "单价: '2'")), Span.QUARTER, unit=past.branches[1])
    assert dict(zip(outcome.accounts.tolist(), outcome.change.tolist(), strict=True))[past.accounts[0].pk] == 300


def test_units_with_rules_of_their_own_stay_as_they_are():
    past = Past()
    own = rule_set(past.branches[1], SHORT)
    for place in range(6):
        rules = past.rules if place < 3 else own
        entry(past.accounts[place], item(rules, "加-2"), 1, filed_by=past.by, quantity=Decimal(1))
    past.compute()
    outcome = past.ask(past.draft(("单价: '1'", "单价: '2'")))
    assert (len(outcome.accounts), outcome.untouched, outcome.change.tolist()) == (3, 3, [100] * 3)


# --- refusals ---------------------------------------------------------------------------------
def test_spans_offered_are_those_with_scores():
    past = quarter()
    assert spans_of(past.draft()) == [
        ("月", [("MONTH:202609", "2026 年 9 月"), ("MONTH:202608", "2026 年 8 月"), ("MONTH:202607", "2026 年 7 月")]),
        ("季", [("QUARTER:202609", "2026 年第三季度")]),
        ("年", [("YEAR:202609", "2026 年")]),
    ]
    yearly = past.draft(("周期: 月", "周期: 年"))
    assert [name for name, _choices in spans_of(yearly)] == ["月", "年"]
    with pytest.raises(Refused, match="没有季度积分"):
        past.ask(yearly, Span.QUARTER)


def test_a_unit_too_big_is_sent_to_the_units_below(monkeypatch):
    past = quarter()
    monkeypatch.setattr(asking, "MOST_ACCOUNTS", 5)
    with pytest.raises(Refused, match="有 6 人，一次最多试算 5 人"):
        past.ask(past.draft())
    assert len(past.ask(past.draft(), unit=past.branches[0]).accounts) == 3


def test_a_month_without_scores_is_refused():
    past = quarter()
    with pytest.raises(Refused, match="2026 年 10 月没有积分"):
        past.ask(past.draft(), month=202610)


# --- nothing is written -----------------------------------------------------------------------
def counts():
    return {model._meta.label: model._default_manager.count() for model in apps.get_app_config("scoring").get_models()}


def only_reading(execute, sql, params, many, context):
    assert sql.lstrip().upper().startswith(("SELECT", "WITH", "SAVEPOINT", "RELEASE")), sql
    return execute(sql, params, many, context)


@pytest.mark.parametrize("span", Span)
def test_nothing_is_written(span):
    past = quarter()
    draft = past.draft(("单价: '1'", "单价: '2'"))
    before = counts()
    with connection.execute_wrapper(only_reading):
        Figures(past.ask(draft, span), {one.pk: one.name for one in past.branches}).lines(range(6))
    assert counts() == before
