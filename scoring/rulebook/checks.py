"""What must hold between the parts of a rule set. Each problem is a sentence that names the row and the cure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scoring.calculation.amounts import hundredths
from scoring.calculation.pricing import show
from scoring.months import PERIOD_MONTHS

Fields = Mapping[str, Any]
# A section's own fields and those of its items.
Part = tuple[Fields, Sequence[Fields]]
# Of what organisation life feeds: a mark is one time of something, it cannot say a level or choose points.
COUNTED_PRICINGS = ("fixed", "per_unit", "bands")

_CAPS = (
    ("cap_month", "MONTH", gettext_lazy("每月上限")),
    ("cap_quarter", "QUARTER", gettext_lazy("每季上限")),
    ("cap_year", "YEAR", gettext_lazy("每年上限")),
)


def check_rules(fields: Fields, parts: Sequence[Part]) -> list[str]:
    """Everything wrong with a rule set as a whole. In: the values of its tables."""
    problems = [*_codes(parts), *_weights(parts), *_totals(fields)]
    for section, items in parts:
        problems += _section(section)
        for item in items:
            problems += _item(item, section, fields)
    return problems


def _repeated(codes: list[str]) -> list[str]:
    return sorted({one for one in codes if one and codes.count(one) > 1})


def _codes(parts: Sequence[Part]) -> Iterator[str]:
    for twice in _repeated([section["code"] for section, _items in parts]):
        yield _("板块代号“%s”出现了不止一次，请改成不同的代号。") % twice
    codes = [item["code"] for _section, items in parts for item in items]
    for twice in _repeated(codes):
        yield _("条款号“%s”出现了不止一次，请改成不同的条款号。") % twice
    if parts and not codes:
        yield _("没有任何条款，请至少写一个板块和一个条款。")


def _weights(parts: Sequence[Part]) -> Iterator[str]:
    weights = [section["weight"] for section, _items in parts if section["weight"] is not None]
    if weights and sum(weights) != 100:
        yield _("各板块权重之和是 %s，应为 100。") % _plain(sum(weights))


def _totals(fields: Fields) -> Iterator[str]:
    floor, ceiling = fields["floor"], fields["ceiling"]
    if floor is not None and ceiling is not None and floor >= ceiling:
        yield _("总分下限 %(floor)s 不低于总分上限 %(ceiling)s，请核对。") % {
            "floor": _plain(floor), "ceiling": _plain(ceiling),
        }  # fmt: skip
    for name, method, full in (
        (_("季度积分"), fields["quarter_value"], fields["quarter_full"]),
        (_("年度积分"), fields["year_value"], fields["year_full"]),
    ):
        if method == "SCALED" and not (full and full > 0 and ceiling and ceiling > 0):
            yield _("%s按折算计，须写明折算后的满分和总分上限，且都大于 0。") % name
        if method != "SCALED" and full is not None:
            yield _("%s不是折算，不用写满分，请删去或改为折算。") % name
    for name, effect, cap in (
        (_("轻度"), fields["veto_light"], fields["veto_light_cap"]),
        (_("重度"), fields["veto_severe"], fields["veto_severe_cap"]),
    ):
        if effect == "CAP" and cap is None:
            yield _("%s否决是积分封顶，请写明封顶分。") % name
        if effect != "CAP" and cap is not None:
            yield _("%s否决不是积分封顶，不用写封顶分，请删去或改为积分封顶。") % name
    if fields["year_of"] == "QUARTERS" and fields["period"] == "YEAR":
        yield _("计分周期是年，年度积分不能由各季合成，请改为“各期”。")


def _section(section: Fields) -> Iterator[str]:
    name, floor, cap = section["name"], section["floor"], section["cap"]
    if floor is not None and cap is not None and floor > cap:
        yield _("板块“%(name)s”的下限 %(floor)s 高于上限 %(cap)s，请核对。") % {
            "name": name, "floor": _plain(floor), "cap": _plain(cap),
        }  # fmt: skip
    if cap is not None and section["start"] > cap:
        yield _("板块“%(name)s”的起始分 %(start)s 高于上限 %(cap)s，请核对。") % {
            "name": name, "start": _plain(section["start"]), "cap": _plain(cap),
        }  # fmt: skip
    carried = section["carry_over"]
    if carried is not None and not 0 < carried <= 100:
        yield _("板块“%s”的上年结转须大于 0、不超过 100（%%）。") % name
    if section["custom_count"] and section["custom_cap"] is None:
        yield _("板块“%s”允许自定义条款，须写明自定义合计上限。") % name
    if cap is not None and section["custom_cap"] is not None and section["custom_cap"] > cap:
        yield _("板块“%(name)s”的自定义合计上限 %(custom)s 高于板块上限 %(cap)s，请改小。") % {
            "name": name, "custom": _plain(section["custom_cap"]), "cap": _plain(cap),
        }  # fmt: skip


def _item(item: Fields, section: Fields, fields: Fields) -> Iterator[str]:
    label = f"{item['code']} {item['name']}"
    known = [(word, span, item[field]) for field, span, word in _CAPS if item[field] is not None]
    for (word, _span, cap), (longer, _longer_span, most) in pairwise(known):
        if cap > most:
            yield _("%(item)s：%(word)s %(cap)s 高于%(longer)s %(most)s，永远用不上，请核对。") % {
                "item": label, "word": word, "cap": _plain(cap), "longer": longer, "most": _plain(most),
            }  # fmt: skip
    for word, span, cap in known:
        fits = item["outside_cap"] or section["cap"] is None or cap <= section["cap"]
        if PERIOD_MONTHS[span] <= PERIOD_MONTHS[fields["period"] or "MONTH"] and not fits:
            told = _("%(item)s：%(word)s %(cap)s 高于板块“%(section)s”的上限 %(most)s，请改小或写明不受其限制。")
            yield told % {
                "item": label, "word": word, "cap": _plain(cap),
                "section": section["name"], "most": _plain(section["cap"]),
            }  # fmt: skip
        if item["floor"] is not None and item["floor"] > cap:
            yield _("%(item)s：下限 %(floor)s 高于%(word)s %(cap)s，请核对。") % {
                "item": label, "floor": _plain(item["floor"]), "word": word, "cap": _plain(cap),
            }  # fmt: skip
    yield from _feeding(item, fields, label)


def _feeding(item: Fields, fields: Fields, label: str) -> Iterator[str]:
    """What an item needs for where its facts come from."""
    if item["annual"] and fields["period"] == "YEAR":
        yield _("%s：计分周期已是年，不用写年末计入，请删去。") % label
    if item["tally_table"].get("of") == "expected" and not item["expected_count"]:
        yield _("%s：按应完成次数折算，须写明应完成次数。") % label
    if (item["activity_kinds"] or item["activity_marks"]) and item["fed_by"] != "activity":
        yield _("%s：只有来源是“组织生活”的条款才写活动类型和计入情形，请删去或改来源。") % label
    if item["fed_by"] == "activity" and item["pricing"] not in COUNTED_PRICINGS:
        yield (
            _(
                "%s：到会情况说不出级别、等次和分数，来源是“组织生活”的条款只能按“每次定分”“按数量”或“按分数段”计价，"
                "请改计价或改来源。"
            )
            % label
        )
    if item["fed_by"] == "post" and not item["posts"]:
        yield _("%s：任职自动计入，须写明适用职务。") % label
    if item["fed_by"] == "post" and item["pricing"] != "fixed":
        yield _("%s：任职自动计入的条款须按“每次定分”计价。") % label


def _plain(amount: Decimal | int) -> str:
    return show(hundredths(Decimal(amount)))
