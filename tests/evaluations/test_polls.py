"""Secret ballots: cast once, sealed, opened once after the last day, kept by nobody (trust.md §2)."""

import datetime
import stat

import pytest
from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from evaluations import poll_keys
from evaluations.models import Poll, RollEntry, SealedBallot, Stage, Tally
from evaluations.services.ballots import BallotForm, cast
from evaluations.services.counting import count_due_polls, count_poll
from evaluations.services.polls import ALPHABET, CODE_LENGTH, code_hash, open_poll, prepare_poll, withdraw_poll
from members.errors import Refused
from members.models import AuditEvent
from tests.evaluations.campaigning import after_the_last_day, marks_of, rating

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def refused(call) -> str:
    with pytest.raises(Refused) as refusal:
        call()
    return str(refusal.value)


def entries(poll):
    return list(RollEntry.objects.filter(poll=poll).select_related("poll").order_by("pk"))


def everybody_votes(poll, mark="EXCELLENT"):
    return [cast(entry, marks_of(entry, mark)) for entry in entries(poll)]


# --- keys and sealing ---------------------------------------------------------------------------
def test_key_lies_outside_the_database_with_mode_0600():
    made = rating()
    poll = made.poll()
    path = poll_keys.key_file(poll.pk)
    assert path.parent == settings.POLL_KEYS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_sealed_ballot_opens_with_its_own_key_and_poll_alone():
    public = poll_keys.make_key("a")
    private = poll_keys.read_key("a")
    sealed = poll_keys.seal(public, "a", b"x", 256)
    assert poll_keys.unseal(private, "a", sealed) == b"x"
    with pytest.raises(InvalidTag):
        poll_keys.unseal(private, "b", sealed)
    poll_keys.make_key("b")
    with pytest.raises(InvalidTag):
        poll_keys.unseal(poll_keys.read_key("b"), "a", sealed)


def test_sealed_ballots_have_one_length():
    public = poll_keys.make_key("a")
    assert {len(poll_keys.seal(public, "a", b"x" * length, 512)) for length in (0, 1, 511, 512)} == {512 + 48}
    with pytest.raises(ValueError, match="longest"):
        poll_keys.seal(public, "a", b"x" * 513, 512)


def test_key_of_two_scrutineers_opens_with_both_in_their_order():
    poll_keys.make_key("a", ("first scrutineer", "second scrutineer"))
    assert poll_keys.read_key("a", ("first scrutineer", "second scrutineer"))
    said = [
        refused(lambda: poll_keys.read_key("a")),
        refused(lambda: poll_keys.read_key("a", ("second scrutineer", "first scrutineer"))),
        refused(lambda: poll_keys.read_key("a", ("first scrutineer", "guess guess"))),
        refused(lambda: poll_keys.make_key("b", ("short", "second scrutineer"))),
        refused(lambda: poll_keys.make_key("b", ("same same same", "same same same"))),
    ]
    assert said == [
        "这次投票的钥匙由两名监票人保管，请两人分别输入口令。",
        "口令不对：请两名监票人按设定时的次序各自输入口令。",
        "口令不对：请两名监票人按设定时的次序各自输入口令。",
        "两名监票人的口令各不少于 10 个字符，且不能相同。",
        "两名监票人的口令各不少于 10 个字符，且不能相同。",
    ]
    assert not poll_keys.has_key("b")


def test_destroyed_key_is_gone_and_destroying_twice_is_fine():
    poll_keys.make_key("a")
    poll_keys.destroy_key("a")
    poll_keys.destroy_key("a")
    with pytest.raises(poll_keys.LostKey):
        poll_keys.read_key("a")


# --- the roll -----------------------------------------------------------------------------------
def test_roll_has_the_members_of_the_branch_and_one_pool_each():
    made = rating(code="year")
    poll = made.poll()
    pools = dict(RollEntry.objects.filter(poll=poll).values_list("member__name", "pool"))
    assert {name: pool for name, pool in pools.items() if pool != Stage.Rater.MEMBERS} == {
        "陈志远": "COMMITTEE", "吴海涛": "COMMITTEE", "郑雪": "COMMITTEE", "周敏": "LEADERS",
    }  # fmt: skip
    assert len(pools) == 12


def test_codes_are_shown_once_and_only_their_hashes_kept():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    codes = made.codes[str(poll.pk)]
    assert {len(code) for code in codes} == {CODE_LENGTH}
    assert set("".join(codes)) <= set(ALPHABET)
    kept = set(RollEntry.objects.filter(poll=poll).values_list("code", flat=True))
    assert kept == {code_hash(code) for code in codes}
    # However it is typed.
    assert code_hash(codes[0].lower()) == code_hash(f" {codes[0][:4]}-{codes[0][4:8]} {codes[0][8:]}")


