"""Rules that organisation life feeds, and the cast under them: planning, holding, and what stands in the ledger."""

import datetime

from scoring.models import LedgerEntry
from scoring.services.accounts import open_member_accounts
from scoring.services.activities import Plan, Presence, expected_accounts, hold_activity, plan_activity
from scoring.services.rules import load_rule_set, publish_rule_set
from tests.factories import cast
from tests.scoring.factories import account

RULES = """
代号: life
名称: 组织生活办法
周期: 月
生效月份: 202601
板块:
  - 代号: 基
    名称: 基础
    类别: 基础
    条款:
      - {条款号: 基-1, 名称: 组织生活参加率, 计价: 每次定分, 分值: 0, 汇总: 按比例, 比例满分: 10, 来源: 组织生活}
  - 代号: 加
    名称: 加分
    类别: 加分
    条款:
      - {条款号: 加-1, 名称: 讲党课, 计价: 每次定分, 分值: 2, 来源: 组织生活, 活动类型: [党课], 计入情形: [到会]}
  - 代号: 减
    名称: 减分
    类别: 扣分
    条款:
      - {条款号: 减-1, 名称: 无故缺席, 计价: 每次定分, 分值: -2, 来源: 组织生活, 计入情形: [缺席]}
      - 条款号: 减-2
        名称: 请假
        计价: 每次定分
        分值: "-0.5"
        来源: 组织生活
        活动类型: [主题党日]
        计入情形: [请假]
"""
STUDY = """      - 条款号: 基-2
        名称: 学习心得
        计价: 每次定分
        分值: 0
        单位: 篇
        汇总: 按比例
        比例满分: 10
        比例分母: 应完成次数
        应完成次数: 4
"""
DAY = datetime.date(2026, 9, 18)


def with_study(rules=RULES):
    """The rules with a clause that expects four essays a month."""
    return rules.replace("  - 代号: 加\n", STUDY + "  - 代号: 加\n", 1)


class Life:
    """The branch of the cast under RULES."""

    def __init__(self, rules=RULES):
        self.cast = cast()
        publish_rule_set(load_rule_set(rules, owner=self.cast.committee, by=None), by=None)
        open_member_accounts()

    def account(self, who):
        return account(who.member).pk

    def accounts(self, *roles):
        return {self.account(self.cast.by_role()[role]) for role in roles}

    def plan(self, kind="THEME_DAY", by=None, **fields):
        plan = Plan(**{"kind": kind, "title": "重温入党誓词", "planned_on": DAY, **fields})
        return plan_activity(self.cast.branch, plan, by=by or self.cast.secretary)

    def hold(self, activity=None, day=DAY, by=None, **marks):
        """Marks by role; everybody else of the branch was there."""
        activity = activity or self.plan()
        people = expected_accounts(self.cast.branch, activity.kind, activity.group, day)
        named = {self.account(self.cast.by_role()[role]): mark for role, mark in marks.items()}
        sheet = {own: Presence(named.get(own, "PRESENT")) for own in people}
        return activity, hold_activity(activity, day, sheet, by=by or self.cast.secretary)

    def entries(self, who):
        rows = LedgerEntry.objects.standing().filter(account=self.account(who)).order_by("item__code")
        return [(row.item.code, row.points, row.quantity, row.held) for row in rows]
