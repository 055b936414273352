"""The analysis as a page, its parts and its workbook: who gets in, what stands there, that nobody is named."""

import io

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent
from scoring.analysis.parts import PARTS
from tests.factories import Post, group, official
from tests.scoring.factories import MONTH
from tests.scoring.world import world

pytestmark = pytest.mark.django_db
NAMES = ("王建国", "李静怡", "孙立新", "周敏", "陈志远")


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"scoring:{name}", args=args)


def test_analysis_home_leads_to_the_highest_unit_of_the_posts():
    made = world()
    targets = {
        "secretary": made.cast.branch,
        "commissioner": made.cast.branch,
        "committee_member": made.cast.committee,
    }
    for role, unit in targets.items():
        answer = client_of(made.cast.by_role()[role]).get(url("analysis"))
        assert answer.url == url("analysis-of", unit.pk)
    assert client_of(made.cast.member).get(url("analysis")).status_code == 403


def test_analysis_home_without_a_unit_says_what_to_do():
    made = world()
    made.cast.system_admin.is_superuser = True
    made.cast.system_admin.save(update_fields=["is_superuser"])
    assert "没有可以分析的组织" in client_of(made.cast.system_admin).get(url("analysis")).content.decode()


def test_analysis_shows_the_figures_of_the_newest_month():
    made = world(closed=True)
    for user, unit in ((made.cast.secretary, made.cast.branch), (made.cast.committee_member, made.cast.committee)):
        context = client_of(user).get(url("analysis-of", unit.pk)).context
        assert (context["month"], context["now"].count, str(context["now"].highest)) == (MONTH, 6, "63.00")
        assert [one.key for one in context["findings"]] == ["distribution", "trend", "inflation"]


@pytest.mark.parametrize(
    ("unit", "later"),
    [("branch", ["sections", "items", "caps"]), ("committee", ["sections", "branches", "items", "caps"])],
)
def test_analysis_compares_branches_above_branches_only(unit, later):
    made = world(closed=True)
    page = client_of(made.cast.committee_member).get(url("analysis-of", getattr(made.cast, unit).pk))
    assert page.context["later"] == later
    assert [url("analysis-part", getattr(made.cast, unit).pk, part) in page.content.decode() for part in PARTS] == [
        part in later for part in PARTS
    ]


def test_analysis_of_an_open_month_is_provisional():
    made = world()
    made.submit()
    page = client_of(made.cast.secretary).get(url("analysis-of", made.cast.branch.pk))
    assert "以下数字是暂定的" in page.content.decode()
    made.check()
    made.close()
    page = client_of(made.cast.secretary).get(url("analysis-of", made.cast.branch.pk))
    assert "暂定" not in page.content.decode()


def test_analysis_of_a_month_without_scores_says_what_comes_next():
    made = world()
    page = client_of(made.cast.secretary).get(url("analysis-of", made.cast.branch.pk), {"month": 202608})
    text = page.content.decode()
    assert "2026 年 8 月还没有积分" in text
    assert f"{reverse('scoring:month-list')}?month=202608" in text
    assert "xlsx" not in text


def test_analysis_names_no_person():
    made = world(closed=True)
    for user, unit in ((made.cast.commissioner, made.cast.branch), (made.cast.business_admin, made.cast.committee)):
        client = client_of(user)
        pages = [client.get(url("analysis-part", unit.pk, part)) for part in PARTS]
        assert [page.status_code for page in pages] == [200] * len(PARTS)
        text = "".join(page.content.decode() for page in pages)
        assert [name for name in NAMES if name in text] == []


@pytest.mark.parametrize("name", ["analysis-of", "analysis-part", "analysis-xlsx"])
def test_analysis_is_for_those_who_work_with_the_months(name):
    made = world(closed=True)
    rest = ["items"] if name == "analysis-part" else []
    leader = official(made.cast.group, Post.GROUP_LEADER, made.cast.branch, made.cast.group)
    for unit, allowed in ((made.cast.branch, {"secretary"}), (made.cast.other_branch, set())):
        people = {"secretary": made.cast.secretary, "member": made.cast.member, "leader": leader}
        got = {
            role for role, who in people.items() if client_of(who).get(url(name, unit.pk, *rest)).status_code == 200
        }
        assert got == allowed


def test_analysis_knows_no_groups_and_no_other_parts():
    made = world(closed=True)
    client = client_of(made.cast.committee_member)
    assert client.get(url("analysis-of", group(made.cast.branch).pk)).status_code == 404
    assert client.get(url("analysis-part", made.cast.branch.pk, "secrets")).status_code == 404


def test_items_part_offers_month_quarter_and_year():
    made = world(closed=True)
    client = client_of(made.cast.secretary)
    page = client.get(url("analysis-part", made.cast.branch.pk, "items"), {"month": MONTH, "span": "QUARTER"})
    assert page.context["findings"][0].lead.startswith("2026 年 7 月至 2026 年 9 月")
    text = page.content.decode()
    assert [f"span={span}" in text for span in ("MONTH", "QUARTER", "YEAR")] == [True] * 3
    odd = client.get(url("analysis-part", made.cast.branch.pk, "items"), {"month": MONTH, "span": "DECADE"})
    assert odd.context["findings"][0].lead.startswith("2026 年 9 月，")


def sheets(response) -> dict[str, list[str]]:
    """Sheet → its headings."""
    book = openpyxl.load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return {sheet.title: [cell.value for cell in sheet[2]] for sheet in book}


def test_workbook_has_a_sheet_for_every_question_and_leaves_a_line_in_the_log():
    made = world(closed=True)
    client = client_of(made.cast.committee_member)
    found = sheets(client.get(url("analysis-xlsx", made.cast.committee.pk), {"month": MONTH}))
    assert found == {
        "分数分布": ["分数段", "人数"],
        "积分走势": ["月份", "人数", "平均分", "中位数", "最高分", "最低分"],
        "平均分与离散程度": ["月份", "平均分", "上年同月平均分", "标准差", "上年同月标准差"],
        "板块构成": ["积分办法", "板块", "人数", "平均得分", "满分", "得分率（%）"],
        "支部对比": ["序号", "党支部", "人数", "平均分", "最低分", "最高分"],
        "条款使用": ["条款号", "条款", "板块", "积分办法", "记录数", "分值合计"],
        "痕迹、完成与成效": ["衡量", "记录数", "占记录（%）", "分值", "占分值（%）"],
        "条款封顶": ["条款号", "条款", "板块", "上限", "受限人数", "应计分", "实计分", "未计分"],
    }
    line = AuditEvent.objects.filter(action="scoring.export_analysis").latest("pk")
    assert (line.user, line.detail) == (made.cast.committee_member, "2026 年 9 月，8 张表")


def test_workbook_of_one_part_has_its_sheets_alone():
    made = world(closed=True)
    answer = client_of(made.cast.secretary).get(url("analysis-xlsx", made.cast.branch.pk), {"part": "items"})
    assert list(sheets(answer)) == ["条款使用", "痕迹、完成与成效"]


def test_analysis_takes_a_bounded_number_of_queries(queries):
    made = world(closed=True)
    client = client_of(made.cast.committee_member)
    for unit in (made.cast.branch, made.cast.committee):
        addresses = [url("analysis-of", unit.pk), *(url("analysis-part", unit.pk, part) for part in PARTS)]
        for address in addresses:
            client.get(address, {"month": MONTH})
            with queries() as asked:
                client.get(address, {"month": MONTH})
            assert len(asked) <= 12, address
