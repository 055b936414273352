"""What may be claimed, or proposed as a deduction, in a branch's month, and by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.utils.translation import gettext as _

from members.errors import Refused
from members.models import Appointment
from scoring.books import book_of, item_rule, layout_of
from scoring.calculation.amounts import hundredths
from scoring.calculation.book import ItemRule
from scoring.calculation.order import Groups
from scoring.calculation.pricing import show
from scoring.circumstances import read_circumstances
from scoring.models import Account, Claim, Item, LedgerEntry, Month, RuleSet, Section
from scoring.services.columns import hint_of
from scoring.services.months import rules_of


@dataclass(frozen=True)
class Claimable:
    """An item that can be claimed, with what may be written for it."""

    section: Section
    item: Item
    rule: ItemRule

    @property
    def hint(self) -> str:
        return hint_of(self.rule)

    @property
    def takes_off(self) -> bool:
        """Whether it can only take points off, in whichever section it stands."""
        table = self.rule.pricing_table
        each = table.get("points") if self.rule.pricing == "fixed" else table.get("rate")
        return self.rule.is_deduction or (each is not None and hundredths(str(each)) < 0)

    @property
    def is_by_occasion(self) -> bool:
        """Whether facts about one thing count once: then the claim says which thing it is about."""
        return self.rule.tally_table.get("of") == "occasion"


def claimable_items(month: Month, kind: str = Claim.Kind.CLAIM) -> list[Claimable]:
    """In the order of the rules. Deductions are proposed for whatever only takes points off; what organisation life or
    an inspection feeds has its record there."""
    layout = layout_of(rules_of(month), month.unit, month.month)
    everything = [Claimable(section, item, item_rule(item, section)) for section, items in layout for item in items]
    if kind == Claim.Kind.DEDUCTION:
        fed = (Item.FedBy.GRID, Item.FedBy.CLAIM)
        return [one for one in everything if one.takes_off and one.item.fed_by in fed]
    return [
        one for one in everything if not one.takes_off and (one.item.claimable or one.item.fed_by == Item.FedBy.CLAIM)
    ]


def applying(choices: Sequence[Claimable], month: Month, account: Account) -> list[Claimable]:
    """Those that are not meant for another class or post than the member's."""
    bound = [one for one in choices if one.item.classes or one.item.posts]
    if not bound:
        return list(choices)
    groups = _one_account(bound[0].section.rule_set, month, account)
    return [one for one in choices if groups.applies(one.rule)[0]]


def _one_account(rule_set: RuleSet, month: Month, account: Account) -> Groups:
    own = np.array([account.pk], dtype=np.int64)
    book = book_of(rule_set, layout_of(rule_set, month.unit, month.month))
    return Groups(1, [month.month], {}, read_circumstances(book, own, month.month))


def require_applies(month: Month, choice: Claimable, account: Account) -> None:
    """Raise Refused when the item is meant for another class or post."""
    if not _one_account(rules_of(month), month, account).applies(choice.rule)[0]:
        words = "、".join([*choice.item.classes, *(str(label) for label in _post_names(choice.item))])
        raise Refused(_("%(item)s只适用于%(whom)s，请另选条款。") % {"item": choice.item, "whom": words})


def _post_names(item: Item) -> list[str]:
    from_code = {post.value: str(post.label) for post in Appointment.Post}
    return [from_code[post] for post in item.posts]


def cap_note(claim: Claim) -> str:
    """What to know before deciding: that the month's cap is used up already. Empty when it is not."""
    return cap_notes([claim]).get(claim.pk, "")


def cap_notes(claims: Iterable[Claim]) -> dict[int, str]:
    """By claim, for those whose month's cap is used up already; one query. Each for itself, as if it came next."""
    capped = [one for one in claims if one.item.cap_month is not None and one.kind == Claim.Kind.CLAIM]
    if not capped:
        return {}
    rows = LedgerEntry.objects.standing().filter(
        account__in={one.account_id for one in capped},
        item__in={one.item_id for one in capped},
        month__in={one.month for one in capped},
    )
    earned: defaultdict[tuple[int, int | None, int], int] = defaultdict(int)
    for account, item, month, points in rows.values_list("account", "item", "month", "points"):
        earned[account, item, month] += hundredths(points)
    sentence = _("该条款每月最多 %(cap)s 分，本月已入账 %(earned)s 分：可以申报并留下记录，超出部分不计分。")
    found = {}
    for one in capped:
        cap, already = hundredths(one.item.cap_month or 0), earned[one.account_id, one.item_id, one.month]
        if already + hundredths(one.points) > cap and not one.entry_id:
            found[one.pk] = sentence % {"cap": show(cap), "earned": show(already)}
    return found
