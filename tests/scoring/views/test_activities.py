"""组织生活: list and calendar, plan, attendance sheet, one's own attendance, 三会一课."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from scoring.models import Activity, Attendance, LedgerEntry
from scoring.services import months
from scoring.services.activities import cancel_activity
from tests.scoring.factories import MONTH
from tests.scoring.living import DAY, Life, with_study

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name, *args, query="") -> str:
    return reverse(f"scoring:{name}", args=args) + query


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def sheet(made, activity, **marks):
    """What the form sends: everybody present but whoever is named by role."""
    page = client_of(made.cast.secretary).get(address("activity-attendance", activity.pk))
    form, lines = page.context["form"], page.context["lines"]
    sent = {f"mark-{line.account}": line.mark for line in lines}
    named = {f"mark-{made.account(made.cast.by_role()[role])}": mark for role, mark in marks.items()}
    return {"held_on": str(form["held_on"].value()), "seen": form["seen"].value()} | sent | named


def post_sheet(made, activity, by=None, **fields):
    client = client_of(by or made.cast.secretary)
    return client.post(address("activity-attendance", activity.pk), fields, follow=True)


# --- list ----------------------------------------------------------------------------------------
def test_list_and_calendar_show_the_month_of_ones_branch():
    made = Life()
    held, _posted = made.hold(member="ABSENT")
    planned = made.plan("LECTURE", title="专题党课", planned_on=datetime.date(2026, 9, 25))
    made.plan(title="十月", planned_on=datetime.date(2026, 10, 9))
    month = f"?month={MONTH}"
    page = client_of(made.cast.member).get(address("activity-list", query=month))
    assert [(row.activity, row.share and row.share.took_part, row.waits) for row in page.context["rows"]] == [
        (held, 5, False), (planned, None, False),
    ]  # fmt: skip
    named = {square.day: square.named for week in page.context["weeks"] for square in week if square.named}
    assert named == {DAY: [held], planned.planned_on: [planned]}
    assert (page.context["may_keep"], page.context["may_check"]) == (False, False)
    page = client_of(made.cast.secretary).get(address("activity-list", query=month))
    assert [row.waits for row in page.context["rows"]] == [False, True]
    assert (page.context["may_keep"], page.context["may_check"]) == (True, True)
    stranger = client_of(made.cast.stranger).get(address("activity-list", query=f"{month}&unit={made.cast.branch.pk}"))
    assert (stranger.status_code, stranger.context["rows"]) == (200, [])


def test_list_of_one_day_and_of_a_whole_committee():
    made = Life()
    held, _posted = made.hold()
    made.plan(planned_on=datetime.date(2026, 9, 25))
    client = client_of(made.cast.committee_member)
    page = client.get(address("activity-list", query=f"?month={MONTH}&day={DAY}"))
    assert page.context["unit"] == made.cast.committee
    assert [row.activity for row in page.context["rows"]] == [held]
    # Of a part the calendar tells numbers.
    counts = {square.day: square.count for week in page.context["weeks"] for square in week if square.count}
    assert counts == {DAY: 1, datetime.date(2026, 9, 25): 1}
    odd = client.get(address("activity-list", query="?month=202613&day=x&unit=abc"))
    assert odd.status_code == 404
    assert client.get(address("activity-list", query="?month=202613&day=x&page=9")).status_code == 200


def test_list_takes_the_same_queries_for_one_and_for_many(queries):
    made = Life()
    client = client_of(made.cast.secretary)
    asked = []
    for _time in range(2):
        made.hold()
        client.get(address("activity-list", query=f"?month={MONTH}"))
        with queries() as found:
            client.get(address("activity-list", query=f"?month={MONTH}"))
        asked.append(len(found))
        made.plan(), made.plan("GROUP_MEETING", group=made.cast.group)
    assert asked[0] == asked[1] <= 12


# --- plan ----------------------------------------------------------------------------------------
PLAN = {"kind": "THEME_DAY", "group": "", "title": "志愿服务", "planned_on": "2026-09-20", "place": "厂区", "note": ""}


def test_plan_is_saved_changed_and_cancelled():
    made = Life()
    client = client_of(made.cast.secretary)
    page = client.post(address("activity-create", made.cast.branch.pk), PLAN, follow=True)
    assert said(page) == ["已保存：主题党日 志愿服务。"]
    activity = Activity.objects.get()
    changed = PLAN | {"kind": "GROUP_MEETING", "group": made.cast.group.pk, "title": "小组学习"}
    page = client.post(address("activity-edit", activity.pk), changed, follow=True)
    assert said(page) == ["已保存：党小组会 小组学习。"]
    activity.refresh_from_db()
    assert (activity.kind, activity.group, activity.place) == ("GROUP_MEETING", made.cast.group, "厂区")
    page = client.post(address("activity-cancel", activity.pk), follow=True)
    assert said(page) == ["已取消：党小组会 小组学习。"]
    assert said(client.post(address("activity-cancel", activity.pk), follow=True)) == [
        "这次组织生活已开展或已取消，请刷新页面。"
    ]
    assert said(client.get(address("activity-edit", activity.pk), follow=True)) == [
        "这次组织生活已开展或已取消，不能再改计划。"
    ]


def test_plan_that_is_not_complete_stays_on_the_page():
    made = Life()
    client = client_of(made.cast.secretary)
    page = client.post(address("activity-create", made.cast.branch.pk), PLAN | {"kind": "GROUP_MEETING", "title": ""})
    assert set(page.context["form"].errors) == {"group", "title"}
    page = client.post(address("activity-create", made.cast.branch.pk), PLAN | {"planned_on": "9999-12-31"})
    assert said(page) == ["计划日期不对，请重新选择。"]
    assert not Activity.objects.exists()
    # A group chosen before the kind was changed says nothing any more.
    client.post(address("activity-create", made.cast.branch.pk), PLAN | {"group": made.cast.group.pk})
    assert Activity.objects.get().group is None
    assert (
        client_of(made.cast.business_admin).get(address("activity-create", made.cast.committee.pk)).status_code == 403
    )


def test_leader_is_offered_the_meetings_of_the_group_alone():
    made = Life()
    client = client_of(made.cast.group_leader)
    form = client.get(address("activity-create", made.cast.branch.pk)).context["form"]
    assert [value for value, _label in form.fields["kind"].choices] == ["GROUP_MEETING"]
    assert form.fields["group"].choices == [(str(made.cast.group.pk), "第一党小组")]
    branch_wide, own = made.plan(), made.plan("GROUP_MEETING", group=made.cast.group)
    pages = {one: client.get(address("activity-attendance", one.pk)).status_code for one in (branch_wide, own)}
    assert pages == {branch_wide: 403, own: 200}


# --- one activity --------------------------------------------------------------------------------
def test_member_sees_the_own_line_and_whoever_keeps_it_all_of_them():
    made = Life()
    activity, _posted = made.hold(member="ABSENT")
    seen = {}
    for role in ("member", "colleague", "group_leader", "secretary", "committee_member"):
        page = client_of(made.cast.by_role()[role]).get(address("activity-detail", activity.pk))
        seen[role] = {
            str(line.account): {entry.item.code for entry in entries} for line, entries in page.context["lines"]
        }
    everybody = {name: {"基-1"} for name in ("陈志远", "李静怡", "吴海涛", "郑雪", "周敏")}
    everybody["王建国"] = {"基-1", "减-1"}
    assert seen == {
        "member": {"王建国": {"基-1", "减-1"}},
        "colleague": {"李静怡": {"基-1"}},
        "group_leader": {"周敏": {"基-1"}},
        "secretary": everybody,
        "committee_member": everybody,
    }


# --- attendance ----------------------------------------------------------------------------------
def test_sheet_is_saved_and_corrected_and_the_page_says_what_happened():
    made = Life()
    activity = made.plan()
    page = post_sheet(made, activity, **sheet(made, activity, member="ABSENT"))
    assert said(page) == ["已记录 6 人的到会情况，入账 7 条记录。"]
    assert page.redirect_chain == [(address("activity-detail", activity.pk), 302)]
    page = post_sheet(made, activity, **sheet(made, activity))
    assert said(page) == ["已保存，到会情况没有变化。"]
    page = post_sheet(made, activity, **sheet(made, activity, member="MADE_UP"))
    assert said(page) == ["已更正 1 人：王建国 缺席 → 补课。台账新增 3 条（含冲正）。"]
    assert made.entries(made.cast.member) == [("基-1", 0, 1, 1)]


def test_pasted_and_uploaded_rows_fill_the_sheet_and_write_nothing():
    made = Life()
    activity = made.plan()
    fields = sheet(made, activity, colleague="LEAVE")
    page = post_sheet(made, activity, **fields, text="王建国\t缺席\n孙立新\t到会", read="1")
    marks = {line.name: line.mark for line in page.context["lines"] if line.mark != "PRESENT"}
    assert marks == {"王建国": "ABSENT", "李静怡": "LEAVE"}
    assert [(one.row, one.why) for one in page.context["reading"].unmatched] == [(2, "名单里没有这个人。")]
    assert said(page) == ["已读入 1 人，还没有保存；请核对后保存。"]
    number = made.cast.member.member.staff_number
    file = SimpleUploadedFile("到会.csv", f"工号,情况\n{number},补课\n".encode())
    page = post_sheet(made, activity, **fields, file=file, read="1")
    assert {line.name: line.mark for line in page.context["lines"]}["王建国"] == "MADE_UP"
    page = post_sheet(made, activity, **fields, file=SimpleUploadedFile("a.xlsx", b"PK\x03\x04nonsense"), read="1")
    assert list(page.context["form"].errors) == ["file"]
    assert said(post_sheet(made, activity, **fields, text="", read="1")) == [
        "没有读到任何内容，请粘贴或选择表格后再读入。"
    ]
    assert (Attendance.objects.count(), LedgerEntry.objects.count()) == (0, 0)


def test_sheet_that_is_out_of_date_is_not_saved():
    made = Life()
    activity = made.plan()
    fields = sheet(made, activity)
    short = {name: value for name, value in fields.items() if name != f"mark-{made.account(made.cast.member)}"}
    assert said(post_sheet(made, activity, **short)) == ["名单有变化，多了王建国等人，还没有保存；请核对后再保存。"]
    post_sheet(made, activity, made.cast.deputy, **fields)
    page = post_sheet(made, activity, **fields)
    assert said(page) == ["这张表刚刚由吴海涛改过，下面是现在的内容，请核对后再保存。"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"held_on": "2099-01-01"}, "开展日期还没有到，请到当天再记录。"),
        ({"held_on": "0001-01-01"}, "开展日期不对，请重新填写。"),
    ],
)
def test_odd_day_is_refused_with_a_sentence(fields, words):
    made = Life()
    activity = made.plan()
    assert said(post_sheet(made, activity, **sheet(made, activity) | fields)) == [words]
    assert not Attendance.objects.exists()


def test_page_says_when_nothing_can_be_entered_any_more():
    made = Life()
    activity, _posted = made.hold()
    row = months.month_of_unit(made.cast.branch, MONTH)
    months.submit_month(row, by=made.cast.secretary)
    client = client_of(made.cast.secretary)
    assert client.get(address("activity-attendance", activity.pk)).context["closed"] is None
    months.check_month(months.month_of_unit(made.cast.branch, MONTH), by=made.cast.commissioner)
    page = client.get(address("activity-attendance", activity.pk))
    assert page.context["closed"].state == "CHECKED"
    page = post_sheet(made, activity, **sheet(made, activity, member="ABSENT"))
    assert said(page) == ["2026 年 9 月已审核或结账，不能再记录或撤销；需要更正请先退回或重新打开该月。"]
    other = made.plan()
    cancel_activity(other, by=made.cast.secretary)
    assert said(client.get(address("activity-attendance", other.pk), follow=True)) == [
        "这次组织生活已取消，请另建一次。"
    ]


# --- undone -----------------------------------------------------------------------------------------
def test_undoing_asks_a_reason_and_says_what_was_reversed():
    made = Life()
    activity, _posted = made.hold(member="ABSENT")
    client = client_of(made.cast.secretary)
    page = client.get(address("activity-detail", activity.pk))
    assert (page.context["may_undo"], page.context["undone"]) == (True, None)
    assert client_of(made.cast.member).get(address("activity-detail", activity.pk)).context["may_undo"] is False
    undo = address("activity-undo", activity.pk)
    assert said(client.post(undo, {"reason": " "}, follow=True)) == ["请写明撤销举办的原因，不超过 200 字。"]
    page = client.post(undo, {"reason": "没有开展"}, follow=True)
    assert said(page) == ["已撤销举办：主题党日 重温入党誓词，冲正 7 条记录。"]
    assert (page.context["undone"].reason, page.context["may_undo"]) == ("没有开展", False)
    assert page.context["share"] is None
    # The sheet stays to be read, every record of it reversed.
    assert len(page.context["lines"]) == 6
    assert all(entry.reversal for _line, entries in page.context["lines"] for entry in entries)
    assert said(client.post(undo, {"reason": "再来"}, follow=True)) == [
        "这次组织生活没有举办记录，不用撤销；请刷新页面。"
    ]


def test_meeting_for_criticism_leads_to_the_sheets_of_its_year():
    made = Life()
    meeting, other = made.plan("ORG_LIFE_MEETING"), made.plan()
    branch, own = address("life-lines", made.cast.branch.pk), address("life-lines-of", made.account(made.cast.member))
    links = {}
    for role in ("secretary", "member"):
        client = client_of(made.cast.by_role()[role])
        text = client.get(address("activity-detail", meeting.pk)).content.decode()
        links[role] = [f"{one}?year=2026" in text for one in (branch, own)]
        assert "year-lines" not in client.get(address("activity-detail", other.pk)).content.decode()
    assert links == {"secretary": [True, False], "member": [False, True]}


# --- one's own, 三会一课 ---------------------------------------------------------------------------
def test_members_see_their_own_year_and_what_is_expected_of_them():
    made = Life(with_study())
    made.hold(member="ABSENT")
    made.hold(made.plan("LECTURE"))
    made.hold(made.plan(), member="OFFICIAL")
    page = client_of(made.cast.member).get(address("activity-list", query="?mine=1&year=2026"))
    assert [(kind, one.attended, one.expected, one.exempt) for kind, one in page.context["kinds"]] == [
        ("LECTURE", 1, 1, 0), ("THEME_DAY", 0, 1, 1),
    ]  # fmt: skip
    assert [line.mark for line in page.context["lines"]] == ["OFFICIAL", "PRESENT", "ABSENT"]
    assert (page.context["share"].took_part, page.context["share"].expected) == (1, 2)
    assert [(str(one.item), one.period.expected, one.year.expected) for one in page.context["targets"]] == [
        ("基-2 学习心得", 4, 48)
    ]


def test_check_names_what_is_missing_by_branch():
    made = Life()
    made.hold()
    client = client_of(made.cast.committee_member)
    page = client.get(address("life-check", made.cast.committee.pk, query=f"?month={MONTH}"))
    lines = {
        line.unit.name: [check and (check.held, check.lacking) for check in line.checks]
        for line in page.context["lines"]
    }
    nothing = [(0, 1), (0, 1), None, (0, 1), (0, 1)]
    assert lines == {
        "机关党支部": nothing,
        "检修部党支部": [(0, 1), (0, 1), (0, 1), (0, 1), (1, 0)],
        "运行部党支部": nothing,
    }
    page = client.get(address("life-check", made.cast.committee.pk, query=f"?month={MONTH}&missing=1"))
    assert len(page.context["lines"]) == 3
    assert client.get(address("life-check", made.cast.group.pk)).status_code == 404
    secretary = client_of(made.cast.secretary)
    own = secretary.get(address("life-check", made.cast.branch.pk, query=f"?month={MONTH}"))
    assert own.content.decode().count("计划一次") == 4
    # The branch is told on its own calendar, too; whoever only belongs to it is not.
    lacking = [
        client.get(address("activity-list", query=query)).context["lacking"]
        for client in (secretary, client_of(made.cast.member))
        for query in (f"?month={MONTH}", "?month=209901")
    ]
    assert lacking == [["党员大会（本季度）", "支委会", "党小组会（第一党小组）", "党课（本季度）"], [], [], []]
