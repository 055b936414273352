"""A process is killed between the steps: a claim, an activity is in the ledger as a whole or not at all."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from members.models import AuditEvent, Message
from scoring.models import Activity, Attendance, Claim, ClaimMove, LedgerEntry
from scoring.services.activities import Presence, expected_accounts, hold_activity
from scoring.services.claims import advance_many
from tests.factories import member, user
from tests.harness.killing import killed_while
from tests.scoring.claiming import claiming
from tests.scoring.factories import account
from tests.scoring.living import DAY, Life

pytestmark = pytest.mark.usefixtures("real_db")
ROUNDS = 20
CLAIMS = 8


def traces(claims: list[int]) -> dict[str, Counter[int]]:
    """What approving leaves, counted by claim."""
    entries = dict(Claim.objects.filter(pk__in=claims).values_list("entry", "pk"))
    return {
        "state": Counter(Claim.objects.filter(pk__in=claims, state="APPROVED").values_list("pk", flat=True)),
        "entry": Counter(entries[pk] for pk in LedgerEntry.objects.values_list("pk", flat=True) if pk in entries),
        "move": Counter(ClaimMove.objects.filter(claim__in=claims, step="APPROVE").values_list("claim", flat=True)),
        "log": Counter(
            int(target.rsplit("#")[-1])
            for target in AuditEvent.objects.filter(action="scoring.claim_approved").values_list("target", flat=True)
            if int(target.rsplit("#")[-1]) in claims
        ),
        "message": Counter(
            int(url.strip("/").split("/")[-1])
            for url in Message.objects.values_list("url", flat=True)
            if int(url.strip("/").split("/")[-1]) in claims
        ),
    }


def test_claims_approved_by_a_killed_process_are_in_the_ledger_once_or_not_at_all():
    made = claiming("审定")
    chance = random.Random(20261120)
    done_when_killed = []
    for _round in range(ROUNDS):
        claims = [made.claim(by=who) for who in (made.cast.member, made.cast.colleague) for _one in range(CLAIMS // 2)]
        numbers = [claim.pk for claim in claims]
        killed_while(lambda: advance_many(claims, by=made.cast.secretary), within=0.4, chance=chance)  # noqa: B023
        left = traces(numbers)
        assert left == dict.fromkeys(left, left["state"])
        done_when_killed.append(left["state"].total())
        rest = list(Claim.objects.filter(pk__in=numbers).exclude(state="APPROVED"))
        assert advance_many(rest, by=made.cast.secretary) == []
        assert traces(numbers) == {trace: Counter(numbers) for trace in left}
    # It was killed in the middle, not only before and after.
    assert set(done_when_killed) & set(range(1, CLAIMS))
    assert LedgerEntry.objects.count() == ROUNDS * CLAIMS


def test_activity_of_a_branch_posted_by_a_killed_process_is_posted_whole_or_not_at_all():
    life = Life()
    branch = life.cast.branch
    for number in range(40):
        user(member(branch, name=f"党员{number:02}"))
    account(life.cast.member.member)
    people = expected_accounts(branch, "THEME_DAY", None, DAY)
    sheet = {own: Presence("ABSENT" if own % 2 else "PRESENT") for own in people}
    whole = len(people) + sum(own % 2 for own in people)
    chance, states = random.Random(20261121), []
    for _round in range(ROUNDS):
        activity = life.plan()
        killed_while(lambda: hold_activity(activity, DAY, sheet, by=life.cast.secretary), within=0.25, chance=chance)  # noqa: B023
        state = Activity.objects.get(pk=activity.pk).state
        states.append(state)
        found = (Attendance.objects.filter(activity=activity).count(), entries_of(activity))
        assert found == ((len(people), whole) if state == "HELD" else (0, 0))
        hold_activity(activity, DAY, sheet, by=life.cast.secretary)
        assert (Attendance.objects.filter(activity=activity).count(), entries_of(activity)) == (len(people), whole)
    assert set(states) == {"HELD", "PLANNED"}


def entries_of(activity: Activity) -> int:
    return LedgerEntry.objects.filter(activity=activity).count()
