"""Shipped rule sets; loading, publishing, superseding."""

from decimal import Decimal

import pytest
from django.utils import timezone

from members.errors import Refused
from members.models import AuditEvent
from scoring.books import book_of, layout_of
from scoring.models import Item, RuleSet
from scoring.months import month_of, shift
from scoring.rulebook.file import parse, read_document, read_item
from scoring.services.custom_items import load_custom_items
from scoring.services.rules import PRESET_DIR, load_rule_set, preset_text, presets, publish_rule_set
from tests.factories import appointment, branch, committee, member, user
from tests.scoring.factories import MONTH, account, draft, item, rule_set
from tests.scoring.ledger import entry

CODES = sorted(path.stem for path in PRESET_DIR.glob("*.yaml"))


def version(owner, text="s3-short", **changed):
    """A draft of the short sheet with other fields: `version(owner, 生效月份="202610")`."""
    content = preset_text(text)
    for key, value in changed.items():
        line = next(line for line in content.splitlines() if line.startswith(f"{key}:"))
        content = content.replace(line, f"{key}: {value}", 1)
    return load_rule_set(content, owner=owner, by=None)


def in_force(owner, month):
    return list(RuleSet.objects.in_force(month).filter(owner=owner).values_list("code", "version"))


# --- what is shipped ------------------------------------------------------------------------
def test_short_sheet_of_s3_has_the_columns_of_the_month_sheets(db):
    rules = rule_set(committee())
    assert [
        (section.code, section.kind, [f"{one.code} {one.name}" for one in items])
        for section, items in layout_of(rules)
    ] == [
        ("基", "base", ["基-1 四讲四有"]),
        ("加", "bonus", ["加-1 出色完成本职工作", "加-2 积极参加党建活动", "加-3 个人评优评先"]),
        ("减", "deduction", ["减-1 工作履职不认真", "减-2 纪律规矩不严明"]),
    ]
    book = book_of(rules)
    assert (book.period, book.floor, book.ceiling, book.decimals, book.longest_cap) == ("MONTH", 0, None, 2, "MONTH")
    assert {one.code: (one.cap_month, one.is_deduction) for one in book.items} == {
        "基-1": (None, False), "加-1": (500, False), "加-2": (300, False), "加-3": (1000, False),
        "减-1": (None, True), "减-2": (None, True),
    }  # fmt: skip


def test_full_rules_of_s3_have_their_15_and_16_clauses():
    rules = parse(preset_text("s3"))
    kinds = [(section.fields["kind"], len(section.items)) for section in rules.sections]
    assert {kind: sum(n for k, n in kinds if k == kind) for kind in ("base", "bonus", "deduction")} == {
        "base": 4, "bonus": 15, "deduction": 16,
    }  # fmt: skip
    assert [kind for kind, _n in kinds].count("bonus") == [kind for kind, _n in kinds].count("deduction") == 5


@pytest.mark.parametrize("code", CODES)
def test_every_shipped_file_loads_and_is_published(db, code):
    rules = publish_rule_set(load_rule_set(preset_text(code), owner=committee(), by=None), by=None)
    assert (rules.code, rules.state, rules.version) == (code, "PUBLISHED", 1)
    assert Item.objects.filter(section__rule_set=rules).exists()
    assert presets()[code] == (rules.name, rules.note)


@pytest.mark.parametrize("code", ["nothing", "../s3", "", "/etc/passwd"])
def test_preset_that_is_not_shipped_is_refused(code):
    with pytest.raises(Refused, match="没有代号为“.*”的内置积分办法。"):
        preset_text(code)


# --- loading and publishing -----------------------------------------------------------------
def test_load_makes_a_draft_with_the_next_version_and_one_line_in_the_log(db):
    owner, by = committee(), user()
    first = load_rule_set(preset_text("s3-short"), owner=owner, by=by)
    second = load_rule_set(preset_text("s3-short"), owner=owner, by=by)
    other = load_rule_set(preset_text("s3-short"), owner=committee(), by=by)
    assert [(one.version, one.state) for one in (first, second, other)] == [(1, "DRAFT"), (2, "DRAFT"), (1, "DRAFT")]
    assert AuditEvent.objects.filter(action="scoring.load_rule_set", user=by).count() == 3
    assert in_force(owner, MONTH) == []


def test_faulty_file_loads_nothing(db):
    with pytest.raises(Refused):
        load_rule_set(preset_text("s3-short").replace("计价: 打分", "计价: 猜", 1), owner=committee(), by=None)
    assert not RuleSet.objects.exists()


def test_publish_supersedes_the_version_before(db):
    owner, by = committee(), user()
    first = publish_rule_set(version(owner), by=by)
    second = publish_rule_set(version(owner, 生效月份="202610"), by=by)
    first.refresh_from_db()
    assert (first.state, first.effective_to) == ("SUPERSEDED", 202609)
    assert (second.state, second.effective_to, second.published_by) == ("PUBLISHED", None, by)
    assert second.published_at <= timezone.now()
    assert [in_force(owner, month) for month in (202512, 202601, 202609, 202610, 202701)] == [
        [], [("s3-short", 1)], [("s3-short", 1)], [("s3-short", 2)], [("s3-short", 2)],
    ]  # fmt: skip


