"""The life of an import: checked, corrected, confirmed, written once or not at all."""

import datetime
import io
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from members.errors import Refused
from members.models import Appointment, AuditEvent, Member, Membership, OrgUnit, RosterImport, User
from members.personal import unseal_bytes
from members.services import roster
from members.services.export import write_roster
from members.signals import members_admitted, membership_changed
from members.tasks import run_roster_import, sweep_roster_imports
from tests import factories
from tests.harness.threads import race, wait_until
from tests.members import roster_files as files

State = RosterImport.State
NEW_YEAR = datetime.date(timezone.localdate().year, 1, 1)
OTHER_ID = files.id_number(order=360)


@pytest.fixture
def cast(db: None) -> factories.Cast:
    return factories.cast()


def upload(unit: OrgUnit, *rows: list[Any], by: User | None = None, **options: Any) -> RosterImport:
    chosen = replace(roster.usual_options(timezone.localdate()), **options)
    return roster.check_upload(unit, "花名册.xlsx", files.xlsx(files.HEADING, *rows), by=by, options=chosen)


def write(row: RosterImport) -> RosterImport:
    roster.confirm_import(row, row.plan_digest, by=row.by)
    roster.run_import(row.pk)
    row.refresh_from_db()
    return row


def standing() -> tuple[int, int, int]:
    return Member.objects.count(), Membership.objects.count(), OrgUnit.objects.count()


def log() -> list[tuple[str, str]]:
    lines = AuditEvent.objects.filter(action="members.import_roster").order_by("pk")
    return list(lines.values_list("result", "detail"))


# --- checking -----------------------------------------------------------------------------------
def test_check_upload_writes_nothing_but_its_own_row(cast: factories.Cast) -> None:
    before = standing()
    row = upload(cast.committee, files.row(), by=cast.business_admin)
    assert (row.state, row.report["counts"]["new"], standing()) == (State.CHECKED, 1, before)


def test_check_upload_keeps_the_file_sealed(cast: factories.Cast) -> None:
    content = files.text(files.HEADING, files.row())
    pk = roster.check_upload(cast.committee, "花名册.csv", content, by=None).pk
    sealed = bytes(RosterImport.objects.get(pk=pk).content_sealed)
    assert (files.id_number().encode() in sealed, unseal_bytes(sealed)) == (False, content)


def test_check_upload_shows_no_personal_number_in_full(cast: factories.Cast) -> None:
    wrong = files.id_number()[:-1] + "1"
    row = upload(cast.committee, files.row(), files.row(number="2", id=wrong, phone="139414731041"))
    shown = str(row.report)
    assert [number in shown for number in (files.id_number(), wrong, "139414731041", "13941473104")] == [False] * 4


def test_check_upload_of_an_unreadable_file_leaves_only_a_line_in_the_log(cast: factories.Cast) -> None:
    with pytest.raises(Refused, match="文件是空的"):
        roster.check_upload(cast.committee, "a.xlsx", b"", by=cast.business_admin)
    assert (RosterImport.objects.count(), log()) == (
        0,
        [("REFUSED", "a.xlsx：文件是空的，请重新选择要上传的表格。")],
    )


@pytest.mark.parametrize("who", ["member", "group_leader", "commissioner", "committee_member", "system_admin"])
def test_check_upload_is_for_those_who_keep_the_roster(cast: factories.Cast, who: str) -> None:
    with pytest.raises(Refused, match="你不能向“检修部党支部”导入花名册"):
        upload(cast.branch, files.row(), by=getattr(cast, who))


def test_secretary_imports_into_the_own_branch_only(cast: factories.Cast) -> None:
    assert upload(cast.branch, files.row(), by=cast.secretary).report["counts"]["new"] == 1
    for unit in (cast.committee, cast.other_branch):
        with pytest.raises(Refused, match="你不能向"):
            upload(unit, files.row(), by=cast.secretary)


