"""A unit's own items: limits, months, four eyes; they count for their unit, from their month on, and nowhere else."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from members.errors import Refused
from members.models import AuditEvent, User
from scoring.calculation.book import ItemRule
from scoring.cards import section_points
from scoring.explanation import explain
from scoring.models import Account, CustomItem, Item, LedgerEntry, RuleSet, Score, Span, StaleScore
from scoring.months import label, month_of, shift
from scoring.ranking import places_of, rows_of, table_of
from scoring.rulebook.limits import bound_of
from scoring.rulebook.room import earliest_month, room_of
from scoring.services import custom_items as services
from scoring.services.accounts import open_member_accounts
from scoring.services.columns import grid_layout
from scoring.services.grid import Change, build_grid, save_cells
from scoring.services.months import month_of_unit, submit_month
from scoring.services.posting import reverse_entry
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set
from scoring.todo import waiting_for
from scoring.whatif.asked import Asked
from scoring.whatif.run import what_if
from tests.factories import Kind, Post, cast, official, unit
from tests.scoring.factories import rule_set

pytestmark = pytest.mark.django_db
RULES = """
代号: own
名称: 有自定义条款的办法
周期: 月
生效月份: 202601
板块:
  - {代号: 基, 名称: 基础分, 类别: 基础, 条款: [{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 60}]}
  - 代号: 加
    名称: 加分
    类别: 加分
    上限: 20
    自定义条款数: 2
    自定义合计上限: 6
    条款: [{条款号: 加-1, 名称: 定分, 计价: 每次定分, 分值: 2}]
  - 代号: 减
    名称: 减分
    类别: 扣分
    自定义条款数: 1
    自定义合计上限: 5
    条款: [{条款号: 减-1, 名称: 扣分, 计价: 打分, 最低: -5, 最高: 0}]
"""
OWN = {"条款号": "自-1", "名称": "技能比武", "计价": "按数量", "单价": "1", "单位": "次", "每月上限": "4"}


def open_month() -> int:
    """The month that is being entered now."""
    return shift(month_of(timezone.localdate()), -1)


class Place:
    """The cast under rules that allow items of one's own."""

    def __init__(self, content: str = RULES):
        self.cast = cast()
        self.rules = rule_set(self.cast.committee, content)
        open_member_accounts()

    def section(self, code: str = "加"):
        return self.rules.sections.select_related("rule_set__owner").get(code=code)

    def propose(self, *, section: str = "加", by: User | None = None, at=None, month: int = 0, **changes: object):
        content = {word: value for word, value in {**OWN, **changes}.items() if value is not None}
        by, at = by or self.cast.secretary, at or self.cast.branch
        return services.propose_custom_item(at, self.section(section), content, month or open_month(), by=by)

    def approved(self, **options: object) -> Item:
        return services.approve_custom_item(self.propose(**options), by=self.cast.business_admin)

    def rules_now(self) -> RuleSet:
        return RuleSet.objects.get(pk=self.rules.pk)

    def columns(self, where, month: int) -> list[str]:
        return [column.item.code for column in grid_layout(self.rules_now(), where, month).columns]

    def score(self, user: User, texts: dict[str, str], secretary: User, month: int = 0) -> Score:
        """Type a member's cells, hand the month in, and take the score."""
        where = user.member.memberships.get(ended_on=None).branch
        row = month_of_unit(where, month or open_month())
        account = Account.objects.get(member=user.member)
        items = {column.item.code: column.item.pk for column in build_grid(row).columns}
        changes = [Change(account.pk, items[code], text, 0) for code, text in texts.items()]
        saved, _totals = save_cells(row, changes, by=secretary)
        assert [one.refusal for one in saved if one.refusal] == []
        submit_month(month_of_unit(where, row.month), by=secretary)
        return Score.objects.select_related("unit", "rule_set").get(account=account, month=row.month)


# --- how much an item can bring -----------------------------------------------------------------
def rule(**fields: object) -> ItemRule:
    return ItemRule(
        **{"key": 1, "code": "自-1", "name": "条", "pricing": "per_unit", "pricing_table": {"rate": "1"}} | fields
    )


