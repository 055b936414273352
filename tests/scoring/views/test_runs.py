"""The month job in the browser."""

import pytest
from django.test import Client
from django.urls import reverse

from scoring.models import ScoreRun
from scoring.services.runs import finish_run
from tests.scoring.factories import MONTH
from tests.scoring.world import world

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def start(made, user):
    return client_of(user).post(reverse("scoring:run-start", args=[made.cast.committee.pk, MONTH]), follow=True)


def test_run_is_started_watched_and_finished():
    made = world()
    made.submit()
    start(made, made.cast.committee_member)
    run = ScoreRun.objects.get()
    client = client_of(made.cast.committee_member)
    waiting = client.get(reverse("scoring:run-progress", args=[run.pk]))
    assert (waiting.context["is_going"], waiting.context["done"]) == (True, 0)
    finish_run(run)
    done = client.get(reverse("scoring:run-progress", args=[run.pk]))
    assert (done.context["is_going"], done.context["done"], done.context["accounts"]) == (False, 1, 6)


def test_second_start_is_refused_while_one_is_under_way():
    made = world()
    start(made, made.cast.committee_member)
    response = start(made, made.cast.business_admin)
    assert [str(m) for m in response.context["messages"]][-1] == "2026 年 9 月正在计算，请等它完成。"
    assert ScoreRun.objects.count() == 1


def test_run_is_cancelled_once():
    made = world()
    start(made, made.cast.committee_member)
    run = ScoreRun.objects.get()
    client = client_of(made.cast.committee_member)
    client.post(reverse("scoring:run-cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == ScoreRun.State.CANCELLED
    again = client.post(reverse("scoring:run-cancel", args=[run.pk]), follow=True)
    assert "不能取消" in [str(m) for m in again.context["messages"]][-1]


@pytest.mark.parametrize("role", ["member", "secretary", "stranger", "system_admin"])
def test_others_may_not_start_a_run(role):
    made = world()
    assert start(made, made.cast.by_role()[role]).status_code == 403
    assert not ScoreRun.objects.exists()
