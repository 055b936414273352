"""The roster against what stands: who is new, changed, moved, the same; and what does not fit."""

import datetime
from dataclasses import replace
from typing import Any

import pytest

from members.models import Member, Membership, OrgUnit, User
from members.roster.examine import Examination, Options, examine
from members.roster.report import make_report
from members.tabular import Sheet
from tests import factories
from tests.members import roster_files as files

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 20)
OPTIONS = Options(started_on=datetime.date(2026, 1, 1), moved_on=TODAY)
OTHER_ID = files.id_number(order=360)


def look(
    unit: OrgUnit,
    *rows: list[Any],
    heading: tuple[str, ...] = files.HEADING,
    by: User | None = None,
    options: Options = OPTIONS,
) -> Examination:
    return examine(unit, [Sheet("花名册", [list(heading), *rows])], options, by=by, today=TODAY)


def outcome(found: Examination) -> dict[str, int]:
    counts: dict[str, int] = make_report(found)["counts"]
    return {key: counts[key] for key in ("new", "changed", "moved", "unchanged", "absent", "errors") if counts[key]}


def kinds(found: Examination) -> list[tuple[int, str, str]]:
    return [(p.row, p.kind, p.severity.value) for p in found.roster.problems]


@pytest.fixture
def top() -> OrgUnit:
    return factories.committee(name="热电公司党委")


@pytest.fixture
def home(top: OrgUnit) -> OrgUnit:
    return factories.branch(top, "检修部党支部")


def known(branch: OrgUnit | None, **fields: Any) -> Member:
    """苏堃 as the file's usual row has her."""
    usual: dict[str, Any] = {
        "name": "苏堃",
        "staff_number": "10001",
        "gender": "FEMALE",
        "joined_on": datetime.date(2008, 6, 24),
        "regular_on": datetime.date(2009, 6, 24),
        "id_number": files.id_number(),
        "phone": "13941473104",
    }
    return factories.member(branch, **usual | fields)


# --- new, changed, the same ---------------------------------------------------------------------
def test_unknown_person_is_new_with_branch_and_group_to_create(top: OrgUnit) -> None:
    found = look(top, files.row())
    assert outcome(found) == {"new": 1}
    assert [(q.kind, q.name, q.within, q.parent) for q in found.plan.new_units] == [
        ("BRANCH", "检修部党支部", "", top.pk),
        ("PARTY_GROUP", "第一党小组", "检修部党支部", None),
    ]


def test_known_person_is_unchanged(top: OrgUnit, home: OrgUnit) -> None:
    known(home, group=factories.group(home, "第一党小组"))
    found = look(top, files.row())
    assert (outcome(found), found.plan.is_empty) == ({"unchanged": 1}, True)


def test_changed_fields_are_shown_old_and_new_numbers_masked(top: OrgUnit, home: OrgUnit) -> None:
    known(home, phone="13900000000", job="班长")
    found = look(top, files.row(group="", category="预备", regular=""))
    assert kinds(found) == [(2, "预备党员有转正日期", "ERROR")]
    found = look(top, files.row(group="", joined="2008.6.25"))
    assert make_report(found)["changed"] == [
        {
            "row": 2,
            "staff_number": "10001",
            "name": "苏堃",
            "fields": [
                {"label": "入党日期", "old": "2008-06-24", "new": "2008-06-25"},
                {"label": "联系电话", "old": "139****0000", "new": "139****3104"},
            ],
        }
    ]


def test_blank_cells_and_absent_columns_change_nothing(top: OrgUnit, home: OrgUnit) -> None:
    known(home, job="班长", remark="讲党课", is_floating=True)
    found = look(top, ["10001", "苏堃", "", "无"], heading=("工号", "姓名", "备注", "是否流动"))
    assert outcome(found) == {"changed": 1}  # "无" answers 是否流动 with no
    assert [change.fields for change in found.plan.changes] == [{"is_floating": (True, False)}]