LEVELS = {"pricing": "level", "pricing_table": {"levels": [["甲", "10"], ["乙", "-4"]]}}
LOSES = {"pricing": "fixed", "pricing_table": {"points": "-1"}}


@pytest.mark.parametrize(
    ("fields", "period", "found"),
    [
        # A cap as often as it fits into the period; one longer than the period does not bound it.
        ({"cap_month": 300}, "MONTH", (300, 0)),
        ({"cap_month": 300}, "QUARTER", (900, 0)),
        ({"cap_month": 300, "cap_quarter": 500}, "QUARTER", (500, 0)),
        ({"cap_year": 500}, "MONTH", (None, 0)),
        ({"cap_quarter": 500}, "YEAR", (2000, 0)),
        # What is counted at the end of the year has the year for its period.
        ({"cap_month": 100, "annual": True}, "MONTH", (1200, 0)),
        ({"cap_year": 500, "annual": True}, "MONTH", (500, 0)),
        # Without a cap: only where one entry counts.
        ({}, "MONTH", (None, 0)),
        ({**LEVELS, "tally": "highest"}, "MONTH", (1000, 400)),
        ({**LEVELS, "tally": "latest", "start": 200}, "MONTH", (1200, 200)),
        ({**LEVELS, "tally": "latest", "cap_month": 500}, "MONTH", (500, 400)),
        ({**LEVELS, "tally": "highest", "tally_table": {"of": "occasion"}, "cap_month": 500}, "MONTH", (500, None)),
        ({**LEVELS, "tally": "sum"}, "MONTH", (None, None)),
        ({"tally": "highest"}, "MONTH", (None, 0)),
        ({"tally": "steps", "tally_table": {"steps": [["1", "-3"], ["2", "-5"]]}}, "MONTH", (0, 500)),
        ({"tally": "ratio", "tally_table": {"full": "5", "of": "expected"}}, "MONTH", (500, 0)),
        ({"tally": "ratio", "tally_table": {"full": "5"}}, "MONTH", (None, 0)),
        # What takes off needs a floor, and no cap that cuts off what the floor counted.
        (LOSES, "MONTH", (0, None)),
        ({**LOSES, "floor": -500}, "MONTH", (0, 500)),
        ({**LOSES, "floor": -500, "cap_month": 0}, "QUARTER", (0, None)),
        ({**LOSES, "floor": -500, "start": 300}, "MONTH", (300, 500)),
    ],
)  # fmt: skip
def test_bounds_are_strict(fields, period, found):
    assert bound_of(rule(**fields), period) == found


# --- asking --------------------------------------------------------------------------------------
def test_proposal_waits_and_changes_nothing():
    place = Place()
    custom = place.propose()
    assert (custom.state, str(custom), custom.content) == ("PROPOSED", "自-1 技能比武", OWN)
    assert place.columns(place.cast.branch, open_month()) == ["基-1", "加-1", "减-1"]
    line = AuditEvent.objects.latest("pk")
    assert (line.action, line.user) == ("scoring.propose_custom_item", place.cast.secretary)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"每月上限": None}, "一期最多能得多少分没有限定"),
        ({"每月上限": None, "每年上限": "5"}, "一期最多能得多少分没有限定"),
        ({"每月上限": "7"}, "一期合计最多 6 分，已用 0 分，这一条 7 分"),
        ({"section": "减", "单价": "-1"}, "一期最多能扣多少分没有限定，请写明下限"),
        ({"section": "减", "单价": "-1", "下限": "-6", "每月上限": None}, "一期合计最多 5 分，已用 0 分，这一条 6 分"),
        ({"section": "基"}, "板块“基础分”不允许自定义条款"),
        ({"条款号": "加-1"}, "条款号“加-1”已经用过"),
        ({"条款号": None}, "条款号”：没有填写"),
        ({"单价": "一"}, "条款“自-1”“单价”：“一”不是分值"),
        ({"计价": "随便"}, "“随便”不是可用的值"),
        ({"每月上限": "5", "每季上限": "3"}, "每月上限 5 高于每季上限 3"),
        ({"不受板块上限限制": "是"}, "自定义条款须受板块上限限制"),
    ],
)  # fmt: skip
def test_proposal_outside_the_limits_is_refused(changes, sentence):
    with pytest.raises(Refused, match=sentence):
        Place().propose(**changes)
    assert not CustomItem.objects.exists()


