"""Signing in, the first password, the lock after wrong attempts, the end of an idle session."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent, User
from members.services import users
from tests import factories

pytestmark = pytest.mark.django_db
SIGN_IN = reverse("members:sign-in")
CHANGE = reverse("members:password-change")
UNITS = reverse("members:unit-tree")


def sign_in(client: Client, username: str, password: str):
    return client.post(SIGN_IN, {"username": username, "password": password})


def test_sign_in_leads_home_and_leaves_a_line(client):
    account = factories.user(username="10001")
    answer = sign_in(client, "10001", factories.PASSWORD)
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    event = AuditEvent.objects.get()
    assert (event.user, event.action, event.result, event.address) == (account, "members.sign_in", "DONE", "127.0.0.1")


def test_wrong_password_is_noted_and_says_whom_to_ask(client):
    factories.user(username="10001")
    answer = sign_in(client, "10001", "wrong")
    assert "忘记密码请找支部书记重置" in answer.content.decode()
    event = AuditEvent.objects.get()
    assert (event.user, event.action, event.target, event.result) == (None, "members.sign_in", "10001", "REFUSED")


def test_five_wrong_passwords_lock_the_door_until_it_is_unlocked(client):
    account = factories.user(username="10001")
    codes = [sign_in(client, "10001", "wrong").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 200, 429]
    assert sign_in(client, "10001", factories.PASSWORD).status_code == 429
    users.reset_password(account, by=factories.user())
    account.set_password(factories.PASSWORD)
    account.save()
    assert sign_in(client, "10001", factories.PASSWORD).status_code == 302


def test_locking_one_person_out_locks_nobody_else(client):
    factories.user(username="10001")
    factories.user(username="10002")
    for _ in range(5):
        sign_in(client, "10001", "wrong")
    assert sign_in(client, "10002", factories.PASSWORD).status_code == 302


def test_first_password_must_be_changed_before_anything_else(client):
    _account, slip = users.open_administrator("audit", by=factories.user())
    sign_in(client, "audit", slip.password)
    answer = client.get(UNITS)
    assert (answer.status_code, answer["Location"]) == (302, CHANGE)
    fresh = {"new_password1": "three-red-lamps-7", "new_password2": "three-red-lamps-7"}
    answer = client.post(CHANGE, {"old_password": slip.password, **fresh})
    assert (answer.status_code, answer["Location"]) == (302, reverse("home"))
    assert client.get(UNITS).status_code == 200
    assert User.objects.get(username="audit").must_change_password is False


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("{slip}", "新密码不能与原密码相同。"),
        ("short-7", "密码太短，至少 10 个字符，请加长。"),
        ("93716450218", "密码只包含数字。"),
        ("password1234", "这个密码太常见了。"),
    ],
)
def test_first_password_is_not_changed_into_a_weak_one(client, password, sentence):
    _account, slip = users.open_administrator("audit", by=factories.user())
    sign_in(client, "audit", slip.password)
    chosen = password.format(slip=slip.password)
    form = {"old_password": slip.password, "new_password1": chosen, "new_password2": chosen}
    answer = client.post(CHANGE, form)
    said = " ".join(text for texts in answer.context["form"].errors.values() for text in texts)
    assert (answer.status_code, User.objects.get(username="audit").must_change_password) == (200, True)
    assert said == sentence


def test_locked_account_cannot_sign_in_and_an_open_session_ends(client):
    account = factories.user(username="10001")
    client.force_login(account)
    assert client.get(UNITS).status_code == 200
    users.lock_user(account, reason="离岗", by=factories.user())
    assert client.get(UNITS)["Location"].startswith(SIGN_IN)
    assert sign_in(client, "10001", factories.PASSWORD).status_code == 200


def test_idle_session_ends(client, settings, monkeypatch):
    client.force_login(factories.user())
    client.get(UNITS)
    now = time.time()
    monkeypatch.setattr("members.middleware.time.time", lambda: now + settings.SESSION_IDLE_SECONDS - 1)
    assert client.get(UNITS).status_code == 200
    monkeypatch.setattr("members.middleware.time.time", lambda: now + 3 * settings.SESSION_IDLE_SECONDS)
    assert client.get(UNITS)["Location"] == SIGN_IN
    assert client.get(UNITS).status_code == 302


def test_reset_ends_the_open_session(client):
    account = factories.user(username="10001")
    client.force_login(account)
    users.reset_password(User.objects.get(pk=account.pk), by=factories.user())
    assert client.get(UNITS)["Location"].startswith(SIGN_IN)


def test_refused_page_leaves_a_line(client):
    cast = factories.cast()
    client.force_login(cast.member)
    assert client.get(reverse("members:audit-list")).status_code == 403
    event = AuditEvent.objects.first()
    assert (event.user, event.action, event.target, event.result) == (
        cast.member,
        "members.view_audit",
        "/audit/",
        "REFUSED",
    )
