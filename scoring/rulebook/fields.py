"""The fields of rule files, in the order people fill them in, and what each holds.

Forms, workbooks and the comparison of versions are made from these; what a value means is for `rulefile` to read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scoring.rulebook import words as tables

# text and long are words; number stays exact text; lines, levels, bands, steps and records are lists.
TEXT, LONG, NUMBER, CHOICE, YES, SEVERAL = "text", "long", "number", "choice", "yes", "several"
LINES, LEVELS, BANDS, STEPS, RECORDS = "lines", "levels", "bands", "steps", "records"


@dataclass(frozen=True)
class Field:
    key: str
    kind: str = TEXT
    words: tuple[str, ...] = ()
    # What holds when nothing is written.
    default: str = ""
    # Only with these words of 计价 or 汇总.
    only: tuple[str, ...] = ()

    @property
    def is_list(self) -> bool:
        return self.kind in (SEVERAL, LINES, LEVELS, BANDS, STEPS, RECORDS)


def _choice(key: str, table: Iterable[str], default: str = "", only: tuple[str, ...] = ()) -> Field:
    return Field(key, CHOICE, tuple(table), default, only)


def _yes(key: str) -> Field:
    return Field(key, YES, tuple(tables.YES_NO), "否")


def _numbers(*keys: str, only: tuple[str, ...] = ()) -> list[Field]:
    return [Field(key, NUMBER, only=only) for key in keys]


HEAD = (
    Field("代号"), Field("名称"), Field("依据"), Field("说明", LONG),
    _choice("对象", tables.KINDS, "党员"), _choice("周期", tables.PERIODS), *_numbers("生效月份", "失效月份"),
    *_numbers("总分下限", "总分上限"), _choice("小数位数", ("0", "1", "2"), "2"),
    _choice("次序", tables.CAP_ORDERS, "先封顶后扣分"), _choice("一票否决有效至", tables.VETO_UNTIL, "解除为止"),
    _choice("否决方式", tables.VETO_FORMS, "党委决定"), _choice("轻度否决", tables.VETO_EFFECTS, "不设"),
    *_numbers("轻度封顶分"),
    _choice("重度否决", tables.VETO_EFFECTS, "取消评定资格"), *_numbers("重度封顶分"), Field("否决事由", LINES),
    Field("申报流程", SEVERAL, tuple(tables.CLAIM_STEPS)), _choice("新到党员", tables.NEWCOMERS, "从到岗月起计"),
    _choice("季度积分", tables.ABOVE, "合计"), *_numbers("季度满分"),
    _choice("年度积分", tables.ABOVE, "合计"), _choice("年度由", tables.YEAR_OF, "各期"), *_numbers("年度满分"),
)  # fmt: skip
SECTION = (
    Field("代号"), Field("名称"), _choice("类别", tables.SECTION_KINDS),
    *_numbers("满分", "起始分", "下限", "上限", "权重", "上年结转", "自定义条款数", "自定义合计上限"),
)  # fmt: skip
_STEPPED = ("按数量",)
ITEM = (
    Field("条款号"), Field("名称"), Field("标准", LONG),
    _choice("计价", tables.PRICINGS), *_numbers("分值", only=("每次定分",)), *_numbers("单价", only=_STEPPED),
    *_numbers("起算数量", "计量步长", only=_STEPPED), _choice("不足一步", tables.ROUNDINGS, "舍去", _STEPPED),
    Field("级别", LEVELS, only=("按级别", "按等次")), Field("分数段", BANDS, only=("按分数段",)),
    *_numbers("最低", "最高", only=("打分",)), Field("单位"),
    _choice("汇总", tables.TALLIES, "累加"), _choice("最高范围", tables.HIGHEST_OF, "全期", ("取最高",)),
    Field("分档", STEPS, only=("按次数分档",)), *_numbers("比例满分", only=("按比例",)),
    _choice("比例分母", tables.RATIO_OF, "应到次数", ("按比例",)), *_numbers("应完成次数"),
    *_numbers("起始分", "下限", "每月上限", "每季上限", "每年上限"), _yes("不受板块上限限制"), _yes("年末计入"),
    _yes("发生即清零"), _choice("来源", tables.FED_BY, "月度录入"), _yes("可申报"),
    _choice("佐证", tables.EVIDENCE, "可附"),
    _yes("须写理由"), _choice("衡量", tables.MEASURES, "完成"),
    Field("活动类型", SEVERAL, tuple(tables.ACTIVITY_KINDS)),
    Field("计入情形", SEVERAL, tuple(tables.ACTIVITY_MARKS)), Field("适用分类", LINES),
    Field("适用职务", SEVERAL, tuple(tables.POSTS)), Field("别名", LINES),
)  # fmt: skip
EXAMPLE = (
    Field("名称"), Field("记录", RECORDS), *_numbers("月份"), Field("分类"),
    Field("职务", SEVERAL, tuple(tables.POSTS)),
    *_numbers("上年总分", "总分"),
)  # fmt: skip
