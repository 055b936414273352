"""一票否决 from the proposal to the decision and the appeal, and what becomes of the points."""

import datetime
import uuid
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from evaluations.models import MeetingVote, VetoCase, Voter
from evaluations.services import vetoes as services
from evaluations.services.votes import voting_members
from evaluations.todo import waiting_for
from members.errors import Refused
from members.models import AuditEvent, Membership, Message
from scoring import months
from scoring.explanation import explain
from scoring.models import Month, Score, Veto
from scoring.services.population import rules_in_force
from tests import factories
from tests.evaluations.vetoing import this_month, vetoing

pytestmark = pytest.mark.django_db
MEETING = "支部党员大会表决"


def answered(made, level="LIGHT", by=None):
    return services.answer_veto(made.case(level, by), by=made.cast.member, answer="事出有因，已退还")


def in_force(made, level="LIGHT"):
    return services.confirm_veto(answered(made, level), by=made.cast.committee_member, decision="情况属实")


def closed(made) -> None:
    """The branch's month of today, as a committee has closed it."""
    who, now = made.cast.secretary, timezone.now()
    Month.objects.create(
        unit=made.cast.branch, month=this_month(), state=Month.State.CLOSED, submitted_by=who, submitted_at=now,
        checked_by=made.cast.deputy, checked_at=now, closed_by=made.cast.committee_member, closed_at=now,
    )  # fmt: skip


def refused(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return str(refusal.value)


# --- the committee's form -----------------------------------------------------------------------
@pytest.mark.parametrize(("level", "total"), [("LIGHT", Decimal(60)), ("SEVERE", Decimal(0))])
def test_veto_of_each_level_shows_in_the_score_at_once(level, total):
    made = vetoing()
    assert made.score() == 80
    case = in_force(made, level)
    veto = case.veto
    assert (case.state, veto.from_month, veto.ground, veto.level) == ("IN_FORCE", this_month(), "违反廉洁纪律", level)
    assert made.score() == total
    assert Score.objects.get(account=made.account, month=this_month()).has_veto
    assert [one.ground for one in explain(Score.objects.get(account=made.account)).vetoes] == ["违反廉洁纪律"]


def test_veto_begins_with_the_first_month_that_is_not_closed():
    made = vetoing()
    closed(made)
    case = in_force(made)
    assert case.veto.from_month == months.shift(this_month(), 1)
    assert made.score() == 80


def test_person_is_told_of_every_step():
    made = vetoing()
    case = in_force(made)
    services.appeal_veto(case, by=made.cast.member, appeal="处理过重")
    services.uphold_veto(case, by=made.second, decision="维持")
    assert [one.text for one in Message.objects.filter(user=made.cast.member).order_by("pk")] == [
        f"支部对你提出一票否决（违反廉洁纪律），你可以在 {case.answer_until} 前申辩。",
        f"一票否决已决定，自{months.label(this_month())}起：积分封顶。不服可以申诉。",
        "你的申诉已有处理意见：维持一票否决。",
    ]


def test_moves_and_audit_say_who_and_why():
    made = vetoing()
    case = in_force(made)
    told = [(move.from_state, move.to_state, move.by, move.reason) for move in case.moves.all()]
    assert told == [
        ("", "PROPOSED", made.cast.secretary, ""),
        ("PROPOSED", "IN_FORCE", made.cast.committee_member, "情况属实"),
    ]
    actions = (
        AuditEvent.objects.filter(action__startswith="evaluations.").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == ["evaluations.veto_proposed", "evaluations.answer_veto", "evaluations.veto_in_force"]


def test_same_key_twice_is_one_case():
    made = vetoing()
    key = uuid.uuid4()
    first, second = (
        services.propose_veto(made.account, made.cast.branch, made.facts(), by=made.cast.secretary, key=key)
        for _ in range(2)
    )
    assert first == second
    assert VetoCase.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"level": "NONE"}, "没有规定这一程度的一票否决"),
        ({"ground": "迟到"}, "没有规定这一事由"),
        ({"facts": " "}, "请写明事实"),
        ({"happened_on": datetime.date(2999, 1, 1)}, "还没有到"),
    ],
)
def test_proposal_with_wrong_facts_is_refused(change, sentence):
    made = vetoing()
    facts = made.facts(**change)
    said = refused(
        lambda: services.propose_veto(made.account, made.cast.branch, facts, by=made.cast.secretary, key=uuid.uuid4())
    )
    assert sentence in said
    assert not VetoCase.objects.exists()


