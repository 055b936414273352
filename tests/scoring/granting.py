"""A rule set with everything that is granted, and the cast under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from members.errors import Refused
from members.models import OrgUnit, User
from scoring.models import Account, Item, LedgerEntry, Month, RuleSet
from scoring.services import months
from scoring.services.accounts import open_member_accounts
from tests.factories import Cast, cast
from tests.scoring.factories import MONTH, item, rule_set

GRANTED = """
代号: granted
名称: 集体计分
周期: 月
生效月份: {since}
新到党员: 以支部平均分起步
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    满分: 60
    条款:
      - {条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 60}
      - 条款号: 基-2
        名称: 主题党日
        计价: 每次定分
        分值: 1
        汇总: 按比例
        比例满分: 60
        比例分母: 应完成次数
        应完成次数: 12
      - {条款号: 基-3, 名称: 任职履责, 计价: 每次定分, 分值: 5, 来源: 任职自动计入, 适用职务: [支部书记, 组织委员]}
      - {条款号: 基-4, 名称: 组织生活, 计价: 按数量, 单价: 1, 单位: 次, 来源: 组织生活}
  - 代号: 加
    名称: 加分
    类别: 加分
    条款:
      - {条款号: 加-1, 名称: 义务劳动, 计价: 按数量, 单价: "0.5", 单位: 小时, 每月上限: 3}
      - {条款号: 加-2, 名称: 集体荣誉, 计价: 打分, 最低: 0, 最高: 10, 须写理由: 是}
      - {条款号: 加-3, 名称: 骨干示范, 计价: 每次定分, 分值: 2, 适用分类: [骨干类]}
      - {条款号: 加-4, 名称: 见义勇为, 计价: 打分, 最低: 0, 最高: 10, 佐证: 必附}
  - 代号: 减
    名称: 减分
    类别: 扣分
    条款:
      - {条款号: 减-1, 名称: 集体考核, 计价: 打分, 最低: -10, 最高: 0}
"""


@dataclass(frozen=True)
class House:
    cast: Cast
    rules: RuleSet

    def account(self, user: User) -> Account:
        return Account.objects.get(member=user.member)

    def item(self, code: str) -> Item:
        return item(self.rules, code)

    def month(self, month: int = MONTH, branch: OrgUnit | None = None) -> Month:
        return months.month_of_unit(branch or self.cast.branch, month)

    def submit(self, month: int = MONTH) -> None:
        months.submit_month(self.month(month), by=self.cast.secretary)

    def check(self, month: int = MONTH) -> None:
        months.check_month(self.month(month), by=self.cast.commissioner)

    def recall(self, month: int = MONTH) -> None:
        months.recall_month(self.month(month), by=self.cast.secretary)

    def close(self, month: int = MONTH) -> None:
        self.submit(month)
        self.check(month)
        months.close_month(self.month(month), by=self.cast.committee_member)

    def standing(self, month: int = MONTH) -> list[tuple[str, str, str]]:
        """(name, clause number, points) of what stands in the month, by name."""
        rows = LedgerEntry.objects.standing().filter(month=month).order_by("account__member__pinyin", "pk")
        return [(str(row.account), row.item.code if row.item else "", str(row.points)) for row in rows]


def house(since: int = 202601) -> House:
    people = cast()
    rules = rule_set(people.committee, GRANTED.replace("{since}", str(since)))
    open_member_accounts()
    return House(people, rules)


def answers(made: House, act: Callable[[User], object]) -> dict[str, str]:
    """What every role of the cast is told: nothing, or the sentence of the refusal. What they do is taken back."""
    told = {}
    for role, user in made.cast.by_role().items():
        with transaction.atomic():
            try:
                act(user)
                told[role] = ""
            except Refused as refusal:
                told[role] = str(refusal)
            transaction.set_rollback(True)
    return told


def only(made: House, sentence: str, *roles: str) -> dict[str, str]:
    """`answers` where these roles are let in and everyone else is told the sentence."""
    return {role: "" if role in roles else sentence for role in made.cast.by_role()}
