"""Drafts of rules: revised, changed part by part, checked all the time, published or dropped."""

from decimal import Decimal

import pytest

from members.errors import Refused
from members.models import AuditEvent
from scoring.models import Item, RuleSet, Section
from scoring.rulebook.writer import document_of
from scoring.services.rule_drafts import (
    drop_draft,
    find_part,
    move_part,
    part_document,
    remove_part,
    revise,
    save_part,
    try_change,
)
from scoring.services.rules import load_rule_set, preset_text, problems_in, problems_of, publish_rule_set
from tests.factories import Cast, cast
from tests.scoring.factories import ALL_KINDS, item, rule_set


@pytest.fixture
def people(db) -> Cast:
    return cast()


@pytest.fixture
def draft(people) -> RuleSet:
    return rule_set(people.committee, ALL_KINDS, published=False)


def name_of(draft: RuleSet, code: str) -> str:
    return f"item-{item(draft, code).pk}"


def codes(draft: RuleSet) -> list[tuple[str, list[str]]]:
    return [
        (section["代号"], [one["条款号"] for one in section.get("条款", [])]) for section in document_of(draft)["板块"]
    ]


def changed(draft: RuleSet, name: str, **values: object) -> dict:
    """What stands in the part, with some fields otherwise."""
    now = part_document(draft, find_part(draft, name)) | values
    return {key: value for key, value in now.items() if value != ""}


def refusal(act) -> list[str]:
    before = RuleSet.objects.count(), [document_of(one) for one in RuleSet.objects.all()]
    with pytest.raises(Refused) as refused:
        act()
    assert (RuleSet.objects.count(), [document_of(one) for one in RuleSet.objects.all()]) == before
    return str(refused.value).split("\n")


# --- a new version --------------------------------------------------------------------------
@pytest.mark.parametrize("preset", ["s0", "s3", "s3-short", "s4", "starter"])
def test_revision_has_the_same_content_from_a_later_month(people, preset):
    published = rule_set(people.committee, preset_text(preset))
    made = revise(published, effective_from=202701, by=people.business_admin)
    document = document_of(published)
    for one in document["示例"]:
        # Records that name their months stay beside the month they are scored for.
        if any(len(row) > 2 and row[2] for row in one["记录"]):
            one.setdefault("月份", "202601")
    assert document_of(made) == document | {"生效月份": "202701"}
    assert (made.version, made.state, problems_of(made)) == (2, "DRAFT", [])
    assert publish_rule_set(made, by=people.business_admin).state == "PUBLISHED"
    published.refresh_from_db()
    assert (published.state, published.effective_to) == ("SUPERSEDED", 202612)


def test_revision_begins_later_and_there_is_one_at_a_time(people):
    published = rule_set(people.committee)
    assert refusal(lambda: revise(published, effective_from=202601, by=None)) == [
        "现有版本从2026 年 1 月起生效，新版本请从2026 年 2 月或以后生效。"
    ]
    assert refusal(lambda: revise(published, effective_from=202613, by=None)) == [
        "生效月份“202613”不是月份，请写成 202601 这样的形式。"
    ]
    made = revise(published, effective_from=202701, by=None)
    assert refusal(lambda: revise(published, effective_from=202702, by=None)) == [
        f"已有草稿“{made}”，请先发布或删除它。"
    ]
    assert refusal(lambda: revise(made, effective_from=202702, by=None)) == [f"“{made}”还是草稿，直接修改即可。"]


# --- parts ----------------------------------------------------------------------------------
def test_clause_is_changed_and_nothing_else(people, draft):
    before = document_of(draft)
    name = name_of(draft, "加-2")
    save_part(draft, name, changed(draft, name, 单价="1", 每月上限="5"), by=people.business_admin)
    before["板块"][1]["条款"][1] |= {"单价": "1", "每月上限": "5"}
    assert document_of(draft) == before
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.detail, event.user) == (
        "scoring.change_rule_set", "修改条款 加-2", people.business_admin,
    )  # fmt: skip


