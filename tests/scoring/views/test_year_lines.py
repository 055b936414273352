"""加扣分明细 and 参加情况: who may see whose, what hangs on the year, what comes as a file."""

import pytest
from django.test import Client
from django.urls import reverse

from members import pdf
from scoring.models import Item
from scoring.services import year_lines
from tests.scoring.factories import account
from tests.scoring.ledger import entry
from tests.scoring.living import Life, with_study
from tests.scoring.world import world

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name, *args, query="") -> str:
    return reverse(f"scoring:{name}", args=args) + query


def test_secretary_sees_the_branch_and_a_member_only_the_own_sheet():
    made = world()
    own = account(made.cast.member.member).pk
    seen = {}
    for role, who in made.cast.by_role().items():
        client = client_of(who)
        names = (("life-lines", made.cast.branch.pk), ("life-lines-of", own), ("life-turnout", made.cast.branch.pk))
        seen[role] = [client.get(address(name, pk)).status_code for name, pk in names]
    everything, nothing = [200, 200, 200], [403, 404, 403]
    assert seen == {
        "member": [403, 200, 403],
        "colleague": nothing,
        "group_leader": [403, 200, 403],
        **dict.fromkeys(("secretary", "deputy", "commissioner", "committee_member", "business_admin"), everything),
        "stranger": nothing,
        "auditor": [404, 404, 404],
        **{role: nothing for role in ("system_admin", "security_admin") if role in seen},
    }


def test_list_is_of_a_year_and_of_a_group():
    made = world()
    made.submit()
    client = client_of(made.cast.secretary)
    page = client.get(address("life-lines", made.cast.branch.pk, query="?year=2026"))
    assert {row.person.name: (row.amounts.plus, row.amounts.minus) for row in page.context["rows"]}["王建国"] == (
        63,
        0,
    )
    group = made.cast.group.pk
    page = client.get(address("life-lines", made.cast.branch.pk, query=f"?year=2025&group={group}"))
    assert {row.person.name: row.amounts.plus_count for row in page.context["rows"]} == {
        "李静怡": 0, "王建国": 0, "周敏": 0,
    }  # fmt: skip
    assert page.context["query"] == f"year=2025&group={group}"
    odd = {
        query: client.get(address("life-lines", made.cast.branch.pk, query=query)) for query in ("?year=x", "?year=1")
    }
    assert [page.context["year"] for page in odd.values()] == [page.context["years"][0] for page in odd.values()]
    for wrong in (f"?group={made.cast.branch.pk}", "?group=x", "?group=99999999999999999999"):
        assert client.get(address("life-lines", made.cast.branch.pk, query=wrong)).status_code == 404
    assert client_of(made.cast.committee_member).get(address("life-lines", made.cast.committee.pk)).status_code == 404


def test_sheet_leads_from_each_line_to_its_record():
    made = world()
    made.submit()
    own = account(made.cast.member.member)
    page = client_of(made.cast.member).get(address("life-lines-of", own.pk, query="?year=2026"))
    sheet = page.context["sheet"]
    parts = [part.entry for line in [*sheet.plus, *sheet.minus] for part in line.parts]
    assert len(parts) == 2
    for entry_id in parts:
        assert address("entry", entry_id) in page.content.decode()


def test_files_carry_their_year_and_name():
    made = world()
    made.submit()
    own, branch = account(made.cast.member.member).pk, made.cast.branch.pk
    client = client_of(made.cast.secretary)
    found = {}
    for name, pk in (
        ("life-lines-of-pdf", own),
        ("life-lines-of-xlsx", own),
        ("life-lines-pdf", branch),
        ("life-lines-xlsx", branch),
    ):
        answer = client.get(address(name, pk, query="?year=2026"))
        found[name] = (answer.status_code, answer.headers["Content-Type"].rpartition("/")[2][:3])
    assert found == {
        "life-lines-of-pdf": (200, "pdf"),
        "life-lines-of-xlsx": (200, "vnd"),
        "life-lines-pdf": (200, "pdf"),
        "life-lines-xlsx": (200, "vnd"),
    }


def test_pdf_that_cannot_be_made_is_explained(monkeypatch):
    made = world()
    made.submit()
    client, branch = client_of(made.cast.secretary), made.cast.branch.pk
    monkeypatch.setattr(year_lines, "PDF_LINES", 0)
    page = client.get(address("life-lines-pdf", branch, query="?year=2026"), follow=True)
    assert page.redirect_chain == [(address("life-lines", branch, query="?year=2026"), 302)]
    assert "最多 0 行" in str(next(iter(page.context["messages"])))
    monkeypatch.undo()
    monkeypatch.setattr(pdf, "HTML", None)
    page = client.get(address("life-lines-pdf", branch, query="?year=2026"))
    assert (page.status_code, page.context["url"]) == (503, address("life-lines-xlsx", branch, query="?year=2026"))


@pytest.mark.parametrize("name", ["life-turnout", "life-targets"])
def test_page_without_anything_to_count_says_what_to_do(name):
    made = Life()
    client, url = client_of(made.cast.secretary), address(name, made.cast.branch.pk, query="?year=2026")
    page = client.get(url)
    assert page.context["table"] is None
    assert ("还没有开展组织生活" in page.content.decode()) == (name == "life-turnout")
    file = client.get(address(f"{name}-xlsx", made.cast.branch.pk, query="?year=2026"))
    assert (file.status_code, file.url) == (302, url)
    assert client_of(made.cast.business_admin).get(address(name, made.cast.committee.pk)).status_code == 404


@pytest.mark.parametrize("name", ["life-turnout", "life-targets"])
def test_page_shows_every_member_of_the_branch(name):
    made = Life(with_study())
    made.hold()
    client = client_of(made.cast.secretary)
    page = client.get(address(name, made.cast.branch.pk, query="?year=2026"))
    assert len(page.context["table"].rows) == 6
    file = client.get(address(f"{name}-xlsx", made.cast.branch.pk, query="?year=2026"))
    assert (file.status_code, file.headers["Content-Type"].rpartition(".")[2]) == (200, "sheet")


@pytest.mark.parametrize("name", ["life-lines", "life-turnout", "life-targets", "activity-detail"])
def test_page_takes_the_same_queries_for_one_and_for_many(name, queries):
    made = Life(with_study())
    activity = made.plan("ORG_LIFE_MEETING")
    study, asked = Item.objects.get(code="基-2"), []
    for who in (made.cast.member, made.cast.colleague, made.cast.deputy):
        made.hold(activity)
        entry(account(who.member), study, 0, quantity=1)
        client = client_of(made.cast.secretary)
        url = address(name, activity.pk if name == "activity-detail" else made.cast.branch.pk)
        client.get(url)
        with queries() as found:
            client.get(url)
        asked.append(len(found))
    assert asked[0] == asked[2] <= 12


def test_own_year_takes_the_same_queries_for_one_and_for_many(queries):
    made = Life(with_study())
    client, asked = client_of(made.cast.member), []
    for kind in ("THEME_DAY", "LECTURE", "GENERAL_MEETING"):
        made.hold(made.plan(kind))
        client.get(address("activity-list", query="?mine=1&year=2026"))
        with queries() as found:
            client.get(address("activity-list", query="?mine=1&year=2026"))
        asked.append(len(found))
    assert asked[0] == asked[2] <= 12
