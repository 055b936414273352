"""S0's star rating from beginning to end: two branches with twenty members, twelve outside voters, several browsers.

Some of everyone use a browser; the ballots of the others come over the same address without one, to save minutes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluations.models import Campaign, Candidate, Poll, RollEntry, SealedBallot
from evaluations.services.ballots import BallotForm
from evaluations.services.counting import count_due_polls
from members.models import OrgUnit, User
from scoring.models import YearTotal
from scoring.services.accounts import open_member_accounts
from tests import factories
from tests.evaluations.campaigning import after_the_last_day
from tests.scoring.factories import account, rule_set

OUTSIDERS = 6


@pytest.fixture(autouse=True)
def keys(tmp_path: Any, settings: Any) -> None:
    settings.POLL_KEYS = tmp_path / "keys"


def people_of(cast: factories.Cast) -> None:
    """Ten members in each of the two branches; everyone's year is known. Who works above them is not rated."""
    for user in (cast.committee_member, cast.business_admin):
        factories.exclusion(user.member, cast.secretary, reason="本年度不参加评定")
    factories.official(cast.other_branch, factories.Post.BRANCH_SECRETARY, cast.other_branch, None, "钱书记")
    factories.official(cast.other_branch, factories.Post.ORG_COMMISSIONER, cast.other_branch, None, "赵组委")
    for branch, count in ((cast.branch, 4), (cast.other_branch, 7)):
        for number in range(count):
            factories.user(factories.member(branch, name=f"{branch.name[0]}党员{number}"))
    open_member_accounts()
    rule_set(cast.committee)
    for place, user in enumerate(User.objects.filter(member__isnull=False).order_by("pk")):
        YearTotal.objects.create(
            account=account(user.member), year=timezone.localdate().year, total=Decimal(97 - place), by=cast.secretary
        )


def set_up(page: Any) -> Campaign:
    """From the template to the start, in the browser of whoever prepares it."""
    page.goto(reverse("evaluations:campaign-list"))
    page.get_by_role("link", name="建立评定").first.click()
    page.get_by_text("党员评星定级", exact=True).first.click()
    page.get_by_label("开始日期").fill(f"{timezone.localdate()}")
    page.get_by_role("button", name="建立草稿").click()
    page.get_by_role("heading", name=re.compile("党员评星定级")).wait_for()
    campaign = Campaign.objects.get()
    # All stages at once: the test has one day.
    today = timezone.localdate()
    campaign.stages.update(opens_on=today, closes_on=today)
    page.goto(reverse("evaluations:campaign-detail", args=[campaign.pk]))
    page.get_by_role("button", name="启动").click()
    page.locator("dialog").get_by_role("button").last.click()
    page.get_by_text("评定已启动").wait_for()
    return campaign


def prepare_polls(page: Any, campaign: Campaign, units: list[OrgUnit], monkeypatch: Any) -> list[str]:
    """Both stages prepared and opened; the slips of the outside voters come as a download. Out: their codes."""
    from evaluations.services import polls  # noqa: PLC0415  (patched below)

    made: list[str] = []
    monkeypatch.setattr(polls, "new_code", lambda kept=polls.new_code: made.append(kept()) or made[-1])
    page.goto(reverse("evaluations:poll-list", args=[campaign.pk]))
    page.get_by_role("button", name="准备投票", exact=True).click()
    page.get_by_role("button", name=re.compile("^开始 .* 个支部")).first.wait_for()
    for unit in units:
        page.locator(f"input[name=outsiders-{unit.pk}]").fill(str(OUTSIDERS))
    with page.expect_download():
        page.get_by_role("button", name="准备投票，生成投票码").click()
    for _stage in range(2):
        page.goto(reverse("evaluations:poll-list", args=[campaign.pk]))
        page.get_by_role("button", name=re.compile("^开始 .* 个支部")).first.click()
        page.locator("dialog").get_by_role("button", name="开始投票").click()
        page.get_by_text(re.compile("已开始")).first.wait_for()
    return made


def vote_in_browser(page: Any) -> None:
    """Everyone excellent but the last, who is qualified; then the receipt."""
    page.locator("[data-person]").first.wait_for()
    people = page.locator("[data-person]").all()
    for person in people[:-1]:
        person.get_by_text("优秀", exact=True).click()
    people[-1].get_by_text("合格", exact=True).click()
    page.get_by_role("button", name="投票").click()
    page.locator("dialog").get_by_role("button", name="投票").click()
    page.get_by_text("您的回执").wait_for()


def fields_of(entry: RollEntry) -> dict[str, str]:
    return {f"m{pk}": str(pk % 2) for pk in BallotForm.of(entry.poll).asked_of(entry.member_id)}