def test_pricing_is_changed_with_its_table(draft):
    name = name_of(draft, "加-1")
    values = {"条款号": "加-1", "名称": "表彰", "计价": "按级别", "级别": [["国家级", "10"]], "汇总": "取最高"}
    save_part(draft, name, values, by=None)
    row = item(draft, "加-1")
    assert (row.name, row.pricing, row.pricing_table, row.tally) == (
        "表彰", "level", {"levels": [["国家级", "10.00"]]}, "highest",
    )  # fmt: skip


def test_head_and_section_are_changed(draft):
    save_part(draft, "head", changed(draft, "head", 总分上限="100", 名称="新办法"), by=None)
    section = draft.sections.get(code="加")
    name = f"section-{section.pk}"
    save_part(draft, name, changed(draft, name, 上限="40"), by=None)
    section.refresh_from_db()
    assert (draft.name, draft.ceiling, section.cap, section.position) == ("新办法", Decimal(100), Decimal(40), 1)


def test_examples_keep_their_months_when_the_rules_begin_later(draft):
    example = {"名称": "例", "记录": [["加-2", "2小时", "202601"]], "总分": "1"}
    save_part(draft, "example-new", example, by=None)
    save_part(draft, "head", changed(draft, "head", 生效月份="202704"), by=None)
    assert (draft.effective_from, draft.examples) == (202704, [example | {"月份": "202601"}])
    assert problems_of(draft) == []


def test_other_code_takes_the_next_version_of_that_code(people, draft):
    load_rule_set(ALL_KINDS.replace("代号: kinds", "代号: other"), owner=people.committee, by=None)
    save_part(draft, "head", changed(draft, "head", 代号="other"), by=None)
    assert (draft.code, draft.version) == ("other", 2)


def test_parts_are_added_at_the_end(draft):
    save_part(draft, "section-new", {"代号": "履", "名称": "履职", "类别": "履职"}, by=None)
    section = draft.sections.get(code="履")
    for code in ("履-1", "履-2"):
        values = {"条款号": code, "名称": "甲", "计价": "每次定分", "分值": "1"}
        save_part(draft, f"item-new-{section.pk}", values, by=None)
    save_part(draft, "example-new", {"名称": "例", "记录": [["履-1", "1次"]], "总分": "1"}, by=None)
    assert codes(draft)[-1] == ("履", ["履-1", "履-2"])
    assert document_of(draft)["示例"] == [{"名称": "例", "记录": [["履-1", "1次"]], "总分": "1"}]
    assert problems_of(draft) == []


def test_parts_are_removed(draft):
    save_part(draft, "example-new", {"名称": "例", "记录": [["加-1", "1次"]], "总分": "2"}, by=None)
    remove_part(draft, name_of(draft, "加-2"), by=None)
    remove_part(draft, f"section-{draft.sections.get(code='减').pk}", by=None)
    remove_part(draft, "example-0", by=None)
    assert codes(draft) == [("基", ["基-1", "基-2", "基-3"]), ("加", ["加-1", "加-3", "加-4"])]
    assert draft.examples == []


def test_last_section_is_kept(draft):
    for code in ("加", "减"):
        remove_part(draft, f"section-{draft.sections.get(code=code).pk}", by=None)
    last = f"section-{draft.sections.get().pk}"
    assert refusal(lambda: remove_part(draft, last, by=None)) == ["这是最后一个板块，办法里至少要有一个板块。"]
    assert refusal(lambda: remove_part(draft, "head", by=None)) == ["只能删除板块、条款和示例。"]


@pytest.mark.parametrize(
    ("code", "by_places", "expected"),
    [
        ("基-1", 1, ["基-2", "基-1", "基-3"]),
        ("基-3", -1, ["基-1", "基-3", "基-2"]),
        ("基-1", -1, ["基-1", "基-2", "基-3"]),
        ("基-3", 1, ["基-1", "基-2", "基-3"]),
    ],
)
def test_clause_moves_among_its_neighbours(draft, code, by_places, expected):
    move_part(draft, name_of(draft, code), by_places, by=None)
    assert codes(draft)[0] == ("基", expected)


def test_section_moves_with_its_clauses(draft):
    move_part(draft, f"section-{draft.sections.get(code='减').pk}", -1, by=None)
    assert [code for code, _items in codes(draft)] == ["基", "减", "加"]


