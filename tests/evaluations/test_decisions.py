"""审定和综评: reasons for departures, four eyes, returning, and the end of a campaign."""

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import DatabaseError

from evaluations.models import BandDecision, Candidate
from evaluations.services.decisions import (
    Choice,
    approve_bands,
    conclude_campaign,
    departures,
    propose_bands,
    return_band,
)
from evaluations.services.rating import compute_campaign
from members.errors import Refused
from members.models import AuditEvent
from tests import factories
from tests.evaluations.campaigning import rating
from tests.evaluations.rated import candidate, points, veto, weights

pytestmark = pytest.mark.django_db
ALL = ("王建国", "李静怡", "周敏", "陈志远", "吴海涛", "郑雪", "孙立新", "冯志刚", "褚卫东")


def refused(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return str(refusal.value)


def scene(**vetoes):
    """Everyone has 92 points: four stars."""
    made = rating(members=0)
    weights(made, daily="100")
    points(made, dict.fromkeys(ALL, "92"))
    for name, effect in vetoes.items():
        veto(made, name, effect)
    compute_campaign(made.campaign)
    return made


def band(made, name):
    return made.campaign.bands.get(name=name).pk


def proposed(made, names, star="四星", reason="", by=None, unit=None):
    choices = {candidate(made, name).pk: Choice(band(made, star), reason) for name in names}
    return propose_bands(made.campaign, unit or made.cast.branch, choices, by=by or made.cast.secretary)


def approved(made, names, star="四星", reason="", by=None):
    choices = {candidate(made, name).pk: Choice(band(made, star), reason) for name in names}
    return approve_bands(made.campaign, choices, by=by or made.cast.committee_member)


def standing(made, name):
    one = candidate(made, name)
    return (one.proposed and one.proposed.name, one.approved and one.approved.name)


# --- the branch committee ------------------------------------------------------------------------
def test_computed_band_needs_no_reason_and_a_departure_does():
    made = scene()
    assert proposed(made, ["王建国", "李静怡"]) == 2
    assert refused(lambda: proposed(made, ["周敏"], "五星")) == "周敏：与测算等次“四星”不同，请写明理由。"
    assert refused(lambda: proposed(made, ["周敏"], "五星", "  ")) == "周敏：与测算等次“四星”不同，请写明理由。"
    proposed(made, ["周敏"], "五星", "抢险立功")
    row = BandDecision.objects.get(candidate=candidate(made, "周敏"))
    assert (row.level, row.band.name, row.computed.name, row.reason, row.by) == (
        "BRANCH", "五星", "四星", "抢险立功", made.cast.secretary,
    )  # fmt: skip


def test_departure_without_reason_is_refused_by_the_database():
    made = scene()
    one = candidate(made, "王建国")
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        BandDecision.objects.create(
            candidate=one, level="BRANCH", band_id=band(made, "五星"), computed=one.computed, by=made.cast.secretary,
            at=one.computed_at,
        )  # fmt: skip


def test_own_band_is_refused_and_nothing_of_the_rest_is_written():
    made = scene()
    assert refused(lambda: proposed(made, ["王建国", "陈志远"])) == "陈志远：不能决定自己的等次，请由其他人办理。"
    assert (standing(made, "王建国"), BandDecision.objects.count()) == ((None, None), 0)
    assert proposed(made, ["陈志远"], by=made.cast.deputy) == 1


@pytest.mark.parametrize("role", ["member", "group_leader", "stranger", "business_admin"])
def test_band_is_proposed_by_the_branch_committee_alone(role):
    made = scene()
    assert refused(lambda: proposed(made, ["李静怡"], by=getattr(made.cast, role))) == "由支委会成员提出等次。"


def test_candidate_of_another_branch_and_foreign_band_are_refused():
    made, other = scene(), None
    assert refused(lambda: proposed(made, ["孙立新"])) == "名单有变化，请刷新页面后重新办理。"
    other = Choice(band(made, "四星") + 10_000)
    one = candidate(made, "王建国")
    said = refused(lambda: propose_bands(made.campaign, made.cast.branch, {one.pk: other}, by=made.cast.secretary))
    assert said == "王建国：没有这个等次，请刷新页面后重新选择。"


def test_whoever_is_disqualified_gets_no_band_and_the_lowest_is_proposed_like_any():
    made = scene(王建国="DISQUALIFY", 李静怡="LOWEST_BAND")
    assert refused(lambda: proposed(made, ["王建国"], reason="从宽")) == (
        "王建国：因一票否决取消评定资格，不能评等次。"
    )
    proposed(made, ["李静怡"], "不合格")
    assert standing(made, "李静怡") == ("不合格", None)


def test_later_proposal_replaces_the_earlier_and_both_stay_to_be_read():
    made = scene()
    proposed(made, ["王建国"])
    proposed(made, ["王建国"], "三星", "群众反映", by=made.cast.deputy)
    rows = BandDecision.objects.filter(candidate=candidate(made, "王建国")).values_list("band__name", flat=True)
    assert (standing(made, "王建国")[0], list(rows)) == ("三星", ["四星", "三星"])


# --- the party committee -------------------------------------------------------------------------
def test_committee_approves_what_the_branch_has_proposed():
    made = scene()
    assert refused(lambda: approved(made, ["王建国"])) == "王建国还没有支部意见，请先由支委会审定。"
    proposed(made, ["王建国", "李静怡"])
    assert approved(made, ["王建国", "李静怡"]) == 2
    assert standing(made, "王建国") == ("四星", "四星")
    line = AuditEvent.objects.get(action="evaluations.approve_bands")
    assert (line.user, line.detail) == (made.cast.committee_member, "2 人")


def test_reason_of_the_branch_is_enough_for_the_committee_and_its_own_departure_needs_one():
    made = scene()
    proposed(made, ["王建国"], "五星", "抢险立功")
    approved(made, ["王建国"], "五星")
    assert BandDecision.objects.latest("pk").reason == "同意支部意见"
    proposed(made, ["李静怡"])
    assert "请写明理由" in refused(lambda: approved(made, ["李静怡"], "三星"))
    approved(made, ["李静怡"], "三星", "全年两次通报")
    assert departures(made.campaign) == 2


def test_nobody_approves_what_they_proposed():
    made = scene()
    both = made.cast.committee_member
    factories.appointment(both.member, made.cast.branch, "ORG_COMMISSIONER")
    both = type(both).objects.get(pk=both.pk)
    proposed(made, ["王建国"], by=both)
    assert refused(lambda: approved(made, ["王建国"], by=both)) == ("王建国的等次由你提出，请由党委其他成员批准。")


def test_committee_member_does_not_decide_on_themselves():
    made = scene()
    office = candidate(made, "冯志刚").unit
    secretary = factories.official(office, "BRANCH_SECRETARY", office, None, "卫国平")
    proposed(made, ["冯志刚"], by=secretary, unit=office)
    assert refused(lambda: approved(made, ["冯志刚"])) == "冯志刚：不能决定自己的等次，请由其他人办理。"


def test_branch_does_not_change_what_is_approved():
    made = scene()
    proposed(made, ["王建国"])
    approved(made, ["王建国"])
    assert refused(lambda: proposed(made, ["王建国"], "三星", "再议")) == (
        "王建国的等次党委已经批准，需要修改请由党委退回。"
    )


def test_returned_band_is_open_again_and_keeps_its_history():
    made = scene()
    proposed(made, ["王建国"])
    approved(made, ["王建国"])
    one = candidate(made, "王建国")
    assert refused(lambda: return_band(one, by=made.cast.committee_member, reason=" ")) == "请写明退回的原因。"
    assert refused(lambda: return_band(one, by=made.cast.secretary, reason="甲")) == "由党委书记或委员退回。"
    return_band(one, by=made.cast.committee_member, reason="事迹不实")
    assert standing(made, "王建国") == (None, None)
    rows = BandDecision.objects.filter(candidate=one).values_list("level", "band__name", "reason")
    assert list(rows) == [("BRANCH", "四星", ""), ("COMMITTEE", "四星", ""), ("COMMITTEE", None, "事迹不实")]
    assert "还没有支部意见" in refused(lambda: approved(made, ["王建国"]))
    assert "还没有提出等次" in refused(lambda: return_band(one, by=made.cast.committee_member, reason="甲"))


# --- the end -------------------------------------------------------------------------------------
def decided(made):
    """Everyone but for those disqualified, whatever the way."""
    rows = Candidate.objects.filter(campaign=made.campaign, left_out="").exclude(bar="VETO")
    rows.update(proposed=band(made, "四星"), approved=band(made, "四星"))


def test_campaign_is_concluded_when_everyone_has_a_decision():
    made = scene()
    decided(made)
    Candidate.objects.filter(pk=candidate(made, "王建国").pk).update(approved=None)
    conclude = lambda by: conclude_campaign(made.campaign, by=by)  # noqa: E731
    assert refused(lambda: conclude(made.cast.committee_member)) == "还有 1 人没有批准等次，请先办理。"
    decided(made)
    assert refused(lambda: conclude(made.cast.business_admin)) == "由党委书记或委员办理。"
    assert conclude(made.cast.committee_member).state == "DECIDED"


def test_those_left_out_and_those_disqualified_are_not_waited_for():
    made = scene(王建国="DISQUALIFY")
    Candidate.objects.filter(pk=candidate(made, "李静怡").pk).update(left_out="长期病休")
    decided(made)
    assert conclude_campaign(made.campaign, by=made.cast.committee_member).state == "DECIDED"


def test_decided_campaign_takes_no_more_words():
    made = scene()
    decided(made)
    conclude_campaign(made.campaign, by=made.cast.committee_member)
    one = candidate(made, "王建国")
    said = {
        refused(lambda: proposed(made, ["王建国"])),
        refused(lambda: approved(made, ["王建国"])),
        refused(lambda: return_band(one, by=made.cast.committee_member, reason="甲")),
    }
    assert said == {"“党员评星定级”现在不在审定中，等次不能再改。"}


def test_decision_cannot_be_changed_or_deleted():
    made = scene()
    proposed(made, ["王建国"])
    for change in (lambda: BandDecision.objects.update(reason="改"), lambda: BandDecision.objects.all().delete()):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            change()
