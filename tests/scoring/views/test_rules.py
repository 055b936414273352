"""Rule sets as pages: read, load, edit, compare, publish."""

from io import BytesIO

import openpyxl
import pytest
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent
from scoring.models import Item, RuleSet, Section
from scoring.rulebook.writer import document_of
from scoring.services.rule_drafts import revise, save_part
from scoring.services.rules import preset_text
from tests.factories import Kind, branch, cast, committee, unit
from tests.scoring.factories import item, rule_set

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everyone_reads_published_rules_and_only_writers_see_drafts():
    people = cast()
    published = rule_set(people.committee)
    draft = rule_set(people.committee, published=False)
    seen = client_of(people.member).get(reverse("scoring:rules-list")).context["rule_sets"]
    assert list(seen) == [published]
    assert set(client_of(people.business_admin).get(reverse("scoring:rules-list")).context["rule_sets"]) == {
        published,
        draft,
    }
    assert client_of(people.member).get(reverse("scoring:rules-detail", args=[draft.pk])).status_code == 404
    page = client_of(people.member).get(reverse("scoring:rules-detail", args=[published.pk]))
    assert "四讲四有" in page.content.decode()


def test_preset_is_loaded_as_draft_and_published():
    people = cast()
    client = client_of(people.business_admin)
    response = client.post(reverse("scoring:rules-load"), {"owner": people.committee.pk, "preset": "s3-short"})
    loaded = RuleSet.objects.get()
    assert (response.url, loaded.state) == (reverse("scoring:rules-detail", args=[loaded.pk]), RuleSet.State.DRAFT)
    client.post(reverse("scoring:rules-publish", args=[loaded.pk]))
    loaded.refresh_from_db()
    assert (loaded.state, loaded.published_by) == (RuleSet.State.PUBLISHED, people.business_admin)


def offered(response) -> list[tuple[int, str]]:
    return list(response.context["form"].fields["owner"].choices)


def test_rules_are_offered_to_committees_and_to_the_branch_one_comes_from():
    people = cast()
    general = unit(Kind.GENERAL_BRANCH, people.committee, "多经党总支")
    branch(general)
    client, address = client_of(people.business_admin), reverse("scoring:rules-load")
    above = [(people.committee.pk, people.committee.name), (general.pk, general.name)]
    assert offered(client.get(address)) == above
    page = client.get(address, {"owner": people.branch.pk})
    assert sorted(offered(page)) == sorted([*above, (people.branch.pk, people.branch.name)])
    assert page.context["form"]["owner"].value() == people.branch.pk
    for odd in (branch(committee()).pk, people.group.pk, "x", "9" * 30):
        page = client.get(address, {"owner": odd})
        assert (offered(page), page.context["form"]["owner"].value()) == (above, people.committee.pk)


def test_rules_of_a_branch_are_loaded_and_its_name_stays_beside_an_error():
    people = cast()
    client, address = client_of(people.business_admin), reverse("scoring:rules-load")
    page = client.post(address, {"owner": people.branch.pk})
    assert f'<option value="{people.branch.pk}" selected>' in page.content.decode()
    client.post(address, {"owner": people.branch.pk, "preset": "s3-short"})
    assert RuleSet.objects.get().owner == people.branch


def test_rules_for_a_unit_of_others_are_refused():
    people = cast()
    response = client_of(people.business_admin).post(
        reverse("scoring:rules-load"), {"owner": committee().pk, "preset": "s3-short"}
    )
    assert response.context["form"].errors == {"owner": ["请从列表中选择。"]}
    assert not RuleSet.objects.exists()


def test_faulty_file_names_every_line_and_loads_nothing():
    people = cast()
    content = preset_text("s3-short").replace("计价: 打分", "计价: 随便", 1).replace("最高: 5", "最高: 五", 1)
    file = SimpleUploadedFile("rules.yaml", content.encode())
    response = client_of(people.business_admin).post(
        reverse("scoring:rules-load"), {"owner": people.committee.pk, "preset": "", "file": file}
    )
    assert len(response.context["problems"]) >= 2
    assert all("行" in problem for problem in response.context["problems"])
    assert not RuleSet.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"- 1\n- 2\n", b"a: [1", b""])
def test_other_files_are_refused_with_a_sentence(content):
    people = cast()
    file = SimpleUploadedFile("rules.yaml", content or b" ")
    response = client_of(people.business_admin).post(
        reverse("scoring:rules-load"), {"owner": people.committee.pk, "preset": "", "file": file}
    )
    assert response.context["problems"]
    assert not RuleSet.objects.exists()


@pytest.mark.parametrize("role", ["member", "secretary", "committee_member", "system_admin"])
def test_only_business_administrators_load_rules(role):
    people = cast()
    assert client_of(people.by_role()[role]).get(reverse("scoring:rules-load")).status_code == 403


