"""How figures, months and icons look on screen. A builtin library: no template needs to load it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from scoring.months import quarter_label

register = template.Library()

MINUS = "−"
NOTHING = "—"


# --- icons ---------------------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """One symbol of static/img/icons.svg. Decoration only: what it means also stands beside it in words."""
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        " " if extra else "",
        extra,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def stars(count: int, of: int = 5) -> SafeString:
    """A star rating; the number is read out, the stars are drawn."""
    lit = "".join(icon("star-filled", "" if place < count else "off") for place in range(of))
    label = _("%(count)d 星") % {"count": count}
    return format_html('<span class="stars" role="img" aria-label="{}">{}</span>', label, SafeString(lit))


# --- figures -------------------------------------------------------------------------------------
@register.filter
def points(value: Decimal | int | str | None) -> str:
    """Points without trailing zeros and with a real minus sign; a dash where there are none."""
    if value is None or value == "":
        return NOTHING
    number = Decimal(value)
    text = f"{abs(number):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if number < 0 else text


@register.filter
def signed(value: Decimal | int | str | None) -> str:
    """Points as a change: +2, −1, 0."""
    text = points(value)
    return f"+{text}" if value not in (None, "") and Decimal(value) > 0 else text


@register.filter
def gain_or_loss(value: Decimal | int | None) -> str:
    """The class that colours a change."""
    if not value:
        return ""
    return "gain" if value > 0 else "loss"


@register.filter
def percent(value: Decimal | None) -> str:
    """A share (0.925) as 92.5%; one decimal at most."""
    if value is None:
        return NOTHING
    return f"{points((Decimal(value) * 100).quantize(Decimal('0.1')))}%"


# --- months --------------------------------------------------------------------------------------
@register.filter
def month(value: int | None) -> str:
    """202609 as 2026 年 9 月."""
    if not value:
        return NOTHING
    return _("%(year)d 年 %(month)d 月") % {"year": value // 100, "month": value % 100}


@register.filter
def month_short(value: int | None) -> str:
    """202609 as 9 月, where the year is plain."""
    return _("%(month)d 月") % {"month": value % 100} if value else NOTHING


# --- addresses -----------------------------------------------------------------------------------
@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: Any) -> str:
    """The page's query string with some keys replaced; None or an empty text drops a key."""
    query = context["request"].GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = value
    return f"?{query.urlencode()}"


@register.filter
def page_numbers(page: Page[Any]) -> list[int | str]:
    """The numbers to offer: first, last, the neighbours, and an ellipsis for what is left out."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1))


# --- charts --------------------------------------------------------------------------------------
@register.filter
def chart_table(chart: dict[str, Any]) -> dict[str, list[Any]]:
    """The figures of a chart as headings and rows, for the table that stands beside it.

    In: the dictionary given to includes/_chart.html (docs/look.md).
    Out: {"head": [...], "rows": [[name, figure, ...]]}.
    """
    if "rows" in chart:
        return {"head": [_("得分")], "rows": [[row["name"], points(row["value"])] for row in chart["rows"]]}
    names = chart.get("labels") or [axis["name"] for axis in chart["axes"]]
    columns = [one["values"] for one in chart["series"]]
    rows = [[name, *map(points, figures)] for name, *figures in zip(names, *columns, strict=True)]
    return {"head": [one["name"] for one in chart["series"]], "rows": rows}


# --- navigation ----------------------------------------------------------------------------------
@register.filter
def seldom_entries(navigation: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries that stand behind "管理"."""
    return [entry for entry in navigation if entry["is_seldom"]]


@register.filter
def any_active(entries: list[dict[str, Any]]) -> bool:
    return any(entry["active"] for entry in entries)


@register.filter
def span_name(value: int, span: str) -> str:
    """The month, quarter or year that ends with a month: 202609 as 2026 年第三季度."""
    if span == "QUARTER":
        return quarter_label(value)
    return _("%d 年") % (value // 100) if span == "YEAR" else month(value)
