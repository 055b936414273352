"""The monthly grid in a browser: keyboard, paste, undo, refusal, two editors, phone, dark, screen reader."""

import json
import re
from types import SimpleNamespace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from scoring.models import DraftCell, DraftRemark, Evidence, Item
from scoring.services.grid import Change, save_cells
from scoring.services.months import month_of_unit, submit_month
from tests.factories import cast, member
from tests.harness.threads import wait_until
from tests.scoring import factories
from tests.scoring.factories import MONTH

PDF = b"%PDF-1.7\n%%EOF\n"
# The rows of the cast, by pinyin, and the columns of the short sheet.
ROWS = ["陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]
CODES = ["基-1", "加-1", "加-2", "加-3", "减-1", "减-2", None]


@pytest.fixture
def ground(real_db):
    return ground_with()


def ground_with(content: str = "") -> SimpleNamespace:
    people = cast()
    rules = factories.rule_set(people.committee, content)
    factories.account(people.member.member)
    items = {item.code: item for item in Item.objects.filter(section__rule_set=rules)}
    url = f"/branches/{people.branch.pk}/months/{MONTH}/"
    return SimpleNamespace(people=people, rules=rules, items=items, url=url, branch=people.branch)


def open_grid(page: Page, ground: SimpleNamespace) -> Page:
    page.goto(ground.url)
    page.wait_for_selector("body[data-grid=ready]")
    return page


def cell(page: Page, row: str, place: int):
    """A cell of the table by the name of its row and the place of its column, from 0."""
    return page.locator("#grid-table tbody tr", has_text=row).first.locator("td").nth(place)


def texts(page: Page, row: str) -> list[str]:
    """What stands in a row: its cells, the remark, the total."""
    return page.locator("#grid-table tbody tr", has_text=row).first.locator("td").all_inner_texts()[:-1]


def type_keys(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def saved(page: Page) -> None:
    expect(page.locator("#grid-save")).to_have_attribute("data-state", "saved")


def stored(ground: SimpleNamespace) -> dict[tuple[str, str], str]:
    """What the server holds: (name, code) → text."""
    rows = DraftCell.objects.exclude(text="").values_list("account__member__name", "item__code", "text")
    return {(name, code): text for name, code, text in rows}


def paste(page: Page, *lines: str) -> None:
    """A block from the clipboard of a spreadsheet, into the cell one is in."""
    page.evaluate(
        """(text) => {
            const clipboard = new DataTransfer();
            clipboard.setData("text/plain", text);
            const event = new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
        }""",
        "\n".join(lines),
    )


def copied(page: Page) -> str:
    """What Ctrl+C puts on the clipboard."""
    return page.evaluate(
        """() => {
            const clipboard = new DataTransfer();
            const event = new ClipboardEvent("copy", { clipboardData: clipboard, bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(event);
            return clipboard.getData("text/plain");
        }"""
    )


# --- keyboard --------------------------------------------------------------------------------------
def test_keyboard_fills_a_month_and_saves_it(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "陈志远", 0).click()
    type_keys(page, "6", "0", "Enter", "5", "9", "ArrowDown", "5", "8", "Tab", "3", "Tab", "2", "Enter", "5", "7")
    # After a run of Tab, Enter goes below where it began.
    expect(cell(page, "吴海涛", 0)).to_have_class(re.compile("active"))
    type_keys(page, "Enter")
    saved(page)
    assert texts(page, "王建国") == ["58", "3", "2次", "", "", "", "", "63"]
    assert stored(ground) == {
        ("陈志远", "基-1"): "60",
        ("李静怡", "基-1"): "59",
        ("王建国", "基-1"): "58",
        ("王建国", "加-1"): "3",
        ("王建国", "加-2"): "2次",
        ("吴海涛", "基-1"): "57",
    }
    page.reload()
    assert texts(page, "王建国") == ["58", "3", "2次", "", "", "", "", "63"]


def test_keyboard_moves_and_stays_inside(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    where = page.locator("#grid-table td.active")

    def place() -> tuple[str, int]:
        return tuple(where.evaluate("td => [td.parentElement.cells[0].firstChild.data.trim(), td.cellIndex - 1]"))

    cell(page, "王建国", 2).click()
    visited = []
    for key in (
        "ArrowLeft", "ArrowUp", "End", "ArrowRight", "Home", "ArrowLeft", "Control+End", "ArrowDown", "Control+Home",
        "ArrowUp", "PageDown", "Shift+Enter", "Tab", "Shift+Tab", "Shift+Tab", "F2", "Escape",
    ):  # fmt: skip
        page.keyboard.press(key)
        visited.append(place())
    assert visited == [
        ("王建国", 1), ("李静怡", 1), ("李静怡", 6), ("李静怡", 6), ("李静怡", 0), ("李静怡", 0), ("周敏", 6),
        ("周敏", 6), ("陈志远", 0), ("陈志远", 0), ("周敏", 0), ("郑雪", 0), ("郑雪", 1), ("郑雪", 0), ("吴海涛", 6),
        ("吴海涛", 6), ("吴海涛", 6),
    ]  # fmt: skip


def test_tab_leaves_the_table_at_its_end(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 2).click()
    type_keys(page, "Control+End", "Shift+Tab", "Tab", "Tab")
    assert page.evaluate("document.activeElement.closest('#grid-table')") is None


def test_escape_restores_and_f2_edits_what_stands(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 0).click()
    type_keys(page, "5", "Enter", "ArrowUp", "9", "Escape")
    assert texts(page, "王建国")[0] == "5"
    type_keys(page, "F2", "5", "Enter")
    assert texts(page, "王建国")[0] == "55"
    cell(page, "王建国", 0).dblclick()
    type_keys(page, "ArrowLeft", "4", "Enter")
    assert texts(page, "王建国")[0] == "545"
    expect(cell(page, "王建国", 0)).to_have_class(re.compile("wrong"))


def test_range_fills_down_deletes_and_copies(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "陈志远", 0).click()
    type_keys(page, "6", "0", "Tab", "5", "Enter", "Control+d")
    assert texts(page, "李静怡")[0] == "60"
    cell(page, "陈志远", 0).click()
    type_keys(page, "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "Control+d")
    assert [texts(page, name)[:2] for name in ROWS[:4]] == [["60", "5"]] * 3 + [["", ""]]
    assert copied(page) == "60\t5\n60\t5\n60\t5"
    type_keys(page, "Shift+ArrowUp", "Delete")
    assert [texts(page, name)[:2] for name in ROWS[:3]] == [["", ""], ["", ""], ["60", "5"]]
    type_keys(page, "Control+z")
    assert texts(page, "陈志远")[:2] == ["60", "5"]
    cell(page, "吴海涛", 0).click()
    cell(page, "周敏", 0).click(modifiers=["Shift"])
    type_keys(page, "4", "0", "Control+Enter")
    assert [texts(page, name)[0] for name in ROWS[3:]] == ["40", "40", "40"]
    saved(page)


def test_mouse_drags_over_a_range(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "陈志远", 0).hover()
    page.mouse.down()
    cell(page, "王建国", 1).hover()
    page.mouse.up()
    expect(page.locator("#grid-table td.chosen")).to_have_count(6)
    expect(page.locator("#cell-info")).to_contain_text("已选 3 行 2 列")


def test_undo_and_redo_are_saved_too(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 0).click()
    type_keys(page, "6", "0", "Enter")
    saved(page)
    type_keys(page, "Control+z")
    saved(page)
    assert stored(ground) == {}
    expect(page.locator("#grid-undo")).to_be_disabled()
    page.locator("#grid-redo").click()
    saved(page)
    assert stored(ground) == {("王建国", "基-1"): "60"}
    assert texts(page, "王建国")[-1] == "60"


def test_levels_are_typed_by_their_beginning(real_db, page_for):
    ground = ground_with(factories.ALL_KINDS)
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 1).click()
    page.keyboard.insert_text("优")
    type_keys(page, "Tab")
    # A column that activities feed is passed over by the text, not by the cursor.
    type_keys(page, "5", "Tab", "2", "Enter")
    saved(page)
    assert stored(ground) == {("王建国", "基-2"): "优秀", ("王建国", "加-1"): "2"}
    expect(cell(page, "王建国", 1)).to_have_attribute("data-points", "20")
    expect(cell(page, "王建国", 3)).to_have_attribute("data-points", "4")
    assert texts(page, "王建国")[-1] == "24"


# --- refusal ---------------------------------------------------------------------------------------
def test_refusal_stays_in_the_cell_and_names_the_rule(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 2).click()
    type_keys(page, "9", "Enter")
    sentence = "加-2 积极参加党建活动 每月最多 3 分。"
    wrong = page.locator("#grid-wrong")
    expect(wrong).to_have_text("1 处有误")
    expect(page.locator("#grid-save")).to_have_text("有误的未保存，其余已保存")
    wrong.click()
    expect(page.locator("#cell-note")).to_have_text(sentence)
    expect(page.locator(".editor")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".editor")).to_have_accessible_description(sentence)
    assert texts(page, "王建国")[2].startswith("9")
    assert stored(ground) == {}
    type_keys(page, "2", "Enter")
    saved(page)
    expect(wrong).to_be_hidden()
    assert stored(ground) == {("王建国", "加-2"): "2次"}


def test_escape_gives_up_a_refused_text(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 2).click()
    type_keys(page, "2", "Enter")
    saved(page)
    type_keys(page, "ArrowUp", "7", "Enter", "ArrowUp")
    expect(page.locator("#grid-wrong")).to_have_text("1 处有误")
    page.keyboard.press("Escape")
    saved(page)
    assert texts(page, "王建国")[2] == "2次"


def test_submit_waits_for_what_is_typed_and_stops_at_what_is_wrong(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 2).click()
    type_keys(page, "9", "Enter")
    expect(page.locator("#grid-wrong")).to_be_visible()
    submit = page.get_by_role("button", name="提交支委会审核")
    submit.click()
    expect(page.locator(".toastbar")).to_have_text("还有 1 格没有保存，改好后再提交。")
    expect(cell(page, "王建国", 2)).to_have_class(re.compile("active"))
    type_keys(page, "3")
    submit.click()
    page.locator("dialog.ask[open]").get_by_role("button", name="提交").click()
    expect(page.locator(".flow .done")).to_have_count(1)
    assert stored(ground) == {("王建国", "加-2"): "3次"}
    expect(page.get_by_role("button", name="撤回")).to_be_visible()


# --- paste -----------------------------------------------------------------------------------------
def test_paste_goes_from_the_active_cell_on(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "李静怡", 0).click()
    paste(page, "60\t5", "55\t", "50\t4\r")
    saved(page)
    assert [texts(page, name)[:2] for name in ROWS[1:4]] == [["60", "5"], ["55", ""], ["50", "4"]]
    type_keys(page, "Control+z")
    saved(page)
    assert stored(ground) == {}


def test_paste_of_a_whole_sheet_is_laid_by_staff_number_and_heading(ground, page_for):
    people = ground.people
    number = {row.member.name: row.member.staff_number for row in people.by_role().values() if row.member}
    page = open_grid(page_for(people.secretary), ground)
    cell(page, "周敏", 5).click()
    paste(
        page,
        "检修部党支部党员积分登记表（2026年9月）",
        "序号\t姓名\t工号\t基础分\t加分\t\t\t减分\t\t备注\t签字",
        '\t\t\t四讲四有\t"出色完成\n本职工作"\t积极参加党建活动（每月最多 3 分）\t个人评优评先\t'
        "工作履职不认真\t纪律规矩不严明\t\t",
        f"1\t周敏\t{number['周敏']}\t60\t0\t3\t4\t\t-2\t参加抢修\t",
        f"2\t王建国\t{number['王建国']}\t55\t\t1次\t\t1\t\t\t",
        "3\t外单位\t99999\t60\t\t\t\t\t\t\t",
        f"4\t改名了\t{number['郑雪']}\t60\t\t\t\t\t\t\t",
        f"5\t周敏\t{number['周敏']}\t10\t\t\t\t\t\t\t",
    )  # fmt: skip
    saved(page)
    assert stored(ground) == {
        ("周敏", "基-1"): "60", ("周敏", "加-1"): "0", ("周敏", "加-2"): "3次", ("周敏", "加-3"): "4",
        ("周敏", "减-2"): "-2", ("王建国", "基-1"): "55", ("王建国", "加-2"): "1次", ("王建国", "减-1"): "-1",
    }  # fmt: skip
    assert list(DraftRemark.objects.values_list("account__member__name", "text")) == [("周敏", "参加抢修")]
    report = page.locator("#grid-report")
    expect(report.locator("h2")).to_have_text("已按工号对齐，粘贴 9 格；4 处没有写入")
    lines = report.locator("tbody tr")
    assert lines.evaluate_all("rows => rows.map(row => [...row.cells].map(td => td.innerText))") == [
        ["签字", "没有叫这个名称的条款"],
        ["3　外单位　99999　60", "本支部本月名单中没有此人"],
        [f"4　改名了　{number['郑雪']}　60", f"工号 {number['郑雪']} 是郑雪，姓名不一致"],
        [f"5　周敏　{number['周敏']}　10", "同一人出现两次，只写入了第一行"],
    ]
    report.get_by_role("button", name="知道了").click()
    expect(report).to_be_hidden()


def test_paste_is_laid_by_name_where_the_name_is_unique(ground, page_for):
    factories.account(member(ground.branch, name="王建国"))
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "陈志远", 1).click()
    paste(page, "周敏\t5\t2", "李静怡\t4\t1", "王建国\t3\t1")
    saved(page)
    assert stored(ground) == {
        ("周敏", "加-1"): "5", ("周敏", "加-2"): "2次", ("李静怡", "加-1"): "4", ("李静怡", "加-2"): "1次",
    }  # fmt: skip
    expect(page.locator("#grid-report tbody tr")).to_have_text(["王建国　3　1有 2 位同名，请带上工号列再粘贴"])


def test_paste_beyond_the_table_and_into_fed_columns_is_listed(real_db, page_for):
    ground = ground_with(factories.ALL_KINDS)
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "周敏", 1).click()
    paste(page, "合格\t5\t2\t1\t3\t60\t-1\t备注\t多余", "优秀\t\t")
    # The deduction is stored; only what had no place is listed.
    expect(page.locator("#grid-report tbody tr")).to_have_text(
        [
            "多余周敏：超出表格的最后一列",
            "优秀超出表格的最后一行",
            "周敏　组织生活　5这一列由其他记录自动计入，不能填写",
        ]
    )
    saved(page)
    assert stored(ground) == {
        ("周敏", "基-2"): "合格", ("周敏", "加-1"): "2", ("周敏", "加-2"): "1小时", ("周敏", "加-3"): "3",
        ("周敏", "加-4"): "60", ("周敏", "减-1"): "-1",
    }  # fmt: skip


