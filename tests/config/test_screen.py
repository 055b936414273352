"""How things look: figures, months, icons, colours, forms, and who is offered which page."""

import re
from contextlib import suppress
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import Resolver404, resolve, reverse

from config.context import ENTRIES, site
from config.templatetags import screen
from tests.factories import cast

STATIC = Path(settings.BASE_DIR) / "static"
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
SHEETS = sorted((STATIC / "css").glob("*.css"))


# --- figures and months ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "shown", "as_change"),
    [
        (Decimal("92.50"), "92.5", "+92.5"),
        (Decimal("100"), "100", "+100"),
        (Decimal("1E+2"), "100", "+100"),
        (Decimal("-1.00"), "−1", "−1"),
        (Decimal("-0.25"), "−0.25", "−0.25"),
        (Decimal("0.00"), "0", "0"),
        (Decimal("-0.00"), "0", "0"),
        (7, "7", "+7"),
        ("3.10", "3.1", "+3.1"),
        (None, "—", "—"),
        ("", "—", "—"),
    ],
)
def test_points_are_shown_without_zeros_and_with_a_real_minus(value, shown, as_change):
    assert (screen.points(value), screen.signed(value)) == (shown, as_change)


@pytest.mark.parametrize(
    ("value", "look"), [(Decimal(2), "gain"), (Decimal(-1), "loss"), (Decimal(0), ""), (None, "")]
)
def test_gain_or_loss_names_the_class(value, look):
    assert screen.gain_or_loss(value) == look


@pytest.mark.parametrize(
    ("value", "shown"), [(Decimal("0.925"), "92.5%"), (Decimal(1), "100%"), (Decimal("0.3333"), "33.3%"), (None, "—")]
)
def test_percent_keeps_one_decimal(value, shown):
    assert screen.percent(value) == shown


@pytest.mark.parametrize(
    ("value", "long", "short"),
    [(202609, "2026 年 9 月", "9 月"), (202612, "2026 年 12 月", "12 月"), (None, "—", "—")],
)
def test_month_is_written_out(value, long, short):
    assert (screen.month(value), screen.month_short(value)) == (long, short)


# --- addresses and lists ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "changes", "result"),
    [
        ("q=wang&page=3", {"page": 4}, "?q=wang&page=4"),
        ("q=wang&page=3", {"page": None}, "?q=wang"),
        ("tag=a&tag=b", {"page": 1}, "?tag=a&tag=b&page=1"),
        ("", {}, "?"),
    ],
)
def test_query_with_keeps_other_keys(query, changes, result):
    context = Context({"request": RequestFactory().get(f"/?{query}")})
    assert screen.query_with(context, **changes) == result


def test_page_numbers_leave_out_the_far_ones():
    page = Paginator(range(400), 10).page(20)
    assert screen.page_numbers(page) == [1, "…", 18, 19, 20, 21, 22, "…", 40]


# --- charts ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("chart", "table"),
    [
        (
            {
                "labels": ["8 月", "9 月"],
                "series": [
                    {"name": "本人", "values": [Decimal("90.50"), None]},
                    {"name": "支部平均", "values": [Decimal(80), Decimal(81)]},
                ],
            },
            {"head": ["本人", "支部平均"], "rows": [["8 月", "90.5", "80"], ["9 月", "—", "81"]]},
        ),
        (
            {"axes": [{"name": "学习", "max": 25}], "series": [{"name": "本人", "values": [23]}]},
            {"head": ["本人"], "rows": [["学习", "23"]]},
        ),
        (
            {"rows": [{"name": "王建国", "value": Decimal("92.50"), "own": True}]},
            {"head": ["得分"], "rows": [["王建国", "92.5"]]},
        ),
    ],
    ids=["line and stack", "radar", "rank"],
)
def test_chart_table_holds_the_figures_of_the_chart(chart, table):
    assert screen.chart_table(chart) == table


