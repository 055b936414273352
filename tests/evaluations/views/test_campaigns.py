"""The pages of 评定: setting up, checking while one types, trying out, following."""

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations.blueprints import blueprint
from evaluations.models import Campaign, Candidate, RollEntry
from evaluations.services.campaign_drafts import draft_of
from evaluations.services.campaigns import create_campaign
from evaluations.services.self_reviews import Written, hand_in_self_review, save_self_review
from members.models import AuditEvent
from scoring.services.accounts import open_member_accounts
from tests import factories
from tests.evaluations.campaigning import rating
from tests.evaluations.rated import candidate
from tests.factories import cast

pytestmark = pytest.mark.django_db
YEAR = timezone.localdate().year


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def address(name, *args) -> str:
    return reverse(f"evaluations:campaign-{name}", args=args)


def drafted(people=None, code="star"):
    people = people or cast()
    day = datetime.date(2026, 12, 1)
    made = create_campaign(
        people.committee, blueprint(code), year=YEAR, starts_on=day, name="", by=people.business_admin
    )
    return people, Campaign.objects.get(pk=made.pk)


# --- the list and the first step -------------------------------------------------------------------
def test_list_says_what_waits_for_whom():
    made = rating(members=0)
    drafted(made.cast, "appraisal")
    until = f"{timezone.localdate():%m-%d}"
    waits = {}
    for role in ("member", "business_admin", "auditor"):
        page = client_of(getattr(made.cast, role)).get(address("list"))
        waits[role] = {str(line.campaign): line.waits for line in page.context["lines"]}
    assert waits == {
        "member": {"党员评星定级": [f"您的自评请在 {until} 前提交"]},
        "business_admin": {
            "民主评议党员": ["检查、预演后启动"],
            "党员评星定级": [f"您的自评请在 {until} 前提交", "9 个待支部意见"],
        },
        "auditor": {},
    }


def test_first_step_makes_a_draft_from_the_chosen_template():
    people = cast()
    client = client_of(people.business_admin)
    url = address("create", people.committee.pk)
    given = {"template": "appraisal", "year": "2026", "name": "", "starts_on": "2026-12-01"}
    page = client.post(url, given)
    made = Campaign.objects.get()
    assert page.headers["Location"] == address("edit", made.pk)
    assert (made.name, made.year, made.stages.count()) == ("民主评议党员", 2026, 5)
    again = client.post(url, given)
    assert again.context["form"].non_field_errors() == ["华东能源集团有限公司党委 2026 年度已有同名的评定，请改名。"]
    empty = client.post(url, {"year": "26"})
    assert set(empty.context["form"].errors) == {"template", "year", "starts_on"}
    # The templates say that their numbers are examples.
    assert "都是示例" in empty.content.decode()


