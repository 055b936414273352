"""Forms for the parts of a rule set. Every value stays text: what it means is for `rulefile` to read and to tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.models import RuleSet
from scoring.months import shift
from scoring.rulebook.fields import (
    BANDS,
    CHOICE,
    EXAMPLE,
    HEAD,
    ITEM,
    LEVELS,
    LINES,
    LONG,
    NUMBER,
    RECORDS,
    SECTION,
    SEVERAL,
    STEPS,
    TEXT,
    YES,
    Field,
)
from scoring.rulebook.lines import from_lines, to_lines
from scoring.rulebook.reader import Wrong
from scoring.rulebook.writer import Document

Group = tuple[str | Promise, Sequence[str]]

_HELP: dict[str, Any] = {
    LEVELS: gettext_lazy("一行一个级别，后面写分值，例如“国家级 10”。可以从 Excel 粘贴两列。"),
    BANDS: gettext_lazy("一行一段，例如“60～80 0.5”：含 60，不含 80。两头不限写成“～60 0”“90～ 1”。"),
    STEPS: gettext_lazy("一行一档，例如“1 -3”：满 1 次扣 3 分。"),
    LINES: gettext_lazy("一行一个。"),
    RECORDS: gettext_lazy("一行一条：条款号 | 内容，例如“加-1 | 5次”；另有月份或事项时接着写“| 202602 | 技术比武”。"),
    "生效月份": gettext_lazy("写成 202601 的样子。"),
    "权重": gettext_lazy("百分比；写了权重，各板块合计须为 100。"),
    "上年结转": gettext_lazy("上年总分的百分之几作为起始分。"),
    "自定义条款数": gettext_lazy("下级单位可以自己增加几条；0 表示不可以。"),
    "别名": gettext_lazy("月度积分表里的其他叫法，一行一个。"),
    "适用分类": gettext_lazy("留空表示全体，一行一个。"),
    "单位": gettext_lazy("次、篇、小时。"),
    "月份": gettext_lazy("留空表示生效的第一个月。"),
}
_OPEN: Group = (gettext_lazy("基本"), ())


class PartForm(forms.Form):
    """Fields made from the table of the part, in groups; the values go out as a document."""

    part_fields: Sequence[Field] = ()
    grouped: Sequence[Group] = ()

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.part_fields:
            self.fields[field.key] = _form_field(field)
            value = document.get(field.key, field.default)
            self.initial[field.key] = _initial(field, value)

    def groups(self) -> Iterator[tuple[str | Promise, list[tuple[BoundField, Field]]]]:
        """Legend, and its fields with what is known of them."""
        known = {field.key: field for field in self.part_fields}
        for legend, keys in self.grouped:
            yield legend, [(self[key], known[key]) for key in keys]

    def document(self) -> Document:
        """What was typed. Lines that cannot be read stand beside their field."""
        self.full_clean()
        chosen = {self.cleaned_data.get("计价"), self.cleaned_data.get("汇总")}
        found: Document = {}
        for field in self.part_fields:
            if field.only and not chosen.intersection(field.only):
                continue
            value = self._value(field)
            if value not in ("", [], None):
                found[field.key] = value
        return found

    def _value(self, field: Field) -> Any:
        typed = self.cleaned_data.get(field.key)
        if field.kind == YES:
            return "是" if typed else ""
        if field.kind == SEVERAL:
            return list(typed or [])
        try:
            return from_lines(field, str(typed or ""))
        except Wrong as wrong:
            self.add_error(field.key, str(wrong))
            return ""

    def show(self, problems: Sequence[str], place: str) -> None:
        """Put each problem of this part beside its field, all others above the form."""
        for problem in problems:
            key = next((key for key in self.fields if problem.startswith(f"{place}“{key}”：")), None)
            if key is None:
                self.add_error(None, problem)
            # A line that cannot be read was told already; then the reader finds nothing written.
            elif not self.has_error(key):
                self.add_error(key, problem.removeprefix(f"{place}“{key}”："))


def _initial(field: Field, value: Any) -> Any:
    if field.kind == YES:
        return value == "是"
    return (value or []) if field.kind == SEVERAL else to_lines(field, value)


def _form_field(field: Field) -> forms.Field:
    options = {"label": field.key, "required": False, "help_text": _HELP.get(field.key, _HELP.get(field.kind, ""))}
    if field.kind == CHOICE:
        empty = [] if field.default else [("", _("（请选择）"))]
        return forms.CharField(widget=forms.Select(choices=[*empty, *((one, one) for one in field.words)]), **options)
    if field.kind == YES:
        return forms.BooleanField(**options)
    if field.kind == SEVERAL:
        choices = [(one, one) for one in field.words]
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **options)
    if field.kind == NUMBER:
        return forms.CharField(
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **options
        )
    if field.kind == TEXT:
        return forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off"}), **options)
    rows = 2 if field.kind in (LONG, LINES) else 5
    return forms.CharField(widget=forms.Textarea(attrs={"rows": rows, "spellcheck": "false"}), strip=False, **options)


class HeadForm(PartForm):
    part_fields = HEAD
    grouped = (
        (_OPEN[0], ("代号", "名称", "依据", "说明", "对象", "周期", "生效月份", "失效月份")),
        (gettext_lazy("总分"), ("总分下限", "总分上限", "小数位数", "次序")),
        (
            gettext_lazy("一票否决"),
            ("否决方式", "轻度否决", "轻度封顶分", "重度否决", "重度封顶分", "否决事由", "一票否决有效至"),
        ),
        (gettext_lazy("特殊情形"), ("新到党员",)),
        (gettext_lazy("季度和年度"), ("季度积分", "季度满分", "年度积分", "年度由", "年度满分")),
    )


class SectionForm(PartForm):
    part_fields = SECTION
    grouped = (
        (_OPEN[0], ("代号", "名称", "类别")),
        (gettext_lazy("分值"), ("满分", "起始分", "下限", "上限", "权重", "上年结转")),
        (gettext_lazy("下级单位的自定义条款"), ("自定义条款数", "自定义合计上限")),
    )


class ItemForm(PartForm):
    part_fields = ITEM
    grouped = (
        (_OPEN[0], ("条款号", "名称", "标准")),
        (
            gettext_lazy("一件事怎样计分"),
            ("计价", "分值", "单价", "起算数量", "计量步长", "不足一步", "级别", "分数段", "最低", "最高", "单位"),
        ),
        (gettext_lazy("几件事怎样汇总"), ("汇总", "最高范围", "分档", "比例满分", "比例分母", "应完成次数")),
        (
            gettext_lazy("上下限"),
            ("每月上限", "每季上限", "每年上限", "下限", "起始分", "不受板块上限限制", "年末计入", "发生即清零"),
        ),
        (gettext_lazy("录入和佐证"), ("来源", "佐证", "衡量", "须写理由", "别名")),
        (gettext_lazy("适用范围"), ("适用分类", "适用职务")),
    )


class ExampleForm(PartForm):
    part_fields = EXAMPLE
    grouped = (
        (_OPEN[0], ("名称", "记录", "总分")),
        (gettext_lazy("这名党员的情况"), ("月份", "分类", "上年总分", "职务")),
    )


class RevisionForm(forms.Form):
    """From which month the next version holds."""

    effective_from = forms.IntegerField(
        label=gettext_lazy("新版本生效月份"), help_text=gettext_lazy("写成 202701 的样子。"),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "maxlength": "6", "autocomplete": "off"}),
        error_messages={"invalid": gettext_lazy("请写成 202701 的样子。")},
    )  # fmt: skip

    def __init__(self, *args: Any, rule_set: RuleSet, month: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_from"].initial = shift(max(month, rule_set.effective_from), 1)
