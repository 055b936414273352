"""每日汇总邮件: the list for the system administrator."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Digest
from tests import factories
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST = reverse("members:digest-list")


@pytest.fixture
def admin(client):
    user = factories.user(username="system", duty="SYSTEM")
    client.force_login(user)
    return user


def digests(*states: str) -> None:
    person, day = factories.user(factories.member(factories.branch())), datetime.date(2026, 10, 8)
    for number, state in enumerate(states):
        Digest.objects.create(
            user=person, day=day + number * datetime.timedelta(days=1), address="z***@example.cn", state=state,
            due_at=timezone.now(), failure="邮件服务器拒收（550）" if state == "FAILED" else "",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("", ["UNCLEAR", "FAILED", "SENT"]),
        ("SENT", ["SENT"]),
        ("FAILED", ["UNCLEAR", "FAILED"]),
        ("WAITING", []),
        ("nonsense", ["UNCLEAR", "FAILED", "SENT"]),
    ],
)
def test_list_is_newest_first_and_narrowed_by_state(client, admin, state, shown):
    digests("SENT", "FAILED", "UNCLEAR")
    assert [digest.state for digest in client.get(LIST, {"state": state}).context["page"]] == shown


def test_list_names_the_reason_and_a_masked_address(client, admin):
    digests("FAILED")
    page = client.get(LIST).content.decode()
    assert [words in page for words in ("z***@example.cn", "邮件服务器拒收（550）", "没有送达")] == [True] * 3


def test_list_says_whether_a_mail_server_is_set(client, admin, settings):
    said = []
    for settings.MAIL_IS_ON in (False, True):
        said.append("没有设置邮件服务器，现在不发邮件" in client.get(LIST).content.decode())
    assert said == [True, False]


def test_list_takes_as_many_queries_for_one_row_as_for_three(client, admin, queries):
    digests("SENT")
    one = queries_of(client, queries, LIST)
    digests("SENT", "FAILED", "WAITING")
    assert queries_of(client, queries, LIST) == one <= 12
