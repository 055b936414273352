"""Claims: every step by everybody, four eyes, what cannot be claimed, deductions with their answer, races."""

import datetime
import uuid
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.errors import Refused
from members.models import Appointment, Message
from scoring.models import Claim, ClaimMove, Evidence, LedgerEntry, Month, Score
from scoring.services import months
from scoring.services.claim_chain import may_act
from scoring.services.claimable import cap_note
from scoring.services.claims import (
    advance_claim,
    advance_many,
    return_claim,
    save_claim,
    submit_claim,
    withdraw_claim,
)
from scoring.services.deductions import answer_deduction, drop_deduction, propose_deduction
from scoring.services.runs import finish_run, start_run
from tests.factories import exclusion, user
from tests.harness.threads import race
from tests.scoring.claiming import DAY, claiming
from tests.scoring.factories import MONTH

CHAIN = ("group_leader", "commissioner", "secretary")


def walk(made, claim, *roles):
    for role in roles or CHAIN:
        claim = advance_claim(claim, by=made.cast.by_role()[role])
    return claim


def refused(act, *words):
    with pytest.raises(Refused) as refusal:
        act()
    assert str(refusal.value).endswith("。")
    for word in words:
        assert word in str(refusal.value)
    return str(refusal.value)


# --- the chain ------------------------------------------------------------------------------
def test_claim_goes_through_three_hands_and_posts_its_entry_with_the_last(db):
    made = claiming()
    claim = made.claim(text="2次")
    states = [(claim.state, claim.next_step)]
    for role in CHAIN:
        claim = advance_claim(claim, by=made.cast.by_role()[role], opinion="属实")
        states.append((claim.state, claim.next_step))
    assert states == [("CLAIMED", "CHECK"), ("CHECKED", "REVIEW"), ("REVIEWED", "APPROVE"), ("APPROVED", "")]
    entry = LedgerEntry.objects.get()
    assert (entry.account, entry.item.code, entry.points, entry.quantity, entry.source, entry.reason) == (
        claim.account, "加-1", 4, 2, "CLAIM", "周末社区义诊",
    )  # fmt: skip
    assert (entry.happened_on, entry.month, entry.filed_by, claim.entry) == (DAY, MONTH, made.cast.member, entry)
    assert [(move.step, move.by) for move in claim.moves.all()] == [
        ("", made.cast.member), *((step, made.cast.by_role()[role])
                                  for step, role in zip(("CHECK", "REVIEW", "APPROVE"), CHAIN, strict=True)),
    ]  # fmt: skip
    assert Score.objects.get(account=claim.account).total == 4


@pytest.mark.parametrize(
    ("steps", "roles"),
    [("审核", ["commissioner"]), ("初核, 审定", ["group_leader", "secretary"]), ("审定", ["secretary"])],
)
def test_rule_set_chooses_the_steps(db, steps, roles):
    made = claiming(steps)
    claim = walk(made, made.claim(), *roles)
    assert (claim.state, LedgerEntry.objects.count()) == ("APPROVED", 1)


def test_member_without_a_group_leader_is_reviewed_by_the_branch_first(db):
    made = claiming()
    assert made.claim(by=made.cast.deputy).next_step == "REVIEW"
    assert made.claim(by=made.cast.group_leader).next_step == "REVIEW"


@pytest.mark.parametrize(
    ("step", "allowed"),
    [(0, {"group_leader"}), (1, {"secretary", "deputy", "commissioner"}), (2, {"secretary"})],
)
def test_only_the_post_of_the_step_may_do_it(db, step, allowed):
    made = claiming()
    claim = walk(made, made.claim(), *CHAIN[:step]) if step else made.claim()
    may = {role for role, who in made.cast.by_role().items() if not may_act(claim, who)}
    # Whoever has acted already does not act again.
    assert may == allowed - set(CHAIN[:step])
    waiting = {role for role, who in made.cast.by_role().items() if Claim.objects.waiting_for(who).exists()}
    assert waiting == may


def test_secretary_does_not_decide_on_the_own_claim_the_deputy_or_the_level_above_does(db):
    made = claiming("审定")
    claim = made.claim(by=made.cast.secretary)
    assert claim.is_escalated
    refused(lambda: advance_claim(claim, by=made.cast.secretary), "自己的申报")
    may = {role for role, who in made.cast.by_role().items() if not may_act(claim, who)}
    assert may == {"deputy", "committee_member"}
    assert advance_claim(claim, by=made.cast.committee_member).state == "APPROVED"


