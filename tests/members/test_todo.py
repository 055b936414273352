import datetime

import pytest
from django.urls import reverse

from members.models import RosterImport
from members.todo import Todo, waiting_for
from tests import factories
from tests.factories import Post

pytestmark = pytest.mark.django_db


def titles(person) -> dict[str, int]:
    return {str(todo.title): todo.count for todo in waiting_for(person)}


def test_secretary_is_told_of_members_without_sign_in():
    cast = factories.cast()
    factories.member(cast.branch)
    factories.member(cast.other_branch)
    users = reverse("members:user-list")
    assert waiting_for(cast.secretary) == [Todo("党员尚未开通账号", users, 1, kind="党员尚未开通账号")]
    assert titles(cast.business_admin)["党员尚未开通账号"] == 2


def test_business_admin_is_told_of_branches_without_secretary():
    cast = factories.cast()
    assert titles(cast.business_admin) == {"党支部尚未任命书记": 2}
    factories.appointment(factories.member(cast.other_branch), cast.other_branch, Post.BRANCH_SECRETARY)
    ended = datetime.date(2026, 1, 1)
    held = cast.secretary.member.appointments.filter(post=Post.BRANCH_SECRETARY)
    held.update(ended_on=ended)
    assert titles(cast.business_admin)["党支部尚未任命书记"] == 2


def test_unfinished_imports_wait_for_who_uploaded_them():
    cast = factories.cast()
    made = [
        RosterImport.objects.create(
            unit=cast.branch, file_name="名册.xlsx", digest="0" * 64, by=cast.secretary, state=state
        )
        for state in ("CHECKED", "FAILED", "DONE", "DROPPED")
    ]
    (todo,) = waiting_for(cast.secretary)
    assert (str(todo.title), todo.count) == ("名册导入尚未完成", 2)
    assert str(made[0].pk) in todo.url
    assert waiting_for(cast.deputy) == []


def test_nothing_waits_for_members_and_administrators():
    cast = factories.cast()
    factories.member(cast.branch)
    for person in (cast.member, cast.group_leader, cast.system_admin, cast.auditor):
        assert waiting_for(person) == []


def test_to_dos_take_one_query_whatever_waits(queries):
    cast = factories.cast()
    assert cast.secretary.authority.posts
    with queries() as asked:
        waiting_for(cast.secretary)
    assert len(asked) == 1