def test_check_upload_refuses_units_without_members_of_their_own(cast: factories.Cast) -> None:
    with pytest.raises(Refused, match="“党建工作部”不能导入花名册"):
        upload(cast.department, files.row(), by=cast.business_admin)


@pytest.mark.parametrize("day", [timezone.localdate() + datetime.timedelta(days=1), datetime.date(1900, 1, 1)])
def test_check_upload_refuses_impossible_days(cast: factories.Cast, day: datetime.date) -> None:
    with pytest.raises(Refused, match="新党员起算日期"):
        upload(cast.committee, files.row(), started_on=day)


# --- correcting ---------------------------------------------------------------------------------
def test_choose_columns_checks_the_stored_file_again(cast: factories.Cast) -> None:
    content = files.xlsx(["工号", "姓名", "甲", "乙"], ["1", "苏堃", "班长", "检修部党支部"])
    row = roster.check_upload(cast.committee, "a.xlsx", content, by=cast.business_admin)
    assert (row.report["counts"]["errors"], row.plan_digest) == (1, "")
    options = roster.Options.of_json(row.options, {"0": "staff_number", "1": "name", "2": "job", "3": "branch"})
    roster.choose_columns(row, options, by=cast.business_admin)
    row.refresh_from_db()
    assert (row.report["counts"]["errors"], bool(row.plan_digest)) == (0, True)
    write(row)
    assert Member.objects.get(staff_number="1").job == "班长"


def test_ambiguous_columns_block_until_one_is_chosen(cast: factories.Cast) -> None:
    content = files.xlsx(["工号", "姓名", "支部", "备注", "备注"], ["1", "苏堃", "检修部党支部", "甲", "乙"])
    row = roster.check_upload(cast.committee, "a.xlsx", content, by=cast.business_admin)
    assert (len(row.report["blockers"]), row.plan_digest) == (1, "")
    columns = {"0": "staff_number", "1": "name", "2": "branch", "3": "", "4": "remark"}
    write(roster.choose_columns(row, roster.Options.of_json(row.options, columns), by=cast.business_admin))
    assert Member.objects.get(staff_number="1").remark == "乙"


def test_whoever_checks_again_answers_for_the_import(cast: factories.Cast) -> None:
    """A secretary cannot confirm what only the business administrator may do."""
    row = upload(cast.branch, files.row(), by=cast.business_admin)
    with pytest.raises(Refused, match="这次导入由褚卫东校验，请由本人确认"):
        roster.confirm_import(row, row.plan_digest, by=cast.secretary)
    roster.choose_columns(row, roster.Options.of_json(row.options, {}), by=cast.secretary)
    roster.confirm_import(row, row.plan_digest, by=cast.secretary)
    assert row.state == State.CONFIRMED


def test_choose_columns_refuses_what_is_confirmed(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row(), by=cast.business_admin)
    roster.confirm_import(row, row.plan_digest, by=cast.business_admin)
    with pytest.raises(Refused, match="已经确认或放弃"):
        roster.choose_columns(row, roster.Options.of_json(row.options, {}), by=cast.business_admin)


# --- confirming ---------------------------------------------------------------------------------
def test_confirm_refuses_errors_an_empty_plan_and_an_old_page(cast: factories.Cast) -> None:
    wrong = upload(cast.committee, files.row(gender="x"))
    with pytest.raises(Refused, match="还有问题没有解决"):
        roster.confirm_import(wrong, wrong.plan_digest, by=None)
    row = upload(cast.committee, files.row())
    with pytest.raises(Refused, match="预览已经过时"):
        roster.confirm_import(row, "0" * 64, by=None)
    write(row)
    same = upload(cast.committee, files.row())
    with pytest.raises(Refused, match="没有需要变更的内容"):
        roster.confirm_import(same, same.plan_digest, by=None)


