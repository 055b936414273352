"""The page of the 个人自评: the year is there already, it saves by itself, it is handed in once."""

import datetime
import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evaluations.models import SelfReview
from scoring.models import Item, LedgerEntry, Result, RuleSet
from tests.evaluations.campaigning import rating
from tests.evaluations.rated import attended, candidate, stage_with

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(made, verb="") -> str:
    return reverse(f"evaluations:self-review{verb}", args=[made.campaign.pk])


def entry(made, points, source="CLAIM", **fields):
    item = Item.objects.filter(section__rule_set=RuleSet.objects.latest("pk")).first()
    month = made.campaign.year * 100 + 2
    return LedgerEntry.objects.create(
        account=candidate(made, "王建国").account, unit=made.cast.branch, item=item, rule_set=item.section.rule_set,
        happened_on=datetime.date(made.campaign.year, 2, 3), month=month, points=points, source=source,
        filed_by=made.cast.secretary, filed_at=timezone.now(), key=uuid.uuid4(), **fields,
    )  # fmt: skip


def typed(made, client, version="0", text="做了三件事", verb="-save", **fields):
    given = {"version": version, "text": text, "honours": ""} | fields
    return client.post(address(made, verb), given, headers={"HX-Request": "true"})


def version_of(answer) -> str:
    return re.search(r'name="version" value="(\d+)"', answer.content.decode())[1]


def test_year_is_filled_in_already():
    made = rating(members=0)
    one = candidate(made, "王建国")
    rules = RuleSet.objects.latest("pk")
    for month, total in ((3, "84.2"), (6, "86.3")):
        Result.objects.create(
            account=one.account, span="QUARTER", month=made.campaign.year * 100 + month, unit=one.unit, total=total,
            periods=3, rule_set=rules, computed_at=timezone.now(),
        )  # fmt: skip
    entry(made, 3, reason="抢修立功", level="厂级")
    entry(made, 2, source="GRID", reason="例行")
    entry(made, -1, source="GRID")
    attended(made, "王建国", ["PRESENT", "ABSENT", "OFFICIAL"])
    page = client_of(made.cast.member).get(address(made))
    facts = page.context["facts"]
    assert [None if value is None else str(value) for value in facts.quarters] == ["84.20", "86.30", None, None]
    assert [(line.count, line.plus, line.minus) for line in facts.sections] == [(3, 5, -1)]
    assert [(kind, turnout.expected, turnout.attended) for kind, turnout in facts.attendance] == [("主题党日", 2, 1)]
    # Honours stand there, and are offered as the beginning of the text.
    assert facts.honours == ["02-03 抢修立功 厂级"]
    assert page.context["form"]["honours"].value() == "02-03 抢修立功 厂级"


def test_saving_answers_with_the_time_and_the_next_version():
    made = rating(members=0)
    client = client_of(made.cast.member)
    first = typed(made, client, text="甲")
    assert "已保存" in first.content.decode()
    second = typed(made, client, version_of(first), "甲乙")
    review = SelfReview.objects.get(candidate=candidate(made, "王建国"))
    assert (review.text, review.version, version_of(second)) == ("甲乙", 2, "2")


@pytest.mark.parametrize("version", ["0", "9", "", "x", "9" * 30])
def test_later_window_is_told_and_goes_on_being_told(version):
    made = rating(members=0)
    client = client_of(made.cast.member)
    typed(made, client, text="第一个窗口")
    for _again in range(2):
        answer = typed(made, client, version, "第二个窗口").content.decode()
        assert "另一个窗口里有更新" in answer
        assert "已保存" not in answer
    assert SelfReview.objects.get(candidate=candidate(made, "王建国")).text == "第一个窗口"


def test_without_scripts_the_button_saves_and_comes_back():
    made = rating(members=0)
    client = client_of(made.cast.member)
    page = client.post(address(made, "-save"), {"version": "0", "text": "甲", "honours": "乙"}, follow=True)
    assert [str(one) for one in page.context["messages"]] == ["已保存。"]
    assert page.context["form"]["honours"].value() == "乙"


def test_handed_in_review_is_read_only():
    made = rating(members=0)
    client = client_of(made.cast.member)
    page = client.post(address(made, "-hand-in"), {"version": "0", "text": "甲", "honours": ""}, follow=True)
    assert [str(one) for one in page.context["messages"]] == ["自评已提交，现在起不能再改。"]
    page = client.get(address(made))
    assert (page.context["form"], page.context["closed"]) == (None, "自评已提交，不能再改。")
    assert "自评已提交" in typed(made, client, "1").content.decode()


def test_empty_review_is_kept_but_not_handed_in():
    made = rating(members=0)
    client = client_of(made.cast.member)
    page = client.post(address(made, "-hand-in"), {"version": "0", "text": "", "honours": "乙"}, follow=True)
    assert [str(one) for one in page.context["messages"]] == ["请先写自评，再提交。"]
    assert SelfReview.objects.get(candidate=candidate(made, "王建国")).honours == "乙"


@pytest.mark.parametrize(
    ("stage", "given", "kept"),
    [
        ({"form": "POINTS", "marks": [["学习", "20"], ["履职", "80"]]}, {"mark_0": "18"}, {"0": "18"}),
        ({"form": "GRADES", "marks": [["EXCELLENT", "100"]]}, {"grade": "EXCELLENT"}, {"grade": "EXCELLENT"}),
        ({"form": ""}, {"mark_0": "18"}, {}),
    ],
)
def test_own_marks_are_asked_as_the_stage_says(stage, given, kept):
    made = rating(members=0)
    stage_with(made, "SELF", **stage)
    typed(made, client_of(made.cast.member), **given)
    assert SelfReview.objects.get(candidate=candidate(made, "王建国")).marks == kept


def test_mark_above_its_full_marks_is_said_and_not_kept():
    made = rating(members=0)
    stage_with(made, "SELF", form="POINTS", marks=[["学习", "20"]])
    answer = typed(made, client_of(made.cast.member), mark_0="21").content.decode()
    assert "“学习（满分 20）”：确保该值小于或等于20。" in answer
    assert SelfReview.objects.get(candidate=candidate(made, "王建国")).version == 0


def test_nobody_reads_or_writes_what_is_not_theirs():
    made = rating(members=0)
    SelfReview.objects.filter(candidate=candidate(made, "李静怡")).delete()
    # No own row at all; an own row without a review.
    for role in ("system_admin", "colleague"):
        client = client_of(getattr(made.cast, role))
        assert client.get(address(made)).status_code == 404
        assert typed(made, client).status_code == 404
    # One's own page, whoever asks: the address names the campaign, never a person.
    typed(made, client_of(made.cast.secretary), text="书记的")
    assert SelfReview.objects.get(candidate=candidate(made, "王建国")).text == ""


def test_page_asks_at_most_twelve_queries():
    made = rating(members=0)
    client = client_of(made.cast.member)
    counts = []
    for number in (1, 3):
        for _more in range(number):
            entry(made, 1)
        client.get(address(made))
        with CaptureQueriesContext(connection) as queries:
            client.get(address(made))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 12
