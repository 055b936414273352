"""Paper ballots and recorded votes: two people count, and only what both found is a result."""

import pytest
from django.urls import reverse

from evaluations.models import PaperCount, Poll, Stage, Tally
from tests.evaluations.campaigning import rating
from tests.evaluations.views.test_ballots_organise import client_of, said, verb, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def on_paper(made):
    poll = waiting(made)
    verb(poll, "poll-paper", made.cast.secretary)
    return Poll.objects.get(pk=poll.pk)


def counts(made, excellent=6, given=12, received=11, **fields):
    """Everybody: so many excellent, five qualified."""
    cells = {"given": str(given), "received-MEMBERS": str(received)}
    for one in made.candidates():
        cells[f"n-MEMBERS-{one.pk}-0-EXCELLENT"] = str(excellent)
        cells[f"n-MEMBERS-{one.pk}-0-QUALIFIED"] = "5"
    return cells | fields


def enter(poll, by, cells):
    return client_of(by).post(reverse("evaluations:poll-enter", args=[poll.pk]), cells, follow=True)


def test_paper_ballots_count_once_two_scrutineers_agree():
    made = rating()
    poll = on_paper(made)
    assert said(enter(poll, made.cast.secretary, counts(made))) == ["已录入。两人录入一致后即为结果。"]
    assert not Tally.objects.exists()
    enter(poll, made.cast.deputy, counts(made))
    poll.refresh_from_db()
    assert (poll.state, poll.cast) == ("COUNTED", 11)
    assert poll.notes == ["纸质票：发出 12 张，收回 11 张，两名监票人清点一致。"]
    rows = set(Tally.objects.values_list("candidate", "pool", "line", "mark", "count"))
    assert rows == {
        (one.pk, "MEMBERS", 0, mark, many)
        for one in made.candidates()
        for mark, many in (("EXCELLENT", 6), ("QUALIFIED", 5))
    }


def test_differences_between_two_scrutineers_are_named_cell_by_cell():
    made = rating()
    poll, first = on_paper(made), made.candidates()[0]
    enter(poll, made.cast.secretary, counts(made))
    other = counts(made, **{f"n-MEMBERS-{first.pk}-0-EXCELLENT": "5"}) | {"given": "11"}
    answer = enter(poll, made.cast.deputy, other)
    assert answer.context["differences"] == [
        "发出的票：一人 12，另一人 11",
        f"{first.account} · 优秀：一人 6，另一人 5",
    ]
    assert Poll.objects.get(pk=poll.pk).state == "PREPARED"
    # Whoever was wrong counts again.
    enter(poll, made.cast.deputy, counts(made))
    assert Poll.objects.get(pk=poll.pk).state == "COUNTED"
    assert PaperCount.objects.count() == 2


def test_third_person_and_the_same_person_twice_do_not_make_a_result():
    made = rating()
    poll = on_paper(made)
    enter(poll, made.cast.secretary, counts(made))
    enter(poll, made.cast.secretary, counts(made))
    assert Poll.objects.get(pk=poll.pk).state == "PREPARED"
    enter(poll, made.cast.deputy, counts(made, excellent=5))
    third = enter(poll, made.cast.commissioner, counts(made))
    assert third.context["refusal"] == "陈志远、吴海涛已各自录入，第三人不能再录入。"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"given": "13"}, "发出的票（13）多于应参评人数（12）。"),
        ({"received-MEMBERS": "0"}, "收回的票至少 1 张，且不能多于发出的票，请核对。"),
        ({"received-MEMBERS": "4"}, "党员只收回 4 张，少于 5 张不足以保密，请并入另一类参评人员清点。"),
        ({"received-MEMBERS": "10"}, "{first}：票数合计 11，多于收回的 10 张。"),
        ({"given": "十"}, "发出的票“十”不是 0 到 9999 之间的整数。"),
    ],
)
def test_count_that_cannot_be_true_is_refused(changed, sentence):
    made = rating()
    poll = on_paper(made)
    answer = enter(poll, made.cast.secretary, counts(made) | changed)
    # As the list is ordered: by name.
    assert answer.context["refusal"] == sentence.format(first=min(str(one.account) for one in made.candidates()))
    assert not PaperCount.objects.exists()


def test_small_branch_votes_on_record_and_the_result_says_so():
    made = rating(members=0)
    Stage.objects.filter(kind="PEER").update(threshold=9)
    poll = waiting(made)
    assert poll.mode == "RECORDED"
    for who in (made.cast.secretary, made.cast.deputy):
        enter(poll, who, counts(made, excellent=1, given=6, received=6))
    poll.refresh_from_db()
    assert (poll.state, poll.notes) == ("COUNTED", ["会议记名表决：应到 6 人，参加 6 人，两人记录一致。"])


def test_points_on_paper_are_typed_as_points_with_their_number():
    made = rating(code="year", members=0)
    poll = on_paper(made)
    cells = {"given": "6", "received-MEMBERS": "6"}
    for one in made.candidates():
        for line, text in enumerate(("20x3 18X2", "40×5", "0*1，20 x 4", "")):
            cells[f"n-MEMBERS-{one.pk}-{line}-"] = text
    wrong = enter(poll, made.cast.secretary, cells | {f"n-MEMBERS-{made.candidates()[0].pk}-0-": "21x3"})
    assert "：“21x3”看不懂，请写成“分数x票数”，如 20x5 18x3。" in wrong.context["refusal"]
    for who in (made.cast.secretary, made.cast.deputy):
        enter(poll, who, cells)
    first = made.candidates()[0]
    rows = Tally.objects.filter(candidate=first).order_by("line", "mark").values_list("line", "mark", "count")
    assert list(rows) == [(0, "18", 2), (0, "20", 3), (1, "40", 5), (2, "0", 1), (2, "20", 4)]


def test_open_poll_cannot_be_moved_to_paper():
    made = rating()
    poll = made.poll()
    refused = "投票开始以后不能再改用纸质票；确需更改的，先作废再重新准备。"
    assert said(verb(poll, "poll-paper", made.cast.secretary)) == [refused]
    assert said(enter(poll, made.cast.secretary, counts(made))) == ["这次投票投票中，不能录入计票结果。"]
