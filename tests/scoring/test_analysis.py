"""What the points of a unit say as a whole: figures, bands, use of items, caps."""

import statistics
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from members.models import OrgUnit
from scoring.analysis import sources
from scoring.analysis.caps import Bite, caps
from scoring.analysis.figures import Band, Sums, bands, is_inflated, month_figures, rounded, share
from scoring.analysis.finding import Subject
from scoring.analysis.items import item_findings
from scoring.analysis.parts import PARTS, findings_of, year_figures
from scoring.analysis.sections import branches, section_mix
from scoring.analysis.totals import distribution, figures_of, inflation, trend
from scoring.models import Account, Item, RuleSet, Score
from scoring.services.scores import compute_units
from scoring.services.standings import refresh_standings
from tests.factories import branch, committee, unit
from tests.scoring.factories import MONTH, accounts, item, rule_set
from tests.scoring.ledger import entry, reversal

TIMELESS = timezone.now()
OF_BRANCHES = """
代号: branches
名称: 支部考评
对象: 党支部
周期: 月
生效月份: 202601
板块:
  - {代号: 甲, 名称: 甲, 类别: 基础, 条款: [{条款号: 甲-1, 名称: 一, 计价: 打分, 最低: 0, 最高: 9}]}
"""
MEASURED = """
代号: measured
名称: 三种衡量
周期: 月
生效月份: 202601
板块:
  - 代号: 甲
    名称: 甲
    类别: 基础
    条款:
      - {条款号: 甲-1, 名称: 留痕, 计价: 打分, 最低: 0, 最高: 9, 衡量: 痕迹}
      - {条款号: 甲-2, 名称: 做完, 计价: 打分, 最低: -5, 最高: 0}
      - {条款号: 甲-3, 名称: 见效, 计价: 打分, 最低: 0, 最高: 9, 衡量: 成效}
"""


# --- arithmetic -----------------------------------------------------------------------------
def sums(totals: list[int]) -> Sums:
    ordered, half = sorted(totals), len(totals) // 2
    lower = ordered[half - 1] if len(totals) % 2 == 0 else ordered[half]
    squares = sum(total * total for total in totals)
    return Sums(len(totals), sum(totals), squares, ordered[0], ordered[-1], (lower, ordered[half]))


@given(st.lists(st.integers(-20_000, 20_000), min_size=1, max_size=30))
def test_figures_are_those_of_the_textbook(totals):
    points = [Decimal(total) / 100 for total in totals]
    found = month_figures(MONTH, sums(totals))
    assert (found.count, found.mean, found.median, found.lowest, found.highest, found.spread) == (
        len(points),
        rounded(sum(points) / len(points)),
        rounded(statistics.median(points)),
        min(points),
        max(points),
        rounded(statistics.pstdev(points)),
    )


def halves(first: int, last: int) -> list[tuple[Decimal, Decimal, int]]:
    """Empty bands half a point wide."""
    return [(Decimal(n) / 2, Decimal(n + 1) / 2, 0) for n in range(first, last)]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({}, []),
        # One total is one band of the narrowest width.
        ({6000: 3}, [(60, "60.1", 3)]),
        # A total on the border belongs to the band above; empty bands are shown.
        ({5999: 1, 6000: 2, 6400: 1}, [("59.5", 60, 1), (60, "60.5", 2), *halves(121, 128), (64, "64.5", 1)]),
        ({-100: 1, 900: 1}, [(n, n + 1, int(n in (-1, 9))) for n in range(-1, 10)]),
        ({0: 1, 9999: 1}, [(n, n + 10, int(n in (0, 90))) for n in range(0, 100, 10)]),
    ],
)  # fmt: skip
def test_bands_are_few_round_and_complete(counts, found):
    assert bands(counts) == [Band(Decimal(start), Decimal(end), count) for start, end, count in found]


@given(st.dictionaries(st.integers(-20_000, 200_000), st.integers(1, 9), min_size=1, max_size=40))
def test_bands_lose_nobody(counts):
    found = bands(counts)
    assert sum(band.count for band in found) == sum(counts.values())
    assert len(found) <= 12
    assert all(one.end == other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("now", "before", "inflated"),
    [
        ([90, 92], [80, 90], True),
        ([90, 92], [90, 92], False),
        ([90, 100], [80, 90], False),  # higher, and just as far apart
        ([80, 82], [80, 90], False),  # closer, but lower
    ],
)
def test_inflation_is_a_higher_mean_with_less_spread(now, before, inflated):
    assert is_inflated(*(month_figures(MONTH, sums([n * 100 for n in one])) for one in (now, before))) is inflated