def test_paste_of_one_value_fills_the_range_and_blanks_are_told(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "陈志远", 0).click()
    type_keys(page, "Shift+ArrowDown", "Shift+ArrowDown")
    paste(page, "60")
    saved(page)
    assert [texts(page, name)[0] for name in ROWS[:4]] == ["60", "60", "60", ""]
    paste(page, "50\t1", "\t2")
    expect(page.locator(".toastbar")).to_have_text("已粘贴 4 格，其中清空 1 格")


# --- two people ------------------------------------------------------------------------------------
def test_two_people_in_one_cell_choose_whose_value_stands(ground, page_for):
    first = open_grid(page_for(ground.people.secretary), ground)
    second = open_grid(page_for(ground.people.deputy), ground)
    for page, text in ((first, "60"), (second, "50")):
        cell(page, "王建国", 0).click()
        type_keys(page, *text, "Enter")
        if page is first:
            saved(page)
    strip = second.locator("#grid-rivals")
    expect(strip).to_contain_text("陈志远已改为“60”，您填的是“50”。")
    expect(cell(second, "王建国", 0)).to_have_class(re.compile("rival"))
    assert stored(ground) == {("王建国", "基-1"): "60"}
    strip.get_by_role("button", name="保留对方的").click()
    expect(strip).to_be_hidden()
    assert texts(second, "王建国")[0] == "60"

    cell(first, "王建国", 0).click()
    type_keys(first, "4", "0", "Enter")
    saved(first)
    cell(second, "王建国", 0).click()
    type_keys(second, "3", "0", "Enter", "ArrowUp")
    expect(second.locator("#cell-note")).to_contain_text("陈志远已改为“40”，您填的是“30”。")
    second.locator("#cell-note").get_by_role("button", name="用我的").click()
    saved(second)
    assert stored(ground) == {("王建国", "基-1"): "30"}


