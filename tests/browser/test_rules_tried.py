"""What-if and a unit's own items in a browser: fields follow the pricing, the check follows the typing, pages fit."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from scoring.models import CustomItem
from scoring.services.rules import load_rule_set, text_of
from tests.scoring.factories import MONTH
from tests.scoring.test_custom_items import Place
from tests.scoring.world import world


def is_accessible_and_fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"] == []


def test_form_follows_the_pricing_and_is_checked_while_typed(real_db, page_for):
    place = Place()
    page = page_for(place.cast.secretary)
    page.goto(reverse("scoring:custom-item-propose", args=[place.rules.pk]))
    check = page.locator("#custom-check")
    expect(page.get_by_label("分值")).to_be_visible()
    expect(page.get_by_label("级别")).to_be_hidden()
    page.get_by_label("计价").select_option("按级别")
    expect(page.get_by_label("级别")).to_be_visible()
    expect(page.get_by_label("分值")).to_be_hidden()
    page.get_by_label("条款号").fill("自-1")
    page.get_by_label("名称").fill("技能比武")
    page.get_by_label("级别").fill("国家级 6\n市级 2")
    expect(check).to_contain_text("一期最多能得多少分没有限定")
    page.get_by_label("汇总").select_option("取最高")
    expect(check).to_contain_text("符合限额，可以申请。")
    page.get_by_role("button", name="申请").click()
    expect(page.get_by_role("row", name="自-1 技能比武")).to_contain_text("待审定")
    assert CustomItem.objects.get().content["级别"] == [["国家级", "6"], ["市级", "2"]]


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_own_items_are_accessible_and_fit(real_db, page_for, phone, dark):
    place = Place()
    place.propose()
    page = page_for(place.cast.business_admin, phone=phone, dark=dark)
    for name in ("list", "propose", "load"):
        page.goto(reverse(f"scoring:custom-item-{name}", args=[place.rules.pk]))
        is_accessible_and_fits(page)


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_what_if_draws_its_chart_and_fits(real_db, page_for, phone, dark):
    made = world(closed=True)
    content = text_of(made.rules).split("示例:")[0].replace("条款号: 加-2,", "条款号: 加-9,")
    draft = load_rule_set(content, owner=made.cast.committee, by=None)
    page = page_for(made.cast.committee_member, phone=phone, dark=dark)
    page.goto(reverse("scoring:rules-what-if", args=[draft.pk]))
    page.get_by_label("时间").select_option(f"MONTH:{MONTH}")
    page.get_by_role("button", name="试算").click()
    expect(page.locator("#changes svg")).to_have_count(1)
    expect(page.locator("tbody tr", has_text="王建国").last).to_contain_text("−3")
    is_accessible_and_fits(page)
