"""Cleaning single cells: pure, and nothing here knows which person a cell belongs to.

A reader returns the value, None for a blank, or a `Doubtful` value (imported, with a warning); it raises
`Wrong` when the cell cannot be taken. Both carry a short title, by which equal problems are counted, and
the sentence that says what to write instead.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from members.tabular import Cell

# Full-width forms of the ASCII signs, and the wide blank. Not NFKC: that would also accept ², ① and the like.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
# Invisible characters that come along when text is copied from web pages and chats.
_INVISIBLE = dict.fromkeys(
    sign
    for block in (range(9), range(0xB, 0x20), range(0x200B, 0x2010), range(0x202A, 0x202F), range(0x2060, 0x2065))
    for sign in (*block, 0x7F, 0xAD, 0xFEFF)
)
_CLEANING = {**_INVISIBLE, **_HALF_WIDTH, 0x09: 0x20, 0x0A: 0x20, 0x0D: 0x20}
_BLANKS = frozenset(
    ["", "无", "—", "——", "-", "--", "–", "/", "\\", "N/A", "n/a", "NA", "NULL", "null", "None", "暂无", "空"]
)
# Shown for these numbers only when they were typed as text; a number cell keeps 15 digits.
EXACT_DIGITS = 10**15
_HANZI = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U000323AF〇]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff\U000F0000-\U0010FFFF]")


@dataclass(frozen=True)
class Doubtful:
    """A value that is taken although something about it should be looked at."""

    value: Any
    kind: str
    say: str


class Wrong(Exception):
    def __init__(self, kind: str, say: str) -> None:
        super().__init__(say)
        self.kind = kind
        self.say = say


def text_of(cell: Cell) -> str:
    """The cell as clean text: half-width signs, single blanks, nothing invisible; "" when it says nothing.

    Whole numbers lose the ".0" that spreadsheets store; dates are written as people write them.
    """
    if isinstance(cell, str):
        # Most cells are letters and digits only; the full-width forms lie above all of them.
        is_clean = cell.isalnum() and max(cell) < "\uff01"
        text = cell if is_clean else " ".join(cell.translate(_CLEANING).split())
    elif isinstance(cell, bool):
        text = "是" if cell else "否"
    elif isinstance(cell, float | int):
        text = str(int(cell)) if cell == int(cell) and abs(cell) < EXACT_DIGITS else repr(cell)
    elif isinstance(cell, datetime.datetime):
        text = f"{cell:%Y-%m-%d %H:%M}"
    else:
        text = cell.isoformat()
    return "" if text in _BLANKS else text


def is_number(cell: Cell) -> bool:
    return isinstance(cell, float | int) and not isinstance(cell, bool)


def is_hanzi(text: str) -> bool:
    return _HANZI.match(text) is not None


def read_name(cell: Cell) -> Any:
    """A person's name. Blanks between Chinese characters are lay-out; every kind of middle dot is one."""
    text = re.sub(r"[•・‧∙●．.]", "·", text_of(cell))
    if not text:
        return None
    if not isinstance(cell, str):
        raise Wrong(_("姓名不是文字"), _("姓名应为文字，请填写本人姓名。"))
    text = re.sub(r"\s*·\s*", "·", text)
    text = re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)
    if _PRIVATE.search(text):
        return Doubtful(text, _("姓名含造字"), _("姓名里有自造字，别的电脑上可能显示不出，请改用标准汉字或拼音。"))
    if not re.fullmatch(r"(?:[A-Za-z]|[^\x00-\x7f\W\d_]|·|(?<=[A-Za-z·]) |(?<=[A-Za-z])['-])+", text):
        raise Wrong(_("姓名有不该出现的字符"), _("姓名里只能有汉字、字母和间隔号“·”，请删去数字、括号和其他符号。"))
    return _short_enough(text, 60)


def read_staff_number(cell: Cell) -> Any:
    text = text_of(cell)
    if not text:
        return None
    if is_number(cell) and not text.isdigit():
        raise Wrong(_("工号不是整数"), _("工号被存成了小数或过长的数字，请把该列设为文本后重新填写。"))
    text = text.removeprefix("'").replace(" ", "")
    if not re.fullmatch(r"[0-9A-Za-z㐀-鿿][0-9A-Za-z㐀-鿿._/()#-]*", text):
        raise Wrong(
            _("工号有不该出现的字符"), _("工号只能由数字、字母、汉字和 - _ . / 组成，请按人事系统中的工号填写。")
        )
    return _short_enough(text, 30)


