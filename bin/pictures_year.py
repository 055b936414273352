"""The second half of `make pictures`: what a year brings beside the monthly sheet — revised rules, claims, deductions,
shared points, organisation life, a veto. In this order: each begins with what the one before left behind.
"""

import datetime
import re

from playwright.sync_api import Page

from bin.camera import ROOT, Camera, agree

BRANCH = "检修部党支部"
MEMBER, LEADER, SECRETARY, COMMISSIONER = "10049", "10085", "10001", "10025"
COMMITTEE, OFFICE = "10139", "90001"
# Any picture will do as evidence.
PHOTO = ROOT / "docs" / "pictures" / "sign-in.png"


def revised_rules() -> str:
    """The next version of the demonstration's rules, in force from this month, with what the first one lacks."""
    text = (ROOT / "scoring" / "presets" / "s3-short.yaml").read_text(encoding="utf-8").partition("示例:")[0]
    month = datetime.date.today().strftime("%Y%m")
    for old, new in (
        ("生效月份: 202601", f"生效月份: {month}\n否决方式: 支部党员大会表决\n轻度否决: 积分封顶\n轻度封顶分: 60"),
        (
            "申报流程: [审核]",
            "重度否决: 积分记零\n否决事由: [违反工作纪律, 违反廉洁纪律, 违法]\n申报流程: [审核, 审定]",
        ),
        ("类别: 加分\n", "类别: 加分\n    自定义条款数: 3\n    自定义合计上限: 10\n"),
        ("每次加 1 分，每月最多 3 分", "每次加 1 分，每月最多 2 分"),
        ("单位: 次\n        每月上限: 3", "单位: 次\n        每月上限: 2"),
    ):
        if old not in text:
            raise SystemExit(f"简表里没有“{old}”，请同时改 bin/pictures_year.py。")
        text = text.replace(old, new)
    return text


def branch_page(page: Page) -> int:
    """The number of the branch, as its address has it."""
    page.goto("/months/")
    link = page.locator("main").get_by_role("link", name=BRANCH).first.get_attribute("href") or ""
    return int(re.findall(r"/branches/(\d+)/", link)[0])


def rules_pictures(camera: Camera) -> None:
    """A revision: loaded as a draft, looked through, tried on the past months, published, added to by a branch."""
    page = camera.sign_in(OFFICE)
    page.goto("/rule-sets/load/")
    content = revised_rules().encode()
    page.set_input_files("input[type=file]", {"name": "修订.yaml", "mimeType": "text/plain", "buffer": content})
    page.get_by_role("button", name="载入为草稿").click()
    draft = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/rule-sets/{draft}/edit/")
    camera.take(page, "rules-edit", height=1000)
    page.goto(f"/rule-sets/{draft}/what-if/?unit=1&span=MONTH:202609")
    camera.take(page, "what-if", height=1250)
    page.goto(f"/rule-sets/{draft}/")
    page.get_by_role("button", name="发布").click()
    agree(page)
    page.get_by_text("已发布").first.wait_for()
    secretary = camera.sign_in(SECRETARY)
    for code, name, unit in (("检-1", "设备消缺竞赛", "项"), ("检-2", "师带徒", "人")):
        propose_item(secretary, draft, {"条款号": code, "名称": name, "数量单位": unit, "每月上限": "2"})
    page.goto(f"/rule-sets/{draft}/custom-items/")
    camera.take(page, "custom-items", height=640)


def propose_item(page: Page, rule_set: str, clause: dict[str, str]) -> None:
    page.goto(f"/rule-sets/{rule_set}/custom-items/propose/")
    page.get_by_label("计价").select_option("按数量")
    page.get_by_label("单价").fill("1")
    for label, text in clause.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="申请").click()
    page.locator("#messages").wait_for()


def file_claim(page: Page, points: str, reason: str) -> None:
    """As far as the button: the picture is taken before it is pressed."""
    page.goto("/claims/new/?item=加-1")
    page.get_by_label("分值").fill(points)
    page.get_by_label("事由").fill(reason)
    content = PHOTO.read_bytes()
    page.set_input_files("#files", {"name": "现场照片.png", "mimeType": "image/png", "buffer": content})


def claim_pictures(camera: Camera) -> None:
    """A claim on the phone, the queue of the secretary, a deduction that has been answered, the messages."""
    phone = camera.sign_in(MEMBER, phone=True)
    file_claim(phone, "3", "3 号炉给水泵跳闸，夜班抢修 6 小时恢复运行")
    camera.take(phone, "claim-phone", height=1240)
    phone.get_by_role("button", name="提交申报").click()
    for username, points, reason in (
        (MEMBER, "2", "带徒完成电除尘检修作业指导书修订"),
        (LEADER, "4", "参加 2 号机组小修，负责汽轮机本体"),
        (COMMISSIONER, "2", "迎峰度冬隐患排查，消除重大缺陷 2 处"),
    ):
        page = camera.sign_in(username)
        file_claim(page, points, reason)
        page.get_by_role("button", name="提交申报").click()
        page.locator("#messages").wait_for()
    number = branch_page(page)
    page.goto(f"/branches/{number}/deductions/new/?item=减-1")
    page.get_by_label("党员").select_option(label="李青")
    page.get_by_label("分值").fill("-2")
    page.get_by_label("事由").fill("工作票执行不规范，被安监部通报")
    page.get_by_role("button", name="提议扣分").click()
    page.locator("#messages").wait_for()
    deduction_pictures(camera, page.url)