def test_chart_is_written_with_its_figures():
    chart = {"rows": [{"name": "<b>", "value": Decimal("92.50")}]}
    html = render_to_string(
        "includes/_chart.html", {"id": "rank", "kind": "rank", "chart": chart, "label": "支部前七名"}
    )
    assert '<script id="rank-figures" type="application/json">' in html
    assert re.findall(r'<t[hd] scope="row">(.*?)</th>|<td class="r">(.*?)</td>', html) == [
        ("&lt;b&gt;", ""),
        ("", "92.5"),
    ]


# --- icons -----------------------------------------------------------------------------------
def test_icon_points_into_the_sprite():
    html = Template('{% icon "home" "big" %}').render(Context())
    assert html == (
        '<svg class="icon big" aria-hidden="true" focusable="false">'
        '<use href="/static/img/icons.svg#home"></use></svg>'
    )


def test_stars_are_read_out():
    html = Template("{% stars 4 %}").render(Context())
    assert 'aria-label="4 星"' in html
    assert re.findall(r'class="icon( off)?"', html) == ["", "", "", "", " off"]


def test_every_icon_used_is_in_the_sprite():
    symbols = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img/icons.svg").read_text()))
    used = {entry.icon for entry in ENTRIES}
    for template in TEMPLATES:
        for names in re.findall(
            r'{% icon "([\w-]+)"|symbol="([\w-]+)"|symbol\|default:"([\w-]+)"', template.read_text()
        ):
            used |= set(filter(None, names))
    assert used - symbols == set()


# --- what the policy and the oldest browser allow ----------------------------------------------
@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_template_has_nothing_inline(template):
    text = template.read_text()
    scripts = [tag for tag in re.findall(r"<script\b[^>]*>", text) if "src=" not in tag]
    assert (scripts, re.findall(r"<style\b|\sstyle=|\son[a-z]+=[\"']|javascript:", text)) == ([], [])


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_style_sheet_keeps_to_the_browser_floor(sheet):
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
    assert re.findall(r"oklch\(|oklab\(|color-mix\(|light-dark\(|:has\(|&", rules) == []


# --- colours ---------------------------------------------------------------------------------
def _tokens(scheme: str) -> dict[str, str]:
    text = (STATIC / "css/theme.css").read_text()
    block = text[text.index(f'[data-bs-theme="{scheme}"] {{') :].partition("}")[0]
    return dict(re.findall(r"--c-([\w-]+): (#[0-9a-f]{3,6});", block))