# --- saving ----------------------------------------------------------------------------------------
def test_lost_connection_is_said_and_nothing_is_lost(ground, page_for, complaints):
    complaints.expect("ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load resource")
    page = open_grid(page_for(ground.people.secretary), ground)
    page.context.set_offline(True)
    cell(page, "王建国", 0).click()
    type_keys(page, "6", "0", "Enter")
    expect(page.locator("#grid-save")).to_have_text("连不上服务器，正在重试，请勿关闭本页")
    type_keys(page, "5", "5", "Enter")
    page.context.set_offline(False)
    saved(page)
    assert stored(ground) == {("王建国", "基-1"): "60", ("吴海涛", "基-1"): "55"}


def test_answer_that_got_lost_is_no_conflict(ground, page_for, complaints):
    complaints.expect("ERR_FAILED|Failed to load resource")
    page = open_grid(page_for(ground.people.secretary), ground)
    lost = []

    def lose_the_answer(route):
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/cells/", lose_the_answer)
    cell(page, "王建国", 2).click()
    type_keys(page, "2", "Enter")
    wait_until(lambda: lost or page.wait_for_timeout(50))
    type_keys(page, "ArrowUp", "3", "Enter")
    saved(page)
    assert lost == [200]
    assert stored(ground) == {("王建国", "加-2"): "3次"}
    expect(page.locator("#grid-rivals")).to_be_hidden()


