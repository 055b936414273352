"""What the pages show beyond members and ledger: scores, months on their way, sign-ins, posts, drafts, the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from benchmarks.campaigns_scene import campaigns
from benchmarks.month_job import job
from benchmarks.organisation import MEMBERS_PER_BRANCH, RULES_FROM, Organisation, settle
from benchmarks.polls_scene import polls
from benchmarks.roster_import import workbook
from evaluations.models import VetoCase
from members.models import Appointment, Exclusion, Membership, OrgUnit, User
from members.services.roster import check_upload
from scoring.models import Activity, Claim, DraftCell, Item, LedgerEntry, Month, RuleSet, Score, ScoreRun
from scoring.months import first_day, shift
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set

# The branch whose people sign in; the first five become one large branch.
HOME = 7
LARGE_BRANCH_OF = 5
COLUMNS = 30
AUDIT_LINES = 1_000_000
Post = Appointment.Post
Duty = User.Duty


@dataclass(frozen=True)
class Scene:
    """Who signs in, by role, and what stands in the addresses, by name."""

    users: dict[str, User]
    things: dict[str, int]


def build(made: Organisation) -> Scene:
    large = _large_branch(made)
    for month in made.months:
        job(made.root, month)
    _sign_ins()
    _posts()
    users = _roles(made, large)
    _months(made, users)
    _audit_lines(users["auditor"])
    _claims(made, users["member"])
    _vetoes(made, users)
    _activities(made, large, users["secretary"])
    things = _things(made, large, users)
    _drafts(made, things)
    settle()
    return Scene(users, things)


def _run(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _large_branch(made: Organisation) -> OrgUnit:
    """A branch of 200 with a rule set of 30 columns."""
    large = OrgUnit(kind=OrgUnit.Kind.BRANCH, name="检修公司党支部", parent_id=2)
    large.save()
    large.path = f"1.2.{large.pk}."
    large.save(update_fields=["path"])
    members = LARGE_BRANCH_OF * MEMBERS_PER_BRANCH
    Membership.objects.current().filter(member__lte=members).update(branch=large, group=None)
    rules = load_rule_set(_many_columns(), owner=large, by=made.clerk)
    RuleSet.objects.filter(pk=rules.pk).update(effective_from=RULES_FROM)
    publish_rule_set(RuleSet.objects.get(pk=rules.pk), by=made.clerk)
    return large


def _many_columns() -> str:
    lines = ["代号: many", "名称: 三十列", "对象: 党员", "周期: 月", "生效月份: 202001", "板块:"]
    for section, kind in (("甲", "基础"), ("乙", "加分"), ("丙", "扣分")):
        lines += [f"  - 代号: {section}", f"    名称: {section}板块", f"    类别: {kind}", "    条款:"]
        low, high = (-5, 0) if kind == "扣分" else (0, 5)
        for number in range(COLUMNS // 3):
            lines += [f"      - 条款号: {section}-{number}", f"        名称: 条款{section}{number}"]
            lines += ["        计价: 打分", f"        最低: {low}", f"        最高: {high}"]
    return "\n".join(lines)


def _sign_ins() -> None:
    _run(
        "INSERT INTO members_user "
        "(password, is_superuser, username, member_id, duty, is_active, email, mail, must_change_password) "
        "SELECT '!', false, staff_number, id, '', true, '', 'DAILY', false FROM members_member ORDER BY id"
    )


def _posts() -> None:
    """Every branch has a secretary and a deputy, every group a leader."""
    for post, unit, members in (
        (Post.BRANCH_SECRETARY, "branch_id", "member_id %% 40 = 1"),
        (Post.BRANCH_DEPUTY, "branch_id", "member_id %% 40 = 2"),
        (Post.GROUP_LEADER, "group_id", "member_id %% 10 = 3"),
    ):
        _run(
            "INSERT INTO members_appointment (member_id, unit_id, post, started_on) "
            f"SELECT member_id, {unit}, '{post}', started_on FROM members_membership "
            f"WHERE ended_on IS NULL AND group_id IS NOT NULL AND {members}"
        )


def _roles(made: Organisation, large: OrgUnit) -> dict[str, User]:
    first = (HOME - 1) * MEMBERS_PER_BRANCH
    members = {
        "secretary": first + 1,
        "deputy": first + 2,
        "group_leader": first + 3,
        "member": first + 5,
        "committee_member": first + 6,
        "business_admin": first + 7,
        "large_secretary": 1,
    }
    held = {
        "committee_member": (made.root, Post.COMMITTEE_MEMBER),
        "business_admin": (made.root, Post.PARTY_WORKER),
        "large_secretary": (large, Post.BRANCH_SECRETARY),
    }
    for role, (unit, post) in held.items():
        Appointment.objects.create(member_id=members[role], unit=unit, post=post, started_on="2020-01-01")
    users = {role: User.objects.get(member=member) for role, member in members.items()}
    duties = {"system_admin": Duty.SYSTEM, "security_admin": Duty.SECURITY, "auditor": Duty.AUDIT}
    return users | {role: User.objects.create(username=role, duty=duty) for role, duty in duties.items()}


def _months(made: Organisation, users: dict[str, User]) -> None:
    """Earlier months are closed; in the last one a quarter of the branches stands at every step, home is closed."""
    home, states = made.first_branch + HOME - 1, list(Month.State)
    people = [None, *(users[role] for role in ("secretary", "deputy", "committee_member"))]
    rows = []
    for month in made.months:
        for branch in OrgUnit.objects.branches():
            step = branch.pk % 4 if month == made.month and branch.pk != home else 3
            row = Month(unit=branch, month=month, state=states[step])
            for done, verb in enumerate(("submitted", "checked", "closed"), start=1):
                if done <= step:
                    setattr(row, f"{verb}_by", people[done])
                    setattr(row, f"{verb}_at", timezone.now())
            rows.append(row)
    Month.objects.bulk_create(rows, batch_size=5_000)


def _audit_lines(user: User) -> None:
    _run(
        "INSERT INTO members_auditevent (at, user_id, actor, address, action, target, result, detail) "
        "SELECT now() - ((%s - i) * 30 || ' seconds')::interval, %s, '审计管理员', NULL, CASE WHEN i %% 1000 = 7 "
        "THEN 'scoring.export_ledger' WHEN i %% 2 = 0 THEN 'members.sign_in' ELSE 'members.change_member' END, "
        "'党员 #' || i, CASE WHEN i %% 2000 = 11 THEN 'REFUSED' ELSE 'DONE' END, '更正了工作岗位和联系电话' "
        "FROM generate_series(1, %s) AS i",
        AUDIT_LINES, user.pk, AUDIT_LINES,
    )  # fmt: skip


def _claims(made: Organisation, user: User) -> None:
    """A claim of every member waits for the branch committee, two earlier ones were taken back; one message each."""
    item = Item.objects.get(section__rule_set=made.rule_set, code="加-1")
    for state, step in (("WITHDRAWN", ""), ("WITHDRAWN", ""), ("CLAIMED", "REVIEW")):
        _run(
            "INSERT INTO scoring_claim (kind, account_id, unit_id, group_id, item_id, month, happened_on, text, "
            "points, occasion, reason, state, next_step, is_escalated, round, filed_by_id, filed_at, return_reason, "
            "answer, decision, key) "
            "SELECT 'CLAIM', a.id, s.branch_id, s.group_id, %s, %s, now(), '3', 3, '', '参加抢修', %s, %s, false, 1, "
            "u.id, now(), '', '', '', gen_random_uuid() FROM scoring_account a "
            "JOIN members_membership s ON s.member_id = a.member_id AND s.ended_on IS NULL "
            "JOIN members_user u ON u.member_id = a.member_id ORDER BY a.id",
            item.pk, made.month, state, step,
        )  # fmt: skip
    draft = Claim.objects.filter(account__member=user.member_id).latest("pk")
    Claim.objects.create(
        account=draft.account, unit=draft.unit, group=draft.group, item=item, month=draft.month, text="2", points=2,
        happened_on=draft.happened_on, reason="参加抢修", filed_by=user,
    )  # fmt: skip
    _run(
        "INSERT INTO members_message (user_id, text, url, lines, at) "
        "SELECT id, '申报“抢修”已入账，计 3 分。', '', '[]', now() FROM members_user ORDER BY id"
    )


def _vetoes(made: Organisation, users: dict[str, User]) -> None:
    """A case about every two-thousandth member and about the one who looks, answered, with its first move."""
    _run(
        "INSERT INTO evaluations_vetocase (account_id, unit_id, rule_set_id, form, level, ground, happened_on, "
        "facts, state, proposed_by_id, proposed_at, answer_until, answer, answered_at, decision, appeal, "
        "appeal_decision, key) "
        "SELECT a.id, s.branch_id, %s, 'MEETING', 'SEVERE', '违反工作纪律', now(), '值班脱岗', 'PROPOSED', %s, "
        "now(), now() - interval '1 day', '事出有因', now(), '', '', '', gen_random_uuid() FROM scoring_account a "
        "JOIN members_membership s ON s.member_id = a.member_id AND s.ended_on IS NULL "
        "WHERE a.id %% 2000 = 0 OR a.member_id = %s ORDER BY a.id",
        made.rule_set.pk, users["committee_member"].pk, users["member"].member_id,
    )  # fmt: skip
    _run(
        "INSERT INTO evaluations_vetomove (case_id, from_state, to_state, by_id, at, reason) "
        "SELECT id, '', 'PROPOSED', proposed_by_id, proposed_at, '' FROM evaluations_vetocase ORDER BY id"
    )


def _activities(made: Organisation, large: OrgUnit, user: User) -> None:
    """Every branch has held three in the last month, with everybody on the sheet; home and the large one plan more."""
    held = first_day(made.month)
    for kind, title in (("GENERAL_MEETING", "支部党员大会"), ("THEME_DAY", "重温入党誓词"), ("LECTURE", "专题党课")):
        _run(
            "INSERT INTO scoring_activity (unit_id, kind, title, planned_on, held_on, place, note, state, by_id, at) "
            "SELECT id, %s, %s, %s, %s, '会议室', '', 'HELD', %s, now() FROM members_orgunit WHERE kind = 'BRANCH' "
            "ORDER BY id",
            kind, title, held, held, user.pk,
        )  # fmt: skip
    _run(
        "INSERT INTO scoring_attendance (activity_id, account_id, mark, remark, by_id, at) "
        "SELECT c.id, a.id, CASE WHEN a.id %% 20 = 0 THEN 'LEAVE' ELSE 'PRESENT' END, '', %s, now() "
        "FROM scoring_activity c JOIN members_membership s ON s.branch_id = c.unit_id AND s.ended_on IS NULL "
        "JOIN scoring_account a ON a.member_id = s.member_id ORDER BY c.id, a.id",
        user.pk,
    )
    for unit in (made.first_branch + HOME - 1, large.pk):
        Activity.objects.create(
            unit_id=unit, kind="THEME_DAY", title="学习交流", planned_on=first_day(shift(made.month, 1)), by=user
        )


def _drafts(made: Organisation, things: dict[str, int]) -> None:
    """The month that is being typed: every cell of the large branch and of the home branch is filled."""
    cells = []
    for branch, rules in (("large", things["large_rules"]), ("branch", made.rule_set.pk)):
        people = Membership.objects.current().filter(branch=things[branch]).values_list("member__account", flat=True)
        items = Item.objects.filter(section__rule_set=rules).values_list("pk", "section__kind")
        for account in people:
            for item, kind in items:
                text = "-1" if kind == "deduction" else "3"
                cells.append(
                    DraftCell(
                        account_id=account, unit_id=things[branch], item_id=item, month=things["open_month"],
                        text=text, edited_by=made.clerk,
                    )
                )  # fmt: skip
    DraftCell.objects.bulk_create(cells, batch_size=5_000)


def _things(made: Organisation, large: OrgUnit, users: dict[str, User]) -> dict[str, int]:
    member, home = users["member"].member_id or 0, made.first_branch + HOME - 1
    upload = check_upload(made.root, "花名册.xlsx", workbook(), by=users["business_admin"])
    return {
        "root": made.root.pk,
        "committee": 2,
        "branch": made.first_branch + HOME - 1,
        "group": made.first_group + (HOME - 1) * 4,
        "large": large.pk,
        "large_rules": RuleSet.objects.get(owner=large).pk,
        "month": made.month,
        "open_month": shift(made.month, 1),
        "member": member,
        "account": member,
        "user": users["member"].pk,
        "claim": Claim.objects.filter(account__member=member, state="CLAIMED").latest("pk").pk,
        "claim_draft": Claim.objects.filter(account__member=member, state="DRAFT").latest("pk").pk,
        "veto": VetoCase.objects.get(account__member=member).pk,
        "activity": Activity.objects.filter(unit=home, state="HELD").latest("pk").pk,
        "activity_planned": Activity.objects.get(unit=home, state="PLANNED").pk,
        "activity_large": Activity.objects.get(unit=large, state="PLANNED").pk,
        "post": Appointment.objects.filter(unit=made.first_branch + HOME - 1).latest("pk").pk,
        "exclusion": Exclusion.objects.latest("pk").pk,
        "entry": LedgerEntry.objects.filter(account=member).earliest("pk").pk,
        "score": Score.objects.filter(account=member).latest("month").pk,
        "rules": made.rule_set.pk,
        "rules_draft": load_rule_set(preset_text("s3"), owner=made.root, by=made.clerk).pk,
        "item": Item.objects.filter(section__rule_set=made.rule_set).earliest("pk").pk,
        "run": ScoreRun.objects.latest("pk").pk,
        "upload": upload.pk,
        **polls(made, home, large.pk, users["business_admin"]),
        **campaigns(made, users),
        "audit_moment": int((timezone.now().timestamp() - AUDIT_LINES // 2 * 30) * 1_000_000),
    }
