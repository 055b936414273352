"""A ballot in a real browser: from the slip to the receipt, and nothing left behind in it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from evaluations.blueprints import blueprint
from evaluations.models import RollEntry, SealedBallot
from evaluations.services.campaigns import create_campaign, open_campaign
from evaluations.services.polls import open_poll, prepare_poll
from tests.evaluations.campaigning import rating


def test_scanned_code_leads_to_a_receipt_and_leaves_nothing_in_the_browser(page_for, settings, tmp_path):
    settings.POLL_KEYS = tmp_path / "keys"
    made = rating(members=0)
    poll = made.poll("MASSES", outsiders=6)
    page = page_for(phone=True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/vote/#{made.codes[str(poll.pk)][0]}")
    people = page.locator("[data-person]")
    expect(people).to_have_count(6)
    # Out of the address at once, and never part of a request.
    assert page.url.endswith("/vote/")
    assert not [url for url in asked if made.codes[str(poll.pk)][0] in url.partition("#")[0]]
    for number in range(5):
        people.nth(number).get_by_text("合格", exact=True).click()
    expect(page.locator(".ballot-progress")).to_have_text(re.compile(r"已评 5/6"))
    page.get_by_role("button", name="投票").click()
    expect(people.nth(5)).to_have_class(re.compile("missing"))
    expect(page.locator(".toastbar")).to_have_text("还有人没有评价，已标出。")
    assert not SealedBallot.objects.exists()
    people.nth(5).get_by_text("优秀", exact=True).click()
    page.get_by_role("button", name="投票").click()
    page.locator("dialog").get_by_role("button", name="投票").click()
    shown = page.locator(".ballot-receipt").inner_text()
    assert re.sub(r"\s", "", shown) == SealedBallot.objects.get().digest
    assert page.context.cookies() == []
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]


def test_member_gives_points_with_steps_and_votes_once(page_for, settings, tmp_path):
    settings.POLL_KEYS = tmp_path / "keys"
    made = rating(code="year", members=0)
    poll = made.poll()
    page = page_for(made.cast.member, phone=True)
    page.goto(reverse("evaluations:ballot", args=[poll.pk]))
    first = page.locator("[data-person]").first
    more, field = first.locator("[data-step='1']").first, first.locator("input").first
    more.click()
    expect(field).to_have_value("20")
    # Not beyond full marks.
    more.click()
    expect(field).to_have_value("20")
    first.locator("[data-step='-1']").first.click()
    expect(field).to_have_value("19")
    for person in page.locator("[data-person]").all():
        for line in person.locator("input").all():
            line.fill("15")
    expect(page.locator(".ballot-progress")).to_have_text(re.compile(r"已评 5/5"))
    page.get_by_role("button", name="投票").click()
    page.locator("dialog").get_by_role("button", name="投票").click()
    expect(page.get_by_text("您的回执")).to_be_visible()
    assert RollEntry.objects.get(poll=poll, member=made.cast.member.member_id).has_voted
    page.goto(reverse("evaluations:ballot", args=[poll.pk]))
    expect(page.get_by_text("您已经投过票了。")).to_be_visible()


@pytest.mark.parametrize(("phone", "dark"), [(True, False), (False, True)])
def test_pages_can_be_read_and_fit_the_screen(page_for, settings, tmp_path, phone, dark):
    settings.POLL_KEYS = tmp_path / "keys"
    made = rating(code="year", members=2)
    stage = made.stage("PEER")
    waiting, _codes = prepare_poll(stage, made.cast.branch, made.candidates())
    paper, _codes = prepare_poll(stage, made.cast.other_branch, made.candidates(made.cast.other_branch))
    grades = rating_with_grades(made)
    addresses = [
        "/vote/",
        reverse("evaluations:vote-receipts", args=[waiting.pk]),
        reverse("evaluations:poll-list", args=[made.campaign.pk]),
        reverse("evaluations:poll-detail", args=[waiting.pk]),
        reverse("evaluations:poll-enter", args=[paper.pk]),
        reverse("evaluations:poll-detail", args=[grades.pk]),
    ]
    page = page_for(made.cast.business_admin, phone=phone, dark=dark)
    for address in addresses:
        page.goto(address)
        assert not Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"], address
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, address
    member = page_for(made.cast.member, phone=phone, dark=dark)
    member.goto(reverse("evaluations:ballot", args=[grades.pk]))
    member.locator("label", has_text="优秀").first.click()
    assert Axe().run(member, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"] == []


def rating_with_grades(made):
    """The same branch in a second campaign, whose ballots are open and have grades."""
    campaign = create_campaign(
        made.cast.committee, blueprint("star"), year=2026, starts_on=timezone.localdate(), name="评星",
        by=made.cast.business_admin,
    )  # fmt: skip
    campaign.stages.update(opens_on=timezone.localdate(), closes_on=timezone.localdate())
    campaign = open_campaign(campaign, by=made.cast.business_admin)
    rows = campaign.candidates.filter(unit=made.cast.branch).select_related("account__member")
    poll, _codes = prepare_poll(campaign.stages.get(kind="PEER"), made.cast.branch, list(rows))
    return open_poll(poll, by=made.cast.business_admin)
