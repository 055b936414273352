"""Drafts of a month: what is taken, refused, in conflict, and what the engine makes of it."""

import datetime
from types import SimpleNamespace

import pytest

from members.errors import Refused
from members.models import AuditEvent
from scoring import months
from scoring.models import DraftCell, DraftRemark, Item, LedgerEntry, Month, Veto
from scoring.services.columns import check_cell, grid_layout
from scoring.services.grid import Change, Saved, build_grid, last_month_texts, save_cells
from scoring.services.months import month_of_unit, recall_month, submit_month
from scoring.services.population import population
from tests.factories import cast, exclusion, member
from tests.harness.threads import race
from tests.scoring import factories
from tests.scoring.factories import MONTH


def set_up(content: str = "") -> SimpleNamespace:
    """A branch of nine with published rules; `change` makes a change of one item of the first account."""
    people = cast()
    rules = factories.rule_set(people.committee, content)
    account = factories.account(people.member.member)
    items = {item.code: item for item in Item.objects.filter(section__rule_set=rules)}

    def change(code: str | None, text: str, version: int = 0, **fields: object) -> Change:
        return Change(account.pk, items[code].pk if code else None, text, version, **fields)

    def save(*changes: Change, by=people.secretary, month: int = MONTH):
        return save_cells(month_of_unit(people.branch, month), changes, by=by)

    return SimpleNamespace(people=people, rules=rules, account=account, items=items, change=change, save=save)


@pytest.fixture
def short(db):
    return set_up()


@pytest.fixture
def kinds(db):
    return set_up(factories.ALL_KINDS)


# --- what a cell may hold --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("code", "typed", "text", "points"),
    [
        ("基-1", "６０", "60", 6000),
        ("基-1", " 22.5分 ", "22.5", 2250),
        ("基-2", "优秀", "优秀", 2000),
        ("加-1", "2", "2", 400),
        ("加-1", "2次", "2", 400),
        ("加-2", "1.5小时", "1.5小时", 75),
        ("加-2", "6", "6小时", 300),
        ("加-4", "60", "60", 100),
        ("加-4", "59.99", "59.99", 0),
        ("减-1", "2", "-2", -200),
        ("减-1", "−1.5", "-1.5", -150),
        ("减-1", "－1", "-1", -100),
        ("减-1", "无", "", None),
        ("加-1", "—", "", None),
        ("加-1", "", "", None),
    ],
)
def test_cell_is_read_as_people_write_it(kinds, code, typed, text, points):
    rule = grid_layout(kinds.rules).by_item[kinds.items[code].pk].rule
    assert check_cell(rule, typed) == (text, points)


@pytest.mark.parametrize(
    ("code", "typed", "sentence"),
    [
        ("基-1", "61", "基-1 打分：须在 0 到 60 分之间。"),
        ("基-1", "六十", "基-1 打分：“六十”不是规定的写法，请填数字，最多两位小数，例如 3 或 2.5。"),
        ("基-1", "1_000", "基-1 打分：“1_000”不是规定的写法，请填数字，最多两位小数，例如 3 或 2.5。"),
        ("基-1", "1e2", "基-1 打分：“1e2”不是规定的写法，请填数字，最多两位小数，例如 3 或 2.5。"),
        ("基-2", "良好", "基-2 等次：“良好”不是规定的等级，可填：优秀、合格。"),
        ("加-1", "1.5", "加-1 定分：次数须为整数。"),
        ("加-1", "-1", "加-1 定分：数量不能为负。"),
        ("加-2", "7", "加-2 按数量 每月最多 3 分。"),
        ("减-1", "6", "减-1 扣分：须在 −5 到 0 分之间。"),
    ],
)
def test_cell_refuses_and_names_the_rule(kinds, code, typed, sentence):
    rule = grid_layout(kinds.rules).by_item[kinds.items[code].pk].rule
    with pytest.raises(Refused, match=".") as refusal:
        check_cell(rule, typed)
    assert str(refusal.value) == sentence


def test_columns_say_their_range(kinds):
    hints = [column.hint for column in grid_layout(kinds.rules).columns]
    assert hints[:4] == ["0～60", "优秀／合格", "每次 1 分", "每次 2 分"]
    assert hints[4:] == ["每小时 0.5 分，月限 3", "1～5", "填分数", "−5～0"]