# --- files ----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["rules-file", "rules-xlsx"])
def test_downloaded_file_is_loaded_again_as_the_next_version(name):
    people = cast()
    published = rule_set(people.committee)
    client = client_of(people.business_admin)
    answer = client.get(reverse(f"scoring:{name}", args=[published.pk]))
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    # The content tells what it is, whatever the name says.
    file = SimpleUploadedFile("办法.bin", content)
    client.post(reverse("scoring:rules-load"), {"owner": people.committee.pk, "preset": "", "file": file})
    loaded = RuleSet.objects.get(version=2)
    assert document_of(loaded) == document_of(published)
    assert AuditEvent.objects.filter(action="scoring.export_rule_set").count() == 1


def test_faulty_workbook_names_sheet_row_and_column():
    people = cast()
    published = rule_set(people.committee)
    client = client_of(people.business_admin)
    answer = client.get(reverse("scoring:rules-xlsx", args=[published.pk]))
    book = openpyxl.load_workbook(BytesIO(b"".join(answer.streaming_content)))
    book["条款"]["F2"] = "随便"
    changed = BytesIO()
    book.save(changed)
    file = SimpleUploadedFile("细则.xlsx", changed.getvalue())
    page = client.post(reverse("scoring:rules-load"), {"owner": people.committee.pk, "preset": "", "file": file})
    assert [problem.split("：")[0] for problem in page.context["problems"]] == ["工作表“条款”第 2 行 F 列“计价”"]
    assert RuleSet.objects.count() == 1


# --- the editor -----------------------------------------------------------------------------
def post_part(client, draft, name, values, **headers):
    return client.post(reverse("scoring:rules-part", args=[draft.pk, name]), values, headers=headers)


CLAUSE = {"条款号": "加-2", "名称": "党建活动", "计价": "按数量", "单价": "2", "单位": "次", "汇总": "累加"}
HTMX = {"HX-Request": "true"}


def edited():
    people = cast()
    return client_of(people.business_admin), rule_set(people.committee, published=False), people


def test_editor_opens_for_drafts_only():
    client, draft, people = edited()
    page = client.get(reverse("scoring:rules-edit", args=[draft.pk]))
    assert [section.title for section in page.context["summary"].sections] == ["基础分", "加分", "减分"]
    published = rule_set(people.committee)
    answer = client.get(reverse("scoring:rules-edit", args=[published.pk]))
    assert answer.url == reverse("scoring:rules-detail", args=[published.pk])
    assert client.get(reverse("scoring:rules-part", args=[published.pk, "head"])).status_code == 404
    assert client.get(reverse("scoring:rules-part", args=[draft.pk, "item-0"])).status_code == 404


def test_saved_part_answers_with_its_row_and_asks_for_new_checks():
    client, draft, _people = edited()
    name = f"item-{item(draft, '加-2').pk}"
    answer = post_part(client, draft, name, CLAUSE, **HTMX)
    assert (answer.status_code, answer["HX-Trigger"]) == (200, "rules-changed")
    assert answer.templates[0].name == "scoring/_rules_item.html"
    assert "按数量：单价 2（单位：次）" in answer.content.decode()


def test_faulty_part_keeps_what_was_typed_and_saves_nothing():
    client, draft, _people = edited()
    before = document_of(draft)
    name = f"item-{item(draft, '加-2').pk}"
    form = post_part(client, draft, name, CLAUSE | {"单价": "二", "名称": ""}, **HTMX).context["form"]
    assert dict(form.errors) == {
        "单价": ["“二”不是分值，请填数字，最多两位小数，例如 3 或 2.5。"],
        "名称": ["没有填写，请补上。"],
    }
    assert form["单价"].value() == "二"
    assert document_of(draft) == before


def test_line_that_cannot_be_read_stands_beside_its_field():
    client, draft, _people = edited()
    values = {"条款号": "加-2", "名称": "甲", "计价": "按级别", "级别": "国家级 十", "汇总": "累加"}
    form = post_part(client, draft, f"item-{item(draft, '加-2').pk}", values, **HTMX).context["form"]
    assert dict(form.errors) == {"级别": ["“国家级 十”读不懂，请一行写一条，例如：国家级 10。"]}


def test_fields_of_another_pricing_are_left_out():
    client, draft, _people = edited()
    post_part(client, draft, f"item-{item(draft, '加-2').pk}", CLAUSE | {"级别": "国家级 10", "最低": "3"})
    assert item(draft, "加-2").pricing_table == {"rate": "2.00", "minimum": "0", "step": "0", "rounding": "down"}


def test_form_works_without_a_script():
    client, draft, _people = edited()
    name = f"item-{item(draft, '加-2').pk}"
    assert "scoring/rules_part.html" in [
        template.name for template in client.get(reverse("scoring:rules-part", args=[draft.pk, name])).templates
    ]
    assert post_part(client, draft, name, CLAUSE).url == reverse("scoring:rules-edit", args=[draft.pk])


