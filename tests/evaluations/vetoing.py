"""A branch that can veto: what the tests of vetoes begin with."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from evaluations.models import VetoCase, Voter
from evaluations.services.vetoes import Facts, propose_veto
from evaluations.services.votes import Minutes, voting_members
from members.models import User
from scoring import months
from scoring.models import Account, LedgerEntry, RuleSet, Score
from scoring.services.accounts import open_member_accounts
from scoring.services.months import set_policy
from scoring.services.rules import load_rule_set, publish_rule_set
from scoring.services.scores import compute_units
from tests import factories
from tests.factories import Cast, cast
from tests.scoring.factories import account, item

RULES = """
代号: vetoes
名称: 评星办法
周期: {period}
生效月份: 202501
否决方式: {form}
轻度否决: 积分封顶
轻度封顶分: 60
重度否决: 积分记零
否决事由: [违反廉洁纪律, 违法]
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    条款:
      - {{条款号: 基-1, 名称: 履职, 计价: 打分, 最低: 0, 最高: 100}}
"""


@dataclass(frozen=True)
class Vetoing:
    cast: Cast
    rules: RuleSet
    # Another member of the committee: four eyes.
    second: User

    @property
    def account(self) -> Account:
        return account(self.cast.member.member)

    def facts(self, level: str = "LIGHT", **fields: object) -> Facts:
        given = {"ground": "违反廉洁纪律", "happened_on": timezone.localdate(), "facts": "接受服务对象宴请"}
        return Facts(level, **(given | fields))

    def case(self, level: str = "LIGHT", by: User | None = None) -> VetoCase:
        by = by or self.cast.secretary
        return propose_veto(self.account, self.cast.branch, self.facts(level), by=by, key=uuid.uuid4())

    def score(self) -> Decimal:
        return Score.objects.get(account=self.account, month=this_month()).total

    def minutes(self, yes: int, no: int = 0, abstained: int = 0, **fields: object) -> Minutes:
        """As many of the voters are there as have voted; the others are absent."""
        voters = [member.pk for member in voting_members(self.cast.branch, timezone.localdate())]
        present = yes + no + abstained
        told = {
            pk: Voter.State.PRESENT.value if place < present else Voter.State.ABSENT.value
            for place, pk in enumerate(voters)
        }
        given = {"held_on": timezone.localdate(), "manner": "HANDS", "voters": told, "yes": yes, "no": no}
        return Minutes(**(given | {"abstained": abstained} | fields))


def this_month() -> int:
    return months.month_of(timezone.localdate())


def vetoing(form: str = "党委决定", period: str = "月", answer_days: int = 3) -> Vetoing:
    """The member has 80 points in this month. The branch has six members with a vote, the member among them."""
    people = cast()
    text = RULES.format(form=form, period=period)
    rules = publish_rule_set(load_rule_set(text, owner=people.committee, by=None), by=None)
    set_policy(people.committee, by=people.business_admin, answer_days=answer_days)
    open_member_accounts()
    clause = item(rules, "基-1")
    LedgerEntry.objects.create(
        account=account(people.member.member), unit=people.branch, item=clause, rule_set=rules,
        happened_on=datetime.date.today(), month=this_month(), points=Decimal(80), source="GRID",
        filed_by=people.secretary, filed_at=timezone.now(), key=uuid.uuid4(),
    )  # fmt: skip
    compute_units([people.branch.pk], this_month())
    office = people.committee_member.member.last_membership.branch
    second = factories.official(people.committee, "COMMITTEE_SECRETARY", office, None, "卫国平")
    return Vetoing(people, rules, second)