def test_confirm_twice_is_refused(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    again = RosterImport.objects.get(pk=row.pk)
    roster.confirm_import(row, row.plan_digest, by=None)
    with pytest.raises(Refused, match="状态刚刚变了"):
        roster.confirm_import(again, again.plan_digest, by=None)


def test_drop_erases_the_file_and_is_final(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    roster.drop_import(row, by=None)
    row.refresh_from_db()
    assert (row.state, row.has_content) == (State.DROPPED, False)
    with pytest.raises(Refused, match="这次导入已放弃，不能再办"):
        roster.drop_import(row, by=None)


# --- writing ------------------------------------------------------------------------------------
def test_new_people_are_written_with_units_and_memberships(cast: factories.Cast) -> None:
    row = write(upload(cast.committee, files.row(branch="热控党支部"), by=cast.business_admin))
    person = Member.objects.get(staff_number="10001")
    membership = Membership.objects.select_related("branch", "group").get(member=person)
    assert (row.state, row.done, row.total, row.has_content) == (State.DONE, 3, 3, False)
    assert (person.name, person.pinyin, person.initials, person.gender, person.category) == (
        *("苏堃", "su kun", "sk", "FEMALE", "FULL"),
    )
    assert (person.id_number, person.phone, person.born_on) == (
        files.id_number(),
        "13941473104",
        datetime.date(1982, 6, 12),
    )
    branch, group = membership.branch, membership.group
    assert (branch.name, branch.parent_id, branch.path) == (
        "热控党支部",
        cast.committee.pk,
        f"{cast.committee.path}{branch.pk}.",
    )
    assert group is not None
    assert (group.name, group.parent_id, group.path) == ("第一党小组", branch.pk, f"{branch.path}{group.pk}.")
    assert (membership.started_on, membership.ended_on) == (NEW_YEAR, None)


def test_every_field_of_the_roster_arrives(cast: factories.Cast) -> None:
    row = roster.check_upload(cast.committee, files.CLEAN, files.sample(files.CLEAN), by=cast.business_admin)
    write(row)
    person = Member.objects.get(staff_number="10001")
    kept = ("name", "ethnicity", "born_on", "education", "joined_on", "regular_on", "job", "is_floating", "is_missing")
    assert [getattr(person, key) for key in kept] == [
        *("苏堃", "汉族", datetime.date(1982, 6, 12), "硕士研究生", datetime.date(2008, 6, 24)),
        *(datetime.date(2009, 6, 24), "司机", True, False),
    ]


def test_both_samples_are_the_same_people(cast: factories.Cast) -> None:
    write(roster.check_upload(cast.committee, files.CLEAN, files.sample(files.CLEAN), by=cast.business_admin))
    after = standing()
    messy = roster.check_upload(cast.committee, files.MESSY, files.sample(files.MESSY), by=cast.business_admin)
    counts = messy.report["counts"]
    assert (counts["rows"], counts["unchanged"], counts["errors"], counts["warnings"]) == (360, 360, 0, 0)
    assert (messy.plan_digest, standing()) == ("", after)


def test_messy_sample_alone_is_written(cast: factories.Cast) -> None:
    row = write(roster.check_upload(cast.committee, files.MESSY, files.sample(files.MESSY), by=cast.business_admin))
    assert (row.state, row.report["counts"]["new"], row.report["footers"]) == (State.DONE, 360, [368])


def test_same_file_again_says_so_and_changes_nothing(cast: factories.Cast) -> None:
    content = files.xlsx(files.HEADING, files.row())
    first = write(roster.check_upload(cast.committee, "花名册.xlsx", content, by=cast.business_admin))
    again = roster.check_upload(cast.committee, "另一个名字.xlsx", content, by=cast.business_admin)
    assert (roster.earlier_import(again), again.report["counts"]["unchanged"], again.plan_digest) == (first, 1, "")


def test_changes_touch_only_what_the_file_says(cast: factories.Cast) -> None:
    person = factories.member(cast.branch, cast.group, name="苏坤", staff_number="10001", job="班长", remark="讲党课")
    write(upload(cast.committee, files.row()))
    person.refresh_from_db()
    assert (person.name, person.pinyin, person.job, person.remark, person.phone) == (
        *("苏堃", "su kun", "班长", "讲党课", "13941473104"),
    )


def test_exchanged_id_numbers_are_written(cast: factories.Cast) -> None:
    for number, id_number in (("10001", files.id_number()), ("10002", OTHER_ID)):
        person = factories.member(cast.branch, cast.group, name="苏堃", staff_number=number)
        person.id_number = id_number
        person.save()
    row = write(upload(cast.committee, files.row(id=OTHER_ID), files.row(number="10002")))
    numbers = {person.staff_number: person.id_number for person in Member.objects.filter(name="苏堃")}
    assert (row.state, numbers) == (State.DONE, {"10001": OTHER_ID, "10002": files.id_number()})


def test_move_ends_the_old_membership_and_posts_held_there(cast: factories.Cast) -> None:
    person = factories.member(cast.other_branch, name="苏堃", staff_number="10001")
    left = factories.appointment(person, cast.other_branch, factories.Post.SCORE_CLERK)
    kept = factories.appointment(person, cast.committee, factories.Post.COMMITTEE_MEMBER)
    day = timezone.localdate() - datetime.timedelta(days=3)
    write(upload(cast.committee, files.row(), moved_on=day))
    rows = Membership.objects.filter(member=person).order_by("pk")
    assert list(rows.values_list("branch", "group", "started_on", "ended_on", "ending")) == [
        (cast.other_branch.pk, None, factories.LONG_AGO, day, "TRANSFER"),
        (cast.branch.pk, cast.group.pk, day, None, ""),
    ]
    ends = dict(Appointment.objects.filter(member=person).values_list("pk", "ended_on"))
    assert ends == {left.pk: day, kept.pk: None}


def test_regrouping_ends_posts_of_the_group_not_of_the_branch(cast: factories.Cast) -> None:
    person = factories.member(cast.branch, cast.group, name="苏堃", staff_number="10001")
    factories.appointment(person, factories.group(cast.branch), factories.Post.GROUP_LEADER)
    of_group = factories.appointment(person, cast.group, factories.Post.GROUP_LEADER)
    factories.appointment(person, cast.branch, factories.Post.SCORE_CLERK)
    write(upload(cast.committee, files.row(group="第二党小组")))
    ended = set(Appointment.objects.filter(member=person, ended_on__isnull=False).values_list("pk", flat=True))
    assert ended == {of_group.pk}


def test_listeners_are_told_once(cast: factories.Cast) -> None:
    heard: list[Any] = []

    def admitted(**kwargs: Any) -> None:
        heard.append("admitted")

    def changed(from_day: datetime.date, **kwargs: Any) -> None:
        heard.append(from_day)

    members_admitted.connect(admitted)
    membership_changed.connect(changed)
    try:
        write(upload(cast.committee, files.row(), files.row(number="10002", name="何宇", id="")))
    finally:
        members_admitted.disconnect(admitted)
        membership_changed.disconnect(changed)
    assert heard == ["admitted", NEW_YEAR]


def test_every_step_leaves_a_line_in_the_log(cast: factories.Cast) -> None:
    write(upload(cast.committee, files.row(), by=cast.business_admin))
    counts = "共 1 行，新增 1，变更 0，转移 0，不变 0"
    assert log() == [
        ("DONE", f"上传并校验：{counts}"),
        ("DONE", f"确认导入：{counts}"),
        ("DONE", f"写入完成：{counts}"),
    ]


# --- once or not at all -------------------------------------------------------------------------
def test_running_twice_writes_once(cast: factories.Cast) -> None:
    row = write(upload(cast.committee, files.row()))
    after = standing()
    run_roster_import(row.pk)
    sweep_roster_imports()
    assert (standing(), RosterImport.objects.get(pk=row.pk).attempts) == (after, 1)


def test_unconfirmed_import_is_not_written(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    before = standing()
    roster.run_import(row.pk)
    assert (standing(), RosterImport.objects.get(pk=row.pk).state) == (before, State.CHECKED)


def test_roster_changed_since_the_preview_is_not_written(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    factories.member(cast.other_branch, name="何宇", staff_number="10001")
    before = standing()
    write(row)
    assert (row.state, row.report["failure"], standing()) == (
        State.FAILED,
        "预览之后名册已有变化，名册没有改动，请重新校验。",
        before,
    )
    assert log()[-1] == ("REFUSED", "预览之后名册已有变化，名册没有改动，请重新校验。")


def test_failed_import_can_be_checked_again_and_written(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    factories.member(cast.branch, name="苏堃", staff_number="10001")
    write(row)
    roster.choose_columns(row, roster.Options.of_json(row.options, row.columns), by=None)
    assert (write(row).state, row.report["counts"]["changed"]) == (State.DONE, 1)


def test_post_that_ended_before_the_write_stops_it(cast: factories.Cast) -> None:
    """What the business administrator confirmed is judged by what that person may do when it is written."""
    factories.member(cast.other_branch, name="苏堃", staff_number="10001")
    row = upload(cast.committee, files.row(), by=cast.business_admin)
    roster.confirm_import(row, row.plan_digest, by=cast.business_admin)
    Appointment.objects.filter(post=factories.Post.PARTY_WORKER).update(ended_on=timezone.localdate())
    before = standing()
    roster.run_import(row.pk)
    assert (RosterImport.objects.get(pk=row.pk).state, standing()) == (State.FAILED, before)


def test_clash_at_the_last_moment_writes_nothing(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row(branch="热控党支部"))
    before = standing()
    with mock.patch.object(roster, "write_plan", side_effect=clash):
        write(row)
    assert (row.state, standing()) == (State.FAILED, before)
    assert row.report["failure"].startswith("写入时发现名册中已有相同的工号")


def clash(plan: Any, unit: OrgUnit, by: Any) -> None:
    """Half of the work, then a number that is taken."""
    factories.branch(unit, "热控党支部")
    for _twice in range(2):
        factories.member(staff_number="10001")


def test_broken_off_work_is_taken_over_after_the_lease(cast: factories.Cast, settings: Any) -> None:
    row = upload(cast.committee, files.row())
    roster.confirm_import(row, row.plan_digest, by=None)
    with mock.patch.object(roster, "_write", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        roster.run_import(row.pk)
    sweep_roster_imports()
    row.refresh_from_db()
    assert (row.state, row.done, row.attempts) == (State.RUNNING, 1, 1)
    RosterImport.objects.update(claimed_at=timezone.now() - datetime.timedelta(seconds=settings.JOB_LEASE_SECONDS + 1))
    sweep_roster_imports()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.DONE, 2)


def test_worker_that_lost_its_lease_writes_nothing(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    roster.confirm_import(row, row.plan_digest, by=None)
    before = standing()

    def slow(*args: Any) -> Any:
        RosterImport.objects.update(claimed_at=timezone.now() + datetime.timedelta(seconds=1))
        return roster.read_table("a", files.xlsx(files.HEADING, files.row()))

    with mock.patch.object(roster, "_sheets", side_effect=slow):
        roster.run_import(row.pk)
    assert (standing(), RosterImport.objects.get(pk=row.pk).state) == (before, State.RUNNING)


def test_import_that_kills_its_worker_is_given_up(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row())
    roster.confirm_import(row, row.plan_digest, by=None)
    RosterImport.objects.update(attempts=roster.MAX_ATTEMPTS)
    sweep_roster_imports()
    row.refresh_from_db()
    assert (row.state, row.report["failure"][:8]) == (State.FAILED, "写入多次中断，名")


def test_uploads_nobody_goes_on_with_are_forgotten(cast: factories.Cast) -> None:
    old, fresh = upload(cast.committee, files.row()), upload(cast.committee, files.row())
    week = datetime.timedelta(days=roster.KEPT_DAYS, seconds=1)
    RosterImport.objects.filter(pk=old.pk).update(created_at=timezone.now() - week)
    sweep_roster_imports()
    sweep_roster_imports()
    states = {row.pk: (row.state, row.has_content) for row in RosterImport.objects.all()}
    assert states == {old.pk: (State.DROPPED, False), fresh.pk: (State.CHECKED, True)}


def test_problems_of_a_dropped_import_are_gone_with_the_file(cast: factories.Cast) -> None:
    row = upload(cast.committee, files.row(gender="x"))
    roster.drop_import(row, by=None)
    with pytest.raises(Refused, match="上传的文件已经清除"):
        roster.examined(row)


@pytest.mark.usefixtures("real_db")
def test_race_of_workers_writes_once() -> None:
    row = upload(factories.committee(), files.row())
    roster.confirm_import(row, row.plan_digest, by=None)
    results = race(4, lambda _number: roster.run_import(row.pk))
    row.refresh_from_db()
    assert (results, row.state, row.attempts, Member.objects.count()) == ([None] * 4, State.DONE, 1, 1)


@pytest.mark.usefixtures("real_db")
def test_race_of_confirmations_is_won_once() -> None:
    row = upload(factories.committee(), files.row())

    def confirm(_number: int) -> None:
        roster.confirm_import(RosterImport.objects.get(pk=row.pk), row.plan_digest, by=None)

    results = race(4, confirm)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused", "Refused", "Refused"]


@pytest.mark.usefixtures("real_db")
def test_two_imports_of_the_same_people_at_once_admit_them_once() -> None:
    top = factories.committee()
    rows = [upload(top, files.row()) for _copy in range(2)]
    for row in rows:
        roster.confirm_import(row, row.plan_digest, by=None)
    race(2, lambda number: roster.run_import(rows[number].pk))
    states = sorted(RosterImport.objects.values_list("state", flat=True))
    assert (states, Member.objects.count()) == ([State.DONE, State.FAILED], 1)


def test_worker_killed_in_the_middle_leaves_all_or_nothing(start_worker: Any) -> None:
    top = factories.committee()
    people = [files.row(number=str(n), id="", branch=f"第{n % 40}党支部") for n in range(6_000)]
    row = upload(top, *people)
    roster.confirm_import(row, row.plan_digest, by=None)
    first = start_worker(JOB_LEASE_SECONDS="1")
    run_roster_import.delay(row.pk)
    wait_until(lambda: RosterImport.objects.get(pk=row.pk).done > 0, what=first.log)
    first.kill()
    assert Member.objects.count() in (0, len(people))
    connection.close()
    second = start_worker(JOB_LEASE_SECONDS="1")
    wait_until(lambda: swept(row.pk), seconds=60, what=second.log)
    assert (Member.objects.count(), Membership.objects.count()) == (len(people), len(people))


def swept(pk: int) -> bool:
    sweep_roster_imports.delay()
    return RosterImport.objects.get(pk=pk).state == State.DONE


# --- what the product itself hands out ----------------------------------------------------------
def exported(unit: OrgUnit, *, in_full: bool) -> bytes:
    file = io.BytesIO()
    write_roster(file, unit=unit, in_full=in_full, by=None)
    return file.getvalue()


def test_exported_roster_comes_back_unchanged(cast: factories.Cast) -> None:
    write(roster.check_upload(cast.committee, files.CLEAN, files.sample(files.CLEAN), by=cast.business_admin))
    row = roster.check_upload(cast.committee, "a.xlsx", exported(cast.committee, in_full=True), by=cast.business_admin)
    counts = row.report["counts"]
    everybody = Membership.objects.current().within(cast.committee).count()
    assert (counts["problems"], counts["unchanged"], counts["absent"]) == (0, everybody, 0)


def test_masked_export_is_refused_with_the_cure(cast: factories.Cast) -> None:
    write(upload(cast.committee, files.row(), by=cast.business_admin))
    row = roster.check_upload(cast.committee, "a.xlsx", exported(cast.committee, in_full=False), by=None)
    assert sorted({problem["kind"] for problem in row.report["problems"]}) == ["电话被遮挡", "身份证号被遮挡"]
