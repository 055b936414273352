"""表决: what a meeting has voted, counted from the list of those with a vote (domain.md §3)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.calculation.votes import Count, judge, miscounted
from evaluations.models import MeetingVote, Voter
from members.access import BRANCH_COMMITTEE_POSTS
from members.errors import Refused
from members.models import Appointment, Member, Membership, OrgUnit, User
from members.services.audit import record
from scoring.models import Activity, Attendance

State = Voter.State


@dataclass(frozen=True)
class Minutes:
    """What the recorder writes down: the day, how it was voted, and for every voting member whether they came.

    `voters`: member id -> state, or the excuse for which somebody is left out of 应到.
    """

    held_on: datetime.date
    manner: str
    voters: Mapping[int, str]
    yes: int
    no: int
    abstained: int


def voting_members(branch: OrgUnit, day: datetime.date) -> list[Member]:
    """Whoever has a vote in the branch meeting of that day: full members. Probationary members have none."""
    regular = Q(member__regular_on__isnull=True) | Q(member__regular_on__lte=day)
    stays = Membership.objects.at(day).filter(regular, branch=branch, member__category=Member.Category.FULL)
    return [stay.member for stay in stays.select_related("member").order_by("member__pinyin", "member__staff_number")]


def present_at(branch: OrgUnit, day: datetime.date) -> set[int]:
    """The members that the attendance sheet of the 党员大会 of that day has as present: nobody is asked twice."""
    held = Attendance.objects.filter(
        activity__unit=branch,
        activity__kind=Activity.Kind.GENERAL_MEETING,
        activity__state=Activity.State.HELD,
        activity__held_on=day,
        mark=Attendance.Mark.PRESENT,
    )
    return set(held.values_list("account__member", flat=True))


def committee_members(unit: OrgUnit, day: datetime.date) -> list[Member]:
    """Who sits in the branch committee (支委会) on a day."""
    held = Appointment.objects.at(day).filter(unit=unit, post__in=BRANCH_COMMITTEE_POSTS).values("member")
    return list(Member.objects.filter(pk__in=held).order_by("pinyin", "staff_number"))


def record_branch_vote(
    branch: OrgUnit, subject: str, minutes: Minutes, *, by: User, strict: bool = False
) -> MeetingVote:
    """Write down a vote of the branch meeting. 应到 and 实到 follow from the list, they are not typed.

    An invalid vote is written down as well, with the reason; raise Refused only where the numbers cannot be right.
    """
    known = {member.pk for member in voting_members(branch, minutes.held_on)}
    return _record(branch, MeetingVote.Body.BRANCH_MEETING, subject, minutes, known, by, strict=strict)


def record_committee_vote(unit: OrgUnit, subject: str, minutes: Minutes, *, by: User) -> MeetingVote:
    """The same of the branch committee: more than half of its members have to be there."""
    known = {member.pk for member in committee_members(unit, minutes.held_on)}
    return _record(unit, MeetingVote.Body.BRANCH_COMMITTEE, subject, minutes, known, by, strict=True)


@transaction.atomic
def _record(
    unit: OrgUnit, body: str, subject: str, minutes: Minutes, known: set[int], by: User, *, strict: bool
) -> MeetingVote:
    if minutes.held_on > timezone.localdate():
        raise Refused(_("会议日期 %s 还没有到，请核对。") % minutes.held_on)
    if not known or set(minutes.voters) != known:
        raise Refused(_("有表决权的人员名单与 %s 的名册不一致，请刷新页面后重新核对。") % minutes.held_on)
    states = [state if state in State.values else State.EXCUSED for state in minutes.voters.values()]
    present, excused = states.count(State.PRESENT), states.count(State.EXCUSED)
    count = Count(len(states) - excused, present, minutes.yes, minutes.no, minutes.abstained)
    wrong = miscounted(count)
    if wrong:
        raise Refused(wrong)
    verdict = judge(count, strict=strict)
    vote = MeetingVote.objects.create(
        unit=unit, body=body, held_on=minutes.held_on, subject=subject, manner=minutes.manner, is_strict=strict,
        due=count.due, present=count.present, yes=count.yes, no=count.no, abstained=count.abstained,
        is_valid=verdict.is_valid, is_carried=verdict.is_carried, verdict=verdict.sentence, by=by, at=timezone.now(),
    )  # fmt: skip
    Voter.objects.bulk_create(_voter(vote, member, told) for member, told in minutes.voters.items())
    record(by, "evaluations.record_vote", vote, detail=verdict.sentence)
    return vote


def _voter(vote: MeetingVote, member: int, told: str) -> Voter:
    if told in State.values:
        return Voter(vote=vote, member_id=member, state=told)
    return Voter(vote=vote, member_id=member, state=State.EXCUSED, excuse=told)