def test_share_is_a_percentage_with_one_decimal():
    assert [share(1, 3), share(Decimal("2.5"), 5), share(0, 0)] == [Decimal("33.3"), Decimal("50.0"), Decimal(0)]


# --- totals ---------------------------------------------------------------------------------
class House:
    """A committee with a general branch, whose branch has two members, and a branch of its own with one."""

    def __init__(self, content: str = "") -> None:
        self.top = committee(name="集团党委")
        self.general = unit(OrgUnit.Kind.GENERAL_BRANCH, self.top, "检修党总支")
        self.home = branch(self.general, "检修部党支部")
        self.other = branch(self.top, "运行部党支部")
        self.rules = rule_set(self.top, content)
        self.first, self.second = accounts(self.home, 2)
        (self.third,) = accounts(self.other, 1)

    def score(self, account: Account, total: object, month: int = MONTH, **fields: object) -> Score:
        return Score.objects.create(
            account=account, month=month, unit=self.other if account == self.third else self.home,
            rule_set=fields.pop("rule_set", self.rules), total=total, computed_at=TIMELESS,
            **{"sections": [0, 0, 0]} | fields,
        )  # fmt: skip

    def scored(self) -> "House":
        """Two months; the newer one a year after the older."""
        for account, now, before in ((self.first, "60", "50"), (self.second, "61.5", "60.25"), (self.third, 65, 40)):
            self.score(account, Decimal(now))
            self.score(account, Decimal(before), MONTH - 100)
        for month in (MONTH, MONTH - 100):
            refresh_standings([self.top], month)
        return self

    def units(self) -> list[OrgUnit]:
        return [self.top, self.general, self.home]


def test_figures_of_every_kind_of_unit(db):
    house = House().scored()
    found = [figures_of(one, MONTH, MONTH)[MONTH] for one in house.units()]
    figures = [(one.count, one.mean, one.median, one.lowest, one.highest, one.spread) for one in found]
    below = (2, Decimal("60.75"), Decimal("60.75"), Decimal(60), Decimal("61.5"), Decimal("0.75"))
    whole = (3, Decimal("62.17"), Decimal("61.5"), Decimal(60), Decimal(65), Decimal("2.09"))
    assert figures == [whole, below, below]


def test_scores_of_branches_are_no_scores_of_members(db):
    house = House().scored()
    of_branches = rule_set(house.top, OF_BRANCHES, published=False)
    own = Account.objects.create(kind=RuleSet.AccountKind.BRANCH, unit=house.home)
    house.score(own, 5, rule_set=of_branches)
    assert figures_of(house.home, MONTH, MONTH)[MONTH].count == 2
    assert sum(row[2] for row in branches(Subject(house.top, MONTH)).table.rows) == 3


def test_distribution_counts_everyone_of_the_month(db):
    house = House().scored()
    found = distribution(Subject(house.top, MONTH))
    assert [row for row in found.table.rows if row[1]] == [("60–60.5", 1), ("61.5–62", 1), ("65–65.5", 1)]
    assert found.chart == {
        "labels": [row[0] for row in found.table.rows],
        "series": [{"name": "人数", "values": [row[1] for row in found.table.rows]}],
    }
    assert found.table.title == "集团党委分数分布（2026年9月）"


def test_trend_leaves_a_gap_for_a_month_without_scores(db):
    house = House()
    house.score(house.first, 60, 202607)
    house.score(house.first, 62, 202609)
    found = trend(Subject(house.home, MONTH), year_figures(house.home, MONTH))
    assert found.table.rows == [
        ("2026年7月", 1, *[Decimal(60)] * 4),
        ("2026年8月", None, None, None, None, None),
        ("2026年9月", 1, *[Decimal(62)] * 4),
    ]


