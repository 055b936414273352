from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from django.apps import apps
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, SmallIntegerField, Value, When
from django.db.models.functions import Left, Replace
from django.db.models.lookups import StartsWith
from django.utils import timezone

from members import personal
from members.access import BUSINESS_ADMIN_POSTS, LEADER_POSTS, SECRETARY_POSTS, SEEING_POSTS, below

if TYPE_CHECKING:
    from members.access import Authority
    from members.models import (  # noqa: F401
        Appointment,
        AuditEvent,
        Digest,
        Exclusion,
        Member,
        Membership,
        Message,
        OrgUnit,
        RosterImport,
        User,
    )


def _covers(day: datetime.date, prefix: str = "") -> Q:
    """Rows whose stretch of time holds the day: start included, end excluded."""
    return Q(**{f"{prefix}started_on__lte": day}) & (
        Q(**{f"{prefix}ended_on__isnull": True}) | Q(**{f"{prefix}ended_on__gt": day})
    )


def _reached(authority: Authority, posts: frozenset[str], prefix: str = "") -> Q:
    """Memberships in the units that these posts open: a group leader's group, else whole branches."""
    condition = below(authority.paths(posts - LEADER_POSTS), f"{prefix}branch__path")
    if authority.holds(posts & LEADER_POSTS):
        condition |= below(authority.paths(posts & LEADER_POSTS), f"{prefix}group__path")
    return condition


def _matching(text: str, prefix: str = "") -> Q:
    """Members by name, pinyin, initials, staff number; by a whole ID number through its keyed hash.

    `prefix` leads to the member. Every condition but the name has an index to begin with.
    """
    words = text.lower().split()
    plain = "".join(words)
    if not plain.isascii():
        return Q(**{f"{prefix}name__contains": "".join(text.split())})
    condition = Q(**{f"{prefix}staff_number__startswith": text.strip()})
    if plain.isalpha():
        condition |= Q(**{f"{prefix}initials__startswith": plain}) | _spelled(words, f"{prefix}pinyin")
    if len(plain) == 18:
        condition |= Q(**{f"{prefix}id_number_hash": personal.lookup_hash(plain)})
    return condition


def _spelled(words: list[str], field: str) -> Q:
    """Names whose pinyin begins so, typed with blanks between the syllables or without.

    The first letters narrow the search by index before the blanks are taken out of every row; "a", "e"
    and "o" may be a syllable of their own.
    """
    plain = "".join(words)
    head = plain[:1] if plain[0] in "aeo" else plain[:2]
    without_blanks = StartsWith(Replace(F(field), Value(" ")), plain)
    return Q(**{f"{field}__startswith": " ".join(words)}) | Q(without_blanks, **{f"{field}__startswith": head})


class OrgUnitQuerySet(QuerySet["OrgUnit"]):
    def within(self, unit: OrgUnit) -> OrgUnitQuerySet:
        """The unit itself and everything below it."""
        return self.filter(path__startswith=unit.path)

    def branches(self) -> OrgUnitQuerySet:
        return self.filter(kind="BRANCH")

    def open(self) -> OrgUnitQuerySet:
        return self.filter(closed_on__isnull=True)

    def visible_to(self, user: User) -> OrgUnitQuerySet:
        """The tree is no secret inside the unit; a person without place or post sees none of it."""
        authority = user.authority
        if authority.sees_all_trees:
            return self
        return self.filter(below(authority.tree_roots(), "path"))


class MemberQuerySet(QuerySet["Member"]):
    def visible_to(self, user: User) -> MemberQuerySet:
        """Oneself, and the members (past ones too) of the units in which one holds a seeing post."""
        authority = user.authority
        if authority.is_superuser:
            return self
        if not authority.holds(SEEING_POSTS):
            return self.filter(pk=authority.member_id or 0)
        memberships = apps.get_model("members", "Membership").objects.filter(
            _reached(authority, SEEING_POSTS), member=OuterRef("pk")
        )
        return self.filter(Q(pk=authority.member_id) | Exists(memberships))

    def search(self, text: str) -> MemberQuerySet:
        return self.filter(_matching(text)) if text.strip() else self


