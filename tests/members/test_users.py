import re

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher

from members.errors import Refused
from members.models import AuditEvent, User
from members.services import users
from members.services.users import Slip
from tests import factories
from tests.factories import Duty, Post

pytestmark = pytest.mark.django_db


def test_open_users_opens_one_for_each_member_without():
    branch = factories.branch(name="检修部党支部")
    member = factories.member(branch, name="王建国", staff_number="10001")
    factories.user(factories.member(branch, staff_number="10002"))
    factories.member(factories.branch(branch.parent), staff_number="10003")
    slips = users.open_users(branch, by=factories.user())
    assert [(slip.name, slip.username, slip.place) for slip in slips] == [("王建国", "10001", "检修部党支部")]
    account = User.objects.get(member=member)
    assert (account.username, account.must_change_password, account.is_active) == ("10001", True, True)
    assert check_password(slips[0].password, account.password)
    assert AuditEvent.objects.get().detail == "1 个账号"


def test_open_users_sorts_slips_by_name():
    branch = factories.branch()
    for name in ("孙立新", "曾小红", "王建国"):
        factories.member(branch, name=name)
    assert [slip.name for slip in users.open_users(branch, by=factories.user())] == ["孙立新", "王建国", "曾小红"]


def test_open_users_refuses_when_all_have_one():
    branch = factories.branch(name="甲")
    with pytest.raises(Refused, match="^“甲”的党员都已开通账号，不必再开。$"):
        users.open_users(branch, by=factories.user())


def test_open_users_refuses_a_name_that_is_taken_and_opens_none():
    branch = factories.branch()
    factories.member(branch, staff_number="10001")
    factories.member(branch, staff_number="10002")
    factories.user(username="10002")
    with pytest.raises(Refused, match="^登录名 10002 已被其他账号占用"):
        users.open_users(branch, by=factories.user())
    assert not User.objects.filter(username="10001").exists()


def test_open_users_refuses_more_than_can_be_printed_in_one_go(monkeypatch):
    monkeypatch.setattr(users, "OPEN_AT_ONCE", 2)
    branch = factories.branch(name="甲")
    for _ in range(3):
        factories.member(branch)
    with pytest.raises(Refused, match="^“甲”未开通账号的党员超过 2 人，请逐个支部开通，口令单也便于分发。$"):
        users.open_users(branch, by=factories.user())


def test_first_password_is_easy_to_read_and_never_the_same():
    made = {users.first_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[a-hjkmnp-z2-9]{5}-[a-hjkmnp-z2-9]{5}", word) for word in made)


def test_first_password_is_hashed_anew_at_the_first_sign_in(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    account, slip = users.open_administrator("audit", by=factories.user())
    quick = identify_hasher(account.password).decode(account.password)["iterations"]
    assert account.check_password(slip.password)
    slow = identify_hasher(account.password).decode(account.password)["iterations"]
    assert quick < 100_000 < slow


def test_reset_password_gives_a_new_slip_and_asks_for_a_change():
    branch = factories.branch(name="甲")
    account = factories.user(factories.member(branch, name="王建国", staff_number="10001"))
    slip = users.reset_password(account, by=factories.user())
    fresh = User.objects.get(pk=account.pk)
    assert slip == Slip("王建国", "10001", slip.password, "甲")
    assert (fresh.check_password(slip.password), fresh.check_password(factories.PASSWORD)) == (True, False)
    assert fresh.must_change_password is True


def test_reset_password_refuses_ones_own():
    account = factories.user()
    with pytest.raises(Refused, match="^自己的密码请在“修改密码”页面更改。$"):
        users.reset_password(account, by=account)


def test_open_administrator_refuses_a_name_in_use():
    factories.user(username="audit")
    factories.member(staff_number="10001")
    for name in ("audit", "10001"):
        with pytest.raises(Refused, match=f"^登录名 {name} 已被占用（党员的工号也算），请换一个。$"):
            users.open_administrator(name, by=factories.user())


def test_lock_and_unlock_happen_once_each():
    by, account = factories.user(), factories.user(username="10001")
    users.lock_user(account, reason="离岗", by=by)
    assert User.objects.get(pk=account.pk).is_active is False
    with pytest.raises(Refused, match="^账号 10001 已经是这个状态，不必再办。$"):
        users.lock_user(account, reason="离岗", by=by)
    users.unlock_user(account, by=by)
    assert User.objects.get(pk=account.pk).is_active is True
    assert list(AuditEvent.objects.values_list("action", "detail")) == [
        ("members.unlock_user", ""),
        ("members.lock_user", "离岗"),
    ]


def test_lock_user_refuses_oneself_and_no_reason():
    by = factories.user()
    with pytest.raises(Refused, match="^不能停用自己的账号，请另一名安全管理员办理。$"):
        users.lock_user(by, reason="离岗", by=by)
    with pytest.raises(Refused, match="^停用账号须写明理由，请填写理由。$"):
        users.lock_user(factories.user(), reason=" ", by=by)


def test_unlock_user_refuses_who_has_left():
    account = factories.user(factories.member(name="王建国"), is_active=False)
    with pytest.raises(Refused, match="^王建国已不在本单位，账号不能启用；重新转入后再启用。$"):
        users.unlock_user(account, by=factories.user())


# --- duties ----------------------------------------------------------------------------------
def test_assign_duty_gives_and_takes():
    account, by = factories.user(), factories.user()
    users.assign_duty(account, duty=Duty.AUDIT, by=by)
    assert User.objects.get(pk=account.pk).duty == Duty.AUDIT
    users.assign_duty(account, duty=Duty.NONE, by=by)
    assert list(AuditEvent.objects.values_list("detail", flat=True)) == ["审计管理员 → 无", "无 → 审计管理员"]


def test_assign_duty_refuses_ones_own():
    by = factories.user(duty=Duty.SECURITY)
    with pytest.raises(Refused, match="^不能更改自己的管理职责，请另一名安全管理员办理。$"):
        users.assign_duty(by, duty=Duty.ALL, by=by)


@pytest.mark.parametrize(
    ("before", "after", "post", "sentence"),
    [
        ("", Duty.ALL, None, "三员分立时，一个人只能担任系统、安全、审计管理员中的一种，请只选一种。"),
        (Duty.SYSTEM, Duty.AUDIT, None, "王建国已是系统管理员，三员不能兼任，请先免去原职责。"),
        ("", Duty.AUDIT, Post.SCORE_CLERK, "王建国任甲 记分员，三员不能兼业务职务，请先免职或另选人员。"),
    ],
)
@pytest.mark.parametrize("kept_apart", [True, False])
def test_assign_duty_keeps_the_three_administrators_apart(settings, kept_apart, before, after, post, sentence):
    settings.SEPARATE_ADMINISTRATORS = kept_apart
    branch = factories.branch(name="甲")
    account = factories.user(factories.member(branch, name="王建国"), duty=before)
    if post:
        factories.appointment(account.member, branch, post)
    if kept_apart:
        with pytest.raises(Refused, match=f"^{sentence}$"):
            users.assign_duty(account, duty=after, by=factories.user())
        assert User.objects.get(pk=account.pk).duty == before
    else:
        users.assign_duty(account, duty=after, by=factories.user())
        assert User.objects.get(pk=account.pk).duty == after
