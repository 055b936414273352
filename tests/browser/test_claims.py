"""A claim's whole way on phones: S4's four hands, S3's one; a deduction that is answered; pages that fit."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from scoring.models import Claim, LedgerEntry
from scoring.services.accounts import open_member_accounts
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set
from tests.factories import cast
from tests.scoring.test_evidence import picture

LIST, NEW = reverse("scoring:claim-list"), reverse("scoring:claim-create")
PHOTO = {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", (1600, 1200))}


def house(preset):
    people = cast()
    publish_rule_set(load_rule_set(preset_text(preset), owner=people.committee, by=None), by=None)
    open_member_accounts()
    return people


def is_accessible_and_fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"] == []


def file_claim(page, clause, content, reason):
    """From the list to a claim that is handed in: a clause, three fields, a photo, a button."""
    page.goto(LIST)
    page.locator("#main").get_by_role("link", name="我要申报").first.click()
    page.get_by_role("searchbox").fill(clause)
    expect(page.locator(".claim-choices li:visible")).to_have_count(1)
    page.get_by_role("link", name=clause).click()
    content(page)
    page.get_by_label("事由").fill(reason)
    page.set_input_files("#files", [PHOTO])
    page.get_by_role("button", name="提交申报").click()
    expect(page.locator("#messages")).to_contain_text("已提交")


def agree_with(page, opinion=""):
    """Open the oldest claim of the queue and do the next step."""
    page.goto(f"{LIST}?tab=waiting")
    page.locator(".claim-queue a").first.click()
    expect(page.locator("#main")).to_contain_text("现场.jpg")
    page.get_by_label("意见").fill(opinion)
    page.get_by_role("button", name="同意").click()
    expect(page.locator("#messages")).to_contain_text("志愿服务")


def test_claim_goes_through_four_hands_on_the_phone(real_db, page_for):
    people = house("s4")
    member = page_for(people.member, phone=True)
    file_claim(member, "志愿服务", lambda page: page.get_by_label("数量").fill("2"), "周末到社区义诊半天")
    expect(member.locator(".flow .now")).to_contain_text("初核")

    agree_with(page_for(people.group_leader, phone=True), "在场，属实")
    agree_with(page_for(people.commissioner, phone=True))
    secretary = page_for(people.secretary, phone=True)
    secretary.goto(f"{LIST}?tab=waiting")
    secretary.get_by_label("全选").check()
    secretary.get_by_role("button", name="办理所选").click()
    secretary.locator("dialog.ask .btn-primary").click()
    expect(secretary.locator("#messages")).to_contain_text("已办理 1 件。")
    expect(secretary.locator("#main")).to_contain_text("没有待办理的申报")

    member.goto(reverse("members:message-list"))
    member.get_by_role("button", name=re.compile("申报“志愿服务”已入账，计 4 分。")).click()
    expect(member.locator(".flow .done")).to_have_count(4)
    entry = LedgerEntry.objects.get()
    member.get_by_role("link", name=f"#{entry.pk}", exact=True).click()
    expect(member.get_by_role("heading", level=1)).to_have_text(f"台账记录 #{entry.pk}")
    expect(member.locator("#main")).to_contain_text("现场.jpg")
    assert (entry.points, entry.reason, entry.source) == (4, "周末到社区义诊半天", "CLAIM")


def test_claim_is_entered_by_the_branch_committee_alone_and_comes_back_once(real_db, page_for):
    people = house("s3")
    member = page_for(people.member, phone=True)
    file_claim(member, "受到表彰奖励", lambda page: page.get_by_label("级别").select_option("州级"), "州级先进个人")
    claim = Claim.objects.get()
    expect(member.locator(".flow li")).to_have_count(2)

    commissioner = page_for(people.commissioner, phone=True)
    commissioner.goto(reverse("scoring:claim-detail", args=[claim.pk]))
    commissioner.get_by_label("意见").fill("请附证书")
    commissioner.get_by_role("button", name="退回").click()
    expect(commissioner.locator("#messages")).to_contain_text("已退回")

    member.goto(reverse("home"))
    member.get_by_role("link", name="补正被退回的申报“受到表彰奖励”").click()
    expect(member.locator(".notice.error")).to_contain_text("请附证书")
    member.get_by_role("link", name="修改").click()
    member.get_by_label("级别").select_option("省部级")
    member.get_by_role("button", name="提交申报").click()

    commissioner.goto(reverse("scoring:claim-detail", args=[claim.pk]))
    commissioner.get_by_role("button", name="同意").click()
    expect(commissioner.locator("#messages")).to_contain_text("已入账")
    assert [(entry.points, entry.level) for entry in LedgerEntry.objects.all()] == [(8, "省部级")]


def test_deduction_is_proposed_answered_and_decided(real_db, page_for):
    people = house("s4")
    proposer = page_for(people.commissioner, phone=True)
    proposer.goto(LIST)
    proposer.get_by_role("link", name="提议扣分").click()
    is_accessible_and_fits(proposer)
    proposer.get_by_role("link", name="无故缺席组织生活").click()
    is_accessible_and_fits(proposer)
    proposer.get_by_label("党员").select_option(label="王建国")
    proposer.get_by_label("事由").fill("主题党日无故缺席")
    proposer.get_by_role("button", name="提议扣分").click()
    expect(proposer.locator("#messages")).to_contain_text("已提议")

    member = page_for(people.member, phone=True, dark=True)
    member.goto(reverse("home"))
    member.get_by_role("link", name="可以说明的扣分提议“无故缺席组织生活”").click()
    is_accessible_and_fits(member)
    member.get_by_label("说明", exact=True).fill("当天在现场抢修，已电话请假。")
    member.get_by_role("button", name="提交说明").click()

    secretary = page_for(people.secretary, phone=True)
    secretary.goto(f"{LIST}?tab=waiting")
    secretary.locator(".claim-queue a").first.click()
    expect(secretary.locator("#main")).to_contain_text("已电话请假")
    secretary.get_by_label("处理意见").fill("请假属实，本次不扣。")
    is_accessible_and_fits(secretary)
    secretary.get_by_role("button", name="不予扣分").click()
    expect(secretary.locator("#messages")).to_contain_text("不予扣分")
    assert (Claim.objects.get().state, LedgerEntry.objects.count()) == ("DROPPED", 0)


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_pages_are_accessible_and_fit(real_db, page_for, phone, dark):
    people = house("s4")
    member = page_for(people.member, phone=phone, dark=dark)
    is_accessible_and_fits(_opened(member, LIST))
    is_accessible_and_fits(_opened(member, NEW))
    is_accessible_and_fits(_opened(member, f"{NEW}?item=激-1"))
    is_accessible_and_fits(_opened(member, reverse("members:message-list")))
    file_claim(member, "志愿服务", lambda page: page.get_by_label("数量").fill("2"), "周末到社区义诊半天")
    is_accessible_and_fits(member)
    is_accessible_and_fits(_opened(member, LIST))
    leader = page_for(people.group_leader, phone=phone, dark=dark)
    for tab in ("waiting", "branch"):
        is_accessible_and_fits(_opened(leader, f"{LIST}?tab={tab}"))
    is_accessible_and_fits(_opened(leader, reverse("scoring:claim-detail", args=[Claim.objects.get().pk])))


def _opened(page, address):
    page.goto(address)
    return page