def test_limits_count_what_stands_and_what_waits():
    place = Place()
    place.approved(每月上限="3")
    place.propose(条款号="自-2", 每月上限="2")
    with pytest.raises(Refused) as refusal:
        place.propose(条款号="自-3", 每月上限="2")
    assert str(refusal.value).split("\n") == [
        "板块“加分”最多 2 项自定义条款，已有 2 项（含待审定的），请先停用或撤换。",
        "板块“加分”的自定义条款一期合计最多 6 分，已用 5 分，这一条 2 分，请改小。",
    ]
    # Another branch has its own limits; the same number is free there.
    other = official(place.cast.other_branch, Post.BRANCH_SECRETARY, place.cast.other_branch)
    assert place.propose(by=other, at=place.cast.other_branch).state == "PROPOSED"


def test_limits_hold_for_the_people_whose_items_meet():
    people_of = Place()
    general = unit(Kind.GENERAL_BRANCH, people_of.cast.committee, "检修党总支")
    below = unit(Kind.BRANCH, general, "一支部")
    people_of.approved(by=people_of.cast.committee_member, at=general)
    section = people_of.section()
    rooms = {where: room_of(section, where, open_month()) for where in (general, below, people_of.cast.branch)}
    assert {where: (room.count, room.points) for where, room in rooms.items()} == {
        general: (1, 400), below: (1, 400), people_of.cast.branch: (0, 0)
    }  # fmt: skip
    with pytest.raises(Refused, match="已用 4 分，这一条 4 分"):
        people_of.propose(by=people_of.cast.committee_member, at=below, 条款号="自-2")
    with pytest.raises(Refused, match="条款号“自-1”已经用过"):
        people_of.propose(by=people_of.cast.committee_member, at=below)


def test_who_may_ask():
    place = Place()
    allowed = {"secretary", "deputy", "committee_member", "business_admin"}
    got = set()
    for role, user in place.cast.by_role().items():
        try:
            with transaction.atomic():
                place.propose(by=user, 条款号=f"自-{user.pk}", 每月上限="1")
                got.add(role)
                raise InterruptedError
        except (Refused, InterruptedError):
            pass
    assert got == allowed


def test_the_owner_itself_changes_its_rules_instead():
    place = Place()
    with pytest.raises(Refused, match="下面的党组织申请"):
        place.propose(by=place.cast.business_admin, at=place.cast.committee)


def test_superseded_and_draft_rules_take_nothing_in():
    place = Place()
    later = load_rule_set(RULES.replace("202601", str(open_month())), owner=place.cast.committee, by=None)
    section = later.sections.select_related("rule_set__owner").get(code="加")
    with pytest.raises(Refused, match="不是现行办法"):
        services.propose_custom_item(place.cast.branch, section, OWN, open_month(), by=place.cast.secretary)
    publish_rule_set(later, by=None)
    with pytest.raises(Refused, match="不是现行办法"):
        place.propose()


# --- from which month ------------------------------------------------------------------------------
def test_month_already_begun_is_refused():
    place = Place()
    assert earliest_month(place.cast.branch, timezone.localdate()) == open_month()
    place.score(place.cast.member, {"基-1": "60"}, place.cast.secretary)
    assert earliest_month(place.cast.branch, timezone.localdate()) == shift(open_month(), 1)
    with pytest.raises(Refused, match=f"最早是{label(shift(open_month(), 1))}"):
        place.propose()
    assert place.propose(month=shift(open_month(), 1)).from_month == shift(open_month(), 1)
    with pytest.raises(Refused, match="起用月份最早是"):
        place.propose(by=place.cast.business_admin, at=place.cast.other_branch, month=shift(open_month(), -1))