def test_published_version_is_not_published_again(db):
    owner = committee()
    first = publish_rule_set(version(owner), by=None)
    with pytest.raises(Refused, match=r"“党员积分登记表（简表） v1”已经发布，不能再次发布；要修改请另建新版本。"):
        publish_rule_set(first, by=None)
    publish_rule_set(version(owner, 生效月份="202610"), by=None)
    with pytest.raises(Refused, match="已经发布"):
        publish_rule_set(first, by=None)


@pytest.mark.parametrize("month", ["202601", "202512"])
def test_version_from_the_same_or_an_earlier_month_is_refused_and_stays_a_draft(db, month):
    owner = committee()
    publish_rule_set(version(owner), by=None)
    again = version(owner, 生效月份=month)
    with pytest.raises(Refused, match="已有从同一月份或更晚月份起生效的版本，请把生效月份改晚。"):
        publish_rule_set(again, by=None)
    again.refresh_from_db()
    assert (again.state, again.published_at) == ("DRAFT", None)


def test_version_that_has_ended_does_not_come_back_to_force(db):
    owner = committee()
    first = publish_rule_set(version(owner, 生效月份="202601\n失效月份: 202603"), by=None)
    publish_rule_set(version(owner, 生效月份="202609"), by=None)
    first.refresh_from_db()
    assert (first.state, first.effective_to) == ("SUPERSEDED", 202603)
    assert in_force(owner, 202605) == []


def test_versions_of_another_owner_or_code_stay(db):
    owner, other = committee(), committee()
    publish_rule_set(version(owner), by=None)
    publish_rule_set(version(other), by=None)
    publish_rule_set(version(owner, 代号="mine", 生效月份="202605"), by=None)
    assert in_force(other, MONTH) == [("s3-short", 1)]
    assert sorted(in_force(owner, MONTH)) == [("mine", 1), ("s3-short", 1)]


# --- months that already have something in them ---------------------------------------------
USED = "已有按原积分办法录入或入账的内容，请把生效月份改到2026 年 10 月或以后，或先清空、冲正这些内容。"


def test_version_is_refused_for_months_that_have_entries(db):
    """They would lose their items, and published scores would change."""
    home = branch()
    rules = rule_set(home.parent)
    entry(account(member(home)), item(rules, "加-2"), 3)
    late = version(home.parent, 生效月份="202609")
    with pytest.raises(Refused, match=USED):
        publish_rule_set(late, by=None)
    publish_rule_set(version(home.parent, 生效月份="202610"), by=None)


def test_version_is_refused_for_months_that_are_being_typed(db):
    home, by = branch(), user()
    rules = rule_set(home.parent)
    cell = draft(account(member(home)), item(rules, "加-2"), "3次", by, home)
    own = version(home)
    with pytest.raises(Refused, match=USED):
        publish_rule_set(own, by=None)
    cell.text = ""
    cell.save()
    publish_rule_set(own, by=None)


def test_months_of_other_units_do_not_matter(db):
    home, other = branch(), branch()
    entry(account(member(home)), item(rule_set(home.parent), "加-2"), 3)
    publish_rule_set(version(other.parent), by=None)


def test_two_who_publish_the_same_draft_publish_it_once(db):
    owner = committee()
    draft_set = version(owner)
    stale = RuleSet.objects.get(pk=draft_set.pk)
    publish_rule_set(draft_set, by=None)
    with pytest.raises(Refused, match="已经发布"):
        publish_rule_set(stale, by=None)


# --- the plain values behind it -------------------------------------------------------------
def test_layout_of_a_published_version_is_read_once(db, queries):
    rules = rule_set(committee())
    layout_of(rules)
    with queries() as asked:
        layout_of(RuleSet(pk=rules.pk, published_at=rules.published_at))
    assert len(asked) == 0
    unpublished = version(committee())
    with queries() as asked:
        layout_of(unpublished)
    assert len(asked) == 3


# --- what the rule books of the five organisations say --------------------------------------
def sections_of(code):
    return [
        (section.fields["name"], str(section.fields["full_marks"]), len(section.items))
        for section in parse(preset_text(code)).sections
    ]


def test_branches_are_inspected_in_seven_areas_of_100_points_together():
    areas = sections_of("s1")
    assert areas == [
        ("党建", "25.00", 7), ("宣传", "15.00", 6), ("企业文化", "10.00", 5), ("精神文明", "10.00", 5),
        ("党风廉政", "15.00", 5), ("群团", "10.00", 5), ("维稳", "15.00", 5),
    ]  # fmt: skip
    assert sum(Decimal(full) for _name, full, _items in areas) == 100