def test_proposal_is_refused_for_oneself_and_without_a_post():
    made = vetoing()
    own = services.Facts("LIGHT", "违法", timezone.localdate(), "自首")
    from_secretary = made.cast.secretary.member.account
    said = [
        refused(
            lambda: services.propose_veto(
                from_secretary, made.cast.branch, own, by=made.cast.secretary, key=uuid.uuid4()
            )
        ),
        refused(
            lambda: services.propose_veto(
                made.account, made.cast.branch, own, by=made.cast.colleague, key=uuid.uuid4()
            )
        ),
        refused(
            lambda: services.propose_veto(
                made.account, made.cast.other_branch, own, by=made.cast.committee_member, key=uuid.uuid4()
            )
        ),
    ]
    assert said == [
        "不能对自己提出一票否决，请由支委会其他成员办理。",
        "只有支委会成员或党委可以提出一票否决。",
        f"王建国现在不在{made.cast.other_branch}，请由所在支部提出。",
    ]


# --- answering ----------------------------------------------------------------------------------
def test_nothing_is_decided_before_the_person_answered_or_could_have():
    made = vetoing()
    case = made.case()
    assert "本人可在" in refused(lambda: services.confirm_veto(case, by=made.cast.committee_member, decision="属实"))
    VetoCase.objects.update(answer_until=timezone.localdate() - datetime.timedelta(days=1))
    assert services.confirm_veto(case, by=made.cast.committee_member, decision="属实").state == "IN_FORCE"


def test_answer_is_the_persons_alone_and_in_time():
    made = vetoing()
    case = made.case()
    assert "只能申辩" in refused(lambda: services.answer_veto(case, by=made.cast.colleague, answer="甲"))
    VetoCase.objects.update(answer_until=timezone.localdate() - datetime.timedelta(days=1))
    assert "申辩期已于" in refused(lambda: services.answer_veto(case, by=made.cast.member, answer="甲"))


# --- four eyes ----------------------------------------------------------------------------------
def test_decision_needs_the_committee_and_somebody_else():
    made = vetoing()
    case = answered(made, by=made.cast.committee_member)
    assert [
        refused(lambda: services.confirm_veto(case, by=made.cast.secretary, decision="属实")),
        refused(lambda: services.confirm_veto(case, by=made.cast.committee_member, decision="属实")),
        refused(lambda: services.confirm_veto(case, by=made.second, decision=" ")),
    ] == [
        "一票否决由党委书记或委员决定。",
        "提出人不能决定自己提出的一票否决，请由党委其他成员办理。",
        "请写明决定意见，不超过 1000 字。",
    ]
    assert services.confirm_veto(case, by=made.second, decision="属实").decided_by == made.second


def test_appeal_is_decided_by_somebody_else_than_the_veto():
    made = vetoing()
    case = services.appeal_veto(in_force(made), by=made.cast.member, appeal="处理过重")
    said = refused(
        lambda: services.lift_veto_case(case, by=made.cast.committee_member, decision="解除", from_start=False)
    )
    assert said == "原决定由你作出，申诉请由党委其他成员办理。"


def test_race_of_two_decisions_leaves_one():
    made = vetoing()
    case = answered(made)
    services.confirm_veto(case, by=made.cast.committee_member, decision="属实")
    stale = VetoCase.objects.get(pk=case.pk)
    assert "不能这样办理" in refused(lambda: services.reject_veto(stale, by=made.second, decision="不属实"))
    assert Veto.objects.count() == 1


# --- lifting ------------------------------------------------------------------------------------
def test_lifted_from_the_start_gives_the_points_back():
    made = vetoing()
    case = services.appeal_veto(in_force(made, "SEVERE"), by=made.cast.member, appeal="查无此事")
    case = services.lift_veto_case(case, by=made.second, decision="复查不属实", from_start=True)
    assert (case.state, case.veto.from_month, case.veto.to_month) == ("LIFTED", this_month(), this_month())
    assert made.score() == 80
    assert not Score.objects.get(account=made.account).has_veto