def test_month_submitted_elsewhere_ends_the_typing(ground, page_for, complaints):
    complaints.expect("409")
    page = open_grid(page_for(ground.people.secretary), ground)
    submit_month(month_of_unit(ground.branch, MONTH), by=ground.people.deputy)
    cell(page, "王建国", 0).click()
    type_keys(page, "6", "0", "Enter")
    expect(page.locator("#grid-stopped")).to_contain_text("不能再改；请先撤回或请审核人退回。")
    expect(page.locator(".editor")).to_have_attribute("readonly", "")


def test_leaving_with_unsaved_texts_asks_first(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    page.route("**/cells/", lambda route: None)
    cell(page, "王建国", 0).click()
    type_keys(page, "6", "0", "Enter")
    asked = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.goto("about:blank")
    assert asked == ["beforeunload"]


def test_last_month_fills_only_what_is_empty_in_one_step(ground, page_for):
    account = factories.account(ground.people.member.member)
    texts_before = {"基-1": "60", "加-1": "2", "加-2": "3"}
    changes = [Change(account.pk, ground.items[code].pk, text, 0) for code, text in texts_before.items()]
    save_cells(month_of_unit(ground.branch, MONTH - 1), changes, by=ground.people.secretary)
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 1).click()
    type_keys(page, "5", "Enter")
    page.get_by_role("button", name="沿用上月").click()
    expect(page.locator(".toastbar")).to_have_text("已沿用上月 1 格，已填的没有改动；可以撤销。")
    saved(page)
    assert texts(page, "王建国")[:3] == ["60", "5", ""]
    page.locator("#grid-undo").click()
    saved(page)
    assert texts(page, "王建国")[:3] == ["", "5", ""]


