"""The editor of rules in a browser: forms open in place, checks follow the typing, saving brings the row back."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from scoring.models import Item, RuleSet
from scoring.services.rule_drafts import revise
from tests.factories import cast
from tests.scoring.factories import item, rule_set


@pytest.fixture
def people(real_db):
    return cast()


def draft_of(people) -> RuleSet:
    return revise(rule_set(people.committee), effective_from=202701, by=people.business_admin)


def open_editor(page, draft):
    page.goto(reverse("scoring:rules-edit", args=[draft.pk]))
    expect(page.locator("#checks .tag.ok")).to_have_text("全部通过")
    return page


def test_clause_is_changed_with_checks_following_the_typing(people, page_for):
    draft = draft_of(people)
    page = open_editor(page_for(people.business_admin), draft)
    place = page.locator(f"#item-{item(draft, '加-2').pk}")
    place.get_by_role("link", name="修改").click()
    expect(place.get_by_label("单价")).to_be_visible()
    expect(place.get_by_label("级别")).to_be_hidden()
    floor = page.locator(f"#item-{item(draft, '加-2').pk}-下限")
    floor.fill("5")
    expect(page.locator("#checks")).to_contain_text("还没有保存")
    expect(page.locator("#checks .rule-problems")).to_contain_text("下限 5 高于每月上限 3，请核对。")
    place.get_by_label("计价").select_option("按级别")
    expect(place.get_by_label("单价")).to_be_hidden()
    place.get_by_label("级别").fill("国家级\t2\n省部级\t1")
    floor.fill("")
    expect(page.locator("#checks .rule-problems")).not_to_contain_text("下限")
    place.get_by_role("button", name="保存").click()
    expect(place).to_contain_text("按级别：国家级 2；省部级 1")
    # The examples were made for the old price; they keep the draft from being published.
    expect(page.locator("#checks")).to_contain_text("示例“")
    expect(page.locator("#checks").get_by_role("button", name="发布")).to_be_disabled()
    changed = item(draft, "加-2")
    assert (changed.pricing, changed.pricing_table) == ("level", {"levels": [["国家级", "2.00"], ["省部级", "1.00"]]})


def test_mistake_stands_beside_its_field_and_cancelling_keeps_the_row(people, page_for):
    draft = draft_of(people)
    page = open_editor(page_for(people.business_admin), draft)
    place = page.locator(f"#item-{item(draft, '加-2').pk}")
    place.get_by_role("link", name="修改").click()
    place.get_by_label("单价").fill("一分")
    place.get_by_role("button", name="保存").click()
    expect(place.locator(".errorlist")).to_have_text("“一分”不是分值，请填数字，最多两位小数，例如 3 或 2.5。")
    place.get_by_role("link", name="取消").click()
    expect(place).to_contain_text("按数量")
    expect(page.locator("#checks .tag.ok")).to_have_text("全部通过")


def test_clause_is_added_and_the_draft_published(people, page_for):
    draft = draft_of(people)
    page = open_editor(page_for(people.business_admin), draft)
    place = page.locator(f"#item-new-{draft.sections.get(code='加').pk}")
    place.get_by_role("link", name="新增条款").click()
    place.get_by_label("条款号").fill("加-9")
    place.locator("[name=名称]").fill("技术革新")
    place.get_by_label("计价").select_option("每次定分")
    place.get_by_label("分值").fill("2")
    place.get_by_role("button", name="保存").click()
    expect(page.get_by_role("listitem").filter(has_text="加-9 技术革新")).to_contain_text("每次定分：分值 2")
    page.get_by_role("button", name="发布").click()
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_text("积分办法已发布")).to_be_visible()
    draft.refresh_from_db()
    added = Item.objects.get(section__rule_set=draft, code="加-9")
    assert (draft.state, added.pricing_table) == ("PUBLISHED", {"points": "2.00"})


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_editor_and_comparison_are_accessible_and_fit(people, page_for, phone, dark):
    draft = draft_of(people)
    page = open_editor(page_for(people.business_admin, phone=phone, dark=dark), draft)
    page.locator(f"#item-{item(draft, '加-2').pk}").get_by_role("link", name="修改").click()
    expect(page.get_by_label("单价")).to_be_visible()
    assert_fits(page)
    earlier = RuleSet.objects.get(state="PUBLISHED")
    page.goto(reverse("scoring:rules-differences", args=[draft.pk, earlier.pk]))
    expect(page.get_by_role("heading", level=1)).to_contain_text("对照")
    assert_fits(page)


def assert_fits(page):
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"] == []
