"""What only a browser shows: htmx on the pages of members, under the strict policy."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from members.models import AuditEvent
from tests import factories


@pytest.fixture
def cast(real_db):
    return factories.cast()


def test_numbers_appear_on_request(cast, page_for):
    member = cast.member.member
    member.id_number, member.phone = "11010519491231002X", "13160351650"
    member.save()
    page = page_for(cast.secretary)
    page.goto(reverse("members:member-detail", args=[member.pk]))
    expect(page.locator("#numbers")).to_contain_text("110105********002X")
    page.get_by_role("button", name="显示").click()
    expect(page.locator("#numbers")).to_contain_text("11010519491231002X")
    assert AuditEvent.objects.filter(action="members.reveal_member", user=cast.secretary).count() == 1


def test_tree_opens_and_closes_a_branch(cast, page_for):
    page = page_for(cast.member, phone=True)
    page.goto(reverse("members:unit-tree"))
    toggle = page.get_by_role("button", name="检修部党支部的下级组织")
    group = page.get_by_role("link", name="第一党小组")
    toggle.click()
    expect(group).to_be_visible()
    toggle.click()
    expect(group).to_be_hidden()


def test_groups_follow_the_branch_that_is_chosen(cast, page_for):
    factories.group(cast.other_branch, "运行一组")
    page = page_for(cast.business_admin)
    page.goto(reverse("members:member-transfer", args=[cast.member.member_id]))
    page.get_by_label("党支部").select_option(label="运行部党支部")
    expect(page.get_by_label("党小组").get_by_role("option", name="运行一组")).to_be_attached()
    page.get_by_label("党小组").select_option(label="运行一组")
    page.get_by_role("button", name="转移", exact=True).click()
    expect(page.locator("#messages")).to_contain_text("已转移王建国的组织关系。")


def test_slips_are_shown_once(cast, page_for):
    factories.member(cast.branch, name="曾小红", staff_number="90001")
    page = page_for(cast.secretary)
    page.goto(reverse("members:user-list"))
    page.get_by_role("button", name="开通账号").click()
    expect(page.locator(".slips li")).to_have_count(1)
    expect(page.locator(".slips")).to_contain_text("90001")
    page.goto(reverse("members:user-list"))
    expect(page.get_by_role("button", name="开通账号")).to_have_count(0)
