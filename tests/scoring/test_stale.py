"""What a change makes stale, and that computing only that gives what computing everything gives."""

import datetime
import random

import pytest

from scoring import months
from scoring.models import LedgerEntry, Month, Score, StaleScore
from scoring.services.posting import reverse_entry
from scoring.services.rules import load_rule_set, publish_rule_set
from scoring.services.runs import finish_run, night_runs, start_run
from scoring.services.scores import compute_changed, compute_units
from scoring.services.stale import mark_accounts, take_marks
from tests.factories import branch, committee, group, member, user
from tests.scoring.factories import account
from tests.scoring.ledger import entry

YEARLY = """
代号: yearly
名称: 按年封顶
周期: {period}
生效月份: 202601
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    条款:
      - {{条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 60}}
      - {{条款号: 加-1, 名称: 封顶, 计价: 打分, 最低: 0, 最高: 60, {cap}: 100}}
"""


def organisation(period="月", cap="每年上限", branches=2):
    top = committee()
    rules = publish_rule_set(load_rule_set(YEARLY.format(period=period, cap=cap), owner=top, by=None), by=None)
    items = {item.code: item for section in rules.sections.all() for item in section.items.all()}
    homes = [branch(top) for _ in range(branches)]
    people = [account(member(home, group(home))) for home in homes for _ in range(3)]
    return top, homes, people, items


def stored():
    fields = ("account", "month", "total", "sections", "rank_in_group", "rank_in_branch", "has_veto")
    return sorted(Score.objects.values_list(*fields), key=lambda row: row[:2])


@pytest.mark.parametrize(
    ("period", "cap", "last"),
    [
        ("月", "每月上限", 202605),
        ("月", "每季上限", 202606),
        ("月", "每年上限", 202612),
        ("季", "每月上限", 202606),
        ("年", "每月上限", 202612),
    ],
)
def test_reversal_marks_the_scores_that_its_period_or_cap_reaches(db, period, cap, last):
    _top, homes, people, items = organisation(period, cap)
    wrong = entry(people[0], items["加-1"], 50, month=202605)
    for month in months.span(202604, 202612):
        entry(people[0], items["基-1"], 1, month=month)
        entry(people[1], items["基-1"], 1, month=month)
        compute_units([home.pk for home in homes], month)
    StaleScore.objects.all().delete()
    reverse_entry(wrong, by=user(), reason="错")
    assert list(Month.objects.filter(is_stale=True).values_list("month", flat=True)) == [202605]
    marked = StaleScore.objects.order_by("month").values_list("account", "month")
    assert list(marked) == [(people[0].pk, month) for month in months.span(202606, last)]


def test_mark_needs_a_score_and_stands_once(db):
    _top, homes, people, items = organisation()
    entry(people[0], items["基-1"], 1, month=202605)
    compute_units([homes[0].pk], 202605)
    for _ in range(2):
        mark_accounts([people[0].pk, people[5].pk], 202601, 202612)
    assert list(StaleScore.objects.values_list("account", "month")) == [(people[0].pk, 202605)]
    assert take_marks([homes[1].pk], 202605).tolist() == []
    assert take_marks([homes[0].pk], 202605).tolist() == [people[0].pk]
    assert not StaleScore.objects.exists()


@pytest.mark.parametrize("seed", range(8))
def test_computing_what_changed_gives_what_computing_everything_gives(db, seed):
    chance = random.Random(seed)
    _top, homes, people, items = organisation(chance.choice("月季年"), branches=3)
    units, month = [home.pk for home in homes], 202609
    for own in people:
        entry(own, items["基-1"], chance.randint(0, 60), month=month)
    compute_units(units, month)
    changed = chance.sample(people, 4)
    for own in changed:
        entry(own, items["加-1"], chance.randint(0, 60), month=month)
    mark_accounts([own.pk for own in changed], month, month)
    assert compute_changed(units, month) == 4
    found = stored()
    assert compute_units(units, month) == 9
    assert stored() == found
    assert compute_changed(units, month) == 0


def test_branch_marked_as_a_whole_is_computed_whole_and_the_others_are_not_touched(db):
    _top, homes, people, items = organisation()
    units, month = [home.pk for home in homes], 202609
    for own in people:
        entry(own, items["基-1"], 10, month=month)
    compute_units(units, month)
    before = dict(Score.objects.values_list("account", "computed_at"))
    entry(people[0], items["加-1"], 5, month=month)
    entry(people[5], items["加-1"], 5, month=month)
    Month.objects.create(unit=homes[0], month=month, is_stale=True)
    assert compute_changed(units, month) == 3
    after = dict(Score.objects.values_list("account", "computed_at"))
    # The others of the branch: their ranks have changed.
    assert sorted(own for own in after if after[own] != before[own]) == [own.pk for own in people[:3]]
    totals = [Score.objects.get(account=own).total for own in (people[0], people[5])]
    assert totals == [15, 10]


def test_night_computes_marked_months_only_where_something_is_marked(db):
    top, homes, people, items = organisation()
    for month in (202607, 202608):
        for own in people:
            entry(own, items["基-1"], 10, month=month)
        finish_run(start_run(top, month, by=None, slot=f"{top.pk}:{month}"))
    reverse_entry(LedgerEntry.objects.filter(account=people[0], month=202607).get(), by=user(), reason="错")
    runs = night_runs(datetime.date(2026, 9, 2))
    assert [(run.month, run.changed_only, [chunk.unit_ids for chunk in run.chunks.all()]) for run in runs] == [
        (202607, True, [[homes[0].pk]]), (202608, True, [[homes[0].pk]]),
    ]  # fmt: skip
    for run in runs:
        assert finish_run(run).state == "DONE"
    totals = Score.objects.filter(account=people[0]).order_by("month").values_list("total", flat=True)
    assert [*totals] == [0, 10]
    assert not StaleScore.objects.exists()
    assert not Month.objects.filter(is_stale=True).exists()