@pytest.mark.parametrize("code", ["基-1", "加-2", "减-1"])
def test_form_that_is_saved_unchanged_changes_nothing(code):
    client, draft, _people = edited()
    before = document_of(draft)
    for name in (f"item-{item(draft, code).pk}", "head", f"section-{item(draft, code).section_id}", "example-0"):
        form = client.get(reverse("scoring:rules-part", args=[draft.pk, name])).context["form"]
        typed = {key: form[key].value() for key in form.fields}
        values = {key: "on" if value is True else value for key, value in typed.items() if value not in (False, None)}
        answer = post_part(client, draft, name, values)
        assert answer.status_code == 302, answer.context["form"].errors
        assert document_of(RuleSet.objects.get(pk=draft.pk)) == before


def test_checks_follow_what_is_typed_and_save_nothing():
    client, draft, _people = edited()
    before = document_of(draft)
    address = reverse("scoring:rules-check", args=[draft.pk, f"item-{item(draft, '加-2').pk}"])
    typed = client.post(address, CLAUSE | {"每月上限": "3", "下限": "5"}).context["problems"]
    assert [problem.text for problem in typed if "示例" not in problem.text] == [
        "加-2 党建活动：下限 5 高于每月上限 3，请核对。"
    ]
    unread = client.post(address, CLAUSE | {"计价": "按级别", "级别": "甲"}).context["problems"]
    assert unread[0].text == "“级别”：“甲”读不懂，请一行写一条，例如：国家级 10。"
    assert client.get(address).context["problems"] == []
    assert document_of(draft) == before


def test_problem_leads_to_its_clause():
    client, draft, _people = edited()
    name = f"item-{item(draft, '加-2').pk}"
    save_part(
        draft, name, {key: value for key, value in CLAUSE.items() if value} | {"下限": "5", "每月上限": "3"}, by=None
    )
    page = client.get(reverse("scoring:rules-edit", args=[draft.pk]))
    assert page.context["problems"][0].part == name
    assert f'<a href="#{name}">' in page.content.decode()
    assert "disabled" in page.content.decode()
    client.post(reverse("scoring:rules-publish", args=[draft.pk]))
    draft.refresh_from_db()
    assert draft.state == RuleSet.State.DRAFT


def test_parts_are_moved_and_removed_and_the_draft_dropped():
    client, draft, _people = edited()
    name = f"item-{item(draft, '加-2').pk}"

    def codes():
        return list(Item.objects.filter(section__code="加").values_list("code", flat=True))

    client.post(reverse("scoring:rules-move", args=[draft.pk, name]), {"to": "up"})
    assert codes() == ["加-2", "加-1", "加-3"]
    client.post(reverse("scoring:rules-move", args=[draft.pk, name]), {"to": "down"})
    client.post(reverse("scoring:rules-remove", args=[draft.pk, name]))
    assert codes() == ["加-1", "加-3"]
    assert client.post(reverse("scoring:rules-drop", args=[draft.pk])).url == reverse("scoring:rules-list")
    assert not RuleSet.objects.exists()


# --- versions -------------------------------------------------------------------------------
def test_published_version_is_revised_from_a_later_month():
    people = cast()
    published = rule_set(people.committee)
    client = client_of(people.business_admin)
    address = reverse("scoring:rules-revise", args=[published.pk])
    for wrong in ("", "明年", "202601"):
        assert client.post(address, {"effective_from": wrong}).url == reverse(
            "scoring:rules-detail", args=[published.pk]
        )
    assert RuleSet.objects.count() == 1
    answer = client.post(address, {"effective_from": "202701"})
    made = RuleSet.objects.get(version=2)
    assert answer.url == reverse("scoring:rules-edit", args=[made.pk])


def test_comparison_has_the_earlier_version_on_the_left():
    people = cast()
    published = rule_set(people.committee)
    draft = revise(published, effective_from=202701, by=None)
    client = client_of(people.business_admin)
    for one, other in ((draft, published), (published, draft)):
        page = client.get(reverse("scoring:rules-differences", args=[one.pk, other.pk]))
        assert (page.context["before"], page.context["after"]) == (published, draft)
        assert [(field.key, field.before, field.after) for field in page.context["found"].head] == [
            ("生效月份", "202601", "202701")
        ]


def test_comparison_needs_both_versions_to_be_visible():
    people = cast()
    published = rule_set(people.committee)
    draft = revise(published, effective_from=202701, by=None)
    other = rule_set(people.other_branch)
    for user, one in ((people.member, draft), (people.business_admin, other)):
        address = reverse("scoring:rules-differences", args=[published.pk, one.pk])
        assert client_of(user).get(address).status_code == 404


def test_rescue_tool_has_no_rules():
    """Rules are written on their own pages: there they pass every check."""
    assert not {RuleSet, Section, Item} & set(admin.site._registry)
