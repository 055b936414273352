"""What a month sheet says about itself: of which branch, for which month. Pure.

A sheet of another branch or month looks exactly like the right one; only its title tells.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_CHINESE_MONTHS = {
    name: number for number, name in enumerate("一 二 三 四 五 六 七 八 九 十 十一 十二".split(), start=1)
}
_YEAR_MONTH = re.compile(r"(?<!\d)(\d{4})\s*[年./-]\s*(\d{1,2})(?!\d)(?:\s*月)?+(?!\s*\d{1,2}\s*日|[./-]\s*\d)")
_CHINESE = re.compile(r"([〇零一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月(?![一二三四五六七八九十\d]+日)")
_MONTH_ALONE = re.compile(r"(?<!\d)(\d{1,2})\s*月(?!\s*\d{1,2}\s*日)")
_BRANCH = re.compile(
    r"([\w()·#-]{1,60}?)(?:党支部|党总支|支部委员会|支部)(?!副?书记|委员(?!会)|意见|盖章|负责|大会|名称|会议|所在)"
)
_NO_NAMES = {"所在", "所属", "本", "各", "该", "我", "党", "基层", "各基层"}


def months_named(text: str) -> set[int]:
    """The months a text names: 202607 where the year is given, 7 where it is not. Days do not count."""
    text = unicodedata.normalize("NFKC", text)
    found = {int(year) * 100 + int(month) for year, month in _YEAR_MONTH.findall(text)}
    for year, month in _CHINESE.findall(text):
        if month in _CHINESE_MONTHS:
            found.add(int(year.translate(_DIGITS)) * 100 + _CHINESE_MONTHS[month])
    if not found:
        found = {int(month) for month in _MONTH_ALONE.findall(text)}
    return {month for month in found if 1 <= month % 100 <= 12}


def fits_month(named: set[int], month: int) -> bool:
    """Whether what is named allows the month; nothing named allows every month."""
    return not named or month in named or month % 100 in named


def core_of(branch: str) -> str:
    """检修部党支部 -> 检修部: what tells branches apart."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", branch))
    return re.sub(r"(?:委员会|党支部|党总支|支部|总支)+$", "", plain) or plain


def branches_named(text: str, known: Iterable[str]) -> set[str]:
    """The branches a text names, by their own names where known, else as the text has them.

    A longer name wins: 第十一党支部 is not 一党支部, 检修部二党支部 not 检修部党支部.
    """
    cores = {core_of(name): name for name in known}
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = set()
    for match in _BRANCH.finditer(plain):
        head = match[1]
        if head in _NO_NAMES:
            continue
        fitting = [core for core in cores if head.endswith(core)]
        found.add(cores[max(fitting, key=len)] if fitting else match[0])
    return found
