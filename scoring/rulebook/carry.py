"""What units added to a version of the rules goes along into the next one."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from scoring.models import Item, RuleSet, Section

Carried = Sequence[tuple[Section, Item]]


def carried_items(rule_set: RuleSet, from_month: int) -> Carried:
    """The items that units added to the version before and that still count in a month, each with the section of
    this version it belongs to.

    A section that allows none any more takes none along; a clause number that has become common to all is no longer
    a unit's own. The new limits hold for new items: what was approved stays until it is ended.
    """
    versions = RuleSet.objects.filter(owner=rule_set.owner_id, code=rule_set.code, version__lt=rule_set.version)
    before = versions.published().order_by("-version").first()
    if before is None:
        return []
    sections = {section.code: section for section in rule_set.sections.all() if section.custom_count}
    common = set(Item.objects.filter(section__rule_set=rule_set, unit=None).values_list("code", flat=True))
    still = Q(to_month=None) | Q(to_month__gte=from_month)
    items = Item.objects.filter(still, section__rule_set=before, unit__isnull=False).select_related("section", "unit")
    return [
        (sections[item.section.code], item)
        for item in items.order_by("section__position", "position", "pk")
        if item.section.code in sections and item.code not in common
    ]
