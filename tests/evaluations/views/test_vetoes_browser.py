"""S3's veto in a browser: proposed, answered on a phone, voted by show of hands, confirmed, seen in the score."""

from typing import Any

import pytest
from django.urls import reverse

from tests.evaluations.vetoing import vetoing


@pytest.mark.parametrize("phone", [False, True])
def test_veto_of_s3_from_proposal_to_score(page_for: Any, phone: bool) -> None:
    made = vetoing("支部党员大会表决")
    page = page_for(made.cast.secretary, phone=phone)
    page.goto(reverse("evaluations:veto-list"))
    page.get_by_role("link", name="提出一票否决").click()
    page.get_by_label("党员", exact=True).select_option(label=f"王建国 {made.cast.member.member.staff_number}")
    page.get_by_label("事由类别").select_option("违法")
    page.get_by_label("重：积分记零").check()
    page.get_by_label("发生日期").fill("2026-11-02")
    page.get_by_label("事实").fill("醉酒驾驶，已被行政处罚")
    page.get_by_role("button", name="提出一票否决").click()
    page.get_by_role("dialog").get_by_role("button", name="提出").click()
    page.get_by_text("醉酒驾驶，已被行政处罚").first.wait_for()
    case = page.url

    own = page_for(made.cast.member, phone=phone)
    own.goto(reverse("home"))
    own.get_by_role("link", name="申辩一票否决：违法").click()
    own.get_by_label("你的申辩").fill("我认识到了错误")
    own.get_by_role("button", name="提交申辩").click()
    own.get_by_text("已提交申辩").wait_for()
    assert own.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(case)
    page.get_by_role("link", name="记录党员大会表决").click()
    page.get_by_label("郑雪").select_option("ABSENT")
    page.get_by_label("赞成").fill("4")
    page.get_by_label("反对").fill("0")
    page.get_by_label("弃权").fill("1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="记录表决").click()
    page.get_by_role("dialog").get_by_role("button", name="记录").click()
    page.get_by_text("应到 6 人，实到 5 人，赞成 4 票").first.wait_for()

    above = page_for(made.cast.committee_member, phone=phone)
    above.goto(case)
    above.get_by_label("决定意见").fill("同意支部党员大会的意见")
    above.get_by_role("button", name="决定否决").click()
    above.get_by_role("dialog").get_by_role("button", name="决定否决").click()
    above.get_by_text("已决定，积分已重新计算").wait_for()

    own.goto(reverse("score-mine"))
    own.get_by_role("heading", name="一票否决核查").wait_for()
    own.get_by_text("积分记零").wait_for()
    assert own.locator(".hero .figures .main b").inner_text() == "0"
