"""Rule files: a rule set as a text that people read, review and exchange (YAML, Chinese words).

`parse` reads a file into plain field values and reports every mistake with its line; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml
from django.utils.translation import gettext as _

from members.errors import Refused
from scoring.calculation.amounts import from_hundredths, hundredths
from scoring.months import is_month

KINDS = {"党员": "MEMBER", "党支部": "BRANCH", "班组": "TEAM"}
PERIODS = {"月": "MONTH", "季": "QUARTER", "年": "YEAR"}
CAP_ORDERS = {"先封顶后扣分": "CAP_THEN_DEDUCT", "先扣分后封顶": "DEDUCT_THEN_CAP"}
SECTION_KINDS = {"基础": "base", "履职": "duty", "加分": "bonus", "扣分": "deduction", "一票否决": "veto"}
PRICINGS = {
    "每次定分": "fixed", "按数量": "per_unit", "按级别": "level",
    "按等次": "grade", "按分数段": "bands", "打分": "range",
}  # fmt: skip
TALLIES = {
    "累加": "sum", "取最高": "highest", "取最新": "latest",
    "月平均": "mean_of_months", "按次数分档": "steps", "按比例": "ratio",
}  # fmt: skip
EVIDENCE = {"不需要": "none", "可附": "optional", "必附": "required"}
FED_BY = {"月度录入": "grid", "个人申报": "claim", "组织生活": "activity", "检查考评": "inspection"}
MEASURES = {"痕迹": "record", "完成": "done", "成效": "effect"}
YES_NO = {"是": True, "否": False}


@dataclass
class ParsedItem:
    fields: dict[str, Any]


@dataclass
class ParsedSection:
    fields: dict[str, Any]
    items: list[ParsedItem] = field(default_factory=list)


@dataclass
class ParsedRules:
    fields: dict[str, Any]
    sections: list[ParsedSection] = field(default_factory=list)


class _Lined(dict[str, Any]):
    line = 0


class _Loader(yaml.BaseLoader):
    """Every value stays text, so amounts stay exact; every mapping knows its line."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Lined:
    values = _Lined(loader.construct_pairs(node, deep=True))
    values.line = node.start_mark.line + 1
    return values


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _Reader:
    """Takes values out of one mapping, notes every mistake, and at the end every key nobody asked for."""

    def __init__(self, values: _Lined, problems: list[str]) -> None:
        self.values, self.problems, self.asked = values, problems, set[str]()

    def problem(self, key: str, text: str) -> None:
        self.problems.append(
            _("第 %(line)s 行附近“%(key)s”：%(text)s") % {"line": self.values.line, "key": key, "text": text}
        )

    def take(self, key: str, convert: Callable[[Any], Any], default: Any = None, *, needed: bool = False) -> Any:
        self.asked.add(key)
        value = self.values.get(key, "")
        if value in ("", []):
            if needed:
                self.problem(key, _("没有填写，请补上。"))
            return default
        try:
            return convert(value)
        except (ValueError, TypeError, KeyError, AttributeError):
            self.problem(key, _("“%s”不是可用的值，请按《规则文件说明》填写。") % str(value)[:30])
            return default

    def choice(self, key: str, table: dict[str, Any], default: str = "") -> Any:
        return self.take(key, lambda value: table[value], table.get(default), needed=not default)

    def finish(self) -> None:
        for key in self.values.keys() - self.asked:
            self.problem(key, _("不认识这个字段，请检查拼写。"))


def _points(value: str) -> Any:
    return from_hundredths(hundredths(value))


def _month(value: str) -> int:
    month = int(value)
    if not is_month(month):
        raise ValueError(value)
    return month


def _pairs(value: list[list[str]]) -> list[list[str]]:
    return [[str(name), str(_points(points))] for name, points in value]


def _pricing_table(reader: _Reader, pricing: str | None) -> dict[str, Any]:
    if pricing == "fixed":
        return {"points": reader.take("分值", lambda v: str(_points(v)), "0", needed=True)}
    if pricing == "per_unit":
        table = {
            "rate": reader.take("单价", lambda v: str(_points(v)), "0", needed=True),
            "minimum": reader.take("起算数量", lambda v: str(_points(v)), "0"),
            "step": reader.take("计量步长", lambda v: str(_points(v)), "0"),
        }
        table["rounding"] = reader.choice("不足一步", {"舍去": "down", "进一": "up", "四舍五入": "half_up"}, "舍去")
        return table
    if pricing in ("level", "grade"):
        return {"levels": reader.take("级别", _pairs, [], needed=True)}
    if pricing == "bands":
        return {"bands": reader.take("分数段", _bands, [], needed=True)}
    if pricing == "range":
        return {
            "min": reader.take("最低", lambda v: str(_points(v)), "0", needed=True),
            "max": reader.take("最高", lambda v: str(_points(v)), "0", needed=True),
        }
    return {}


