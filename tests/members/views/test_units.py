import io

import openpyxl
import pytest
from django.urls import reverse

from members.models import AuditEvent, OrgUnit
from tests import factories
from tests.factories import Kind
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
TREE = reverse("members:unit-tree")


def page(name: str, unit: OrgUnit) -> str:
    return reverse(f"members:{name}", args=[unit.pk])


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


# --- tree ------------------------------------------------------------------------------------
def test_tree_shows_units_with_kind_members_and_secretary(client):
    cast = factories.cast()
    client.force_login(cast.member)
    below = client.get(TREE).context["below"]
    assert [(node.unit.name, node.members, node.head, node.has_children) for node in below.nodes] == [
        ("机关党支部", 2, "", False),
        ("检修部党支部", 6, "陈志远", True),
        ("运行部党支部", 1, "", False),
        ("党建工作部", 0, "", False),
    ]


def test_tree_counts_members_of_everything_below(client):
    cast = factories.cast()
    company = factories.committee(cast.committee)
    factories.member(factories.branch(factories.unit(Kind.GENERAL_BRANCH, company)))
    client.force_login(cast.member)
    context = client.get(TREE).context
    assert [node.members for node in context["tops"].nodes] == [10]
    assert context["below"].nodes[-1].members == 1


def test_tree_asks_the_same_number_of_queries_for_one_and_for_many_branches(client, queries):
    cast = factories.cast()
    client.force_login(cast.member)
    few = queries_of(client, queries, TREE)
    for _ in range(5):
        factories.member(factories.branch(cast.committee))
    many = queries_of(client, queries, TREE)
    assert (few == many, many <= 12) == (True, True)


def test_tree_continues_a_long_level_on_request(client, monkeypatch):
    monkeypatch.setattr("members.tree.LEVEL_SIZE", 3)
    cast = factories.cast()
    client.force_login(cast.member)
    assert "?start=3" in text(client.get(TREE))
    rest = client.get(page("unit-children", cast.committee), {"start": "3"})
    assert [node.unit.name for node in rest.context["level"].nodes] == ["党建工作部"]
    assert "?start" not in text(rest)


