"""Preparing polls: who is rated, who votes, and whether the branch is large enough for a secret (trust.md §2)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from evaluations import poll_keys
from evaluations.models import Campaign, Candidate, Poll, RollEntry, Stage
from evaluations.services.ballots import BallotForm, size_of
from evaluations.services.counting import void_poll
from members.access import BRANCH_COMMITTEE_POSTS, LEADER_POSTS
from members.errors import Refused
from members.models import Appointment, Membership, OrgUnit, User
from members.services.audit import record

State, Mode, Rater = Poll.State, Poll.Mode, Stage.Rater
# Without letters and digits that are taken for one another; 12 of them are 58 bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 12
# More outside voters than that in one branch are a slip of the finger.
MOST_OUTSIDERS = 500
# As many slips are drawn while a person waits for them, a twentieth of a second each.
MOST_AT_ONCE = 600
_WANTED = {Rater.COMMITTEE.value: BRANCH_COMMITTEE_POSTS, Rater.LEADERS.value: LEADER_POSTS}


# --- codes and forms -------------------------------------------------------------------------------
def code_hash(code: str) -> str:
    """What the roll keeps of a code."""
    tidy = "".join(one for one in code.upper() if one in ALPHABET)
    return salted_hmac("evaluations.poll.code", tidy, secret=settings.SECRET_KEY, algorithm="sha256").hexdigest()


def new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


def frozen_form(stage: Stage, candidates: Iterable[Candidate]) -> dict[str, object]:
    """The form as every voter gets it from the first ballot to the last."""
    listed = sorted(candidates, key=lambda one: str(one.account))
    return {
        "form": stage.form,
        "lines": stage.marks,
        "pools": [rater for rater, _weight in stage.pools],
        "weights": [weight for _rater, weight in stage.pools],
        "threshold": stage.threshold,
        "opens_on": f"{stage.opens_on}",
        "closes_on": f"{stage.closes_on}",
        "candidates": [[one.pk, str(one.account), one.account.member_id] for one in listed],
    }


def asks_outsiders(stage: Stage) -> bool:
    return any(rater == Rater.OUTSIDERS for rater, _weight in stage.pools)


# --- preparing -------------------------------------------------------------------------------------
@transaction.atomic
def prepare_polls(stage: Stage, outsiders: Mapping[int, int], *, by: User) -> list[tuple[Poll, list[str]]]:
    """The polls of a stage in every branch of the campaign that has none yet, void ones aside.

    In: unit -> how many outside voters. Out: each poll with its codes, which are shown this once and kept nowhere. A
    branch in which nobody would vote gets no poll. Raise Refused while the campaign does not run, and naming every
    branch whose outside voters are too few for a secret.
    """
    stage = Stage.objects.select_for_update(of=("self",)).select_related("campaign__unit").get(pk=stage.pk)
    if stage.campaign.state != Campaign.State.RUNNING or not stage.has_ballots:
        raise Refused(_("“%s”没有在进行，不能准备投票。") % stage.campaign)
    standing = Poll.objects.filter(stage=stage).exclude(state=State.VOID)
    rows = Candidate.objects.filter(campaign=stage.campaign_id, left_out="").exclude(unit__in=standing.values("unit"))
    by_unit: dict[OrgUnit, list[Candidate]] = {}
    for one in rows.select_related("account__member", "account__unit", "unit").order_by("unit__path", "pk"):
        by_unit.setdefault(one.unit, []).append(one)
    given = {pk: many for pk, many in outsiders.items() if asks_outsiders(stage)}
    _require_enough(stage, by_unit, given)
    made = _made(stage, by_unit, given)
    record(by, "evaluations.prepare_poll", f"{stage.campaign} {stage}", detail=_("%d 个支部") % len(made))
    if any(codes for _poll, codes in made):
        total = sum(len(codes) for _poll, codes in made)
        record(by, "evaluations.print_codes", f"{stage.campaign} {stage}", detail=_("%d 个投票码") % total)
    return made


def _require_enough(stage: Stage, units: Iterable[OrgUnit], outsiders: Mapping[int, int]) -> None:
    few = [str(unit) for unit in units if 0 < outsiders.get(unit.pk, 0) < stage.threshold]
    if few:
        words = {"units": "、".join(few), "least": stage.threshold}
        raise Refused(_("%(units)s：群众少于 %(least)d 人就不能保密，请增加人数，或填 0 不组织。") % words)
    if any(many > MOST_OUTSIDERS for many in outsiders.values()):
        raise Refused(_("每个支部的群众最多 %d 人，请核对。") % MOST_OUTSIDERS)
    if sum(outsiders.values()) > MOST_AT_ONCE:
        raise Refused(_("一次最多生成 %d 个投票码，请分几次填写：没有填的支部留到下一次。") % MOST_AT_ONCE)


def prepare_poll(
    stage: Stage, unit: OrgUnit, candidates: Sequence[Candidate], *, outsiders: int = 0
) -> tuple[Poll, list[str]]:
    """The poll of one stage in one branch, with its roll. Out: the poll and the codes of outside voters, which are
    shown this once and kept nowhere.

    A branch with fewer voters than the threshold decides by a recorded vote instead.
    """
    with transaction.atomic():
        ((poll, codes),) = _made(stage, {unit: candidates}, {unit.pk: outsiders}, keep_empty=True)
    return poll, codes


def _made(
    stage: Stage,
    by_unit: Mapping[OrgUnit, Sequence[Candidate]],
    outsiders: Mapping[int, int],
    *,
    keep_empty: bool = False,
) -> list[tuple[Poll, list[str]]]:
    """Two queries to find the voters and two kinds of rows to write, whatever the number of branches."""
    found = _voters(stage, by_unit)
    made: list[tuple[Poll, list[str]]] = []
    rolls: list[RollEntry] = []
    for unit, candidates in by_unit.items():
        members, many = found[unit.pk], outsiders.get(unit.pk, 0)
        if not (members or many or keep_empty):
            continue
        poll = Poll(stage=stage, unit=unit, form=frozen_form(stage, candidates))
        if _about(candidates, members, many) < stage.threshold:
            poll.mode = Mode.RECORDED
        codes = [new_code() for _n in range(many)]
        made.append((poll, codes))
        rolls += _roll(poll, members, codes)
    Poll.objects.bulk_create([poll for poll, _codes in made])
    RollEntry.objects.bulk_create(rolls, batch_size=500)
    return made


def _about(candidates: Sequence[Candidate], members: Collection[int], outsiders: int) -> int:
    """Ballots about the candidate with the fewest: nobody marks themselves, so about a voter there is one fewer."""
    voters = len(members) + outsiders
    return min((voters - (one.account.member_id in members) for one in candidates), default=0)


def _roll(poll: Poll, members: Mapping[int, str], codes: Iterable[str]) -> Iterator[RollEntry]:
    """By name, and by the digits of the hashes: the order of the rows says nothing about who got which code."""
    yield from (RollEntry(poll=poll, member_id=member, pool=pool) for member, pool in members.items())
    yield from (RollEntry(poll=poll, code=digest, pool=Rater.OUTSIDERS) for digest in sorted(map(code_hash, codes)))


def _voters(stage: Stage, units: Iterable[OrgUnit]) -> dict[int, dict[int, str]]:
    """Unit -> member -> pool, by name. Somebody with two roles votes once, in the first pool that fits."""
    day, paths = timezone.localdate(), {unit.pk: unit.path for unit in units}
    stays = Membership.objects.at(day).filter(branch__in=paths)
    rows = list(stays.order_by("member__pinyin", "member__staff_number", "member").values_list("branch", "member"))
    posts = Appointment.objects.at(day).filter(member__in=stays.values("member"))
    held: dict[int, list[tuple[str, str]]] = {}
    for member, post, path in posts.values_list("member", "post", "unit__path"):
        held.setdefault(member, []).append((post, path))
    found: dict[int, dict[int, str]] = {pk: {} for pk in paths}
    for branch, member in rows:
        here = {post for post, path in held.get(member, ()) if path.startswith(paths[branch])}
        pool = _pool(stage, here)
        if pool:
            found[branch][member] = pool
    return found


def _pool(stage: Stage, posts: Collection[str]) -> str:
    """The first pool of the stage for somebody with these posts; empty: does not vote."""
    for rater, _weight in stage.pools:
        if rater == Rater.MEMBERS or not _WANTED.get(rater, frozenset()).isdisjoint(posts):
            return str(rater)
    return ""


# --- moving ----------------------------------------------------------------------------------------
@transaction.atomic
def open_poll(poll: Poll, *, by: User, passphrases: tuple[str, str] | None = None) -> Poll:
    """Make the key and take ballots. Raise Refused for a poll that is no secret one or not waiting to be opened."""
    poll = Poll.objects.select_for_update(of=("self",)).select_related("stage", "unit").get(pk=poll.pk)
    if poll.mode != Mode.SECRET:
        raise Refused(_("%s，不在网上投票。") % poll.get_mode_display())
    if (poll.state, State.OPEN) not in Poll.MOVES:
        raise Refused(_("这次投票%s，不能再开始。") % poll.get_state_display())
    form = BallotForm.of(poll)
    if timezone.localdate() > form.closes_on:
        raise Refused(_("投票的截止日期 %s 已过，请先调整环节的日期。") % form.closes_on)
    _take_ballots(poll, passphrases)
    poll.save(update_fields=["public_key", "key", "size", "state"])
    record(by, "evaluations.open_poll", poll)
    return poll


def _take_ballots(poll: Poll, passphrases: tuple[str, str] | None) -> None:
    poll.public_key = poll_keys.make_key(poll.pk, passphrases)
    poll.key = Poll.Key.SERVER if passphrases is None else Poll.Key.SCRUTINEERS
    poll.size, poll.state = size_of(BallotForm.of(poll)), State.OPEN


@transaction.atomic
def open_polls(stage: Stage, *, by: User) -> int:
    """Open every poll of a stage that waits, the server keeping the keys. Out: how many. Raise Refused when none."""
    rows = Poll.objects.select_for_update(of=("self",)).select_related("unit", "stage")
    today = timezone.localdate()
    polls = [
        poll
        for poll in rows.filter(stage=stage, state=State.PREPARED, mode=Mode.SECRET)
        if today <= BallotForm.of(poll).closes_on
    ]
    if not polls:
        raise Refused(_("“%s”没有等待开始的投票。") % stage)
    for poll in polls:
        _take_ballots(poll, None)
    Poll.objects.bulk_update(polls, ["public_key", "key", "size", "state"], batch_size=200)
    record(by, "evaluations.open_poll", f"{stage.campaign} {stage}", detail=_("%d 个支部") % len(polls))
    return len(polls)


@transaction.atomic
def vote_on_paper(poll: Poll, *, by: User) -> Poll:
    """The branch votes with paper ballots instead. Only before the first ballot could have been cast here."""
    poll = Poll.objects.select_for_update(of=("self",)).select_related("stage", "unit").get(pk=poll.pk)
    if poll.state != State.PREPARED or poll.mode != Mode.SECRET:
        raise Refused(_("投票开始以后不能再改用纸质票；确需更改的，先作废再重新准备。"))
    poll.mode = Mode.PAPER
    poll.save(update_fields=["mode"])
    record(by, "evaluations.vote_on_paper", poll)
    return poll


@transaction.atomic
def withdraw_poll(poll: Poll, *, by: User, reason: str) -> Poll:
    """Void a poll by decision, with its reason; voters see it, and a new one may be prepared."""
    reason = reason.strip()
    if not reason:
        raise Refused(_("请写明作废的原因。"))
    return void_poll(poll, by=by, reason=reason)
