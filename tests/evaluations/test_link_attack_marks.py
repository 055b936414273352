"""A ballot leaves no trace of what it says: in no table, file, log, session or cache."""

import logging

import pytest
from django.core.cache.backends import locmem
from django.test import Client
from django.urls import reverse

from evaluations.models import SealedBallot
from evaluations.services.ballots import BallotForm
from evaluations.services.counting import count_poll
from tests.evaluations.campaigning import after_the_last_day, rating
from tests.evaluations.spying import everything

MARKER = "7391"
WORD = "zeichen-im-wahlzettel"


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


@pytest.fixture
def heard():
    """Every line of every logger, down to the statements that the database is sent."""
    lines: list[str] = []
    handler = logging.Handler(level=0)
    handler.emit = lambda record: lines.append(f"{record.getMessage()} {record.exc_text or ''}")
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(0)
    yield lines
    root.removeHandler(handler)
    root.setLevel(before)


def places_with(word: str) -> list[str]:
    return [where for where, content in everything() if word.encode() in content]


def test_unknown_mark_is_refused_and_appears_nowhere(real_db, heard):
    made = rating()
    poll, codes = made.poll(), made.poll("MASSES", outsiders=6)
    client = Client()
    client.force_login(made.cast.member)
    marks = {f"m{pk}": WORD for pk in BallotForm.of(poll).asked_of(None)}
    page = client.post(reverse("evaluations:ballot", args=[poll.pk]), marks | {"more": WORD})
    assert "的评价不完整" in page.context["refusal"]
    with_code = marks | {"code": made.codes[str(codes.pk)][0]}
    assert "的评价不完整" in Client().post("/vote/cast/", with_code).context["refusal"]
    assert not SealedBallot.objects.exists()
    assert places_with(WORD) == []
    assert not [line for line in heard if WORD in line]
    assert WORD not in str(locmem._caches)


def test_marks_of_a_cast_ballot_are_nowhere_until_they_are_counted_together(real_db, heard):
    """Marks of four digits that stand nowhere else, in dimensions with full marks of 9,999."""
    made = rating(code="year", members=0)
    stage = made.stage("PEER")
    stage.marks = [["学习", "9999"], ["履职", "9999"]]
    stage.save()
    poll = made.poll()
    people = [made.cast.member, made.cast.colleague, made.cast.group_leader, made.cast.secretary]
    for user in [*people, made.cast.deputy, made.cast.commissioner]:
        client = Client()
        client.force_login(user)
        asked = BallotForm.of(poll).asked_of(user.member_id)
        marks = {f"m{pk}-{line}": MARKER if user == made.cast.member else "1" for pk in asked for line in (0, 1)}
        client.post(reverse("evaluations:ballot", args=[poll.pk]), marks)
    assert SealedBallot.objects.count() == 6
    before = set(places_with(f'"{MARKER}"')) | set(places_with(f"'{MARKER}'"))
    assert before == set()
    assert not [line for line in heard if f'"{MARKER}"' in line or f"'{MARKER}'" in line]
    with after_the_last_day():
        count_poll(poll, by=None)
    # Afterwards it is a mark that one of five gave, and nothing says which.
    assert "evaluations_tally" in places_with(f"'{MARKER}'")
    assert not SealedBallot.objects.exists()
