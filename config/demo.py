"""The demo organisation: the sample roster, three month sheets of one branch, and months of the others.

Everything goes through the verbs that people use. Names and numbers are invented.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from config.beginning import begin
from config.demo_life import hold_month, plan_next
from members.models import Appointment, Member, Membership, OrgUnit, User
from members.services.appointments import appoint
from members.services.roster import check_upload, confirm_import, run_import
from members.services.users import first_password
from scoring import months
from scoring.services import grid
from scoring.services import months as month_services
from scoring.services.month_sheet import read_month_sheet, write_changes
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set

Post = Appointment.Post
UNIT = "中共大唐某热电有限公司委员会"
ROSTER = "党员花名册（基层上报原样）.xlsx"
SHOWN_BRANCH = "检修部党支部"
MONTHS = (202607, 202608, 202609)
FIRST_DAY = datetime.date(2026, 1, 1)
SIGN_IN_FILE = "demo-password"
# What a month of an item usually looks like, by item code of the short rule set.
_USUAL = {
    "基-1": ["60"],
    "加-1": ["", "0", "2", "3", "3", "5"],
    "加-2": ["", "1次", "2次", "2次", "3次"],
    "加-3": ["", "", "", "4"],
    "减-1": ["", "", "", "", "-1", "-2"],
    "减-2": ["", "", "", "", "", "-2"],
}


@dataclass(frozen=True)
class SignIn:
    role: str
    username: str
    name: str
    place: str


def load() -> Iterator[str]:
    """Build the demo in an empty database; yields what is being done, a sentence a step."""
    yield "建立单位和管理员"
    made = begin(UNIT, staff_number="90001", name="党务甲")
    root, admin = made.unit, made.business_admin
    publish_rule_set(load_rule_set(preset_text("s3-short"), owner=root, by=admin), by=admin)
    yield f"导入名册 {ROSTER}"
    _import_roster(root, admin)
    yield "任命支委、党小组长和党委委员"
    posts = _Posts(root, admin)
    posts.fill()
    for month in MONTHS:
        yield f"录入并结账 {months.label(month)}"
        _import_sheet(posts, month)
        _type_months(posts, month)
        hold_month(posts.secretaries(), month)
        _walk_months(posts, month)
    yield "计划组织生活"
    plan_next(posts.secretaries(), SHOWN_BRANCH)
    yield "开通演示账号"
    _open(sign_ins())


def _import_roster(root: OrgUnit, admin: User) -> None:
    content = (settings.SAMPLE_DIR / ROSTER).read_bytes()
    row = check_upload(root, ROSTER, content, by=admin)
    confirm_import(row, row.plan_digest, by=admin)
    run_import(row.pk)
    # The administrator is not in the sample roster: a place in the first office branch.
    branch = OrgUnit.objects.get(name="机关第一党支部")
    Membership.objects.get_or_create(
        member=admin.member, ended_on=None, defaults={"branch": branch, "started_on": FIRST_DAY}
    )


class _Posts:
    """Who holds which post in the demo: the first full members of each branch, by staff number."""

    BRANCH_POSTS = (Post.BRANCH_SECRETARY, Post.BRANCH_DEPUTY, Post.ORG_COMMISSIONER, Post.DISCIPLINE_COMMISSIONER)

    def __init__(self, root: OrgUnit, admin: User) -> None:
        self.root, self.admin = root, admin
        self.branches = list(OrgUnit.objects.within(root).branches().order_by("path"))
        self.holders: dict[tuple[int, str], User] = {}

    def fill(self) -> None:
        for branch in self.branches:
            people = self._people(branch)
            for post, member in zip(self.BRANCH_POSTS, people, strict=False):
                self._appoint(member, branch, post)
            for group in OrgUnit.objects.filter(parent=branch, kind=OrgUnit.Kind.PARTY_GROUP):
                leader = next((m for m in people[6:] if m.memberships.filter(group=group, ended_on=None)), None)
                if leader is not None:
                    self._appoint(leader, group, Post.GROUP_LEADER)
        office = self._people(OrgUnit.objects.get(name="机关第一党支部"))[10:]
        committee_posts = (Post.COMMITTEE_SECRETARY, Post.COMMITTEE_MEMBER)
        for post, member in zip(committee_posts, office, strict=False):
            self._appoint(member, self.root, post)

    def _people(self, branch: OrgUnit) -> list[Member]:
        rows = Membership.objects.current().filter(branch=branch, member__category=Member.Category.FULL)
        return [row.member for row in rows.select_related("member").order_by("member__staff_number")]

    def _appoint(self, member: Member, unit: OrgUnit, post: str) -> None:
        appoint(member, unit=unit, post=post, started_on=FIRST_DAY, by=self.admin)
        user = User.objects.filter(member=member).first()
        if user is None:
            user = User(username=member.staff_number, member=member)
            user.set_unusable_password()
            user.save()
        self.holders[unit.pk, post] = user

    def secretaries(self) -> list[tuple[OrgUnit, User]]:
        """Every branch with its secretary."""
        return [(branch, self.of(branch, Post.BRANCH_SECRETARY)) for branch in self.branches]

    def of(self, unit: OrgUnit, post: str) -> User:
        return self.holders[unit.pk, post]


def _import_sheet(posts: _Posts, month: int) -> None:
    path = settings.SAMPLE_DIR / f"{SHOWN_BRANCH}{month % 100}月积分登记表.xlsx"
    branch = OrgUnit.objects.get(name=SHOWN_BRANCH)
    plan = read_month_sheet(branch, month, path.name, path.read_bytes())
    write_changes(branch, month, plan.confirmed(), by=posts.of(branch, Post.BRANCH_SECRETARY))


def _type_months(posts: _Posts, month: int) -> None:
    """Plausible months for the other branches; the same every time."""
    for branch in posts.branches:
        if branch.name == SHOWN_BRANCH:
            continue
        dice = random.Random(f"{branch.name}{month}")  # noqa: S311  (a demo, not a secret)
        row = month_services.month_of_unit(branch, month)
        sheet = grid.build_grid(row)
        changes = [
            grid.Change(line.account, column.item.pk, text, 0)
            for line in sheet.rows
            for column in sheet.columns
            if (text := dice.choice(_USUAL[column.item.code]))
        ]
        grid.save_cells(row, changes, by=posts.of(branch, Post.BRANCH_SECRETARY))


def _walk_months(posts: _Posts, month: int) -> None:
    """Earlier months are closed everywhere; the last one is under way, so that every role has something to do."""
    for number, branch in enumerate(posts.branches):
        under_way = month == MONTHS[-1] and branch.name != SHOWN_BRANCH
        reached = number % 4 if under_way else 3
        row = month_services.month_of_unit(branch, month)
        if reached >= 1:
            month_services.submit_month(row, by=posts.of(branch, Post.BRANCH_SECRETARY))
        if reached >= 2:
            month_services.check_month(row, by=posts.of(branch, Post.ORG_COMMISSIONER))
        if reached >= 3:
            month_services.close_month(row, by=posts.of(posts.root, Post.COMMITTEE_SECRETARY))


def sign_ins() -> list[SignIn]:
    """One sign-in per role, for the list that `make demo` prints."""
    branch = OrgUnit.objects.get(name=SHOWN_BRANCH)
    today = timezone.localdate()
    found = [SignIn("党员", *_plain_member(branch))]
    wanted = (
        ("党小组长", Post.GROUP_LEADER),
        ("支部书记", Post.BRANCH_SECRETARY),
        ("支委会成员（组织委员）", Post.ORG_COMMISSIONER),
        ("党委委员", Post.COMMITTEE_MEMBER),
        ("党委书记", Post.COMMITTEE_SECRETARY),
        ("党务工作者", Post.PARTY_WORKER),
    )
    for role, post in wanted:
        rows = Appointment.objects.at(today).filter(post=post).select_related("member", "unit")
        row = rows.filter(unit__path__startswith=branch.path).first() or rows.first()
        if row is not None:
            found.append(SignIn(role, row.member.staff_number, row.member.name, row.unit.name))
    found.append(SignIn("系统管理员", "admin", "系统管理员", UNIT))
    return found


def _plain_member(branch: OrgUnit) -> tuple[str, str, str]:
    rows = Membership.objects.current().filter(branch=branch, member__appointments=None)
    member = rows.select_related("member").order_by("member__staff_number")[0].member
    return member.staff_number, member.name, branch.name


def password() -> str:
    """The one password of all demo sign-ins: made on first use, kept beside the data."""
    path: Path = settings.VAR_DIR / SIGN_IN_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(first_password())
    return path.read_text().strip()


def _open(people: list[SignIn]) -> None:
    hashed = make_password(password())
    for person in people:
        holder = Member.objects.filter(staff_number=person.username).first()
        defaults = {"member": holder, "password": hashed, "must_change_password": False}
        User.objects.update_or_create(username=person.username, defaults=defaults)
