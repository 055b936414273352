"""Setting up a campaign and writing the self review in a browser, on the desk and on the phone."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone

from evaluations.blueprints import blueprint
from evaluations.models import Campaign, SelfReview
from evaluations.services.campaign_drafts import draft_of
from evaluations.services.campaigns import create_campaign
from scoring.services.accounts import open_member_accounts
from tests.evaluations.campaigning import rating
from tests.evaluations.rated import candidate
from tests.factories import cast
from tests.scoring.factories import rule_set


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("phone", [False, True])
def test_campaign_from_template_to_opening(page_for: Any, phone: bool) -> None:
    people = cast()
    rule_set(people.committee)
    open_member_accounts()
    page = page_for(people.business_admin, phone=phone)
    page.goto(reverse("evaluations:campaign-list"))
    page.get_by_role("link", name="建立评定").first.click()
    page.get_by_label("党员评星定级").check()
    page.get_by_label("开始日期").fill("2026-12-01")
    page.get_by_role("button", name="建立草稿").click()
    page.get_by_role("heading", name="环节 2：党员互评").wait_for()
    checks = page.locator("#checks")
    assert "没有问题" in checks.inner_text()
    assert fits(page)

    # A gap between two bands is named while it is typed, and goes when it is closed.
    page.locator("#id_bands-1-low").fill("91")
    checks.get_by_text("“三星”到 90 分为止，“四星”从 91 分起，中间有缺口，请补齐。").wait_for()
    page.locator("#id_bands-1-low").fill("90")
    checks.get_by_text("按现在填写的内容可以启动").wait_for()

    # A stage that is not used is folded; its weight is missing then.
    body = page.locator("#MASSES-body")
    page.locator("#id_MASSES-present").uncheck()
    body.wait_for(state="hidden")
    checks.get_by_text("各测评环节的权重合计是 50，应为 100。").wait_for()
    page.locator("#id_PEER-weight").fill("100")
    checks.get_by_text("按现在填写的内容可以启动").wait_for()

    # Points per dimension instead of grades, with a row that is added and one that is struck out.
    page.locator("#id_PEER-form").select_option("POINTS")
    page.locator("#id_PEER-marks-0-name").fill("学习")
    page.locator("#id_PEER-marks-0-full").fill("40")
    page.get_by_role("button", name="加一项内容").locator("visible=true").click()
    page.locator("#id_PEER-marks-1-name").fill("作风")
    page.locator("#id_PEER-marks-1-full").fill("60")
    page.locator("#id_bands-4-DELETE").check()
    page.locator("#id_bands-3-low").fill("60")
    checks.get_by_text("按现在填写的内容可以启动").wait_for()
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存。").wait_for()
    draft = draft_of(Campaign.objects.get())
    assert [stage.kind for stage in draft.stages] == ["SELF", "PEER", "BRANCH", "COMMITTEE"]
    assert draft.stages[1].marks == (("学习", "40"), ("作风", "60"))
    assert [band.name for band in draft.bands] == ["五星", "四星", "三星", "二星", "不合格"]

    page.get_by_role("link", name="预演").click()
    page.get_by_role("heading", name="等次分布").wait_for()
    assert fits(page)
    page.goto(reverse("evaluations:campaign-detail", args=[Campaign.objects.get().pk]))
    page.get_by_role("button", name="启动").click()
    page.get_by_role("dialog").get_by_role("button", name="启动").click()
    page.get_by_text("评定已启动，参评名单已固定。").wait_for()
    page.get_by_role("heading", name="各支部进度").wait_for()
    assert fits(page)


@pytest.mark.parametrize("phone", [False, True])
def test_self_review_saves_by_itself_tells_the_second_window_and_is_handed_in(page_for: Any, phone: bool) -> None:
    made = rating(members=0)
    page = page_for(made.cast.member, phone=phone)
    page.goto(reverse("home"))
    page.get_by_role("link", name="写个人自评：党员评星定级").click()
    page.wait_for_load_state()
    second = page_for(made.cast.member)
    second.goto(page.url)
    page.locator("#id_text").fill("全年参加集中学习十二次")
    page.get_by_text("已保存").wait_for()
    page.locator("#id_text").press_sequentially("，抢修三次")
    page.locator('#saved input[value="2"]').wait_for(state="attached")
    assert SelfReview.objects.get(candidate=candidate(made, "王建国")).text == "全年参加集中学习十二次，抢修三次"
    assert fits(page)

    second.locator("#id_text").fill("第二个窗口")
    second.get_by_text("自评在另一个窗口里有更新").wait_for()

    page.get_by_role("button", name="提交自评").click()
    page.get_by_role("dialog").get_by_role("button", name="提交").click()
    page.get_by_text("自评已提交，现在起不能再改。").wait_for()
    review = SelfReview.objects.get(candidate=candidate(made, "王建国"))
    assert (review.text, review.handed_in_at is not None) == ("全年参加集中学习十二次，抢修三次", True)
    page.get_by_role("link", name="查看自评").click()
    page.get_by_text("自评已提交，不能再改。").wait_for()
    assert page.locator("#id_text").count() == 0


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_pages_are_accessible_and_fit(page_for: Any, phone: bool, dark: bool) -> None:
    made = rating(members=6)
    made.poll()
    draft = create_campaign(
        made.cast.committee, blueprint("year"), year=made.campaign.year, starts_on=timezone.localdate(), name="",
        by=made.cast.business_admin,
    )  # fmt: skip
    one = candidate(made, "王建国")
    pages = {
        "business_admin": [
            ("campaign-list",), ("campaign-create", made.cast.committee.pk), ("campaign-edit", draft.pk),
            ("campaign-detail", draft.pk), ("campaign-preview", draft.pk), ("campaign-detail", made.campaign.pk),
            ("candidate-detail", one.pk), ("year-file-list",),
        ],
        "member": [
            ("campaign-detail", made.campaign.pk), ("self-review", made.campaign.pk), ("candidate-detail", one.pk),
        ],
    }  # fmt: skip
    for role, addresses in pages.items():
        page = page_for(getattr(made.cast, role), phone=phone, dark=dark)
        for name, *args in addresses:
            page.goto(reverse(f"evaluations:{name}", args=args))
            page.wait_for_load_state("networkidle")
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
            assert (name, [one["id"] for one in found], fits(page)) == (name, [], True)