def test_a_month_begun_since_the_proposal_stands_in_the_way_of_approval():
    place = Place()
    custom = place.propose()
    place.score(place.cast.member, {"基-1": "60"}, place.cast.secretary)
    with pytest.raises(Refused, match="请退回，由申请单位更正"):
        services.approve_custom_item(custom, by=place.cast.business_admin)
    assert Item.objects.exclude(unit=None).count() == 0


# --- deciding ----------------------------------------------------------------------------------------
def test_approval_is_by_another_of_the_owner_and_once():
    place = Place()
    own = place.propose(by=place.cast.business_admin)
    for by, sentence in ((place.cast.business_admin, "申请人不能审定"), (place.cast.secretary, "由.*审定")):
        with pytest.raises(Refused, match=sentence):
            services.approve_custom_item(own, by=by)
    services.approve_custom_item(own, by=place.cast.committee_member)
    for act in (
        lambda: services.approve_custom_item(own, by=place.cast.committee_member),
        lambda: services.return_custom_item(own, reason="重复", by=place.cast.committee_member),
    ):
        with pytest.raises(Refused, match="已经办理过"):
            act()
    with pytest.raises(IntegrityError), transaction.atomic():
        CustomItem.objects.filter(pk=own.pk).update(decided_by=own.proposed_by)


def test_return_needs_a_reason_and_frees_the_number():
    place = Place()
    custom = place.propose()
    with pytest.raises(Refused, match="退回的原因"):
        services.return_custom_item(custom, reason=" ", by=place.cast.committee_member)
    services.return_custom_item(custom, reason="分值太高", by=place.cast.committee_member)
    custom.refresh_from_db()
    assert (custom.state, custom.reason, custom.item) == ("RETURNED", "分值太高", None)
    assert place.propose(每月上限="2").state == "PROPOSED"


def test_proposals_wait_for_those_who_decide():
    place = Place()
    place.propose(by=place.cast.business_admin)
    place.propose(by=place.cast.secretary, 条款号="自-2", 每月上限="1")

    def told(user: User) -> list[tuple[str, int]]:
        fresh = User.objects.get(pk=user.pk)
        return [(todo.title, todo.count) for todo in waiting_for(fresh) if "自定义" in todo.title]

    title = "审定“有自定义条款的办法”的自定义条款"
    found = {role: told(user) for role, user in place.cast.by_role().items() if told(user)}
    assert found == {"committee_member": [(title, 2)], "business_admin": [(title, 1)]}


# --- counting ------------------------------------------------------------------------------------------
def test_approved_item_counts_for_its_unit_from_its_month_only():
    place, month = Place(), open_month()
    other = official(place.cast.other_branch, Post.BRANCH_SECRETARY, place.cast.other_branch)
    open_member_accounts()
    place.approved(month=month)
    common = ["基-1", "加-1", "减-1"]
    assert place.columns(place.cast.branch, month) == ["基-1", "加-1", "自-1", "减-1"]
    assert place.columns(place.cast.branch, shift(month, -1)) == common
    assert place.columns(place.cast.other_branch, month) == common
    ours = place.score(place.cast.member, {"基-1": "50", "加-1": "1次", "自-1": "4次"}, place.cast.secretary)
    theirs = place.score(place.cast.stranger, {"基-1": "50", "加-1": "1次"}, other)
    assert (ours.total, theirs.total) == (Decimal(56), Decimal(52))
    explained = explain(ours)
    lines = [(str(line.item), line.points) for part in explained.sections for line in part.items]
    assert explained.agrees
    assert lines == [("基-1 打分", 50), ("加-1 定分", 2), ("自-1 技能比武", 4), ("减-1 扣分", 0)]
    assert [str(line.item) for part in explain(theirs).sections for line in part.items] == [
        "基-1 打分", "加-1 定分", "减-1 扣分"
    ]  # fmt: skip


