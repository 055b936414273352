"""站内消息: newest first, unread marked, opened by POST, nobody else's."""

import pytest
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent, Message
from members.services.messages import tell
from members.todo import waiting_for
from tests import factories
from tests.members.views.counting import queries_of

pytestmark = pytest.mark.django_db
LIST, READ, MAIL = (reverse(f"members:{name}") for name in ("message-list", "messages-read", "mail-choose"))


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


# --- reminders of several things ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "leads_to"), [("0", "/claims/"), ("1", "/months/"), ("2", LIST), ("x", LIST), ("-1", LIST), ("", LIST)]
)
def test_each_line_of_a_reminder_leads_to_its_own_page(client, person, line, leads_to):
    lines = [["2 件申报等您初核", "/claims/"], ["1 份月度积分等您审核", "/months/"]]
    message = Message.objects.create(user=person, text="提醒：有 2 类事项等您办理", lines=lines)
    page = client.get(LIST).content.decode()
    assert [text in page for text, _address in lines] == [True, True]
    answer = client.post(reverse("members:message-open", args=[message.pk]), {"line": line})
    assert answer.headers["Location"] == leads_to
    assert shown(client) == [("提醒：有 2 类事项等您办理", False)]


# --- the daily mail -----------------------------------------------------------------------------
def chosen(person) -> tuple[str, str]:
    person.refresh_from_db()
    return person.email, person.mail


def test_mail_is_offered_where_there_is_a_server_alone(client, person, settings):
    offers = []
    for settings.MAIL_IS_ON in (False, True):
        offers.append("电子邮箱" in client.get(LIST).content.decode())
    assert offers == [False, True]


def test_address_is_set_and_mail_switched_off_with_a_line_in_the_log(client, person):
    for email, mail in (("zhang@example.cn", "DAILY"), ("zhang@example.cn", "NONE"), ("", "NONE")):
        assert client.post(MAIL, {"email": email, "mail": mail}).headers["Location"] == LIST
        assert chosen(person) == (email, mail)
    events = AuditEvent.objects.filter(action="members.choose_mail").order_by("pk")
    assert [(event.user, event.detail) for event in events] == [
        (person, "每日汇总，z***@example.cn"), (person, "不发，z***@example.cn"), (person, "不发，没有邮箱"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("email", "mail", "field"),
    [
        ("", "DAILY", "email"),
        ("zhang", "DAILY", "email"),
        ("a@example.cn, b@example.cn", "DAILY", "email"),
        ("a@example.cn\nBcc: b@example.cn", "DAILY", "email"),
        ("z" * 250 + "@example.cn", "NONE", "email"),
        ("zhang@example.cn", "HOURLY", "mail"),
    ],
)
def test_wrong_address_or_choice_is_refused_beside_its_field(client, person, settings, email, mail, field):
    settings.MAIL_IS_ON = True
    answer = client.post(MAIL, {"email": email, "mail": mail})
    assert (answer.status_code, list(answer.context["form"].errors), chosen(person)) == (200, [field], ("", "DAILY"))


def test_choice_is_made_by_post(client, person):
    assert client.get(MAIL).status_code == 405
