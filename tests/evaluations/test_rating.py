"""测算: totals, bars, bands, quotas and ties of a campaign, and what a computation never touches."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.models import BandDecision, Campaign, Candidate, RollEntry
from evaluations.services.ballots import cast
from evaluations.services.counting import count_poll
from evaluations.services.decisions import Choice, conclude_campaign, propose_bands
from evaluations.services.rating import compute_campaign, recompute_campaign
from members.errors import Refused
from members.models import AuditEvent
from tests import factories
from tests.evaluations.campaigning import after_the_last_day, marks_of, rating
from tests.evaluations.rated import (
    attended,
    bands,
    candidate,
    computed,
    december,
    graded,
    points,
    stage_with,
    tallies,
    veto,
    weights,
)
from tests.scoring.factories import account

pytestmark = pytest.mark.django_db
SIX = ("王建国", "李静怡", "周敏", "陈志远", "吴海涛", "郑雪")


def refused(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return str(refusal.value)


# --- P4 -----------------------------------------------------------------------------------------
def test_p4_daily_sixty_and_ballots_forty_come_to_94_93():
    made = rating(members=0)
    weights(made, daily="60", PEER="100")
    points(made, {"王建国": "97"})
    tallies(made, "PEER", "王建国", graded(18, 9, 2, 1))
    assert computed(made)["王建国"] == ("94.93", "四星")
    assert candidate(made, "王建国").steps == [
        "日常积分 97.00 分，占 60%", "党员互评 91.83 分，占 40%", "综合得分 94.93 分",
    ]  # fmt: skip


def test_ballots_that_were_cast_and_counted_reach_the_total(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"
    made = rating(members=0)
    weights(made, daily="60", PEER="100")
    points(made, {"王建国": "97"})
    poll = made.poll()
    for entry in RollEntry.objects.filter(poll=poll).select_related("poll"):
        cast(entry, marks_of(entry, "QUALIFIED"))
    # Open ballots are nothing yet: the year's points stand in for them.
    assert computed(made)["王建国"] == ("97.00", "五星")
    with after_the_last_day():
        count_poll(poll, by=None)
    assert computed(made)["王建国"] == ("92.20", "四星")


def test_points_out_of_more_than_a_hundred_are_scaled():
    made = rating(members=0, daily_full=Decimal(120))
    weights(made, daily="100")
    points(made, {"王建国": "108"})
    assert computed(made)["王建国"] == ("90.00", "四星")


def test_total_of_december_goes_before_the_one_that_was_typed():
    made = rating(members=0)
    weights(made, daily="100")
    points(made, {"王建国": "70", "李静怡": "70"})
    december(made, "王建国", "91")
    found = computed(made)
    assert (found["王建国"], found["李静怡"]) == (("91.00", "四星"), ("70.00", "二星"))


# --- P5 -----------------------------------------------------------------------------------------
POOLS = [["COMMITTEE", "30"], ["LEADERS", "25"], ["MEMBERS", "25"], ["OUTSIDERS", "20"]]
MARKS = {
    ("COMMITTEE", 0, "90"): 2, ("LEADERS", 0, "88"): 3, ("LEADERS", 0, "89"): 2, ("MEMBERS", 0, "86"): 1,
    ("MEMBERS", 0, "87"): 2, ("OUTSIDERS", 0, "93"): 3, ("OUTSIDERS", 0, "94"): 1,
}  # fmt: skip


def grouped(marks):
    made = rating(members=0)
    weights(made, daily="0", PEER="100")
    stage_with(made, "PEER", form="POINTS", marks=[["总体评价", "100"]], pools=POOLS)
    tallies(made, "PEER", "王建国", marks)
    return made


def test_p5_groups_of_raters_by_their_weights_come_to_89_42():
    assert computed(grouped(MARKS))["王建国"][0] == "89.42"


def test_p5_group_without_raters_hands_on_its_weight_and_the_steps_say_so():
    made = grouped({key: count for key, count in MARKS.items() if key[0] != "OUTSIDERS"})
    assert computed(made)["王建国"][0] == "88.46"
    assert candidate(made, "王建国").steps == [
        "党员互评 88.46 分，占 100%", "其中群众没有可计的测评，权重由其他参评人员按比例补足", "综合得分 88.46 分",
    ]  # fmt: skip


def test_merged_pool_weighs_together_with_the_one_it_went_into():
    made = rating(members=0)
    weights(made, daily="0", PEER="100")
    stage_with(made, "PEER", pools=[["COMMITTEE", "30"], ["LEADERS", "30"], ["MEMBERS", "40"]])
    counts = graded(5, pool="COMMITTEE") | graded(0, 0, 4, 0, pool="MEMBERS")
    tallies(made, "PEER", "王建国", counts, merged={"LEADERS": "MEMBERS"})
    # 30 % of 100 and, leaders and members together, 70 % of 70.
    assert computed(made)["王建国"][0] == "79.00"


# --- P8 -----------------------------------------------------------------------------------------
STARS = (
    ("五星", "96", "", ""), ("四星", "90", "96", ""), ("三星", "80", "90", ""), ("二星", "70", "80", ""),
    ("一星", "60", "70", ""), ("不合格", "0", "60", ""),
)  # fmt: skip


@pytest.mark.parametrize(
    ("total", "band"),
    [
        ("59.99", "不合格"), ("60", "一星"), ("69.99", "一星"), ("70", "二星"), ("80", "三星"), ("89.99", "三星"),
        ("90", "四星"), ("95.5", "四星"), ("95.99", "四星"), ("96", "五星"), ("105", "五星"), ("-5", "不合格"),
    ],
)  # fmt: skip
def test_p8_points_belong_to_exactly_one_star(total, band):
    made = rating(members=0)
    weights(made, daily="100")
    bands(made, *STARS)
    points(made, {"王建国": total})
    assert computed(made)["王建国"][1] == band


def test_p8_ten_percent_of_thirty_are_three_pioneers_and_the_fourth_is_qualified():
    made = rating(members=21)
    weights(made, daily="100")
    bands(made, ("先锋", "90", "", "10"), ("合格", "0", "90", ""))
    assert Candidate.objects.filter(campaign=made.campaign).count() == 30
    everyone = dict.fromkeys([*SIX, *(f"党员{n:02}" for n in range(21)), "孙立新", "冯志刚", "褚卫东"], "75")
    points(made, everyone | {"王建国": "97", "李静怡": "95", "周敏": "93", "党员03": "91"})
    found = computed(made)
    assert [name for name, (_total, band) in found.items() if band == "先锋"] == ["李静怡", "王建国", "周敏"]
    assert (found["党员03"], Candidate.objects.filter(is_tied=True).count()) == (("91.00", "合格"), 0)


def test_equal_points_at_the_line_of_a_quota_are_told_and_nobody_passes_by_chance():
    made = rating(members=1)
    weights(made, daily="100")
    bands(made, ("先锋", "90", "", "20"), ("合格", "0", "90", ""))
    points(made, dict.fromkeys(SIX, "75") | {"王建国": "97", "李静怡": "93", "周敏": "93"})
    found = computed(made)
    assert [name for name, (_total, band) in found.items() if band == "先锋"] == ["王建国"]
    tied = Candidate.objects.filter(campaign=made.campaign, is_tied=True).values_list(
        "account__member__name", flat=True
    )
    assert set(tied) == {"李静怡", "周敏"}


def test_seats_that_nobody_reaches_stay_free():
    made = rating(members=0)
    weights(made, daily="100")
    bands(made, ("先锋", "90", "", "50"), ("合格", "0", "90", ""))
    points(made, dict.fromkeys(SIX, "75") | {"王建国": "97"})
    assert [band for _total, band in computed(made).values()].count("先锋") == 1


def test_daily_points_that_are_missing_hand_on_their_share_and_the_steps_say_so():
    made = rating(members=0)
    weights(made, daily="60", PEER="100")
    tallies(made, "PEER", "王建国", graded(5))
    assert computed(made)["王建国"] == ("100.00", "五星")
    assert candidate(made, "王建国").steps[0] == "没有日常积分，权重由测评补足"


# --- stages that are empty -----------------------------------------------------------------------
def test_stage_without_ballots_hands_on_its_weight_and_says_so():
    made = rating(members=0)
    points(made, {"王建国": "80"})
    tallies(made, "PEER", "王建国", graded(6))
    assert computed(made)["王建国"][0] == "88.00"
    assert candidate(made, "王建国").steps == [
        "日常积分 80.00 分，占 60%", "党员互评 100.00 分，占 20%", "群众测评没有可计的测评，权重由其余部分按比例补足",
        "综合得分 88.00 分",
    ]  # fmt: skip


def test_self_review_never_becomes_the_result_of_stages_that_are_empty():
    made = rating(members=0)
    assert computed(made)["王建国"] == (None, None)


def test_stage_without_ballots_leaves_the_total_open_where_the_committee_decides():
    made = rating(members=0, empty_stage=Campaign.EmptyStage.DECIDE)
    points(made, {"王建国": "80"})
    tallies(made, "PEER", "王建国", graded(6))
    assert computed(made)["王建国"] == (None, None)
    assert candidate(made, "王建国").daily == 80


# --- what points cannot outweigh -----------------------------------------------------------------
def scored(members=0):
    made = rating(members=members)
    weights(made, daily="100")
    points(made, dict.fromkeys(SIX, "97"))
    return made


@pytest.mark.parametrize(
    ("effects", "bar", "band"),
    [
        (["DISQUALIFY"], "VETO", None), (["LOWEST_BAND"], "LOWEST", "不合格"),
        (["LOWEST_BAND", "DISQUALIFY"], "VETO", None), (["DISQUALIFY", "LOWEST_BAND"], "VETO", None),
        # These two have already done their work on the points.
        (["CAP"], "", "四星"), (["ZERO"], "", "四星"),
    ],
)  # fmt: skip
def test_veto_bars_by_its_effect(effects, bar, band):
    made = scored()
    bands(made, ("五星", "98", "", ""), ("四星", "90", "98", ""), ("不合格", "0", "90", ""))
    for effect in effects:
        veto(made, "王建国", effect)
    assert computed(made)["王建国"] == ("97.00", band)
    assert candidate(made, "王建国").bar == bar


@pytest.mark.parametrize(
    ("from_month", "to_month", "bar"),
    [
        (1, None, "VETO"), (12, None, "VETO"), (3, 4, "VETO"), (3, 3, ""), (-99, None, "VETO"), (-99, 1, ""),
        (101, None, ""),
    ],
)  # fmt: skip
def test_veto_bars_that_held_in_any_month_of_the_year(from_month, to_month, bar):
    made = scored()
    year = made.campaign.year * 100
    veto(made, "王建国", "DISQUALIFY", year + from_month, to_month and year + to_month)
    compute_campaign(made.campaign)
    assert candidate(made, "王建国").bar == bar


def test_whoever_is_barred_takes_no_seat_of_a_quota():
    made = rating(members=0)
    weights(made, daily="100")
    bands(made, ("先锋", "90", "", "12"), ("合格", "0", "90", ""))
    points(made, dict.fromkeys(SIX, "75") | {"王建国": "97", "李静怡": "93"})
    veto(made, "王建国", "DISQUALIFY")
    assert computed(made)["李静怡"][1] == "先锋"


@pytest.mark.parametrize(
    ("marks", "band"),
    [
        (["PRESENT", "PRESENT"], "五星"), (["PRESENT", "MADE_UP"], "五星"), (["PRESENT", "OFFICIAL"], "五星"),
        (["PRESENT", "LEAVE"], "不合格"), (["PRESENT", "ABSENT"], "不合格"), ([], "不合格"),
    ],
)  # fmt: skip
def test_missed_condition_is_the_lowest_band_whatever_the_points(marks, band):
    made = scored()
    made.campaign.conditions.create(activity_kind="THEME_DAY", least=2)
    bands(made, ("五星", "96", "", ""), ("不合格", "0", "96", ""))
    attended(made, "王建国", marks)
    assert computed(made)["王建国"] == ("97.00", band)
    assert candidate(made, "王建国").bar == ("" if band == "五星" else "CONDITION")


def test_whoever_is_left_out_has_neither_total_nor_band():
    made = rating(members=0)
    weights(made, daily="100")
    points(made, dict.fromkeys(SIX, "97"))
    Candidate.objects.filter(pk=candidate(made, "王建国").pk).update(left_out="长期病休")
    compute_campaign(made.campaign)
    one = candidate(made, "王建国")
    assert (one.daily, one.total, one.computed, one.computed_at) == (None, None, None, None)


# --- what a computation never touches --------------------------------------------------------------
def outcome(made):
    fields = ("pk", "daily", "total", "bar", "computed", "proposed", "approved", "is_tied", "steps")
    return list(Candidate.objects.filter(campaign=made.campaign).order_by("pk").values_list(*fields))


def test_computing_twice_gives_the_same():
    made = scored()
    tallies(made, "PEER", "王建国", graded(3, 3))
    compute_campaign(made.campaign)
    before = outcome(made)
    compute_campaign(made.campaign)
    assert outcome(made) == before


def test_decisions_of_people_are_never_overwritten():
    made = scored()
    compute_campaign(made.campaign)
    one = candidate(made, "王建国")
    chosen = made.campaign.bands.get(name="三星")
    propose_bands(made.campaign, made.cast.branch, {one.pk: Choice(chosen.pk, "述职不实")}, by=made.cast.secretary)
    Candidate.objects.filter(pk=one.pk).update(approved=chosen)
    one.account.year_totals.update(total=50)
    compute_campaign(made.campaign)
    one = candidate(made, "王建国")
    assert (one.computed.name, one.proposed, one.approved) == ("不合格", chosen, chosen)
    # What the program found at the time stays with the decision.
    assert BandDecision.objects.get().computed.name != "不合格"


def test_computing_is_for_whoever_prepares_and_leaves_a_line():
    made = scored()
    assert refused(lambda: recompute_campaign(made.campaign, by=made.cast.secretary)) == (
        "只有党委或党务工作者可以测算。"
    )
    assert recompute_campaign(made.campaign, by=made.cast.business_admin) == 9
    line = AuditEvent.objects.get(action="evaluations.compute_campaign")
    assert (line.user, line.detail) == (made.cast.business_admin, "9 个参评对象")


def test_decided_campaign_is_not_computed_again():
    made = scored()
    compute_campaign(made.campaign)
    lowest = made.campaign.bands.last()
    Candidate.objects.filter(campaign=made.campaign).update(proposed=lowest, approved=lowest)
    conclude_campaign(made.campaign, by=made.cast.committee_member)
    before = outcome(made)
    refused(lambda: recompute_campaign(made.campaign, by=made.cast.business_admin))
    assert outcome(made) == before


@pytest.mark.parametrize("code", ["star", "appraisal", "year"])
def test_computation_asks_the_same_of_few_and_of_many(code):
    counts = []
    made = rating(members=0, code=code)
    # The first one may read what is kept for the life of the process.
    compute_campaign(made.campaign)
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            compute_campaign(made.campaign)
        counts.append(len(queries))
        for number in range(3):
            person = factories.member(made.cast.branch, name=f"新{number}")
            made.campaign.candidates.create(account=account(person), unit=made.cast.branch)
    assert counts[0] == counts[1]
