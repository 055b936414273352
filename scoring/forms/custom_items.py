"""A unit's own item as people type it, in the words of rule files."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from members.access import below
from members.forms.fields import UnitField
from members.models import OrgUnit, User
from scoring.models import RuleSet, Section
from scoring.months import label, month_of, shift, span
from scoring.rulebook.room import UNIT_KINDS, earliest_month
from scoring.rulebook.words import EVIDENCE, PRICINGS
from scoring.rules import PROPOSING_POSTS

_MONTHS_AHEAD = 12
_TALLIES = ("累加", "取最高", "取最新", "月平均", "按次数分档")
# Which fields a pricing asks for; the page shows these alone.
PRICING_FIELDS = {
    "每次定分": ("points", "unit_label"),
    "按数量": ("rate", "unit_label"),
    "按级别": ("levels",),
    "按等次": ("levels",),
    "按分数段": ("bands",),
    "打分": ("least", "most"),
}
# Form field -> the word in a rule file.
_WORDS = {
    "code": "条款号", "name": "名称", "standard": "标准", "pricing": "计价", "points": "分值", "rate": "单价",
    "unit_label": "单位", "least": "最低", "most": "最高", "levels": "级别", "bands": "分数段", "tally": "汇总",
    "steps": "分档", "cap_month": "每月上限", "cap_quarter": "每季上限", "cap_year": "每年上限", "floor": "下限",
    "evidence": "佐证",
}  # fmt: skip
_OPTIONAL_OF_PRICING = {name for names in PRICING_FIELDS.values() for name in names}


def _lines(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _choices(words: Iterable[str]) -> list[tuple[str, str]]:
    return [(word, word) for word in words]


class PlaceForm(forms.Form):
    """For which unit, and from which month on."""

    unit = UnitField(label=_("组织"), empty_label=None)
    from_month = forms.TypedChoiceField(label=_("起用月份"), coerce=int, help_text=_("只影响这个月和以后的月份。"))

    def __init__(self, *args: Any, rule_set: RuleSet, by: User, wanted: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.rule_set = rule_set
        unit: Any = self.fields["unit"]
        own = OrgUnit.objects.open().filter(below(by.authority.paths(PROPOSING_POSTS), "path"), kind__in=UNIT_KINDS)
        unit.queryset = own.filter(path__startswith=rule_set.owner.path).exclude(pk=rule_set.owner_id)
        first = unit.queryset.filter(pk=wanted).first() if wanted.isdecimal() and len(wanted) < 19 else None
        chosen: OrgUnit | None = first or unit.queryset.order_by("path").first()
        month: Any = self.fields["from_month"]
        today = timezone.localdate()
        first_open = max(shift(month_of(today), -1), rule_set.effective_from)
        month.choices = [(one, label(one)) for one in span(first_open, shift(first_open, _MONTHS_AHEAD))]
        if chosen is not None:
            unit.initial, month.initial = chosen.pk, max(earliest_month(chosen, today), first_open)

    @property
    def has_units(self) -> bool:
        return self.fields["unit"].initial is not None


class CustomItemForm(PlaceForm):
    """The clause. Only what is typed goes into the content; the service checks it as it checks a rule file."""

    section = forms.ModelChoiceField(label=_("板块"), queryset=Section.objects.none(), empty_label=None)
    code = forms.CharField(label=_("条款号"), max_length=20, help_text=_("全办法唯一，例如 自-1。"))
    name = forms.CharField(label=_("名称"), max_length=80)
    standard = forms.CharField(label=_("评分标准"), required=False, max_length=2000, widget=_lines(2))
    pricing = forms.ChoiceField(label=_("计价"), choices=_choices(PRICINGS))
    points = forms.CharField(label=_("分值"), required=False, help_text=_("每发生一次得多少分，扣分写负数。"))
    rate = forms.CharField(label=_("单价"), required=False, help_text=_("每一单位得多少分。"))
    unit_label = forms.CharField(label=_("数量单位"), required=False, max_length=10, help_text=_("例如 次、小时。"))
    least = forms.CharField(label=_("最低"), required=False)
    most = forms.CharField(label=_("最高"), required=False)
    levels = forms.CharField(
        label=_("级别"), required=False, widget=_lines(4), help_text=_("一行一级，例如：国家级 10")
    )
    bands = forms.CharField(
        label=_("分数段"), required=False, widget=_lines(4),
        help_text=_("一行一段：起 止 分值，含起不含止，不限写 -，例如：80 90 1"),
    )  # fmt: skip
    tally = forms.ChoiceField(label=_("汇总"), choices=_choices(_TALLIES))
    steps = forms.CharField(
        label=_("分档"), required=False, widget=_lines(3), help_text=_("一行一档：次数 分值，例如：1 -3")
    )
    cap_month = forms.CharField(label=_("每月上限"), required=False)
    cap_quarter = forms.CharField(label=_("每季上限"), required=False)
    cap_year = forms.CharField(label=_("每年上限"), required=False)
    floor = forms.CharField(label=_("下限"), required=False, help_text=_("会扣分的条款必填，例如 -5。"))
    evidence = forms.ChoiceField(label=_("佐证"), choices=_choices(EVIDENCE), initial="可附")
    reason_required = forms.BooleanField(label=_("须写理由"), required=False)

    def __init__(self, *args: Any, rule_set: RuleSet, **options: Any) -> None:
        super().__init__(*args, rule_set=rule_set, **options)
        section: Any = self.fields["section"]
        rows = rule_set.sections.filter(custom_count__gt=0).select_related("rule_set__owner")
        section.queryset = rows
        # Said once: the widget would ask for its first choice alone, and then for all.
        section.choices = [(row.pk, row.name) for row in rows]
        self.fields["steps"].widget.attrs["data-tally"] = "按次数分档"

    def content(self) -> dict[str, Any]:
        """The clause as in a rule file: what does not belong to the pricing chosen is left out."""
        cleaned = self.cleaned_data
        asked = PRICING_FIELDS[cleaned["pricing"]]
        found: dict[str, Any] = {}
        for name, word in _WORDS.items():
            value = cleaned.get(name, "")
            if not value or (name in _OPTIONAL_OF_PRICING and name not in asked):
                continue
            if name == "steps" and cleaned["tally"] != "按次数分档":
                continue
            found[word] = _TABLES[name](value) if name in _TABLES else value
        return found | ({"须写理由": "是"} if cleaned["reason_required"] else {})

    def rows(self) -> list[tuple[str, Any]]:
        """The fields for the page, each with the pricing it belongs to ("" for all)."""
        of: dict[str, list[str]] = {}
        for pricing, names in PRICING_FIELDS.items():
            for name in names:
                of.setdefault(name, []).append(pricing)
        return [(" ".join(of.get(field.name, [])), field) for field in self]


class LoadForm(PlaceForm):
    """Many items at once."""

    preset = forms.ChoiceField(label=_("内置条款"), required=False)
    file = forms.FileField(label=_("条款文件"), required=False, help_text=_("YAML 文本，UTF-8 编码，不超过 1 MB。"))

    def __init__(self, *args: Any, presets: dict[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        chosen: Any = self.fields["preset"]
        chosen.choices = [("", _("（使用下面上传的文件）")), *presets.items()]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if not cleaned.get("preset") and file is None:
            raise forms.ValidationError(_("请选择一组内置条款，或上传条款文件。"))
        if file is not None and file.size > 1024 * 1024:
            raise forms.ValidationError(_("条款文件超过 1 MB，请检查是否选错了文件。"))
        return cleaned

    def uploaded(self) -> str:
        """The text of the file. Raise ValidationError when it is not UTF-8."""
        try:
            return str(self.cleaned_data["file"].read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError(_now("条款文件不是 UTF-8 文本，请另存为 UTF-8 后上传。")) from None


def _parts(text: str) -> list[list[str]]:
    return [line.split() for line in text.replace("，", " ").splitlines() if line.strip()]


def _levels(text: str) -> list[list[str]]:
    """A name may hold blanks: the last word is the points."""
    return [[" ".join(words[:-1]), words[-1]] for words in _parts(text)]


def _bands(text: str) -> list[list[str]]:
    return [["" if word in ("-", "—") else word for word in words[:-1]] + words[-1:] for words in _parts(text)]


_TABLES: dict[str, Callable[[str], list[list[str]]]] = {"levels": _levels, "bands": _bands, "steps": _parts}


class ReturnForm(forms.Form):
    reason = forms.CharField(label=_("退回原因"), max_length=200)


class EndForm(forms.Form):
    to_month = forms.IntegerField(label=_("最后计分月份"))