def deduction_pictures(camera: Camera, address: str) -> None:
    member = camera.sign_in(MEMBER)
    member.goto(address)
    member.get_by_label("说明", exact=True).fill("当天工作负责人临时更换，签字补办晚了半小时，今后注意。")
    member.get_by_role("button", name="提交说明").click()
    member.locator("#messages").wait_for()
    secretary = camera.sign_in(SECRETARY)
    secretary.goto("/claims/?tab=waiting")
    camera.take(secretary, "claims", height=740)
    secretary.goto(address)
    camera.take(secretary, "deduction", height=1020)
    secretary.get_by_label("处理意见").fill("签字已补办，本次不扣分，支部会上提醒。")
    secretary.get_by_role("button", name="不予扣分").click()
    secretary.locator("#messages").wait_for()
    decide(secretary, "带徒完成", "退回", "请附作业指导书的审批页")
    decide(camera.sign_in(COMMISSIONER), "给水泵", "同意", "在场，属实")
    decide(secretary, "给水泵", "同意", "")
    member.goto("/messages/")
    camera.take(member, "messages", height=560)


def decide(page: Page, which: str, button: str, opinion: str) -> None:
    """Open the claim of the queue that says this, and press a button."""
    page.goto("/claims/?tab=waiting")
    page.locator(".claim-queue li").filter(has_text=which).get_by_role("link").click()
    page.get_by_label("意见").fill(opinion)
    page.get_by_role("button", name=button, exact=True).click()
    page.locator("#messages").wait_for()


def shared_pictures(camera: Camera) -> None:
    """One event for many, and a prize shared out."""
    page = camera.sign_in(SECRETARY)
    month = datetime.date.today().strftime("%Y%m")
    page.goto(f"/branches/{branch_page(page)}/months/{month}/grants/")
    event = page.locator("form[action$='/grants/event/']")
    event.get_by_label("条款").select_option(label=pick(event.get_by_label("条款").inner_text(), "加-2"))
    event.get_by_label("每人填写").fill("1次")
    event.get_by_label("事由").fill("国庆保电突击队")
    for name in ("段燕", "方远", "何玥", "李青", "苏堃", "潘英国", "邱诺丽", "查卫东"):
        event.get_by_label(name, exact=True).check()
    event.get_by_role("button", name="计分").click()
    page.get_by_text("国庆保电突击队").first.wait_for()
    share = page.locator("form[action$='/grants/share/']")
    share.get_by_label("条款").select_option(label=pick(share.get_by_label("条款").inner_text(), "加-1"))
    share.get_by_label("分配总分").fill("10")
    share.get_by_label("事由").fill("安全生产先进班组奖励")
    for name, weight in (("段燕", "3"), ("方远", "2"), ("李青", "2"), ("苏堃", "1")):
        share.get_by_label(name, exact=True).fill(weight)
    page.locator(".share-preview").get_by_text("段燕").wait_for()
    camera.take(page, "grants", height=1590)


def pick(options: str, code: str) -> str:
    """The choice that begins with the code of a clause."""
    return next(line.strip() for line in options.splitlines() if line.strip().startswith(code))


def activity_pictures(camera: Camera) -> None:
    """The calendar, a sheet that is filled in, 三会一课, and a member's lines of the year."""
    page = camera.sign_in(SECRETARY)
    page.goto("/activities/?month=202609")
    camera.take(page, "activities", height=1080)
    page.goto("/activities/")
    page.get_by_role("link", name="记录到会").first.click()
    for name, mark in (("方远", "请假"), ("郭子", "公差"), ("胡超文", "缺席")):
        page.get_by_role("radiogroup", name=name).get_by_label(mark).check()
    camera.take(page, "attendance", height=780)
    page.goto(f"/branches/{branch_page(page)}/year-lines/")
    page.locator("main tbody").get_by_role("link", name="李青").click()
    camera.take(page, "year-lines", height=960)
    committee = camera.sign_in(COMMITTEE)
    committee.goto("/units/1/organisation-life/?month=202609")
    camera.take(committee, "life-check", height=760)


def veto_pictures(camera: Camera) -> None:
    """Proposed, answered, voted on; what the committee then has before it."""
    page = camera.sign_in(COMMISSIONER)
    page.goto(f"/branches/{branch_page(page)}/vetoes/new/")
    page.get_by_label("党员").select_option(label=f"邱诺丽 {LEADER}")
    page.get_by_label("事由类别").select_option("违反工作纪律")
    page.get_by_label("轻：").check()
    page.get_by_label("发生日期").fill(str(datetime.date.today() - datetime.timedelta(days=5)))
    page.get_by_label("事实").fill("夜班脱岗 2 小时，造成 1 号机组巡检漏项，安监部已通报。")
    page.get_by_role("button", name="提出一票否决").click()
    agree(page)
    page.locator("#messages").get_by_text("一票否决").wait_for()
    address = page.url
    person = camera.sign_in(LEADER)
    person.goto(address)
    person.get_by_label("你的申辩").fill("当晚家人突发疾病送医，未按规定请假，愿意接受组织处理。")
    person.get_by_role("button", name="提交申辩").click()
    person.locator("#messages").wait_for()
    secretary = camera.sign_in(SECRETARY)
    secretary.goto(f"{address}vote/")
    voters = secretary.locator(".vote-rows select").count()
    for label, votes in (("赞成", voters - 5), ("反对", 3), ("弃权", 2)):
        secretary.get_by_label(label).fill(str(votes))
    camera.take(secretary, "veto-vote", height=1130)
    secretary.get_by_role("button", name="记录表决").click()
    agree(secretary)
    secretary.locator(".vote-counts").wait_for()
    committee = camera.sign_in(COMMITTEE)
    committee.goto(address)
    camera.take(committee, "veto", height=1330)
