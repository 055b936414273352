"""Two at the same door of a unit's own items: the limits hold, and a decision is taken once."""

from scoring.models import CustomItem, Item
from scoring.services.custom_items import approve_custom_item
from tests.harness.threads import race
from tests.scoring.test_custom_items import Place


def kinds(outcomes: list[object]) -> list[str]:
    return sorted(type(outcome).__name__ for outcome in outcomes)


def test_limits_hold_for_two_who_ask_at_once(real_db):
    place = Place()
    outcomes = race(2, lambda number: place.propose(条款号=f"自-{number}", 每月上限="4"))
    assert (kinds(outcomes), CustomItem.objects.count()) == (["CustomItem", "Refused"], 1)


def test_two_who_approve_at_once_make_one_item(real_db):
    place = Place()
    custom = place.propose()
    deciders = [place.cast.committee_member, place.cast.business_admin]
    outcomes = race(2, lambda number: approve_custom_item(custom, by=deciders[number]))
    assert (kinds(outcomes), Item.objects.exclude(unit=None).count()) == (["Item", "Refused"], 1)
