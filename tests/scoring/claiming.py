"""A branch whose members claim: what the tests of claims begin with."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from members.models import User
from scoring.models import Account, Claim, Item, RuleSet
from scoring.services.accounts import open_member_accounts
from scoring.services.claims import save_claim, submit_claim
from scoring.services.deeds import Deed
from scoring.services.rules import load_rule_set, publish_rule_set
from tests.factories import Cast, cast
from tests.scoring.factories import MONTH, account

RULES = """
代号: claims
名称: 申报办法
周期: 月
生效月份: 202601
申报流程: [{steps}]
板块:
  - 代号: 加
    名称: 加分
    类别: 加分
    条款:
      - {{条款号: 加-1, 名称: 志愿服务, 计价: 按数量, 单价: 2, 单位: 次, 每月上限: 4, 可申报: 是}}
      - {{条款号: 加-2, 名称: 表彰, 计价: 按级别, 级别: [[国家级, 10], [市级, 4]], 可申报: 是, 佐证: 必附}}
      - {{条款号: 加-3, 名称: 骨干带头, 计价: 每次定分, 分值: 1, 可申报: 是, 适用分类: [骨干类]}}
      - {{条款号: 加-4, 名称: 支部评价, 计价: 打分, 最低: 0, 最高: 5}}
      - {{条款号: 加-5, 名称: 只由申报, 计价: 每次定分, 分值: 1, 来源: 个人申报}}
      - {{条款号: 加-6, 名称: 不用佐证, 计价: 每次定分, 分值: 1, 可申报: 是, 佐证: 不需要}}
  - 代号: 减
    名称: 减分
    类别: 扣分
    条款:
      - {{条款号: 减-1, 名称: 无故缺席, 计价: 每次定分, 分值: -2, 单位: 次}}
"""
DAY = datetime.date(2026, 9, 12)


@dataclass(frozen=True)
class Claiming:
    cast: Cast
    rules: RuleSet

    def account(self, user: User) -> Account:
        return account(user.member)

    def item(self, code: str) -> Item:
        return Item.objects.get(section__rule_set=self.rules, code=code)

    def deed(self, code: str = "加-1", text: str = "1次", **fields: object) -> Deed:
        given = {"happened_on": DAY, "month": MONTH, "reason": "周末社区义诊", **fields}
        return Deed(self.item(code).pk, text, **given)

    def draft(self, by: User | None = None, code: str = "加-1", text: str = "1次", **fields: object) -> Claim:
        by = by or self.cast.member
        return save_claim(self.account(by), self.deed(code, text, **fields), by=by, key=uuid.uuid4())

    def claim(self, by: User | None = None, code: str = "加-1", text: str = "1次", **fields: object) -> Claim:
        claim = self.draft(by, code, text, **fields)
        return submit_claim(claim, by=by or self.cast.member)


def claiming(steps: str = "初核, 审核, 审定") -> Claiming:
    people = cast()
    text = RULES.format(steps=steps)
    rules = publish_rule_set(load_rule_set(text, owner=people.committee, by=None), by=None)
    open_member_accounts()
    return Claiming(people, rules)