def test_inflation_compares_with_the_same_month_of_the_year_before(db):
    house = House().scored()
    found = inflation(Subject(house.home, MONTH), year_figures(house.home, MONTH))
    assert found.table.rows == [
        ("2026年9月", Decimal("60.75"), Decimal("55.13"), Decimal("0.75"), Decimal("5.13")),
    ]
    assert found.lead == "上年同月平均分 55.13、标准差 5.13；本月平均分 60.75、标准差 0.75。"
    assert found.warning.startswith("平均分升高而差距缩小")


def test_inflation_says_when_there_is_nothing_to_compare_with(db):
    house = House()
    house.score(house.first, 60)
    found = inflation(Subject(house.home, MONTH), year_figures(house.home, MONTH))
    assert (found.lead, found.warning) == (
        "标准差越大，差距拉得越开。没有上年同月的积分，满一年后即可比较。",
        "",
    )


# --- sections and branches ------------------------------------------------------------------
def test_section_mix_is_the_mean_against_full_marks(db):
    house = House()
    house.score(house.first, 60, sections=[600_000, 30_000, -10_000])
    house.score(house.second, 55, sections=[550_000, 25_001, 0])
    found = section_mix(Subject(house.home, MONTH))
    name = str(house.rules)
    assert found.table.rows == [
        (name, "基础分", 2, Decimal("57.50"), Decimal(60), Decimal("95.8")),
        (name, "加分", 2, Decimal("2.75"), None, None),
        (name, "减分", 2, Decimal("-0.50"), None, None),
    ]


def test_branches_are_ordered_by_their_mean(db):
    house = House().scored()
    found = branches(Subject(house.top, MONTH))
    assert found.table.rows == [
        (1, "运行部党支部", 1, Decimal(65), Decimal(65), Decimal(65)),
        (2, "检修部党支部", 2, Decimal("60.75"), Decimal(60), Decimal("61.5")),
    ]
    assert found.leads_to == [house.other.pk, house.home.pk]


# --- items ----------------------------------------------------------------------------------
def test_items_count_standing_entries_and_name_the_unused(db):
    house = House()
    base, deed = item(house.rules, "基-1"), item(house.rules, "加-1")
    house.score(house.first, 60)
    entry(house.first, base, 60)
    entry(house.first, deed, 2)
    entry(house.second, deed, "1.5")
    reversal(entry(house.second, deed, 3))
    entry(house.first, deed, 5, month=202608)
    entry(house.third, deed, 5)
    use, _measures = item_findings(Subject(house.home, MONTH))
    assert [(row[0], *row[4:]) for row in use.table.rows] == [
        ("加-1", 2, Decimal("3.5")),
        ("基-1", 1, Decimal(60)),
        *((code, 0, Decimal(0)) for code in ("加-2", "加-3", "减-1", "减-2")),
    ]
    assert use.lead == (
        "2026 年 9 月，6 个条款中有 4 个没有记录："
        "加-2 积极参加党建活动、加-3 个人评优评先、减-1 工作履职不认真、减-2 纪律规矩不严明。"
    )
    quarter, _measures = item_findings(Subject(house.home, MONTH), RuleSet.Period.QUARTER)
    assert quarter.table.rows[0][4:] == (3, Decimal("8.5"))
    assert quarter.lead.startswith("2026 年 7 月至 2026 年 9 月，6 个条款中")


def test_custom_items_stand_where_they_apply(db):
    house = House().scored()
    section = item(house.rules, "加-1").section
    Item.objects.create(section=section, unit=house.home, code="自-1", name="技改", pricing="fixed", position=99)
    found = {
        one: [row[0] for row in item_findings(Subject(one, MONTH))[0].table.rows]
        for one in (house.top, house.general, house.home, house.other)
    }
    assert {one: "自-1" in codes for one, codes in found.items()} == {
        house.top: True, house.general: True, house.home: True, house.other: False,
    }  # fmt: skip


def test_measures_are_shares_of_entries_and_of_points(db):
    house = House(MEASURED)
    house.score(house.first, 60)
    for code, points in (("甲-1", 6), ("甲-2", -1), ("甲-2", -1), ("甲-3", 2)):
        entry(house.first, item(house.rules, code), points)
    _use, found = item_findings(Subject(house.home, MONTH))
    rows = {row[0]: row[1:] for row in found.table.rows}
    assert rows == {
        "痕迹": (1, Decimal("25.0"), Decimal(6), Decimal("60.0")),
        "完成": (2, Decimal("50.0"), Decimal(2), Decimal("20.0")),
        "成效": (1, Decimal("25.0"), Decimal(2), Decimal("20.0")),
    }


