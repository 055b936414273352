"""What the values of one person must be to one another. Pure; used on the row and on the row merged with what stands.

Contradictions are errors. What real files contradict for good reasons (the date of birth in the personnel
file is not always the one on the ID card) is a warning.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from members.roster import id_number
from members.roster.dates import MonthOnly
from members.roster.problems import Severity

PARTY_FOUNDED = datetime.date(1921, 7, 1)
OLDEST_BIRTH = datetime.date(1900, 1, 1)
ADULT_AT = 18
_GENDERS = {"MALE": "男", "FEMALE": "女"}


@dataclass(frozen=True)
class Contradiction:
    field: str
    kind: str
    say: str
    severity: Severity = Severity.ERROR


def contradictions(values: dict[str, Any], today: datetime.date) -> Iterator[Contradiction]:
    """Everything that does not fit together; an absent value fits with all."""
    yield from _dates_in_range(values, today)
    yield from _against_id_number(values)
    yield from _party_dates(values)


def _dates_in_range(values: dict[str, Any], today: datetime.date) -> Iterator[Contradiction]:
    earliest = {"born_on": OLDEST_BIRTH, "joined_on": PARTY_FOUNDED, "regular_on": PARTY_FOUNDED}
    for key, first in earliest.items():
        day = values.get(key)
        if day is None:
            continue
        if day > today:
            yield Contradiction(key, _("日期在将来"), _("日期 %s 还没有到，请核对年份。") % day)
        elif day < first:
            say = _("日期 %(day)s 早于 %(first)s，请核对年份。") % {"day": day, "first": first}
            yield Contradiction(key, _("日期过早"), say)


def _against_id_number(values: dict[str, Any]) -> Iterator[Contradiction]:
    number, born, gender = values.get("id_number"), values.get("born_on"), values.get("gender")
    if not number:
        return
    by_number = id_number.birth_date(number)
    matches = born is None or by_number is None or born == by_number
    if isinstance(born, MonthOnly) and by_number:
        matches = (born.year, born.month) == (by_number.year, by_number.month)
    if not matches:
        say = _("出生日期是 %(born)s，身份证号中是 %(number)s。以人事档案为准时可不改，否则请更正其中一处。")
        yield Contradiction(
            "born_on", _("出生日期与身份证号不一致"), say % {"born": born, "number": by_number}, Severity.WARNING
        )
    if gender and gender != id_number.gender(number):
        say = _("性别是“%(gender)s”，身份证号第 17 位表示“%(number)s”，请更正其中一处。")
        yield Contradiction(
            "gender",
            _("性别与身份证号不一致"),
            say % {"gender": _GENDERS[gender], "number": _GENDERS[id_number.gender(number)]},
        )


def _party_dates(values: dict[str, Any]) -> Iterator[Contradiction]:
    joined, regular, born = values.get("joined_on"), values.get("regular_on"), values.get("born_on")
    if joined and regular and regular < joined:
        say = _("转正日期 %(regular)s 早于入党日期 %(joined)s，请按人事档案更正。")
        yield Contradiction("regular_on", _("转正日期早于入党日期"), say % {"regular": regular, "joined": joined})
    if regular and values.get("category") == "PROBATIONARY":
        yield Contradiction(
            "regular_on",
            _("预备党员有转正日期"),
            _("预备党员不填转正日期；已经转正的，请把人员类别改为“正式党员”。"),
        )
    if joined and born and joined < _birthday(born, ADULT_AT):
        say = _("入党日期 %(joined)s 时未满 18 周岁（出生于 %(born)s），请按人事档案核对。")
        yield Contradiction(
            "joined_on", _("入党时未满 18 周岁"), say % {"joined": joined, "born": born}, Severity.WARNING
        )


def _birthday(born: datetime.date, age: int) -> datetime.date:
    try:
        return datetime.date(born.year + age, born.month, born.day)
    except ValueError:  # 29 February
        return datetime.date(born.year + age, 3, 1)
