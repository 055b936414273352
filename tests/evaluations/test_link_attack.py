"""Who voted what? Somebody with all tables, hidden columns, row order and files guesses no better than by chance.

Every voter throws a coin for the whole ballot. The attacker watches the poll, links each voter to the sealed ballot
(that is possible: both are written together), is told by half of the voters how they voted, looks for anything that
goes with it, and guesses the other half; then the other way round. Without a secret he would have all of them.
"""

from __future__ import annotations

import math
import os
import random
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from evaluations.models import Poll, RollEntry, SealedBallot
from evaluations.services.ballots import BallotForm, cast
from evaluations.services.counting import count_poll
from tests.evaluations.campaigning import Rating, after_the_last_day, rating
from tests.evaluations.spying import disk, rows_of

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
VOTERS, SEEDS = (200, range(20)) if NIGHTLY else (40, range(2))
# As unlikely as this may a guess be right by chance.
BY_CHANCE = 1e-6
# Of different length, so that a ballot that is not padded gives itself away.
SIDES = ("UNQUALIFIED", "EXCELLENT")
Features = Mapping[str, float]


@dataclass(frozen=True)
class Watched:
    """What the attacker has: features of each voter, and the truth to compare with."""

    truth: dict[int, bool]
    features: dict[int, dict[str, float]]


# --- the poll -----------------------------------------------------------------------------------
def voted(made: Rating, poll: Poll, chance: random.Random) -> Watched:
    """Everybody votes in an order that chance decides; what is seen of each ballot at once is kept."""
    entries = list(RollEntry.objects.filter(poll=poll).select_related("poll"))
    chance.shuffle(entries)
    truth, features = {}, {}
    for number, entry in enumerate(entries):
        side = chance.random() < 0.5
        marks = {pk: [SIDES[side]] for pk in BallotForm.of(poll).asked_of(entry.member_id)}
        digest = cast(entry, marks)
        truth[entry.pk] = side
        sealed = bytes(SealedBallot.objects.get(pk=digest).sealed)
        features[entry.pk] = {"order": number, "roll": entry.pk, **features_of(sealed), "digest": int(digest[:12], 16)}
    return Watched(truth, features)


def features_of(sealed: bytes) -> dict[str, float]:
    """Everything simple that a text which is not random would show."""
    return {
        "length": len(sealed),
        "packed": len(zlib.compress(sealed)),
        "ones": sum(byte.bit_count() for byte in sealed),
        **{f"byte {place}": byte for place, byte in enumerate(sealed[:64])},
        **{f"bit {place}": byte & 1 for place, byte in enumerate(sealed[-64:])},
    }


def look(seen: Watched, poll: Poll) -> None:
    """Hidden columns and places on the disk, as they are now."""
    roll = rows_of("evaluations_rollentry")
    for number, row in enumerate(roll):
        if row["id"] in seen.features:
            found = {"found": number, "version": float(str(row["version"])), "place": rank_of(row["place"])}
            seen.features[row["id"]] |= {f"{name} now": value for name, value in found.items()}
    receipts = {receipt[:12]: place for place, receipt in enumerate(Poll.objects.get(pk=poll.pk).receipts)}
    files = [content for name, content in disk() if "wal" not in name]
    for features in seen.features.values():
        digest = f"{int(features['digest']):012x}"
        features["receipt"] = receipts.get(digest, -1)
        features["in file"] = max((content.find(digest.encode()) for content in files), default=-1)


def rank_of(place: object) -> float:
    """(3,17) of PostgreSQL as a number; the rowid of SQLite as it is."""
    block, _comma, offset = str(place).strip("()").partition(",")
    return int(block) * 10_000 + int(offset or 0)


# --- the attack ---------------------------------------------------------------------------------
def guessed(seen: Watched, chance: random.Random) -> tuple[int, int]:
    """Right guesses about those who did not tell, each half once, and how many there are in all."""
    voters = sorted(seen.truth)
    chance.shuffle(voters)
    one, other = voters[::2], voters[1::2]
    return _right(seen, one, other) + _right(seen, other, one), len(voters)


def _right(seen: Watched, told: list[int], silent: list[int]) -> int:
    """The feature and the threshold that fit best among those who told decide about the others."""
    voters = told + silent
    names = sorted(set.intersection(*(set(seen.features[pk]) for pk in voters)))
    rules = []
    for name in names:
        for threshold in sorted({seen.features[pk][name] for pk in told}):
            fits = sum((seen.features[pk][name] >= threshold) == seen.truth[pk] for pk in told)
            rules += [(fits, name, threshold, True), (len(told) - fits, name, threshold, False)]
    _fits, name, threshold, direction = max(rules)
    return sum(((seen.features[pk][name] >= threshold) == direction) == seen.truth[pk] for pk in silent)


def most_by_chance(people: int, share: float) -> int:
    """The number of right guesses that chance exceeds with a probability of BY_CHANCE at most."""
    tail = 0.0
    for right in range(people, -1, -1):
        tail += math.comb(people, right) * share**right * (1 - share) ** (people - right)
        if tail > BY_CHANCE:
            return right
    return 0


def no_better_than_chance(seen: Watched, chance: random.Random, *, knows_the_result: bool) -> None:
    right, people = guessed(seen, chance)
    # Whoever knows the result guesses the more frequent side for everybody.
    ayes = sum(seen.truth.values()) / len(seen.truth)
    share = max(ayes, 1 - ayes, 0.5) if knows_the_result else 0.5
    assert right <= most_by_chance(people, share), f"{right} of {people}"


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["PEER", "MASSES"])
def test_nobody_can_link_a_voter_to_a_vote(real_db, kind, seed):
    chance = random.Random(20261120 + seed)
    made = rating(members=VOTERS - 6 if kind == "PEER" else 0)
    poll = made.poll(kind, outsiders=0 if kind == "PEER" else VOTERS)
    seen = voted(made, poll, chance)
    assert len(seen.truth) == VOTERS
    look(seen, poll)
    no_better_than_chance(seen, chance, knows_the_result=False)
    with after_the_last_day():
        assert count_poll(poll, by=None).state == "COUNTED"
    look(seen, poll)
    no_better_than_chance(seen, chance, knows_the_result=True)


# --- the attack works where there is something to find --------------------------------------------
@pytest.mark.parametrize("leak", ["length", "order", "version now"])
def test_attack_finds_a_vote_that_anything_gives_away(leak):
    chance = random.Random(1)
    truth = {pk: chance.random() < 0.5 for pk in range(VOTERS)}
    features = {
        pk: {"noise": chance.random(), **features_of(chance.randbytes(300)), leak: 7.0 if side else 4.0}
        for pk, side in truth.items()
    }
    right, people = guessed(Watched(truth, features), chance)
    assert right == people
    assert right > most_by_chance(people, 0.5)


def test_ballot_that_is_not_sealed_would_be_read_off_its_length():
    """What padding and sealing are for: the same form with the ballots as they are written."""
    chance, truth, features = random.Random(2), {}, {}
    for pk in range(VOTERS):
        truth[pk] = chance.random() < 0.5
        features[pk] = features_of(str({one: [SIDES[truth[pk]]] for one in range(10)}).encode())
    assert guessed(Watched(truth, features), chance) == (VOTERS, VOTERS)


def test_bound_leaves_room_for_chance_alone():
    assert [most_by_chance(people, 0.5) for people in (10, 40, 200)] == [10, 34, 133]