def test_secretary_who_has_reviewed_leaves_the_decision_to_the_deputy(db):
    made = claiming("审核, 审定")
    claim = advance_claim(made.claim(), by=made.cast.secretary)
    assert (claim.state, claim.is_escalated) == ("REVIEWED", True)
    refused(lambda: advance_claim(claim, by=made.cast.secretary), "其他人")
    assert advance_claim(claim, by=made.cast.deputy).state == "APPROVED"


def test_post_of_secretary_that_is_vacant_is_stood_in_for(db):
    made = claiming("审定")
    Appointment.objects.filter(post="BRANCH_SECRETARY").update(ended_on=datetime.date(2026, 1, 1))
    assert advance_claim(made.claim(), by=made.cast.deputy).state == "APPROVED"


def test_database_refuses_a_second_act_of_one_person(db):
    made = claiming()
    claim = advance_claim(made.claim(), by=made.cast.group_leader)
    again = {"claim": claim, "round": 1, "from_state": "CHECKED", "to_state": "REVIEWED", "at": timezone.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        ClaimMove.objects.create(**again, step="REVIEW", by=made.cast.group_leader)
    ClaimMove.objects.create(**again, step="REVIEW", by=made.cast.deputy)


def test_returned_claim_is_changed_and_goes_the_whole_way_again(db):
    made = claiming()
    claim = advance_claim(made.claim(), by=made.cast.group_leader)
    refused(lambda: return_claim(claim, by=made.cast.commissioner, reason=" "), "原因")
    claim = return_claim(claim, by=made.cast.commissioner, reason="次数不符")
    assert (claim.state, claim.next_step, claim.return_reason) == ("RETURNED", "", "次数不符")
    claim = save_claim(claim.account, made.deed(text="2次"), by=made.cast.member, key=claim.key, claim=claim)
    claim = submit_claim(claim, by=made.cast.member)
    # In the new round the same persons may act again.
    assert (claim.state, claim.round, claim.points, claim.return_reason) == ("CLAIMED", 2, 4, "")
    assert walk(made, claim).state == "APPROVED"


def test_claim_is_withdrawn_until_it_is_entered(db):
    made = claiming("审定")
    claim = withdraw_claim(made.claim(), by=made.cast.member)
    assert (claim.state, claim.next_step) == ("WITHDRAWN", "")
    refused(lambda: advance_claim(claim, by=made.cast.secretary), "不用办理")
    other = made.claim()
    refused(lambda: withdraw_claim(other, by=made.cast.colleague), "自己的申报")
    done = advance_claim(other, by=made.cast.secretary)
    refused(lambda: withdraw_claim(done, by=made.cast.member), "已入账")


def test_many_are_decided_at_once_with_a_list_of_exceptions(db):
    made = claiming("审定")
    good = [made.claim(), made.claim(by=made.cast.colleague)]
    own = made.claim(by=made.cast.secretary)
    gone = withdraw_claim(made.claim(by=made.cast.deputy), by=made.cast.deputy)
    exceptions = advance_many([*good, own, gone], by=made.cast.secretary)
    assert [sentence.split("“")[0] for sentence in exceptions] == ["陈志远", "吴海涛"]
    assert LedgerEntry.objects.count() == 2


def test_files_of_a_claim_stand_for_its_entry(db):
    made = claiming("审定")
    claim = made.draft(code="加-2", text="市级")
    refused(lambda: submit_claim(claim, by=made.cast.member), "佐证")
    file = Evidence.objects.create(
        claim=claim, digest="0" * 64, name="证书.pdf", content_type="application/pdf", size=1, by=made.cast.member
    )
    done = advance_claim(submit_claim(claim, by=made.cast.member), by=made.cast.secretary)
    file.refresh_from_db()
    assert file.entry == done.entry


# --- what cannot be claimed -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "加-4", "text": "3"}, "不能申报"),
        ({"code": "减-1"}, "不能申报"),
        ({"code": "加-3"}, "只适用于骨干类"),
        ({"text": "很多"}, "不是规定的写法"),
        ({"text": ""}, "请填写申报内容"),
        ({"reason": " "}, "事由"),
        ({"reason": "长" * 201}, "最多 200 字"),
        ({"happened_on": datetime.date(2099, 1, 1)}, "还没有到"),
        ({"month": 202612}, "还没有开始"),
        ({"month": 202608}, "不早于发生的月份"),
        ({"happened_on": datetime.date(2025, 12, 31)}, "同一年"),
    ],
)
def test_what_cannot_be_claimed_is_refused_with_a_sentence(db, change, words):
    made = claiming()
    refused(lambda: made.draft(**change), words)
    assert not Claim.objects.exists()


