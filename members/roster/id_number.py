"""The citizen's ID number (GB 11643): 18 characters, the last one checks the others."""

from __future__ import annotations

import datetime
import re
from typing import Any

from django.utils.translation import gettext as _
from stdnum.cn import ric

from members.roster.cells import Wrong, is_number, text_of
from members.tabular import Cell


def read_id_number(cell: Cell) -> Any:
    """The number in the form it is compared and stored in: 17 digits and a digit or X."""
    text = text_of(cell)
    if not text:
        return None
    if (is_number(cell) and cell >= 10**14) or re.fullmatch(r"[0-9]\.[0-9]+[eE]\+?[0-9]+", text):  # type: ignore[operator]
        raise Wrong(
            _("身份证号是数字格式"),
            _("身份证号是数字格式，末几位已丢失，请把该列设为文本后重新填写。"),
        )
    if "*" in text:
        raise Wrong(_("身份证号被遮挡"), _("号码中间是星号，请填写完整号码；不想改动时请删去该列或清空这一格。"))
    number = text.removeprefix("'").replace(" ", "").upper()
    if re.fullmatch(r"[0-9]{15}", number):
        raise Wrong(_("15 位旧身份证号"), _("这是 15 位旧号码，请按现在的身份证填写 18 位号码。"))
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise Wrong(
            _("身份证号不是 18 位"),
            _("身份证号应为 18 位（17 位数字加 1 位数字或 X），现为 %d 位，请核对。") % len(number),
        )
    if birth_date(number) is None:
        raise Wrong(_("身份证号中的出生日期不存在"), _("第 7 至 14 位应为出生年月日，请逐位核对身份证号。"))
    if ric.calc_check_digit(number) != number[-1]:
        raise Wrong(_("身份证号校验位不对"), _("末位与前 17 位算出的校验位不符，至少有一位写错，请逐位核对。"))
    return number


def birth_date(number: str) -> datetime.date | None:
    try:
        return datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def gender(number: str) -> str:
    return "MALE" if int(number[16]) % 2 else "FEMALE"