def test_columns_of_a_draft_are_read_anew(db):
    rules = factories.rule_set(cast().committee, published=False)
    assert len(grid_layout(rules).columns) == 6
    factories.item(rules, "加-1").delete()
    assert len(grid_layout(rules).columns) == 5


# --- saving ----------------------------------------------------------------------------------------
def test_save_answers_each_change_and_the_new_total(short):
    saved, totals = short.save(
        short.change("基-1", "60"),
        short.change("加-2", "4"),
        short.change("加-1", "３分", remark=" 抢修 "),
        short.change("减-2", "2"),
        short.change(None, "  月底补报 "),
    )
    account, items = short.account.pk, {code: item.pk for code, item in short.items.items()}
    assert saved == [
        Saved(account, items["基-1"], 1, "60", points=6000),
        Saved(account, items["加-2"], 0, "4", refusal="加-2 积极参加党建活动 每月最多 3 分。"),
        Saved(account, items["加-1"], 1, "3", remark="抢修", points=300),
        Saved(account, items["减-2"], 1, "-2", points=-200),
        Saved(account, None, 1, "月底补报"),
    ]
    assert totals == {account: 6100}
    cells = DraftCell.objects.filter(edited_by=short.people.secretary).values_list("item__code", "text", "remark")
    assert set(cells) == {("基-1", "60", ""), ("加-1", "3", "抢修"), ("减-2", "-2", "")}
    assert list(DraftRemark.objects.values_list("account", "text")) == [(account, "月底补报")]


def test_save_keeps_the_old_value_of_a_refused_cell(short):
    short.save(short.change("加-2", "2"))
    saved, _totals = short.save(short.change("加-2", "9", version=1))
    assert saved[0].refusal
    assert DraftCell.objects.get().text == "2次"


def test_save_takes_the_same_request_twice(short):
    changes = [short.change("基-1", "60"), short.change(None, "备注"), short.change("加-1", "", remark="")]
    first = short.save(*changes)
    assert short.save(*changes) == first
    assert DraftCell.objects.get().version == 1


def test_save_clears_a_cell(short):
    short.save(short.change("基-1", "60"))
    saved, totals = short.save(short.change("基-1", "", version=1))
    assert (saved[0].text, saved[0].version, saved[0].points) == ("", 2, None)
    assert totals == {short.account.pk: 0}


def test_save_tells_the_later_of_two_editors(short):
    short.save(short.change("基-1", "60", remark="甲"), by=short.people.secretary)
    saved, totals = short.save(short.change("基-1", "50"), by=short.people.deputy)
    conflict = Saved(short.account.pk, short.items["基-1"].pk, 1, "60", "甲", 6000, conflict="陈志远")
    assert saved == [conflict]
    assert totals == {short.account.pk: 6000}
    mine, _totals = short.save(short.change("基-1", "50", version=1), by=short.people.deputy)
    assert (mine[0].text, mine[0].version, mine[0].conflict) == ("50", 2, "")


def test_save_tells_of_a_conflict_in_the_remark_column(short):
    short.save(short.change(None, "甲写的"))
    saved, _totals = short.save(short.change(None, "乙写的"), by=short.people.deputy)
    assert saved == [Saved(short.account.pk, None, 1, "甲写的", conflict=str(short.people.secretary))]


def test_save_refuses_what_does_not_belong_here(kinds):
    people = kinds.people
    stranger = factories.account(people.stranger.member)
    other_rules = factories.rule_set(people.other_branch)
    saved, totals = kinds.save(
        Change(stranger.pk, kinds.items["基-1"].pk, "60", 0),
        Change(kinds.account.pk, factories.item(other_rules, "基-1").pk, "60", 0),
        kinds.change("基-3", "1"),
        kinds.change("加-3", "2", remark="长" * 201),
    )
    assert [one.refusal for one in saved] == [
        "该党员本月不在本支部的积分名单中，请刷新页面。",
        "该条款不在本月的积分办法中，请刷新页面。",
        "基-3 组织生活由其他记录自动计入，不能在这里填写。",
        "备注最多 200 字，现在 201 字，请缩短。",
    ]
    assert totals == {}
    assert not DraftCell.objects.exists()


def test_save_refuses_a_submitted_month(short):
    short.save(short.change("基-1", "60"))
    submit_month(month_of_unit(short.people.branch, MONTH), by=short.people.secretary)
    with pytest.raises(Refused, match="已提交（待审核），不能再改"):
        short.save(short.change("基-1", "50", version=1))
    recall_month(Month.objects.get(), by=short.people.secretary)
    saved, _totals = short.save(short.change("基-1", "50", version=1))
    assert saved[0].text == "50"


