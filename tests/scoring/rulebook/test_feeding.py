"""Where the facts of a clause come from, and what that asks of the clause."""

import pytest

from tests.scoring.rulebook.test_file import item_of, one_item, problems


@pytest.mark.parametrize(
    "pricing",
    [
        "计价: 按级别, 级别: [[国家级, 10], [市级, 4]]",
        "计价: 按等次, 级别: [[优秀, 20], [合格, 10]]",
        "计价: 打分, 最低: 0, 最高: 5",
    ],
)
def test_organisation_life_cannot_say_a_level_or_choose_points(pricing):
    assert problems(one_item(f"{pricing}, 来源: 组织生活")) == [
        "基-1 甲：到会情况说不出级别、等次和分数，来源是“组织生活”的条款只能按“每次定分”“按数量”或“按分数段”计价，"
        "请改计价或改来源。"
    ]
    assert item_of(pricing)["fed_by"] == "grid"


@pytest.mark.parametrize(
    "pricing", ["计价: 每次定分, 分值: 1", "计价: 按数量, 单价: 1", '计价: 按分数段, 分数段: [["", 1, 0], [1, "", 2]]']
)
def test_organisation_life_feeds_what_is_counted(pricing):
    assert item_of(f"{pricing}, 来源: 组织生活")["fed_by"] == "activity"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("分值: 1, 活动类型: [党课]", "只有来源是“组织生活”的条款才写活动类型和计入情形，请删去或改来源。"),
        ("分值: 1, 来源: 任职自动计入", "任职自动计入，须写明适用职务。"),
        (
            "分值: 0, 汇总: 按比例, 比例满分: 5, 比例分母: 应完成次数",
            "按应完成次数折算，须写明应完成次数。",
        ),
    ],
)
def test_what_a_source_asks_for_is_named(text, sentence):
    assert problems(one_item(f"计价: 每次定分, {text}")) == [f"基-1 甲：{sentence}"]
