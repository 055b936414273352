"""站内消息: newest first, unread marked, opened by POST, nobody else's."""

import pytest
from django.test import Client
from django.urls import reverse

from members.models import Message
from members.services.messages import tell
from members.todo import waiting_for
from tests import factories
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST, READ = reverse("members:message-list"), reverse("members:messages-read")


@pytest.fixture
def person(client):
    user = factories.user(factories.member(factories.branch()))
    client.force_login(user)
    return user


def told(person, *texts: str) -> list[Message]:
    for text in texts:
        tell(person.member_id, text, "members:password-change")
    return list(Message.objects.filter(user=person).order_by("pk"))


def shown(client: Client) -> list[tuple[str, bool]]:
    return [(message.text, message.read_at is None) for message in client.get(LIST).context["page"]]


def test_messages_are_listed_newest_first_with_the_unread_marked(client, person):
    first, _second = told(person, "申报已入账", "申报被退回")
    told(factories.user(factories.member(factories.branch())), "别人的")
    client.post(reverse("members:message-open", args=[first.pk]))
    assert shown(client) == [("申报被退回", True), ("申报已入账", False)]


def test_opening_leads_to_the_page_and_marks_as_read(client, person):
    (message,) = told(person, "请改密码")
    url = reverse("members:message-open", args=[message.pk])
    assert client.get(url).status_code == 405
    for _time in range(2):
        assert client.post(url).headers["Location"] == reverse("members:password-change")
    assert shown(client) == [("请改密码", False)]


def test_message_without_a_page_leads_back_to_the_list(client, person):
    message = Message.objects.create(user=person, text="通知")
    assert client.post(reverse("members:message-open", args=[message.pk])).headers["Location"] == LIST


def test_nobody_opens_another_persons_message(client, person):
    (message,) = told(factories.user(factories.member(factories.branch())), "别人的")
    assert client.post(reverse("members:message-open", args=[message.pk])).status_code == 404
    message.refresh_from_db()
    assert message.read_at is None


def test_all_that_was_on_the_page_is_marked_as_read(client, person):
    told(person, "一", "二")
    newest = client.get(LIST).context["newest"]
    told(person, "三")
    for last in (newest, "x", "9" * 30):
        client.post(READ, {"last": last})
    assert shown(client) == [("三", True), ("二", False), ("一", False)]


def test_unread_messages_are_a_to_do(person):
    told(person, "一", "二")
    assert [(todo.title, todo.url, todo.count) for todo in waiting_for(person)] == [("未读消息", LIST, 2)]


def test_list_takes_as_many_queries_for_one_row_as_for_three(client, person, queries):
    told(person, "一")
    one = queries_of(client, queries, LIST)
    told(person, "二", "三")
    assert queries_of(client, queries, LIST) == one <= 12
