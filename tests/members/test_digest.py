"""每日汇总邮件 against a real mail server: once a day, whatever the server, a second worker or a kill -9 do."""

import datetime
from itertools import pairwise

import pytest
from django.utils import timezone

from members import todo
from members.models import AuditEvent, Digest, Message, User
from members.services.digest import MAX_ATTEMPTS, choose_mail, plan_digests, send_digests, settle_digests
from tests.factories import branch, member, user
from tests.harness.smtp import HANG_UP, STALL, mail_is_on
from tests.harness.threads import race

AT = datetime.datetime(2026, 10, 8, 1, 0, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def server(settings):
    with mail_is_on(settings) as running:
        yield running


def reader(address="zhang@example.cn", **fields) -> User:
    """Somebody with one unread message who wants mails."""
    person = user(member(branch()), email=address, **fields)
    Message.objects.create(user=person, text="申报“志愿服务”已入账，计 2 分。")
    return person


def send(at=AT) -> int:
    return send_digests(todo.waiting_for, at)


def rows() -> list[tuple[str, str, int, str]]:
    return [(one.address, one.state, one.attempts, one.failure) for one in Digest.objects.order_by("pk")]


def recipients(server) -> list[str]:
    return [letter["To"] for letter in server.letters]


SENT = ("z***@example.cn", "SENT", 1, "")


# --- what goes out --------------------------------------------------------------------------------
def test_letter_arrives_with_sentences_and_nothing_of_the_messages(db, server):
    reader()
    assert send() == 1
    (letter,) = server.letters
    assert {name: letter[name].strip() for name in ("To", "From", "Subject", "Auto-Submitted")} == {
        "To": "zhang@example.cn",
        "From": "points@example.cn",
        "Subject": "党员积分管理：1 件事项等您办理",
        "Auto-Submitted": "auto-generated",
    }
    text = letter.get_content()
    assert "· 未读消息（1）" in text.splitlines()
    assert ("志愿服务" in text, "2 分" in text) == (False, False)
    assert rows() == [SENT]


def test_mail_goes_to_those_alone_who_want_it(db, server):
    reader()
    reader("no@example.cn", mail=User.Mail.NONE)
    reader("gone@example.cn", is_active=False)
    reader("")
    quiet = user(member(branch()), email="quiet@example.cn")
    assert send() == 1
    assert recipients(server) == ["zhang@example.cn"]
    assert Digest.objects.get(user=quiet).state == "EMPTY"


def test_nothing_happens_where_no_mail_server_is_set(db, settings):
    reader()
    assert settings.MAIL_IS_ON is False
    assert (send(), rows()) == (0, [])


# --- once a day, and only news --------------------------------------------------------------------
def test_mail_goes_out_once_a_day_however_often_the_job_runs(db, server):
    reader()
    assert [send(AT + number * MINUTE) for number in range(0, 600, 100)] == [1, 0, 0, 0, 0, 0]
    assert (recipients(server), rows()) == (["zhang@example.cn"], [SENT])


def test_next_day_says_only_what_is_new(db, server):
    person, day = reader(), datetime.timedelta(days=1)
    assert [send(AT), send(AT + day)] == [1, 0]
    Message.objects.create(user=person, text="申报“表彰”被退回")
    assert send(AT + 2 * day) == 1
    assert [row[1] for row in rows()] == ["SENT", "EMPTY", "SENT"]


def test_two_workers_send_one_letter_to_each(real_db, server):
    people = [reader(f"z{number}@example.cn") for number in range(5)]
    outcomes = race(4, lambda _number: send())
    assert sum(outcomes) == len(people)
    assert sorted(recipients(server)) == sorted(person.email for person in people)


def test_two_schedulers_plan_one_row_for_each(real_db, server):
    reader()
    race(4, lambda _number: plan_digests(AT))
    assert Digest.objects.count() == 1


def test_choice_changed_after_planning_counts(db, server):
    person = reader()
    plan_digests(AT)
    choose_mail(person, email="", mail=User.Mail.NONE)
    assert (send(), recipients(server)) == (0, [])
    assert rows() == [("z***@example.cn", "EMPTY", 1, "")]


# --- a server that will not -----------------------------------------------------------------------
def test_refusal_for_the_moment_is_tried_again_after_longer_and_longer_pauses(db, server):
    reader()
    server.answers = {"RCPT": "450 later"}
    pauses, at = [], AT
    while Digest.objects.filter(state="FAILED").first() is None:
        send(at)
        assert send(at + MINUTE) == 0
        pauses.append(at)
        at = Digest.objects.get().due_at
        assert len(pauses) <= MAX_ATTEMPTS
    assert [(later - earlier) // MINUTE for earlier, later in pairwise(pauses)] == [5, 15, 45, 135]
    assert rows() == [("z***@example.cn", "FAILED", MAX_ATTEMPTS, "邮件服务器拒收（450）")]
    event = AuditEvent.objects.get(action="members.send_digest")
    assert (event.actor, event.result, event.detail) == ("系统", "REFUSED", "邮件服务器拒收（450）")
    assert "example.cn" not in event.target


def test_refusal_for_the_moment_ends_with_one_letter(db, server):
    reader()
    server.answers = {"RCPT": ["450 later"], "MAIL": ["250 ok", "451 busy"]}
    assert [send(AT), send(AT + 5 * MINUTE), send(AT + 20 * MINUTE)] == [0, 0, 1]
    assert (len(server.letters), rows()) == (1, [("z***@example.cn", "SENT", 3, "")])


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "END"])
def test_refusal_for_good_is_not_tried_again(db, server, verb):
    reader()
    server.answers = {verb: "550 no"}
    assert [send(AT), send(AT + 60 * MINUTE)] == [0, 0]
    assert (server.letters, rows()) == ([], [("z***@example.cn", "FAILED", 1, "邮件服务器拒收（550）")])


