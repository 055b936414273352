"""Import of a roster of 10,000 rows: problems and preview, then the write, into an empty and into a full roster.

`python -m benchmarks.roster_import` runs it in a fresh process, so that the peak of memory is its own.
Everything happens in one transaction that is rolled back.
"""

from __future__ import annotations

import datetime
import io
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import transaction  # noqa: E402  (models exist only now)
from rustpy_xlsxwriter import FastExcel  # noqa: E402
from stdnum.cn import ric  # noqa: E402

from members.models import Member, OrgUnit  # noqa: E402
from members.services import roster  # noqa: E402

ROWS = 10_000
_NAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英国建文辉力红玉兰"


def records(count: int, *, job: str) -> Iterator[dict[str, Any]]:
    for number in range(count):
        born = datetime.date(1960, 1, 1) + datetime.timedelta(days=number % 14_000)
        head = f"232303{born:%Y%m%d}{number % 1000:03d}"
        joined = born.replace(day=1, year=born.year + 25)
        yield {
            "序号": number + 1,
            "工号": str(70_000_000 + number),
            "姓名": _NAMES[number % 32] + _GIVEN[number % 31] + _GIVEN[number // 31 % 31],
            "性别": "男" if number % 1000 % 2 else "女",
            "民族": "汉族",
            "公民身份号码": head + ric.calc_check_digit(head + "0"),
            "出生日期": f"{born:%Y.%m.%d}",
            "学历": "大学本科",
            "人员类别": "正式党员",
            "所在党支部": f"第{number % 200 + 1}运行党支部",
            "党小组": f"第{number // 200 % 3 + 1}党小组",
            "入党日期": f"{joined:%Y-%m-%d}",
            "转正日期": f"{joined.year + 1}年{joined.month}月{joined.day}日",
            "工作岗位": job,
            "联系电话": f"139{number:08d}",
            "是否流动": "否",
            "是否失联": "否",
            "备注": None,
        }


def workbook(count: int = ROWS, *, job: str = "值班员") -> bytes:
    file = io.BytesIO()
    FastExcel(file).sheet("花名册", records(count, job=job)).save()
    return file.getvalue()


def measure() -> dict[str, float]:
    """Seconds by name of the step, and the megabytes the process held at most after the first roster was written."""
    numbers: dict[str, float] = {}
    with transaction.atomic():
        unit = OrgUnit.objects.create(kind=OrgUnit.Kind.PARTY_COMMITTEE, name="基准测试党委")
        unit.path = f"{unit.pk}."
        unit.save(update_fields=["path"])
        for step, job in (("new", "值班员"), ("unchanged", "值班员"), ("changed", "主值班员")):
            row = _timed(numbers, f"{step}: problems and preview, s", _check(unit, workbook(job=job)))
            if row.plan_digest:
                roster.confirm_import(row, row.plan_digest, by=None)
                _timed(numbers, f"{step}: write, s", _run(row.pk))
            numbers.setdefault("peak memory, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        if Member.objects.filter(job="主值班员").count() != ROWS:
            raise AssertionError("the changed roster was not written")
        transaction.set_rollback(True)
    return numbers


def _check(unit: OrgUnit, content: bytes) -> Callable[[], Any]:
    return lambda: roster.check_upload(unit, "roster.xlsx", content, by=None)


def _run(pk: int) -> Callable[[], Any]:
    return lambda: roster.run_import(pk)


def _timed(numbers: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    result = work()
    numbers[name] = round(time.perf_counter() - started, 3)
    return result


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
