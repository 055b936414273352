"""What running campaigns put among the to-dos, of whom, and until when."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evaluations.models import Candidate
from evaluations.services.self_reviews import Written, hand_in_self_review, save_self_review
from evaluations.todo import waiting_for
from tests.evaluations.campaigning import rating
from tests.evaluations.rated import candidate

pytestmark = pytest.mark.django_db
ROLES = ("member", "secretary", "committee_member", "business_admin", "auditor")


def waits(made, today=None):
    today = today or timezone.localdate()
    return {
        role: [(todo.title, todo.count) for todo in waiting_for(getattr(made.cast, role), today)] for role in ROLES
    }


def test_each_is_told_what_is_theirs():
    made = rating(members=0)
    review = ("写个人自评：党员评星定级", 1)
    assert waits(made) == {
        "member": [review],
        # One's own band is not to be decided by oneself.
        "secretary": [review, ("评定待支委会审定：党员评星定级", 5)],
        "committee_member": [review, ("评定待党委综评：党员评星定级", 8)],
        "business_admin": [review],
        "auditor": [],
    }


def test_what_is_done_waits_no_longer():
    made = rating(members=0)
    one = candidate(made, "王建国")
    save_self_review(one, Written("甲"), version=0, by=made.cast.member)
    hand_in_self_review(one, by=made.cast.member)
    lowest = made.campaign.bands.last()
    Candidate.objects.filter(pk=one.pk).update(proposed=lowest)
    Candidate.objects.filter(pk=candidate(made, "李静怡").pk).update(proposed=lowest, approved=lowest)
    Candidate.objects.filter(pk=candidate(made, "周敏").pk).update(bar="VETO")
    found = waits(made)
    assert found["member"] == []
    assert found["secretary"][1:] == [("评定待支委会审定：党员评星定级", 2)]
    assert found["committee_member"][1:] == [("评定待党委综评：党员评星定级", 6)]


@pytest.mark.parametrize("days", [-1, 1])
def test_nothing_waits_outside_the_days_of_its_stage(days):
    made = rating(members=0)
    assert set(map(tuple, waits(made, timezone.localdate() + datetime.timedelta(days=days)).values())) == {()}


@pytest.mark.parametrize("state", ["DRAFT", "DECIDED", "FINAL", "ARCHIVED"])
def test_nothing_waits_in_a_campaign_that_does_not_run(state):
    made = rating(members=0)
    made.campaign.state = state
    made.campaign.save()
    assert set(map(tuple, waits(made).values())) == {()}


def test_mail_does_not_name_the_campaign():
    made = rating(members=0)
    kinds = [todo.kind for todo in waiting_for(made.cast.secretary, timezone.localdate())]
    assert kinds == ["写个人自评", "评定待支委会审定"]


def test_questions_stay_few():
    made = rating(members=6)
    for role in ROLES:
        person = getattr(made.cast, role)
        assert person.authority
        with CaptureQueriesContext(connection) as queries:
            waiting_for(person, timezone.localdate())
        assert len(queries) <= 2