def _luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_readable(scheme):
    token = _tokens(scheme)
    surfaces = ["bg", "surface", "surface-2"]
    pairs = [
        *product(["ink", "ink-2", "ink-3", "red", "ok", "error", "info", "warn", "gold-ink"], surfaces),
        *((name, f"{name}-bg") for name in ("ok", "error", "info", "warn", "red")),
        *(("gold-ink", "gold-bg"), ("ink", "gold-bg"), ("ink-2", "gold-bg"), ("on-fill", "red-fill")),
    ]
    too_faint = {pair: round(_contrast(token[pair[0]], token[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in too_faint.items() if ratio < 4.5} == {}
    # The edge of a field and the ring around what has the focus need 3:1.
    edges = {pair: _contrast(token[pair[0]], token[pair[1]]) for pair in product(["field", "focus"], surfaces)}
    assert {pair: ratio for pair, ratio in edges.items() if ratio < 3} == {}


# --- forms -----------------------------------------------------------------------------------
class MemberForm(forms.Form):
    name = forms.CharField(label="姓名", help_text="与身份证一致")
    job = forms.CharField(label="工作岗位", required=False)
    is_floating = forms.BooleanField(label="流动党员", required=False)


def test_form_ties_label_help_and_error_to_the_field():
    html = render_to_string("includes/_field.html", {"field": MemberForm({})["name"]})
    field = re.search(r"<input[^>]*>", html)[0]
    assert re.findall(r'(id|aria-invalid|aria-describedby|class)="([^"]*)"', field) == [
        ("class", "form-control"),
        ("aria-invalid", "true"),
        ("aria-describedby", "id_name_helptext id_name_error"),
        ("id", "id_name"),
    ]
    assert re.findall(r'\b(?:for|id)="([^"]*)"', html) == ["id_name", "id_name", "id_name_helptext", "id_name_error"]


def test_form_lists_its_errors_first_and_marks_what_is_optional():
    html = str(MemberForm({}))
    assert re.findall(r'<a href="(#[\w-]+)">(.*?)</a>', html) == [("#id_name", "姓名")]
    assert html.index('role="alert"') < html.index("<input")
    assert re.findall(r'<label for="id_(\w+)">[^<]*<span class="optional">', html) == ["job"]


# --- the pages that say what went wrong --------------------------------------------------------
@pytest.mark.parametrize(("template", "sentence"), [("500.html", "系统出错了"), ("400.html", "请求无法处理")])
def test_page_without_context_renders(template, sentence):
    assert f"<h1>{sentence}</h1>" in render_to_string(template)


# --- navigation --------------------------------------------------------------------------------
def _site(user, path="/"):
    request = RequestFactory().get(path)
    request.user = user
    with suppress(Resolver404):
        request.resolver_match = resolve(path)
    return site(request)


def test_site_offers_nothing_to_strangers():
    assert _site(AnonymousUser()) == {"site_name": "党员积分管理", "site_unit": "", "navigation": []}


@pytest.mark.django_db
def test_site_names_the_topmost_unit_and_the_post():
    people = cast()
    shown = _site(people.secretary)
    assert (str(shown["site_unit"]), str(shown["site_role"])) == (
        "华东能源集团有限公司党委",
        "检修部党支部 · 支部书记",
    )
    assert [str(_site(person)["site_role"]) for person in (people.member, people.auditor)] == [
        "检修部党支部",
        "审计管理员",
    ]


@pytest.mark.django_db
def test_site_asks_three_queries(django_assert_num_queries):
    person = cast().secretary
    with django_assert_num_queries(0):
        shown = _site(person)
    with django_assert_num_queries(3):  # membership, posts, names
        assert [bool(shown[key]) for key in ("site_unit", "site_role", "navigation")] == [True, True, True]


@pytest.mark.django_db
def test_navigation_is_empty_until_the_first_password_is_changed():
    person = cast().secretary
    person.must_change_password = True
    assert list(_site(person)["navigation"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("route", "args", "label"),
    [
        ("home", [], ["首页"]),
        ("members:member-list", [], ["党员"]),
        ("members:member-detail", [7], ["党员"]),
        ("members:unit-create", [7], ["组织"]),
        ("scoring:month-grid", [7, 202609], ["月度录入"]),
        ("scoring:ranking-of", [7], ["排名"]),
        ("scoring:grant-list", [7, 202609], ["月度录入"]),
        ("scoring:deduction-create", [7], ["申报"]),
        ("scoring:activity-detail", [7], ["组织生活"]),
        ("scoring:life-check", [7], ["组织生活"]),
        ("scoring:life-turnout", [7], ["组织生活"]),
        ("scoring:life-lines-of", [7], ["组织生活"]),
        ("score-mine", [], ["我的积分"]),
        ("score-of", [7], []),
    ],
)
def test_navigation_marks_the_entry_a_page_belongs_to(route, args, label):
    lines = _site(cast().business_admin, reverse(route, args=args))["navigation"]
    assert [line["label"] for line in lines if line["active"]] == label


@pytest.mark.django_db
def test_navigation_marks_nothing_on_an_unknown_page():
    assert [line["label"] for line in _site(cast().business_admin, "/nowhere/")["navigation"] if line["active"]] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "role", ["member", "group_leader", "secretary", "committee_member", "business_admin", "auditor"]
)
def test_navigation_offers_exactly_what_opens(client, role):
    person = cast().by_role()[role]
    client.force_login(person)
    offered = {line["url"] for line in _site(person)["navigation"]}
    pages = [reverse(entry.route) for entry in ENTRIES]
    opening = {url for url in pages if client.get(url, follow=True).status_code == 200}
    assert offered == opening
