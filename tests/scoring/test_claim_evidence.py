"""Files of claims: by whom, until when, how many; and the place where a claim counts."""

import datetime

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from members.errors import Refused
from scoring.models import Evidence, Month
from scoring.services.claim_evidence import FILES_PER_CLAIM, add_claim_file, add_claim_files, remove_claim_file
from scoring.services.claim_places import branch_of, counting_month, item_in, open_months
from scoring.services.claimable import cap_notes, claimable_items
from scoring.services.claims import advance_claim, submit_claim
from scoring.services.months import month_of_unit
from scoring.services.rule_drafts import revise
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set
from tests.factories import LONG_AGO, cast, member, membership
from tests.scoring.claiming import claiming
from tests.scoring.factories import MONTH, account
from tests.scoring.test_evidence import PDF, picture

TODAY = datetime.date(2026, 11, 20)


def upload(number: int = 0, name: str = "证明.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF + bytes([65 + number]))


# --- files ------------------------------------------------------------------------------------
def test_file_is_stored_by_its_content_without_the_place(db):
    made = claiming()
    file = add_claim_file(made.draft(), SimpleUploadedFile("a.txt", picture("JPEG")), by=made.cast.member)
    assert (file.name, file.content_type, file.by, file.cell, file.entry) == (
        "a.jpg", "image/jpeg", made.cast.member, None, None,
    )  # fmt: skip
    assert file.file.name.startswith(f"evidence/{file.digest[:2]}/{file.digest}")


def test_each_file_is_judged_for_itself(db):
    made = claiming()
    claim = made.draft()
    files = [upload(number) for number in range(FILES_PER_CLAIM)]
    refusals = add_claim_files(
        claim, [upload(0, "动图.gif"), SimpleUploadedFile("b.gif", b"GIF89a"), *files, upload(9)], by=made.cast.member
    )
    assert [sentence.split("，")[0] for sentence in refusals] == [
        "b.gif：只接受图片（JPG、PNG、WEBP）、PDF、Word（docx）和 Excel（xlsx）",
        "证明.pdf：这个文件已经附上了（动图.pdf）",
        "证明.pdf：每件申报最多附 5 个文件",
    ]
    assert Evidence.objects.filter(claim=claim).count() == FILES_PER_CLAIM


def test_only_the_claimant_attaches_and_only_until_handed_in(db):
    made = claiming()
    claim = made.draft()
    with pytest.raises(Refused, match="申报人"):
        add_claim_file(claim, upload(), by=made.cast.secretary)
    file = add_claim_file(claim, upload(), by=made.cast.member)
    with pytest.raises(Refused, match="自己附的"):
        remove_claim_file(file, by=made.cast.secretary)
    submit_claim(claim, by=made.cast.member)
    with pytest.raises(Refused, match="不能再附材料"):
        add_claim_file(claim, upload(1), by=made.cast.member)
    with pytest.raises(Refused, match="不能移除"):
        remove_claim_file(file, by=made.cast.member)


def test_removed_file_is_destroyed(db, django_capture_on_commit_callbacks):
    made = claiming()
    file = add_claim_file(made.draft(), upload(), by=made.cast.member)
    name = file.file.name
    with django_capture_on_commit_callbacks(execute=True):
        remove_claim_file(file, by=made.cast.member)
        remove_claim_file(file, by=made.cast.member)
    assert (default_storage.exists(name), Evidence.objects.standing().count()) == (False, 0)


def test_clause_without_proof_takes_no_files(db):
    made = claiming()
    with pytest.raises(Refused, match="不需要佐证材料"):
        add_claim_file(made.draft(code="加-6"), upload(), by=made.cast.member)


# --- where it counts --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shut", "happened_on", "month"),
    [
        ([], datetime.date(2026, 9, 12), 202609),
        ([202609], datetime.date(2026, 9, 12), 202610),
        ([202609, 202610], datetime.date(2026, 9, 12), 202611),
        ([202609, 202610, 202611], datetime.date(2026, 9, 12), 202609),
        # Never into another year.
        ([202512], datetime.date(2025, 12, 30), 202512),
    ],
)
def test_claim_counts_in_its_month_or_the_next_that_takes_entries(db, shut, happened_on, month):
    people = cast()
    for number in shut:
        Month.objects.create(unit=people.branch, month=number, state="CHECKED")
    assert counting_month(account(people.member.member), happened_on, TODAY) == month


def test_claim_of_someone_transferred_counts_where_the_member_was_listed(db):
    people = cast()
    person = member(None)
    membership(person, people.branch, started_on=LONG_AGO, ended_on=datetime.date(2026, 10, 15), ending="TRANSFER")
    membership(person, people.other_branch, started_on=datetime.date(2026, 10, 15))
    Month.objects.create(unit=people.branch, month=202610, state="CLOSED", closed_by=people.committee_member)
    own = account(person)
    assert counting_month(own, datetime.date(2026, 10, 20), TODAY) == 202611
    assert branch_of(own, TODAY) == people.other_branch
    assert branch_of(own, datetime.date(2026, 10, 20)) == people.branch


def test_newcomer_has_a_branch_before_the_first_whole_month(db):
    people = cast()
    person = member(people.branch, started_on=datetime.date(2026, 11, 10))
    assert branch_of(account(person), TODAY) == people.branch
    assert branch_of(account(member(None)), TODAY) is None


def test_months_that_take_entries_are_offered_newest_first(db):
    people = cast()
    Month.objects.create(unit=people.branch, month=MONTH, state="CHECKED")
    Month.objects.create(unit=people.branch, month=202610, state="SUBMITTED")
    Month.objects.create(unit=people.other_branch, month=202611, state="CHECKED")
    assert open_months(people.branch, TODAY)[:3] == [202611, 202610, 202608]


def test_clause_is_found_under_the_rules_of_an_earlier_month(db):
    made = claiming()
    draft = revise(made.rules, effective_from=202611, by=made.cast.business_admin)
    publish_rule_set(draft, by=made.cast.business_admin)
    newer = {one.item.code: one for one in claimable_items(month_of_unit(made.cast.branch, 202611))}
    choice = newer["加-1"]
    assert item_in(made.cast.branch, 202611, choice) == choice.item.pk
    assert item_in(made.cast.branch, MONTH, choice) == made.item("加-1").pk != choice.item.pk


# --- what may be claimed ----------------------------------------------------------------------
def test_clause_that_only_takes_off_is_for_proposals_in_whichever_section(db):
    people = cast()
    publish_rule_set(load_rule_set(preset_text("s4"), owner=people.committee, by=None), by=None)
    month = month_of_unit(people.branch, MONTH)
    codes = {kind: [one.item.code for one in claimable_items(month, kind)] for kind in ("CLAIM", "DEDUCTION")}
    assert codes == {
        "CLAIM": ["激-1", "激-2", "激-3", "激-4", "激-5"], "DEDUCTION": ["激-6", "激-7", "激-8", "激-9"],
    }  # fmt: skip


def test_used_up_caps_of_many_claims_are_found_with_one_query(db, queries):
    made = claiming("审定")
    advance_claim(made.claim(text="2次"), by=made.cast.secretary)
    rows = [made.claim(text="1次"), made.claim(text="2次"), made.claim(by=made.cast.colleague, text="2次")]
    with queries() as asked:
        found = cap_notes(rows)
    assert (sorted(found), len(asked)) == ([rows[0].pk, rows[1].pk], 1)
