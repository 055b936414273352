"""A stored rule set back as a rule file: the mapping that `rulefile` reads, and its text.

What stands at its default is left out, so a file that was loaded comes out as an author would write it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

from scoring.books import Layout, layout_of
from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.models import Item, RuleSet, Section, disciplines_and_law
from scoring.rulebook import words as tables
from scoring.rulebook.reader import Lined, lined, mappings_placed

Document = dict[str, Any]


def _amount(value: Decimal | str | None) -> str:
    """Points as people write them in a file: 2.5, -1."""
    return "" if value in (None, "") else show(hundredths(value)).replace("−", "-")


def _short(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> Document:
    """Without what is empty or says the same as nothing."""
    return {key: value for key, value in values.items() if value not in ("", None, []) and defaults.get(key) != value}


def _pricing(item: Item) -> Document:
    table = item.pricing_table
    if item.pricing == Item.Pricing.FIXED:
        return {"分值": _amount(table["points"])}
    if item.pricing == Item.Pricing.PER_UNIT:
        values = {
            "单价": _amount(table["rate"]),
            "起算数量": _amount(table.get("minimum", "0")),
            "计量步长": _amount(table.get("step", "0")),
            "不足一步": tables.word_of(tables.ROUNDINGS, table.get("rounding", "down")),
        }
        return _short(values, {"起算数量": "0", "计量步长": "0", "不足一步": "舍去"})
    if item.pricing == Item.Pricing.BANDS:
        return {"分数段": [[_amount(low), _amount(high), _amount(worth)] for low, high, worth in table["bands"]]}
    if item.pricing == Item.Pricing.RANGE:
        return {"最低": _amount(table["min"]), "最高": _amount(table["max"])}
    return {"级别": [[name, _amount(worth)] for name, worth in table["levels"]]}


def _tally(item: Item) -> Document:
    table = item.tally_table
    if item.tally == Item.Tally.STEPS:
        return {"分档": [[_amount(times), _amount(worth)] for times, worth in table["steps"]]}
    if item.tally == Item.Tally.RATIO:
        of = {"比例分母": tables.word_of(tables.RATIO_OF, table["of"])} if "of" in table else {}
        return {"比例满分": _amount(table["full"])} | of
    if item.tally == Item.Tally.HIGHEST and "of" in table:
        return {"最高范围": tables.word_of(tables.HIGHEST_OF, table["of"])}
    return {}


_ITEM = {
    "汇总": "累加", "起始分": "0", "不受板块上限限制": "否", "年末计入": "否", "发生即清零": "否", "须写理由": "否",
    "可申报": "否", "佐证": "可附", "来源": "月度录入", "衡量": "完成",
}  # fmt: skip


def item_document(item: Item) -> Document:
    """One clause."""
    values = {
        "条款号": item.code,
        "名称": item.name,
        "别名": list(item.aliases),
        "标准": item.standard,
        "计价": tables.word_of(tables.PRICINGS, item.pricing),
        **_pricing(item),
        "单位": item.unit_label,
        "汇总": tables.word_of(tables.TALLIES, item.tally),
        **_tally(item),
        "起始分": _amount(item.start),
        "下限": _amount(item.floor),
        "每月上限": _amount(item.cap_month),
        "每季上限": _amount(item.cap_quarter),
        "每年上限": _amount(item.cap_year),
        "不受板块上限限制": tables.word_of(tables.YES_NO, item.outside_cap),
        "年末计入": tables.word_of(tables.YES_NO, item.annual),
        "发生即清零": tables.word_of(tables.YES_NO, item.zeroes),
        "须写理由": tables.word_of(tables.YES_NO, item.reason_required),
        "可申报": tables.word_of(tables.YES_NO, item.claimable),
        "佐证": tables.word_of(tables.EVIDENCE, item.evidence),
        "来源": tables.word_of(tables.FED_BY, item.fed_by),
        "活动类型": [tables.word_of(tables.ACTIVITY_KINDS, kind) for kind in item.activity_kinds],
        "计入情形": [tables.word_of(tables.ACTIVITY_MARKS, mark) for mark in item.activity_marks],
        "适用分类": list(item.classes),
        "适用职务": [tables.word_of(tables.POSTS, post) for post in item.posts],
        "应完成次数": "" if item.expected_count is None else str(item.expected_count),
        "衡量": tables.word_of(tables.MEASURES, item.measures),
    }
    return _short(values, _ITEM)


def section_document(section: Section) -> Document:
    """A section without its clauses."""
    values = {
        "代号": section.code,
        "名称": section.name,
        "类别": tables.word_of(tables.SECTION_KINDS, section.kind),
        "满分": _amount(section.full_marks),
        "起始分": _amount(section.start),
        "下限": _amount(section.floor),
        "上限": _amount(section.cap),
        "权重": _amount(section.weight),
        "上年结转": _amount(section.carry_over),
        "自定义条款数": str(section.custom_count),
        "自定义合计上限": _amount(section.custom_cap),
    }
    return _short(values, {"起始分": "0", "自定义条款数": "0"})


_HEAD = {
    "对象": "党员", "小数位数": "2", "次序": "先封顶后扣分", "一票否决有效至": "解除为止",
    "否决方式": "党委决定", "轻度否决": "不设", "重度否决": "取消评定资格", "否决事由": disciplines_and_law(),
    "申报流程": ["初核", "审核", "审定"], "新到党员": "从到岗月起计",
    "季度积分": "合计", "年度积分": "合计", "年度由": "各期",
}  # fmt: skip


def head_document(rule_set: RuleSet) -> Document:
    """The fields of the rule set itself."""
    values = {
        "代号": rule_set.code,
        "名称": rule_set.name,
        "依据": rule_set.basis,
        "说明": rule_set.note,
        "对象": tables.word_of(tables.KINDS, rule_set.account_kind),
        "周期": tables.word_of(tables.PERIODS, rule_set.period),
        "生效月份": str(rule_set.effective_from),
        "失效月份": "" if rule_set.effective_to is None else str(rule_set.effective_to),
        "总分下限": _amount(rule_set.floor),
        "总分上限": _amount(rule_set.ceiling),
        "小数位数": str(rule_set.decimals),
        "次序": tables.word_of(tables.CAP_ORDERS, rule_set.cap_order),
        "一票否决有效至": tables.word_of(tables.VETO_UNTIL, rule_set.veto_until),
        "否决方式": tables.word_of(tables.VETO_FORMS, rule_set.veto_form),
        "轻度否决": tables.word_of(tables.VETO_EFFECTS, rule_set.veto_light),
        "轻度封顶分": _amount(rule_set.veto_light_cap),
        "重度否决": tables.word_of(tables.VETO_EFFECTS, rule_set.veto_severe),
        "重度封顶分": _amount(rule_set.veto_severe_cap),
        "否决事由": list(rule_set.veto_grounds),
        "申报流程": [tables.word_of(tables.CLAIM_STEPS, step) for step in rule_set.claim_steps],
        "新到党员": tables.word_of(tables.NEWCOMERS, rule_set.newcomer),
        "季度积分": tables.word_of(tables.ABOVE, rule_set.quarter_value),
        "季度满分": _amount(rule_set.quarter_full),
        "年度积分": tables.word_of(tables.ABOVE, rule_set.year_value),
        "年度由": tables.word_of(tables.YEAR_OF, rule_set.year_of),
        "年度满分": _amount(rule_set.year_full),
    }
    return _short(values, _HEAD)


def document_of(rule_set: RuleSet, layout: Layout | None = None) -> Document:
    """A rule set with the items common to all, as a rule file says it. In: a layout where not the stored one."""
    sections = []
    for section, items in layout if layout is not None else layout_of(rule_set):
        made = section_document(section)
        if items:
            made["条款"] = [item_document(item) for item in items]
        sections.append(made)
    document = head_document(rule_set) | {"板块": sections}
    return document | ({"示例": rule_set.examples} if rule_set.examples else {})


def placed(document: Document) -> Lined:
    """The mapping for the reader, so that it tells the clause instead of a line."""
    found = lined(document, "")
    found["板块"] = mappings_placed(document.get("板块", []), "板块", "代号")
    for section in found["板块"]:
        section["条款"] = mappings_placed(section.get("条款", []), "条款", "条款号")
    found["示例"] = mappings_placed(document.get("示例", []), "示例", "名称")
    return found


class _Dumper(yaml.SafeDumper):
    """Clauses on one line each, everything else as a block."""


def _represent(dumper: _Dumper, values: dict[str, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", values.items(), flow_style="条款号" in values)


_Dumper.add_representer(dict, _represent)


def to_yaml(document: Document) -> str:
    """The text of a rule file."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