def test_people_absent_from_the_file_are_counted_and_left_alone(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    factories.member(home)
    assert outcome(look(top, files.row(group=""))) == {"unchanged": 1, "absent": 1}


def test_new_member_is_completed_from_the_id_number(top: OrgUnit) -> None:
    found = look(top, ["1", "苏堃", files.id_number(), "检修部党支部"], heading=("工号", "姓名", "身份证号", "党支部"))
    [admission] = found.plan.admissions
    assert (admission.values["born_on"], admission.values["gender"]) == (datetime.date(1982, 6, 12), "FEMALE")
    assert kinds(found) == [(2, "没有人员类别", "WARNING")]


@pytest.mark.parametrize(
    ("joined", "started_on"), [("2008-06-24", datetime.date(2026, 1, 1)), ("2026-08-01", datetime.date(2026, 8, 1))]
)
def test_new_member_belongs_from_the_chosen_day_or_from_joining(
    top: OrgUnit, joined: str, started_on: datetime.date
) -> None:
    found = look(top, files.row(joined=joined, regular="", category="预备党员"))
    assert [admission.started_on for admission in found.plan.admissions] == [started_on]


def test_new_member_needs_a_branch(top: OrgUnit) -> None:
    assert kinds(look(top, files.row(branch="", group=""))) == [(2, "没有所在党支部", "ERROR")]


# --- who is who ---------------------------------------------------------------------------------
def test_missing_staff_number_is_found_by_id_number(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    assert outcome(look(top, files.row(number="", group=""))) == {"unchanged": 1}


@pytest.mark.parametrize("number", ["", files.id_number()])
def test_missing_staff_number_of_nobody_known_is_an_error(top: OrgUnit, home: OrgUnit, number: str) -> None:
    assert kinds(look(top, files.row(number="", id=number))) == [(2, "没有工号", "ERROR")]


def test_never_merged_by_name(top: OrgUnit, home: OrgUnit) -> None:
    known(home, id_number="")
    found = look(top, files.row(number="10002", group=""))
    assert (outcome(found), kinds(found)) == ({"new": 1, "absent": 1}, [(2, "与在册党员同名", "WARNING")])


def test_namesake_with_another_id_number_is_no_doubt(top: OrgUnit, home: OrgUnit) -> None:
    known(home, id_number=OTHER_ID)
    assert kinds(look(top, files.row(number="10002"))) == []


def test_other_name_for_a_staff_number_is_a_change_with_a_warning(top: OrgUnit, home: OrgUnit) -> None:
    known(home, name="苏坤")
    found = look(top, files.row(group=""))
    assert (outcome(found), kinds(found)) == ({"changed": 1}, [(2, "姓名与名册不同", "WARNING")])


def test_other_name_and_other_id_number_are_two_people(top: OrgUnit, home: OrgUnit) -> None:
    known(home, name="何宇", id_number=OTHER_ID)
    assert kinds(look(top, files.row())) == [(2, "工号属于另一人", "ERROR")]


def test_other_id_number_alone_is_a_warning(top: OrgUnit, home: OrgUnit) -> None:
    known(home, id_number=OTHER_ID)
    assert kinds(look(top, files.row())) == [(2, "身份证号与名册不同", "WARNING")]


def test_id_number_of_somebody_else_is_an_error_naming_the_owner(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    found = look(top, files.row(number="10002", name="何宇"))
    assert [(p.kind, p.say) for p in found.roster.problems] == [
        ("身份证号已属他人", "这个身份证号已登记在工号 10001 名下，请核对工号或身份证号。")
    ]


def test_id_number_owner_elsewhere_is_not_named(top: OrgUnit, home: OrgUnit) -> None:
    known(factories.branch())
    found = look(top, files.row(number="10002", name="何宇"))
    assert [p.say for p in found.roster.problems] == ["这个身份证号已登记在其他单位的党员名下，请核对工号或身份证号。"]


def test_two_mixed_up_id_numbers_can_be_exchanged(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    known(home, staff_number="10002", id_number=OTHER_ID)
    found = look(top, files.row(id=OTHER_ID), files.row(number="10002"))
    assert (found.errors, len(found.plan.changes)) == (0, 2)


def test_one_member_in_two_rows_is_an_error(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    found = look(top, files.row(id=""), files.row(number=""))
    assert kinds(found) == [(3, "同一人出现两次", "ERROR")]


def test_merged_values_must_fit(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    found = look(top, ["10001", "苏堃", "2007-01-01"], heading=("工号", "姓名", "转正日期"))
    assert kinds(found) == [(2, "转正日期早于入党日期", "ERROR")]


def test_contradiction_that_stood_before_is_not_blamed_on_the_file(top: OrgUnit, home: OrgUnit) -> None:
    known(home, gender="MALE")
    found = look(top, ["10001", "苏堃", "2008-06-25"], heading=("工号", "姓名", "入党日期"))
    assert (outcome(found), kinds(found)) == ({"changed": 1}, [])


# --- branches, groups, moves --------------------------------------------------------------------
def test_other_branch_is_a_move(top: OrgUnit, home: OrgUnit) -> None:
    known(factories.branch(top, "运行部党支部"))
    found = look(top, files.row(group=""))
    assert make_report(found)["moved"] == [
        {"row": 2, "staff_number": "10001", "name": "苏堃", "old": "运行部党支部", "new": "检修部党支部"}
    ]


def test_other_group_is_a_move_inside_the_branch(top: OrgUnit, home: OrgUnit) -> None:
    known(home, group=factories.group(home, "第一党小组"))
    factories.group(home, "第二党小组")
    found = look(top, files.row(group="第2小组", branch=""))
    assert [(move.ending, q.hint) for move, q in zip(found.plan.moves, found.plan.questions, strict=True)] == [
        (Membership.Ending.REGROUP, "与现有的“第二党小组”只是写法不同")
    ]


def test_group_left_blank_stays(top: OrgUnit, home: OrgUnit) -> None:
    known(home, group=factories.group(home, "第一党小组"))
    assert outcome(look(top, files.row(group=""))) == {"unchanged": 1}


def test_move_before_the_present_membership_began_is_an_error(top: OrgUnit, home: OrgUnit) -> None:
    known(factories.branch(top, "运行部党支部"), started_on=datetime.date(2026, 6, 1))
    early = replace(OPTIONS, moved_on=datetime.date(2026, 5, 31))
    assert kinds(look(top, files.row(), options=early)) == [(2, "转移日期过早", "ERROR")]
    same_day = replace(OPTIONS, moved_on=datetime.date(2026, 6, 1))
    assert kinds(look(top, files.row(), options=same_day)) == []


def test_spelling_of_an_existing_branch_is_no_new_branch(top: OrgUnit, home: OrgUnit) -> None:
    known(home)
    found = look(top, files.row(branch="检修支部", group=""))
    assert (outcome(found), [q.decision for q in found.plan.questions]) == ({"unchanged": 1}, [f"to:{home.pk}"])


def test_decisions_and_parents_are_followed(top: OrgUnit) -> None:
    general = factories.unit(factories.Kind.GENERAL_BRANCH, top, "多经党总支")
    options = replace(OPTIONS, parents={"检修部党支部": general.pk})
    assert [q.parent for q in look(top, files.row(), options=options).plan.questions] == [general.pk, None]
    found = look(top, files.row(), options=replace(OPTIONS, decisions={"检修部党支部": "skip"}))
    assert kinds(found) == [(2, "党支部不新建", "ERROR")]


def test_branch_of_a_general_branch_is_proposed_below_it(top: OrgUnit) -> None:
    general = factories.unit(factories.Kind.GENERAL_BRANCH, top, "多经党总支")
    found = look(top, files.row(branch="多经党总支第一党支部", group=""))
    assert [(q.name, q.parent) for q in found.plan.questions] == [("多经党总支第一党支部", general.pk)]


def test_parent_outside_the_unit_is_ignored(top: OrgUnit) -> None:
    options = replace(OPTIONS, parents={"检修部党支部": factories.committee().pk})
    assert look(top, files.row(group=""), options=options).plan.questions[0].parent == top.pk


@pytest.mark.parametrize("name", ["多经党总支", "热电公司党委"])
def test_members_belong_to_branches_only(top: OrgUnit, name: str) -> None:
    assert kinds(look(top, files.row(branch=name))) == [(2, "不是党支部", "ERROR")]


def test_same_branch_name_under_two_parents_is_not_guessed(top: OrgUnit, home: OrgUnit) -> None:
    factories.branch(factories.unit(factories.Kind.GENERAL_BRANCH, top), "检修部党支部")
    assert kinds(look(top, files.row())) == [(2, "支部重名", "ERROR")]


def test_closed_units_are_not_used(top: OrgUnit) -> None:
    closed = factories.unit(factories.Kind.BRANCH, top, "检修部党支部", closed_on=TODAY)
    assert kinds(look(top, files.row())) == [(2, "党支部已撤销", "ERROR")]
    closed.delete()
    home = factories.branch(top, "检修部党支部")
    factories.unit(factories.Kind.PARTY_GROUP, home, "第一党小组", closed_on=TODAY)
    assert kinds(look(top, files.row())) == [(2, "党小组已撤销", "ERROR")]


# --- who left, who is elsewhere -----------------------------------------------------------------
def gone(branch: OrgUnit, ending: str) -> Member:
    person = known(None)
    factories.membership(person, branch, ended_on=datetime.date(2026, 3, 1), ending=ending)
    return person


def test_member_who_left_comes_back(top: OrgUnit, home: OrgUnit) -> None:
    gone(home, "LEFT")
    found = look(top, files.row(group=""))
    assert (outcome(found), make_report(found)["moved"][0]["old"]) == ({"moved": 1}, "（已转出）")


def test_member_cannot_come_back_before_leaving(top: OrgUnit, home: OrgUnit) -> None:
    gone(home, "LEFT")
    early = replace(OPTIONS, moved_on=datetime.date(2026, 2, 28))
    assert kinds(look(top, files.row(), options=early)) == [(2, "转移日期过早", "ERROR")]


@pytest.mark.parametrize(("ending", "kind"), [("DECEASED", "已登记为去世"), ("EXPELLED", "已登记为出党")])
def test_member_gone_for_good_is_an_error(top: OrgUnit, home: OrgUnit, ending: str, kind: str) -> None:
    gone(home, ending)
    assert kinds(look(top, files.row())) == [(2, kind, "ERROR")]


def test_member_of_another_organisation_is_out_of_reach_and_not_described(top: OrgUnit, home: OrgUnit) -> None:
    known(factories.branch(name="外单位党支部"), name="何宇", id_number=OTHER_ID)
    found = look(top, files.row())
    assert [(p.kind, p.say) for p in found.roster.problems] == [
        ("不在本单位", "这名党员（按工号或身份证号）在名册中不属于“热电公司党委”，请先由党务工作者办理转移。")
    ]
    assert outcome(found) == {"errors": 1}


# --- the secretary ------------------------------------------------------------------------------
@pytest.fixture
def secretary(home: OrgUnit) -> User:
    return factories.official(home, factories.Post.BRANCH_SECRETARY, home, name="陈志远")


def test_secretary_imports_into_the_own_branch_without_a_branch_column(home: OrgUnit, secretary: User) -> None:
    found = look(home, ["10001", "苏堃", "第一党小组"], heading=("工号", "姓名", "党小组"), by=secretary)
    assert (outcome(found), [q.name for q in found.plan.new_units]) == ({"new": 1, "absent": 1}, ["第一党小组"])


def test_secretary_cannot_import_rows_of_other_branches(home: OrgUnit, secretary: User) -> None:
    found = look(home, files.row(), files.row(number="10002", id="", branch="运行部党支部"), by=secretary)
    assert kinds(found) == [(3, "不是本支部", "ERROR")]


def test_secretary_cannot_pull_in_members_of_other_branches(home: OrgUnit, secretary: User, top: OrgUnit) -> None:
    known(factories.branch(top, "运行部党支部"))
    assert kinds(look(home, files.row(), by=secretary)) == [(2, "不在本单位", "ERROR")]


def test_secretary_cannot_take_back_who_left(home: OrgUnit, secretary: User) -> None:
    gone(home, "LEFT")
    assert kinds(look(home, files.row(), by=secretary)) == [(2, "已转出", "ERROR")]


def test_secretary_of_a_general_branch_neither_founds_nor_moves(top: OrgUnit) -> None:
    general = factories.unit(factories.Kind.GENERAL_BRANCH, top, "多经党总支")
    one, other = factories.branch(general, "一队党支部"), factories.branch(general, "二队党支部")
    secretary = factories.official(general, factories.Post.BRANCH_SECRETARY, one)
    known(other)
    found = look(
        general,
        files.row(branch="一队党支部", group=""),
        files.row(number="10002", name="何宇", id="", branch="三队党支部"),
        by=secretary,
    )
    assert kinds(found) == [(2, "不能转移支部", "ERROR"), (3, "没有这个党支部", "ERROR")]


# --- digest -------------------------------------------------------------------------------------
def test_digest_is_the_same_for_the_same_plan_and_differs_when_anything_differs(top: OrgUnit, home: OrgUnit) -> None:
    known(home)

    def digest(**cells: Any) -> str:
        return look(top, files.row(**cells)).plan.digest()

    first = digest()
    assert digest() == first
    cells = ({"phone": "13800000000"}, {"joined": "2008-06-25"}, {"group": "第二党小组"}, {"branch": "乙支部"})
    others = {digest(**changed) for changed in cells}
    assert len(others | {first}) == 5


def test_digest_notices_what_would_be_overwritten(top: OrgUnit, home: OrgUnit) -> None:
    person = known(home, phone="13900000000")
    first = look(top, files.row()).plan.digest()
    person.phone = "13900000001"
    person.save()
    assert look(top, files.row()).plan.digest() != first


def test_number_of_queries_does_not_grow_with_the_rows(top: OrgUnit, home: OrgUnit, queries) -> None:
    def count(rows: int) -> int:
        with queries() as asked:
            look(top, *[files.row(number=str(n), id=files.id_number(order=n), group="") for n in range(rows)])
        return len(asked)

    for number in range(20):
        factories.member(home, staff_number=str(number))
    assert count(1) == count(20)
