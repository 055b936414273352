"""一票否决: proposed with its facts, answered, voted on where the rules say so, decided above, appealed (§2)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluations.models import CaseVote, VetoCase, VetoMove
from evaluations.querysets import CASE_POSTS
from evaluations.services.votes import Minutes, record_branch_vote
from members.access import BRANCH_COMMITTEE_POSTS, COMMITTEE_POSTS
from members.errors import Refused
from members.models import Membership, OrgUnit, User
from members.services.audit import record
from members.services.messages import tell
from scoring import months
from scoring.models import Account, RuleSet
from scoring.services.months import policy_of
from scoring.services.vetoes import impose_veto, levels_of, lift_veto, veto_rules

State = VetoCase.State
LONG, FACTS = 1000, 2000


@dataclass(frozen=True)
class Facts:
    """What happened, when, and which ground and level of the rules it is."""

    level: str
    ground: str
    happened_on: datetime.date
    facts: str


@transaction.atomic
def propose_veto(account: Account, unit: OrgUnit, facts: Facts, *, by: User, key: uuid.UUID) -> VetoCase:
    """Open a case, once per key. The person is told at once and may answer within the days set for the branch."""
    standing = VetoCase.objects.filter(key=key).first()
    if standing is not None:
        return standing
    today = timezone.localdate()
    if not by.authority.reaches(unit, CASE_POSTS):
        raise Refused(_("只有支委会成员或党委可以提出一票否决。"))
    _require_other(account, by, _("不能对自己提出一票否决，请由支委会其他成员办理。"))
    rule_set = veto_rules(unit, today)
    _check(account, unit, facts, rule_set, today)
    case = VetoCase.objects.create(
        account=account, unit=unit, rule_set=rule_set, form=rule_set.veto_form, level=facts.level,
        ground=facts.ground, happened_on=facts.happened_on, facts=facts.facts.strip(), proposed_by=by,
        proposed_at=timezone.now(), key=key,
        answer_until=today + datetime.timedelta(days=policy_of(unit).answer_days),
    )  # fmt: skip
    _note(case, "", State.PROPOSED, by)
    _tell(case, _("支部对你提出一票否决（%(ground)s），你可以在 %(day)s 前申辩。") % _words(case))
    return case


def _check(account: Account, unit: OrgUnit, facts: Facts, rule_set: RuleSet, today: datetime.date) -> None:
    if facts.level not in {one.level for one in levels_of(rule_set)}:
        raise Refused(_("“%s”没有规定这一程度的一票否决，请重新选择。") % rule_set)
    if facts.ground not in rule_set.veto_grounds:
        raise Refused(_("“%s”没有规定这一事由，请重新选择。") % rule_set)
    if facts.happened_on > today:
        raise Refused(_("发生日期 %s 还没有到，请核对。") % facts.happened_on)
    if not facts.facts.strip() or len(facts.facts) > FACTS:
        raise Refused(_("请写明事实，不超过 %d 字。") % FACTS)
    if not Membership.objects.at(today).filter(branch=unit, member=account.member_id).exists():
        raise Refused(_("%(who)s现在不在%(unit)s，请由所在支部提出。") % {"who": account, "unit": unit})


@transaction.atomic
def answer_veto(case: VetoCase, *, by: User, answer: str) -> VetoCase:
    """What the person says to it; stays on record, and may be changed until the decision or the last day."""
    case = _locked(case)
    if case.account.member_id != by.member_id or by.member_id is None:
        raise Refused(_("只能申辩与自己有关的一票否决。"))
    if case.state != State.PROPOSED:
        raise Refused(_("这件一票否决已经表决或决定；有异议请提出申诉。"))
    if timezone.localdate() > case.answer_until:
        raise Refused(_("申辩期已于 %s 结束。") % case.answer_until)
    case.answer, case.answered_at = _text(answer, _("请写明申辩的内容")), timezone.now()
    case.save(update_fields=["answer", "answered_at"])
    record(by, "evaluations.answer_veto", case)
    return case


@transaction.atomic
def withdraw_veto(case: VetoCase, *, by: User, reason: str) -> VetoCase:
    """Whoever proposed it takes it back before anything is decided."""
    case = _locked(case)
    if case.proposed_by_id != by.pk:
        raise Refused(_("只能由提出人撤回。"))
    reason = _text(reason, _("请写明撤回的原因"))
    _move(case, State.WITHDRAWN, by, reason)
    _tell(case, _("对你提出的一票否决已撤回。"))
    return case


@transaction.atomic
def record_veto_vote(case: VetoCase, minutes: Minutes, *, by: User) -> VetoCase:
    """The vote of the branch meeting. Carried: on to the committee; valid and not carried: the case ends; invalid: the
    meeting may vote again. Either way the vote stays on record."""
    case = _locked(case)
    if case.form != RuleSet.VetoForm.MEETING:
        raise Refused(_("按“%s”，一票否决由党委决定，不用表决。") % case.rule_set)
    if not by.authority.reaches(case.unit, BRANCH_COMMITTEE_POSTS):
        raise Refused(_("表决由支委会成员记录。"))
    _require_other(case.account, by, _("不能记录与自己有关的表决，请由支委会其他成员办理。"))
    if case.state != State.PROPOSED:
        raise Refused(_("这件一票否决现在是“%s”，不能记录表决。") % case.get_state_display())
    _require_answered(case, minutes.held_on)
    subject = _("对%(who)s一票否决（%(ground)s）") % {"who": case.account, "ground": case.ground}
    vote = record_branch_vote(case.unit, subject, minutes, by=by)
    CaseVote.objects.create(case=case, vote=vote)
    if vote.is_carried:
        _move(case, State.VOTED, by, vote.verdict, vote=vote)
    elif vote.is_valid:
        _move(case, State.REJECTED, by, vote.verdict, decision=vote.verdict, decided_by=by, decided_on=vote.held_on)
        _tell(case, _("支部党员大会表决未通过对你的一票否决。"))
    return case


@transaction.atomic
def confirm_veto(case: VetoCase, *, by: User, decision: str) -> VetoCase:
    """The committee decides, or confirms what the meeting has voted. In force from this month on, scores computed."""
    case, decision = _for_decision(case, by), _text(decision, _("请写明决定意见"))
    if case.form == RuleSet.VetoForm.MEETING and case.state != State.VOTED:
        raise Refused(_("按“%s”，先由支部党员大会表决通过，再由党委确认。") % case.rule_set)
    today = timezone.localdate()
    _require_answered(case, today)
    veto = impose_veto(
        case.account, case.unit, case.rule_set, case.level, ground=case.ground, reason=case.facts, decided_on=today,
        by=by,
    )  # fmt: skip
    _move(case, State.IN_FORCE, by, decision, decision=decision, decided_by=by, decided_on=today, veto=veto)
    words = {"month": months.label(veto.from_month), "effect": veto.get_effect_display()}
    _tell(case, _("一票否决已决定，自%(month)s起：%(effect)s。不服可以申诉。") % words)
    return case


@transaction.atomic
def reject_veto(case: VetoCase, *, by: User, decision: str) -> VetoCase:
    """The committee decides against it."""
    case, decision = _for_decision(case, by), _text(decision, _("请写明决定意见"))
    today = timezone.localdate()
    _move(case, State.REJECTED, by, decision, decision=decision, decided_by=by, decided_on=today)
    _tell(case, _("党委决定对你不予一票否决。"))
    return case


@transaction.atomic
def appeal_veto(case: VetoCase, *, by: User, appeal: str) -> VetoCase:
    """The person appeals, or hands the appeal in on paper and the branch or the committee enters it."""
    case = _locked(case)
    is_own = case.account.member_id == by.member_id and by.member_id is not None
    if not (is_own or by.authority.reaches(case.unit, CASE_POSTS)):
        raise Refused(_("只能由本人申诉，或由支部、党委代为登记书面申诉。"))
    appeal = _text(appeal, _("请写明申诉的理由"))
    _move(case, State.APPEALED, by, appeal, appeal=appeal, appealed_at=timezone.now(), appeal_decision="")
    return case


@transaction.atomic
def uphold_veto(case: VetoCase, *, by: User, decision: str) -> VetoCase:
    """The appeal is answered: the veto stays."""
    case, decision = _for_appeal(case, by), _text(decision, _("请写明处理意见"))
    _move(case, State.IN_FORCE, by, decision, appeal_decision=decision)
    _tell(case, _("你的申诉已有处理意见：维持一票否决。"))
    return case


@transaction.atomic
def lift_veto_case(case: VetoCase, *, by: User, decision: str, from_start: bool) -> VetoCase:
    """The appeal is answered: the veto is lifted, from this month on or as if it had never been (`from_start`).

    Months closed meanwhile stay as they were sealed.
    """
    case, decision = _for_appeal(case, by), _text(decision, _("请写明处理意见"))
    if case.veto is None:
        raise Refused(_("这件一票否决没有生效，不用解除。"))
    first = case.veto.from_month if from_start else months.month_of(timezone.localdate())
    veto = lift_veto(case.veto, case.unit, from_month=first)
    _move(case, State.LIFTED, by, decision, appeal_decision=decision)
    _tell(case, _("对你的一票否决自%s起解除。") % months.label(veto.to_month or first))
    return case


# --- what the verbs share -------------------------------------------------------------------------
def _text(given: str, demand: str) -> str:
    given = given.strip()
    if not given or len(given) > LONG:
        raise Refused(_("%(demand)s，不超过 %(most)d 字。") % {"demand": demand, "most": LONG})
    return given


def _require_other(account: Account, by: User, sentence: str) -> None:
    if account.member_id is not None and account.member_id == by.member_id:
        raise Refused(sentence)


def _require_answered(case: VetoCase, day: datetime.date) -> None:
    """Nothing is decided before the person has answered, or could have."""
    if case.answered_at is None and day <= case.answer_until:
        raise Refused(_("本人可在 %s 前申辩，申辩后或到期后才能表决和决定。") % case.answer_until)


def _for_decision(case: VetoCase, by: User) -> VetoCase:
    case = _locked(case)
    _require_committee(case, by)
    if case.proposed_by_id == by.pk:
        raise Refused(_("提出人不能决定自己提出的一票否决，请由党委其他成员办理。"))
    return case


def _for_appeal(case: VetoCase, by: User) -> VetoCase:
    """Four eyes once more: whoever decided the veto does not decide the appeal."""
    case = _locked(case)
    _require_committee(case, by)
    if case.decided_by_id == by.pk:
        raise Refused(_("原决定由你作出，申诉请由党委其他成员办理。"))
    return case


def _require_committee(case: VetoCase, by: User) -> None:
    if not by.authority.reaches(case.unit, COMMITTEE_POSTS):
        raise Refused(_("一票否决由党委书记或委员决定。"))
    _require_other(case.account, by, _("不能决定与自己有关的一票否决。"))


def _locked(case: VetoCase) -> VetoCase:
    rows = VetoCase.objects.select_for_update(of=("self",))
    return rows.select_related("account__member", "unit", "rule_set", "veto__account", "proposed_by").get(pk=case.pk)


def _move(case: VetoCase, to: str, by: User, reason: str, **fields: object) -> None:
    """Move where the state is still the old one; the loser of a race gets a sentence."""
    old = case.state
    if (old, to) not in VetoCase.MOVES:
        raise Refused(_("这件一票否决现在是“%s”，不能这样办理，请刷新页面。") % case.get_state_display())
    if not VetoCase.objects.filter(pk=case.pk, state=old).update(state=to, **fields):
        raise Refused(_("这件一票否决刚刚已由他人办理，请刷新页面。"))
    case.refresh_from_db()
    _note(case, old, to, by, reason)


def _note(case: VetoCase, old: str, new: str, by: User, reason: str = "") -> None:
    VetoMove.objects.create(case=case, from_state=old, to_state=new, by=by, at=timezone.now(), reason=reason[:LONG])
    record(by, f"evaluations.veto_{new.lower()}", case, detail=reason[:200])


def _words(case: VetoCase) -> dict[str, object]:
    return {"ground": case.ground, "day": case.answer_until}


def _tell(case: VetoCase, text: str) -> None:
    if case.account.member_id is not None:
        tell(case.account.member_id, text, "evaluations:veto-detail", case.pk)
