"""import_roster FILE [--unit NAME] [--commit]: the roster import for administrators and scripts."""

from __future__ import annotations

import argparse
import datetime
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from members.errors import Refused
from members.models import OrgUnit, RosterImport
from members.roster.examine import Examination
from members.services import roster


class Command(BaseCommand):
    help = "校验并导入党员花名册（xlsx、xls 或 csv）；不加 --commit 时只校验和预览。"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="花名册文件")
        parser.add_argument("--unit", default="", help="导入到哪个组织（名称）；只有一个党委时可省略")
        parser.add_argument("--commit", action="store_true", help="没有问题时写入名册")
        day = datetime.date.fromisoformat
        parser.add_argument("--started-on", type=day, help="新党员从哪一天起算，默认今年 1 月 1 日")
        parser.add_argument("--moved-on", type=day, help="支部或小组有变的从哪一天起，默认今天")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"无法读取文件 {options['file']}：{error.strerror}") from None
        chosen = roster.usual_options(timezone.localdate())
        for key in ("started_on", "moved_on"):
            if options[key]:
                chosen = replace(chosen, **{key: options[key]})
        try:
            unit = find_unit(options["unit"])
            row = roster.check_upload(unit, options["file"].name, content, by=None, options=chosen)
            self.print_examination(roster.examined(row), row)
            self.finish(row, commit=options["commit"])
        except Refused as refusal:
            raise CommandError(str(refusal)) from None

    def finish(self, row: RosterImport, *, commit: bool) -> None:
        counts = row.report["counts"]
        if not (commit and row.plan_digest):
            roster.drop_import(row, by=None)
        if counts["problems"]:
            raise CommandError(f"有 {counts['problems']} 个问题，没有写入。请按上面的说明修改后再导入。")
        if not row.plan_digest:
            self.stdout.write("没有需要变更的内容。")
        elif not commit:
            self.stdout.write("校验通过，尚未写入。加上 --commit 即写入名册。")
        else:
            self.write_import(row)

    def write_import(self, row: RosterImport) -> None:
        roster.confirm_import(row, row.plan_digest, by=None)
        roster.run_import(row.pk)
        row.refresh_from_db()
        if row.state != RosterImport.State.DONE:
            raise CommandError(row.report.get("failure", "没有写入。"))
        self.stdout.write(self.style.SUCCESS("已写入名册。"))

    def print_examination(self, found: Examination, row: RosterImport) -> None:
        counts = row.report["counts"]
        unknown = [c["heading"] for c in row.report["columns"] if not c["field"] and c["heading"]]
        sheet, heading = row.report["sheet"], row.report["heading_row"]
        self.stdout.write(f"工作表“{sheet}”，表头在第 {heading} 行，{counts['rows']} 行数据。")
        if unknown:
            self.stdout.write(f"未识别（不导入）的列：{'、'.join(unknown)}")
        for sentence in found.blockers:
            self.stdout.write(f"问题：{sentence}")
        for problem in found.roster.problems:
            self.stdout.write(f"{'问题' if problem.is_error else '提醒'}：{problem.sentence()}")
        for unit in row.report["units"]:
            what, where = OrgUnit.Kind(unit["kind"]).label, unit["within"] or row.unit
            self.stdout.write(f"{what}“{unit['name']}”（{where}）：{dict(unit['options'])[unit['decision']]}")
        self.stdout.write(
            f"新增 {counts['new']}，变更 {counts['changed']}，转移 {counts['moved']}，不变 {counts['unchanged']}，"
            f"名册中有而文件中没有的 {counts['absent']}（不受影响）。"
        )


def find_unit(name: str) -> OrgUnit:
    """The unit of that name; without a name the only committee at the top."""
    rows = OrgUnit.objects.open().filter(kind__in=roster.INTO_KINDS)
    rows = rows.filter(name=name) if name else rows.filter(parent=None)
    units = list(rows[:2])
    if not units:
        what = f"没有名为“{name}”的党委、党总支或党支部" if name else "还没有任何组织"
        raise Refused(f"{what}，请先在“组织”页面新建（或用首次设置），再导入花名册。")
    if len(units) > 1:
        raise Refused("有不止一个组织符合，请用 --unit 写明导入到哪一个。")
    return units[0]
