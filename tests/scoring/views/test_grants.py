"""集体计分: the page, its two forms, the preview, undoing, and the cause on every record."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from scoring.models import Grant, LedgerEntry, Score
from tests.scoring.factories import MONTH
from tests.scoring.granting import House, house

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(made: House, name: str) -> str:
    return reverse(f"scoring:{name}", args=[made.cast.branch.pk, MONTH])


def said(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def post_event(made: House, user=None, **given):
    fields = {
        "event-item": made.item("加-1").pk, "event-text": "3小时", "event-reason": "清扫厂区", "event-whom": "chosen",
        "event-key": uuid.uuid4(), "account": [made.account(made.cast.member).pk],
    } | given  # fmt: skip
    return client_of(user or made.cast.secretary).post(address(made, "grant-event"), fields, follow=True)


def post_share(made: House, weights: dict, **given):
    fields = {
        "share-item": made.item("加-2").pk, "share-total": "10", "share-reason": "先进班组", "share-key": uuid.uuid4(),
    } | {f"weight-{made.account(user).pk}": weight for user, weight in weights.items()} | given  # fmt: skip
    return client_of(made.cast.secretary).post(address(made, "grant-share"), fields, follow=True)


@pytest.mark.parametrize(
    ("whom", "names"),
    [
        ("chosen", ["王建国"]),
        ("group", ["李静怡", "王建国", "周敏"]),
        ("branch", ["陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]),
    ],
)
def test_event_is_credited_to_whom_it_is_meant_for(whom, names):
    made = house()
    page = post_event(made, **{"event-whom": str(made.cast.group.pk) if whom == "group" else whom})
    assert said(page) == [f"已计分：清扫厂区，共 {len(names)} 人。"]
    assert [name for name, _code, _points in made.standing()] == names
    assert [len(line.standing) for line in page.context["lines"]] == [len(names)]


def test_same_form_sent_twice_counts_once():
    made = house()
    key = uuid.uuid4()
    for _time in range(2):
        post_event(made, **{"event-key": key})
    assert (Grant.objects.count(), LedgerEntry.objects.count()) == (1, 1)


def test_refused_event_stays_on_the_page_as_it_was_typed():
    made = house()
    page = post_event(made, **{"event-text": "9小时"})
    assert said(page) == ["加-1 义务劳动 每月最多 3 分。"]
    form = page.context["event"]
    assert (form["text"].value(), form.ticked) == ("9小时", {str(made.account(made.cast.member).pk)})
    assert not LedgerEntry.objects.exists()


def test_share_is_written_as_it_was_previewed():
    made = house()
    people = made.cast
    weights = {people.member: "1", people.colleague: "1", people.deputy: "1", people.secretary: ""}
    asked = {f"weight-{made.account(user).pk}": text for user, text in weights.items()}
    preview = client_of(people.secretary).get(
        address(made, "share-preview"), {"share-item": made.item("加-2").pk, "share-total": "10"} | asked
    )
    shown = [(name, "加-2", str(share)) for name, share in preview.context["parts"]]
    assert shown == [("李静怡", "加-2", "3.34"), ("王建国", "加-2", "3.33"), ("吴海涛", "加-2", "3.33")]
    assert said(post_share(made, weights)) == ["已计分：先进班组，共 3 人。"]
    assert made.standing() == shown


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"share-total": "三"}, "分配总分：“三”不是数字，最多两位小数，请改正。"),
        ({"share-total": "30"}, "分到的 15 分超出加-2 集体荣誉每人 0 到 10 分的范围，请调整总分或比例。"),
        ({"share-total": ""}, None),
    ],
)
def test_preview_says_what_is_wrong_and_keeps_quiet_about_what_is_missing(fields, sentence):
    made = house()
    asked = {f"weight-{made.account(user).pk}": "1" for user in (made.cast.member, made.cast.colleague)}
    given = {"share-item": made.item("加-2").pk} | asked | fields
    preview = client_of(made.cast.secretary).get(address(made, "share-preview"), given)
    assert preview.context.get("refusal") == sentence
    assert "parts" not in preview.context


def test_odd_weight_is_refused_by_name():
    made = house()
    page = post_share(made, {made.cast.member: "-1"})
    assert page.context["share"].non_field_errors() == ["王建国的比例不能为负，不参加分配的请留空。"]


def test_undo_reverses_and_the_page_shows_it():
    made = house()
    post_event(made)
    url = reverse("scoring:grant-undo", args=[Grant.objects.get().pk])
    client = client_of(made.cast.deputy)
    assert said(client.post(url, {"reason": ""}, follow=True)) == ["请写明撤销的原因，不超过 200 字。"]
    page = client.post(url, {"reason": "记错月份"}, follow=True)
    assert said(page) == ["已撤销，冲正 1 条记录。"]
    assert made.standing() == []
    assert [(len(line.entries), len(line.standing)) for line in page.context["lines"]] == [(1, 0)]


def test_forms_are_offered_while_the_month_is_open_and_to_who_enters_it():
    made = house()
    offered = {}
    for state in ("OPEN", "SUBMITTED"):
        for role in ("secretary", "committee_member"):
            page = client_of(made.cast.by_role()[role]).get(address(made, "grant-list"))
            offered[state, role] = "event" in page.context
        made.submit() if state == "OPEN" else None
    assert offered == {
        ("OPEN", "secretary"): True,
        ("OPEN", "committee_member"): False,
        ("SUBMITTED", "secretary"): False,
        ("SUBMITTED", "committee_member"): False,
    }


def test_months_that_are_none_are_not_found():
    made = house()
    client = client_of(made.cast.secretary)
    for unit, month in ((made.cast.branch, 202613), (made.cast.branch, 299912)):
        assert client.get(reverse("scoring:grant-list", args=[unit.pk, month])).status_code == 404
    top = client_of(made.cast.committee_member)
    assert top.get(reverse("scoring:grant-list", args=[made.cast.committee.pk, MONTH])).status_code == 404


def test_record_and_explanation_name_the_cause():
    made = house()
    post_event(made, **{"event-whom": "branch"})
    made.submit()
    own = made.account(made.cast.member)
    entry = LedgerEntry.objects.get(account=own)
    pages = [reverse("scoring:entry", args=[entry.pk])]
    pages.append(reverse("scoring:explanation", args=[Score.objects.get(account=own).pk]))
    link = f'href="{address(made, "grant-list")}#grant-{entry.cause_id}"'
    for page in pages:
        for user, sees in ((made.cast.member, False), (made.cast.secretary, True)):
            text = client_of(user).get(page).content.decode()
            assert ("集体事项：清扫厂区 共 6 人" in text, link in text) == (True, sees)


def test_page_asks_as_often_for_many_grants_as_for_one(queries):
    made = house()
    counts = []
    for whom, times in (("chosen", 1), ("branch", 3)):
        for _time in range(times):
            post_event(made, **{"event-whom": whom})
        client = client_of(made.cast.secretary)
        client.get(address(made, "grant-list"))
        with queries() as asked:
            client.get(address(made, "grant-list"))
        counts.append(len(asked))
    assert counts[0] == counts[1]
