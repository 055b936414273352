"""The fields of the 花名册, the headings units give them, and how each is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.roster.cells import (
    read_category,
    read_ethnicity,
    read_flag,
    read_gender,
    read_name,
    read_phone,
    read_staff_number,
    read_text_line,
)
from members.roster.dates import read_date
from members.roster.id_number import read_id_number
from members.tabular import Cell


@dataclass(frozen=True)
class Field:
    """`headings` are matched whole, `words` anywhere in a heading that nothing matched whole."""

    key: str
    label: str | Promise
    headings: tuple[str, ...]
    read: Callable[[Cell], Any]
    words: tuple[str, ...] = ()
    is_personal: bool = False
    width: int = 12

    @property
    def is_of_member(self) -> bool:
        """Whether the value is an attribute of Member; the other two say where the member belongs."""
        return self.key not in ("branch", "group")


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIELDS = (
    Field(
        "staff_number",
        _("工号"),
        _names("工号 员工号 员工编号 职工号 职工编号 人员编号 人员编码 员工编码 工作证号 党员编号 编号 工号/编号"),
        read_staff_number,
        _names("工号 员工编"),
    ),
    Field("name", _("姓名"), _names("姓名 党员姓名 名字 姓名全称"), read_name, _names("姓名")),
    Field("gender", _("性别"), _names("性别 男/女 男女"), read_gender, width=6),
    Field("ethnicity", _("民族"), _names("民族 族别"), read_ethnicity),
    Field(
        "id_number",
        _("公民身份号码"),
        _names("公民身份号码 身份证号 身份证号码 身份证 居民身份证号 居民身份证号码 公民身份证号码 证件号码 证件号"),
        read_id_number,
        _names("身份证 身份号码"),
        is_personal=True,
        width=22,
    ),
    Field(
        "born_on",
        _("出生日期"),
        _names("出生日期 出生年月 出生年月日 出生时间 生日 出生"),
        read_date,
        _names("出生"),
    ),
    Field(
        "education",
        _("学历"),
        _names("学历 文化程度 最高学历 学历学位 教育程度 全日制学历"),
        read_text_line(30),
        _names("学历 文化程度"),
    ),
    Field(
        "category",
        _("人员类别"),
        _names("人员类别 党员类别 党员类型 人员类型 党员身份 政治面貌 类别 党籍类别 正式/预备"),
        read_category,
        _names("党员类别 人员类别"),
    ),
    Field(
        "branch",
        _("所在党支部"),
        _names(
            "所在党支部 党支部 所属党支部 党支部名称 所在支部 所属支部 支部 支部名称 所属党组织 所在党组织 党组织 "
            "党组织名称 所在党组织名称 组织关系所在党支部 组织关系所在支部"
        ),
        read_text_line(80),
        _names("支部"),
        width=20,
    ),
    Field(
        "group",
        _("党小组"),
        _names("党小组 所在党小组 所属党小组 党小组名称 小组 所在小组"),
        read_text_line(80),
        _names("党小组"),
    ),
    Field(
        "joined_on",
        _("入党日期"),
        _names("入党日期 入党时间 入党年月 加入党组织日期 加入中共组织日期 加入中国共产党日期 何时入党"),
        read_date,
        _names("入党日期 入党时间 入党年月 加入党组织"),
    ),
    Field(
        "regular_on",
        _("转正日期"),
        _names("转正日期 转正时间 转正年月 转为正式党员日期 转正式党员日期 转为正式党员时间 何时转正"),
        read_date,
        _names("转正"),
    ),
    Field(
        "job",
        _("工作岗位"),
        _names("工作岗位 岗位 职务 职务/岗位 岗位/职务 工作职务 行政职务 现任职务 现任岗位 岗位名称 职务岗位"),
        read_text_line(60),
        width=16,
    ),
    Field(
        "phone",
        _("联系电话"),
        _names("联系电话 电话 手机 手机号 手机号码 联系方式 电话号码 移动电话 本人电话 联系手机"),
        read_phone,
        _names("手机"),
        is_personal=True,
        width=16,
    ),
    Field(
        "is_floating",
        _("是否流动"),
        _names("是否流动 流动党员 是否流动党员 是否为流动党员 是否是流动党员"),
        read_flag,
        _names("流动党员"),
        width=9,
    ),
    Field(
        "is_missing",
        _("是否失联"),
        _names("是否失联 失联党员 是否失联党员 是否为失联党员 是否失去联系"),
        read_flag,
        _names("失联"),
        width=9,
    ),
    Field("is_retired", _("是否退休"), _names("是否退休 退休 是否离退休 离退休"), read_flag, width=9),
    Field("is_suspended", _("是否停止党籍"), _names("是否停止党籍 停止党籍"), read_flag, _names("停止党籍"), width=12),
    Field("member_class", _("党员分类"), _names("党员分类 分类 党员分层分类 分层分类"), read_text_line(30)),
    Field("remark", _("备注"), _names("备注 备注说明 说明 其他说明"), read_text_line(200, keeps_signs=True), width=24),
)
BY_KEY = {field.key: field for field in FIELDS}
DATES = ("born_on", "joined_on", "regular_on")
FLAGS = ("is_floating", "is_missing", "is_retired", "is_suspended")
# Recognised so that they are not taken for something else; a running number is of no use to anyone.
RUNNING_NUMBER = _names("序号 序 No NO 行号 #")