def test_one_refused_address_holds_up_nobody_else(db, server):
    for address in ("zhang@example.cn", "zhou@example.cn", "zeng@example.cn"):
        reader(address)
    server.answers = {"RCPT": ["250 ok", "550 no"]}
    assert send() == 2
    assert recipients(server) == ["zhang@example.cn", "zeng@example.cn"]
    assert server.connections == 1


# --- a server that says nothing --------------------------------------------------------------------
@pytest.mark.parametrize("silence", [STALL, HANG_UP])
def test_silent_greeting_is_tried_again_and_holds_the_others_back(db, server, silence):
    reader(), reader("zhou@example.cn")
    server.answers = {"HELLO": [silence]}
    assert (send(), server.connections) == (0, 1)
    assert [row[1:3] for row in rows()] == [("WAITING", 1), ("WAITING", 0)]
    assert rows()[0][3].startswith("连接不上邮件服务器（")
    assert send(AT + 5 * MINUTE) == 2


def test_no_server_at_all_is_tried_again(db, server, settings):
    reader()
    settings.EMAIL_PORT = 1
    assert (send(), rows()[0][1:]) == (0, ("WAITING", 1, "连接不上邮件服务器（ConnectionRefusedError）"))


@pytest.mark.parametrize("silence", [STALL, HANG_UP])
def test_letter_that_was_perhaps_taken_is_never_sent_twice(db, server, silence):
    reader(), reader("zhou@example.cn")
    server.answers = {"END": [silence]}
    assert [send(AT), send(AT + 60 * MINUTE)] == [1, 0]
    assert recipients(server) == ["zhang@example.cn", "zhou@example.cn"]
    assert [row[1] for row in rows()] == ["UNCLEAR", "SENT"]


def test_letter_of_a_worker_that_was_killed_is_given_up(db, server):
    reader()
    plan_digests(AT)
    Digest.objects.update(state="SENDING", claimed_at=AT, attempts=1)
    assert [send(AT + MINUTE), Digest.objects.get().state] == [0, "SENDING"]
    assert [send(AT + 10 * MINUTE), Digest.objects.get().state] == [0, "UNCLEAR"]
    assert server.letters == []


def test_what_was_not_sent_in_its_day_is_given_up_and_named_once(db, server):
    reader()
    plan_digests(AT)
    for _time in range(2):
        settle_digests(AT + datetime.timedelta(days=1))
    assert rows() == [("z***@example.cn", "FAILED", 0, "当天没有送出，请检查邮件服务器和后台任务。")]
    events = AuditEvent.objects.filter(action="members.send_digest")
    assert [(event.target, event.detail) for event in events] == [("每日汇总邮件", "1 封汇总邮件当天没有送出")]


def test_rows_are_kept_for_a_while_only(db):
    person = reader()
    for ago in (90, 91):
        Digest.objects.create(user=person, day=timezone.localdate(AT) - datetime.timedelta(days=ago), due_at=AT)
    settle_digests(AT)
    assert Digest.objects.count() == 1


# --- planning and to-dos ----------------------------------------------------------------------------
def test_planning_takes_as_many_queries_for_one_as_for_three(db, queries):
    asked = []
    for day in range(2):
        reader()
        with queries() as found:
            plan_digests(AT + datetime.timedelta(days=day))
        asked.append(len(found))
        reader()
    assert asked[0] == asked[1]


def test_system_administrator_is_told_of_mails_that_did_not_arrive(db, settings):
    settings.MAIL_IS_ON = True
    person, admin, today = reader(), user(username="system", duty="SYSTEM"), timezone.localdate()
    for number, state in enumerate(["FAILED", "UNCLEAR", "SENT", "FAILED"]):
        day = today - datetime.timedelta(days=[0, 1, 30, 31][number])
        Digest.objects.create(user=person, day=day, due_at=AT, state=state)
    assert [(one.title, one.count) for one in todo.waiting_for(admin)] == [("汇总邮件没有送达", 2)]
    assert "汇总邮件没有送达" not in [one.title for one in todo.waiting_for(person)]
