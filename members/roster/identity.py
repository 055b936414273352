"""Which stored member a row is about: by staff number, else by ID number, never by name. Pure."""

from __future__ import annotations

from django.utils.translation import gettext as _

from members.models import Member
from members.personal import mask
from members.roster.existing import Existing
from members.roster.places import Scope
from members.roster.problems import Severity
from members.roster.validate import Person, Roster


class Identities:
    """Finds the members of a roster's rows; doubts about who it is are noted at the row."""

    def __init__(self, roster: Roster, existing: Existing, scope: Scope) -> None:
        self.roster, self.existing, self.scope = roster, existing, scope
        # Rows about people of other units: noted, and not compared any further.
        self.elsewhere: set[int] = set()
        self.rows = {person.values.get("staff_number"): person for person in roster.people}

    def find(self, person: Person) -> Member | None:
        """The member, None for a new one."""
        number = person.values.get("staff_number")
        owner = self.existing.by_id_hash.get(person.id_hash) if person.id_hash else None
        member = self.existing.by_staff_number.get(number) if number else owner
        if number is None and owner is None:
            self._note_missing_number(person)
        if number is not None and owner is not None and owner is not member:
            self._note_taken(person, owner)
        if member is None:
            return None
        if self._is_in_reach(member):
            self._compare_names(person, member)
        else:
            self.elsewhere.add(person.row)
            say = _("这名党员（按工号或身份证号）在名册中不属于“%s”，请先由党务工作者办理转移。")
            self.roster.problem(person, "staff_number", _("不在本单位"), say % self.scope.unit)
        return member

    def _note_missing_number(self, person: Person) -> None:
        if self.roster.has_failed(person, "staff_number") or self.roster.has_failed(person, "id_number"):
            return
        if "id_number" in person.values:
            say = _("没有工号，名册中也没有这个身份证号，请填写工号。")
        else:
            say = _("工号为空，请填写；名册中已有的党员也可以只填身份证号。")
        self.roster.problem(person, "staff_number", _("没有工号"), say)

    def _is_in_reach(self, member: Member) -> bool:
        """Members who left belong to nobody; whether they may come back is another question."""
        stay = self.existing.open.get(member.pk)
        return stay is None or stay.branch_id in self.existing.units

    def _note_taken(self, person: Person, owner: Member) -> None:
        """Unless the same file gives the present owner another number: two mixed-up numbers can be put right."""
        other = self.rows.get(owner.staff_number)
        if other and other.id_hash and other.id_hash != owner.id_number_hash:
            return
        is_here = owner.pk in self.existing.current_ids
        whom = _("工号 %s ") % owner.staff_number if is_here else _("其他单位的党员")
        say = _("这个身份证号已登记在%s名下，请核对工号或身份证号。") % whom
        self.roster.problem(person, "id_number", _("身份证号已属他人"), say)

    def _compare_names(self, person: Person, member: Member) -> None:
        name = person.values.get("name", member.name)
        has_other_id = bool(person.id_hash and member.id_number_hash not in (None, person.id_hash))
        if name != member.name and has_other_id:
            say = _("名册中工号 %(number)s 是“%(name)s”，身份证号也不同，像是两个人，请核对工号。")
            say %= {"number": member.staff_number, "name": member.name}
            self.roster.problem(person, "name", _("工号属于另一人"), say)
        elif name != member.name:
            say = _("名册中是“%(old)s”，将改为“%(new)s”，请确认是同一人。")
            say %= {"old": member.name, "new": name}
            self.roster.problem(person, "name", _("姓名与名册不同"), say, Severity.WARNING)
        elif has_other_id:
            say = _("与名册中的 %s 不同，将按本表更改，请确认。") % mask(member.id_number, head=6, tail=4)
            self.roster.problem(person, "id_number", _("身份证号与名册不同"), say, Severity.WARNING)
