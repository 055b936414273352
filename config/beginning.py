"""The first two sign-ins of an installation: someone for the business, someone for the system."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Appointment, Member, OrgUnit, User
from members.services.audit import record
from members.services.units import create_unit
from members.services.users import first_password

SYSTEM_ADMIN = "admin"


@dataclass(frozen=True)
class Beginning:
    unit: OrgUnit
    business_admin: User
    business_password: str
    system_admin: User
    system_password: str


@transaction.atomic
def begin(unit_name: str, *, staff_number: str, name: str) -> Beginning:
    """Set up an empty installation: the committee, its 党务工作者 and the system administrator.

    The 党务工作者 becomes a member of a branch with the first roster that names the staff number.
    Raise Refused when there is a unit already.
    """
    if OrgUnit.objects.exists():
        raise Refused(_("已经设置过单位，不能再次初始化；请用已有的账号登录。"))
    unit = create_unit(kind=OrgUnit.Kind.PARTY_COMMITTEE, name=unit_name, parent=None, by=None)
    member = Member.objects.create(staff_number=staff_number, name=name)
    Appointment.objects.create(
        member=member,
        unit=unit,
        post=Appointment.Post.PARTY_WORKER,
        started_on=timezone.localdate().replace(month=1, day=1),
    )
    passwords = first_password(), first_password()
    business = User.objects.create_user(staff_number, passwords[0], member=member, must_change_password=True)
    system = User.objects.create_user(SYSTEM_ADMIN, passwords[1], duty=User.Duty.ALL, must_change_password=True)
    record(None, "members.begin", unit)
    return Beginning(unit, business, passwords[0], system, passwords[1])