def _bands(value: list[list[str]]) -> list[list[str | None]]:
    return [[low or None, high or None, str(_points(points))] for low, high, points in value]


def _tally_table(reader: _Reader, tally: str | None) -> dict[str, Any]:
    if tally == "steps":
        return {"steps": reader.take("分档", _pairs, [], needed=True)}
    if tally == "ratio":
        return {"full": reader.take("比例满分", lambda v: str(_points(v)), "0", needed=True)}
    return {}


def _item(values: _Lined, position: int, problems: list[str]) -> ParsedItem:
    reader = _Reader(values, problems)
    pricing = reader.choice("计价", PRICINGS)
    tally = reader.choice("汇总", TALLIES, "累加")
    fields = {
        "code": reader.take("条款号", str, "", needed=True),
        "name": reader.take("名称", str, "", needed=True),
        "aliases": reader.take("别名", list, []),
        "standard": reader.take("标准", str, ""),
        "position": position,
        "pricing": pricing,
        "pricing_table": _pricing_table(reader, pricing),
        "tally": tally,
        "tally_table": _tally_table(reader, tally),
        "start": reader.take("起始分", _points, _points("0")),
        "floor": reader.take("下限", _points),
        "cap_month": reader.take("每月上限", _points),
        "cap_quarter": reader.take("每季上限", _points),
        "cap_year": reader.take("每年上限", _points),
        "outside_cap": reader.choice("不受板块上限限制", YES_NO, "否"),
        "zeroes": reader.choice("发生即清零", YES_NO, "否"),
        "unit_label": reader.take("单位", str, ""),
        "reason_required": reader.choice("须写理由", YES_NO, "否"),
        "evidence": reader.choice("佐证", EVIDENCE, "可附"),
        "fed_by": reader.choice("来源", FED_BY, "月度录入"),
        "classes": reader.take("适用分类", list, []),
        "expected_count": reader.take("应完成次数", int),
        "measures": reader.choice("衡量", MEASURES, "完成"),
    }
    reader.finish()
    return ParsedItem(fields)


def _section(values: _Lined, position: int, problems: list[str]) -> ParsedSection:
    reader = _Reader(values, problems)
    fields = {
        "code": reader.take("代号", str, "", needed=True),
        "name": reader.take("名称", str, "", needed=True),
        "kind": reader.choice("类别", SECTION_KINDS),
        "position": position,
        "full_marks": reader.take("满分", _points),
        "start": reader.take("起始分", _points, _points("0")),
        "floor": reader.take("下限", _points),
        "cap": reader.take("上限", _points),
        "weight": reader.take("权重", _points),
    }
    items = reader.take("条款", list, [])
    reader.finish()
    return ParsedSection(fields, [_item(item, i, problems) for i, item in enumerate(items)])


def _check_whole(rules: ParsedRules, problems: list[str]) -> None:
    codes = [item.fields["code"] for section in rules.sections for item in section.items]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        problems.append(_("条款号“%s”出现了不止一次，请改成不同的条款号。") % code)
    if not codes:
        problems.append(_("没有任何条款，请至少写一个板块和一个条款。"))
    weights = [section.fields["weight"] for section in rules.sections if section.fields["weight"] is not None]
    if weights and sum(weights) != 100:
        problems.append(_("各板块权重之和是 %s，应为 100。") % sum(weights))


def parse(content: str) -> ParsedRules:
    """Read a rule file. Raise Refused with every mistake, one per line of the message."""
    try:
        document = yaml.load(content, Loader=_Loader)  # noqa: S506  (a BaseLoader makes plain text only)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else "?"
        raise Refused(_("规则文件第 %s 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。") % line) from None
    if not isinstance(document, _Lined):
        raise Refused(_("这不是规则文件：第一层须是“名称、代号、周期、板块”等字段。"))
    problems: list[str] = []
    reader = _Reader(document, problems)
    fields = {
        "code": reader.take("代号", str, "", needed=True),
        "name": reader.take("名称", str, "", needed=True),
        "basis": reader.take("依据", str, ""),
        "note": reader.take("说明", str, ""),
        "account_kind": reader.choice("对象", KINDS, "党员"),
        "period": reader.choice("周期", PERIODS),
        "effective_from": reader.take("生效月份", _month, 0, needed=True),
        "effective_to": reader.take("失效月份", _month),
        "floor": reader.take("总分下限", _points),
        "ceiling": reader.take("总分上限", _points),
        "decimals": reader.take("小数位数", int, 2),
        "cap_order": reader.choice("次序", CAP_ORDERS, "先封顶后扣分"),
    }
    sections = reader.take("板块", list, [], needed=True)
    reader.finish()
    rules = ParsedRules(fields, [_section(section, i, problems) for i, section in enumerate(sections)])
    _check_whole(rules, problems)
    if problems:
        raise Refused("\n".join(problems))
    return rules
