"""The attendance sheet in a browser: keys, filter, everybody present, pasted rows; on a phone too."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from scoring.models import Attendance, LedgerEntry
from tests.scoring.factories import MONTH
from tests.scoring.living import Life, with_study

YEARLY = ("turnout", "targets", "lines")


@pytest.fixture
def made(real_db):
    return Life(with_study())


def open_sheet(page, activity):
    page.goto(reverse("scoring:activity-attendance", args=[activity.pk]))
    expect(page.get_by_role("heading", level=1)).to_have_text("记录到会情况")
    return page


def person(page, name):
    return page.get_by_role("radiogroup", name=name)


def marks():
    return dict(Attendance.objects.values_list("account__member__name", "mark"))


def test_sheet_is_filled_with_keys_and_saved(made, page_for):
    activity = made.plan()
    page = open_sheet(page_for(made.cast.secretary), activity)
    expect(page.locator("[data-count=PRESENT]")).to_have_text("6")
    page.get_by_label("查找党员").fill("wjg")
    expect(page.locator(".attendance li:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(person(page, "王建国").get_by_label("到会")).to_be_focused()
    page.keyboard.press("4")
    expect(person(page, "王建国").get_by_label("缺席")).to_be_checked()
    page.get_by_label("查找党员").fill("")
    person(page, "陈志远").get_by_label("到会").focus()
    page.keyboard.press("ArrowDown")
    expect(person(page, "李静怡").get_by_label("到会")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(person(page, "李静怡").get_by_label("请假")).to_be_checked()
    page.keyboard.press("3")
    expect(person(page, "王建国").get_by_label("缺席")).to_be_focused()
    expect(page.locator("[data-count=PRESENT]")).to_have_text("4")
    page.get_by_label("王建国，备注").fill("未请假")
    page.get_by_role("button", name="保存到会情况").click()
    expect(page.get_by_text("已记录 6 人的到会情况，入账 6 条记录。")).to_be_visible()
    assert marks() == {
        "陈志远": "PRESENT", "李静怡": "OFFICIAL", "王建国": "ABSENT", "吴海涛": "PRESENT", "郑雪": "PRESENT",
        "周敏": "PRESENT",
    }  # fmt: skip
    page.get_by_role("link", name="更正到会情况").click()
    page.get_by_role("button", name="全部到会").click()
    page.get_by_role("button", name="保存到会情况").click()
    expect(page.get_by_text("已更正 2 人：李静怡 公差 → 到会；王建国 缺席 → 到会。")).to_be_visible()
    assert set(marks().values()) == {"PRESENT"}


def test_pasted_rows_fill_the_sheet_and_are_saved_on_a_phone(made, page_for):
    activity = made.plan()
    page = open_sheet(page_for(made.cast.secretary, phone=True), activity)
    page.get_by_text("从表格粘贴或上传").click()
    page.get_by_label("粘贴").fill("王建国\t请假\n李静怡\t缺席\n孙立新\t到会")
    page.get_by_role("button", name="读入表中").click()
    expect(page.get_by_text("第 3 行“孙立新 到会”：名单里没有这个人。")).to_be_visible()
    expect(person(page, "王建国").get_by_label("请假")).to_be_checked()
    assert not LedgerEntry.objects.exists()
    person(page, "李静怡").get_by_label("补课").tap()
    page.get_by_role("button", name="保存到会情况").tap()
    expect(page.get_by_text("已记录 6 人的到会情况")).to_be_visible()
    assert (marks()["王建国"], marks()["李静怡"]) == ("LEAVE", "MADE_UP")


@pytest.mark.parametrize("phone", [False, True])
def test_what_was_not_held_is_undone_with_a_reason(made, page_for, phone):
    held, posted = made.hold(member="ABSENT")
    page = page_for(made.cast.secretary, phone=phone)
    page.goto(reverse("scoring:activity-detail", args=[held.pk]))
    page.get_by_text("撤销举办").first.click()
    page.get_by_label("撤销原因").fill("下雨没有开展")
    page.locator(".life-undo").get_by_role("button", name="撤销举办").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销举办").click()
    expect(page.get_by_text(f"冲正 {posted} 条记录。")).to_be_visible()
    expect(page.get_by_text("撤销举办：下雨没有开展。")).to_be_visible()
    expect(page.get_by_text("（已冲正）")).to_have_count(posted)
    assert not LedgerEntry.objects.standing().exists()


def test_members_find_their_own_sheet_of_the_year_on_the_phone(made, page_for):
    made.hold(member="ABSENT")
    page = page_for(made.cast.member, phone=True)
    page.goto(reverse("scoring:activity-list") + "?mine=1&year=2026")
    page.get_by_role("link", name="我的加扣分明细").tap()
    expect(page.get_by_role("heading", level=2)).to_have_text("王建国 2026 年加扣分明细")
    expect(page.get_by_text("扣分 2 项，合计 −2 分")).to_be_visible()
    page.get_by_role("link", name="主题党日 重温入党誓词").first.tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("台账记录")


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_pages_are_accessible_and_fit(made, page_for, phone, dark):
    held, _posted = made.hold(member="ABSENT", colleague="LEAVE", deputy="OFFICIAL", commissioner="MADE_UP")
    planned = made.plan("LECTURE", title="专题党课")
    month = f"month={MONTH}"
    page = page_for(made.cast.secretary, phone=phone, dark=dark)
    for address in (
        reverse("scoring:activity-list") + f"?{month}",
        reverse("scoring:activity-list") + "?mine=1&year=2026",
        reverse("scoring:activity-detail", args=[held.pk]),
        reverse("scoring:activity-create", args=[made.cast.branch.pk]),
        reverse("scoring:activity-edit", args=[planned.pk]),
        reverse("scoring:activity-attendance", args=[held.pk]),
        reverse("scoring:life-check", args=[made.cast.branch.pk]) + f"?{month}",
        *(reverse(f"scoring:life-{one}", args=[made.cast.branch.pk]) + "?year=2026" for one in YEARLY),
        reverse("scoring:life-lines-of", args=[made.account(made.cast.member)]) + "?year=2026",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        violations = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        assert (address, violations) == (address, [])