def test_save_refuses_a_future_month(short):
    future = months.shift(months.month_of(datetime.date.today()), 1)
    with pytest.raises(Refused, match="还没有开始"):
        short.save(short.change("基-1", "60"), month=future)


def test_save_leaves_one_line_a_day_per_person_and_month(short):
    short.save(short.change("基-1", "60"))
    short.save(short.change("基-1", "59", version=1))
    short.save(short.change("加-1", "1"), by=short.people.deputy)
    short.save(short.change("基-1", "60"), month=MONTH - 1)
    lines = AuditEvent.objects.filter(action="scoring.enter_month").order_by("id").values_list("actor", "target")
    month, before = (Month.objects.get(month=number) for number in (MONTH, MONTH - 1))
    assert list(lines) == [
        ("陈志远", f"支部月份 {month} #{month.pk}"),
        ("吴海涛", f"支部月份 {month} #{month.pk}"),
        ("陈志远", f"支部月份 {before} #{before.pk}"),
    ]


def test_save_asks_the_same_number_of_queries_for_one_cell_and_for_many(short, queries):
    accounts = [account.pk for account in factories.accounts(short.people.branch, 3)]
    items = [short.items[code].pk for code in ("加-1", "加-2", "加-3")]

    def asked(month: int, number: int, text: str, version: int) -> int:
        places = [(account, item) for account in accounts[:number] for item in items[:number]]
        with queries() as found:
            short.save(*[Change(*place, text, version) for place in places], month=month)
        return len(found)

    for month in (MONTH, MONTH - 1):  # the month's row and the line of the day are written once
        short.save(short.change("基-1", "60"), month=month)
    assert asked(MONTH, 1, "1", 0) == asked(MONTH - 1, 3, "1", 0)
    assert asked(MONTH, 1, "2", 1) == asked(MONTH - 1, 3, "2", 1)
    assert asked(MONTH, 1, "3", 2) <= 18


def test_race_for_one_cell_has_one_winner_and_one_who_is_told(real_db):
    ground = set_up()
    editors = [ground.people.secretary, ground.people.deputy]

    def save(number: int):
        return ground.save(ground.change("基-1", str(40 + number)), by=editors[number])[0][0]

    outcomes = race(2, save)
    [told] = [one for one in outcomes if one.conflict]
    [won] = [one for one in outcomes if not one.conflict]
    winner = editors[int(won.text) - 40]
    assert (told.text, told.conflict) == (won.text, str(winner))
    assert list(DraftCell.objects.values_list("text", "version", "edited_by")) == [(won.text, 1, winner.pk)]


def test_race_of_many_batches_loses_nothing(real_db):
    ground = set_up()
    accounts = [account.pk for account in factories.accounts(ground.people.branch, 6)]
    item = ground.items["基-1"].pk

    def save(number: int):
        return ground.save(Change(accounts[number], item, "60", 0))

    outcomes = race(6, save)
    assert [saved[0].text for saved, _totals in outcomes] == ["60"] * 6
    assert DraftCell.objects.filter(text="60", version=1).count() == 6


# --- reading ---------------------------------------------------------------------------------------
def test_grid_shows_who_belonged_to_the_branch_on_the_first_day(short):
    branch = short.people.branch
    factories.account(member(branch, name="赵晚来", started_on=datetime.date(2026, 9, 2)))
    left_out = member(branch, name="钱病休")
    factories.account(left_out)
    exclusion(left_out, by=short.people.secretary)
    grid = build_grid(month_of_unit(branch, MONTH))
    assert [row.member.name for row in grid.rows] == ["陈志远", "李静怡", "王建国", "吴海涛", "郑雪", "周敏"]
    assert grid.left_out == 1
    assert sorted(row.account for row in grid.rows) == population([branch.pk], MONTH).accounts.tolist()