class MembershipQuerySet(QuerySet["Membership"]):
    # Up to here an index gives the people in their order faster than they are counted.
    _FAR = 2_000

    def at(self, day: datetime.date) -> MembershipQuerySet:
        return self.filter(_covers(day))

    def current(self) -> MembershipQuerySet:
        return self.filter(ended_on__isnull=True)

    def within(self, unit: OrgUnit) -> MembershipQuerySet:
        place = "group" if unit.kind == "PARTY_GROUP" else "branch"
        return self.filter(**{f"{place}__path__startswith": unit.path})

    def gone(self) -> MembershipQuerySet:
        """The last stretch of those who have left and not come back."""
        again = self.model.objects.filter(member=OuterRef("member"), started_on__gte=OuterRef("ended_on"))
        again = again.exclude(pk=OuterRef("pk"))
        return self.filter(ending__in=["LEFT", "DECEASED", "EXPELLED"]).exclude(Exists(again))

    def visible_to(self, user: User) -> MembershipQuerySet:
        authority = user.authority
        if authority.is_superuser:
            return self
        return self.filter(Q(member=authority.member_id) | _reached(authority, SEEING_POSTS))

    def search(self, text: str) -> MembershipQuerySet:
        return self.filter(_matching(text, "member__")) if text.strip() else self

    def by_name(self) -> MembershipQuerySet:
        return self.order_by("member__pinyin", "member__staff_number")

    def stretch_by_name(self, start: int, stop: int) -> list[int]:
        """The ids from `start` to `stop` of `by_name()`.

        A late stretch of 100,000 is not reached by sorting all of them: they are counted by the first letter, and
        only the people of the letters in question are sorted.
        """
        if start < self._FAR:
            return list(self.by_name().values_list("pk", flat=True)[start:stop])
        letters = self.annotate(letter=Left("member__pinyin", 1)).order_by("letter").values_list("letter")
        among, before, skipped = Q(pk__in=[]), 0, 0
        for letter, count in letters.annotate(count=Count("pk")):
            if before + count <= start:
                skipped += count
            elif before < stop:
                among |= Q(member__pinyin__startswith=letter) if letter else Q(member__pinyin="")
            before += count
        rows = self.filter(among).by_name().values_list("pk", flat=True)
        return list(rows[start - skipped : stop - skipped])


class ExclusionQuerySet(QuerySet["Exclusion"]):
    def at(self, day: datetime.date) -> ExclusionQuerySet:
        return self.filter(_covers(day))

    def visible_to(self, user: User) -> ExclusionQuerySet:
        visible = apps.get_model("members", "Member").objects.visible_to(user)
        return self.filter(member__in=visible.values("pk"))


class AppointmentQuerySet(QuerySet["Appointment"]):
    def at(self, day: datetime.date) -> AppointmentQuerySet:
        return self.filter(_covers(day))

    def visible_to(self, user: User) -> AppointmentQuerySet:
        """Who holds which post is posted on every notice board; changing it is another matter."""
        authority = user.authority
        if authority.sees_all_trees:
            return self
        return self.filter(below(authority.tree_roots(), "unit__path"))

    def in_order(self) -> AppointmentQuerySet:
        """By unit, and in it as posts are usually listed: the secretary before the deputy."""
        ranks = [When(post=post, then=rank) for rank, post in enumerate(self.model.Post.values)]
        order = ("unit__path", Case(*ranks, output_field=SmallIntegerField()))
        return self.order_by(*order, F("ended_on").desc(nulls_first=True), "started_on")


