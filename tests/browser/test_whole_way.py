"""The main job, from an empty installation to a ranked month, as people walk it."""

import datetime
import io
import re
from decimal import Decimal
from pathlib import Path

import openpyxl
from django.conf import settings
from django.urls import reverse

from config.beginning import begin
from members.models import Appointment, Member, Membership, OrgUnit, RosterImport, User
from members.services.appointments import appoint
from scoring.models import Month, RuleSet, Score

MONTH = 202609
BRANCH = "检修部党支部"
MESSY = "党员花名册（基层上报原样）.xlsx"
NEW_PASSWORD = "unlike-the-slip-88"
Post = Appointment.Post
# What the secretary pastes: a header of item names, rows by staff number, in no particular order.
PASTED = [
    ("10013", "60", "0", "", "", "", ""),
    ("10001", "60", "5", "2次", "4", "-1", ""),
    ("10025", "60", "5", "3", "", "", "-2"),
]
HEADER = (
    "工号", "四讲四有", "出色完成本职工作", "积极参加党建活动", "个人评优评先", "工作履职不认真", "纪律规矩不严明",
)  # fmt: skip
TOTALS = {"10001": Decimal(70), "10013": Decimal(60), "10025": Decimal(66)}


def agree(page) -> None:
    """Answer the question in the dialog with yes."""
    page.locator("dialog.ask[open] button[value=yes], dialog.ask[open] .btn-primary").last.click()


def first_sign_in(page, username: str, password: str) -> None:
    page.goto(reverse("members:sign-in"))
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.click("main button[type=submit], form button[type=submit]")
    page.fill("[name=old_password]", password)
    page.fill("[name=new_password1]", NEW_PASSWORD)
    page.fill("[name=new_password2]", NEW_PASSWORD)
    page.locator("form:has([name=new_password1]) button[type=submit]").click()
    page.wait_for_url("**/")


def publish_rules(page) -> None:
    page.goto(reverse("scoring:rules-load"))
    page.select_option("[name=preset]", "s3-short")
    page.get_by_role("button", name="载入为草稿").click()
    page.get_by_role("button", name="发布").click()
    agree(page)
    page.get_by_text("积分办法已发布").wait_for()


def import_roster(page) -> None:
    page.goto(reverse("members:roster-import-create"))
    page.set_input_files("input[type=file]", Path(settings.SAMPLE_DIR) / MESSY)
    page.get_by_role("button", name="上传并校验").click()
    page.get_by_role("button", name="确认写入").click()
    page.get_by_text("写入“").wait_for(timeout=60_000)


def paste(page, rows) -> None:
    """Put a block on the clipboard as a spreadsheet does and paste it into the grid."""
    text = "\n".join("\t".join(row) for row in [HEADER, *rows])
    page.locator("#grid-table tbody td").first.click()
    page.evaluate(
        """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def step(page, label: str, said: str) -> None:
    page.get_by_role("button", name=label, exact=True).click()
    agree(page)
    page.get_by_text(said).first.wait_for()


def user_of(number: str) -> User:
    member = Member.objects.get(staff_number=number)
    user, _created = User.objects.get_or_create(username=number, defaults={"member": member})
    return user


def test_from_an_empty_installation_to_a_ranked_month(page_for, worker):
    made = begin("中共大唐某热电有限公司委员会", staff_number="90001", name="党务甲")
    admin = page_for()
    first_sign_in(admin, "90001", made.business_password)
    publish_rules(admin)
    import_roster(admin)
    assert RuleSet.objects.published().count() == 1
    assert RosterImport.objects.get().state == RosterImport.State.DONE
    assert Membership.objects.current().count() == 360

    branch = OrgUnit.objects.get(name=BRANCH)
    posts = ((branch, "10001", Post.BRANCH_SECRETARY), (branch, "10013", Post.ORG_COMMISSIONER))
    for unit, number, post in (*posts, (made.unit, "10008", Post.COMMITTEE_SECRETARY)):
        person = Member.objects.get(staff_number=number)
        appoint(person, unit=unit, post=post, started_on=datetime.date(2026, 1, 1), by=made.business_admin)
    grid = reverse("scoring:month-grid", args=[branch.pk, MONTH])

    secretary = page_for(user_of("10001"))
    secretary.goto(grid)
    paste(secretary, PASTED)
    cell = secretary.locator("tr", has_text="10025").locator("td").nth(1)
    cell.click()
    secretary.keyboard.type("4")
    secretary.keyboard.press("Enter")
    secretary.keyboard.press("Control+z")
    secretary.get_by_text("全部已保存").wait_for()
    step(secretary, "提交支委会审核", "已提交支委会审核")

    commissioner = page_for(user_of("10013"))
    commissioner.goto(grid)
    step(commissioner, "审核通过", "审核通过。")

    committee = page_for(user_of("10008"))
    committee.goto(f"{reverse('scoring:month-list')}?month={MONTH}&state=CHECKED")
    committee.get_by_role("button", name="为勾选的支部结账").click()
    agree(committee)
    committee.get_by_text("已结账 1 个支部").wait_for()
    assert Month.objects.get(unit=branch, month=MONTH).state == Month.State.CLOSED

    scores = Score.objects.filter(unit=branch, month=MONTH)
    found = dict(scores.exclude(total=0).values_list("account__member__staff_number", "total"))
    assert found == TOTALS

    member = page_for(user_of("10025"), phone=True)
    member.goto(reverse("score-mine"))
    hero = member.locator(".hero").inner_text()
    assert re.search(r"66\s*分", hero)
    assert re.search(r"2\s*/ 30", hero)

    committee.goto(reverse("scoring:ranking-of", args=[branch.pk]) + f"?month={MONTH}")
    with committee.expect_download() as download:
        committee.get_by_role("link", name="导出台账").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(download.value.path()).read_bytes()))
    shown = [row.inner_text() for row in committee.locator("tbody tr").all()]
    exported = totals_in(book)
    assert len(exported) == len(shown) == 30
    for name, total in exported.items():
        assert any(name in line and re.search(rf"\b{total:g}\b", line) for line in shown), (name, total)


def totals_in(book) -> dict[str, float]:
    """Name -> total as the exported ledger says."""
    sheet = book.active
    head = next(row for row in sheet.iter_rows() if any(cell.value == "党员姓名" for cell in row))
    name = next(cell.column for cell in head if cell.value == "党员姓名")
    total = next(cell.column for cell in head if str(cell.value).startswith("总分"))
    rows = sheet.iter_rows(min_row=head[0].row + 1)
    found = {}
    for row in rows:
        who, points = row[name - 1].value, row[total - 1].value
        if isinstance(points, int | float) and who:
            found[who] = float(points)
    return found
