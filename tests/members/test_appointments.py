import datetime

import pytest

from members.errors import Refused
from members.models import Appointment, AuditEvent
from members.services import appointments
from tests import factories
from tests.factories import LONG_AGO, Duty, Kind, Post

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 5, 10)


def test_appoint_gives_the_post_and_notes_it():
    branch = factories.branch(name="检修部党支部")
    member = factories.member(branch)
    by = factories.user()
    row = appointments.appoint(member, unit=branch, post=Post.BRANCH_SECRETARY, started_on=DAY, by=by)
    assert Appointment.objects.at(DAY).get() == row
    line = AuditEvent.objects.get()
    assert (line.action, line.detail) == ("members.appoint_member", "检修部党支部 支部书记，自 2026-05-10")


@pytest.mark.parametrize(
    ("post", "kind", "allowed"),
    [
        (Post.BRANCH_SECRETARY, Kind.BRANCH, True),
        (Post.BRANCH_SECRETARY, Kind.GENERAL_BRANCH, True),
        (Post.BRANCH_SECRETARY, Kind.PARTY_COMMITTEE, False),
        (Post.COMMITTEE_SECRETARY, Kind.PARTY_COMMITTEE, True),
        (Post.COMMITTEE_SECRETARY, Kind.BRANCH, False),
        (Post.PARTY_WORKER, Kind.PARTY_COMMITTEE, True),
        (Post.PARTY_WORKER, Kind.BRANCH, False),
        (Post.GROUP_LEADER, Kind.PARTY_GROUP, True),
        (Post.GROUP_LEADER, Kind.BRANCH, False),
        (Post.SCORE_CLERK, Kind.BRANCH, True),
        (Post.INSPECTOR, Kind.DEPARTMENT, True),
        (Post.INSPECTOR, Kind.BRANCH, False),
    ],
)
def test_appoint_allows_a_post_only_in_its_kind_of_unit(post, kind, allowed):
    top = factories.committee()
    home = factories.branch(top)
    parent = {Kind.PARTY_COMMITTEE: None, Kind.PARTY_GROUP: home}.get(kind, top)
    unit, member = factories.unit(kind, parent), factories.member(home)
    if allowed:
        appointments.appoint(member, unit=unit, post=post, started_on=DAY, by=factories.user())
    else:
        with pytest.raises(Refused, match="任职，请选择对应的组织。$"):
            appointments.appoint(member, unit=unit, post=post, started_on=DAY, by=factories.user())


@pytest.mark.parametrize(("ended_on", "free"), [(None, False), (DAY + datetime.timedelta(days=1), False), (DAY, True)])
def test_appoint_refuses_a_second_secretary_at_the_same_time(ended_on, free):
    branch = factories.branch(name="甲")
    factories.appointment(factories.member(branch, name="陈志远"), branch, Post.BRANCH_SECRETARY, ended_on=ended_on)
    member = factories.member(branch)

    def appoint() -> Appointment:
        return appointments.appoint(
            member, unit=branch, post=Post.BRANCH_SECRETARY, started_on=DAY, by=factories.user()
        )

    if free:
        assert appoint().started_on == DAY
    else:
        with pytest.raises(Refused, match="^“甲”已有支部书记 陈志远，请先免去其职务。$"):
            appoint()


def test_appoint_takes_several_deputies():
    branch = factories.branch()
    for _ in range(2):
        appointments.appoint(
            factories.member(branch), unit=branch, post=Post.BRANCH_DEPUTY, started_on=DAY, by=factories.user()
        )
    assert Appointment.objects.count() == 2


def test_appoint_refuses_the_same_post_twice():
    branch = factories.branch()
    member = factories.member(branch)
    factories.appointment(member, branch, Post.SCORE_CLERK)
    with pytest.raises(Refused, match="^该党员已担任这一职务，不必重复任命。$"):
        appointments.appoint(member, unit=branch, post=Post.SCORE_CLERK, started_on=DAY, by=factories.user())


def test_appoint_refuses_who_has_left():
    branch = factories.branch()
    member = factories.member(name="王建国")
    factories.membership(member, branch, ended_on=DAY, ending="LEFT")
    with pytest.raises(Refused, match="^王建国已不在本单位，不能任职。$"):
        appointments.appoint(member, unit=branch, post=Post.SCORE_CLERK, started_on=DAY, by=factories.user())


@pytest.mark.parametrize("kept_apart", [True, False])
def test_appoint_keeps_administrators_out_of_business_posts(settings, kept_apart):
    settings.SEPARATE_ADMINISTRATORS = kept_apart
    branch = factories.branch()
    account = factories.user(factories.member(branch, name="王建国"), duty=Duty.AUDIT)

    def appoint() -> Appointment:
        return appointments.appoint(
            account.member, unit=branch, post=Post.SCORE_CLERK, started_on=DAY, by=factories.user()
        )

    if kept_apart:
        with pytest.raises(Refused, match="^王建国是三员管理员，按三员分立不能再任业务职务，请先免去管理职责。$"):
            appoint()
    else:
        assert appoint().member == account.member


def test_end_appointment_ends_once():
    branch = factories.branch()
    row = factories.appointment(factories.member(branch), branch, Post.SCORE_CLERK)
    appointments.end_appointment(row, on=DAY, by=factories.user())
    assert (list(Appointment.objects.at(DAY)), Appointment.objects.get().ended_on) == ([], DAY)
    with pytest.raises(Refused, match="^这个任职已于 2026-05-10 免去，不必再办。$"):
        appointments.end_appointment(row, on=DAY, by=factories.user())


def test_end_appointment_refuses_a_day_before_it_began():
    branch = factories.branch()
    row = factories.appointment(factories.member(branch), branch, Post.SCORE_CLERK)
    with pytest.raises(Refused, match="^免职日期不能早于任职日期 2020-01-01，请改日期。$"):
        appointments.end_appointment(row, on=LONG_AGO - datetime.timedelta(days=1), by=factories.user())


def test_end_posts_ends_what_would_begin_later_on_the_day_it_begins():
    branch = factories.branch()
    member = factories.member(branch)
    later = DAY + datetime.timedelta(days=30)
    factories.appointment(member, branch, Post.SCORE_CLERK)
    factories.appointment(member, branch, Post.ORG_COMMISSIONER, started_on=later)
    assert appointments.end_posts(Appointment.objects.filter(member=member), on=DAY) == 2
    assert sorted(Appointment.objects.values_list("ended_on", flat=True)) == [DAY, later]
