"""What evaluations writes once: votes with their lists, moves of vetoes, words on bands."""

import pytest
from django.db import DatabaseError, models, transaction
from django.utils import timezone

from evaluations.models import BandDecision, CaseVote, MeetingVote, VetoMove, Voter
from evaluations.services import vetoes
from members import append_only
from tests.evaluations.campaigning import rating
from tests.evaluations.vetoing import vetoing

pytestmark = pytest.mark.django_db
MODELS = {
    "evaluations_banddecision": BandDecision,
    "evaluations_casevote": CaseVote,
    "evaluations_meetingvote": MeetingVote,
    "evaluations_vetomove": VetoMove,
    "evaluations_voter": Voter,
}


def test_tables_that_are_written_once():
    assert [table for table in append_only.append_only_tables() if table.startswith("evaluations_")] == list(MODELS)


def voted_case() -> None:
    made = vetoing("支部党员大会表决")
    case = vetoes.answer_veto(made.case(), by=made.cast.member, answer="甲")
    vetoes.record_veto_vote(case, made.minutes(6), by=made.cast.secretary)


def decided_band() -> None:
    made = rating()
    one, band = made.candidates()[0], made.campaign.bands.first()
    BandDecision.objects.create(
        candidate=one, level="BRANCH", band=band, reason="带头", by=made.cast.secretary, at=timezone.now()
    )


@pytest.mark.parametrize("table", MODELS)
def test_rows_are_neither_changed_nor_deleted(table):
    decided_band() if table == "evaluations_banddecision" else voted_case()
    row = MODELS[table].objects.first()
    texts = [field.name for field in row._meta.fields if isinstance(field, models.CharField)]
    change = {texts[0]: "x"} if texts else {"case_id": 0}
    for attempt in (
        lambda: MODELS[table].objects.filter(pk=row.pk).update(**change),
        lambda: MODELS[table].objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="只增不改"), transaction.atomic():
            attempt()
