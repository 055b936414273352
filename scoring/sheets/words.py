"""Headings and notes of month sheets: the words units use, and one spelling to compare them by. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from members.roster.cells import text_of
from members.roster.fields import BY_KEY, RUNNING_NUMBER
from members.roster.recognise import bare
from members.tabular import Cell

NAME = frozenset(BY_KEY["name"].headings)
# "编号" alone is a running number more often than a staff number.
STAFF_NUMBER = frozenset(BY_KEY["staff_number"].headings) - {"编号"}
REMARK = frozenset(BY_KEY["remark"].headings) | {"事由", "备注事由"}
NUMBER = frozenset(RUNNING_NUMBER) | {"编号"}
# Facts about the person that many units keep beside the name; the roster knows them already.
PERSONAL = frozenset(
    heading
    for key, field in BY_KEY.items()
    if key not in ("name", "staff_number", "remark")
    for heading in field.headings
) | {"部门", "班组", "单位", "所在班组", "所在部门"}

_TOTAL = re.compile(
    r"(?:本月|月度|当月|累计|季度|年度|上月)?(?:合计|总计|小计|总分|总得分|得分|积分|总积分|名次|排名|排序|平均分?|分数)"
    r"|.{1,12}(?:合计|小计|总分)"
)
_NOTE = re.compile(
    r"合计|总计|小计|平均|人均|共\s*\d+\s*人|满分|分值|标准|上限|注[:：\d]|备注[:：]|说明|填表|制表|填报|审核|审批|复核"
    r"|(?:党?支部)?(?:副?书记|委员|负责人)|记分员|签字|签名|盖章|日期|联系|单位[:：]|\d{4}\s*年"
)
_DASHES = str.maketrans(dict.fromkeys("—–－−‐‑﹣", "-"))
_LEADING_NUMBER = re.compile(r"^(?:\(\d+\)|\d+[.、](?!\d)|\(?[一二三四五六七八九十]+[)、.])")
_TRAILING_RANGE = re.compile(
    r"(?:[-+]?\d+(?:\.\d+)?分?(?:~|-|至|到)[-+]?\d+(?:\.\d+)?分?|每.{0,3}[-+]?\d+(?:\.\d+)?分|[-+]?\d+(?:\.\d+)?分)$"
)


def whole(text: str) -> str:
    """A heading in one spelling, brackets kept: half-width, no blanks, one kind of dash."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return re.sub(r"[\s*:、,;]+", "", plain).casefold()


def spellings(text: str) -> Iterator[str]:
    """What a heading may mean, the most literal first: with hints, without brackets, numbers and ranges."""
    seen: set[str] = set()
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    first_line = plain.strip().split("\n")[0]
    for start in (plain, first_line):
        unnumbered = _LEADING_NUMBER.sub("", start.strip())
        for form in (start, bare(start), bare(unnumbered), _TRAILING_RANGE.sub("", bare(unnumbered))):
            spelled = whole(form)
            if spelled and spelled not in seen:
                seen.add(spelled)
                yield spelled


def is_total(text: str) -> bool:
    return bool(_TOTAL.fullmatch(bare(text)))


def is_note(text: str) -> bool:
    """The beginning of a line below or above the people: sums, explanations, signatures."""
    return bool(_NOTE.match(text.lstrip("(（【[ ")))


def name_key(cell: Cell) -> str:
    """A name to compare by: blanks between the characters and the kind of middle dot do not matter."""
    return re.sub(r"[•・‧∙●．.]", "·", re.sub(r"\s+", "", text_of(cell)))
