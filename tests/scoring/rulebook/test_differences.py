"""Two versions of rules side by side: what was added, removed and changed, in the words of rule files."""

from copy import deepcopy

import pytest

from scoring.rulebook.differences import ADDED, CHANGED, REMOVED, Changed, Difference, Differences, compare

BEFORE = {
    "代号": "r", "名称": "办法", "周期": "月", "生效月份": "202601", "总分上限": "100",
    "板块": [
        {
            "代号": "基", "名称": "基础分", "类别": "基础", "满分": "60",
            "条款": [
                {"条款号": "基-1", "名称": "组织生活", "计价": "打分", "最低": "0", "最高": "60"},
                {"条款号": "基-2", "名称": "学习", "计价": "按级别", "级别": [["优秀", "20"], ["合格", "10"]]},
            ],
        },
        {
            "代号": "加", "名称": "加分", "类别": "加分",
            "条款": [{"条款号": "加-1", "名称": "志愿", "计价": "每次定分", "分值": "1"}],
        },
    ],
    "示例": [{"名称": "甲", "记录": [["基-1", "60"]], "总分": "60"}],
}  # fmt: skip
NOTHING = Differences(head=[], sections=[], items=[], examples=[], is_reordered=False)


def changed(change) -> Differences:
    after = deepcopy(BEFORE)
    change(after)
    return compare(BEFORE, after)


def items(document, place=0):
    return document["板块"][place]["条款"]


def test_same_rules_have_no_differences():
    assert (compare(BEFORE, deepcopy(BEFORE)), NOTHING.is_empty) == (NOTHING, True)


@pytest.mark.parametrize(
    ("change", "name", "expected"),
    [
        (lambda one: one.update(总分上限="120"), "head", [Changed("总分上限", "100", "120")]),
        (lambda one: one.pop("总分上限"), "head", [Changed("总分上限", "100", "")]),
        (lambda one: one.update(次序="先扣分后封顶"), "head", [Changed("次序", "先封顶后扣分", "先扣分后封顶")]),
        (
            lambda one: one["板块"][0].update(满分="70"),
            "sections",
            [Difference(CHANGED, "基", "基础分", [Changed("满分", "60", "70")])],
        ),
        (
            lambda one: items(one)[1].update(级别=[["优秀", "30"], ["合格", "10"]]),
            "items",
            [Difference(CHANGED, "基-2", "学习", [Changed("级别", "优秀 20\n合格 10", "优秀 30\n合格 10")])],
        ),
        (
            lambda one: items(one).pop(0),
            "items",
            [
                Difference(
                    REMOVED, "基-1", "组织生活",
                    [
                        Changed("板块", "", "基础分"), Changed("条款号", "", "基-1"), Changed("名称", "", "组织生活"),
                        Changed("计价", "", "打分"), Changed("最低", "", "0"), Changed("最高", "", "60"),
                    ],
                )
            ],
        ),
        (
            lambda one: items(one, 1).append({"条款号": "加-2", "名称": "表彰", "计价": "每次定分", "分值": "5"}),
            "items",
            [
                Difference(
                    ADDED, "加-2", "表彰",
                    [
                        Changed("板块", "", "加分"), Changed("条款号", "", "加-2"), Changed("名称", "", "表彰"),
                        Changed("计价", "", "每次定分"), Changed("分值", "", "5"),
                    ],
                )
            ],
        ),
        (
            lambda one: items(one, 1).append(items(one).pop(0)),
            "items",
            [Difference(CHANGED, "基-1", "组织生活", [Changed("板块", "基础分", "加分")])],
        ),
        (
            lambda one: one["示例"][0].update(总分="61"),
            "examples",
            [Difference(CHANGED, "甲", "甲", [Changed("总分", "60", "61")])],
        ),
    ],
)  # fmt: skip
def test_differences_name_the_field_and_both_values(change, name, expected):
    found = changed(change)
    assert (getattr(found, name), found.is_empty) == (expected, False)


def test_clauses_in_another_order_are_told():
    found = changed(lambda one: items(one).reverse())
    assert found == Differences([], [], [], [], is_reordered=True)