# --- caps -----------------------------------------------------------------------------------
def test_caps_tell_what_the_engine_did_not_credit(db):
    house = House()
    deed, activity = item(house.rules, "加-1"), item(house.rules, "加-2")
    entry(house.first, deed, 4)
    entry(house.first, deed, 3)
    entry(house.second, deed, 5)
    entry(house.second, activity, 4)
    compute_units([house.home.pk], MONTH)
    found = caps(Subject(house.home, MONTH))
    assert [(row[0], *row[3:]) for row in found.table.rows] == [
        ("加-1", "每月 5 分", 1, Decimal(12), Decimal(10), Decimal(2)),
        ("加-2", "每月 3 分", 1, Decimal(4), Decimal(3), Decimal(1)),
        ("加-3", "每月 10 分", 0, Decimal(0), Decimal(0), Decimal(0)),
    ]
    assert found.lead == "3 个设了上限的条款中，2 个超过上限，“加-1 出色完成本职工作”未计的分最多。"
    assert found.chart == {
        "rows": [
            {"name": "加-1 出色完成本职工作", "value": "2"},
            {"name": "加-2 积极参加党建活动", "value": "1"},
        ]
    }


def test_caps_in_chunks_come_to_the_same(db, monkeypatch):
    house = House()
    for account in (house.first, house.second, house.third):
        entry(account, item(house.rules, "加-1"), 7)
    compute_units([house.home.pk, house.other.pk], MONTH)
    whole = caps(Subject(house.top, MONTH)).table
    monkeypatch.setattr("scoring.analysis.caps.CHUNK", 2)
    assert caps(Subject(house.top, MONTH)).table == whole
    assert whole.rows[0][4:] == (3, Decimal(21), Decimal(15), Decimal(6))


def test_bites_add_up():
    assert Bite(1, 70, 50, 20) + Bite(0, 40, 40, 0) == Bite(1, 110, 90, 20)


def test_caps_of_a_unit_too_big_are_looked_at_below_it(db, monkeypatch):
    house = House().scored()
    monkeypatch.setattr("scoring.analysis.caps.MOST_ACCOUNTS", 2)
    found = caps(Subject(house.top, MONTH))
    assert (found.lead, found.table.rows, found.chart) == (
        "共 3 人，超过 2 人时不逐人比对封顶，请打开下级组织查看。",
        [],
        None,
    )
    assert sorted(map(str, found.offers)) == ["检修党总支", "运行部党支部"]


# --- all of them ----------------------------------------------------------------------------
def test_newest_month_is_the_last_one_with_scores(db):
    house = House().scored()
    assert [sources.newest_month(one, 202612) for one in house.units()] == [MONTH] * 3
    assert sources.newest_month(branch(house.top), 202612) == 202612


def test_a_unit_without_anything_is_no_error(db):
    house = House()
    found = findings_of(Subject(house.top, MONTH), RuleSet.Period.MONTH)
    drawn = {one.key: (one.chart is None, one.table.rows) for one in found if one.key not in ("trend", "inflation")}
    assert drawn == {
        "distribution": (True, []), "sections": (True, []), "branches": (True, []), "items": (True, []),
        "measures": (True, [(name, 0, 0, 0, 0) for name in ("痕迹", "完成", "成效")]), "caps": (True, []),
    }  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_every_part_takes_the_same_queries_for_more_accounts(db, queries, part):
    house = House()
    counts = []
    for account in (house.first, house.second, house.third):
        entry(account, item(house.rules, "加-1"), 7)
        compute_units([house.home.pk, house.other.pk], MONTH)
        refresh_standings([house.top], MONTH)
        findings_of(Subject(house.top, MONTH), RuleSet.Period.MONTH, [part])
        with queries() as asked:
            findings_of(Subject(house.top, MONTH), RuleSet.Period.MONTH, [part])
        counts.append(len(asked))
    assert len(set(counts)) == 1
    assert counts[0] <= 8