@pytest.mark.parametrize("state", ["CHECKED", "CLOSED"])
def test_month_that_somebody_has_checked_takes_no_claim(db, state):
    made = claiming()
    closer = made.cast.committee_member if state == "CLOSED" else None
    Month.objects.create(unit=made.cast.branch, month=MONTH, state=state, closed_by=closer)
    refused(made.draft, "已审核或结账", "改到还在录入的月份")
    # What happened in September may count in October.
    assert made.draft(month=202610).month == 202610


def test_member_left_out_by_decision_cannot_claim(db):
    made = claiming()
    exclusion(made.cast.member.member, user(), started_on=datetime.date(2026, 1, 1))
    refused(made.draft, "不列入积分")


def test_nobody_claims_for_another(db):
    made = claiming()
    account = made.account(made.cast.colleague)
    refused(lambda: save_claim(account, made.deed(), by=made.cast.member, key=uuid.uuid4()), "为自己")


def test_used_up_cap_is_allowed_and_said(db):
    made = claiming("审定")
    first = made.claim(text="2次")
    assert cap_note(first) == ""
    advance_claim(first, by=made.cast.secretary)
    second = made.claim(text="1次")
    assert cap_note(second) == "该条款每月最多 4 分，本月已入账 4 分：可以申报并留下记录，超出部分不计分。"
    advance_claim(second, by=made.cast.secretary)
    assert Score.objects.get(account=second.account).total == 4


def test_same_key_twice_is_one_claim(db):
    made = claiming()
    key, account = uuid.uuid4(), made.account(made.cast.member)
    made_twice = [save_claim(account, made.deed(), by=made.cast.member, key=key) for _ in range(2)]
    assert made_twice[0] == made_twice[1] == Claim.objects.get()


def test_claim_whose_month_was_checked_meanwhile_counts_in_the_next_open_one(db):
    made = claiming("审定")
    claim = made.claim()
    months.submit_month(months.month_of_unit(made.cast.branch, MONTH), by=made.cast.secretary)
    months.check_month(months.month_of_unit(made.cast.branch, MONTH), by=made.cast.commissioner)
    claim = advance_claim(claim, by=made.cast.secretary)
    assert (claim.month, claim.entry.month, claim.entry.happened_on) == (202610, 202610, DAY)


def test_later_submission_of_the_grid_leaves_the_entry_of_a_claim_alone(db):
    made = claiming("审定")
    claim = advance_claim(made.claim(), by=made.cast.secretary)
    months.submit_month(months.month_of_unit(made.cast.branch, MONTH), by=made.cast.secretary)
    assert list(LedgerEntry.objects.all()) == [claim.entry]
    finish_run(start_run(made.cast.committee, MONTH, by=None))
    assert Score.objects.get(account=claim.account).total == 2


# --- who sees them --------------------------------------------------------------------------
def test_claims_are_seen_by_their_group_and_branch_committee_and_above(db):
    made = claiming()
    draft, claim = made.draft(), made.claim(by=made.cast.colleague)
    seen = {role: set(Claim.objects.visible_to(who)) for role, who in made.cast.by_role().items()}
    assert {role for role, rows in seen.items() if draft in rows} == {"member"}
    assert {role for role, rows in seen.items() if claim in rows} == {
        "colleague", "group_leader", "secretary", "deputy", "commissioner", "committee_member",
    }  # fmt: skip


# --- deductions -----------------------------------------------------------------------------
def proposed(made, days=3, by=None):
    deed = made.deed("减-1", "1次", reason="九月主题党日无故缺席")
    account = made.account(made.cast.member)
    return propose_deduction(account, deed, by=by or made.cast.commissioner, key=uuid.uuid4(), answer_days=days)


