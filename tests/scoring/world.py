"""The fixed cast with a rule set, accounts and a month that has gone some way: what most page tests need."""

from __future__ import annotations

from dataclasses import dataclass

from members.models import User
from scoring.models import Account, LedgerEntry, Month, RuleSet
from scoring.services import months
from scoring.services.accounts import open_member_accounts
from scoring.services.grid import Change, save_cells
from tests.factories import Cast, cast
from tests.scoring.factories import MONTH, item, rule_set


@dataclass(frozen=True)
class World:
    cast: Cast
    rules: RuleSet

    def account(self, user: User) -> Account:
        return Account.objects.get(member=user.member)

    def month(self) -> Month:
        return months.month_of_unit(self.cast.branch, MONTH)

    def type(self, user: User, code: str, text: str) -> None:
        """The secretary types one cell for a member."""
        change = Change(self.account(user).pk, item(self.rules, code).pk, text, 0)
        saved, _totals = save_cells(self.month(), [change], by=self.cast.secretary)
        assert not saved[0].refusal, saved[0].refusal

    def submit(self) -> None:
        months.submit_month(self.month(), by=self.cast.secretary)

    def check(self) -> None:
        months.check_month(self.month(), by=self.cast.commissioner)

    def close(self) -> None:
        months.close_month(self.month(), by=self.cast.committee_member)

    def entry(self, user: User, code: str) -> LedgerEntry:
        return LedgerEntry.objects.standing().get(account__member=user.member, item__code=code)


def world(*, closed: bool = False) -> World:
    """Base points for two members of the branch; with `closed` the month has gone all the way."""
    people = cast()
    rules = rule_set(people.committee)
    open_member_accounts()
    made = World(people, rules)
    for user, bonus in ((people.member, "3"), (people.colleague, "1")):
        made.type(user, "基-1", "60")
        made.type(user, "加-2", bonus)
    if closed:
        made.submit()
        made.check()
        made.close()
    return made
