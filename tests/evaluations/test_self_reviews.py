"""个人自评: one's own, in its days, of two windows the later is told, handed in once."""

import datetime
from unittest.mock import patch

import pytest
from django.utils import timezone

from evaluations.models import SelfReview
from evaluations.services.self_reviews import Written, hand_in_self_review, save_self_review
from members.errors import Refused
from members.models import AuditEvent
from tests.evaluations.campaigning import after_the_last_day, rating
from tests.evaluations.rated import candidate, stage_with

pytestmark = pytest.mark.django_db
DIMENSIONS = {"form": "POINTS", "marks": [["学习", "20"], ["履职", "80"]]}
GRADES = {"form": "GRADES", "marks": [["EXCELLENT", "100"], ["QUALIFIED", "85"]]}


def refused(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return str(refusal.value)


def scene(**stage):
    made = rating(members=0)
    if stage:
        stage_with(made, "SELF", **stage)
    return made, candidate(made, "王建国"), made.cast.member


def saved(one, by, text="做了三件事", version=0, **fields):
    return save_self_review(one, Written(text, **fields), version=version, by=by)


def test_review_is_kept_as_it_is_written():
    _made, one, by = scene()
    saved(one, by, "甲")
    review = saved(one, by, "甲乙", version=1, honours="厂级先进")
    assert (review.text, review.honours, review.version, review.handed_in_at) == ("甲乙", "厂级先进", 2, None)
    assert review.saved_at is not None
    # What is only being written is nobody's business yet.
    assert not AuditEvent.objects.filter(action__contains="self_review").exists()


def test_of_two_windows_the_later_one_is_told_and_nothing_is_overwritten():
    _made, one, by = scene()
    saved(one, by, "第一个窗口")
    assert "另一个窗口里有更新" in refused(lambda: saved(one, by, "第二个窗口"))
    assert SelfReview.objects.get(candidate=one).text == "第一个窗口"


def test_nobody_writes_for_somebody_else():
    made, one, _by = scene()
    for who in (made.cast.secretary, made.cast.committee_member, made.cast.system_admin):
        assert refused(lambda who=who: saved(one, who)) == "只能填写自己的自评。"
        assert refused(lambda who=who: hand_in_self_review(one, by=who)) == "只能填写自己的自评。"


def test_handed_in_review_stands_and_leaves_a_line():
    _made, one, by = scene()
    saved(one, by)
    review = hand_in_self_review(one, by=by)
    assert review.handed_in_at is not None
    said = {refused(lambda: saved(one, by, "再改", version=1)), refused(lambda: hand_in_self_review(one, by=by))}
    assert said == {"自评已提交，不能再改。"}
    assert AuditEvent.objects.filter(action="evaluations.hand_in_self_review", user=by).count() == 1


@pytest.mark.parametrize("text", ["", "  \n "])
def test_empty_review_is_not_handed_in(text):
    _made, one, by = scene()
    saved(one, by, text)
    assert refused(lambda: hand_in_self_review(one, by=by)) == "请先写自评，再提交。"


def test_review_is_written_in_the_days_of_its_stage():
    made, one, by = scene()
    today = timezone.localdate()
    with after_the_last_day():
        assert refused(lambda: saved(one, by)) == f"自评已于 {today} 截止。"
    with patch("django.utils.timezone.localdate", lambda *args: today - datetime.timedelta(days=1)):
        assert refused(lambda: saved(one, by)) == f"自评将于 {today} 开始。"
    made.campaign.state = "DECIDED"
    made.campaign.save()
    assert refused(lambda: saved(one, by)) == "“党员评星定级”现在没有自评。"


def test_whoever_is_left_out_has_none():
    made, one, by = scene()
    SelfReview.objects.filter(candidate=one).delete()
    assert refused(lambda: saved(one, by)) == "这次评定没有个人自评。"
    assert made.campaign.state == "RUNNING"


# --- own marks -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("stage", "marks", "sentence"),
    [
        (DIMENSIONS, {"0": "21"}, "学习最多 20 分，请改正。"),
        (DIMENSIONS, {"0": "-1"}, "自评分须是 0 到满分之间的整数，请改正。"),
        (DIMENSIONS, {"0": "1.5"}, "自评分须是 0 到满分之间的整数，请改正。"),
        (DIMENSIONS, {"0": "１"}, "自评分须是 0 到满分之间的整数，请改正。"),
        (DIMENSIONS, {"2": "1"}, "自评分须是 0 到满分之间的整数，请改正。"),
        (DIMENSIONS, {"grade": "EXCELLENT"}, "自评分须是 0 到满分之间的整数，请改正。"),
        (GRADES, {"grade": "UNQUALIFIED"}, "没有这个等次，请刷新页面后重新选择。"),
        (GRADES, {"0": "5"}, "没有这个等次，请刷新页面后重新选择。"),
        ({"form": ""}, {"0": "5"}, "自评分须是 0 到满分之间的整数，请改正。"),
    ],
)
def test_marks_outside_the_form_are_refused(stage, marks, sentence):
    _made, one, by = scene(**stage)
    assert refused(lambda: saved(one, by, marks=marks)) == sentence
    assert SelfReview.objects.get(candidate=one).marks == {}


@pytest.mark.parametrize(
    ("stage", "some", "full"),
    [(DIMENSIONS, {"0": "20"}, {"0": "20", "1": "0"}), (GRADES, {}, {"grade": "QUALIFIED"})],
)
def test_review_is_handed_in_with_all_its_marks(stage, some, full):
    _made, one, by = scene(**stage)
    saved(one, by, marks=some)
    assert refused(lambda: hand_in_self_review(one, by=by)) == "请填完自评的各项，再提交。"
    saved(one, by, marks=full, version=1)
    assert hand_in_self_review(one, by=by).marks == full


def test_text_has_its_limit():
    _made, one, by = scene()
    assert refused(lambda: saved(one, by, "长" * 3001)) == "自评不超过 3000 字，荣誉不超过 1000 字。"
    assert saved(one, by, "长" * 3000).version == 1