@pytest.mark.parametrize(("members", "mode"), [(0, "SECRET"), (-1, "RECORDED")])
def test_branch_too_small_for_secrecy_votes_on_record(members, mode):
    made = rating(members=0)
    # Six members: about each of them five ballots.
    rows = made.candidates()
    if members:
        first = rows[0].account.member.memberships.get()
        first.branch = made.cast.other_branch
        first.group = None
        first.save()
        rows = rows[1:]
    poll, _codes = prepare_poll(made.stage("PEER"), made.cast.branch, rows)
    assert poll.mode == mode


# --- casting ------------------------------------------------------------------------------------
def test_ballot_marks_the_roll_and_leaves_only_a_sealed_text():
    made = rating()
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    digest = cast(entry, marks_of(entry))
    row = SealedBallot.objects.get()
    assert (row.digest, row.digest) == (digest, poll_keys.receipt(bytes(row.sealed)))
    assert RollEntry.objects.get(pk=entry.pk).has_voted
    assert RollEntry.objects.filter(poll=poll, has_voted=True).count() == 1


def test_ballot_leaves_no_line_in_the_audit_log():
    made = rating()
    poll = made.poll()
    before = AuditEvent.objects.count()
    entry = made.roll(poll, made.cast.member)
    cast(entry, marks_of(entry))
    assert AuditEvent.objects.count() == before


def test_second_ballot_of_a_voter_is_refused():
    made = rating()
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    cast(entry, marks_of(entry))
    assert refused(lambda: cast(entry, marks_of(entry))) == "您已经投过票了。每人只能投一次，投出的票不能修改。"
    assert SealedBallot.objects.count() == 1


def test_ballot_is_complete_and_about_others():
    made = rating()
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    own = next(one for one in made.candidates() if one.account.member_id == made.cast.member.member_id)
    full = marks_of(entry)
    assert own.pk not in full
    some = dict(list(full.items())[1:])
    wrong = full | {next(iter(full)): ["甲"]}
    for marks in (some, full | {own.pk: ["EXCELLENT"]}, wrong, {}):
        refused(lambda marks=marks: cast(entry, marks))
    assert not SealedBallot.objects.exists()
    assert not RollEntry.objects.get(pk=entry.pk).has_voted


@pytest.mark.parametrize("mark", ["", "21", "-1", "1.5", "１", "1e1", " 1", "99999"])
def test_points_outside_the_form_are_refused_without_repeating_them(mark):
    made = rating(code="year")
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    marks = {pk: [mark, "40", "20", "20"] for pk in BallotForm.of(poll).asked_of(entry.member_id)}
    said = refused(lambda: cast(entry, marks))
    assert "的评价不完整或不在规定的范围内，请重新填写。" in said


def test_closed_window_void_poll_and_poll_not_begun_say_so():
    made = rating()
    poll = made.poll()
    entry = made.roll(poll, made.cast.member)
    with after_the_last_day():
        assert "截止，不能再投票" in refused(lambda: cast(entry, marks_of(entry)))
    withdraw_poll(poll, by=made.cast.business_admin, reason="名单有误")
    assert refused(lambda: cast(entry, marks_of(entry))) == "这次投票已作废，请等待组织者的通知。"
    Poll.objects.filter(pk=poll.pk).update(state="PREPARED", void_reason="")
    assert "投票还没有开始" in refused(lambda: cast(entry, marks_of(entry)))


# --- counting -----------------------------------------------------------------------------------
def test_counted_poll_keeps_tallies_and_receipts_and_nothing_else():
    made = rating(members=0)
    poll = made.poll()
    receipts = everybody_votes(poll)
    with after_the_last_day():
        poll = count_poll(poll, by=None)
    assert (poll.state, poll.cast, poll.receipts) == ("COUNTED", 6, sorted(receipts))
    assert not SealedBallot.objects.exists()
    assert set(Tally.objects.values_list("candidate", "pool", "line", "mark", "count")) == {
        (one.pk, "MEMBERS", 0, "EXCELLENT", 5) for one in made.candidates()
    }


def test_key_is_destroyed_once_the_count_is_committed(django_capture_on_commit_callbacks):
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    with after_the_last_day(), django_capture_on_commit_callbacks(execute=True):
        count_poll(poll, by=None)
    assert not poll_keys.has_key(poll.pk)


def test_key_that_outlived_its_poll_is_destroyed_by_the_next_sweep():
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    with after_the_last_day():
        count_poll(poll, by=None)
        assert poll_keys.has_key(poll.pk)
        assert count_due_polls() == 0
    assert not poll_keys.has_key(poll.pk)


