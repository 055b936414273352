"""Rule sets as pages: read, load, publish."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from scoring.models import RuleSet
from scoring.services.rules import preset_text
from tests.factories import cast
from tests.scoring.factories import rule_set

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