def test_ended_item_leaves_the_grid_after_its_last_month():
    place, month = Place(), open_month()
    place.approved(month=month)
    custom = CustomItem.objects.get()
    place.score(place.cast.member, {"自-1": "2次"}, place.cast.secretary)
    with pytest.raises(Refused, match=f"最早是{label(month)}"):
        services.end_custom_item(custom, shift(month, -1), by=place.cast.secretary)
    with pytest.raises(Refused, match="只有"):
        services.end_custom_item(custom, month, by=place.cast.member)
    services.end_custom_item(custom, month, by=place.cast.secretary)
    assert "自-1" in place.columns(place.cast.branch, month)
    assert "自-1" not in place.columns(place.cast.branch, shift(month, 1))
    # Its room is free again afterwards, its number is not.
    room = room_of(place.section(), place.cast.branch, shift(month, 1))
    assert (room.count, room.points) == (0, 0)
    with pytest.raises(Refused, match="条款号“自-1”已经用过"):
        place.propose(month=shift(month, 1))


ONLY_OWN = "  - {代号: 自, 名称: 自选动作, 类别: 加分, 自定义条款数: 1, 自定义合计上限: 5}\n  - 代号: 减\n"


def test_section_of_own_items_alone_is_shown_with_its_points():
    place = Place(RULES.replace("  - 代号: 减\n", ONLY_OWN))
    place.approved(section="自")
    score = place.score(place.cast.member, {"基-1": "50", "自-1": "3次"}, place.cast.secretary)
    shown = [(line.section.name, line.points) for line in section_points(score, [score])]
    assert shown == [("基础分", 50), ("加分", 0), ("自选动作", 3), ("减分", 0)]
    ranked = places_of(table_of(place.cast.branch, score.month), rows_of(place.cast.branch, score.month))
    assert [(section.name, points) for section, points in ranked[0].sections] == shown


def test_year_cap_of_an_own_item_carries_a_correction_into_later_months():
    place, month = Place(), open_month()
    later = shift(month, 1)
    if month // 100 != later // 100:
        pytest.skip("the two months that can be typed today lie in two years")
    place.approved(每月上限="2", 每年上限="3")
    score = place.score(place.cast.member, {"自-1": "2次"}, place.cast.secretary)
    assert place.score(place.cast.member, {"自-1": "2次"}, place.cast.secretary, month=later).total == 1
    entry = LedgerEntry.objects.get(account=score.account, month=month)
    reverse_entry(entry, by=place.cast.secretary, reason="记错")
    assert (score.account_id, later) in set(StaleScore.objects.values_list("account", "month"))


# --- files ---------------------------------------------------------------------------------------------
def test_shipped_items_of_a_unit_load_into_their_rules():
    place = Place(preset_text("s4"))
    assert services.unit_presets("s4") == {"s4-instrument": "仪电运行部"}
    made = services.load_custom_items(
        services.unit_preset_text("s4-instrument"), rule_set=place.rules, unit=place.cast.branch,
        from_month=open_month(), by=place.cast.secretary,
    )  # fmt: skip
    items = [services.approve_custom_item(custom, by=place.cast.business_admin) for custom in made]
    assert len(items) >= 4
    assert {item.unit for item in items} == {place.cast.branch}
    assert set(place.columns(place.cast.branch, open_month())) >= {item.code for item in items}


FILE = """
办法: own
板块:
  - 代号: 加
    条款:
      - {条款号: 自-1, 名称: 一, 计价: 按数量, 单价: 1, 每月上限: 4}
      - {条款号: 自-2, 名称: 二, 计价: 按数量, 单价: 1, 每月上限: 4}
  - 代号: 无
    条款: [{条款号: 自-3, 名称: 三, 计价: 按数量, 单价: 1}]
"""