def read_text_line(limit: int, *, keeps_signs: bool = False) -> Any:
    """Return a reader of one line of text of at most `limit` characters.

    Text that a spreadsheet would run as a formula is refused, except where anything may be said (remarks).
    """

    def read(cell: Cell) -> Any:
        text = text_of(cell)
        if not text:
            return None
        if not keeps_signs and text[0] in "=+@":
            raise Wrong(_("以公式符号开头"), _("文字不能以“%s”开头（会被当成公式），请写成普通文字。") % text[0])
        return _short_enough(text, limit)

    return read


def _short_enough(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Wrong(
            _("文字过长"),
            _("共 %(length)d 个字，最多 %(limit)d 个，请缩短。") % {"length": len(text), "limit": limit},
        )
    return text


_CHOICES = {
    "gender": {"男": "MALE", "女": "FEMALE", "男性": "MALE", "女性": "FEMALE"},
    "category": {
        "正式党员": "FULL",
        "正式": "FULL",
        "中共党员": "FULL",
        "中共正式党员": "FULL",
        "预备党员": "PROBATIONARY",
        "预备": "PROBATIONARY",
        "中共预备党员": "PROBATIONARY",
    },
}


def read_gender(cell: Cell) -> Any:
    text = text_of(cell)
    if not text:
        return None
    if text not in _CHOICES["gender"]:
        raise Wrong(_("性别无法识别"), _("性别请填“男”或“女”。"))
    return _CHOICES["gender"][text]


def read_category(cell: Cell) -> Any:
    text = text_of(cell).replace(" ", "")
    if not text:
        return None
    if text in ("发展对象", "入党积极分子", "积极分子", "入党申请人", "群众", "共青团员"):
        raise Wrong(_("不是党员"), _("“%s”还不是党员，请把这一行从名册中删去。") % text)
    if text not in _CHOICES["category"]:
        raise Wrong(_("人员类别无法识别"), _("人员类别请填“正式党员”或“预备党员”。"))
    return _CHOICES["category"][text]


_YES = frozenset("是 有 1 Y YES TRUE √ ✓ ✔ 对".split())
_NO = frozenset("否 无 不是 没有 0 N NO FALSE × ✗ X 非".split())


def read_flag(cell: Cell) -> Any:
    """Yes or no. "无" answers a question here; elsewhere it is a blank."""
    if isinstance(cell, str) and cell.strip() == "无":
        return False
    text = text_of(cell).upper()
    if not text:
        return None
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Wrong(_("是否无法识别"), _("请填“是”或“否”。"))


_PEOPLES = frozenset(
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 "
    "景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 "
    "裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺".split()
)


def read_ethnicity(cell: Cell) -> Any:
    text = text_of(cell).replace(" ", "")
    if not text:
        return None
    text = read_text_line(20)(text)
    bare = text.removesuffix("族")
    if bare in _PEOPLES:
        return bare + "族"
    return Doubtful(text, _("民族名称少见"), _("不在 56 个民族之列，请核对；将按原样导入。"))


def read_phone(cell: Cell) -> Any:
    """An 11-digit mobile, or a landline with or without area code and extension."""
    text = text_of(cell).removeprefix("'")
    if not text:
        return None
    if "*" in text:
        raise Wrong(_("电话被遮挡"), _("号码中间是星号，请填写完整号码；不想改动时请删去该列或清空这一格。"))
    bare = re.sub(r"[ ()—–-]", "", text)
    bare = re.sub(r"^(\+?86|0086)(?=1[3-9])", "", bare)
    if re.fullmatch(r"1[3-9][0-9]{9}", bare):
        return bare
    landline = re.sub(r"[()（） ]", "-", text).strip("-").replace("--", "-")
    if re.fullmatch(r"(0[0-9]{2,3}-?)?[2-8][0-9]{6,7}(-[0-9]{1,6})?", landline):
        return landline
    if is_number(cell) and not text.isdigit():
        raise Wrong(_("联系电话是小数"), _("联系电话被存成了小数，请把该列设为文本后重新填写。"))
    raise Wrong(_("联系电话格式不对"), _("请填 11 位手机号，或“区号-号码”的固定电话；一格只填一个号码。"))
