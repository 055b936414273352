"""The analysis in a browser: charts are drawn, parts follow, pictures and workbooks come down, paper shows numbers."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from tests.scoring.world import world

HEADINGS = "分数分布 积分走势 平均分与离散程度 板块构成 支部对比 条款使用 痕迹、完成与成效 条款封顶".split()


def open_analysis(page, unit):
    page.goto(reverse("scoring:analysis-of", args=[unit.pk]))
    expect(page.locator(".analysis .card h2")).to_have_text(HEADINGS)
    # What nothing is known of has no chart: here no cap bites.
    expect(page.locator(".analysis .chart svg")).to_have_count(7)
    return page


def test_analysis_draws_every_chart_and_hands_it_out(real_db, page_for):
    made = world(closed=True)
    page = open_analysis(page_for(made.cast.committee_member), made.cast.committee)
    with page.expect_download() as picture:
        page.locator("#branches").get_by_role("button", name="下载图片").click()
    assert picture.value.suggested_filename == "华东能源集团有限公司党委支部对比（2026年9月）.png"
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as book:
        page.locator("#caps").get_by_role("link", name="下载 Excel").click()
    assert book.value.suggested_filename == "华东能源集团有限公司党委积分分析（2026年9月）.xlsx"
    page.locator("#items").get_by_role("link", name="本季").click()
    expect(page.locator("#items .lead-line")).to_contain_text("2026 年 7 月至 2026 年 9 月")
    expect(page.locator("#items .chart svg")).to_have_count(1)


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_analysis_is_accessible_and_fits(real_db, page_for, phone, dark):
    made = world(closed=True)
    page = open_analysis(page_for(made.cast.committee_member, phone=phone, dark=dark), made.cast.committee)
    for summary in page.locator(".analysis-numbers:not([open]) summary").element_handles():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"] == []


def test_analysis_on_paper_shows_the_numbers(real_db, page_for):
    made = world(closed=True)
    page = open_analysis(page_for(made.cast.committee_member), made.cast.committee)
    numbers = page.locator(".analysis-numbers:not([open])")
    expect(numbers).to_have_count(7)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(numbers).to_have_count(0)
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(numbers).to_have_count(7)
