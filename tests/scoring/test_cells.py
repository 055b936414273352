"""What people type into a cell, and what stands there afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.errors import Refused
from scoring.calculation.book import ItemRule
from scoring.calculation.cells import read_cell, tidy, write_cell
from scoring.calculation.pricing import Fact, price


def rule(pricing, *, deduction=False, unit="", **table):
    return ItemRule(
        key=1, code="加-2", name="条款", pricing=pricing, pricing_table=table, unit_label=unit, is_deduction=deduction
    )


TIMES = rule("per_unit", unit="次", rate="1")
PAIRED = rule("per_unit", unit="次", rate="2")
ABSENT = rule("fixed", deduction=True, unit="次", points="-2")
LATE = rule("fixed", deduction=True, unit="次", points="-1")
POINTS = rule("range", min="0", max="60")
DEDUCT = rule("range", deduction=True, min="-5", max="0")
QUIZ = rule("bands", bands=[["0", "60", "0"], ["60", None, "1"]])
LEVEL = rule("grade", levels=[["优秀", "20"], ["合格", "10"], ["二等奖（省）", "5"], ["Ⅱ级", "3"]])
AREA = rule("per_unit", unit="㎡（约）", rate="1")


@pytest.mark.parametrize(
    ("item", "typed", "fact", "shown"),
    [
        (TIMES, "3", Fact(quantity=300), "3次"),
        (TIMES, "2次", Fact(quantity=200), "2次"),
        (TIMES, " 2 次 ", Fact(quantity=200), "2次"),
        (TIMES, "２次", Fact(quantity=200), "2次"),
        (TIMES, "3小时", Fact(quantity=300), "3次"),
        (TIMES, "+3", Fact(quantity=300), "3次"),
        (TIMES, "0", Fact(quantity=0), "0次"),
        (TIMES, "007", Fact(quantity=700), "7次"),
        # Here one time is one point: nothing is left to guess.
        (TIMES, "3分", Fact(quantity=300), "3次"),
        (LATE, "−2", Fact(quantity=200), "2次"),
        (LATE, "2", Fact(quantity=200), "2次"),
        (ABSENT, "1次", Fact(quantity=100), "1次"),
        (QUIZ, "85分", Fact(quantity=8500), "85"),
        (QUIZ, "59.99", Fact(quantity=5999), "59.99"),
        (POINTS, "３．５", Fact(chosen=350), "3.5"),
        (POINTS, "3。5", Fact(chosen=350), "3.5"),
        (POINTS, "3.50", Fact(chosen=350), "3.5"),
        (POINTS, "60分", Fact(chosen=6000), "60"),
        (DEDUCT, "−2", Fact(chosen=-200), "-2"),
        (DEDUCT, "－2", Fact(chosen=-200), "-2"),
        (DEDUCT, "–2", Fact(chosen=-200), "-2"),
        (DEDUCT, "2", Fact(chosen=-200), "-2"),
        (DEDUCT, "2分", Fact(chosen=-200), "-2"),
        (DEDUCT, "0", Fact(chosen=0), "0"),
        (LEVEL, "优秀", Fact(level="优秀"), "优秀"),
        (LEVEL, " 优秀\u3000", Fact(level="优秀"), "优秀"),
        (LEVEL, "二等奖（省）", Fact(level="二等奖（省）"), "二等奖（省）"),
        (LEVEL, "二等奖(省)", Fact(level="二等奖（省）"), "二等奖（省）"),
        (LEVEL, "Ⅱ级", Fact(level="Ⅱ级"), "Ⅱ级"),
        (AREA, "20㎡(约)", Fact(quantity=2000), "20㎡（约）"),
    ],
)
def test_cell_is_read_and_shown_in_its_canonical_spelling(item, typed, fact, shown):
    assert read_cell(item, typed) == fact
    assert write_cell(item, fact) == shown
    # What is shown reads as the same fact, for ever.
    assert read_cell(item, shown) == fact


@pytest.mark.parametrize("typed", ["", " ", "\u3000", "无", "—", "——", "-", "－", "−", "/", "\xa0"])
def test_cell_of_nothing_is_empty(typed):
    assert [read_cell(item, typed) for item in (TIMES, POINTS, LEVEL)] == [None, None, None]
    assert write_cell(TIMES, None) == ""


NUMBER = "加-2 条款：“%s”不是规定的写法，请填数字，最多两位小数，例如 3 或 2.5。"
COUNT = "加-2 条款：这里填数量，不填分数；“%s”请换算成数量，例如 2次。"


@pytest.mark.parametrize(
    ("item", "typed", "sentence"),
    [
        (TIMES, "1_000", NUMBER % "1_000"),
        (TIMES, "1e2", NUMBER % "1e2"),
        (TIMES, "٣", NUMBER % "٣"),
        (TIMES, "३", NUMBER % "३"),
        (TIMES, "3²", NUMBER % "3²"),
        (TIMES, "①", NUMBER % "①"),
        (TIMES, "½", NUMBER % "½"),
        (TIMES, "𝟑", NUMBER % "𝟑"),
        (TIMES, "三", NUMBER % "三"),
        (TIMES, "1,000", NUMBER % "1,000"),
        (TIMES, "1 000", NUMBER % "1 000"),
        (TIMES, ".5", NUMBER % ".5"),
        (TIMES, "5.", NUMBER % "5."),
        (TIMES, "3.125", NUMBER % "3.125"),
        (TIMES, "12345678", NUMBER % "12345678"),
        (TIMES, "1" * 400, NUMBER % ("1" * 20)),
        (TIMES, "--2", NUMBER % "--2"),
        (TIMES, "次", NUMBER % "次"),
        (TIMES, "3\u200b", NUMBER % "3\u200b"),
        (TIMES, "=1+1", NUMBER % "=1+1"),
        (POINTS, "优秀", NUMBER % "优秀"),
        (POINTS, "nan", NUMBER % "nan"),
        (TIMES, "-2", "加-2 条款：数量不能为负。"),
        (QUIZ, "-1", "加-2 条款：数量不能为负。"),
        # A sign or 分 speaks of points: where a time is not a point, two readings are possible.
        (ABSENT, "-2", COUNT % "-2"),
        (ABSENT, "−4", COUNT % "-4"),
        (ABSENT, "2分", COUNT % "2分"),
        (PAIRED, "4分", COUNT % "4分"),
    ],
)
def test_cell_refuses_with_a_sentence_that_names_the_clause(item, typed, sentence):
    with pytest.raises(Refused) as refusal:
        read_cell(item, typed)
    assert str(refusal.value) == sentence


def test_unknown_level_is_refused_by_its_price():
    fact = read_cell(LEVEL, "良好")
    with pytest.raises(Refused, match="^加-2 条款：“良好”不是规定的等级"):
        price(LEVEL, fact)


@given(st.integers(0, 999_999_999))
def test_any_quantity_survives_being_shown(quantity):
    fact = Fact(quantity=quantity)
    assert read_cell(TIMES, write_cell(TIMES, fact)) == fact


@given(st.integers(-999_999_999, 0))
def test_any_deduction_survives_being_shown(chosen):
    assert read_cell(DEDUCT, write_cell(DEDUCT, Fact(chosen=chosen))) == Fact(chosen=chosen)


@given(st.text(max_size=12))
def test_tidy_is_stable(text):
    assert tidy(tidy(text)) == tidy(text)
