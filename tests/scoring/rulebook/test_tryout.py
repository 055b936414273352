"""Rules tried out without a database: the examples in a file, and records from a table."""

import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from members.errors import Refused
from scoring.models import RuleSet
from scoring.rulebook.file import parse
from scoring.rulebook.tryout import Record, failed_examples, try_records
from scoring.services.rules import load_rule_set, preset_text, presets
from tests.factories import committee
from tests.scoring.test_explanation import CAPPED

EXAMPLES = """
示例:
  - 名称: 对的
    记录: [[甲-2, 8], [扣-1, -1]]
    总分: 9
  - 名称: 错的
    记录: [[甲-2, 8]]
    总分: 9
  - 名称: 没有的条款
    记录: [[丙-1, 8]]
    总分: 8
"""


@pytest.mark.parametrize("code", list(presets()))
def test_shipped_rules_keep_their_own_examples(code):
    rules = parse(preset_text(code))
    assert rules.examples, f"{code} has no example"
    assert failed_examples(rules) == []


def test_examples_that_do_not_come_out_are_named():
    assert failed_examples(parse(CAPPED + EXAMPLES)) == [
        "示例“对的”写明总分 9，按条款计算是 10.3，请核对。",
        "示例“错的”写明总分 9，按条款计算是 11.3，请核对。",
        "示例“没有的条款”：没有条款号“丙-1”，请核对。",
    ]


@pytest.mark.django_db
def test_file_with_a_failing_example_is_not_loaded():
    with pytest.raises(Refused, match="示例“错的”"):
        load_rule_set(CAPPED + EXAMPLES, owner=committee(), by=None)
    assert not RuleSet.objects.exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("示例:\n  - {名称: 甲, 记录: 乙, 总分: 1}\n", "“记录”"),
        ("示例:\n  - {名称: 甲, 记录: [[加-1]], 总分: 1}\n", "“记录”"),
        ("示例:\n  - {名称: 甲, 记录: [[加-1, 1, 13]], 总分: 1}\n", "不是月份"),
        ("示例:\n  - {名称: 甲, 记录: [[加-1, 1]]}\n", "“总分”：没有填写"),
        ("示例: 甲\n", "“示例”"),
    ],
)
def test_faulty_examples_are_refused_with_line_and_field(text, sentence):
    with pytest.raises(Refused) as refusal:
        parse(CAPPED + text)
    assert sentence in str(refusal.value)


def test_earlier_months_count_in_a_longer_period():
    rules = parse(CAPPED.replace("周期: 月", "周期: 季"))
    records = [Record("甲-2", "4", 202601), Record("甲-2", "5", 202602)]
    assert try_records(rules, records, 202602).result.sections[0].tolist() == [90_000]
    with pytest.raises(Refused, match="2025 年 12 月的记录不影响"):
        try_records(rules, [Record("甲-2", "4", 202512)], 202602)


def run(tmp_path, table: str, rules: str = "s3-short") -> str:
    path = tmp_path / "records.csv"
    path.write_text(table)
    told = io.StringIO()
    call_command("try_rules", rules, str(path), stdout=told)
    return told.getvalue()


def test_command_tells_every_step_for_every_person(tmp_path):
    told = run(tmp_path, "姓名,条款号,内容\n甲,基-1,60\n甲,加-2,5次\n乙,基-1,50\n")
    assert told.splitlines() == [
        "—— 甲 ——",
        "总分 63",
        "基础分 60",
        "  基-1 四讲四有 60",
        "加分 3",
        "  加-2 积极参加党建活动 3",
        "    ※ 本月已得 5 分，每月封顶，计 3 分，未计 2 分",
        "减分 0",
        "—— 乙 ——",
        "总分 50",
        "基础分 50",
        "  基-1 四讲四有 50",
        "加分 0",
        "减分 0",
    ]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("甲,乙\n1,2\n", "须有“条款号”和“内容”两列"),
        ("条款号,内容\n加-9,1\n", "没有条款号“加-9”"),
        ("条款号,内容\n加-1,很多\n", "不是规定的写法"),
        ("条款号,内容,月份\n加-1,1,2026-13\n", "不是月份"),
    ],
)
def test_command_refuses_other_tables_with_a_sentence(tmp_path, table, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(tmp_path, table)


def test_totals_are_exact():
    rules = parse(preset_text("s4"))
    tried = try_records(rules, [Record("基-1", "0.01")], 202601)
    assert tried.total == Decimal("12")
