"""A reminder on a phone: what waits, the page of each thing, the daily mail; and the list of mails that went out."""

import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from config.waiting import send_reminders
from members.models import Digest
from tests.scoring.living import Life

INBOX, MAILS = reverse("members:message-list"), reverse("members:digest-list")
DAY = datetime.timedelta(days=1)


def is_accessible_and_fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"] == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_reminder_leads_to_each_thing_and_mail_is_chosen(real_db, page_for, settings, dark):
    settings.MAIL_IS_ON = True
    made, today = Life(), timezone.localdate()
    made.plan(planned_on=today - 4 * DAY)
    send_reminders(today.replace(day=20))
    send_reminders(today)
    page = page_for(made.cast.secretary, phone=True, dark=dark)
    page.goto(INBOX)
    is_accessible_and_fits(page)
    page.get_by_role("button", name="组织生活还没有记录到会情况").first.click()
    expect(page.locator("main")).to_contain_text("重温入党誓词")

    page.goto(INBOX)
    page.get_by_label("电子邮箱").fill("chen@")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#mail .invalid-feedback, #mail .errorlist").first).to_be_visible()
    is_accessible_and_fits(page)
    page.get_by_label("电子邮箱").fill("chen@example.cn")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#messages")).to_contain_text("邮件通知已保存。")
    expect(page.get_by_label("电子邮箱")).to_have_value("chen@example.cn")


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_mails_are_listed_for_the_system_administrator(real_db, page_for, phone):
    made, now = Life(), timezone.now()
    for number, state in enumerate(Digest.State.values):
        Digest.objects.create(
            user=made.cast.member, day=timezone.localdate() - number * DAY, due_at=now, state=state, attempts=number,
            address="w***@example.cn", finished_at=now if number > 1 else None,
            failure="邮件服务器拒收（550）" if state == "FAILED" else "",
        )  # fmt: skip
    page = page_for(made.cast.system_admin, phone=phone)
    page.goto(MAILS)
    is_accessible_and_fits(page)
    page.get_by_role("link", name="没有送达").click()
    expect(page.locator("tbody tr")).to_have_count(2)
