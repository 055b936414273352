import datetime

import pytest

from members.errors import Refused
from members.models import Appointment, AuditEvent, OrgUnit
from members.services import units
from members.services.units import NewUnit
from tests import factories
from tests.factories import Kind, Post

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 9, 30)


def paths(*found: OrgUnit) -> list[str]:
    known = OrgUnit.objects.in_bulk([unit.pk for unit in found])
    return [known[unit.pk].path for unit in found]


def test_create_unit_writes_the_path_below_its_parent():
    by, top = factories.user(), factories.committee()
    branch = units.create_unit(kind=Kind.BRANCH, name="检修部党支部", parent=top, by=by)
    assert (branch.parent, branch.path, branch.depth) == (top, f"{top.pk}.{branch.pk}.", 1)


def test_create_unit_leaves_a_line_in_the_log():
    by, top = factories.user(), factories.committee()
    branch = units.create_unit(kind=Kind.BRANCH, name="检修部党支部", parent=top, by=by)
    line = AuditEvent.objects.get()
    assert (line.user, line.action, line.target, line.detail) == (
        by,
        "members.add_unit",
        f"组织 检修部党支部 #{branch.pk}",
        "检修部党支部",
    )


def test_create_units_takes_the_same_number_of_queries_for_one_and_for_thirty(queries):
    by, top = factories.user(), factories.committee()
    with queries() as for_one:
        units.create_units([NewUnit(Kind.BRANCH, "甲", top)], by=by)
    with queries() as for_thirty:
        made = units.create_units([NewUnit(Kind.BRANCH, f"支部{n}", top) for n in range(30)], by=by)
    assert len(for_one) == len(for_thirty)
    assert [unit.path for unit in made] == [f"{top.pk}.{unit.pk}." for unit in made]


@pytest.mark.parametrize(
    ("kind", "parent_kind", "sentence"),
    [
        (Kind.BRANCH, None, "党支部须建在上级组织之下，请先选择上级组织。"),
        (Kind.PARTY_GROUP, Kind.PARTY_COMMITTEE, "党委“上级”之下不能设党小组，请另选上级组织。"),
        (Kind.BRANCH, Kind.BRANCH, "党支部“上级”之下不能设党支部，请另选上级组织。"),
        (Kind.DEPARTMENT, Kind.GENERAL_BRANCH, "党总支“上级”之下不能设职能部门，请另选上级组织。"),
    ],
)
def test_create_unit_refuses_a_place_where_the_kind_cannot_stand(kind, parent_kind, sentence):
    parent = parent_kind and factories.unit(parent_kind, name="上级")
    with pytest.raises(Refused, match=f"^{sentence}$"):
        units.create_unit(kind=kind, name="新", parent=parent, by=factories.user())


@pytest.mark.parametrize("known", ["检修部党支部", " 检修部党支部 "])
def test_create_unit_refuses_a_name_that_is_taken(known):
    top = factories.committee()
    factories.branch(top, "检修部党支部")
    with pytest.raises(Refused, match="^同一上级组织下已有“检修部党支部”，请换一个名称。$"):
        units.create_unit(kind=Kind.BRANCH, name=known, parent=top, by=factories.user())


def test_create_unit_refuses_a_second_top_of_the_same_name():
    factories.committee(name="党委")
    with pytest.raises(Refused, match="^同一上级组织下已有“党委”"):
        units.create_unit(kind=Kind.PARTY_COMMITTEE, name="党委", parent=None, by=factories.user())


def test_create_units_refuses_the_same_name_twice_and_writes_nothing():
    top = factories.committee()
    with pytest.raises(Refused):
        units.create_units([NewUnit(Kind.BRANCH, "甲", top)] * 2, by=factories.user())
    assert list(OrgUnit.objects.all()) == [top]


