"""Scoring things to test with: plain functions with dull defaults."""

from __future__ import annotations

from members.models import Member, OrgUnit, User
from scoring.models import Account, DraftCell, Item, RuleSet
from scoring.services.accounts import open_member_accounts
from scoring.services.rules import load_rule_set, preset_text, publish_rule_set
from tests.factories import member

MONTH = 202609

# One item of every pricing, one that needs a reason, one that needs evidence, one that activities feed.
ALL_KINDS = """
代号: kinds
名称: 各种条款
周期: 月
生效月份: 202601
板块:
  - 代号: 基
    名称: 基础分
    类别: 基础
    满分: 60
    条款:
      - {条款号: 基-1, 名称: 打分, 计价: 打分, 最低: 0, 最高: 60}
      - {条款号: 基-2, 名称: 等次, 计价: 按等次, 级别: [[优秀, 20], [合格, 10]]}
      - {条款号: 基-3, 名称: 组织生活, 计价: 按数量, 单价: 1, 单位: 次, 来源: 组织生活}
  - 代号: 加
    名称: 加分
    类别: 加分
    条款:
      - {条款号: 加-1, 名称: 定分, 计价: 每次定分, 分值: 2}
      - {条款号: 加-2, 名称: 按数量, 计价: 按数量, 单价: "0.5", 单位: 小时, 每月上限: 3}
      - {条款号: 加-3, 名称: 须写理由, 计价: 打分, 最低: 1, 最高: 5, 须写理由: 是}
      - {条款号: 加-4, 名称: 分数段, 计价: 按分数段, 分数段: [["0", "60", "0"], ["60", "", "1"]]}
  - 代号: 减
    名称: 减分
    类别: 扣分
    条款:
      - {条款号: 减-1, 名称: 扣分, 计价: 打分, 最低: -5, 最高: 0, 佐证: 必附}
"""


def rule_set(owner: OrgUnit, content: str = "", by: User | None = None, *, published: bool = True) -> RuleSet:
    """The short sheet of S3 (columns of the sample month sheets), in force from 202601."""
    rows = load_rule_set(content or preset_text("s3-short"), owner=owner, by=by)
    return publish_rule_set(rows, by=by) if published else rows


def item(rules: RuleSet, code: str) -> Item:
    return Item.objects.select_related("section").get(section__rule_set=rules, code=code)


def account(person: Member | None = None) -> Account:
    """The account of a member; accounts of everyone else are opened on the way."""
    person = person or member()
    open_member_accounts()
    return Account.objects.get(member=person)


def accounts(branch: OrgUnit, count: int) -> list[Account]:
    """New members of the branch, numbered "党员甲001", with their accounts."""
    people = [member(branch, name=f"党员甲{number:03}") for number in range(1, count + 1)]
    open_member_accounts()
    return list(Account.objects.filter(member__in=people).order_by("pk"))


def draft(
    account: Account, item: Item, text: str, by: User, unit: OrgUnit, month: int = MONTH, **fields: object
) -> DraftCell:
    """A cell as it stands after saving; `text` in its canonical spelling."""
    return DraftCell.objects.create(
        account=account, item=item, text=text, unit=unit, month=month, edited_by=by, **fields
    )
