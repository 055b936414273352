"""The log holds every change, refusal and download of claims, deductions, evidence, organisation life, grants, custom
items, openings and adjustments: who, what, to what, with which result, which sentence."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from members.models import AuditEvent, User
from scoring.models import Activity, Claim, Month
from scoring.services import custom_items, granting
from scoring.services.activities import Plan, cancel_activity, expected_accounts, plan_activity, undo_activity
from scoring.services.adjusting import adjust
from scoring.services.archive import archive_year
from scoring.services.claim_evidence import add_claim_file, add_claim_files, remove_claim_file
from scoring.services.claims import advance_claim, advance_many, return_claim, submit_claim, withdraw_claim
from scoring.services.deductions import answer_deduction, drop_deduction, propose_deduction
from scoring.services.expected import save_expected
from scoring.services.openings import OpeningLine, save_openings
from scoring.services.posting import reverse_entry
from tests.scoring.claiming import Claiming, claiming
from tests.scoring.factories import MONTH
from tests.scoring.granting import house
from tests.scoring.living import DAY, Life
from tests.scoring.test_archive import year_closed
from tests.scoring.test_custom_items import Place, open_month
from tests.scoring.test_evidence import PDF

pytestmark = pytest.mark.django_db
Line = tuple[str, str, str, str, str]
CLAIM, CAUSE = "申报 志愿服务 周末社区义诊", "申报 无故缺席 周末社区义诊"


def lines() -> list[Line]:
    """The log without its sign-ins, oldest first: who, what, to what, result, sentence."""
    rows = AuditEvent.objects.exclude(action="members.sign_in").order_by("pk")
    return list(rows.values_list("actor", "action", "target", "result", "detail"))


def since(count: int) -> list[Line]:
    return lines()[count:]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(user: User, name: str, *things: Any, **given: Any) -> None:
    answer = client_of(user).post(reverse(name, args=[getattr(thing, "pk", thing) for thing in things]), given)
    assert answer.status_code in (200, 302, 403), answer.status_code


def deduction(made: Claiming, by: User) -> Claim:
    deed = made.deed("减-1", "1次")
    return propose_deduction(made.account(made.cast.member), deed, by=by, key=uuid.uuid4(), answer_days=5)


# --- claims and deductions -----------------------------------------------------------------------
def test_every_step_of_a_claim_leaves_a_line():
    made = claiming()
    before = len(lines())
    claim = submit_claim(made.draft(), by=made.cast.member)
    for role in ("group_leader", "commissioner"):
        claim = advance_claim(claim, by=made.cast.by_role()[role])
    claim = return_claim(claim, by=made.cast.secretary, reason="次数不符")
    claim = submit_claim(claim, by=made.cast.member)
    for role in ("group_leader", "commissioner", "secretary"):
        claim = advance_claim(claim, by=made.cast.by_role()[role], opinion="属实")
    other = withdraw_claim(made.claim(), by=made.cast.member)
    one, two = f"{CLAIM} #{claim.pk}", f"{CLAIM} #{other.pk}"
    assert since(before) == [
        ("王建国", "scoring.save_claim", one, "DONE", "王建国"),
        ("王建国", "scoring.claim_claimed", one, "DONE", "王建国"),
        ("周敏", "scoring.claim_checked", one, "DONE", "王建国"),
        ("郑雪", "scoring.claim_reviewed", one, "DONE", "王建国"),
        ("陈志远", "scoring.claim_returned", one, "DONE", "王建国：次数不符"),
        ("王建国", "scoring.claim_claimed", one, "DONE", "王建国"),
        ("周敏", "scoring.claim_checked", one, "DONE", "王建国：属实"),
        ("郑雪", "scoring.claim_reviewed", one, "DONE", "王建国：属实"),
        ("陈志远", "scoring.claim_approved", one, "DONE", "王建国：属实"),
        ("王建国", "scoring.save_claim", two, "DONE", "王建国"),
        ("王建国", "scoring.claim_claimed", two, "DONE", "王建国"),
        ("王建国", "scoring.claim_withdrawn", two, "DONE", "王建国"),
    ]


def test_every_step_of_a_deduction_leaves_a_line():
    made = claiming()
    before, secretary, deputy = len(lines()), made.cast.secretary, made.cast.deputy
    claim = deduction(made, deputy)
    answer_deduction(claim, by=made.cast.member, answer="当天值班")
    drop_deduction(claim, by=secretary, decision="情况属实")
    other = deduction(made, deputy)
    answer_deduction(other, by=made.cast.member, answer="无")
    entry = advance_claim(other, by=secretary, opinion="按办法扣分").entry
    reverse_entry(entry, by=secretary, reason="记错了人")
    one, two = f"{CAUSE} #{claim.pk}", f"{CAUSE} #{other.pk}"
    assert since(before) == [
        ("吴海涛", "scoring.claim_claimed", one, "DONE", "王建国"),
        ("吴海涛", "scoring.propose_deduction", one, "DONE", "王建国"),
        ("王建国", "scoring.answer_deduction", one, "DONE", "王建国"),
        ("陈志远", "scoring.claim_dropped", one, "DONE", "王建国：情况属实"),
        ("吴海涛", "scoring.claim_claimed", two, "DONE", "王建国"),
        ("吴海涛", "scoring.propose_deduction", two, "DONE", "王建国"),
        ("王建国", "scoring.answer_deduction", two, "DONE", "王建国"),
        ("陈志远", "scoring.claim_approved", two, "DONE", "王建国：按办法扣分"),
        ("陈志远", "scoring.reverse_entry", f"台账记录 #{entry.pk} #{entry.pk}", "DONE", "王建国：记错了人"),
    ]


def test_evidence_added_refused_downloaded_and_removed_leaves_a_line():
    made = claiming()
    claim, member = made.draft(), made.cast.member
    before = len(lines())
    file = add_claim_file(claim, SimpleUploadedFile("证明.pdf", PDF), by=member)
    add_claim_files(claim, [SimpleUploadedFile("动图.gif", b"GIF89a")], by=member)
    answer = client_of(member).get(reverse("scoring:evidence-file", args=[file.pk]))
    assert b"".join(answer.streaming_content) == PDF
    remove_claim_file(file, by=member)
    named, about = f"佐证材料 证明.pdf #{file.pk}", "王建国，加-1 志愿服务"
    only = "只接受图片（JPG、PNG、WEBP）、PDF、Word（docx）和 Excel（xlsx），请另存为其中一种再上传。"
    assert since(before) == [
        ("王建国", "scoring.add_evidence", named, "DONE", about),
        ("王建国", "scoring.add_evidence", f"{CLAIM} #{claim.pk}", "REFUSED", f"动图.gif：{only}"),
        ("王建国", "scoring.download_evidence", named, "DONE", about),
        ("王建国", "scoring.remove_evidence", named, "DONE", about),
    ]


# --- organisation life, grants, custom items -----------------------------------------------------
def test_every_verb_of_organisation_life_leaves_a_line():
    life = Life()
    before, secretary = len(lines()), life.cast.secretary
    activity, _posted = life.hold(colleague="ABSENT")
    life.hold(activity)
    undo_activity(activity, by=secretary, reason="没有开")
    other = life.plan("LECTURE")
    other = plan_activity(life.cast.branch, Plan("LECTURE", "党课", DAY), by=secretary, activity=other)
    cancel_activity(other, by=secretary)
    one, two = f"组织生活 主题党日 重温入党誓词 #{activity.pk}", f"组织生活 党课 党课 #{other.pk}"
    assert [(*line[:4], line[4].partition("，")[0]) for line in since(before)] == [
        ("陈志远", "scoring.plan_activity", one, "DONE", ""),
        ("陈志远", "scoring.hold_activity", one, "DONE", "6 人"),
        ("陈志远", "scoring.hold_activity", one, "DONE", "6 人"),
        ("陈志远", "scoring.undo_activity", one, "DONE", "原记录 2026-09-18 开展"),
        ("陈志远", "scoring.plan_activity", two.replace("党课 党课", "党课 重温入党誓词"), "DONE", ""),
        ("陈志远", "scoring.plan_activity", two, "DONE", ""),
        ("陈志远", "scoring.cancel_activity", two, "DONE", ""),
    ]


def test_every_grant_opening_and_expectation_leaves_a_line():
    made = house()
    before, people = len(lines()), made.cast
    own, other = made.account(people.member).pk, made.account(people.colleague).pk
    given = {"by": people.secretary, "reason": "清扫厂区"}
    event = granting.grant_group_event(
        made.month(), made.item("加-1"), [own, other], text="3小时", key=uuid.uuid4(), **given
    )
    shared = granting.grant_share(made.month(), made.item("加-2"), {own: 1}, total=500, key=uuid.uuid4(), **given)
    granting.reverse_grant(event, by=people.secretary, reason="重复")
    save_openings(people.committee, 2026, {own: OpeningLine(8850, MONTH)}, by=people.business_admin)
    save_expected(people.committee, 2026, {(own, "基-2"): 6}, by=people.business_admin)
    committee = f"组织 {people.committee} #{people.committee.pk}"
    assert since(before) == [
        ("陈志远", "scoring.grant_points", f"集体计分 清扫厂区 #{event.pk}", "DONE", "2 人"),
        ("陈志远", "scoring.grant_points", f"集体计分 清扫厂区 #{shared.pk}", "DONE", "1 人"),
        ("陈志远", "scoring.reverse_grant", f"集体计分 清扫厂区 #{event.pk}", "DONE", "重复"),
        ("褚卫东", "scoring.save_openings", committee, "DONE", "2026 年，1 人"),
        ("褚卫东", "scoring.save_expected", committee, "DONE", "2026 年，1 人"),
    ]


def test_every_verb_of_custom_items_leaves_a_line():
    place = Place()
    before, admin = len(lines()), place.cast.business_admin
    first = place.propose()
    custom_items.return_custom_item(first, reason="名称重复", by=admin)
    second = place.propose()
    custom_items.approve_custom_item(second, by=admin)
    second.refresh_from_db()
    custom_items.end_custom_item(second, open_month(), by=admin)
    one, two = f"自定义条款 自-1 技能比武 #{first.pk}", f"自定义条款 自-1 技能比武 #{second.pk}"
    assert [line[:4] for line in since(before)] == [
        ("陈志远", "scoring.propose_custom_item", one, "DONE"),
        ("褚卫东", "scoring.return_custom_item", one, "DONE"),
        ("陈志远", "scoring.propose_custom_item", two, "DONE"),
        ("褚卫东", "scoring.approve_custom_item", two, "DONE"),
        ("褚卫东", "scoring.end_custom_item", two, "DONE"),
    ]


def test_archive_and_adjustment_leave_a_line():
    made = year_closed()
    before, above = len(lines()), made.cast.committee_member
    archive_year(made.cast.committee, 2025, by=above)
    entry = adjust(
        made.account(made.cast.member), made.month(), corrects=202509, points=100, reason="漏记", by=above,
        key=uuid.uuid4(),
    )  # fmt: skip
    assert since(before) == [
        ("冯志刚", "scoring.archive_year", f"组织 {made.cast.committee} #{made.cast.committee.pk}", "DONE", "2025 年"),
        ("冯志刚", "scoring.adjust_score", f"台账记录 #{entry.pk} #{entry.pk}", "DONE", "王建国，更正2025 年 9 月"),
    ]


# --- refusals ------------------------------------------------------------------------------------
Refusal = tuple[User, str, tuple[Any, ...], dict[str, Any], str, str, str]


def closed(unit: Any, by: User, month: int = MONTH) -> Month:
    row, _made = Month.objects.update_or_create(unit=unit, month=month, defaults={"state": "CLOSED", "closed_by": by})
    return row


def own_claim() -> Refusal:
    made = claiming("审定")
    claim, who = made.claim(by=made.cast.secretary), made.cast.secretary
    # Already the page is not for the claimant.
    return who, "scoring:claim-advance", (claim,), {}, "scoring.act_on_claim", f"{CLAIM} #{claim.pk}", ""


def second_step() -> Refusal:
    made = claiming("审核, 审定")
    claim, who = advance_claim(made.claim(), by=made.cast.secretary), made.cast.secretary
    sentence = "你已办理过这件申报的前一步，这一步请由其他人办理。"
    return who, "scoring:claim-advance", (claim,), {}, "scoring.act_on_claim", f"{CLAIM} #{claim.pk}", sentence


def claim_of_closed_months() -> Refusal:
    made = claiming("审定")
    claim, who = made.claim(), made.cast.secretary
    for month in range(202609, 202613):
        closed(made.cast.branch, made.cast.committee_member, month)
    sentence = "2026 年各月都已审核或结账，不能再计入，请退回申报人并说明。"
    return who, "scoring:claim-advance", (claim,), {}, "scoring.act_on_claim", f"{CLAIM} #{claim.pk}", sentence


def return_without_reason() -> Refusal:
    made = claiming("审定")
    claim, sentence = made.claim(), "请写明退回的原因，让申报人知道要补什么。"
    target = f"{CLAIM} #{claim.pk}"
    return made.cast.secretary, "scoring:claim-return", (claim,), {}, "scoring.act_on_claim", target, sentence


def own_deduction() -> Refusal:
    made = claiming("审定")
    claim, who = deduction(made, made.cast.secretary), made.cast.secretary
    opinion = {"opinion": "同意"}
    return who, "scoring:claim-advance", (claim,), opinion, "scoring.act_on_claim", f"{CAUSE} #{claim.pk}", ""


def answer_too_late() -> Refusal:
    made = claiming("审定")
    claim = deduction(made, made.cast.secretary)
    Claim.objects.update(answer_until=datetime.date(2026, 1, 1))
    target, sentence = f"{CAUSE} #{claim.pk}", "申辩期已于 2026-01-01 结束。"
    given = {"answer": "当天值班"}
    return made.cast.member, "scoring:claim-answer", (claim,), given, "scoring.answer_claim", target, sentence


def withdrawn_too_late() -> Refusal:
    made = claiming("审定")
    claim = advance_claim(made.claim(), by=made.cast.secretary)
    target, sentence = f"{CLAIM} #{claim.pk}", "这件申报现在是“已入账”，不能这样办理，请刷新页面。"
    return made.cast.member, "scoring:claim-withdraw", (claim,), {}, "scoring.change_claim", target, sentence


def activity_held_already() -> Refusal:
    life = Life()
    activity, _posted = life.hold()
    target, sentence = f"组织生活 {activity} #{activity.pk}", "这次组织生活已开展或已取消，请刷新页面。"
    return (
        life.cast.secretary, "scoring:activity-cancel", (activity,), {}, "scoring.keep_activities", target, sentence,
    )  # fmt: skip


def attendance_of_a_closed_month() -> Refusal:
    life = Life()
    activity = life.plan()
    closed(life.cast.branch, life.cast.committee_member)
    people = expected_accounts(life.cast.branch, "THEME_DAY", None, DAY)
    marks = {f"mark-{own}": "PRESENT" for own in people}
    given = {"held_on": f"{DAY}", "seen": activity.at.isoformat()} | marks
    target, sentence = (
        f"组织生活 {activity} #{activity.pk}",
        "2026 年 9 月已审核或结账，不能再记录或撤销；需要更正请先退回或重新打开该月。",
    )
    who = life.cast.secretary
    return who, "scoring:activity-attendance", (activity,), given, "scoring.keep_activities", target, sentence


def grant_of_a_closed_month() -> Refusal:
    made = house()
    grant = granting.grant_group_event(
        made.month(), made.item("加-1"), [made.account(made.cast.member).pk], text="3小时", reason="清扫",
        by=made.cast.secretary, key=uuid.uuid4(),
    )  # fmt: skip
    closed(made.cast.branch, made.cast.committee_member)
    sentence = "2026 年 9 月已结账，不能撤销。需要更正请由党委写明原因重新打开该月。"
    target = f"集体计分 清扫 #{grant.pk}"
    who, given = made.cast.secretary, {"reason": "重复"}
    return who, "scoring:grant-undo", (grant,), given, "scoring.enter_month", target, sentence


def reversal_in_a_closed_month() -> Refusal:
    made = claiming("审定")
    entry, who = advance_claim(made.claim(), by=made.cast.secretary).entry, made.cast.secretary
    closed(made.cast.branch, made.cast.committee_member)
    target, given = f"台账记录 #{entry.pk} #{entry.pk}", {"reason": "重复"}
    sentence = "2026 年 9 月已结账，不能冲正。需要更正请由党委写明原因重新打开该月。"
    return who, "scoring:entry-reverse", (entry,), given, "scoring.reverse_entry", target, sentence


def own_custom_item() -> Refusal:
    place = Place()
    who = place.cast.business_admin
    custom = place.propose(by=who)
    target, sentence = f"自定义条款 自-1 技能比武 #{custom.pk}", "申请人不能审定自己的申请，请由其他人办理。"
    return who, "scoring:custom-item-approve", (custom,), {}, "scoring.decide_custom_item", target, sentence


def year_that_is_not_closed() -> Refusal:
    made = year_closed(but=(202503,))
    where, sentence = made.cast.committee, "2025 年还不能归档，请先结账：检修部党支部（3 月）。"
    who = made.cast.committee_member
    return (
        who,
        "scoring:archive-year",
        (where, 2025),
        {},
        "scoring.archive_year",
        f"组织 {where} #{where.pk}",
        sentence,
    )


def own_month() -> Refusal:
    made = house()
    where, who = made.cast.branch, made.cast.secretary
    made.month().save()
    made.submit()
    sentence = "提交人不能审核自己提交的月份，请由支委会其他成员审核。"
    return who, "scoring:month-check", (where, MONTH), {}, "scoring.check_month", f"组织 {where} #{where.pk}", sentence


@pytest.mark.parametrize(
    "scene",
    [
        own_claim, second_step, claim_of_closed_months, return_without_reason, own_deduction, answer_too_late,
        withdrawn_too_late, activity_held_already, attendance_of_a_closed_month, grant_of_a_closed_month,
        reversal_in_a_closed_month, own_custom_item, year_that_is_not_closed, own_month,
    ],
)  # fmt: skip
def test_refusal_of_the_rules_leaves_a_line_with_its_sentence(scene: Callable[[], Refusal]):
    who, name, things, given, action, target, sentence = scene()
    before = len(lines())
    post(who, name, *things, **given)
    assert since(before) == [(str(who), action, target, "REFUSED", sentence)]


def test_claims_refused_in_a_batch_leave_a_line_each():
    made = claiming("审定")
    own, good = made.claim(by=made.cast.secretary), made.claim()
    before = len(lines())
    assert len(advance_many([own, good], by=made.cast.secretary)) == 1
    assert since(before) == [
        ("陈志远", "scoring.act_on_claims", f"{CLAIM} #{own.pk}", "REFUSED",
         "陈志远：不能办理自己的申报，请由其他人办理。"),
        ("陈志远", "scoring.claim_approved", f"{CLAIM} #{good.pk}", "DONE", "王建国"),
    ]  # fmt: skip


# --- pages that are not for everybody ------------------------------------------------------------
def test_page_that_is_not_for_the_person_leaves_a_line():
    """One of each object; tests/routes asks every role for every page."""
    life = Life()
    activity = life.plan()
    people = life.cast
    pages = [
        ("scoring:activity-cancel", (activity,), "scoring.keep_activities", f"组织生活 {activity} #{activity.pk}"),
        ("scoring:claims-advance", (), "scoring.act_on_claims", "/claims/advance/"),
        ("scoring:deduction-create", (people.branch,), "scoring.start_deduction", branch_name(people.branch)),
        ("scoring:grant-event", (people.branch, MONTH), "scoring.enter_month", branch_name(people.branch)),
        ("scoring:openings", (people.branch,), "scoring.enter_openings", branch_name(people.branch)),
        ("scoring:archive-year", (people.committee, 2025), "scoring.archive_year", branch_name(people.committee)),
    ]
    before = len(lines())
    for name, things, _permission, _target in pages:
        post(people.member, name, *things)
    assert since(before) == [
        ("王建国", permission, target, "REFUSED", "") for _name, _things, permission, target in pages
    ]
    assert Activity.objects.get().state == "PLANNED"


def branch_name(unit: Any) -> str:
    return f"组织 {unit} #{unit.pk}"