def others_vote(codes: list[str]) -> None:
    """Whoever has not voted yet, over the same addresses."""
    for entry in RollEntry.objects.filter(has_voted=False, member__isnull=False).select_related("poll"):
        user = User.objects.filter(member=entry.member_id).first()
        if user is None:
            continue
        client = Client()
        client.force_login(user, backend="members.backends.SignInBackend")
        client.post(reverse("evaluations:ballot", args=[entry.poll_id]), fields_of(entry))
    for code in codes:
        client = Client()
        shown = client.post(reverse("evaluations:vote"), {"code": code})
        if "sheet" in (shown.context or {}):
            people = {person.field: "0" for person in shown.context["sheet"].people}
            client.post(reverse("evaluations:vote-cast"), people | {"code": code})


def propose(page: Any, unit: OrgUnit, campaign: Campaign) -> None:
    page.goto(reverse("evaluations:branch-review", args=[unit.pk, campaign.pk]))
    page.get_by_role("button", name="提出等次").click()
    page.locator("dialog").get_by_role("button", name="提出").click()
    page.get_by_text("等待党委综评").wait_for()


def test_star_rating_from_the_template_to_the_result(page_for: Any, monkeypatch: Any) -> None:
    cast = factories.cast()
    people_of(cast)
    admin = page_for(cast.business_admin)
    campaign = set_up(admin)

    # 个人自评, on a phone.
    own = page_for(cast.member, phone=True)
    own.goto(reverse("home"))
    own.get_by_role("link", name=re.compile("写个人自评")).click()
    # What is typed before the scripts are there is saved with the next letter; here there is no next letter.
    own.wait_for_load_state()
    own.get_by_label("自评").first.fill("全年完成检修任务，参加抢险两次。")
    own.get_by_text(re.compile("已保存")).first.wait_for()
    own.get_by_role("button", name="提交自评").click()
    own.locator("dialog").get_by_role("button", name="提交").click()
    own.get_by_text("已提交").first.wait_for()

    # 党员互评 and 群众测评: some in browsers of their own, the others without.
    codes = prepare_polls(admin, campaign, [cast.branch, cast.other_branch], monkeypatch)
    for user, phone in ((cast.member, True), (cast.colleague, False)):
        page = page_for(user, phone=phone)
        poll = Poll.objects.get(stage__kind="PEER", unit=cast.branch)
        page.goto(reverse("evaluations:ballot", args=[poll.pk]))
        vote_in_browser(page)
    for code in codes[:2]:
        page = page_for(phone=True)
        page.goto(f"/vote/#{code}")
        vote_in_browser(page)
    others_vote(codes[2:])
    voted = RollEntry.objects.filter(has_voted=True).count()
    assert (voted, SealedBallot.objects.count()) == (voted, voted)
    assert RollEntry.objects.filter(has_voted=True, code__isnull=False).count() == 2 * OUTSIDERS

    # The night after the last day; then the committees decide.
    with after_the_last_day():
        count_due_polls()
    assert not SealedBallot.objects.exists()
    admin.goto(reverse("evaluations:campaign-detail", args=[campaign.pk]))
    admin.get_by_role("button", name="测算").first.click()
    admin.get_by_text("已按现有积分和已开的票测算").wait_for()
    secretary, deputy = page_for(cast.secretary), page_for(cast.deputy)
    propose(secretary, cast.branch, campaign)
    propose(deputy, cast.branch, campaign)
    other = User.objects.get(member__name="钱书记"), User.objects.get(member__name="赵组委")
    for user in other:
        propose(page_for(user), cast.other_branch, campaign)

    above = page_for(cast.committee_member)
    above.goto(reverse("evaluations:committee-review", args=[campaign.pk]))
    for branch in (cast.branch, cast.other_branch):
        above.get_by_label(f"勾选{branch}").check()
    above.get_by_role("button", name="批准所选支部").click()
    above.locator("dialog").get_by_role("button", name="批准").click()
    above.get_by_text(re.compile("已批准 .* 人的等次")).wait_for()
    decided = Candidate.objects.filter(campaign=campaign, unit__in=[cast.branch, cast.other_branch])
    assert not decided.filter(approved=None, is_tied=False).exists()

    above.get_by_role("button", name="审定完毕").click()
    above.locator("dialog").get_by_role("button", name="审定完毕").click()
    above.get_by_text("评定已审定完毕").wait_for()

    # What the member sees of it, down to the way the points came about.
    own.goto(reverse("evaluations:candidate-detail", args=[decided.get(account__member=cast.member.member).pk]))
    own.get_by_text("综合得分").first.wait_for()
    assert own.evaluate("document.documentElement.scrollWidth <= innerWidth")