def test_tree_finds_by_name_and_lists_branches_without_secretary(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    found = {
        query: [unit.name for unit in client.get(TREE + query).context["page"]]
        for query in ("?q=检修", "?without_secretary=1", "?q=运行&without_secretary=1", "?q=没有")
    }
    assert found == {
        "?q=检修": ["检修部党支部"],
        "?without_secretary=1": ["机关党支部", "运行部党支部"],
        "?q=运行&without_secretary=1": ["运行部党支部"],
        "?q=没有": [],
    }


def test_tree_of_another_organisation_is_not_shown(client):
    cast = factories.cast()
    foreign = factories.branch(factories.committee(name="别的党委"), "外支部")
    client.force_login(cast.business_admin)
    assert "别的党委" not in text(client.get(TREE))
    assert client.get(page("unit-detail", foreign)).status_code == 404


# --- one unit --------------------------------------------------------------------------------
def test_branch_page_shows_posts_groups_figures_and_members(client):
    cast = factories.cast()
    factories.member(cast.branch, name="预备", category="PROBATIONARY", is_floating=True)
    client.force_login(cast.secretary)
    context = client.get(page("unit-detail", cast.branch)).context
    assert context["figures"] == {"total": 7, "probationary": 1, "floating": 1, "retired": 0}
    assert [str(post) for post in context["posts"]] == [
        "检修部党支部 支部书记",
        "检修部党支部 支部副书记",
        "检修部党支部 组织委员",
        "第一党小组 党小组长",
    ]
    assert [(node.unit.name, node.members, node.head) for node in context["below"].nodes] == [
        ("第一党小组", 3, "周敏")
    ]
    assert {row.member.name for row in context["page"]} == {
        "王建国",
        "李静怡",
        "周敏",
        "陈志远",
        "吴海涛",
        "郑雪",
        "预备",
    }


def test_branch_page_hides_the_list_from_members(client):
    cast = factories.cast()
    client.force_login(cast.member)
    answer = client.get(page("unit-detail", cast.branch))
    assert answer.context.get("page") is None
    assert "李静怡" not in text(answer)


def test_group_page_shows_the_leader_the_group(client):
    cast = factories.cast()
    client.force_login(cast.group_leader)
    rows = client.get(page("unit-detail", cast.group)).context["page"]
    assert {row.member.name for row in rows} == {"王建国", "李静怡", "周敏"}


@pytest.mark.parametrize("role", ["secretary", "business_admin"])
def test_unit_page_asks_the_same_number_of_queries_for_one_and_for_three_members(client, queries, role):
    cast = factories.cast()
    client.force_login(getattr(cast, role))
    one = queries_of(client, queries, page("unit-detail", cast.branch))
    for _ in range(2):
        factories.member(cast.branch, cast.group)
    three = queries_of(client, queries, page("unit-detail", cast.branch))
    assert (one == three, three <= 12) == (True, True)


# --- verbs -----------------------------------------------------------------------------------
def test_create_makes_a_unit_and_offers_only_kinds_that_fit(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    address = page("unit-create", cast.branch)
    assert [kind for kind, _label in client.get(address).context["form"].fields["kind"].choices] == [
        Kind.PARTY_GROUP,
        Kind.WORK_TEAM,
    ]
    answer = client.post(address, {"kind": Kind.PARTY_GROUP, "name": "第二党小组"})
    made = OrgUnit.objects.get(name="第二党小组")
    assert (answer.status_code, answer["Location"], made.parent) == (
        302,
        page("unit-detail", cast.branch),
        cast.branch,
    )


def test_create_shows_the_refusal_of_the_service_on_the_form(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    answer = client.post(page("unit-create", cast.branch), {"kind": Kind.PARTY_GROUP, "name": "第一党小组"})
    assert answer.context["form"].non_field_errors() == ["同一上级组织下已有“第一党小组”，请换一个名称。"]


def test_edit_renames_and_moves(client):
    cast = factories.cast()
    general = factories.unit(Kind.GENERAL_BRANCH, cast.committee, "检修党总支")
    client.force_login(cast.business_admin)
    client.post(page("unit-edit", cast.branch), {"name": "检修一支部", "parent": general.pk})
    unit = OrgUnit.objects.get(pk=cast.branch.pk)
    assert (unit.name, unit.parent) == ("检修一支部", general)


def test_edit_offers_no_parent_out_of_reach(client):
    cast = factories.cast()
    foreign = factories.committee(name="别的党委")
    client.force_login(cast.business_admin)
    answer = client.post(page("unit-edit", cast.branch), {"name": "检修部党支部", "parent": foreign.pk})
    assert answer.context["form"].errors == {"parent": ["请从列表中选择。"]}


def test_close_refuses_with_a_sentence_and_closes_an_empty_unit(client):
    cast = factories.cast()
    client.force_login(cast.business_admin)
    answer = client.post(page("unit-close", cast.branch), {"on": "2026-09-30"})
    assert answer.context["form"].non_field_errors() == [
        "“检修部党支部”还有 6 名党员，请先把他们的组织关系转走，再撤销。"
    ]
    assert client.post(page("unit-close", cast.department), {"on": "2026-09-30"}).status_code == 302
    assert OrgUnit.objects.get(pk=cast.department.pk).closed_on is not None


def test_secretary_cannot_change_the_tree(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    answers = [
        client.post(page(name, cast.branch), {}).status_code for name in ("unit-create", "unit-edit", "unit-close")
    ]
    assert answers == [403, 403, 403]


# --- roster export ---------------------------------------------------------------------------
def exported(answer) -> list[list[object]]:
    content = b"".join(answer.streaming_content)
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows()]


@pytest.mark.parametrize(("form", "number"), [({}, "110105********002X"), ({"in_full": "on"}, "11010519491231002X")])
def test_roster_export_downloads_the_unit(client, form, number):
    cast = factories.cast()
    person = cast.member.member
    person.id_number = "11010519491231002X"
    person.save()
    client.force_login(cast.secretary)
    answer = client.post(page("roster-export", cast.branch), form)
    assert "filename" in answer["Content-Disposition"]
    rows = exported(answer)
    assert len(rows) == 2 + 6 + 1
    assert number in [row[5] for row in rows]
    assert AuditEvent.objects.filter(action="members.export_roster", user=cast.secretary).count() == 1


def test_roster_export_refuses_get_and_other_branches(client):
    cast = factories.cast()
    client.force_login(cast.secretary)
    assert client.get(page("roster-export", cast.branch)).status_code == 405
    assert client.post(page("roster-export", cast.other_branch)).status_code == 403


def test_rules_are_loaded_from_the_page_of_the_unit_by_the_business_administrator(client):
    cast = factories.cast()
    link = f"{reverse('scoring:rules-load')}?owner="
    shown = {}
    for role in ("business_admin", "secretary", "system_admin", "committee_member"):
        client.force_login(cast.by_role()[role])
        for unit in (cast.committee, cast.branch, cast.group, cast.department):
            shown[role, unit.kind] = f"{link}{unit.pk}" in text(client.get(page("unit-detail", unit)))
    assert {key for key, is_shown in shown.items() if is_shown} == {
        ("business_admin", Kind.PARTY_COMMITTEE),
        ("business_admin", Kind.BRANCH),
    }
