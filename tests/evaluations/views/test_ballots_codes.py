"""Codes of outside voters: made anew, shown once, kept nowhere."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from evaluations.models import RollEntry, SealedBallot
from evaluations.services.ballots import cast
from evaluations.services.polls import code_hash
from members.errors import Refused
from members.models import AuditEvent
from tests.evaluations.campaigning import marks_of, rating
from tests.evaluations.views.test_ballots_organise import client_of, said, verb

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    settings.POLL_KEYS = tmp_path / "keys"


def codes_on(answer) -> set[str]:
    shown = re.findall(r'<span class="code">([^<]+)</span>', answer.content.decode())
    return {code.replace(" ", "") for code in shown}


def test_renewed_codes_replace_those_that_are_not_spent():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    old = made.codes[str(poll.pk)]
    spent = RollEntry.objects.select_related("poll").get(code=code_hash(old[0]))
    cast(spent, marks_of(spent))
    answer = client_of(made.cast.secretary).post(reverse("evaluations:codes-renew", args=[poll.pk]), {"as": "screen"})
    codes = codes_on(answer)
    assert (len(codes), answer.headers["Cache-Control"]) == (5, "private, no-store")
    kept = set(RollEntry.objects.filter(poll=poll).values_list("code", flat=True))
    assert kept == {code_hash(code) for code in codes} | {code_hash(old[0])}
    refused = Client().post("/vote/", {"code": old[1]}).context["refusal"]
    assert refused == "没有这个投票码，请核对纸条上的 12 位字母和数字。"
    line = AuditEvent.objects.get(action="evaluations.renew_codes")
    assert line.detail == "5 个投票码，原来未使用的作废"


def test_qr_holds_the_address_with_the_code_behind_a_hash(monkeypatch):
    made = rating()
    poll = made.poll("MASSES", outsiders=5)
    drawn = []
    from_library = "evaluations.views.codes.segno.make"
    monkeypatch.setattr(from_library, lambda text, **options: drawn.append(text) or Drawn())
    answer = client_of(made.cast.secretary).post(reverse("evaluations:codes-renew", args=[poll.pk]), {"as": "screen"})
    assert {f"http://testserver/vote/#{code}" for code in codes_on(answer)} == set(drawn)


class Drawn:
    def svg_inline(self, **options) -> str:
        return "<svg></svg>"


def test_codes_are_not_renewed_after_the_count_or_where_there_are_none():
    made = rating()
    assert said(verb(made.poll(), "codes-renew", made.cast.secretary)) == ["没有未使用的投票码。"]
    poll = made.poll("MASSES", outsiders=6)
    verb(poll, "poll-void", made.cast.secretary, reason="名单有误")
    assert said(verb(poll, "codes-renew", made.cast.secretary)) == ["这次投票作废，不能再生成投票码。"]


def test_code_that_was_renewed_while_its_ballot_was_on_its_way_is_void():
    made = rating()
    poll = made.poll("MASSES", outsiders=6)
    entry = RollEntry.objects.select_related("poll").filter(poll=poll).first()
    client_of(made.cast.secretary).post(reverse("evaluations:codes-renew", args=[poll.pk]), {"as": "screen"})
    with pytest.raises(Refused, match="您已经投过票了"):
        cast(entry, marks_of(entry))
    assert not SealedBallot.objects.exists()
