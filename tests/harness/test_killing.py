import random
import time

import pytest

from members.models import User
from tests.factories import user
from tests.harness.killing import killed_while

pytestmark = pytest.mark.usefixtures("real_db")


def slow_user() -> None:
    user(username="first")
    time.sleep(60)
    user(username="second")


def test_killed_process_leaves_what_it_had_committed():
    assert killed_while(slow_user, within=0, chance=random.Random(1)) is True
    assert set(User.objects.values_list("username", flat=True)) <= {"first"}


def test_process_that_has_ended_is_not_killed():
    assert killed_while(lambda: None, within=1.5, chance=random.Random(2)) is False


def test_process_that_fails_is_told(capfd):
    with pytest.raises(AssertionError, match="the child failed"):
        killed_while(lambda: 1 / 0, within=1.5, chance=random.Random(2))
