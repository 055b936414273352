"""Home, score page and first set-up."""

import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import branch, cast, committee, member, user
from tests.scoring.factories import MONTH
from tests.scoring.world import world

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_score_is_provisional_and_without_rank_until_closed():
    made = world()
    made.submit()
    client = client_of(made.cast.member)
    page = client.get(reverse("score-mine"))
    assert (page.context["score"].total, page.context["is_closed"], page.context["ranking"]) == (
        Decimal("63.00"),
        False,
        None,
    )
    assert "暂定" in page.content.decode()
    made.check()
    made.close()
    page = client.get(reverse("score-mine"))
    assert page.context["is_closed"] is True
    assert page.context["ranking"]["rows"][0] == {"name": "王建国", "value": "63", "own": True}


def test_score_page_names_every_entry_and_adds_up():
    made = world(closed=True)
    page = client_of(made.cast.member).get(reverse("score-mine"))
    entries = page.context["entries"]
    assert {(entry.item.code, entry.points) for entry in entries} == {("基-1", Decimal(60)), ("加-2", Decimal(3))}
    assert sum(line.points for line in page.context["sections"]) == page.context["score"].total
    for entry in entries:
        assert reverse("scoring:entry", args=[entry.pk]) in page.content.decode()


def test_score_page_says_what_can_still_be_earned():
    made = world()
    made.submit()
    page = client_of(made.cast.colleague).get(reverse("score-mine"))
    assert [(room.item.code, room.left) for room in page.context["rooms"]] == [
        ("加-1", Decimal(5)),
        ("加-2", Decimal(2)),
        ("加-3", Decimal(10)),
    ]


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("member", 200), ("group_leader", 200), ("secretary", 200), ("committee_member", 200), ("business_admin", 200),
        ("colleague", 404), ("stranger", 404), ("system_admin", 404), ("auditor", 404),
    ],
)  # fmt: skip
def test_score_of_a_member_is_for_those_who_may(role, status):
    made = world(closed=True)
    url = reverse("score-of", args=[made.account(made.cast.member).pk])
    assert client_of(made.cast.by_role()[role]).get(url).status_code == status


def test_personal_file_leads_to_the_page_of_the_account():
    made = world(closed=True)
    client = client_of(made.cast.secretary)
    answer = client.get(reverse("score-of-member", args=[made.cast.member.member_id]))
    address = reverse("score-of", args=[made.account(made.cast.member).pk])
    assert (answer.status_code, answer.headers["Location"]) == (302, address)
    assert client.get(address).context["member"] == made.cast.member.member


def test_personal_file_of_someone_never_scored_says_so():
    made = world()
    newcomer = member(made.cast.branch, name="新人")
    page = client_of(made.cast.secretary).get(reverse("score-of-member", args=[newcomer.pk]))
    assert (page.status_code, page.context["member"]) == (200, newcomer)
    assert "还没有积分" in page.content.decode()


def test_score_page_without_scores_says_what_comes_next():
    made = world()
    page = client_of(made.cast.stranger).get(reverse("score-mine"))
    assert "还没有积分" in page.content.decode()


def test_score_page_takes_no_odd_month():
    made = world(closed=True)
    client = client_of(made.cast.member)
    for text in ("abc", "202613", "-1"):
        assert client.get(reverse("score-mine"), {"month": text}).status_code == 404
    assert client.get(reverse("score-mine"), {"month": MONTH}).status_code == 200


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("score-mine", "member"),
        ("home", "secretary"),
        ("home-todo", "secretary"),
        ("home-todo", "committee_member"),
        ("home-todo", "business_admin"),
        ("home-branches", "committee_member"),
        ("setup", "business_admin"),
    ],
)
def test_pages_stay_within_twelve_queries(name, role, queries):
    made = world(closed=True)
    client = client_of(made.cast.by_role()[role])
    client.get(reverse(name))
    with queries() as asked:
        client.get(reverse(name))
    assert len(asked) <= 12, "\n".join(query["sql"][:160] for query in asked)


@pytest.mark.parametrize(
    "role",
    [
        "member",
        "group_leader",
        "secretary",
        "commissioner",
        "committee_member",
        "business_admin",
        "system_admin",
        "auditor",
    ],
)
def test_home_opens_for_every_role(role):
    made = world()
    page = client_of(made.cast.by_role()[role]).get(reverse("home"))
    assert page.status_code == 200
    assert not re.search(r"style=|onclick=", page.content.decode())


def test_home_says_what_waits():
    made = world()
    titles = [todo.title for todo in client_of(made.cast.commissioner).get(reverse("home-todo")).context["waiting"]]
    assert "审核检修部党支部 2026 年 9 月" not in titles
    made.submit()
    titles = [todo.title for todo in client_of(made.cast.commissioner).get(reverse("home-todo")).context["waiting"]]
    assert "审核检修部党支部 2026 年 9 月" in titles
    made.check()
    titles = [
        todo.title for todo in client_of(made.cast.committee_member).get(reverse("home-todo")).context["waiting"]
    ]
    assert "2026 年 9 月待结账" in titles


def test_setup_leads_from_step_to_step():
    made = world()
    steps = client_of(made.cast.business_admin).get(reverse("setup")).context["steps"]
    assert [(one["step"].label, one["state"]) for one in steps] == [
        ("组织", "done"),
        ("积分办法", "done"),
        ("党员名册", "done"),
        ("任职", "done"),
        ("账号", "done"),
        ("往年总分", "todo"),
    ]
    assert client_of(made.cast.secretary).get(reverse("setup")).status_code == 403


def test_setup_counts_what_lies_below_the_own_committee():
    people = cast()
    inside = {person.member for person in people.by_role().values() if person.member}
    member(people.branch, name="没有账号")
    user(member(branch(committee()), name="别的单位"))
    steps = client_of(people.business_admin).get(reverse("setup")).context["steps"]
    done = {one["step"].label: one["step"].done for one in steps}
    count = len(inside) + 1
    assert {label: done[label] for label in ("党员名册", "账号", "往年总分")} == {
        "党员名册": f"{count} 名党员",
        "账号": f"{count - 1} / {count} 人",
        "往年总分": "",
    }
