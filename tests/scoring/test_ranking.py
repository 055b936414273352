"""Rankings: places, means and bands of branches and committees; no rank before the month is closed."""

from decimal import Decimal

import pytest

from members.models import OrgUnit
from scoring.models import Month, Score
from scoring.ranking import (
    Table,
    branch_means,
    distribution_chart,
    newest_month,
    places_of,
    rows_of,
    spans_of,
    table_of,
)
from scoring.services.scores import compute_units
from scoring.services.standings import refresh_standings
from tests.factories import branch, committee, group, member, unit, user
from tests.scoring.factories import MONTH, account, item, rule_set
from tests.scoring.ledger import entry


def ranked(totals_by_branch):
    """Closed months of the branches of one committee whose members have these points."""
    top = committee()
    rules = rule_set(top)
    by = user()
    homes = []
    for totals in totals_by_branch:
        home = branch(top)
        homes.append(home)
        for points in totals:
            code = "基-1" if points >= 0 else "减-1"
            entry(account(member(home)), item(rules, code), points, filed_by=by)
        compute_units([home.pk], MONTH)
        Month.objects.create(unit=home, month=MONTH, state="CLOSED", closed_by=by)
    refresh_standings([top], MONTH)
    return top, homes


def places(unit, **options):
    return [
        (place.rank, str(place.score.total))
        for place in places_of(table_of(unit, MONTH), rows_of(unit, MONTH, **options))
    ]


def test_committee_and_branch_rank_with_ties(db):
    top, homes = ranked([(50, 40, 40), (40, 30)])
    assert places(top) == [(1, "50.00"), (2, "40.00"), (2, "40.00"), (2, "40.00"), (5, "30.00")]
    assert places(homes[0]) == [(1, "50.00"), (2, "40.00"), (2, "40.00")]
    assert places(homes[1]) == [(1, "40.00"), (2, "30.00")]


def test_ranking_of_a_branch_is_the_rank_that_is_stored(db):
    _top, homes = ranked([(50, 40, 40, 10)])
    stored = list(
        Score.objects.filter(unit=homes[0]).order_by("-total", "pk").values_list("rank_in_branch", flat=True)
    )
    assert [rank for rank, _total in places(homes[0])] == stored == [1, 2, 2, 4]


def test_month_that_is_not_closed_has_no_rank(db):
    top, homes = ranked([(50,), (40,)])
    Month.objects.filter(unit=homes[0]).update(state="CHECKED")
    assert places(top) == [(None, "50.00"), (2, "40.00")]
    assert places(top, only_closed=True) == [(2, "40.00")]
    Month.objects.filter(unit=homes[1]).delete()
    assert places(top) == [(None, "50.00"), (None, "40.00")]


def test_general_branch_is_ranked_like_a_branch(db):
    top, homes = ranked([(50, 40), (40,), (60,)])
    general = unit(OrgUnit.Kind.GENERAL_BRANCH, top)
    for home in homes[:2]:
        home.parent, home.path = general, f"{general.path}{home.pk}."
        home.save()
    assert places(general) == [(1, "50.00"), (2, "40.00"), (2, "40.00")]


def test_sections_stand_beside_the_total(db):
    _top, homes = ranked([(50,)])
    place = places_of(table_of(homes[0], MONTH), rows_of(homes[0], MONTH))[0]
    assert [(section.code, points) for section, points in place.sections] == [("基", 50), ("加", 0), ("减", 0)]


def test_table_has_count_mean_and_ends(db):
    top, homes = ranked([(50, 40, 40), (40, 30)])
    found = {
        one: (t.count, t.mean, t.highest, t.lowest) for one, t in ((u, table_of(u, MONTH)) for u in (top, homes[1]))
    }
    assert found == {top: (5, Decimal("40.0"), 50, 30), homes[1]: (2, Decimal("35.0"), 40, 30)}
    empty = table_of(homes[0], 202608)
    assert (empty.count, empty.mean, empty.highest, empty.lowest) == (0, None, None, None)


def test_branch_means_are_best_first(db):
    top, homes = ranked([(50, 41), (60,), (10, 20, 20)])
    assert [(row["unit"], row["mean"], row["count"]) for row in branch_means(top, MONTH)] == [
        (homes[1].pk, Decimal("60.0"), 1), (homes[0].pk, Decimal("45.5"), 2), (homes[2].pk, Decimal("16.7"), 3),
    ]  # fmt: skip
    assert len(branch_means(top, MONTH, most=2)) == 2


def test_newest_month_is_the_last_with_scores(db):
    top, homes = ranked([(50,)])
    assert [newest_month(one, 202610) for one in (top, homes[0], branch(top), group(homes[0]))] == [
        MONTH,
        MONTH,
        202610,
        202610,
    ]


@pytest.mark.parametrize(
    ("counts", "labels", "values"),
    [
        (
            {Decimal(0): 2, Decimal("4.99"): 1, Decimal(5): 4, Decimal("17.5"): 1},
            ["0–5", "5–10", "10–15", "15–20"],
            ["3", "4", "0", "1"],
        ),
        # A deduction may take the total below nothing: −1 is no 0 to 5.
        (
            {Decimal(-1): 1, Decimal(-5): 1, Decimal("-5.01"): 1, Decimal(1): 1},
            ["-10–-5", "-5–0", "0–5"],
            ["1", "2", "1"],
        ),
    ],
)
def test_distribution_counts_half_open_bands_of_five(counts, labels, values):
    chart = distribution_chart(Table({}, counts))
    assert (chart["labels"], chart["series"][0]["values"]) == (labels, values)


def test_distribution_of_nobody_is_none():
    assert distribution_chart(Table({}, {})) is None


def test_quarter_is_ranked_by_its_results_once_its_last_month_is_closed(db):
    top, homes = ranked([(50, 40), (40, 30)])
    assert quarter_places(top) == [(1, "50.00"), (2, "40.00"), (2, "40.00"), (4, "30.00")]
    assert quarter_places(homes[1]) == [(1, "40.00"), (2, "30.00")]
    assert newest_month(top, 202611, "QUARTER") == newest_month(homes[1], 202611, "QUARTER") == 202609
    assert newest_month(top, 202611, "YEAR") == 202612
    assert [row["mean"] for row in branch_means(top, MONTH, "QUARTER")] == [45, 35]
    Month.objects.filter(unit=homes[0]).update(state="CHECKED")
    assert quarter_places(homes[0]) == [(None, "50.00"), (None, "40.00")]


def quarter_places(place_of):
    found = places_of(table_of(place_of, MONTH, "QUARTER"), rows_of(place_of, MONTH, "QUARTER"))
    return [(place.rank, str(place.score.total)) for place in found]


def test_spans_that_can_be_looked_back_at():
    assert spans_of("MONTH", 202611)[:2] == [(202611, "2026 年 11 月"), (202610, "2026 年 10 月")]
    assert spans_of("QUARTER", 202611)[:2] == [(202612, "2026 年第四季度"), (202609, "2026 年第三季度")]
    assert spans_of("YEAR", 202611)[:2] == [(202612, "2026 年"), (202512, "2025 年")]