class UserQuerySet(QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """One's own; those of the members one may open and reset; all for those who look after accounts."""
        authority = user.authority
        if authority.sees_all_trees:
            return self
        reach = authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS)
        memberships = apps.get_model("members", "Membership").objects.current().filter(below(reach, "branch__path"))
        # A set, not EXISTS: PostgreSQL would ask that of every account in turn.
        condition = Q(member__in=memberships.values("member"))
        is_among_them = any(authority.branch_path.startswith(path) for path in reach)
        return self.filter(condition if is_among_them else condition | Q(pk=user.pk))

    def search(self, text: str) -> UserQuerySet:
        """By sign-in name, or as members are found."""
        text = text.strip()
        if not text:
            return self
        people = apps.get_model("members", "Member").objects.search(text)
        return self.filter(Q(username__startswith=text) | Q(member__in=people.values("pk")))


class RosterImportQuerySet(QuerySet["RosterImport"]):
    def visible_to(self, user: User) -> RosterImportQuerySet:
        """Those into the units whose rosters one keeps; without the upload, which may have 20 MB."""
        authority, rows = user.authority, self.defer("content_sealed")
        if authority.is_superuser:
            return rows
        return rows.filter(below(authority.paths(BUSINESS_ADMIN_POSTS | SECRETARY_POSTS), "unit__path"))


class MessageQuerySet(QuerySet["Message"]):
    def visible_to(self, user: User) -> MessageQuerySet:
        """Nobody reads another person's messages, whatever the post."""
        return self.filter(user=user.pk)

    def unread(self, user: User) -> MessageQuerySet:
        return self.visible_to(user).filter(read_at__isnull=True)


class DigestQuerySet(QuerySet["Digest"]):
    def due(self, at: datetime.datetime) -> DigestQuerySet:
        """What may go out now, the least tried first."""
        return self.filter(state="WAITING", due_at__lte=at).order_by("attempts", "pk")

    def undelivered(self) -> DigestQuerySet:
        return self.filter(state__in=["FAILED", "UNCLEAR"])


class AuditEventQuerySet(QuerySet["AuditEvent"]):
    def newest_first(self) -> AuditEventQuerySet:
        """By time, as the index has it; of one moment the later line first."""
        return self.order_by("-at", "-pk")

    def between(self, since: datetime.date | None, until: datetime.date | None) -> AuditEventQuerySet:
        """Of the days from `since` to `until`, both included, in the local calendar."""
        rows = self
        if since:
            rows = rows.filter(at__gte=_midnight(since))
        if until:
            rows = rows.filter(at__lt=_midnight(until + datetime.timedelta(days=1)))
        return rows

    def before(self, at: datetime.datetime, pk: int) -> AuditEventQuerySet:
        """What comes after this line when the newest stands first; pk 0: everything before the moment."""
        # Said twice: the first half alone lets the index begin at the right place.
        return self.filter(Q(at__lt=at) | Q(pk__lt=pk), at__lte=at)

    def search(self, text: str) -> AuditEventQuerySet:
        """Who (as people are found elsewhere: pinyin, initials, staff number), to whom or what, which sentence."""
        text = text.strip()
        if not text:
            return self
        users = apps.get_model("members", "User").objects.search(text)
        said = Q(actor__contains=text) | Q(target__contains=text) | Q(detail__contains=text)
        return self.filter(said | Q(user__in=users.values("pk")))

    def of_unit(self, unit: OrgUnit) -> AuditEventQuerySet:
        """Done by people who belong or belonged to the unit or hold or held a post in it; or done to what bears its
        name."""
        member = {"member": OuterRef("member")}
        stays = apps.get_model("members", "Membership").objects.within(unit).filter(**member)
        posts = apps.get_model("members", "Appointment").objects.filter(unit__path__startswith=unit.path, **member)
        users = apps.get_model("members", "User").objects.filter(Exists(stays) | Exists(posts))
        return self.filter(Q(target__contains=unit.name) | Q(user__in=users.values("pk")))


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
