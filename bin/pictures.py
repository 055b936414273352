"""`make pictures`: take every picture of the manual and the README from a demonstration started for this purpose.

It lives in a temporary folder. The order below is the story of one month: a picture may show what the one before did.
"""

import argparse
import os
import re
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

import openpyxl
from playwright.sync_api import Page, sync_playwright

from bin.camera import PICTURES, ROOT, Camera, agree, demonstration
from bin.pictures_year import activity_pictures, claim_pictures, rules_pictures, shared_pictures, veto_pictures

SAMPLES = ROOT / "sample_data"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run"]
BRANCH, MONTH_BEFORE = "检修部党支部", 202609
# What goes wrong in rosters as they arrive; one line each.
MESSY = """工号,姓名,性别,公民身份号码,入党时间,所在党支部
30001,王晓明,男,23230219880312,2012-06-18,检修部党支部
30002,李 静2,女,,2015.13.01,检修部党支部
30003,赵立新,男,,2010年7月1日,检修部支部
30003,孙丽华,女,,去年七一,检修部党支部
"""
# A block as it comes from a spreadsheet: names, one of them unknown here.
PASTED = [
    ["姓名", "四讲四有", "出色完成本职工作", "积极参加党建活动", "工作履职不认真"],
    ["段燕", "60", "3", "2次", ""],
    ["方远", "58", "", "1次", "-1"],
    ["张晓峰", "60", "5", "", ""],
]
_PASTE = """text => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.activeElement.dispatchEvent(event);
}"""


def open_grid(page: Page) -> None:
    """The grid of the own branch, in the month before this one."""
    page.goto("/months/")
    page.locator("main").get_by_role("link", name=BRANCH).first.click()
    page.locator("#grid-table tbody td").first.wait_for(state="attached")
    # The buttons work when the script has been loaded.
    page.wait_for_load_state("networkidle")


def paste(page: Page, rows: list[list[str]]) -> None:
    page.locator("#grid-table tbody td").first.click()
    page.evaluate(_PASTE, "\n".join("\t".join(row) for row in rows))


def saved(page: Page) -> None:
    page.get_by_text("全部已保存").wait_for()


def member_pictures(camera: Camera) -> None:
    page = camera.sign_in("10049")
    page.goto(f"/score/?month={MONTH_BEFORE}")
    camera.take(page, "score-desktop", height=1340)
    link = page.locator("a[href*=explanation]").first.get_attribute("href") or ""
    page.goto(link.partition("#")[0])
    camera.take(page, "explanation", height=1000)
    page.goto(f"/score/?month={MONTH_BEFORE}")
    page.locator("#entries").get_by_role("link", name="积极参加党建活动").click()
    camera.take(page, "entry", height=640)
    phone = camera.sign_in("10049", phone=True)
    phone.goto(f"/score/?month={MONTH_BEFORE}")
    camera.take(phone, "score-phone", height=1180)


def office_pictures(camera: Camera) -> None:
    """The business administrator: set-up, roster, members."""
    page = camera.sign_in("90001")
    for name, path, height in (
        ("setup", "/setup/", 780),
        ("rules", "/rule-sets/1/", 0),
        ("appointments", "/appointments/", 720),
        ("users", "/users/", 720),
    ):
        page.goto(path)
        camera.take(page, name, height=height)
    page.goto("/members/?q=suk")
    page.locator("main tbody").get_by_role("link").first.click()
    camera.take(page, "member", height=720)


def roster_pictures(camera: Camera, folder: Path) -> None:
    page = camera.sign_in("90001")
    upload(page, SAMPLES / "党员花名册.xlsx")
    camera.take(page, "roster-preview", height=1000)
    (folder / "新党员名册.csv").write_text(MESSY, encoding="gb18030")
    upload(page, folder / "新党员名册.csv")
    camera.take(page, "roster-problems", height=1000)


def upload(page: Page, file: Path) -> None:
    page.goto("/roster-imports/new/")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="上传并校验").click()
    page.get_by_text("问题与预览").wait_for()