def test_lifted_later_leaves_the_period_under_the_veto():
    made = vetoing(period="季")
    case = in_force(made, "SEVERE")
    first = months.period_start(this_month(), "QUARTER")
    Veto.objects.update(from_month=first)
    case = services.appeal_veto(case, by=made.cast.secretary, appeal="书面申诉")
    case = services.lift_veto_case(case, by=made.second, decision="从轻", from_start=False)
    assert case.veto.to_month == max(this_month(), first)
    expected = 80 if this_month() == first else 0
    assert made.score() == expected


def test_closed_months_stay_as_they_were_when_a_veto_is_lifted():
    made = vetoing()
    case = in_force(made, "SEVERE")
    closed(made)
    case = services.appeal_veto(case, by=made.cast.member, appeal="查无此事")
    case = services.lift_veto_case(case, by=made.second, decision="不属实", from_start=True)
    assert case.veto.to_month == months.shift(this_month(), 1)
    assert made.score() == 0


def test_withdrawn_and_rejected_cases_have_no_effect():
    made = vetoing()
    taken_back = services.withdraw_veto(made.case(), by=made.cast.secretary, reason="提错了人")
    rejected = services.reject_veto(made.case(), by=made.cast.committee_member, decision="证据不足")
    assert [taken_back.state, rejected.state] == ["WITHDRAWN", "REJECTED"]
    assert not Veto.objects.exists()
    assert made.score() == 80


# --- the vote of the meeting --------------------------------------------------------------------
def test_carried_vote_goes_to_the_committee_for_confirmation():
    made = vetoing(MEETING)
    case = answered(made)
    assert "先由支部党员大会表决" in refused(
        lambda: services.confirm_veto(case, by=made.cast.committee_member, decision="属实")
    )
    case = services.record_veto_vote(case, made.minutes(yes=4, no=1), by=made.cast.commissioner)
    vote = case.vote
    assert (vote.due, vote.present, vote.yes, vote.no, vote.is_carried) == (6, 5, 4, 1, True)
    assert (case.state, made.score()) == ("VOTED", 80)
    case = services.confirm_veto(case, by=made.cast.committee_member, decision="同意支部意见")
    assert (case.state, made.score()) == ("IN_FORCE", 60)


def test_vote_without_majority_of_those_due_ends_the_case():
    made = vetoing(MEETING)
    case = services.record_veto_vote(answered(made), made.minutes(yes=3, no=1), by=made.cast.secretary)
    assert (case.state, case.vote, case.decision) == (
        "REJECTED", None, "应到 6 人，实到 4 人，赞成 3 票，未超过应到人数的一半（须 4 票），未通过。",
    )  # fmt: skip
    assert not Veto.objects.exists()


def test_invalid_vote_is_kept_and_the_meeting_may_vote_again():
    made = vetoing(MEETING)
    case = services.record_veto_vote(answered(made), made.minutes(yes=2), by=made.cast.secretary)
    assert case.state == "PROPOSED"
    case = services.record_veto_vote(case, made.minutes(yes=6), by=made.cast.secretary)
    assert (case.state, [row.vote.is_valid for row in case.votes.all()]) == ("VOTED", [False, True])


def test_members_left_out_by_decision_do_not_count_as_due():
    made = vetoing(MEETING)
    voters = [member.pk for member in voting_members(made.cast.branch, timezone.localdate())]
    told = dict.fromkeys(voters, "PRESENT") | {voters[0]: "OLD", voters[1]: "AWAY"}
    case = services.record_veto_vote(answered(made), made.minutes(4, voters=told), by=made.cast.secretary)
    excused = Voter.objects.filter(vote=case.vote, state="EXCUSED").order_by("pk")
    assert (case.vote.due, case.vote.present) == (4, 4)
    assert [(one.member_id, one.excuse) for one in excused] == [(voters[0], "OLD"), (voters[1], "AWAY")]


