"""Rule files: a rule set as a text that people read, review and exchange (YAML, Chinese words).

`parse` reads a file into plain field values and reports every mistake with its line; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml
from django.utils.translation import gettext as _

from members.errors import Refused
from scoring.models import disciplines_and_law
from scoring.rulebook import words as tables
from scoring.rulebook.checks import Part, check_rules
from scoring.rulebook.reader import (
    Lined,
    Loader,
    Reader,
    Record,
    amount,
    bands,
    code,
    levels,
    mappings,
    month,
    names,
    plain,
    points,
    points_text,
    records,
    steps,
    text,
    whole,
    words,
)


@dataclass
class ParsedItem:
    fields: dict[str, Any]


@dataclass
class ParsedSection:
    fields: dict[str, Any]
    items: list[ParsedItem] = field(default_factory=list)


@dataclass(frozen=True)
class ParsedExample:
    """Records in, total out: what the author of the rules expects of them."""

    name: str
    records: list[Record]
    # The month scored (0: the first one in force), and what is known of the member besides the records.
    month: int
    member_class: str
    posts: tuple[str, ...]
    last_year: Decimal
    total: Decimal


@dataclass
class ParsedRules:
    fields: dict[str, Any]
    sections: list[ParsedSection] = field(default_factory=list)
    examples: list[ParsedExample] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [(section.fields, [item.fields for item in section.items]) for section in self.sections]


_PRICING_FIELDS = {"分值", "单价", "起算数量", "计量步长", "不足一步", "级别", "分数段", "最低", "最高"}


def _pricing_table(reader: Reader, pricing: str | None) -> dict[str, Any]:
    if pricing == "fixed":
        return {"points": reader.take("分值", points_text, "0", needed=True)}
    if pricing == "per_unit":
        table = {
            "rate": reader.take("单价", points_text, "0", needed=True),
            "minimum": reader.take("起算数量", points_text, "0"),
            "step": reader.take("计量步长", points_text, "0"),
        }
        table["rounding"] = reader.choice("不足一步", tables.ROUNDINGS, "舍去")
        return table
    if pricing in ("level", "grade"):
        return {"levels": reader.take("级别", levels, [], needed=True)}
    if pricing == "bands":
        return {"bands": reader.take("分数段", bands, [], needed=True)}
    if pricing == "range":
        least = reader.take("最低", points_text, "", needed=True)
        most = reader.take("最高", points_text, "", needed=True)
        if least and most and amount(least) > amount(most):
            reader.problem("最低", _("比“最高”还大，请对调。"))
        return {"min": least or "0", "max": most or "0"}
    # Which fields belong here is not known: they are no second mistake.
    reader.asked |= _PRICING_FIELDS
    return {}


def _worth(table: dict[str, Any]) -> Iterable[int]:
    """Everything that one fact can be worth by a pricing table, up to its sign."""
    single = [table[key] for key in ("points", "rate", "max") if key in table]
    rows = [*table.get("levels", []), *table.get("bands", [])]
    return map(amount, [*single, *(row[-1] for row in rows)])


def _tally_table(reader: Reader, tally: str | None) -> dict[str, Any]:
    if tally == "steps":
        return {"steps": reader.take("分档", steps, [], needed=True)}
    if tally == "ratio":
        full = reader.take("比例满分", points_text, "0", needed=True)
        of = reader.choice("比例分母", tables.RATIO_OF, "应到次数")
        return {"full": full} | ({"of": of} if of == "expected" else {})
    if tally == "highest":
        of = reader.choice("最高范围", tables.HIGHEST_OF, "全期")
        return {"of": of} if of == "occasion" else {}
    return {}


def _item(values: Lined, position: int, kind: str | None, problems: list[str]) -> ParsedItem:
    reader = Reader(values, problems)
    pricing = reader.choice("计价", tables.PRICINGS)
    tally = reader.choice("汇总", tables.TALLIES, "累加")
    fields = {
        "code": reader.take("条款号", text(20), "", needed=True),
        "name": reader.take("名称", text(80), "", needed=True),
        "aliases": reader.take("别名", names(80), []),
        "standard": reader.take("标准", text(2000), ""),
        "position": position,
        "pricing": pricing,
        "pricing_table": _pricing_table(reader, pricing),
        "tally": tally,
        "tally_table": _tally_table(reader, tally),
        "start": reader.take("起始分", points, Decimal(0)),
        "floor": reader.take("下限", points),
        "cap_month": reader.take("每月上限", points),
        "cap_quarter": reader.take("每季上限", points),
        "cap_year": reader.take("每年上限", points),
        "outside_cap": reader.choice("不受板块上限限制", tables.YES_NO, "否"),
        "annual": reader.choice("年末计入", tables.YES_NO, "否"),
        "zeroes": reader.choice("发生即清零", tables.YES_NO, "否"),
        "unit_label": reader.take("单位", text(10), ""),
        "reason_required": reader.choice("须写理由", tables.YES_NO, "否"),
        "evidence": reader.choice("佐证", tables.EVIDENCE, "可附"),
        "claimable": reader.choice("可申报", tables.YES_NO, "否"),
        "fed_by": reader.choice("来源", tables.FED_BY, "月度录入"),
        "activity_kinds": reader.take("活动类型", words(tables.ACTIVITY_KINDS), []),
        "activity_marks": reader.take("计入情形", words(tables.ACTIVITY_MARKS), []),
        "classes": reader.take("适用分类", names(30), []),
        "posts": reader.take("适用职务", words(tables.POSTS), []),
        "expected_count": reader.take("应完成次数", whole(0, 9999)),
        "measures": reader.choice("衡量", tables.MEASURES, "完成"),
    }
    if kind == "deduction" and any(worth > 0 for worth in _worth(fields["pricing_table"])):
        reader.problem("计价", _("扣分板块里的分值须是 0 或负数，请加上负号。"))
    reader.finish()
    return ParsedItem(fields)


def _section(values: Lined, position: int, problems: list[str]) -> ParsedSection:
    reader = Reader(values, problems)
    fields = {
        "code": reader.take("代号", text(20), "", needed=True),
        "name": reader.take("名称", text(60), "", needed=True),
        "kind": reader.choice("类别", tables.SECTION_KINDS),
        "position": position,
        "full_marks": reader.take("满分", points),
        "start": reader.take("起始分", points, Decimal(0)),
        "floor": reader.take("下限", points),
        "cap": reader.take("上限", points),
        "weight": reader.take("权重", points),
        "carry_over": reader.take("上年结转", points),
        "custom_count": reader.take("自定义条款数", whole(0, 99), 0),
        "custom_cap": reader.take("自定义合计上限", points),
    }
    if fields["weight"] is not None and not (fields["weight"] > 0 and (fields["full_marks"] or 0) > 0):
        reader.problem("权重", _("权重和该板块的满分都须大于 0。"))
    items = reader.take("条款", mappings, [])
    reader.finish()
    kind = fields["kind"]
    return ParsedSection(fields, [_item(item, i, kind, problems) for i, item in enumerate(items)])


def _example(values: Lined, problems: list[str]) -> ParsedExample:
    reader = Reader(values, problems)
    example = ParsedExample(
        name=reader.take("名称", text(80), "", needed=True),
        records=reader.take("记录", records, [], needed=True),
        month=reader.take("月份", month, 0),
        member_class=reader.take("分类", text(30), ""),
        posts=tuple(reader.take("职务", words(tables.POSTS), [])),
        last_year=reader.take("上年总分", points, Decimal(0)),
        total=reader.take("总分", points, Decimal(0), needed=True),
    )
    reader.finish()
    return example


def read_document(content: str) -> Lined:
    """The text of a rule file as a mapping. Raise Refused when it is no such text."""
    try:
        document = yaml.load(content, Loader=Loader)  # noqa: S506  (a BaseLoader makes plain text only)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else "?"
        raise Refused(_("规则文件第 %s 行的格式不对：请检查缩进、冒号后的空格和引号是否成对。") % line) from None
    if not isinstance(document, Lined):
        raise Refused(_("这不是规则文件：第一层须是“名称、代号、周期、板块”等字段。"))
    return document


def parse(content: str) -> ParsedRules:
    """Read a rule file. Raise Refused with every mistake, one per line of the message."""
    return parse_document(read_document(content))


def parse_document(document: Lined) -> ParsedRules:
    """The same from a mapping, wherever it was written. Raise Refused with every mistake, one per line."""
    rules, problems = read_rules(document)
    problems += check_rules(
        rules.fields, [(part.fields, [item.fields for item in part.items]) for part in rules.sections]
    )
    if problems:
        raise Refused("\n".join(problems))
    return rules


def read_rules(document: Lined) -> tuple[ParsedRules, list[str]]:
    """Every value converted, and what is wrong with any of them. How the parts fit together is not looked at."""
    problems: list[str] = []
    reader = Reader(document, problems)
    fields = _head(reader)
    sections = reader.take("板块", mappings, [], needed=True)
    examples = reader.take("示例", mappings, [])
    reader.finish()
    rules = ParsedRules(fields, [_section(section, i, problems) for i, section in enumerate(sections)])
    rules.examples = [_example(example, problems) for example in examples]
    rules.fields["examples"] = [plain(example) for example in examples]
    return rules, problems


def read_item(values: Lined, kind: str) -> tuple[ParsedItem, list[str]]:
    """One clause on its own, as a unit adds it. In: the kind of its section."""
    problems: list[str] = []
    return _item(values, 0, kind, problems), problems


def _veto(reader: Reader) -> dict[str, Any]:
    return {
        "veto_form": reader.choice("否决方式", tables.VETO_FORMS, "党委决定"),
        "veto_light": reader.choice("轻度否决", tables.VETO_EFFECTS, "不设"),
        "veto_light_cap": reader.take("轻度封顶分", points),
        "veto_severe": reader.choice("重度否决", tables.VETO_EFFECTS, "取消评定资格"),
        "veto_severe_cap": reader.take("重度封顶分", points),
        "veto_grounds": reader.take("否决事由", names(40), disciplines_and_law()),
    }


def _head(reader: Reader) -> dict[str, Any]:
    fields = {
        "code": reader.take("代号", code, "", needed=True),
        "name": reader.take("名称", text(100), "", needed=True),
        "basis": reader.take("依据", text(200), ""),
        "note": reader.take("说明", text(2000), ""),
        "account_kind": reader.choice("对象", tables.KINDS, "党员"),
        "period": reader.choice("周期", tables.PERIODS),
        "effective_from": reader.take("生效月份", month, 0, needed=True),
        "effective_to": reader.take("失效月份", month),
        "floor": reader.take("总分下限", points),
        "ceiling": reader.take("总分上限", points),
        "decimals": reader.take("小数位数", whole(0, 2), 2),
        "cap_order": reader.choice("次序", tables.CAP_ORDERS, "先封顶后扣分"),
        "veto_until": reader.choice("一票否决有效至", tables.VETO_UNTIL, "解除为止"),
        **_veto(reader),
        "claim_steps": reader.take("申报流程", words(tables.CLAIM_STEPS), list(tables.CLAIM_STEPS.values())),
        "newcomer": reader.choice("新到党员", tables.NEWCOMERS, "从到岗月起计"),
        "quarter_value": reader.choice("季度积分", tables.ABOVE, "合计"),
        "quarter_full": reader.take("季度满分", points),
        "year_value": reader.choice("年度积分", tables.ABOVE, "合计"),
        "year_of": reader.choice("年度由", tables.YEAR_OF, "各期"),
        "year_full": reader.take("年度满分", points),
    }
    if fields["effective_to"] is not None and fields["effective_to"] < fields["effective_from"]:
        reader.problem("失效月份", _("早于生效月份，请核对。"))
    return fields