def test_create_unit_refuses_a_closed_parent():
    branch = factories.unit(Kind.BRANCH, factories.committee(), "旧支部", closed_on=TODAY)
    with pytest.raises(Refused, match="^“旧支部”已撤销，不能在其下设立组织，请另选上级组织。$"):
        units.create_unit(kind=Kind.PARTY_GROUP, name="组", parent=branch, by=factories.user())


def test_rename_unit_changes_the_name_and_notes_old_and_new():
    branch = factories.branch(name="旧名")
    units.rename_unit(branch, name="新名", by=factories.user())
    assert OrgUnit.objects.get(pk=branch.pk).name == "新名"
    assert AuditEvent.objects.get().detail == "名称：旧名 → 新名"


def test_move_unit_rewrites_the_paths_of_everything_below():
    top = factories.committee()
    general, other = factories.unit(Kind.GENERAL_BRANCH, top), factories.unit(Kind.GENERAL_BRANCH, top)
    branch = factories.branch(general)
    group = factories.group(branch)
    bystander = factories.branch(general)
    units.move_unit(branch, parent=other, by=factories.user())
    assert paths(branch, group, bystander) == [
        f"{top.pk}.{other.pk}.{branch.pk}.",
        f"{top.pk}.{other.pk}.{branch.pk}.{group.pk}.",
        f"{top.pk}.{general.pk}.{bystander.pk}.",
    ]
    assert AuditEvent.objects.get().detail == f"上级组织：{general} → {other}"


def test_move_unit_refuses_its_own_subtree():
    top = factories.committee()
    below = factories.committee(top)
    with pytest.raises(Refused, match="就在“.*”之下，不能作为它的上级"):
        units.move_unit(top, parent=below, by=factories.user())


def test_move_unit_refuses_a_group_with_members():
    branch = factories.branch()
    group = factories.group(branch, "第一党小组")
    factories.member(branch, group)
    other = factories.branch(branch.parent)
    with pytest.raises(Refused, match="^党小组“第一党小组”还有党员，不能整组移到其他支部，请先逐人转移组织关系。$"):
        units.move_unit(group, parent=other, by=factories.user())


def test_close_unit_ends_its_posts_and_keeps_the_row():
    branch = factories.branch()
    held = factories.appointment(factories.member(factories.branch(branch.parent)), branch, Post.BRANCH_SECRETARY)
    units.close_unit(branch, on=TODAY, by=factories.user())
    assert OrgUnit.objects.get(pk=branch.pk).closed_on == TODAY
    assert Appointment.objects.get(pk=held.pk).ended_on == TODAY


def test_close_unit_refuses_while_members_are_in_it():
    branch = factories.branch(name="检修部党支部")
    factories.member(branch)
    with pytest.raises(Refused, match="^“检修部党支部”还有 1 名党员，请先把他们的组织关系转走，再撤销。$"):
        units.close_unit(branch, on=TODAY, by=factories.user())


def test_close_unit_refuses_while_units_are_below_it():
    branch = factories.branch(name="检修部党支部")
    factories.group(branch, "第一党小组")
    with pytest.raises(Refused, match="^“检修部党支部”下还有“第一党小组”，请先撤销下级组织。$"):
        units.close_unit(branch, on=TODAY, by=factories.user())


def test_close_unit_refuses_a_day_before_the_last_member_left():
    branch = factories.branch()
    person = factories.member()
    factories.membership(person, branch, ended_on=TODAY, ending="LEFT")
    with pytest.raises(Refused, match="^撤销日期不能早于最后一名党员离开的日期 2026-09-30，请改日期。$"):
        units.close_unit(branch, on=TODAY - datetime.timedelta(days=1), by=factories.user())


def test_close_unit_refuses_a_second_time():
    branch = factories.unit(Kind.BRANCH, factories.committee(), "旧支部", closed_on=TODAY)
    with pytest.raises(Refused, match="^“旧支部”已于 2026-09-30 撤销，不必再办。$"):
        units.close_unit(branch, on=TODAY, by=factories.user())