def test_probationary_members_have_no_vote():
    made = vetoing(MEETING)
    factories.member(made.cast.branch, name="预备", category="PROBATIONARY", regular_on=None)
    # Became a full member only later.
    later = timezone.localdate() + datetime.timedelta(days=30)
    factories.member(made.cast.branch, name="将转正", regular_on=later)
    names = {member.name for member in voting_members(made.cast.branch, timezone.localdate())}
    assert names == {"王建国", "李静怡", "周敏", "陈志远", "吴海涛", "郑雪"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"yes": 5, "no": 2}, "与实到 6 人不符"),
        ({"held_on": datetime.date(2999, 1, 1)}, "会议日期"),
        ({"voters": {1: "PRESENT"}}, "请刷新页面后重新核对"),
    ],
)
def test_vote_that_cannot_be_right_is_refused_and_nothing_written(fields, sentence):
    made = vetoing(MEETING)
    case = answered(made)
    minutes = replace(made.minutes(6), **fields)
    assert sentence in refused(lambda: services.record_veto_vote(case, minutes, by=made.cast.secretary))
    assert not MeetingVote.objects.exists()


def test_vote_is_refused_where_the_committee_decides():
    made = vetoing()
    case = answered(made)
    assert "由党委决定，不用表决" in refused(
        lambda: services.record_veto_vote(case, made.minutes(6), by=made.cast.secretary)
    )


def test_vote_is_recorded_by_the_branch_committee():
    made = vetoing(MEETING)
    case = answered(made)
    said = refused(lambda: services.record_veto_vote(case, made.minutes(6), by=made.cast.committee_member))
    assert said == "表决由支委会成员记录。"


# --- what the database refuses ------------------------------------------------------------------
def test_database_refuses_an_effect_without_a_decision():
    made = vetoing()
    case = made.case()
    with pytest.raises(IntegrityError), transaction.atomic():
        VetoCase.objects.filter(pk=case.pk).update(state="IN_FORCE")


def test_database_refuses_to_change_a_vote():
    made = vetoing(MEETING)
    case = services.record_veto_vote(answered(made), made.minutes(6), by=made.cast.secretary)
    with pytest.raises(DatabaseError, match="只增不改"), transaction.atomic():
        MeetingVote.objects.filter(pk=case.vote_id).update(yes=0, abstained=6)


def test_database_refuses_a_carried_vote_without_the_majority():
    made = vetoing(MEETING)
    with pytest.raises(IntegrityError), transaction.atomic():
        MeetingVote.objects.create(
            unit=made.cast.branch, body="BRANCH_MEETING", held_on=timezone.localdate(), subject="甲", manner="HANDS",
            due=6, present=6, yes=3, no=3, abstained=0, is_valid=True, is_carried=True, verdict="",
            by=made.cast.secretary, at=timezone.now(),
        )  # fmt: skip


# --- to-dos -------------------------------------------------------------------------------------
def titles(user) -> list[str]:
    return [todo.title for todo in waiting_for(user, timezone.localdate())]


def test_todos_lead_each_person_to_what_waits():
    made = vetoing(MEETING)
    case = made.case()
    assert [titles(one) for one in (made.cast.member, made.cast.secretary, made.cast.committee_member)] == [
        ["申辩一票否决：违反廉洁纪律"], [], [],
    ]  # fmt: skip
    services.answer_veto(case, by=made.cast.member, answer="事出有因")
    assert [titles(one) for one in (made.cast.member, made.cast.secretary)] == [[], ["一票否决待党员大会表决"]]
    case = services.record_veto_vote(case, made.minutes(6), by=made.cast.secretary)
    assert [titles(one) for one in (made.cast.secretary, made.second)] == [[], ["一票否决待党委决定"]]
    case = services.confirm_veto(case, by=made.cast.committee_member, decision="同意")
    services.appeal_veto(case, by=made.cast.member, appeal="过重")
    assert [titles(one) for one in (made.cast.committee_member, made.second)] == [[], ["一票否决申诉待处理"]]


def test_case_of_a_member_who_moved_away_is_proposed_by_the_new_branch():
    made = vetoing()
    Membership.objects.filter(member=made.cast.member.member).update(branch=made.cast.other_branch, group=None)
    assert "现在不在" in refused(made.case)
    assert rules_in_force([made.cast.other_branch], this_month())