def test_poll_is_not_opened_before_its_last_day_is_over():
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    assert "截止后才能开票" in refused(lambda: count_poll(poll, by=None))
    assert SealedBallot.objects.count() == 6


def test_counting_twice_is_once():
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    with after_the_last_day():
        assert count_due_polls() == 1
        before = list(Tally.objects.values_list("pk", flat=True))
        assert (count_poll(poll, by=None).state, count_due_polls()) == ("COUNTED", 0)
    assert list(Tally.objects.values_list("pk", flat=True)) == before


def test_lost_key_makes_the_poll_void_and_says_so():
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    poll_keys.destroy_key(poll.pk)
    with after_the_last_day():
        poll = count_poll(poll, by=None)
    assert (poll.state, poll.void_reason) == ("VOID", "钥匙已丢失，选票无法开启，只能作废后重新投票。")
    assert not SealedBallot.objects.exists()


def test_roll_that_was_changed_behind_the_program_makes_the_poll_void():
    made = rating(members=0)
    poll = made.poll()
    for entry in entries(poll)[:5]:
        cast(entry, marks_of(entry))
    RollEntry.objects.filter(poll=poll).update(has_voted=True)
    with after_the_last_day():
        poll = count_poll(poll, by=None)
    assert (poll.state, poll.void_reason) == ("VOID", "密封票 5 张，名册上已投 6 人，不一致，只能作废。")


def test_ballot_put_in_from_another_poll_makes_the_poll_void():
    made = rating(members=0)
    poll, other = made.poll(), made.poll("MASSES", outsiders=6)
    everybody_votes(poll)
    everybody_votes(other)
    foreign = SealedBallot.objects.filter(poll=other).first()
    own = SealedBallot.objects.filter(poll=poll).first()
    SealedBallot.objects.filter(pk=own.pk).update(sealed=foreign.sealed)
    with after_the_last_day():
        assert count_poll(poll, by=None).state == "VOID"


def test_too_few_ballots_are_destroyed_unopened():
    made = rating()
    poll = made.poll()
    for entry in entries(poll)[:4]:
        cast(entry, marks_of(entry))
    with after_the_last_day():
        poll = count_poll(poll, by=None)
    assert (poll.state, poll.cast, poll.notes) == ("COUNTED", 4, ["收到的票数不足以保密，没有开票，不计入结果。"])
    assert not Tally.objects.exists()
    assert not SealedBallot.objects.exists()


def test_poll_of_two_scrutineers_waits_for_both_of_them():
    made = rating(members=0)
    poll, _codes = prepare_poll(made.stage("PEER"), made.cast.branch, made.candidates())
    pair = ("first scrutineer", "second scrutineer")
    poll = open_poll(poll, by=made.cast.business_admin, passphrases=pair)
    everybody_votes(poll)
    with after_the_last_day():
        assert count_due_polls() == 0
        assert "请两人分别输入口令" in refused(lambda: count_poll(poll, by=None))
        assert count_poll(poll, by=None, passphrases=pair).state == "COUNTED"


# --- what cannot be changed ---------------------------------------------------------------------
def test_threshold_below_three_is_refused_by_the_database():
    made = rating()
    with pytest.raises(IntegrityError), transaction.atomic():
        Stage.objects.filter(pk=made.stage("PEER").pk).update(threshold=2)


def test_poll_is_opened_once_and_not_after_its_last_day():
    made = rating()
    poll = made.poll()
    assert refused(lambda: open_poll(poll, by=made.cast.business_admin)) == "这次投票投票中，不能再开始。"
    poll, _codes = prepare_poll(made.stage("MASSES"), made.cast.branch, made.candidates(), outsiders=9)
    with after_the_last_day():
        assert "已过，请先调整环节的日期" in refused(lambda: open_poll(poll, by=made.cast.business_admin))


def test_form_of_an_open_poll_does_not_follow_later_changes():
    made = rating()
    poll = made.poll()
    Stage.objects.filter(pk=made.stage("PEER").pk).update(marks=[["EXCELLENT", "1"]], closes_on="2099-01-01")
    form = BallotForm.of(Poll.objects.get(pk=poll.pk))
    assert (len(form.lines), form.closes_on) == (4, timezone.localdate())
    assert form.closes_on + datetime.timedelta(days=1) > timezone.localdate()


def test_night_leaves_a_poll_whose_key_it_does_not_find_to_people():
    """A worker on another machine has no key; what it took for lost could not be taken back."""
    made = rating(members=0)
    poll = made.poll()
    everybody_votes(poll)
    poll_keys.destroy_key(poll.pk)
    with after_the_last_day():
        assert count_due_polls() == 0
        assert (Poll.objects.get(pk=poll.pk).state, SealedBallot.objects.count()) == ("OPEN", 6)
        assert count_poll(poll, by=None).state == "VOID"
