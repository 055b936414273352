"""Every pricing as a table: one fact into signed points, or a sentence that names the clause."""

import pytest

from members.errors import Refused
from scoring.calculation.book import ItemRule
from scoring.calculation.pricing import PRICING, Fact, price, show


def rule(pricing, **table):
    return ItemRule(key=1, code="加-1", name="条款", pricing=pricing, pricing_table=table)


def times(number):
    return Fact(quantity=number)


FIXED = rule("fixed", points="-1.5")
HOURS = rule("per_unit", rate="0.5")
YUAN = rule("per_unit", rate="2", minimum="10", step="5", rounding="down")
LEVELS = rule("level", levels=[["国家级", "10"], ["省部级", "8"], ["部门级", "0"]])
GRADES = rule("grade", levels=[["A", "20"], ["B+", "16"], ["B", "14"]])
QUIZ = rule("bands", bands=[[None, "60", "0"], ["60", "80", "0.5"], ["80", "90", "1"], ["90", None, "1.5"]])
CLOSED = rule("bands", bands=[["0", "60", "0"], ["60", "100", "1"]])
CHOICE = rule("range", min="1", max="5")
DEDUCT = rule("range", min="-5", max="0")

PRICES = [
    (FIXED, Fact(), -150),
    (FIXED, times(100), -150),
    (FIXED, times(300), -450),
    (FIXED, times(0), 0),
    (HOURS, times(300), 150),
    (HOURS, times(125), 63),
    (HOURS, times(1), 1),
    (rule("per_unit", rate="-0.5"), times(125), -63),
    (rule("per_unit", rate="0.01"), times(49), 0),
    (YUAN, times(999), 0),
    (YUAN, times(1000), 2000),
    (YUAN, times(1499), 2000),
    (YUAN, times(1500), 3000),
    (rule("per_unit", rate="1", step="10", rounding="up"), times(1001), 2000),
    (rule("per_unit", rate="1", step="10", rounding="up"), times(1000), 1000),
    (rule("per_unit", rate="1", step="10", rounding="half_up"), times(1499), 1000),
    (rule("per_unit", rate="1", step="10", rounding="half_up"), times(1500), 2000),
    (rule("per_unit", rate="1"), Fact(), 0),
    (LEVELS, Fact(level="国家级"), 1000),
    (LEVELS, Fact(level="部门级"), 0),
    (GRADES, Fact(level="B+"), 1600),
    (QUIZ, times(0), 0),
    (QUIZ, times(5999), 0),
    (QUIZ, times(6000), 50),
    (QUIZ, times(7999), 50),
    (QUIZ, times(8000), 100),
    (QUIZ, times(9000), 150),
    (QUIZ, times(1000000), 150),
    (CHOICE, Fact(chosen=100), 100),
    (CHOICE, Fact(chosen=500), 500),
    (DEDUCT, Fact(chosen=-500), -500),
    (DEDUCT, Fact(chosen=0), 0),
]


@pytest.mark.parametrize(("item", "fact", "points"), PRICES)
def test_price_of_a_fact(item, fact, points):
    assert price(item, fact) == points


def test_every_pricing_is_in_the_table():
    assert {row[0].pricing for row in PRICES} == set(PRICING)


@pytest.mark.parametrize(
    ("item", "fact", "sentence"),
    [
        (FIXED, times(150), "加-1 条款：次数须为整数。"),
        (LEVELS, Fact(level="市级"), "加-1 条款：“市级”不是规定的等级，可填：国家级、省部级、部门级。"),
        (LEVELS, Fact(level="x" * 500), f"加-1 条款：“{'x' * 20}”不是规定的等级，可填：国家级、省部级、部门级。"),
        (CLOSED, times(10000), "加-1 条款：100 不在任何一个分数段内。"),
        (CHOICE, Fact(chosen=501), "加-1 条款：须在 1 到 5 分之间。"),
        (CHOICE, Fact(chosen=99), "加-1 条款：须在 1 到 5 分之间。"),
        (DEDUCT, Fact(chosen=-501), "加-1 条款：须在 −5 到 0 分之间。"),
        (HOURS, times(999999900), "加-1 条款：合 4999999.5 分，一条记录最多 10000 分，请核对数量。"),
        (FIXED, times(666700), "加-1 条款：合 −10000.5 分，一条记录最多 10000 分，请核对数量。"),
    ],
)
def test_price_refuses_with_a_sentence_that_names_the_clause(item, fact, sentence):
    with pytest.raises(Refused) as refusal:
        price(item, fact)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(
    ("amount", "shown"), [(250, "2.5"), (-100, "−1"), (0, "0"), (1000, "10"), (-5, "−0.05"), (100000, "1000")]
)
def test_points_are_shown_as_people_write_them(amount, shown):
    assert show(amount) == shown
