"""Dates as units write them: five spellings and more, never guessed when two readings are possible."""

from __future__ import annotations

import datetime
import re
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from members.roster.cells import Doubtful, Wrong, is_number, text_of
from members.tabular import Cell

# Day 0 of spreadsheet dates, and the serials of 1910-01-01 and 2100-01-01: outside of them it is no date.
_SERIAL_START = datetime.date(1899, 12, 30)
_SERIALS = (3654, 73051)
_YEAR, _TWO = r"((?:19|20)[0-9]{2})", r"([0-9]{1,2})"
_DAY = re.compile(rf"{_YEAR}(?: *[-./年。、] *| ){_TWO}(?: *[-./月。、] *| ){_TWO} *[日号]?")
_MONTH = re.compile(rf"{_YEAR}(?: *[-./年。、] *| ){_TWO} *月?")
_DAY_DIGITS = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_MONTH_DIGITS = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})")
_TIME = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$")
_CURE = "2008-06-24"


class MonthOnly(datetime.date):
    """The first day of a month whose day the file does not give."""


def read_date(cell: Cell) -> Any:
    """The day, or a Doubtful first of the month when only the month is given."""
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    text = text_of(cell)
    if not text:
        return None
    return _from_number(text) if is_number(cell) else _from_text(text)


def _from_number(text: str) -> Any:
    if re.fullmatch(r"(?:19|20)[0-9]{2}\.1", text):
        # 2008.10 typed as a number is stored as 2008.1.
        raise Wrong(
            _("日期有两种读法"),
            _("“%(text)s”存成了数字，分不清 1 月还是 10 月，请写成“%(year)s年1月…日”或“%(year)s-10-…”。")
            % {"text": text, "year": text[:4]},
        )
    whole, _point, fraction = text.partition(".")
    if whole.isdigit() and _SERIALS[0] <= int(whole) < _SERIALS[1] and (len(fraction) > 2 or len(whole) == 5):
        return _SERIAL_START + datetime.timedelta(days=int(whole))
    return _from_text(text)


@lru_cache(maxsize=50_000)
def _read_text(text: str) -> datetime.date | None:
    """The day that a spelling means, None when it is no spelling of a day."""
    text = _TIME.sub("", text)
    found = _DAY.fullmatch(text) or _DAY_DIGITS.fullmatch(text)
    if found:
        return _day(int(found[1]), int(found[2]), int(found[3]))
    found = _MONTH.fullmatch(text) or _MONTH_DIGITS.fullmatch(text)
    if found:
        day = _day(int(found[1]), int(found[2]), 1)
        return day and MonthOnly(day.year, day.month, 1)
    if re.fullmatch(r"[0-9]{5}", text) and _SERIALS[0] <= int(text) < _SERIALS[1]:
        # A csv made from a workbook has the serials as text.
        return _SERIAL_START + datetime.timedelta(days=int(text))
    return None


def _from_text(text: str) -> Any:
    day = _read_text(text)
    if isinstance(day, MonthOnly):
        say = _("只写到月，按 %s 导入；如知道是哪一日，请补上。") % day.isoformat()
        return Doubtful(day, _("日期没有写到日"), say)
    if day is None:
        raise Wrong(_("日期无法识别"), _("请写成 %s、2008.06.24 或 2008年6月24日 的样子，且日期存在。") % _CURE)
    return day


def _day(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None
