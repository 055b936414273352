"""Shipped rule sets; loading, publishing, superseding."""

import pytest
from django.utils import timezone

from members.errors import Refused
from members.models import AuditEvent
from scoring.books import book_of, layout_of
from scoring.models import Item, RuleSet
from scoring.rulefile import parse
from scoring.services.rules import PRESET_DIR, load_rule_set, preset_text, presets, publish_rule_set
from tests.factories import branch, committee, member, user
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
    assert len(asked) == 2