@pytest.mark.parametrize(
    ("content", "sentences"),
    [
        (FILE, [
            "自-2 二：板块“加分”的自定义条款一期合计最多 6 分，已用 4 分，这一条 4 分，请改小。",
            "第 9 行附近：没有代号为“无”的板块。",
        ]),
        (FILE.replace("办法: own", "办法: s4"), ["文件写给代号为“s4”的办法，这里是“own”，请核对文件第一行。"]),
        ("办法: own\n版块: 1", [
            "第 1 行附近“板块”：没有填写，请补上。", "第 1 行附近“版块”：不认识这个字段，请检查拼写。",
        ]),
        ("- 1", ["这不是规则文件：第一层须是“名称、代号、周期、板块”等字段。"]),
    ],
)  # fmt: skip
def test_file_with_a_problem_asks_for_nothing(content, sentences):
    place = Place()
    with pytest.raises(Refused) as refusal:
        services.load_custom_items(
            content, rule_set=place.rules, unit=place.cast.branch, from_month=open_month(), by=place.cast.secretary
        )
    assert str(refusal.value).split("\n") == sentences
    assert not CustomItem.objects.exists()


def test_what_if_maps_own_items_by_unit_and_number():
    place, month = Place(), open_month()
    place.approved(month=month)
    place.score(place.cast.member, {"基-1": "50", "自-1": "3次"}, place.cast.secretary)
    account = Account.objects.get(member=place.cast.member.member)

    def change(content: str) -> tuple[int, list[tuple[str, str, int]]]:
        draft = load_rule_set(content, owner=place.cast.committee, by=None)
        outcome = what_if(Asked(draft, place.cast.branch, Span.MONTH, month))
        return int(outcome.change[outcome.accounts == account.pk][0]), outcome.warnings

    # What units added goes along into the next version, unless its section allows none any more.
    assert change(RULES) == (0, [])
    none = RULES.replace("    自定义条款数: 2\n    自定义合计上限: 6\n", "")
    assert change(none) == (-300, [("自-1 技能比武", "这份办法里没有这个条款，不计分。", 1)])
    # Become common to all, at twice the rate.
    common = "{条款号: 自-1, 名称: 技能比武, 计价: 按数量, 单价: 2, 单位: 次}, {条款号: 加-1,"
    assert change(RULES.replace("{条款号: 加-1,", common)) == (300, [])


# --- the next version ------------------------------------------------------------------------------------
def next_version(place: Place, content: str = RULES) -> RuleSet:
    later = content.replace("生效月份: 202601", f"生效月份: {shift(open_month(), 1)}")
    return publish_rule_set(load_rule_set(later, owner=place.cast.committee, by=None), by=None)


def test_own_items_and_proposals_go_along_into_the_next_version():
    place, month = Place(), open_month()
    place.approved(每月上限="3")
    ended = services.approve_custom_item(place.propose(条款号="自-2", 每月上限="1"), by=place.cast.business_admin)
    services.end_custom_item(CustomItem.objects.get(item=ended), month, by=place.cast.secretary)
    waiting = place.propose(section="减", 条款号="自-3", 单价="-1", 下限="-5", 每月上限=None)
    ours = place.score(place.cast.member, {"基-1": "50", "自-1": "3次"}, place.cast.secretary)
    later = next_version(place)
    place.rules = later
    assert place.columns(place.cast.branch, shift(month, 1)) == ["基-1", "加-1", "自-1", "减-1"]
    assert place.columns(place.cast.other_branch, shift(month, 1)) == ["基-1", "加-1", "减-1"]
    copy = CustomItem.objects.get(section__rule_set=later, state="APPROVED")
    assert (str(copy), copy.from_month, copy.decided_by) == (
        "自-1 技能比武",
        shift(month, 1),
        place.cast.business_admin,
    )
    waiting.refresh_from_db()
    assert waiting.section.rule_set == later
    # The month before stays under the version it was scored by.
    assert explain(ours).agrees


def test_a_number_that_has_become_common_is_no_longer_the_units():
    place = Place()
    place.approved()
    common = "{条款号: 自-1, 名称: 技能比武, 计价: 按数量, 单价: 2, 单位: 次}, {条款号: 加-1,"
    later = next_version(place, RULES.replace("{条款号: 加-1,", common))
    assert list(Item.objects.filter(section__rule_set=later).exclude(unit=None)) == []