def test_items_of_an_area_start_from_its_full_marks_and_each_deduction_says_why():
    rules = parse(preset_text("s1"))
    items = [item.fields for section in rules.sections for item in section.items]
    assert [sum(item.fields["start"] for item in section.items) for section in rules.sections] == [
        section.fields["full_marks"] for section in rules.sections
    ]
    assert {item["fed_by"] for item in items} == {"inspection"}
    assert all(item["standard"] for item in items)
    assert [
        item["code"] for item in items if item["start"] and not (item["reason_required"] and item["floor"] == 0)
    ] == []


def test_branches_are_judged_by_what_is_done_and_its_effect_more_than_by_records():
    items = [item.fields for section in parse(preset_text("s1")).sections for item in section.items]
    points = dict.fromkeys(("record", "done", "effect"), 0)
    for one in items:
        points[one["measures"]] += one["start"]
    assert points == {"record": 8, "done": 40, "effect": 52}


def test_double_star_rates_members_branches_and_teams():
    heads = [parse(preset_text(code)).fields for code in ("s2", "s2-branch", "s2-team")]
    assert [(head["account_kind"], head["period"]) for head in heads] == [
        ("MEMBER", "QUARTER"), ("BRANCH", "MONTH"), ("TEAM", "QUARTER"),
    ]  # fmt: skip


def test_company_rules_have_27_clauses_and_room_for_the_units_own():
    assert sections_of("s4") == [
        ("基础评价分", "100.00", 9), ("履职尽责分", "100.00", 9), ("激励约束分", "100.00", 9), ("一票否决", "None", 0),
    ]  # fmt: skip
    sections = [section.fields for section in parse(preset_text("s4")).sections]
    assert [(one["weight"], one["custom_count"], one["custom_cap"]) for one in sections] == [
        (30, 2, 5), (50, 3, 10), (20, 4, 20), (None, 0, None),
    ]  # fmt: skip


def test_branch_committee_is_scored_by_the_post_too():
    items = [item.fields for section in parse(preset_text("s4")).sections for item in section.items]
    posts = [
        "BRANCH_SECRETARY",
        "BRANCH_DEPUTY",
        "ORG_COMMISSIONER",
        "PUBLICITY_COMMISSIONER",
        "DISCIPLINE_COMMISSIONER",
    ]
    assert [(one["code"], one["fed_by"], one["posts"]) for one in items if one["posts"]] == [
        ("履-8", "post", posts), ("履-9", "grid", posts),
    ]  # fmt: skip


UNIT_FILES = sorted((PRESET_DIR / "units").glob("*.yaml"))


def own_clauses(path):
    """Section -> the clauses that a unit adds to it."""
    document = read_document(path.read_text(encoding="utf-8"))
    return document["办法"], {section["代号"]: section["条款"] for section in document["板块"]}


@pytest.mark.parametrize("path", UNIT_FILES, ids=lambda path: path.stem)
def test_clauses_of_a_unit_keep_to_what_its_superior_allows(path):
    code, own = own_clauses(path)
    rules = parse(preset_text(code))
    limits = {section.fields["code"]: section.fields for section in rules.sections}
    common = {item.fields["code"] for section in rules.sections for item in section.items}
    for name, clauses in own.items():
        read = [read_item(clause, limits[name]["kind"]) for clause in clauses]
        fields = [item.fields for item, _problems in read]
        assert [problems for _item, problems in read] == [[] for _clause in clauses]
        assert len(clauses) <= limits[name]["custom_count"]
        assert sum(one["cap_month"] for one in fields) <= limits[name]["custom_cap"]
        assert common.isdisjoint(one["code"] for one in fields)


def test_instrument_department_has_34_clauses_of_which_four_are_its_own():
    """27 of the company, 4 of its own; its three grounds of veto are no points."""
    code, own = own_clauses(PRESET_DIR / "units" / "s4-instrument.yaml")
    common = sum(len(section.items) for section in parse(preset_text(code)).sections)
    assert {name: len(clauses) for name, clauses in own.items()} == {"基": 1, "履": 1, "激": 2}
    assert common + sum(map(len, own.values())) + 3 == 34


def test_clauses_of_a_unit_are_asked_for_from_the_file(db):
    """Every clause of the file passes the checks of the page on which units ask for them."""
    top = committee()
    home = branch(top)
    secretary = user(member(home))
    appointment(secretary.member, home, "BRANCH_SECRETARY")
    rules = publish_rule_set(load_rule_set(preset_text("s4"), owner=top, by=None), by=None)
    text = (PRESET_DIR / "units" / "s4-instrument.yaml").read_text(encoding="utf-8")
    later = shift(month_of(timezone.localdate()), 1)
    made = load_custom_items(text, rule_set=rules, unit=home, from_month=later, by=secretary)
    assert [str(one) for one in made] == [
        "仪基-1 班前安全承诺", "仪履-1 仪表故障处理", "仪激-1 联锁误动作为零", "仪激-2 作业票检查",
    ]  # fmt: skip