def test_member_is_told_answers_and_the_decision_answers_the_answer(db):
    made = claiming()
    claim = proposed(made)
    assert Message.objects.get().user == made.cast.member
    refused(lambda: advance_claim(claim, by=made.cast.secretary), "本人可在")
    answer_deduction(claim, by=made.cast.member, answer="当天在现场抢修，已电话请假。")
    claim = advance_claim(claim, by=made.cast.secretary, opinion="未见请假记录，按规定扣分。")
    assert (claim.state, claim.answer, claim.decision, claim.entry.points) == (
        "APPROVED", "当天在现场抢修，已电话请假。", "未见请假记录，按规定扣分。", -2,
    )  # fmt: skip
    assert list(Message.objects.order_by("pk").values_list("text", flat=True)) == [
        "支委会提议扣分“无故缺席” −2 分，你可以在期限内说明。", "扣分“无故缺席”已决定，计 −2 分。",
    ]  # fmt: skip


def test_deduction_is_decided_without_an_answer_when_its_days_are_over(db):
    made = claiming()
    claim = proposed(made, days=0)
    refused(lambda: advance_claim(claim, by=made.cast.secretary), "本人可在")
    Claim.objects.update(answer_until=timezone.localdate() - datetime.timedelta(days=1))
    refused(lambda: answer_deduction(claim, by=made.cast.member, answer="晚了"), "申辩期")
    refused(lambda: advance_claim(claim, by=made.cast.secretary, opinion=" "), "处理意见")
    assert advance_claim(claim, by=made.cast.secretary, opinion="期满未说明，按规定扣分。").state == "APPROVED"


def test_deduction_is_dropped_with_a_sentence(db):
    made = claiming()
    claim = proposed(made)
    refused(lambda: drop_deduction(claim, by=made.cast.secretary, decision=""), "处理意见")
    claim = drop_deduction(claim, by=made.cast.secretary, decision="请假属实。")
    assert (claim.state, claim.decision, LedgerEntry.objects.count()) == ("DROPPED", "请假属实。", 0)
    refused(lambda: answer_deduction(claim, by=made.cast.member, answer="谢谢"), "已经决定")


@pytest.mark.parametrize("role", ["member", "colleague", "group_leader", "business_admin", "auditor"])
def test_only_the_branch_committee_or_above_proposes(db, role):
    made = claiming()
    refused(lambda: proposed(made, by=made.cast.by_role()[role]))
    assert not Claim.objects.exists()


def test_proposer_does_not_decide(db):
    made = claiming()
    claim = proposed(made, by=made.cast.secretary)
    answer_deduction(claim, by=made.cast.member, answer="同意。")
    refused(lambda: advance_claim(claim, by=made.cast.secretary), "提议人")
    # The secretary proposed it, so the deputy or the level above decides.
    assert advance_claim(claim, by=made.cast.deputy, opinion="情况属实。").state == "APPROVED"


# --- races ----------------------------------------------------------------------------------
ROUNDS = 50


def test_eight_who_approve_one_claim_make_one_entry_and_seven_sentences(real_db):
    made = claiming("审定")
    for number in range(ROUNDS):
        claim = made.claim(text="1次", reason=f"第 {number} 次")
        opened = [Claim.objects.get(pk=claim.pk) for _ in range(8)]
        acts = [partial(advance_claim, one, by=made.cast.secretary) for one in opened]
        outcomes = race(8, lambda place, acts=acts: acts[place]())
        sentences = [one for one in outcomes if isinstance(one, Exception)]
        assert all(isinstance(one, Refused) for one in sentences), sentences
        assert (len(sentences), LedgerEntry.objects.filter(reason=f"第 {number} 次").count()) == (7, 1)


def test_approval_raced_with_withdrawal_ends_in_one_of_them(real_db):
    made = claiming("审定")
    for number in range(10):
        claim = made.claim(reason=f"第 {number} 次")
        acts = [
            partial(advance_claim, claim, by=made.cast.secretary),
            partial(withdraw_claim, claim, by=made.cast.member),
        ]
        outcomes = race(2, lambda place, acts=acts: acts[place]())
        assert sum(isinstance(one, Refused) for one in outcomes) == 1
        claim.refresh_from_db()
        assert LedgerEntry.objects.filter(reason=f"第 {number} 次").count() == (claim.state == "APPROVED")
