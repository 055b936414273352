"""Sign-ins: opened in bulk with printable first passwords, reset, locked, given a duty."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from axes.utils import reset as reset_failures
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Appointment, Member, Membership, OrgUnit, User
from members.services.audit import record

# Without letters and digits that look alike on paper.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
# A first password is 49 random bits: nobody guesses it however fast the hash, so it need not be slowed
# down like a password that a person thought up. Django hashes it anew at the first sign-in.
_FIRST_ITERATIONS = 20_000
# So many sign-ins are opened and printed in one go; more would keep the page waiting for too long.
OPEN_AT_ONCE = 500
Duty = User.Duty


@dataclass(frozen=True)
class Slip:
    """What is handed to a person on paper, once."""

    name: str
    username: str
    password: str
    place: str


def first_password() -> str:
    """Ten characters in two groups, easy to read off a slip: about 49 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _i in range(5)) for _group in range(2))


def without_user(unit: OrgUnit) -> int:
    """How many current members of the unit have no sign-in; counted no further than can be opened in one go."""
    signed = Exists(User.objects.filter(member=OuterRef("member")))
    rows = Membership.objects.current().within(unit).exclude(signed)
    return rows.order_by()[: OPEN_AT_ONCE + 1].count()


def open_users(unit: OrgUnit, *, by: User) -> list[Slip]:
    """Open a sign-in for every current member of the unit that has none.

    Out: one slip per member, shown once; the passwords are never stored in the clear.
    """
    rows = Membership.objects.current().within(unit).filter(member__user__isnull=True)
    places = list(rows.select_related("member", "branch").by_name()[: OPEN_AT_ONCE + 1])
    if not places:
        raise Refused(_("“%s”的党员都已开通账号，不必再开。") % unit)
    if len(places) > OPEN_AT_ONCE:
        raise Refused(
            _("“%(unit)s”未开通账号的党员超过 %(limit)d 人，请逐个支部开通，口令单也便于分发。")
            % {"unit": unit, "limit": OPEN_AT_ONCE}
        )
    people = [row.member for row in places]
    _check_names_free(people)
    passwords = [first_password() for _member in people]
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(_hash_first, passwords))
    _create_users(people, hashes, unit, by)
    return [
        Slip(row.member.name, row.member.staff_number, password, row.branch.name)
        for row, password in zip(places, passwords, strict=True)
    ]


@transaction.atomic
def open_administrator(username: str, *, by: User) -> tuple[User, Slip]:
    """A sign-in without a member, for an administrator; the security administrator gives it a duty."""
    username = username.strip()
    if not username:
        raise Refused(_("登录名不能为空，请填写。"))
    if User.objects.filter(username=username).exists() or Member.objects.filter(staff_number=username).exists():
        raise Refused(_("登录名 %s 已被占用（党员的工号也算），请换一个。") % username)
    password = first_password()
    user = User.objects.create(username=username, password=_hash_first(password), must_change_password=True)
    record(by, "members.open_administrator", user)
    return user, Slip(username, username, password, "")


@transaction.atomic
def reset_password(user: User, *, by: User) -> Slip:
    """Give a person a new first password, to be changed at the next sign-in; wrong attempts are forgotten."""
    if user.pk == by.pk:
        raise Refused(_("自己的密码请在“修改密码”页面更改。"))
    password = first_password()
    user.password = _hash_first(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    reset_failures(username=user.username)
    record(by, "members.reset_password", user)
    place = user.member.last_membership.branch.name if user.member and user.member.last_membership else ""
    return Slip(str(user), user.username, password, place)


@transaction.atomic
def change_password(user: User, password: str) -> None:
    """Set one's own password; the form has seen to it that it differs from the one on the slip."""
    user.set_password(password)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    record(user, "members.change_password", user)


@transaction.atomic
def lock_user(user: User, *, reason: str, by: User) -> None:
    """Nobody signs in with it any more; a session that is open ends with its next click."""
    if user.pk == by.pk:
        raise Refused(_("不能停用自己的账号，请另一名安全管理员办理。"))
    if not reason.strip():
        raise Refused(_("停用账号须写明理由，请填写理由。"))
    _set_active(user, False)
    record(by, "members.lock_user", user, detail=reason.strip())


@transaction.atomic
def unlock_user(user: User, *, by: User) -> None:
    """Enable the account again and forget its wrong attempts."""
    if user.member and not Membership.objects.current().filter(member=user.member).exists():
        raise Refused(_("%s已不在本单位，账号不能启用；重新转入后再启用。") % user)
    _set_active(user, True)
    reset_failures(username=user.username)
    record(by, "members.unlock_user", user)


@transaction.atomic
def assign_duty(user: User, *, duty: str, by: User) -> None:
    """Make somebody system, security or audit administrator, or take the duty away."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.pk == by.pk:
        raise Refused(_("不能更改自己的管理职责，请另一名安全管理员办理。"))
    if duty == user.duty:
        return
    if duty and settings.SEPARATE_ADMINISTRATORS:
        _check_separate(user, duty)
    old, user.duty = user.get_duty_display(), duty
    user.save(update_fields=["duty"])
    record(by, "members.assign_duty", user, detail=f"{old} → {user.get_duty_display()}")


def _hash_first(password: str) -> str:
    hasher = PBKDF2PasswordHasher()
    return hasher.encode(password, hasher.salt(), iterations=_FIRST_ITERATIONS)


def _check_names_free(people: list[Member]) -> None:
    names = [member.staff_number for member in people]
    taken = sorted(User.objects.filter(username__in=names).values_list("username", flat=True))
    if taken:
        raise Refused(_("登录名 %s 已被其他账号占用，请先由系统管理员处理这些账号。") % "、".join(taken[:10]))


def _create_users(people: list[Member], hashes: list[str], unit: OrgUnit, by: User) -> None:
    users = [
        User(username=member.staff_number, member=member, password=hashed, must_change_password=True)
        for member, hashed in zip(people, hashes, strict=True)
    ]
    try:
        with transaction.atomic():
            User.objects.bulk_create(users)
            record(by, "members.open_users", unit, detail=f"{len(people)} 个账号")
    except IntegrityError:
        raise Refused(_("另一个人刚刚为“%s”开通了账号，请刷新页面后再看。") % unit) from None


def _set_active(user: User, is_active: bool) -> None:
    """Only from the other state: of two people at once, the later one is told."""
    if not User.objects.filter(pk=user.pk, is_active=not is_active).update(is_active=is_active):
        raise Refused(_("账号 %s 已经是这个状态，不必再办。") % user.username)
    user.is_active = is_active


def _check_separate(user: User, duty: str) -> None:
    if duty == Duty.ALL:
        raise Refused(_("三员分立时，一个人只能担任系统、安全、审计管理员中的一种，请只选一种。"))
    if user.duty:
        raise Refused(
            _("%(user)s已是%(duty)s，三员不能兼任，请先免去原职责。") % {"user": user, "duty": user.get_duty_display()}
        )
    held = Appointment.objects.filter(member=user.member_id, ended_on__isnull=True) if user.member_id else None
    post = held.select_related("unit").first() if held is not None else None
    if post:
        raise Refused(_("%(user)s任%(post)s，三员不能兼业务职务，请先免职或另选人员。") % {"user": user, "post": post})