# --- the one page ----------------------------------------------------------------------------------
def posted(client, campaign) -> dict[str, str]:
    """What the browser would send of the page as it stands."""
    page = client.get(address("edit", campaign.pk))
    sheet, fields = page.context["sheet"], {"seen": page.context["seen"]}
    forms = [sheet.head, *sheet.stages]
    for rows in (sheet.bands, sheet.conditions, *(stage.dimensions for stage in sheet.stages)):
        forms += [rows.management_form, *rows.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if value not in (None, "") and value is not False:
                fields[field.html_name] = "on" if value is True else str(value)
    return fields


@pytest.mark.parametrize("code", ["star", "appraisal", "year", "branch"])
def test_page_that_is_saved_untouched_changes_nothing(code):
    people, campaign = drafted(code=code)
    client, before = client_of(people.business_admin), draft_of(campaign)
    page = client.post(address("edit", campaign.pk), posted(client, campaign), follow=True)
    assert said(page) == ["已保存。"]
    assert draft_of(Campaign.objects.get()) == before
    assert not AuditEvent.objects.filter(action="evaluations.change_campaign").exists()


def test_page_stores_what_was_typed():
    people, campaign = drafted()
    client = client_of(people.business_admin)
    fields = posted(client, campaign)
    del fields["MASSES-present"]
    fields |= {
        "name": "评星 2026", "PEER-weight": "100", "PEER-form": "POINTS", "PEER-pool_MEMBERS": "70",
        "PEER-pool_COMMITTEE": "30", "PEER-marks-0-name": "学习", "PEER-marks-0-full": "40", "bands-5-DELETE": "on",
        "bands-4-low": "0", "conditions-0-activity_kind": "LECTURE", "conditions-0-least": "3",
    }  # fmt: skip
    client.post(address("edit", campaign.pk), fields)
    draft = draft_of(Campaign.objects.get())
    peer = next(stage for stage in draft.stages if stage.kind == "PEER")
    assert [stage.kind for stage in draft.stages] == ["SELF", "PEER", "BRANCH", "COMMITTEE"]
    assert (peer.weight, peer.form, peer.marks, peer.pools) == (
        100, "POINTS", (("学习", "40"),), (("COMMITTEE", "30"), ("MEMBERS", "70")),
    )  # fmt: skip
    assert [(band.name, band.low) for band in draft.bands][-1] == ("一星", 0)
    assert (draft.name, draft.conditions) == ("评星 2026", (("LECTURE", 3),))


def test_page_with_mistakes_says_all_of_them_and_stores_nothing():
    people, campaign = drafted()
    client, before = client_of(people.business_admin), draft_of(campaign)
    fields = posted(client, campaign) | {
        "daily_weight": "120", "PEER-threshold": "2", "PEER-closes_on": "2026-01-01", "bands-0-low": "高",
        "SELF-opens_on": "",
    }  # fmt: skip
    page = client.post(address("edit", campaign.pk), fields)
    assert page.context["problems"] == [
        "基本设置“日常积分占比（%）”：确保该值小于或等于100。",
        "个人自评“开始日期”：请填写。",
        "党员互评“开票人数下限”：少于 3 票就能看出是谁投的，不能低于 3。",
        "党员互评“截止日期”：截止日期早于开始日期，请核对。",
        "等次第 1 行“起点（含）”：输入一个数字。",
    ]
    assert draft_of(Campaign.objects.get()) == before


def test_stage_that_is_not_used_is_not_asked_for():
    people, campaign = drafted()
    client = client_of(people.business_admin)
    fields = posted(client, campaign)
    del fields["MASSES-present"]
    page = client.post(
        address("edit", campaign.pk), fields | {"MASSES-closes_on": "", "MASSES-weight": "x"}, follow=True
    )
    assert said(page) == ["已保存。"]


def test_second_window_is_told_on_the_page_and_keeps_what_was_typed():
    people, campaign = drafted()
    client = client_of(people.business_admin)
    first, second = posted(client, campaign), posted(client, campaign)
    client.post(address("edit", campaign.pk), first | {"basis": "一号文"})
    page = client.post(address("edit", campaign.pk), second | {"basis": "二号文"})
    assert "另一个窗口里有更新" in page.context["refusal"]
    assert page.context["sheet"].head["basis"].value() == "二号文"
    assert Campaign.objects.get().basis == "一号文"


def test_checks_follow_the_typing_and_store_nothing():
    people, campaign = drafted()
    client, before = client_of(people.business_admin), draft_of(campaign)
    fields = posted(client, campaign)
    seen = [
        client.post(address("check", campaign.pk), fields | change).context["problems"]
        for change in ({}, {"bands-1-low": "91"}, {"bands-1-low": "9x"})
    ]
    assert seen == [
        [], ["“三星”到 90 分为止，“四星”从 91 分起，中间有缺口，请补齐。"],
        ["等次第 2 行“起点（含）”：输入一个数字。"],
    ]  # fmt: skip
    assert draft_of(Campaign.objects.get()) == before


def test_running_campaign_has_no_page_to_set_it_up():
    made = rating(members=0)
    page = client_of(made.cast.business_admin).get(address("edit", made.campaign.pk), follow=True)
    assert said(page) == ["“党员评星定级”已经启动，设置不能再改。"]


def test_draft_is_dropped():
    people, campaign = drafted()
    page = client_of(people.business_admin).post(address("drop", campaign.pk), follow=True)
    assert (said(page), Campaign.objects.count()) == (["“党员评星定级”已删除。"], 0)


# --- trying out, opening, following ----------------------------------------------------------------
def test_preview_offers_years_and_says_which_stages_are_not_heard():
    people, campaign = drafted()
    open_member_accounts()
    client, url = client_of(people.business_admin), address("preview", campaign.pk)
    assert client.get(url).context["preview"] is None
    page = client.post(url, {"year": f"{YEAR - 1}"})
    preview = page.context["preview"]
    assert (page.context["year"], preview.people, preview.unheard) == (YEAR - 1, 9, ["党员互评", "群众测评"])
    assert client.post(url, {"year": "1999"}).context["year"] == YEAR
    part = client.post(url, {"year": f"{YEAR - 1}"}, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()


def test_opening_from_the_page_and_refusals_of_verbs_are_said():
    people, campaign = drafted()
    client = client_of(people.business_admin)
    assert said(client.post(address("open", campaign.pk), follow=True)) == ["评定已启动，参评名单已固定。"]
    assert said(client.post(address("open", campaign.pk), follow=True)) == ["这次评定进行中，不能再启动。"]
    assert said(client.post(address("compute", campaign.pk), follow=True)) == [
        "已按现有积分和已开的票测算；支部和党委的意见没有改动。"
    ]
    decider = client_of(people.committee_member)
    assert said(decider.post(address("conclude", campaign.pk), follow=True)) == ["还有 9 人没有批准等次，请先办理。"]
    Candidate.objects.update(approved=campaign.bands.first())
    assert said(decider.post(address("conclude", campaign.pk), follow=True)) == ["评定已审定完毕，接下来公示。"]


def test_detail_shows_each_branch_to_whoever_works_with_it():
    made = rating(members=6)
    one = candidate(made, "王建国")
    save_self_review(one, Written("甲"), version=0, by=made.cast.member)
    hand_in_self_review(one, by=made.cast.member)
    poll = made.poll()
    RollEntry.objects.filter(poll=poll, member=made.cast.member.member_id).update(has_voted=True)
    Candidate.objects.filter(pk=one.pk).update(proposed=made.campaign.bands.first())
    seen = {}
    for role in ("business_admin", "secretary", "member"):
        page = client_of(getattr(made.cast, role)).get(address("detail", made.campaign.pk))
        seen[role] = {
            line.name: (
                line.people, f"{line.handed_in}/{line.asked}", line.proposed,
                [poll and f"{poll.voted}/{poll.due}" for poll in line.polls],
            )
            for line in page.context["page"]
        }  # fmt: skip
    home = {"检修部党支部": (12, "1/12", 1, ["1/12", None])}
    others = {"机关党支部": (2, "0/2", 0, [None, None]), "运行部党支部": (1, "0/1", 0, [None, None])}
    assert seen == {"business_admin": home | others, "secretary": home, "member": {}}


def test_members_see_what_they_have_to_do():
    made = rating(members=6)
    poll = made.poll()
    page = client_of(made.cast.member).get(address("detail", made.campaign.pk))
    assert page.context["write_until"] == made.stage("SELF")
    assert [(str(stage), one.pk, one.own) for stage, one in page.context["own_polls"]] == [
        ("党员互评", poll.pk, False)
    ]
    assert reverse("evaluations:ballot", args=[poll.pk]) in page.content.decode()
    # The other branch has no poll, and nobody sees the points or bands of others.
    stranger = client_of(made.cast.stranger).get(address("detail", made.campaign.pk))
    assert (stranger.context["own_polls"], list(stranger.context["page"])) == ([], [])


def test_result_is_shown_to_the_member_once_it_is_decided():
    made = rating(members=0)
    Candidate.objects.filter(campaign=made.campaign).update(approved=made.campaign.bands.get(name="四星"))
    client, url = client_of(made.cast.member), address("detail", made.campaign.pk)
    assert not client.get(url).context["may_see_result"]
    Campaign.objects.update(state="DECIDED")
    page = client.get(url)
    assert page.context["may_see_result"]
    assert "四星" in page.content.decode()


@pytest.mark.parametrize("role", ["member", "secretary", "committee_member", "business_admin"])
@pytest.mark.parametrize("name", ["list", "detail"])
def test_pages_ask_the_same_of_few_and_of_many(role, name):
    made = rating(members=6)
    made.poll()
    client = client_of(getattr(made.cast, role))
    url = address("list") if name == "list" else address("detail", made.campaign.pk)
    client.get(url)
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))
        for more in range(2):
            branch = factories.branch(made.cast.committee, f"新支部{number}{more}")
            people = [factories.member(branch, name=f"新{number}{more}{one}") for one in range(6)]
            open_member_accounts()
            for person in people:
                made.campaign.candidates.create(account=person.account, unit=branch)
            made.poll(unit=branch)
    assert counts[0] == counts[1]
    assert counts[0] <= 12
