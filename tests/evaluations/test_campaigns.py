"""评定: made from a template, changed as a whole while it is a draft, tried out, opened once."""

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evaluations.blueprints import BLUEPRINTS, blueprint
from evaluations.models import Band, Campaign, Candidate, SelfReview, Stage
from evaluations.services.campaign_drafts import (
    BandDraft,
    StageDraft,
    change_campaign,
    digest_of,
    draft_of,
    drop_campaign,
    problems_with,
)
from evaluations.services.campaigns import create_campaign, open_campaign, problems_of
from evaluations.services.previews import preview_campaign
from evaluations.services.rating import compute_campaign
from members.errors import Refused
from members.models import AuditEvent
from scoring.models import Account, YearTotal
from tests import factories
from tests.factories import cast
from tests.scoring.factories import rule_set

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 12, 1)


def refused(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return str(refusal.value)


def drafted(code="star", people=None, **given) -> Campaign:
    people = people or cast()
    fields = {"year": 2026, "starts_on": DAY, "name": "", "by": people.business_admin} | given
    made = create_campaign(people.committee, blueprint(code), **fields)
    return Campaign.objects.select_related("unit", "by").get(pk=made.pk)


def changed(campaign, by=None, **fields):
    """The draft with some parts replaced, stored."""
    now = draft_of(campaign)
    return change_campaign(campaign, replace(now, **fields), seen=digest_of(now), by=by or campaign.by)


def lines(action):
    return list(AuditEvent.objects.filter(action=action).values_list("detail", flat=True))


# --- templates -----------------------------------------------------------------------------------
@pytest.mark.parametrize("plan", BLUEPRINTS, ids=lambda plan: plan.code)
def test_every_template_can_be_opened_as_it_is(plan):
    campaign = drafted(plan.code)
    assert problems_of(campaign) == []
    assert (campaign.state, campaign.kind, campaign.name) == ("DRAFT", plan.kind, str(plan.name))


def test_stages_of_a_template_follow_each_other_from_the_first_day():
    days = [(stage.kind, stage.opens_on.day, stage.closes_on.day) for stage in drafted().stages.all()]
    assert days == [("SELF", 1, 7), ("PEER", 8, 14), ("MASSES", 8, 14), ("BRANCH", 15, 21), ("COMMITTEE", 22, 28)]


def test_same_name_in_the_same_year_is_refused():
    people = cast()
    drafted(people=people)
    assert refused(lambda: drafted(people=people)) == ("华东能源集团有限公司党委 2026 年度已有同名的评定，请改名。")
    drafted(people=people, year=2027)
    drafted(people=people, name="党员评星定级（补评）")


@pytest.mark.parametrize("role", ["member", "secretary", "commissioner", "system_admin"])
def test_only_whoever_prepares_sets_up_changes_and_opens(role):
    people = cast()
    who, campaign = getattr(people, role), drafted(people=people)
    calls = [
        lambda: drafted("year", people, by=who), lambda: changed(campaign, by=who),
        lambda: open_campaign(campaign, by=who), lambda: drop_campaign(campaign, by=who),
    ]  # fmt: skip
    assert {refused(call) for call in calls} == {"只有党委或党务工作者可以建立和启动评定。"}


# --- changing ------------------------------------------------------------------------------------
def test_draft_is_stored_as_it_was_given():
    campaign = drafted()
    wanted = replace(
        draft_of(campaign),
        name="评星定级（2026）", basis="绥电党〔2026〕12 号", daily_weight=Decimal(70), daily_full=Decimal(120),
        empty_stage="DECIDE", rates_probationary=True, excellent_share=Decimal(20),
        stages=(
            StageDraft(
                "PEER", DAY, DAY, Decimal(100), "POINTS", (("学习", "40"), ("作风", "60")), (("MEMBERS", "100"),),
                Decimal(80), 7,
            ),
            StageDraft("COMMITTEE", DAY, DAY),
        ),
        bands=(
            BandDraft("好", Decimal(90), None, Decimal(20), "EXCELLENT"),
            BandDraft("一般", Decimal(0), Decimal(90), None, "QUALIFIED", True),
        ),
        conditions=(("THEME_DAY", 6), ("LECTURE", 2)),
    )  # fmt: skip
    change_campaign(campaign, wanted, seen=digest_of(draft_of(campaign)), by=campaign.by)
    assert draft_of(Campaign.objects.get()) == wanted
    assert lines("evaluations.change_campaign") == ["修改了基本设置、环节、等次、最低条件"]


def test_rows_come_in_their_order_however_they_were_typed():
    campaign = drafted()
    now = draft_of(campaign)
    changed(campaign, stages=now.stages[::-1], bands=now.bands[::-1])
    after = draft_of(campaign)
    assert (after.stages, after.bands) == (now.stages, now.bands)
    # Nothing has changed: no line.
    assert lines("evaluations.change_campaign") == []


def test_stage_is_taken_out_and_put_in_again():
    campaign = drafted()
    now = draft_of(campaign)
    changed(campaign, stages=tuple(stage for stage in now.stages if stage.kind != "MASSES"))
    assert problems_of(campaign) == ["各测评环节的权重合计是 50，应为 100。"]
    changed(campaign, stages=now.stages)
    assert problems_of(campaign) == []


def test_of_two_windows_the_later_one_is_told_and_nothing_is_overwritten():
    campaign = drafted()
    seen = digest_of(draft_of(campaign))
    changed(campaign, basis="一号文")
    stale = replace(draft_of(campaign), basis="二号文")
    assert "另一个窗口里有更新" in refused(lambda: change_campaign(campaign, stale, seen=seen, by=campaign.by))
    assert Campaign.objects.get().basis == "一号文"


def test_names_that_repeat_are_refused_before_the_database_does():
    people = cast()
    drafted(people=people)
    campaign = drafted(people=people, name="另一次")
    band = draft_of(campaign).bands[0]
    said = [
        refused(lambda: changed(campaign, bands=(band, replace(band, low=Decimal(1))))),
        refused(lambda: changed(campaign, conditions=(("LECTURE", 1), ("LECTURE", 2)))),
        refused(lambda: changed(campaign, name="党员评星定级")),
    ]
    assert said == [
        "等次名称重复，请改名后再保存。",
        "同一类组织生活只写一个最低条件，请去掉重复的。",
        "华东能源集团有限公司党委 2026 年度已有同名的评定，请改名。",
    ]


def test_running_campaign_is_neither_changed_nor_dropped():
    campaign = opened()
    before = draft_of(campaign)
    said = {refused(lambda: changed(campaign, basis="甲")), refused(lambda: drop_campaign(campaign, by=campaign.by))}
    assert said == {"这次评定进行中，设置不能再改。"}
    assert draft_of(Campaign.objects.get()) == before


def test_dropped_draft_is_gone_with_everything_in_it():
    campaign = drafted("appraisal")
    drop_campaign(campaign, by=campaign.by)
    assert [model.objects.count() for model in (Campaign, Stage, Band)] == [0, 0, 0]
    assert AuditEvent.objects.filter(action="evaluations.drop_campaign").count() == 1


# --- what keeps it from being opened -------------------------------------------------------------
def _bands(*rows):
    return tuple(
        BandDraft(name, Decimal(low), None if high is None else Decimal(high), None, "QUALIFIED")
        for name, low, high in rows
    )


def _without(*kinds):
    return lambda draft: {"stages": tuple(stage for stage in draft.stages if stage.kind not in kinds)}


def _peer(**fields):
    return lambda draft: {
        "stages": tuple(replace(one, **fields) if one.kind == "PEER" else one for one in draft.stages)
    }


@pytest.mark.parametrize(
    ("change", "sentences"),
    [
        (
            lambda _: {"bands": _bands(("五星", 96, None), ("四星", 90, 95), ("三星", 0, 90))},
            ["“四星”到 95 分为止，“五星”从 96 分起，中间有缺口，请补齐。"],
        ),
        (
            lambda _: {"bands": _bands(("五星", 95, None), ("四星", 0, 96))},
            ["“四星”到 96 分为止，“五星”从 95 分起，互相重叠，请改正。"],
        ),
        (lambda _: {"bands": ()}, ["请至少写一个等次。"]),
        (
            lambda _: {"daily_weight": Decimal(100)},
            ["日常积分占 100%，测评环节不能再有权重，请改为 0 或调低日常积分占比。"],
        ),
        (_without("PEER"), ["各测评环节的权重合计是 50，应为 100。"]),
        (_without("COMMITTEE"), ["请保留“党委综评”环节：等次由党委决定。"]),
        (_peer(marks=()), ["“党员互评”没有写明评价方式和内容。"]),
        (_peer(pools=()), ["“党员互评”没有选择参评人员。"]),
        (_peer(pools=(("LEADERS", "30"), ("MEMBERS", "60"))), ["“党员互评”各类参评人员的权重合计是 90，应为 100。"]),
        (
            _peer(opens_on=datetime.date(2026, 11, 1)),
            ["“党员互评”早于前面的“个人自评”开始，请调整日期。"],
        ),
        (lambda _: {}, []),
    ],
)  # fmt: skip
def test_problem_is_said_with_its_cure_and_keeps_it_from_being_opened(change, sentences):
    campaign = drafted()
    draft = replace(draft_of(campaign), **change(draft_of(campaign)))
    assert problems_with(campaign, draft) == sentences
    change_campaign(campaign, draft, seen=digest_of(draft_of(campaign)), by=campaign.by)
    assert problems_of(Campaign.objects.get(pk=campaign.pk)) == sentences
    if sentences:
        assert refused(lambda: open_campaign(campaign, by=campaign.by)) == "\n".join(sentences)


def test_self_review_of_branches_is_refused():
    campaign = drafted("branch")
    now = draft_of(campaign)
    changed(campaign, stages=(*now.stages, StageDraft("SELF", DAY, DAY)))
    assert problems_of(campaign) == ["“个人自评”只用于党员的评定，请去掉这个环节。"]


# --- opening -------------------------------------------------------------------------------------
def opened(code="star", people=None, **given) -> Campaign:
    campaign = drafted(code, people, **given)
    return open_campaign(campaign, by=campaign.by)


def rated(campaign):
    rows = Candidate.objects.filter(campaign=campaign).select_related("account__member", "account__unit", "unit")
    return {str(one): (one.unit.name, one.left_out) for one in rows}


def test_opening_freezes_who_is_rated_in_which_branch():
    people = cast()
    factories.exclusion(people.colleague.member, people.secretary, reason="长期病休")
    factories.member(people.branch, name="预备甲", category="PROBATIONARY")
    campaign = opened(people=people)
    assert rated(campaign) == {
        "冯志刚": ("机关党支部", ""), "褚卫东": ("机关党支部", ""), "王建国": ("检修部党支部", ""),
        "李静怡": ("检修部党支部", "长期病休"), "周敏": ("检修部党支部", ""), "陈志远": ("检修部党支部", ""),
        "吴海涛": ("检修部党支部", ""), "郑雪": ("检修部党支部", ""),
        "预备甲": ("检修部党支部", "预备党员不参加评定"), "孙立新": ("运行部党支部", ""),
    }  # fmt: skip
    # Whoever is not rated is not asked to write either.
    assert SelfReview.objects.count() == 8
    factories.member(people.branch, name="后来者")
    assert len(rated(campaign)) == 10


def test_probationary_members_are_rated_where_the_campaign_says_so():
    people = cast()
    factories.member(people.branch, name="预备甲", category="PROBATIONARY")
    campaign = drafted(people=people)
    changed(campaign, rates_probationary=True)
    open_campaign(campaign, by=campaign.by)
    assert rated(campaign)["预备甲"] == ("检修部党支部", "")


def test_campaign_of_branches_rates_branches():
    people = cast()
    for unit in (people.branch, people.other_branch):
        Account.objects.create(kind="BRANCH", unit=unit)
    campaign = opened("branch", people)
    assert rated(campaign) == {name: (name, "") for name in ("检修部党支部", "运行部党支部")}
    assert not SelfReview.objects.exists()


def test_campaign_is_opened_once():
    campaign = opened()
    assert refused(lambda: open_campaign(campaign, by=campaign.by)) == "这次评定进行中，不能再启动。"
    assert AuditEvent.objects.filter(action="evaluations.campaign_running").count() == 1


def test_campaign_of_nobody_is_not_opened():
    people = cast()
    assert "没有可以参加评定的对象" in refused(lambda: opened("team", people))
    assert not Candidate.objects.exists()


# --- preview -------------------------------------------------------------------------------------
def typed(people, year, totals):
    for member, total in totals.items():
        account = Account.objects.get(member__name=member)
        YearTotal.objects.create(account=account, year=year, total=total, by=people.business_admin)


def scene():
    """Nine members with points of 2025; one is left out, one on probation has no account's worth of points."""
    people = cast()
    rule_set(people.committee)
    factories.exclusion(people.colleague.member, people.secretary, reason="长期病休")
    campaign = drafted(people=people)
    from_service = {"王建国": "97", "周敏": "97", "陈志远": "92", "吴海涛": "75", "郑雪": "55", "孙立新": "97"}
    opened("year", people)
    typed(people, 2025, from_service)
    return people, campaign


def test_preview_says_bands_quotas_ties_and_who_is_left_out():
    _people, campaign = scene()
    seen = preview_campaign(campaign, 2025)
    assert [(line.band.name, line.people, line.seats, line.left) for line in seen.bands] == [
        ("五星", 0, 1, 1), ("四星", 4, None, None), ("三星", 0, None, None), ("二星", 1, None, None),
        ("一星", 0, None, None), ("不合格", 1, None, None),
    ]  # fmt: skip
    assert [(line.name, line.people, line.unknown, counts) for line, counts in seen.branches] == [
        ("机关党支部", 2, 2, [0, 0, 0, 0, 0, 0]), ("检修部党支部", 5, 0, [0, 3, 0, 1, 0, 1]),
        ("运行部党支部", 1, 0, [0, 1, 0, 0, 0, 0]),
    ]  # fmt: skip
    assert {(one.name, one.branch, one.why) for one in seen.tied} == {
        ("王建国", "检修部党支部", "“五星”的名额线上同分"), ("周敏", "检修部党支部", "“五星”的名额线上同分"),
        ("孙立新", "运行部党支部", "“五星”的名额线上同分"),
    }  # fmt: skip
    assert (seen.people, seen.left_out, seen.unknown) == (8, [("长期病休", 1)], 2)
    assert seen.unheard == ["党员互评", "群众测评"]


def test_preview_counts_whose_points_are_beyond_a_hundred():
    people, campaign = scene()
    YearTotal.objects.filter(account__member__name="王建国").update(total=150)
    assert preview_campaign(campaign, 2025).beyond == 1
    changed(campaign, by=people.business_admin, daily_full=Decimal(150))
    assert preview_campaign(campaign, 2025).beyond == 0


def test_preview_writes_nothing():
    people, campaign = scene()
    factories.member(people.branch, name="没有账户")
    before = (Candidate.objects.count(), Account.objects.count(), AuditEvent.objects.count())
    with CaptureQueriesContext(connection) as queries:
        preview_campaign(campaign, 2025)
    assert not [one["sql"] for one in queries if one["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert (Candidate.objects.count(), Account.objects.count(), AuditEvent.objects.count()) == before


def test_preview_of_this_year_is_what_comes_out_of_computing_without_ballots():
    people, campaign = scene()
    typed(people, 2026, {"王建国": "97", "周敏": "88", "陈志远": "92", "吴海涛": "75"})
    seen = {line.band.name: line.people for line in preview_campaign(campaign, 2026).bands}
    open_campaign(campaign, by=campaign.by)
    compute_campaign(campaign)
    rows = Candidate.objects.filter(campaign=campaign, computed__isnull=False).values_list("computed__name", flat=True)
    assert {name: list(rows).count(name) for name in seen} == seen
    assert sum(seen.values()) == 4


def test_preview_is_of_any_stage_policy_and_never_open():
    _people, campaign = scene()
    changed(campaign, empty_stage="DECIDE")
    assert sum(line.people for line in preview_campaign(campaign, 2025).bands) == 6
    assert Campaign.objects.get(pk=campaign.pk).empty_stage == "DECIDE"


def test_preview_asks_the_same_of_few_and_of_many():
    people, campaign = scene()
    counts = []
    preview_campaign(campaign, 2025)
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            preview_campaign(campaign, 2025)
        counts.append(len(queries))
        newcomers = [factories.member(people.branch, name=f"新{number}") for number in range(3)]
        Account.objects.bulk_create(Account(kind="MEMBER", member=one) for one in newcomers)
    assert counts[0] == counts[1]
