from members.models.audit import AuditEvent
from members.models.messages import Digest, Message, Reminder
from members.models.people import Appointment, ClassChange, Exclusion, Member, Membership
from members.models.roster import RosterImport
from members.models.units import OrgUnit
from members.models.users import User

__all__ = [
    "Appointment",
    "AuditEvent",
    "ClassChange",
    "Digest",
    "Exclusion",
    "Member",
    "Membership",
    "Message",
    "OrgUnit",
    "Reminder",
    "RosterImport",
    "User",
]