def test_grid_shows_cells_points_totals_and_means(kinds):
    colleague = factories.account(kinds.people.colleague.member)
    kinds.save(
        kinds.change("基-1", "60"),
        kinds.change("基-2", "优秀"),
        kinds.change("加-2", "3", remark="志愿服务"),
        kinds.change("加-3", "2"),
        kinds.change("减-1", "1"),
        kinds.change(None, "说明"),
        Change(colleague.pk, kinds.items["基-1"].pk, "50.5", 0),
    )
    grid = build_grid(month_of_unit(kinds.people.branch, MONTH))
    row = next(row for row in grid.rows if row.account == kinds.account.pk)
    assert [(cell.text, cell.points, cell.aside, cell.mark) for cell in row.cells] == [
        ("60", 6000, "", ""),
        ("优秀", 2000, "20", ""),
        ("", None, "", "fed"),
        ("", None, "", ""),
        ("3小时", 150, "1.5", "noted"),
        ("2", 200, "", "lacking"),
        ("", None, "", ""),
        ("-1", -100, "", "lacking"),
    ]
    assert (row.total, row.remark, row.remark_version, row.state) == (8250, "说明", 1, "lacking")
    assert grid.means() == [5525, 2000, None, None, 150, 200, None, -100]
    assert grid.mean_total() == round((8250 + 5050) / 6)


def test_grid_shows_what_activities_have_fed(kinds):
    LedgerEntry.objects.create(
        account=kinds.account,
        unit=kinds.people.branch,
        item=kinds.items["基-3"],
        rule_set=kinds.rules,
        happened_on=datetime.date(2026, 9, 10),
        month=MONTH,
        points=2,
        quantity=2,
        source=LedgerEntry.Source.ACTIVITY,
        filed_by=kinds.people.secretary,
        filed_at=datetime.datetime(2026, 9, 10, tzinfo=datetime.UTC),
    )
    grid = build_grid(month_of_unit(kinds.people.branch, MONTH))
    row = next(row for row in grid.rows if row.account == kinds.account.pk)
    assert (row.cells[2].text, row.cells[2].points, row.total) == ("2", 200, 200)


def test_grid_total_is_the_engines(short):
    short.save(short.change("基-1", "60"), short.change("加-3", "8"))
    Veto.objects.create(
        account=short.account, level="LIGHT", effect="CAP", cap=40, ground="纪律", reason="违纪", from_month=MONTH,
        decided_on=datetime.date(2026, 9, 1), by=short.people.secretary,
    )  # fmt: skip
    grid = build_grid(month_of_unit(short.people.branch, MONTH))
    assert next(row.total for row in grid.rows if row.account == short.account.pk) == 4000


def test_grid_total_counts_a_posted_cell_once(short):
    short.save(short.change("基-1", "60"))
    submit_month(month_of_unit(short.people.branch, MONTH), by=short.people.secretary)
    grid = build_grid(month_of_unit(short.people.branch, MONTH))
    assert next(row.total for row in grid.rows if row.account == short.account.pk) == 6000


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        ({}, "empty"),
        ({"加-1": "1"}, "empty"),
        ({"基-1": "60"}, "empty"),
        ({"基-1": "60", "基-2": "合格"}, "filled"),
        ({"基-1": "60", "基-2": "合格", "减-1": "1"}, "lacking"),
        ({"减-1": "0"}, "empty"),
    ],
)
def test_row_state_says_what_is_still_to_do(kinds, texts, state):
    kinds.save(*[kinds.change(code, text) for code, text in texts.items()])
    grid = build_grid(month_of_unit(kinds.people.branch, MONTH))
    assert next(row.state for row in grid.rows if row.account == kinds.account.pk) == state


def test_grid_refuses_where_no_rule_set_is_in_force(db):
    people = cast()
    with pytest.raises(Refused, match="没有生效的积分办法"):
        build_grid(month_of_unit(people.branch, MONTH))


def test_last_month_brings_texts_by_code_but_nothing_that_happens_once(short):
    short.save(short.change("基-1", "60"), short.change("加-2", "2"), short.change("减-2", "-2"), month=MONTH - 1)
    found = last_month_texts(month_of_unit(short.people.branch, MONTH))
    assert found == [(short.account.pk, short.items["基-1"].pk, "60")]


def test_last_month_finds_the_items_of_a_new_version(short):
    short.save(short.change("基-1", "60"), month=MONTH - 1)
    newer = factories.rule_set(
        short.people.committee, factories.preset_text("s3-short").replace("生效月份: 202601", f"生效月份: {MONTH}")
    )
    found = last_month_texts(month_of_unit(short.people.branch, MONTH))
    assert found == [(short.account.pk, factories.item(newer, "基-1").pk, "60")]