def secretary_pictures(camera: Camera) -> None:
    """A month is entered: copied, pasted, typed wrongly, explained, handed in."""
    page = camera.sign_in("10001")
    camera.take(page, "home", height=560)
    open_grid(page)
    page.get_by_role("button", name="沿用上月").click()
    page.get_by_text("已沿用上月").wait_for()
    page.wait_for_load_state("networkidle")
    saved(page)
    page.reload()
    page.wait_for_load_state("networkidle")
    page.locator("#grid-table tbody td").nth(10).click()
    camera.take(page, "grid-desktop")
    dark = camera.sign_in("10001", dark=True)
    open_grid(dark)
    camera.take(dark, "grid-dark")
    phone = camera.sign_in("10001", phone=True)
    open_grid(phone)
    camera.take(phone, "grid-phone")
    paste(page, PASTED)
    page.get_by_text("没有写入的原因").wait_for()
    camera.take(page, "grid-paste")
    page.reload()
    refusal_pictures(camera, page)
    import_picture(camera, page)
    open_grid(page)
    page.get_by_role("button", name="提交支委会审核").click()
    agree(page)
    page.get_by_text("已提交支委会审核").first.wait_for()


def import_picture(camera: Camera, page: Page) -> None:
    """The sheet of September, with another month in its title, as a filled sheet of this one."""
    heading = page.get_by_role("heading", level=1).inner_text()
    year, month = re.findall(r"\d+", heading)[:2]
    book = openpyxl.load_workbook(SAMPLES / f"{BRANCH}9月积分登记表.xlsx")
    book.worksheets[0]["A1"] = f"{BRANCH}党员积分登记表（{year}年{month}月）"
    content = BytesIO()
    book.save(content)
    page.get_by_role("button", name="表格").click()
    page.get_by_role("link", name="上传填好的表").click()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f"{BRANCH}{month}月积分登记表.xlsx"
    page.set_input_files("input[type=file]", {"name": name, "mimeType": kind, "buffer": content.getvalue()})
    page.get_by_role("button", name="上传").first.click()
    camera.take(page, "month-import", height=1000)


def refusal_pictures(camera: Camera, page: Page) -> None:
    cells = page.locator("#grid-table tbody tr").nth(3).locator("td")
    cells.nth(1).click()
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.locator("#grid-wrong").wait_for()
    cells.nth(1).click()
    page.wait_for_timeout(800)
    camera.take(page, "grid-refusal")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    saved(page)
    cells.nth(2).click()
    page.keyboard.press("Control+m")
    page.fill("#cell-box-remark", "十月主题党日讲党课，附签到表。")
    camera.take(page, "grid-remark")
    page.get_by_role("button", name="完成", exact=True).click()
    saved(page)


def review_pictures(camera: Camera) -> None:
    page = camera.sign_in("10025")
    open_grid(page)
    page.get_by_role("button", name="退回", exact=True).click()
    page.fill("#return-reason", "方远的主题党日次数与签到表不符，请核对后再提交。")
    camera.take(page, "review")
    committee = camera.sign_in("10139")
    committee.goto(f"/months/?month={MONTH_BEFORE}")
    camera.take(committee, "months")
    committee.goto(f"/units/1/ranking/?month={MONTH_BEFORE}")
    camera.take(committee, "ranking")
    committee.goto(f"/units/1/analysis/?month={MONTH_BEFORE}")
    committee.locator("#caps").wait_for()
    camera.take(committee, "analysis", height=1450)
    committee.goto("/units/1/month-policy/")
    camera.take(committee, "policy", height=720)


def system_pictures(camera: Camera) -> None:
    camera.take(camera.sign_in(), "sign-in", height=640)
    page = camera.sign_in("admin")
    page.goto("/users/?state=duty")
    camera.take(page, "administrator", height=640)
    page.goto("/audit/")
    camera.take(page, "audit", height=900)


def main() -> None:
    parser = argparse.ArgumentParser(description="用新启动的演示拍摄手册和 README 的全部图片")
    parser.add_argument("names", nargs="*", help="只保存这些图片，例如 score-desktop")
    wanted = parser.parse_args().names
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("没有找到 Chromium：请安装 chromium，或用环境变量 CHROMIUM 指明。")
    PICTURES.mkdir(exist_ok=True)
    with (
        demonstration() as (address, password),
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        camera = Camera(browser, address, password, wanted)
        steps = (
            member_pictures,
            office_pictures,
            secretary_pictures,
            review_pictures,
            rules_pictures,
            claim_pictures,
            shared_pictures,
            activity_pictures,
            veto_pictures,
            system_pictures,
        )
        for step in steps:
            step(camera)
        roster_pictures(camera, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