# --- mistakes -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        (
            "加-1",
            {"分值": "两分"},
            ["条款“加-1”“分值”：“两分”不是分值，请填数字，最多两位小数，例如 3 或 2.5。"],
        ),
        ("加-1", {"名称": ""}, ["条款“加-1”“名称”：没有填写，请补上。"]),
        (
            "加-4",
            {"分数段": [["0", "60", "0"], ["70", "", "1"]]},
            ["条款“加-4”“分数段”：60.00 到 70.00 之间没有分数段，各段须首尾相接。"],
        ),
        (
            "加-4",
            {"分数段": [["0", "60", "0"], ["50", "", "1"]]},
            ["条款“加-4”“分数段”：分数段在 50.00 到 60.00 之间重叠，各段须首尾相接。"],
        ),
        ("减-1", {"最高": "1"}, ["条款“减-1”“计价”：扣分板块里的分值须是 0 或负数，请加上负号。"]),
        ("加-1", {"条款号": "基-1"}, ["条款号“基-1”已经用过，请改成不同的条款号。"]),
    ],
)
def test_mistake_in_a_clause_refuses_the_change(draft, code, values, expected):
    name = name_of(draft, code)
    assert refusal(lambda: save_part(draft, name, changed(draft, name, **values), by=None)) == expected


def test_code_of_a_section_stands_once(draft):
    values = {"代号": "加", "名称": "又一个", "类别": "加分"}
    assert refusal(lambda: save_part(draft, "section-new", values, by=None)) == [
        "板块代号“加”已经用过，请改成不同的代号。"
    ]


def test_part_that_is_gone_is_told(draft):
    name = name_of(draft, "加-2")
    remove_part(draft, name, by=None)
    for gone in (name, "example-0", "section-0", "item-new-0", "whatever"):
        assert refusal(lambda gone=gone: save_part(draft, gone, {}, by=None)) == [
            "这一条已经不在草稿里了，请刷新页面。"
        ]


def test_published_rules_are_not_edited(people):
    published = rule_set(people.committee)
    name = name_of(published, "加-2")
    expected = [f"“{published}”已经发布，不能修改；请另建新版本。"]
    for act in (
        lambda: save_part(published, name, changed(published, name, 单价="9"), by=None),
        lambda: remove_part(published, name, by=None),
        lambda: move_part(published, name, 1, by=None),
        lambda: drop_draft(published, by=None),
    ):
        assert refusal(act) == expected


# --- the whole ------------------------------------------------------------------------------
def test_what_does_not_fit_together_is_saved_told_and_not_published(people, draft):
    section = f"section-{draft.sections.get(code='加').pk}"
    name = name_of(draft, "加-2")
    save_part(draft, section, changed(draft, section, 满分="40", 上限="2", 权重="90"), by=None)
    expected = [
        "各板块权重之和是 90，应为 100。",
        "加-2 按数量：每月上限 3 高于板块“加分”的上限 2，请改小或写明不受其限制。",
    ]
    assert problems_of(draft) == expected
    assert refusal(lambda: publish_rule_set(draft, by=people.business_admin)) == expected
    save_part(draft, section, changed(draft, section, 上限="40", 权重=""), by=None)
    save_part(draft, "example-new", {"名称": "例", "记录": [["加-2", "4小时"]], "总分": "3"}, by=None)
    assert problems_of(draft) == ["示例“例”写明总分 3，按条款计算是 2，请核对。"]
    save_part(draft, name, changed(draft, name, 单价="1"), by=None)
    assert problems_of(draft) == []


def test_change_is_tried_without_being_saved(draft):
    name = name_of(draft, "加-2")
    before = document_of(draft)
    change = try_change(draft, find_part(draft, name), changed(draft, name, 下限="5"))
    assert (change.problems, problems_in(change.document)) == ([], ["加-2 按数量：下限 5 高于每月上限 3，请核对。"])
    assert document_of(draft) == before


def test_draft_is_dropped_with_everything_in_it(people, draft):
    drop_draft(draft, by=people.business_admin)
    assert [model.objects.count() for model in (RuleSet, Section, Item)] == [0, 0, 0]
    assert AuditEvent.objects.latest("pk").action == "scoring.drop_rule_set"
