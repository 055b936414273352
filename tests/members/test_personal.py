import pytest
from django.db import connection

from members import personal
from members.errors import Refused
from members.models import Member
from tests import factories

ID_NUMBER = "11010519491231002X"


def test_seal_never_gives_the_same_text_twice_and_opens_again():
    sealed = {personal.seal(ID_NUMBER) for _ in range(50)}
    assert len(sealed) == 50
    assert {personal.unseal(text) for text in sealed} == {ID_NUMBER}
    assert not any(ID_NUMBER in text for text in sealed)


def test_empty_stays_empty():
    assert (personal.seal(""), personal.unseal(""), personal.lookup_hash("")) == ("", "", None)


def test_lookup_hash_depends_on_value_and_key_and_not_on_case(settings):
    first = personal.lookup_hash(ID_NUMBER)
    assert personal.lookup_hash(ID_NUMBER.lower()) == first
    assert personal.lookup_hash("110105194912310038") != first
    settings.FIELD_KEY = "11" * 32
    assert personal.lookup_hash(ID_NUMBER) != first


def test_another_key_cannot_open_and_says_so(settings):
    sealed = personal.seal(ID_NUMBER)
    settings.FIELD_KEY = "11" * 32
    with pytest.raises(Refused, match="FIELD_KEY 不是写入这些数据时所用的密钥"):
        personal.unseal(sealed)


@pytest.mark.parametrize(
    ("value", "masked"),
    [(ID_NUMBER, "110105********002X"), ("13160351650", "131****1650"), ("", ""), ("8812345", "8812345")],
)
def test_mask_hides_the_middle(value, masked):
    ends = (6, 4) if len(value) == 18 else (3, 4)
    assert personal.mask(value, head=ends[0], tail=ends[1]) == masked


@pytest.mark.django_db
def test_numbers_stand_nowhere_in_the_table():
    member = factories.member(name="王建国")
    member.id_number, member.phone = ID_NUMBER, "13160351650"
    member.save()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {Member._meta.db_table}")
        stored = repr(cursor.fetchall())
    assert ID_NUMBER not in stored
    assert "13160351650" not in stored
    fresh = Member.objects.get(id_number_hash=personal.lookup_hash(ID_NUMBER))
    assert (fresh.id_number, fresh.phone, fresh.masked_id_number, fresh.masked_phone) == (
        ID_NUMBER,
        "13160351650",
        "110105********002X",
        "131****1650",
    )