# --- finding, remarks, files -----------------------------------------------------------------------
def test_find_narrows_the_rows_and_movement_follows(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    shown = page.locator("#grid-table tbody tr:visible th")
    wanted = {"wjg": ["王建国"], "zh": ["郑雪", "周敏"], "静": ["李静怡"], "wu hai": ["吴海涛"], "xx": []}
    for text, names in wanted.items():
        page.locator("#grid-find").fill(text)
        assert [name.split()[0] for name in shown.all_inner_texts()] == names
    expect(page.locator("#grid-none")).to_be_visible()
    page.locator("#grid-find").fill("zh")
    page.keyboard.press("Enter")
    type_keys(page, "6", "0", "Enter", "5", "9", "Enter")
    saved(page)
    assert stored(ground) == {("郑雪", "基-1"): "60", ("周敏", "基-1"): "59"}
    page.locator("#grid-find").fill("")
    page.get_by_label("只看未填").check()
    assert [name.split()[0] for name in shown.all_inner_texts()] == ["陈志远", "李静怡", "王建国", "吴海涛"]


def test_remark_and_files_of_a_cell(real_db, page_for):
    ground = ground_with(factories.ALL_KINDS)
    page = open_grid(page_for(ground.people.secretary), ground)
    reason = cell(page, "王建国", 5)
    reason.click()
    type_keys(page, "2", "Enter", "ArrowUp")
    expect(page.locator("#cell-note")).to_have_text("须写理由：按 Ctrl+M 填写备注")
    expect(reason).to_have_class(re.compile("lacking"))
    page.keyboard.press("Control+m")
    box = page.locator("#cell-box")
    expect(box.locator("h2")).to_have_text("王建国 加-3 须写理由")
    box.get_by_label("备注").fill("牵头攻关")
    page.keyboard.press("Enter")
    expect(reason).not_to_have_class(re.compile("lacking"))
    expect(page.locator("#cell-note")).to_have_text("牵头攻关")
    saved(page)
    assert DraftCell.objects.get().remark == "牵头攻关"

    proof = cell(page, "王建国", 7)
    proof.click()
    type_keys(page, "1", "Enter", "ArrowUp", "Control+m")
    chooser = box.locator('input[type="file"]')
    chooser.set_input_files(
        [
            {"name": "通报.pdf", "mimeType": "application/pdf", "buffer": PDF},
            {"name": "页面.html", "mimeType": "text/html", "buffer": b"<html>"},
        ]
    )
    expect(box.locator(".files li")).to_contain_text(["通报.pdf"])
    expect(box.locator(".errorlist li")).to_contain_text(["页面.html：只接受图片"])
    with page.expect_download() as download:
        box.get_by_role("link", name="通报.pdf").click()
    assert download.value.suggested_filename == "通报.pdf"
    box.get_by_role("button", name="完成").click()
    expect(proof).to_have_class(re.compile("noted"))
    saved(page)

    proof.click()
    page.keyboard.press("Control+m")
    box.get_by_role("button", name="移除").click()
    page.locator("dialog.ask[open]").last.get_by_role("button", name="确定").click()
    expect(box.locator("[data-files]")).to_contain_text("还没有佐证材料。")
    assert Evidence.objects.get().removed_at is not None


def test_headings_show_the_standard(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    page.get_by_role("button", name=re.compile("积极参加党建活动")).click()
    standard = page.locator("#grid-standard")
    expect(standard).to_contain_text("参加主题党日、讲党课或作辅导报告，每次加 1 分，每月最多 3 分。")
    page.keyboard.press("Escape")
    expect(standard).to_be_hidden()


def test_whole_table_is_copied_with_headings(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 0).click()
    type_keys(page, "6", "0", "Enter")
    saved(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="复制整表").click()
    lines = page.evaluate("navigator.clipboard.readText()").replace("\r", "").split("\n")
    assert lines[0].split("\t") == [
        "工号", "姓名", "四讲四有", "出色完成本职工作", "积极参加党建活动", "个人评优评先", "工作履职不认真",
        "纪律规矩不严明", "备注", "合计",
    ]  # fmt: skip
    number = ground.people.member.member.staff_number
    assert lines[3].split("\t") == [number, "王建国", "60", "", "", "", "", "", "", "60"]
    assert len(lines) == 7


# --- reading, phone, looks -------------------------------------------------------------------------
def test_submitted_month_is_for_reading(ground, page_for):
    save_cells(
        month_of_unit(ground.branch, MONTH),
        [Change(factories.account(ground.people.member.member).pk, ground.items["基-1"].pk, "60", 0, "有备注")],
        by=ground.people.secretary,
    )
    submit_month(month_of_unit(ground.branch, MONTH), by=ground.people.secretary)
    page = open_grid(page_for(ground.people.commissioner), ground)
    cell(page, "王建国", 0).click()
    type_keys(page, "1", "Delete", "Enter", "ArrowUp")
    assert texts(page, "王建国")[0].startswith("60")
    expect(page.locator("#cell-note")).to_have_text("有备注")
    assert copied(page) == "60"
    page.get_by_role("button", name="退回").click()
    page.get_by_label("退回的原因").fill("请核对")
    page.locator("#return-box").get_by_role("button", name="退回").click()
    expect(page.locator(".notice.error").first).to_contain_text("退回：请核对")


def test_phone_shows_one_member_per_screen(ground, page_for):
    page = open_grid(page_for(ground.people.secretary, phone=True), ground)
    one = page.locator("#grid-one")

    def field(name: str):
        return one.get_by_role("textbox", name=name)

    expect(one.locator("h2")).to_have_text("陈志远")
    expect(one.locator("[data-counter]")).to_have_text("1/6")
    expect(page.locator("#grid-table")).to_be_hidden()
    field("四讲四有").fill("60")
    field("积极参加党建活动").fill("9")
    page.keyboard.press("Enter")
    expect(field("个人评优评先")).to_be_focused()
    expect(one.locator(".one-problem.error")).to_have_text("加-2 积极参加党建活动 每月最多 3 分。")
    expect(one.locator("[data-total]")).to_have_text("60")
    field("积极参加党建活动").fill("2")
    one.get_by_role("button", name="下一位").click()
    expect(one.locator("h2")).to_have_text("李静怡")
    field("四讲四有").fill("59")
    one.get_by_role("button", name="上一位").click()
    expect(one.locator("[data-total]")).to_have_text("62")
    saved(page)
    assert stored(ground) == {("陈志远", "基-1"): "60", ("陈志远", "加-2"): "2次", ("李静怡", "基-1"): "59"}
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate(
        """() => [...document.querySelectorAll("#grid-one input, #grid-one button")]
            .filter((field) => field.offsetParent && field.getBoundingClientRect().height < 42).length"""
    )
    assert small == 0


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_page_is_clean_for_assistive_technology(real_db, page_for, phone, dark):
    ground = ground_with(factories.ALL_KINDS)
    account = factories.account(ground.people.member.member)
    texts_now = {"基-1": "60", "基-2": "优秀", "加-2": "2", "加-3": "2", "减-1": "1"}
    changes = [Change(account.pk, ground.items[code].pk, text, 0) for code, text in texts_now.items()]
    save_cells(month_of_unit(ground.branch, MONTH), changes, by=ground.people.secretary)
    page = open_grid(page_for(ground.people.secretary, phone=phone, dark=dark), ground)
    if phone:
        for _ in range(2):
            page.get_by_role("button", name="下一位").click()
        page.get_by_role("textbox", name="基-1").fill("99")
        page.keyboard.press("Enter")
        expect(page.locator(".one-problem.error")).to_be_visible()
    else:
        cell(page, "王建国", 0).click()
        type_keys(page, "9", "9", "Enter", "ArrowUp")
        expect(page.locator("#cell-note")).to_be_visible()
        expect(page.locator("#cell-note")).to_contain_text("须在 0 到 60 分之间")
    assert serious(page) == []
    opener = page.get_by_label("须写理由的备注和佐证") if phone else page.locator("#cell-box-open")
    opener.click()
    expect(page.locator("#cell-box")).to_be_visible()
    assert serious(page) == []


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody out, with the place."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}).response["violations"]
    return [
        json.dumps([violation["id"], [node["html"][:160] for node in violation["nodes"][:3]]], ensure_ascii=False)
        for violation in found
        if violation["impact"] in ("serious", "critical")
    ]


def test_editor_is_named_by_its_row_and_column(ground, page_for):
    page = open_grid(page_for(ground.people.secretary), ground)
    cell(page, "王建国", 2).click()
    number = ground.people.member.member.staff_number
    name = f"王建国 {number} 积极参加党建活动每次 1 分，月限 3"
    expect(page.locator(".editor")).to_have_accessible_name(re.compile(name.replace("党建活动", "党建活动 ?")))
